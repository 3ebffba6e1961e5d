r"""What an experiment is worth before money is spent: the one place that says so.

An experiment is a training on the own text, small or large, whose model is also tried on the task.
It shows two things, both with noise: by how much ln loss differs from the law's, and the metric at
the loss that it measured. So it tells of the law, of its transfer and of the curve; it cannot see
what the full run's own seed will do, nor how far the law drifts beyond it. Then the decision is
taken again, and the worth is the expected value of sample information:
E[max(E[NPV | what was seen], 0)] − max(E[NPV], 0).

E[NPV | what was seen] is a regression over the draws (Strong, Oakley, Brennan and Breeze, 2015, doi
10.1177/0272989X15575286), of a NPV from which whatever no experiment shows has been averaged out
exactly. Each half of the draws is decided on by the regression of the other half: a decision fitted
to the very draws that it is judged by would be worth money on noise alone.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from engine.interval import BoolArray, FloatArray
from engine.quantiles import interpolated_quantiles
from engine.roi.appraise import Sample
from engine.roi.assumptions import Assumptions
from engine.roi.cashflow import Flows
from engine.roi.draws import standard_normal
from engine.roi.kinds import METRICS, CurveShape
from engine.roi.metric import Curve, doubt

_DEGREE = 3
_TAIL = 0.002
"""Share of the draws at each end on which what was seen counts as at the end: a polynomial there
would be led by a handful of draws."""


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """One training of the own text: its price in JPY, the loss that the law predicts for it, and
    how exactly it shows the two.

    ``loss_noise``: standard deviation of ln loss, of its own seed and of what carries over from its
    size to the plan's; ``metric_noise``: that of the metric, as a part of it.
    """

    name: str
    price: float
    loss: float
    loss_noise: float
    metric_noise: float


@dataclass(frozen=True, kw_only=True)
class Information:
    """What knowing something before deciding is worth, JPY."""

    name: str
    value: float
    """Expected gain over deciding now, before its price."""
    price: float
    turns: float | None = None
    """Probability that it turns the decision; None where it was not asked for."""

    @property
    def net(self) -> float:
        """Value less price: above zero, find out first."""
        return self.value - self.price

    @property
    def gain_if_turned(self) -> float | None:
        """What is gained on average in the cases in which it turns the decision, JPY."""
        return self.value / self.turns if self.turns else None


@dataclass(frozen=True, kw_only=True)
class Belief:
    """What is believed of a plan, over the draws of its sample.

    ``earned``: NPV in JPY of going ahead at once, given the metric, without pilots; ``shared``: by
    how much ln loss differs from the law's in what an experiment can show; (n,).
    """

    sample: Sample
    curve: Curve
    doubt: FloatArray | None
    earned: FloatArray
    shared: FloatArray

    @property
    def count(self) -> int:
        """How many draws."""
        return self.earned.size

    def first(self, count: int) -> "Belief":
        """What the first ``count`` draws say."""

        def few(values: FloatArray) -> FloatArray:
            return values if values.shape[-1] == 1 else values[..., :count]

        figures = {name: few(values) for name, values in self.sample.figures.items()}
        return replace(
            self,
            sample=replace(self.sample, figures=figures),
            doubt=None if self.doubt is None else few(self.doubt),
            earned=few(self.earned),
            shared=few(self.shared),
        )


def belief_of(sample: Sample, table: Assumptions, curve: Curve, *, seed: int = 0) -> Belief:
    """What ``sample``, of that table, curve and seed, says before any experiment."""
    count = np.size(sample.flows.npv)
    earned = expected_given_metric(sample.flows) + float(np.mean(sample.figures["pilot_cost"]))
    return Belief(
        sample=sample,
        curve=curve,
        doubt=doubt(curve, table, count, seed),
        earned=np.broadcast_to(earned, (count,)),
        shared=np.broadcast_to(sample.plan.loss.shared(count, seed=seed), (count,)),
    )


def expected_given_metric(found: Flows) -> FloatArray:
    """Mean NPV in JPY given the metric alone, at every draw, (n,): no other figure moves with it,
    so that each counts by its mean."""
    worth = found.gain * found.per_unit - found.upkeep
    return np.where(found.launched, worth, 0.0) + float(np.mean(found.sunk))


def seen(experiment: Experiment, belief: Belief, *, seed: int = 0) -> FloatArray:
    """What the experiment would show at every draw, (2, n): ln loss less the law's, and the metric
    (its logarithm where it has no ceiling)."""
    noise = [
        standard_normal(f"measured-{experiment.name}-{name}", belief.count, seed)
        for name in ("loss", "metric")
    ]
    sample = belief.sample
    off = belief.shared + experiment.loss_noise * noise[0]
    loss = np.minimum(experiment.loss * np.exp(off), sample.plan.loss.ceiling)
    metric = belief.curve.metric(loss, sample.figures, belief.doubt)
    if METRICS[belief.curve.kind].shape is CurveShape.EXPONENTIAL:
        shown = np.log(metric) + experiment.metric_noise * noise[1]
    else:
        shown = metric * (1 + experiment.metric_noise * noise[1])
    return np.stack([off, np.broadcast_to(shown, off.shape)])


def worth(experiment: Experiment, belief: Belief, *, seed: int = 0) -> Information:
    """What ``experiment`` is worth before the decision on the plan, and its price."""
    expected = conditional(seen(experiment, belief, seed=seed), belief.earned[None])[0]
    return information(experiment, expected, belief)


def information(experiment: Experiment, expected: FloatArray, belief: Belief) -> Information:
    """What deciding by ``expected`` after an experiment is worth, its price, and how often it
    turns the decision; ``expected``: of :func:`conditional`, (n,)."""
    return Information(
        name=experiment.name,
        value=expected_gain(expected, belief.earned),
        price=experiment.price,
        turns=float(np.mean(_turned(expected, belief.earned))),
    )


def expected_gain(expected: FloatArray, earned: FloatArray) -> float:
    """What deciding by ``expected`` adds to deciding at once, at least 0; both (n,).

    ``expected``: of :func:`conditional`, so that no draw has a part in its own decision.
    """
    sign = -1.0 if _goes_ahead(earned) else 1.0
    gain = float(np.mean(np.where(_turned(expected, earned), sign * earned, 0.0)))
    return max(gain, 0.0)


def _goes_ahead(earned: FloatArray) -> bool:
    return float(np.mean(earned)) > 0


def _turned(expected: FloatArray, earned: FloatArray) -> BoolArray:
    """Where deciding by ``expected`` is another decision than the one at once."""
    found: BoolArray = (expected > 0) != _goes_ahead(earned)
    return found


def conditional(shown: FloatArray, value: FloatArray) -> FloatArray:
    """E[value | shown] at every draw, by the regression of the other half; (k, n), (m, n) ->
    (m, n)."""
    design = _design(shown)
    found = np.empty(value.shape)
    half = value.shape[1] // 2
    if half <= len(design):
        return np.broadcast_to(np.mean(value, axis=1)[:, None], value.shape)
    for ours, theirs in ((slice(None, half), slice(half, None)), (slice(half, None), slice(half))):
        known = design[:, theirs]
        squares = known @ known.T
        # A term that hardly varies says nothing.
        squares[np.diag_indices_from(squares)] *= 1 + 1e-9
        weights, *_ = np.linalg.lstsq(squares, known @ value[:, theirs].T, rcond=1e-12)
        found[:, ours] = weights.T @ design[:, ours]
    return found


def _design(shown: FloatArray) -> FloatArray:
    """Products of Legendre polynomials of what was seen up to :data:`_DEGREE`, (terms, n)."""
    columns = [_polynomials(one) for one in shown]
    terms = []
    for orders in np.ndindex(*(_DEGREE + 1,) * len(columns)):
        if sum(orders) <= _DEGREE:
            terms.append(math.prod(column[k] for column, k in zip(columns, orders, strict=True)))
    return np.stack(np.broadcast_arrays(*terms))


def _polynomials(shown: FloatArray) -> list[FloatArray]:
    low, high = interpolated_quantiles(shown, (_TAIL, 1 - _TAIL))
    x = np.zeros(shown.shape)
    if high > low:
        x = np.clip(2 * (shown - low) / (high - low) - 1, -1.0, 1.0)
    found = [np.ones(shown.shape), x]
    for k in range(1, _DEGREE):
        found.append(((2 * k + 1) * x * found[k] - k * found[k - 1]) / (k + 1))
    return found
