"""Tables of the deck: key figures, options, steps, every assumption, the guarantee, the basis."""

from dataclasses import dataclass
from datetime import date
from urllib.parse import urlsplit

from dashboard.decide import facts
from dashboard.present import request
from dashboard.present.cover import Cover
from dashboard.roi import facts as roi_facts
from dashboard.roi import wording as roi_wording
from engine.api.decisions import (
    Answer,
    AttackRisk,
    Certificate,
    Comparison,
    Decision,
    Question,
    StartWorth,
)
from engine.api.money import RULE, WITHOUT_PRIVACY, Assumptions, CostAssumptions, Study
from engine.api.reports import Table
from engine.api.scenarios import Saved, Standing
from engine.text import (
    bounds,
    figures,
    formats,
    public_start,
    quantities,
    reconciliation,
    sources,
)
from engine.text.i18n import N_, Words
from engine.text.labels import example

_OPTIONS = {
    RULE: N_("The usual rule's plan"),
    WITHOUT_PRIVACY: N_("The same plan without privacy"),
}


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A saved scenario, how it stands, and the reader's zone of time."""

    scenario: Saved
    standing: Standing
    zone: str | None


@dataclass(frozen=True, kw_only=True)
class Basis:
    """What stands behind a deck beside its scenario: versions, the day, the link.

    ``made_up``: it is the tour's worked example, and says so wherever the basis stands. ``kept``:
    the saved scenario that it is, where it was saved as it stands.
    """

    fit_version: str
    code_version: str
    day: date
    address: str
    cover: Cover
    made_up: bool = False
    kept: Kept | None = None


def day(when: date, words: Words) -> str:
    """A date as it is written.

    >>> day(date(2026, 11, 24), Words("ja")), day(date(2026, 11, 24), Words("en"))
    ('2026年11月24日', '24 November 2026')
    """
    if words.language == "ja":
        return f"{when.year}年{when.month}月{when.day}日"
    return f"{when.day} {when:%B} {when.year}"


def key_figures(answer: Answer, words: Words) -> Table:
    """The figures of both pages, each with its range."""
    rows = [(item.label, item.value, item.detail) for item in facts.metrics(answer.decision, words)]
    earned = returns(answer, words)
    rows += earned
    rows += [
        (item.label, item.value, item.detail)
        for item in roi_facts.headlines(answer, words)
        if not (earned and item.key == "npv")
    ]
    return Table(
        title=words.say("Key figures"),
        heads=(words.say("Figure"), words.say("Its value"), words.say("Range and meaning")),
        rows=tuple(rows),
    )


def returns(answer: Answer, words: Words) -> tuple[tuple[str, str, str], ...]:
    """Worth, payback and probability, each with its name and range; none where no worth is known.

    What the last slide shows of what is asked for.
    """
    if answer.study is None:
        return ()
    (npv,) = (item for item in roi_facts.headlines(answer, words) if item.key == "npv")
    worth = answer.study.appraisal
    time = worth.payback_months
    return (
        (npv.label, npv.value, npv.detail),
        (
            figures.name("payback", words),
            figures.months(time.value, words),
            figures.payback_range(time, words),
        ),
        (
            figures.name("probability", words),
            figures.chance(worth.probability, words),
            "",
        ),
    )


_FEW = (0, 1, 4, 5, 6, 9)
"""Rows of the key figures, where the return is among them."""


def few_figures(answer: Answer, words: Words) -> Table:
    """The six that a decision turns on, for a slide."""
    whole = key_figures(answer, words)
    return Table(
        title=words.say("Main figures"),
        heads=whole.heads,
        rows=tuple(whole.rows[place] for place in _FEW) if answer.study else whole.rows,
    )


def plan_in_short(answer: Answer, words: Words) -> Table:
    """What the plan is and brings, for a slide; every digit of it is in the appendix."""
    decision = answer.decision
    rows = [(item.label, item.value, item.detail) for item in facts.metrics(decision, words)]
    ranges = decision.plan_ranges
    for key, found in (
        ("model_size", ranges.model_size),
        ("batch_size", ranges.batch_size),
        ("iterations", ranges.iterations),
    ):
        inside = bounds.whole(found, words)
        rows.append(
            (quantities.label(key, words), quantities.text(key, answer, words), inside or "")
        )
    return Table(
        title=words.say("The plan in short"),
        heads=(words.say("Figure"), words.say("Its value"), words.say("Range and meaning")),
        rows=tuple(rows),
    )


