"""How well a form predicts what it has not seen, and which form predicts best.

Four figures decide whether a law may advise: the error on left-out configurations
(interpolation), on the largest decade of compute (extrapolation), how often the 90 % interval
holds, and the *regret*: by how much the law believes that it could beat the configuration
published as the best at a row's compute. A law that fits the losses and has a large regret has
its trade-offs wrong.

Not covered: forms outside :data:`engine.law.forms.FORMS`, and the choice among them is made on
the same hold-outs that are reported, so the winner's error is slightly flattered.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import ndtri

from engine.config import FLOPS_PER_PARAMETER_AND_TOKEN
from engine.errors import InputError
from engine.interval import FloatArray
from engine.law.capacity import Capacity
from engine.law.form import Form
from engine.law.forms import FORMS, form_of
from engine.law.law import Law
from engine.law.observations import Observations, observations_of, reported_optimal
from engine.law.selection.holdout import (
    DECADES,
    LeftOut,
    best,
    drift_of,
    leave_groups_out,
    leave_largest_out,
    leave_off_ridge_out,
    resample,
)

NoiseBatchRatio = Callable[[float, FloatArray, FloatArray, float, float], ArrayLike]
"""(data_budget, batch_size, iterations, epsilon, delta) -> σ̄ for arrays of (B, T)."""

_Search = tuple[FloatArray, FloatArray, FloatArray, FloatArray]
"""model_size, batch_size, iterations, noise_batch_ratio of the configurations of one compute."""

LEVEL = 0.9
_RESAMPLES = 200
_SIZES, _STEPS = 48, 64
"""Grid of the search for the law's own optimum: steps of about 10 % in M and 12 % in T."""
_LEAST_BATCH = 16.0


@dataclass(frozen=True, kw_only=True)
class HoldOuts:
    """Figures of one form on one body of evidence; errors are |ln(predicted/observed)|."""

    form: str
    parameters: int
    rows: int
    in_sample_mean: float
    pair_median: float
    """Rows left out one configuration at a time (rows of one configuration leave together)."""
    pair_mean: float
    pair_max: float
    largest_mean: float
    """Rows of the largest decade of compute, predicted by smaller ones; NaN if too few remain."""
    largest_rows: int
    largest_two_mean: float
    largest_three_mean: float
    """The same for the largest two and three decades."""
    off_ridge_mean: float
    """Rows off the ridge of optima, predicted by those on it; NaN without."""
    coverage: float
    """Share of left-out rows inside the 90 % interval made without them."""
    regret_mean: float
    regret_max: float
    """Published loss over the law's own optimum − 1 at a left-out row's budgets; NaN without
    accounting."""

    @property
    def score(self) -> float:
        """What forms are ranked by, as a share of the loss: half interpolation error, half
        extrapolation error (mean of the largest one, two and three decades), plus regret."""
        tried = (
            self.largest_mean,
            self.largest_two_mean,
            self.largest_three_mean,
            self.off_ridge_mean,
        )
        far = [error for error in tried if not np.isnan(error)]
        error = 0.5 * (self.pair_mean + float(np.mean(far))) if far else self.pair_mean
        return error + (0.0 if np.isnan(self.regret_mean) else self.regret_mean)


@dataclass(frozen=True, kw_only=True)
class FormChoice:
    """Every form's figures, best first."""

    ranking: tuple[HoldOuts, ...]

    @property
    def winner(self) -> str:
        """Name of the form with the least score."""
        return self.ranking[0].form

    @property
    def table(self) -> pd.DataFrame:
        """One row a form, best first; errors as shares (0.01 is one per cent)."""
        return pd.DataFrame([{**asdict(h), "score": h.score} for h in self.ranking])


