"""Figures and tables of the ROI page, and the way from any figure to its inputs.

Two clicks lead from a headline to its inputs: the first opens its parts, the second a part's own
figures with their sources (:mod:`engine.roi.trace`).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from dashboard.glossary import lookup
from dashboard.roi import wording
from engine.api.decisions import Answer, AttackRisk
from engine.api.money import (
    CURVE_INPUTS,
    INPUTS_OF,
    ONCE,
    PARTS_OF,
    PLAN_INPUTS,
    Curve,
    Plan,
    Study,
    inputs_of,
)
from engine.text import figures, formats, quantities, sources
from engine.text.i18n import N_, Words

_FROM = {
    "predicted_loss": N_("law fitted to the evidence, Decide page"),
    "attack_advantage": N_("δ(ε) profile of the mechanism with the search's noise, not certified"),
    "certified_advantage": N_("δ(ε) profile of the mechanism with its certified noise"),
}


_TINY = 0.005
"""Parts below this share of the largest are drawn together as the rest."""


@dataclass(frozen=True, kw_only=True)
class Headline:
    """A figure with what it means under it; ``key`` finds its parts."""

    key: str
    label: str
    value: str
    detail: str
    help: str


@dataclass(frozen=True, kw_only=True)
class Part:
    """One part of a figure: its amount, and (name, value, source) of each of its inputs."""

    label: str
    inputs: list[tuple[str, str, str]]


def headlines(answer: Answer, words: Words) -> list[Headline]:
    """What it earns, where that is known; what it costs; what an attacker finds, the last."""
    study = answer.study
    earned = [] if study is None else [_npv(study, words), _rate(study, words)]
    return [*earned, _total(answer, words), _odds(answer.risk, words)]


def _npv(study: Study, words: Words) -> Headline:
    npv = study.appraisal.npv
    return Headline(
        key="npv",
        label=figures.name("npv", words),
        value=figures.money(npv.value, words),
        detail=figures.money_range(npv.low, npv.high, words),
        help=lookup.tip(
            "npv",
            words,
            words.say(
                "Mean of the draws, of the law and of the step from loss to metric too; the range "
                "holds {level} of them. Doing nothing is 0.",
                level=formats.percent(npv.level, words.language),
            ),
            lookup.tip("draws", words),
        ),
    )


def _rate(study: Study, words: Words) -> Headline:
    return Headline(
        key="internal_rate",
        label=figures.name("internal_rate", words),
        value=figures.internal_rate(study.appraisal, words),
        detail=words.say(
            "a year · discount rate {rate}",
            rate=formats.percent(study.table["discount_rate"].value, words.language),
        )
        if study.appraisal.internal_rates
        else words.say("at no rate is the mean cash flow worth nothing"),
        help=words.say(
            "Rate at which the mean cash flow is worth nothing. “None” and “several” are said "
            "where there is no single one: then decide by the net present value."
        )
        + f"\n\n{lookup.tip('discount_rate', words)}",
    )


def _total(answer: Answer, words: Words) -> Headline:
    cost = answer.outlay.total_cost
    inside = words.say(
        "{inside} over {years} years",
        inside=figures.money_range(cost.low, cost.high, words),
        years=formats.plain(answer.question.assumptions["horizon_years"].value),
    )
    damage = words.say(
        "of it {damage} of legal damage to be expected",
        damage=quantities.text("expected_damage", answer, words),
    )
    launched = figures.as_if_launched(answer.study, words)
    return Headline(
        key="total_cost",
        label=figures.name("total_cost", words),
        value=figures.money(cost.value, words),
        detail=" · ".join(filter(None, (inside, damage, launched))),
        help=words.say(
            "Everything spent until the horizon, not discounted: compute, search, pilots, data, "
            "people, serving, operation, and the legal loss to be expected."
        ),
    )


def _odds(risk: AttackRisk, words: Words) -> Headline:
    label, value, detail = quantities.attack(risk, words)
    return Headline(
        key="legal_avoided",
        label=label,
        value=value,
        detail=detail,
        help=lookup.tip(
            "odds",
            words,
            words.say(
                "{odds} It is computed from the whole privacy profile, not from one ε.",
                odds=wording.odds(risk, words),
            ),
        ),
    )


def parts(answer: Answer, key: str, words: Words) -> Iterator[Part]:
    """The parts of a figure, each with its inputs, and with its amount where amounts sum to it."""
    earned = answer.study.appraisal.parts if answer.study else {}
    amounts = {"npv": earned, "total_cost": answer.outlay.costs}.get(key, {})
    for part in PARTS_OF.get(key, (key,)):
        label = _part_of(key, part, words)
        if part in amounts:
            label += f": {figures.part(amounts[part], words)}"
        names = _measured(answer.question.curve, INPUTS_OF.get(part) or inputs_of(part))
        yield Part(label=label, inputs=[_input(answer, name, words) for name in names])


def _part_of(whole: str, part: str, words: Words) -> str:
    """The part's name: two amounts of the training, and of the legal risk, each have a name."""
    if part == "training":
        return quantities.label("training_mean", words)
    if part == "legal" and whole == "total_cost":
        return quantities.label("expected_damage", words)
    return figures.name(part, words)


