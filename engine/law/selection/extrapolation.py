"""Leave the future out: fit a law on small compute, ask it about 3, 10 and 30 times as much.

A point is one (M, T, σ̄) of a curve with the compute of its own T, 6·M·B·T·S. Cuts c go down from
the largest compute in steps of 3. At each cut a law is fitted to all points of at most c FLOPs and
asked, for each horizon h, about the points between c·h/√3 and c·h·√3. The steps and the bins are of
one width, so that a horizon asks about a point at most once. Figures at a horizon, over all cuts:

* *error*: |predicted/measured − 1|, median and mean;
* *coverage*: the share of points inside the 90 % interval, of laws that give one;
* *regret* of the model size that the law picks at C* FLOPs and one σ̄, for C* of c·h and c·h·3^±⅓;
  :mod:`engine.law.selection.model_choices` says what may be picked. Beside it, ``regret_of_any`` is
  that of a pick at random: where it is small, a small regret proves little.

One law need not answer every question: the paper's surface gives nothing outside the sizes and
noises that it saw. Errors and regrets are over what was answered; ``answered`` is the share.

Assumed: one sequence length; and curves of constant learning rate (:mod:`engine.runs.curves`). Not
covered: the scatter of single measurements, which alone gives a true law some error and regret; and
correlation: points of one curve err together, so the figures of few curves are themselves rough.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from engine.errors import InputError
from engine.interval import BoolArray, FloatArray
from engine.law.capacity import Capacity
from engine.law.fit import FittedLaw, fit
from engine.law.forms import FORMS
from engine.law.observations import observations_of, point_of, tells_drawing
from engine.law.published.parametric import UNBOUNDED, fit_unbounded
from engine.law.published.surface import fit_surface
from engine.law.selection.model_choices import Predicts, PredictsInterval, choices, regret_of_pick
from engine.law.selection.stacking import FormsBeforehand
from engine.law.stack import fit_stack

HORIZONS = (3.0, 10.0, 30.0)
LEVEL = 0.9
STEP = 3.0
"""Factor of compute between cuts, and the width of a horizon's bin."""
LEAST_ROWS = 16
"""Points that a cut must leave to fit to: two for each number of a form."""
_TARGETS = (STEP ** (-1 / 3), 1.0, STEP ** (1 / 3))
_RESAMPLES = 100
_ANSWERS = 0.9
"""A law that answers less than this share is ranked behind those that answer more."""


@dataclass(frozen=True, kw_only=True)
class _WithInterval:
    """A bounded form with its intervals."""

    result: FittedLaw

    def cross_entropy(
        self,
        model_size: ArrayLike,
        iterations: ArrayLike,
        noise_batch_ratio: ArrayLike,
        batch_size: ArrayLike | None = None,
    ) -> FloatArray:
        return self.result.law.cross_entropy(model_size, iterations, noise_batch_ratio, batch_size)

    def interval(
        self,
        model_size: ArrayLike,
        iterations: ArrayLike,
        noise_batch_ratio: ArrayLike,
        batch_size: ArrayLike | None = None,
    ) -> tuple[FloatArray, FloatArray]:
        point = model_size, iterations, noise_batch_ratio, batch_size
        return self.result.interval(*point, level=LEVEL)


Fitter = Callable[[pd.DataFrame], Predicts]
"""A frame -> a law; one with a method ``interval`` (low, high at 90 %)
is judged by coverage too."""

SURFACE = "surface"
STACK = "stack"
NAMES: tuple[str, ...] = (STACK, *FORMS, SURFACE, *UNBOUNDED)
"""Laws that :func:`judge` knows by name."""