def holdouts(
    frame: pd.DataFrame,
    form: str,
    *,
    noise_batch_ratio: NoiseBatchRatio | None = None,
    capacity: Capacity | None = None,
    seed: int = 0,
) -> HoldOuts:
    """Leave rows out of ``frame`` (columns as in ``fit``) and predict them with ``form``.

    With accounting in ``noise_batch_ratio`` the regret of left-out rows is measured too. Raises
    :class:`InputError` as ``fit`` does.
    """
    searches = _searches(frame, noise_batch_ratio) if noise_batch_ratio else None
    return _holdouts(frame, form, searches, capacity, seed)


def choose_form(
    frame: pd.DataFrame,
    forms: Sequence[str] = tuple(FORMS),
    *,
    noise_batch_ratio: NoiseBatchRatio | None = None,
    capacity: Capacity | None = None,
) -> FormChoice:
    """Hold-outs of every form on ``frame``; at equal score the form of fewer parameters first."""
    if not forms:
        raise InputError("Expected at least one form to choose from.")
    searches = _searches(frame, noise_batch_ratio) if noise_batch_ratio else None
    figures = [_holdouts(frame, name, searches, capacity, seed=0) for name in forms]
    return FormChoice(ranking=tuple(sorted(figures, key=lambda h: (h.score, h.parameters))))


def regret(law: Law, frame: pd.DataFrame, noise_batch_ratio: NoiseBatchRatio) -> pd.DataFrame:
    """The law's own optimum at each row's budgets beside the published configuration.

    For the rows of ``frame`` that are compute_optimal; they need data_budget, epsilon, delta,
    sequence_length, batch_size and compute_flops. The search covers the sizes and steps that the
    frame covers, B ≤ N. Columns: the best model_size, batch_size, iterations and cross_entropy,
    published_cross_entropy (both by the law, nats per token), regret = their ratio − 1, at least 0.
    """
    rows = _optimal(frame)
    searches = _searches(frame, noise_batch_ratio)
    answers = [
        _optimum(law, row, search) for row, search in zip(_published(frame), searches, strict=True)
    ]
    return pd.DataFrame(answers, index=rows.index)


def _holdouts(
    frame: pd.DataFrame,
    form: str,
    searches: list[_Search] | None,
    capacity: Capacity | None,
    seed: int,
) -> HoldOuts:
    shape, observations = form_of(form), observations_of(frame, capacity=capacity)
    theta, _, _ = best(shape, observations)
    predicted = shape.cross_entropy(
        theta, observations.u, observations.v, observations.s, observations.log_vocabulary
    )
    single = leave_groups_out(shape, observations, theta)
    large = [leave_largest_out(shape, observations, theta, decade) for decade in DECADES]
    off_ridge = leave_off_ridge_out(shape, observations, theta)
    far = [float("nan") if part is None else float(np.abs(part.errors).mean()) for part in large]
    errors = np.abs(single.errors)
    regrets = np.array([float("nan")])
    if searches:
        unseen = dict(zip(single.rows.tolist(), single.theta, strict=True))
        numbers = np.flatnonzero(reported_optimal(frame)).tolist()
        cases = zip(numbers, _published(frame), searches, strict=True)
        regrets = np.array(
            [
                _optimum(_law(form, unseen[i], observations, capacity), row, s)["regret"]
                for i, row, s in cases
            ]
        )
    return HoldOuts(
        form=form,
        parameters=len(theta),
        rows=len(errors),
        in_sample_mean=float(np.abs(np.log(predicted) - observations.log_loss).mean()),
        pair_median=float(np.median(errors)),
        pair_mean=float(errors.mean()),
        pair_max=float(errors.max()),
        largest_mean=far[0],
        largest_rows=0 if large[0] is None else len(large[0].rows),
        largest_two_mean=far[1],
        largest_three_mean=far[2],
        off_ridge_mean=float("nan")
        if off_ridge is None
        else float(np.abs(off_ridge.errors).mean()),
        coverage=_coverage(
            shape, observations, theta, single, [part for part in large if part is not None], seed
        ),
        regret_mean=float(regrets.mean()),
        regret_max=float(regrets.max()),
    )


