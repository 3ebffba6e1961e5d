"""The quantities of an answer: one name, one value and one rounding each, for every surface.

Pages, slides, documents and the command line may show any of them, in whatever sentence or table;
the figure that they show is the one said here. A test reads all surfaces and holds them to it.

>>> from engine.decision.answer import answer
>>> from engine.decision.fitted import fitted_evidence
>>> from engine.decision.question import question
>>> from engine.text.i18n import Words
>>> asked = question(3.8e20, 10_000_000, 4.0)
>>> found = answer(asked, fitted_evidence(asked.evidence_id))
>>> text("sequence_length", found, Words("en")), text("odds_guessed", found, Words("en"))
('512', '10')
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from engine.attack_risk import AttackRisk
from engine.decision import findings
from engine.decision.answer import Answer
from engine.decision.question import Question
from engine.interval import Interval
from engine.loss_unit import Measure, unit_of
from engine.roi.appraise import Appraisal
from engine.text import bounds, figures, formats, labels, noise, privacy, verdict
from engine.text.i18n import N_, Words

Value = float | str | None


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """A figure of an answer: its name, its value in the engine's units, and how it is said."""

    label: str
    """Catalogue message."""
    value: Callable[[Answer], Value]
    """Money in JPY, compute in FLOPs, data in people, losses in nats of the evidence's token or
    byte; None: there is none."""
    text: Callable[[Answer, Words], str]


_BINDS = {"compute": N_("Compute"), "data": N_("People"), "epsilon": N_("Privacy ε")}
_DASH = "—"


def words_of(question: Question, language: str) -> Words:
    """The words in which the answer to a question is said."""
    return Words(
        language,
        metric=question.metric,
        jpy_per_usd=question.jpy_per_usd,
        loss_unit=unit_of(question.evidence_id),
        curve_unit=Measure(question.assumptions["metric_half_loss"].unit),
    )


def text(key: str, answer: Answer, words: Words) -> str:
    """The quantity as every surface shows it. Raises :class:`KeyError` for an unknown key."""
    return QUANTITIES[key].text(answer, words)


def label(key: str, words: Words) -> str:
    """The quantity's name at the head of a line."""
    return words.say(QUANTITIES[key].label)


def value(key: str, answer: Answer) -> Value:
    """The quantity's value; ``None`` where the answer has none."""
    return QUANTITIES[key].value(answer)


def loss_range(interval: Interval, words: Words) -> str:
    """Both ends of a loss's interval."""
    return formats.between(formats.loss(interval.low), formats.loss(interval.high), words.language)


def with_range(key: str, inside: str, answer: Answer, words: Words) -> str:
    """A quantity with its range behind it; a dash where there is none."""
    shown = text(key, answer, words)
    if value(key, answer) is None:
        return shown
    return formats.bracketed(shown, text(inside, answer, words), words.language)


def odds(found: float) -> str:
    """Right guesses in 1,000."""
    return formats.plain(found)


def attack(risk: AttackRisk, words: Words) -> tuple[str, str, str]:
    """Name, figure and comparison of the attacker's odds, for the head of a page."""
    return (
        words.say("Attacker's odds"),
        words.say("{found} in 1,000", found=odds(risk.found)),
        words.say("instead of {guessed} without the model", guessed=odds(risk.guessed)),
    )


def binds(answer: Answer, words: Words) -> str:
    """The budget that binds most."""
    found = answer.binding.name
    return words.say("None") if found is None else words.say(_BINDS[found])


def _rule(answer: Answer, words: Words) -> str:
    return bounds.rule(findings.stronger_rule(answer.decision), words)


def _money(amount: Callable[[Answer], float]) -> Callable[[Answer, Words], str]:
    return lambda answer, words: figures.money(amount(answer), words)


def _jpy(label: str, amount: Callable[[Answer], float]) -> Quantity:
    return Quantity(label=label, value=amount, text=_money(amount))


def _price(label: str, amount: Callable[[Answer], float]) -> Quantity:
    """What is never nothing."""
    return Quantity(label=label, value=amount, text=lambda a, w: figures.price(amount(a), w))


def _worth(
    label: str, value: Callable[[Appraisal], Value], text: Callable[[Appraisal, Words], str]
) -> Quantity:
    """A figure of the return: none where the value is not known."""
    return Quantity(
        label=label,
        value=lambda answer: value(answer.study.appraisal) if answer.study else None,
        text=lambda answer, words: text(answer.study.appraisal, words) if answer.study else _DASH,
    )


def _gain(label: str, budget: str) -> Quantity:
    return Quantity(
        label=label,
        value=lambda answer: answer.binding.gains[budget],
        text=lambda answer, words: formats.percent(answer.binding.gains[budget], words.language),
    )