def break_evens(study: Study, words: Words) -> list[tuple[str, str, str, str]]:
    """(name, value, value at which it just pays, margin), the nearest to the edge first."""
    return [
        (
            figures.name(item.name, words),
            figures.figure(item.name, item.value, words),
            figures.figure(item.name, item.at, words),
            ("+" if item.margin > 0 else "−") + formats.percent(abs(item.margin), words.language),
        )
        for item in study.break_evens
    ]


def steps(study: Study, words: Words) -> list[tuple[str, float]]:
    """From value over the costs towards the NPV: mean present values in JPY that sum to it."""
    parts = study.appraisal.parts
    order = ("value", *ONCE, "serving", "operation", "legal", "tax")
    largest = max(abs(parts[key]) for key in order) or 1.0
    shown = [key for key in order if abs(parts[key]) >= _TINY * largest or key == "training"]
    found = [(_part_of("npv", key, words), parts[key]) for key in shown]
    rest = sum(parts[key] for key in order if key not in shown)
    return [*found, (words.say("Other"), rest)] if rest else found


def _measured(curve: Curve, names: tuple[str, ...]) -> list[str]:
    """The inputs, with the measured pairs in place of the assumed curve."""
    if not curve.measured or not set(CURVE_INPUTS) & set(names):
        return list(names)
    return [*(name for name in names if name not in CURVE_INPUTS), "metric_curve"]


def _input(answer: Answer, name: str, words: Words) -> tuple[str, str, str]:
    label = figures.name(name, words)
    if name == "metric_curve":
        pairs = answer.question.curve.pairs
        return label, words.say("{n} measured pairs", n=len(pairs)), words.say("your own figures")
    if name in PLAN_INPUTS:
        known = name == "attack_advantage" and answer.outlay.plan.certified
        origin = _FROM.get("certified_advantage" if known else name)
        source = words.say(origin) if origin else words.say("plan of the Decide page")
        return label, figures.figure(name, _of_plan(answer.outlay.plan, name), words), source
    row = answer.question.assumptions[name]
    value = figures.figure(name, row.value, words)
    if row.uncertain:
        low, high = (figures.figure(name, end, words) for end in (row.low, row.high))
        value = formats.bracketed(value, figures.range_of(low, high, words), words.language)
    return label, value, f"{sources.source(row.source, words)} ({row.dated})"


def _of_plan(plan: Plan, name: str) -> float:
    if name == "predicted_loss":
        return plan.loss.value
    if name == "attack_advantage":
        return 1.0 if plan.advantage is None else plan.advantage
    return float(getattr(plan.workload, name))