def _law(
    form: str, theta: FloatArray, observations: Observations, capacity: Capacity | None
) -> Law:
    return Law(
        form=form,
        theta=tuple(theta.tolist()),
        vocabulary_size=observations.vocabulary_size,
        reference=observations.reference,
        capacity=capacity,
    )


@dataclass(frozen=True, kw_only=True)
class _Published:
    """A row reported as the best at its compute, and the budgets that it answers."""

    model_size: float
    iterations: float
    noise_batch_ratio: float
    sequence_length: float
    compute_flops: float
    data_budget: float
    epsilon: float
    delta: float


def _optimal(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[reported_optimal(frame)]


def _published(frame: pd.DataFrame) -> list[_Published]:
    rows = _optimal(frame)
    if rows.empty:  # such evidence need not have the columns
        return []
    names = [field.name for field in fields(_Published)]
    table = rows[names].to_numpy(float)
    return [_Published(**dict(zip(names, row, strict=True))) for row in table.tolist()]


def _searches(frame: pd.DataFrame, noise_batch_ratio: NoiseBatchRatio) -> list[_Search]:
    """The configurations of equal compute for each optimal row; accounting is asked once a row."""
    sizes = np.geomspace(frame["model_size"].min(), frame["model_size"].max(), _SIZES)
    steps = np.geomspace(frame["iterations"].min() / 4, frame["iterations"].max(), _STEPS)
    grid_size, grid_steps = (x.ravel() for x in np.meshgrid(sizes, steps, indexing="ij"))
    searches = []
    for row in _published(frame):
        tokens = FLOPS_PER_PARAMETER_AND_TOKEN * row.sequence_length * grid_size * grid_steps
        batch = row.compute_flops / tokens
        possible = (batch <= row.data_budget) & (batch >= _LEAST_BATCH)
        size, iterations, batch = (x[possible] for x in (grid_size, grid_steps, batch))
        noise = noise_batch_ratio(row.data_budget, batch, iterations, row.epsilon, row.delta)
        searches.append((size, batch, iterations, np.asarray(noise, dtype=float)))
    return searches


def _optimum(law: Law, row: _Published, search: _Search) -> dict[str, float]:
    size, batch, iterations, noise = search
    loss = law.cross_entropy(size, iterations, noise)
    published = law.cross_entropy(row.model_size, row.iterations, row.noise_batch_ratio).item()
    k = int(np.argmin(loss))
    return {
        "model_size": size[k],
        "batch_size": batch[k],
        "iterations": iterations[k],
        "cross_entropy": loss[k],
        "published_cross_entropy": published,
        # The grid may miss the published point by a step; a law cannot beat its own optimum.
        "regret": max(published / loss[k] - 1.0, 0.0),
    }


def _coverage(
    form: Form,
    observations: Observations,
    theta: FloatArray,
    single: LeftOut,
    large: list[LeftOut],
    seed: int,
) -> float:
    """Out-of-bag: a row is judged by the resamples and the scatter that know nothing of it."""
    resampled, weights = resample(form, observations, theta, _RESAMPLES, seed)
    losses = form.cross_entropy(
        resampled, observations.u, observations.v, observations.s, observations.log_vocabulary
    )
    inside = []
    for row, error, distance in zip(single.rows, single.errors, single.distances, strict=True):
        others = observations.groups[single.rows] != observations.groups[row]
        scatter = float(np.sqrt(np.mean(single.errors[others] ** 2)))
        unseen = np.log(losses[weights[:, row] == 0, row])
        below, above = np.quantile(unseen, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]) - np.median(unseen)
        width = ndtri((1 + LEVEL) / 2) * np.hypot(scatter, drift_of(scatter, large) * distance)
        # error = predicted − observed, so the observed lies that much below the centre.
        inside.append(-np.hypot(below, width) <= -error <= np.hypot(above, width))
    return float(np.mean(inside))