def evidence(decision: Decision, words: Words) -> Table:
    """What the forecast rests on, without hashes and versions, for a slide."""
    name, _, unit, runs, _, forms = facts.provenance(decision, words)
    return named(words.say("What the forecast rests on"), [name, runs, unit, forms], words)


def options(answer: Answer, words: Words) -> Table:
    """What could be done, doing nothing included; the one we ask for is marked."""
    decision, study, plan = answer.decision, answer.study, answer.outlay.plan

    def leaks(advantage: float | None) -> str:
        unbounded = answer.question.assumptions["advantage_without_dp"].value
        if advantage is None:
            return words.say(
                "no limit; attacks reach {share}, assumed",
                share=formats.percent(unbounded, words.language),
            )
        return words.say("{share} at most", share=formats.percent(advantage, words.language))

    ours, nothing = request.marked(
        answer.verdict.code, words.say("This plan"), words.say("Do nothing"), words
    )
    rows = [
        (
            ours,
            formats.loss(decision.recommendation.cross_entropy.value),
            quantities.with_range("npv", "npv_range", answer, words),
            leaks(plan.advantage),
        )
    ]
    rows += [
        (
            words.say(_OPTIONS[other.plan.name]),
            formats.loss(other.plan.loss.value),
            roi_wording.interval(other.npv.value, other.npv.low, other.npv.high, words),
            leaks(other.plan.advantage),
        )
        for other in (study.comparisons if study else ())
        if other.plan.name in _OPTIONS
    ]
    rows.append((nothing, "–", figures.money(0.0, words), "–"))
    return Table(
        title=words.say("Options"),
        heads=(
            words.say("Option"),
            words.say("Expected loss"),
            figures.name("npv", words),
            words.say("Attacker's advantage"),
        ),
        rows=tuple(rows),
    )


def steps(study: Study, words: Words) -> Table:
    """Pilot, limited launch, full use, each with the gate after it."""
    plan, table = study.staged, study.table
    first, second = plan.gates
    price = figures.money(plan.pilot.price, words)
    spent = figures.money(second.spent_before, words)
    rows = (
        (
            words.say("Pilot stage"),
            _span(0, first.month, words),
            words.say("{price} for the pilot", price=price),
            roi_wording.gate(first, words),
            figures.chance(first.passed, words),
        ),
        (
            words.say("Training and limited launch"),
            _span(first.month, second.month, words),
            # Where no pilot leads there nobody knows an amount, least of all nothing.
            words.say("{spent} spent by the end", spent=spent)
            if second.spent_before > 0
            else words.say("not reached"),
            roi_wording.gate(second, words),
            figures.chance(second.passed, words),
        ),
        (
            words.say("Full use"),
            _span(second.month, 12 * table["horizon_years"].value, words),
            "",
            "",
            figures.chance(plan.full_probability, words),
        ),
    )
    return Table(
        title=words.say("Steps and gates"),
        heads=(
            words.say("Step"),
            words.say("Months from now"),
            words.say("Cost"),
            words.say("Gate after it"),
            words.say("Chance to pass"),
        ),
        rows=rows,
    )


def start(found: StartWorth, words: Words) -> Table:
    """From nothing and from a public model, in money."""
    shown = public_start.money_table(found, words)
    return Table(
        title=words.say("From nothing and from a public model"),
        heads=tuple(shown),
        rows=tuple(zip(*shown.values(), strict=True)),
    )


def ways(found: Comparison, question: Question, words: Words) -> Table:
    """The three ways to begin with the loss that each was expected to reach."""
    shown = public_start.ways_in_short(found, question, words)
    return Table(
        title=words.say("Three ways to begin"),
        heads=tuple(shown),
        rows=tuple(zip(*shown.values(), strict=True)),
    )


def _span(start: float, end: float, words: Words) -> str:
    return formats.between(formats.plain(start), formats.plain(end), words.language)


def assumptions(table: Assumptions, words: Words) -> Table:
    """Every figure of the return, as people read it, with source and date."""
    return Table(
        title=words.say("All assumptions"),
        heads=(
            words.say("Figure"),
            words.say("Its value"),
            words.say("Range"),
            words.say("Source"),
            words.say("Date"),
        ),
        rows=tuple(_assumption(table, row.name, words) for row in table.rows),
    )


def _assumption(table: Assumptions, name: str, words: Words) -> tuple[str, ...]:
    row = table[name]
    inside = ""
    if row.uncertain:
        low, high = (figures.figure(name, end, words) for end in (row.low, row.high))
        inside = figures.range_of(low, high, words)
    return (
        figures.name(name, words),
        figures.figure(name, row.value, words),
        inside,
        sources.source(row.source, words),
        row.dated,
    )