@dataclass(frozen=True, kw_only=True)
class AtHorizon:
    """Figures of one law at one horizon, all shares (0.01 is one per cent); NaN where none."""

    horizon: float
    """How many times the largest compute that the law saw."""
    points: int
    """Points asked about, over all cuts."""
    answered: float
    """Share of them that the law gave a loss for."""
    median_error: float
    mean_error: float
    coverage: float
    """Share of the answered points inside the 90 % interval; NaN for laws without intervals."""
    choices: int
    """(C*, σ̄) at which the law picked a model size."""
    regret_mean: float
    regret_max: float
    regret_of_any: float
    """Mean regret of a pick at random among the same candidates."""


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """How well one law tells the future of one body of evidence."""

    name: str
    rows: int
    cuts: tuple[float, ...]
    """FLOPs up to which it was fitted, in turn, rising."""
    horizons: tuple[AtHorizon, ...]

    @property
    def score(self) -> float:
        """What laws are ranked by, as a share of the loss: mean error plus mean regret, each
        averaged over the horizons that have any; infinite for a law without an answer."""
        errors = _mean([at.mean_error for at in self.horizons])
        regrets = _mean([at.regret_mean for at in self.horizons])
        return math.inf if math.isnan(errors) else errors + (0 if math.isnan(regrets) else regrets)

    @property
    def answered(self) -> float:
        """Share of all points asked about that the law gave a loss for."""
        points = sum(at.points for at in self.horizons)
        given = sum(at.points * at.answered for at in self.horizons if at.points)
        return given / points if points else math.nan


def fitter_of(
    name: str, capacity: Capacity | None = None, beforehand: FormsBeforehand | None = None
) -> Fitter:
    """The fitter called ``name``; :class:`InputError` names the choices otherwise. ``beforehand``
    is of the stack (:func:`engine.law.stack.fit_stack`)."""
    if name in FORMS:
        return lambda frame: _WithInterval(
            result=fit(frame, form=name, capacity=capacity, resamples=_RESAMPLES)
        )
    if name == STACK:
        return lambda frame: _WithInterval(
            result=fit_stack(frame, capacity=capacity, resamples=_RESAMPLES, beforehand=beforehand)
        )
    if name == SURFACE:
        return fit_surface
    if name in UNBOUNDED:
        return lambda frame: fit_unbounded(name, frame)
    raise InputError(
        "Expected a law among {choices}, got {name}.", choices=", ".join(NAMES), name=name
    )


def judge(
    frame: pd.DataFrame,
    name: str,
    *,
    horizons: Sequence[float] = HORIZONS,
    fitter: Fitter | None = None,
    capacity: Capacity | None = None,
    beforehand: FormsBeforehand | None = None,
) -> Judgement:
    """Leave the future of ``frame`` out (columns as in ``fit``, and compute_flops).

    ``name`` is one of :data:`NAMES`, or any with a ``fitter`` of one's own. Raises
    :class:`InputError` as ``fit`` does, and where no cut leaves at least 16 points of two sizes and
    two noises to fit to and something of the future to ask about.
    """
    fitter = fitter or fitter_of(name, capacity, beforehand)
    observations_of(frame)
    frame = frame.assign(compute_flops=_compute(frame))
    seen = frame if tells_drawing(frame) else frame.assign(drawn_batch_size=np.nan)
    compute = frame["compute_flops"].to_numpy()
    cuts = _cuts(frame, horizons)
    asked: dict[float, list[_Answers]] = {horizon: [] for horizon in horizons}
    for cut in cuts:
        law = fitter(seen[compute <= cut])
        for horizon in horizons:
            asked[horizon].append(_ask(law, frame, cut * horizon))
    return Judgement(
        name=name,
        rows=len(frame),
        cuts=tuple(cuts),
        horizons=tuple(_figures(horizon, parts) for horizon, parts in asked.items()),
    )


def compare(
    frame: pd.DataFrame,
    names: Sequence[str] = NAMES,
    *,
    horizons: Sequence[float] = HORIZONS,
    capacity: Capacity | None = None,
    beforehand: FormsBeforehand | None = None,
) -> list[Judgement]:
    """Judgements of every law, best first; those that answer less than 90 % behind the others."""
    found = [
        judge(frame, name, horizons=horizons, capacity=capacity, beforehand=beforehand)
        for name in names
    ]
    return sorted(found, key=lambda one: (not one.answered >= _ANSWERS, one.score))


