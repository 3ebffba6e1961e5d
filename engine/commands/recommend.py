"""Recommend a training configuration for a compute, data and privacy budget.

Says what the dashboard says of the same question: plan, promise, return, risk and verdict. The
noise is certified: ε at δ is an upper bound from the accountant that is named.
"""

import argparse
import math
from typing import Any

from engine.accounting.domain import people_published_whole
from engine.allocation.result import Allocation, Baseline, Reach
from engine.commands import start_document
from engine.commands.options import (
    add_corrections,
    add_json,
    add_language,
    as_json,
    as_table,
    tell_pooled,
    warn_delta,
    whole,
)
from engine.commands.question_options import add_question, question
from engine.decision import findings
from engine.decision.answer import Answer, certified_answer
from engine.decision.decide import Decision
from engine.decision.fitted import fitted_evidence
from engine.decision.pilot_effect import PilotEffect, finished, last_effect, unreadable
from engine.errors import InputError
from engine.interval import Interval, Range
from engine.loss_unit import unit_of
from engine.roi.study import Study
from engine.text import (
    bounds,
    figures,
    labels,
    noise,
    pilot_effect,
    privacy,
    quantities,
    reconciliation,
    verdict,
)
from engine.text.i18n import Words

_SHOWN = (
    "verdict", "model_size", "batch_size", "iterations", "noise_multiplier", "cross_entropy",
    "cross_entropy_range", "loss_unit", "epsilon_certified", "device_hours",
    "saturation_compute_flops",
    "rule_factor", "doubling_compute", "doubling_data", "doubling_epsilon", "binds", "npv",
    "npv_range", "probability", "payback", "odds_found", "odds_guessed", "pilot_price",
)  # fmt: skip
"""Quantities of the table, in order."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    add_question(parser)
    parser.add_argument(
        "--alternative-model-size",
        metavar="PARAMETERS",
        help="also compare with a model of this size",
    )
    add_corrections(parser)
    add_language(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> str:
    """The recommendation as text or JSON. Raises :class:`InputError`."""
    alternative = options.alternative_model_size
    asked = question(options)
    fitted = fitted_evidence(asked.evidence_id)
    tell_pooled(fitted)
    found = certified_answer(
        asked,
        fitted,
        alternative_model_size=None
        if alternative is None
        else whole("--alternative-model-size", alternative),
    )
    words = quantities.words_of(asked, options.language)
    if options.json:
        warn_delta(asked.budget.data_budget, asked.budget.delta, options.language)
    try:
        effect, unread = last_effect(found, fitted, finished()), unreadable()
    except InputError as error:  # pilots that cannot be read keep nobody from the answer
        refusal = words.plain_refusal(error)
        pilot: dict[str, Any] | None = {"refusal": refusal}
        unread = 0
        lines = [(words.say("Last pilot"), refusal)]
    else:
        pilot = None if effect is None else pilot_effect.document(effect, words)
        lines = _pilot(effect, words)
    if options.json:
        said = document(found, words, noise_from=fitted.noise_from)
        start = start_document.document(asked, words)
        return as_json(
            said | {"public_start": start, "last_pilot": pilot, "unreadable_pilots": unread}
        )
    if unknown := pilot_effect.unreadable(unread, words):
        lines.append((words.say("Caution"), unknown))
    return as_table([*rows(found, words), *start_document.row(asked, words), *lines])


def _pilot(effect: PilotEffect | None, words: Words) -> list[tuple[str, str]]:
    if effect is None:
        return []
    return [
        (words.say("Last pilot"), pilot_effect.sentence(effect, words)),
        ("", pilot_effect.transfer(effect, words)),
    ]


def document(found: Answer, words: Words, *, noise_from: str = "") -> dict[str, Any]:
    """The answer as plain values; noise is the certified one. ``noise_from`` is the evidence that
    says what noise does, where it is another."""
    decision, certificate = found.decision, found.certificate
    assert certificate is not None, "the command line waits for the certificate"
    recommended = decision.recommendation
    config = recommended.config
    return {
        "config": {
            "model_size": config.model_size,
            "batch_size": config.batch_size,
            "iterations": config.iterations,
            "sequence_length": config.sequence_length,
            "noise_multiplier": certificate.noise_multiplier,
            "noise_batch_ratio": recommended.noise_batch_ratio,
            **_correlated(recommended),
        },
        "verdict": {
            "code": str(found.verdict.code),
            "reason": str(found.verdict.reason),
            "sentence": verdict.sentence(found, words),
        },
        "binds": found.binding.name,
        "learns_nothing": findings.learns_nothing(decision),
        "noise": str(found.noise),
        "cross_entropy": {
            **interval(recommended.cross_entropy),
            "unit": str(unit_of(found.question.evidence_id).measure),
        },
        "epsilon_certified": certificate.epsilon,
        "delta": certificate.delta,
        "accountant": certificate.accountant,
        "sampling": str(certificate.sampling),
        "sampling_probability": certificate.sampling_probability,
        "compositions": certificate.compositions,
        "bands": certificate.bands,
        "neighbouring_relation": str(certificate.neighbouring_relation),
        "privacy_unit": certificate.privacy_unit,
        "published_whole": people_published_whole(
            found.question.budget.data_budget, certificate.delta
        ),
        "compute_flops": config.compute_flops,
        "cost": {
            "device_hours": decision.cost.device_hours,
            "usd": decision.cost.usd,
            "jpy": decision.cost.jpy,
            "accelerator": decision.cost.assumptions.accelerator.name,
            "price_per_hour_usd": decision.cost.assumptions.accelerator.price_per_hour_usd,
            "utilisation": decision.cost.assumptions.utilisation,
            "dp_overhead": decision.cost.assumptions.dp_overhead,
            "jpy_per_usd": decision.cost.assumptions.jpy_per_usd,
        },
        "return": returns(found, words),
        "attack": {
            "found_in_1000": found.risk.found,
            "guessed_in_1000": found.risk.guessed,
            "advantage": found.risk.advantage,
        },
        "saturation_compute_flops": decision.saturation.compute_flops,
        "baseline": baseline(decision.rule_tuned),
        "baseline_practised": baseline(decision.rule_practised),
        "alternative": baseline(decision.alternative),
        "doubling": {
            "compute": interval(decision.doubling.compute),
            "data": interval(decision.doubling.data),
            "epsilon": interval(decision.doubling.epsilon),
        },
        "ranges": ranges(decision),
        "reach": reach(decision.extrapolation.reach),
        "forms": decision.forms,
        "extrapolation": {
            "support": str(decision.extrapolation.support),
            "decades": decision.extrapolation.decades,
        },
        "evidence": {
            "id": decision.evidence.id,
            "runs": decision.evidence.runs,
            "hash": decision.evidence.hash,
        },
        "noise_from": noise_from or decision.evidence.id,
    }


def _correlated(found: Allocation) -> dict[str, Any]:
    """What correlation does to the noise; ``noise_batch_ratio`` is then that of the independent
    noise that the loss is that of."""
    if found.bands == 1:
        return {}
    return {"bands": found.bands, "noise_acts_like": found.share, "noise_doubt": found.doubt}


def returns(found: Answer, words: Words) -> dict[str, Any]:
    """The money, in the currency asked for; months may be null: never.

    What hangs on the value is null where no step leads to it, for the ``reason`` given.
    """
    rate, study = found.question.jpy_per_usd or 1.0, found.study
    worth = None if study is None else study.appraisal
    pilot = None if study is None else study.staged.pilot
    premium = None if study is None else study.premium

    return {
        "currency": str(found.question.currency),
        "metric": str(found.question.metric),
        "reason": found.unvalued and words.plain_refusal(found.unvalued),
        "npv": worth and money(worth.npv, rate),
        "probability": worth and worth.probability,
        "payback_months": worth and interval(worth.payback_months),
        "never_pays_back": worth and worth.never_pays_back,
        "internal_rates": worth and list(worth.internal_rates),
        "value": worth and worth.parts["value"] / rate,
        "launch_probability": worth and worth.launch_probability,
        "cash_to_approve": money(found.outlay.cash_to_approve, rate),
        "running_cost": money(found.outlay.running_cost, rate),
        "expected_damage": money(found.outlay.expected_damage, rate),
        "total_cost": money(found.outlay.total_cost, rate),
        "legal_avoided": money(found.outlay.legal_avoided, rate),
        "privacy_premium": None if premium is None else premium / rate,
        "pilot": pilot
        and {
            "price": pilot.price / rate,
            "value": pilot.value / rate,
            "net": pilot.net / rate,
            "turns": pilot.turns,
        },
        "break_evens": study and _break_evens(study, words),
        "reconciliation": {
            name: getattr(found.reconciliation, name) / rate
            for name in (
                "training_list_price", "training_mean", "cash_to_approve", "running_cost",
                "spending", "expected_damage", "total_cost",
            )
        },
    }  # fmt: skip


def _break_evens(study: Study, words: Words) -> list[dict[str, Any]]:
    """Which figures alone make it just pay, the nearest first; money in the currency asked for."""
    return [
        {
            "name": item.name,
            "value": figures.shown(item.name, item.value, words),
            "at": figures.shown(item.name, item.at, words),
            "margin": item.margin,
        }
        for item in study.break_evens
    ]


def ranges(decision: Decision) -> dict[str, Any]:
    """Every range of the decision: value, low, high, level, and where it is cut off."""
    plan = decision.plan_ranges
    doubling = {
        name: ranged(getattr(decision.doubling, name)) for name in ("compute", "data", "epsilon")
    }
    return {
        "model_size": ranged(plan.model_size),
        "batch_size": ranged(plan.batch_size),
        "iterations": ranged(plan.iterations),
        "saturation_compute_flops": ranged(decision.saturation.compute),
        "compute_factor": ranged(decision.rule_tuned.factor),
        "doubling": doubling,
    }


def ranged(value: Interval | Range) -> dict[str, Any]:
    """A range as plain values; ``censored`` null: nothing is cut off."""
    censored = value.censored if isinstance(value, Range) else None
    ends = {key: getattr(value, key) for key in ("value", "low", "high")}
    return {**ends, "level": value.level, "censored": censored}


def reach(found: Reach) -> dict[str, Any]:
    """How far question and answer lie from the runs; the distance is in e-folds."""
    return {"word": str(found.word), "distance": found.distance, "farthest": found.farthest}


def money(amount: Interval, jpy_per_unit: float) -> dict[str, float | None]:
    """An interval of JPY in another currency, as plain values."""
    ends = {key: getattr(amount, key) / jpy_per_unit for key in ("value", "low", "high")}
    return interval(Interval(**ends, level=amount.level))


def interval(value: Interval) -> dict[str, float | None]:
    """An interval as plain values; null where an end is infinite."""
    ends = {key: getattr(value, key) for key in ("value", "low", "high")}
    return {
        **{key: end if math.isfinite(end) else None for key, end in ends.items()},
        "level": value.level,
    }


def baseline(other: Baseline | None) -> dict[str, Any] | None:
    """A baseline as plain values; ``compute_factor`` null: more than its low end, or unknown."""
    if other is None:
        return None
    own = other.allocation
    return {
        "name": other.name,
        "config": None
        if own is None
        else {
            "model_size": own.config.model_size,
            "batch_size": own.config.batch_size,
            "iterations": own.config.iterations,
            "sequence_length": own.config.sequence_length,
            "noise_multiplier": own.noise_multiplier,
            "noise_batch_ratio": own.noise_batch_ratio,
        },
        "cross_entropy": None if own is None else interval(own.cross_entropy),
        "compute_factor": other.compute_factor,
        "compute_factor_low": other.factor.low,
        "compute_factor_high": other.factor.high,
        "matched_factor": other.matched_factor,
        "searched_flops": other.searched_flops,
    }


def rows(found: Answer, words: Words) -> list[tuple[str, str]]:
    """The answer as a readable table, in the language and the currency asked for."""
    decision, certificate = found.decision, found.certificate
    assert certificate is not None, "the command line waits for the certificate"
    lines = [("", verdict.sentence(found, words))]
    lines += [("", turning)] if (turning := verdict.turning(found, words)) else []
    lines += [(quantities.label(key, words), quantities.text(key, found, words)) for key in _SHOWN]
    if said := noise.sentence(found, words):
        lines.append((words.say("Noise"), said))
    lines.append(
        (
            words.say("Privacy statement"),
            words.say(
                "ε ≤ {epsilon} at δ = {delta}, per {unit}, {relation}, {sampling} sampling, "
                "{accountant}",
                epsilon=privacy.promised_epsilon(certificate),
                delta=f"{certificate.delta:g}",
                unit=labels.unit(certificate.privacy_unit, words),
                relation=certificate.neighbouring_relation,
                sampling="banded" if certificate.bands > 1 else certificate.sampling,
                accountant=certificate.accountant,
            ),
        )
    )
    budget = found.question.budget
    cautions = (
        privacy.why_stricter(budget.epsilon, certificate, words),
        privacy.published_whole(budget.data_budget, budget.delta, words),
        privacy.few_people(budget.data_budget, words),
    )
    lines += [(words.say("Caution"), caution) for caution in cautions if caution]
    rules = [
        (words.say("Usual rule, batch tuned"), decision.rule_tuned),
        (words.say("Usual rule, as practised"), decision.rule_practised),
    ]
    if decision.alternative:
        rules.append((words.say("The model size that you named"), decision.alternative))
    lines += [(name, _needs(rule, words)) for name, rule in rules]
    lines += reconciliation.rows(found, words)
    lines.append(
        (
            words.say("Evidence"),
            words.say(
                "{evidence}, {runs} runs; answer {where}",
                evidence=decision.evidence.id,
                runs=decision.evidence.runs,
                where=bounds.where(decision.extrapolation.reach, words),
            ),
        )
    )
    return lines


def _needs(other: Baseline, words: Words) -> str:
    if other.compute_factor is not None:
        return words.say(
            "needs {factor} times the compute for the same loss",
            factor=f"{other.compute_factor:.3g}",
        )
    bound = bounds.factor(other, words)
    if bound is None:
        return bounds.rule(other, words)
    return words.say(
        "needs {bound} the compute for the same loss, as far as the evidence goes", bound=bound
    )