_OF_THE_COST = (
    "data_preparation_per_person", "team_size", "cost_per_person_month", "team_months",
    "price_per_device_hour", "incident_probability",
)  # fmt: skip
"""Figures that the cost of a plan rests on."""


def main_assumptions(answer: Answer, words: Words) -> Table:
    """The few that most hangs on; where the value is not known, those of the cost."""
    table, study = answer.question.assumptions, answer.study
    names = _OF_THE_COST if study is None else [bar.name for bar in study.tornado]
    rows = [_assumption(table, n, words) for n in names if n in table.values]
    whole = assumptions(table, words)
    return Table(title=words.say("Main assumptions"), heads=whole.heads, rows=tuple(rows[:6]))


def raw_assumptions(table: Assumptions, words: Words) -> Table:
    """The same with plain numbers, to calculate with."""
    return Table(
        title=words.say("Assumptions as numbers"),
        heads=("name", "value", "low", "high", "unit", "distribution", "source", "dated"),
        rows=tuple(
            (
                row.name,
                *(figures.shown(row.name, n, words) for n in (row.value, row.low, row.high)),
                figures.code(row.name, words),
                row.distribution.value,
                row.source,
                row.dated,
            )
            for row in table.rows
        ),
    )


def prices(costs: CostAssumptions, words: Words) -> list[tuple[str, str]]:
    """From FLOPs to money: what the training's price rests on."""
    device = costs.accelerator
    return [
        (words.say("Accelerator"), f"{device.name} ({device.dated})"),
        (words.say("Price of a device-hour (USD)"), formats.plain(device.price_per_hour_usd)),
        (
            words.say("Utilisation (share of peak)"),
            formats.percent(costs.utilisation, words.language),
        ),
        (words.say("DP overhead (× plain training)"), formats.plain(costs.dp_overhead)),
        (words.say("Exchange rate (¥ per $)"), formats.plain(costs.jpy_per_usd, 5)),
    ]


def plan(answer: Decision, words: Words) -> Table:
    """The budgets that were asked about, and the configuration."""
    asked = answer.budget
    rows = [
        (words.say("Compute budget (FLOPs)"), formats.scientific(asked.compute_flops)),
        (words.say("Data (people)"), formats.exact(asked.data_budget)),
        (words.say("Privacy ε asked for"), formats.plain(asked.epsilon)),
        (words.say("Failure probability δ"), formats.scientific(asked.delta)),
        *facts.configuration(answer, words),
        *prices(answer.cost.assumptions, words),
    ]
    return named(words.say("Plan and prices"), rows, words)


def guarantee(certificate: Certificate, words: Words) -> Table:
    return named(words.say("Privacy statement"), facts.guarantee(certificate, words), words)


def basis(answer: Decision, found: Basis, words: Words) -> Table:
    """Evidence, versions, day and link."""
    rows = [
        *facts.provenance(answer, words),
        (words.say("Version of the fit"), found.fit_version),
        (words.say("Version of the code"), found.code_version),
        (words.say("Date"), day(found.day, words)),
        (words.say("Link to this scenario"), _link(found.address, words)),
    ]
    if found.made_up:
        rows.insert(0, (words.say("Worked example"), words.say("What was put in is made up.")))
    return named(words.say("What the figures rest on"), rows, words)


def _link(address: str, words: Words) -> str:
    """The link; what only the presenter's own machine can open is said to be so."""
    if urlsplit(address).hostname in ("localhost", "127.0.0.1", "::1"):
        return words.say("{link} (opens on the presenter's machine alone)", link=address)
    return address


def amounts(answer: Answer, words: Words) -> Table:
    """How one amount leads to another."""
    title = words.say("How these amounts lead to one another")
    return named(title, reconciliation.rows(answer, words), words)


def footer(answer: Answer, found: Basis, words: Words) -> str:
    """The basis in a line, and whether the figures above it are provisional."""
    line = facts.basis_line(
        answer.decision, day(found.day, words), found.fit_version, found.code_version, words
    )
    if answer.certificate is None:
        template = (
            N_("Provisional · {line}") if answer.provisional else N_("Not certified · {line}")
        )
        line = words.say(template, line=line)
    return example(line, words) if found.made_up else line


def named(title: str, rows: list[tuple[str, str]], words: Words) -> Table:
    """Names and values under the usual heads."""
    heads = (words.say("Item"), words.say("Content"))
    return Table(title=title, heads=heads, rows=tuple(rows))


def attack(risk: AttackRisk, words: Words) -> Table:
    """What stands behind the odds."""
    return named(words.say("What an attacker finds"), roi_wording.rates(risk, words), words)