def _compute(frame: pd.DataFrame) -> FloatArray:
    """FLOPs; M·T where a row has none, for only ratios matter."""
    if "compute_flops" in frame and np.isfinite(frame["compute_flops"].to_numpy(float)).all():
        flops: FloatArray = frame["compute_flops"].to_numpy(float)
        return flops
    examples: FloatArray = frame["model_size"].to_numpy(float) * frame["iterations"].to_numpy(float)
    return examples


def _cuts(frame: pd.DataFrame, horizons: Sequence[float]) -> list[float]:
    """Rising; each leaves enough to fit to, and some point in the bin of some horizon."""
    compute = frame["compute_flops"].to_numpy()
    largest, smallest = compute.max(), compute.min()
    steps = int(math.log(largest / smallest, STEP)) + 1
    found = []
    for k in range(steps, 0, -1):
        # Half a step off, so that the bin of the horizon 3 at the last cut ends at the largest.
        cut = largest / STEP ** (k + 0.5)
        seen = frame[compute <= cut]
        enough = len(seen) >= LEAST_ROWS and all(
            len(seen[column].unique()) > 1 for column in ("model_size", "noise_batch_ratio")
        )
        if enough and any(_bin(compute, cut * horizon).any() for horizon in horizons):
            found.append(float(cut))
    if not found:
        raise InputError(
            "Expected at least {rows} points of two model sizes and two noises at less than a "
            "fifth of the largest compute: there is no future to leave out.",
            rows=LEAST_ROWS,
        )
    return found


def _bin(compute: FloatArray, centre: float) -> BoolArray:
    """Which points of ``compute`` FLOPs lie in the bin around ``centre``."""
    # The largest point itself may miss the last bin's end by rounding.
    low, high = centre / STEP**0.5 * (1 + 1e-9), centre * STEP**0.5 * (1 + 1e-9)
    inside: BoolArray = (compute > low) & (compute <= high)
    return inside


@dataclass(frozen=True, kw_only=True)
class _Answers:
    """What one law said of the points around one compute."""

    errors: FloatArray
    """|predicted/measured − 1|; NaN where it gave no loss."""
    inside: BoolArray
    """Whether the answered points lie in the 90 % interval; empty without one."""
    regrets: list[tuple[float, float]]


def _ask(law: Predicts, frame: pd.DataFrame, centre: float) -> _Answers:
    """Errors, coverage and regrets of one law about the points around ``centre`` FLOPs."""
    rows = frame[_bin(frame["compute_flops"].to_numpy(), centre)]
    measured = rows["cross_entropy"].to_numpy(float)
    point = point_of(rows)
    predicted = np.asarray(law.cross_entropy(*point), dtype=float)
    inside = np.empty(0, dtype=bool)
    if isinstance(law, PredictsInterval):
        low, high = law.interval(*point)
        inside = ((low <= measured) & (measured <= high))[np.isfinite(predicted)]
    targets = [centre * factor for factor in _TARGETS] if len(rows) else []
    return _Answers(
        errors=np.abs(predicted / measured - 1.0),
        inside=inside,
        regrets=[
            regret
            for target in targets
            for candidates in choices(frame, target)
            if (regret := regret_of_pick(law, candidates)) is not None
        ],
    )


def _figures(horizon: float, parts: Sequence[_Answers]) -> AtHorizon:
    errors = np.concatenate([part.errors for part in parts])
    given = errors[np.isfinite(errors)]
    regrets = [regret for part in parts for regret in part.regrets]
    picked, at_random = zip(*regrets, strict=True) if regrets else ((), ())
    return AtHorizon(
        horizon=horizon,
        points=len(errors),
        answered=len(given) / len(errors) if len(errors) else math.nan,
        median_error=float(np.median(given)) if len(given) else math.nan,
        mean_error=_mean(given),
        coverage=_mean(np.concatenate([part.inside for part in parts])),
        choices=len(regrets),
        regret_mean=_mean(picked),
        regret_max=max(picked, default=math.nan),
        regret_of_any=_mean(at_random),
    )


def _mean(values: Sequence[float] | FloatArray) -> float:
    """Of the finite ones; NaN where there is none."""
    finite = [value for value in values if math.isfinite(value)]
    return math.fsum(finite) / len(finite) if finite else math.nan
