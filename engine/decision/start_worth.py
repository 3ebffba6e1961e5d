"""What a public start is worth in money: the return of both ways, at one step from loss to value.

The losses of :mod:`engine.decision.from_start` (nats per byte of the text that was measured) go
through the question's own step from loss to value, with its assumptions and prices, once for the
best training from nothing and once for the best from a start. What a range of a loss leaves open is
drawn for each of the two on its own, as the comparison has it; that another text and another model
differ is drawn for both together (:data:`engine.roi.plan.TRANSFER`).

Refused where the step from loss to value is made for another unit of loss: a loss per byte is none
per token of another tokenizer, and the worth in people that the comparison names is no money.

Not covered: a larger model than those measured, which costs more and may lose less; what a licence
of a public model costs; and what the promise does not cover, which
:mod:`~engine.decision.from_start` says.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import ndtri

from engine.allocation.result import Word
from engine.attack_risk import advantage, mechanism_under
from engine.cost import Workload, cost
from engine.decision.fine_tuning import TUNED_TEXT, tuning_state
from engine.decision.from_start import Comparison, Plan, compare_starts
from engine.decision.question import Question
from engine.errors import InputError
from engine.interval import Interval
from engine.loss_unit import unit_of
from engine.roi import plan as roi_plan
from engine.roi.appraise import Sample, sample, spread
from engine.roi.draws import SEED, LossForecast
from engine.roi.metric import Curve, in_unit

FROM_START, FROM_NOTHING = "from-start", "from-nothing"
"""Names of the two plans, by which their draws are told apart."""
_BYTES = 256
"""Values of a byte: guessing costs ln of them."""
_FURTHER = list(Word)
"""Words of a reach, the nearest first."""


@dataclass(frozen=True, kw_only=True)
class Valued:
    """One way in money, JPY of today."""

    plan: Plan
    training_list_price: float
    """Of one training at the question's prices, its compute alone."""
    cash_to_approve: Interval
    """All that is paid before the first user: search, team and data too."""
    npv: Interval
    """Its value is the mean over the draws."""
    probability: float
    """That the NPV is above zero."""


@dataclass(frozen=True, kw_only=True)
class StartWorth:
    """What a training from the better start earns, beside the best from nothing."""

    comparison: Comparison
    nothing: Valued
    start: Valued
    difference: Interval
    """NPV of the start less that from nothing, draw by draw, JPY."""
    probability_better: float
    """That this difference is above zero."""

    @property
    def reach(self) -> Word:
        """Of the two plans, that of the one farther from what was trained."""
        return max(self.nothing.plan.reach, self.start.plan.reach, key=_FURTHER.index)


@dataclass(frozen=True, kw_only=True)
class StartFindings:
    """All that is known of the ways to begin, for a question."""

    comparison: Comparison | None
    """None where none can be made."""
    worth: StartWorth | None
    """Of the better start; None where none is better, or its value is not known."""
    refusal: InputError | None
    """Why there is no comparison, or why the worth in money of a better start is not known."""


def start_findings(question: Question) -> StartFindings:
    """The three ways to begin, and the worth of the better start where it is known."""
    budget = question.budget
    found = None
    try:
        found = compare_starts(
            budget.data_budget, budget.epsilon, budget.delta, sampling=question.sampling
        )
        worth = start_worth(question) if found.start_pays else None
    except InputError as error:
        return StartFindings(comparison=found, worth=None, refusal=error)
    return StartFindings(comparison=found, worth=worth, refusal=None)


def start_worth(question: Question) -> StartWorth | None:
    """The better start in money; None where no start beats a training from nothing.

    Raises :class:`InputError` where the step from loss to value does not take the losses that were
    measured, before anything is compared, and as :func:`compare_starts`.
    """
    _curve(question)
    return _found(question.in_yen(), tuning_state(TUNED_TEXT))


@lru_cache(maxsize=32)
def _found(question: Question, _state: str) -> StartWorth | None:
    budget = question.budget
    found = compare_starts(
        budget.data_budget, budget.epsilon, budget.delta, sampling=question.sampling
    )
    if not found.start_pays:
        return None
    start = _sampled(FROM_START, found.best, question)
    nothing = _sampled(FROM_NOTHING, found.from_nothing, question)
    gained = start.flows.npv - nothing.flows.npv
    return StartWorth(
        comparison=found,
        nothing=_valued(found.from_nothing, nothing, question),
        start=_valued(found.best, start, question),
        difference=spread(gained),
        probability_better=float(np.mean(gained > 0)),
    )


def list_price(plan: Plan, question: Question) -> float:
    """JPY of one training at the question's prices, its compute alone: 6·M·B·T·S FLOPs.

    Of low-rank parts too, whose training needs fewer: frozen weights take no gradient of their own.
    """
    return cost(plan.config.compute_flops, question.prices).jpy


def _curve(question: Question) -> Curve:
    losses = unit_of(TUNED_TEXT)
    try:
        return in_unit(question.curve, losses)
    except InputError:
        raise InputError(
            "What a public start is worth in money is not known: the step from loss to value is "
            "made for {curve}, and the fine-tunings that were measured have losses in {measured}, "
            "which do not convert. Give your own step in {measured}: measured pairs, or a table of "
            "assumptions.",
            curve=str(question.curve.unit.measure),
            measured=str(losses.measure),
        ) from None


def _sampled(name: str, plan: Plan, question: Question) -> Sample:
    return sample(_planned(name, plan, question), question.assumptions, _curve(question), seed=SEED)


def _planned(name: str, plan: Plan, question: Question) -> roi_plan.Plan:
    config, loss = plan.config, plan.cross_entropy
    mechanism = mechanism_under(config, plan.noise_multiplier, question.budget, question.sampling)
    wide = 2.0 * float(ndtri((1.0 + loss.level) / 2.0))
    return roi_plan.Plan(
        name=name,
        workload=Workload.of(config, question.budget.data_budget),
        loss=LossForecast(
            name=name,
            value=loss.value,
            scatter=math.log(loss.high / loss.low) / wide,
            transfer=roi_plan.TRANSFER,
            ceiling=math.log(_BYTES),
        ),
        advantage=advantage(mechanism),
    )


def _valued(plan: Plan, found: Sample, question: Question) -> Valued:
    return Valued(
        plan=plan,
        training_list_price=list_price(plan, question),
        cash_to_approve=spread(-found.flows.spent),
        npv=spread(found.flows.npv),
        probability=float(np.mean(found.flows.npv > 0)),
    )