QUANTITIES: Mapping[str, Quantity] = {
    # what is asked
    "compute_flops": Quantity(
        label=N_("Compute budget (FLOPs)"),
        value=lambda a: a.question.budget.compute_flops,
        text=lambda a, w: formats.scientific(a.question.budget.compute_flops),
    ),
    "data_budget": Quantity(
        label=N_("People"),
        value=lambda a: a.question.budget.data_budget,
        text=lambda a, w: labels.people(a.question.budget.data_budget, w),
    ),
    "epsilon": Quantity(
        label=N_("Privacy ε asked for"),
        value=lambda a: a.question.budget.epsilon,
        text=lambda a, w: formats.plain(a.question.budget.epsilon),
    ),
    "delta": Quantity(
        label=N_("Failure probability δ"),
        value=lambda a: a.question.budget.delta,
        text=lambda a, w: formats.scientific(a.question.budget.delta),
    ),
    # the plan
    "model_size": Quantity(
        label=N_("Model size (parameters)"),
        value=lambda a: a.decision.recommendation.config.model_size,
        text=lambda a, w: formats.amount(a.decision.recommendation.config.model_size, w.language),
    ),
    "batch_size": Quantity(
        label=N_("Batch size (people, expected)"),
        value=lambda a: a.decision.recommendation.config.batch_size,
        text=lambda a, w: formats.amount(a.decision.recommendation.config.batch_size, w.language),
    ),
    "iterations": Quantity(
        label=N_("Iterations (steps)"),
        value=lambda a: a.decision.recommendation.config.iterations,
        text=lambda a, w: formats.count(a.decision.recommendation.config.iterations, w.language),
    ),
    "sequence_length": Quantity(
        label=N_("Sequence length (tokens)"),
        value=lambda a: a.decision.recommendation.config.sequence_length,
        text=lambda a, w: formats.exact(a.decision.recommendation.config.sequence_length),
    ),
    "noise_bands": Quantity(
        label=N_("Steps over which noise is correlated"),
        value=lambda a: a.decision.recommendation.bands,
        text=lambda a, w: formats.exact(a.decision.recommendation.bands),
    ),
    "noise_share": Quantity(
        label=N_("Acts like so much of independent noise"),
        value=lambda a: a.decision.recommendation.share,
        text=lambda a, w: noise.acting(a.decision.recommendation, w),
    ),
    "noise_batch_ratio": Quantity(
        label=N_("Noise-batch ratio σ/B"),
        value=lambda a: a.decision.recommendation.noise_batch_ratio,
        text=lambda a, w: formats.scientific(a.decision.recommendation.noise_batch_ratio),
    ),
    "cross_entropy": Quantity(
        label=N_("Expected loss"),
        value=lambda a: a.decision.recommendation.cross_entropy.value,
        text=lambda a, w: formats.loss(a.decision.recommendation.cross_entropy.value),
    ),
    "cross_entropy_range": Quantity(
        label=N_("Range of the loss"),
        value=lambda a: a.decision.recommendation.cross_entropy.low,
        text=lambda a, w: loss_range(a.decision.recommendation.cross_entropy, w),
    ),
    "loss_unit": Quantity(
        label=N_("Unit of the loss"),
        value=lambda a: str(unit_of(a.question.evidence_id).measure),
        text=lambda a, w: labels.loss_unit(unit_of(a.question.evidence_id), w),
    ),
    "perplexity": Quantity(
        label=N_("Perplexity"),
        value=lambda a: math.exp(a.decision.recommendation.cross_entropy.value),
        text=lambda a, w: formats.plain(math.exp(a.decision.recommendation.cross_entropy.value)),
    ),
    "device_hours": Quantity(
        label=N_("Device time"),
        value=lambda a: a.decision.cost.device_hours,
        text=lambda a, w: labels.duration(a.decision.cost.device_hours, w),
    ),
    "rule_factor": Quantity(
        label=N_("Usual rule needs"),
        value=lambda a: findings.stronger_rule(a.decision).compute_factor,
        text=_rule,
    ),
    "saturation_compute_flops": Quantity(
        label=N_("Compute helps up to"),
        value=lambda a: a.decision.saturation.compute_flops,
        text=lambda a, w: bounds.saturation(a.decision.saturation, w),
    ),
    "doubling_compute": _gain(N_("Fall in loss with twice the compute"), "compute"),
    "doubling_data": _gain(N_("Fall in loss with twice the people"), "data"),
    "doubling_epsilon": _gain(N_("Fall in loss with twice the ε"), "epsilon"),
    "binds": Quantity(label=N_("What binds"), value=lambda a: a.binding.name, text=binds),
    # the promise
    "epsilon_certified": Quantity(
        label=N_("Privacy loss ε, at most"),
        value=lambda a: a.certificate.epsilon if a.certificate else None,
        text=lambda a, w: privacy.promised_epsilon(a.certificate) if a.certificate else _DASH,
    ),
    "noise_multiplier": Quantity(
        label=N_("Noise multiplier σ"),
        value=lambda a: a.certificate.noise_multiplier if a.certificate else None,
        text=lambda a, w: privacy.noise(a.certificate) if a.certificate else _DASH,
    ),
    "odds_found": Quantity(
        label=N_("Attacker's odds (right guesses in 1,000)"),
        value=lambda a: a.risk.found,
        text=lambda a, w: odds(a.risk.found),
    ),
    "odds_guessed": Quantity(
        label=N_("Right guesses in 1,000 without the model"),
        value=lambda a: a.risk.guessed,
        text=lambda a, w: odds(a.risk.guessed),
    ),
    "advantage": Quantity(
        label=N_("Attacker's advantage"),
        value=lambda a: a.risk.advantage,
        text=lambda a, w: formats.percent(a.risk.advantage, w.language),
    ),
    # the money
    "training_list_price": _price(
        N_("Cost of the training"), lambda a: a.reconciliation.training_list_price
    ),
    "training_mean": _price(
        N_("Training, mean over all cases"), lambda a: a.reconciliation.training_mean
    ),
    "npv": _worth(
        N_("Net present value"),
        lambda found: found.npv.value,
        lambda found, w: figures.money(found.npv.value, w),
    ),
    "npv_range": _worth(
        N_("Range of the net present value"),
        lambda found: found.npv.low,
        lambda found, w: figures.money_range(found.npv.low, found.npv.high, w),
    ),
    "probability": _worth(
        N_("Probability that it pays"),
        lambda found: found.probability,
        lambda found, w: figures.chance(found.probability, w),
    ),
    "payback": _worth(
        N_("Payback"), lambda found: found.payback_months.value, lambda f, w: figures.payback(f, w)
    ),
    "internal_rate": _worth(
        N_("Internal rate of return"),
        lambda found: found.internal_rates[0] if len(found.internal_rates) == 1 else None,
        lambda found, w: figures.internal_rate(found, w),
    ),
    "total_cost": _jpy(N_("Total cost of ownership"), lambda a: a.reconciliation.total_cost),
    "total_cost_range": Quantity(
        label=N_("Range of the total cost"),
        value=lambda a: a.outlay.total_cost.low,
        text=lambda a, w: figures.money_range(a.outlay.total_cost.low, a.outlay.total_cost.high, w),
    ),
    "cash_to_approve": _jpy(N_("Cash to approve"), lambda a: a.reconciliation.cash_to_approve),
    "running_cost": _jpy(
        N_("Running cost until the horizon"), lambda a: a.reconciliation.running_cost
    ),
    "spending": _jpy(N_("Spending until the horizon"), lambda a: a.reconciliation.spending),
    "expected_damage": _jpy(
        N_("Expected legal damage"), lambda a: a.reconciliation.expected_damage
    ),
    "value": _worth(
        N_("Value"),
        lambda found: found.parts["value"],
        lambda found, w: figures.money(found.parts["value"], w),
    ),
    "legal_avoided": _jpy(
        N_("Legal risk avoided, present value"), lambda a: a.outlay.legal_avoided.value
    ),
    "pilot_price": Quantity(
        label=N_("Pilot with its compute, mean over all cases"),
        value=lambda a: a.verdict.pilot_price,
        text=lambda a, w: (
            _DASH if a.verdict.pilot_price is None else figures.money(a.verdict.pilot_price, w)
        ),
    ),
    # the verdict and what it rests on
    "verdict": Quantity(
        label=N_("Verdict"),
        value=lambda a: str(a.verdict.code),
        text=lambda a, w: verdict.name(a.verdict.code, w),
    ),
    "support": Quantity(
        label=N_("Distance from the evidence"),
        value=lambda a: str(a.decision.extrapolation.reach.word),
        text=lambda a, w: bounds.reach(a.decision.extrapolation.reach, w),
    ),
    "evidence_runs": Quantity(
        label=N_("Measured runs"),
        value=lambda a: a.decision.evidence.runs,
        text=lambda a, w: formats.exact(a.decision.evidence.runs),
    ),
    "evidence_hash": Quantity(
        label=N_("Hash of the data"),
        value=lambda a: a.decision.evidence.hash,
        text=lambda a, w: a.decision.evidence.hash[:12],
    ),
}
"""Key → quantity; keys are those of the command line's JSON where that has them."""
