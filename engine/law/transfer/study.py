"""Does pooling help? A new family's runs are held back and predicted from a few of them.

In each draw the new family's runs are put in random order. The first k are what is known of it; the
runs after the most that is ever known are held back, the same ones for every k, and each of their
points is predicted by

* *source*: the other family's law as it is (in the share of ln vocabulary for the entropy floor),
  with the interval that a transferred law carries;
* *scaled*: that law times one factor, the least that a few runs can teach
  (:mod:`engine.law.transfer.scaled`);
* *target*: a fit of the k runs alone, where :func:`engine.law.fit.fit` accepts them;
* *pooled*: :func:`engine.law.transfer.pool.pool` of both.

Errors are |ln(predicted/observed)|, a mean over the held-back points of a draw, then over draws. A
method that answers in some draws only is compared with pooling on those (``pooled_wins``).

A run is known or held back with all of its points, whatever its learning rates and seeds (a cell of
:mod:`engine.runs.curves`), and ``scaled`` and ``pooled`` see no loss of what is held back. Where
several rates were tried on the target, the best counts for every method alike.

Not covered: runs chosen with thought rather than at random (a pilot would not try three alike), and
the draws of one study share runs, so that they scatter less than new families would.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from engine.errors import InputError
from engine.interval import FloatArray, IntArray
from engine.law.fit import FitResult, fit
from engine.law.forms import DEFAULT_FORM
from engine.law.observations import observations_of, point_of
from engine.law.transfer.pool import pool
from engine.law.transfer.scaled import ScaledLaw, scale

SOURCE, SCALED, TARGET, POOLED = "source", "scaled", "target", "pooled"
RUNS = (0, 1, 2, 3, 5)


@dataclass(frozen=True, kw_only=True)
class TransferRow:
    """How well one method predicts from ``runs`` runs of the new family;
    NaN where it never could."""

    runs: int
    method: str
    """``source``, ``scaled``, ``target`` or ``pooled``."""
    draws: int
    """In how many draws it could answer."""
    error: float
    """Mean |ln(predicted/observed)| over held-back points, then over draws."""
    worst: float
    """The largest of the draws' mean errors."""
    coverage: float
    """Share of held-back points inside the 90 % interval."""
    width: float
    """Mean ln(high/low) of that interval."""
    pooled_wins: float
    """Share of this method's draws in which pooling erred less; NaN for pooling itself."""


@dataclass(frozen=True, kw_only=True)
class _Score:
    error: float
    coverage: float
    width: float


def transfer_study(
    source_frame: pd.DataFrame,
    target_frame: pd.DataFrame,
    *,
    runs: Sequence[int] = RUNS,
    draws: int = 10,
    form: str = DEFAULT_FORM,
    resamples: int = 100,
    seed: int = 0,
) -> list[TransferRow]:
    """Rows by number of runs, then source, scaled, target, pooled; frames as for ``fit``.

    Deterministic given ``seed``. Raises :class:`InputError` for a source that cannot be fitted, bad
    target rows, or too few target runs to hold any back.
    """
    counts = tuple(sorted(set(runs)))
    if not counts or counts[0] < 0 or draws < 1:
        raise InputError(
            "Expected numbers of runs of at least 0 and one draw or more, got {runs} and {draws}.",
            runs=", ".join(map(str, counts)) or "none",
            draws=draws,
        )
    source = fit(source_frame, form=form, resamples=resamples, seed=seed)
    counts_drawing = source.law.batch_size is not None
    group = observations_of(
        target_frame, reference=source.law.reference, counts_drawing=counts_drawing
    ).groups
    total = int(group.max()) + 1
    if total <= counts[-1]:
        raise InputError(
            "Expected more than {most} runs of the new family, got {total}: some must be held "
            "back.",
            most=counts[-1],
            total=total,
        )
    vocabulary_size = int(target_frame["vocabulary_size"].iloc[0])
    rng = np.random.default_rng(seed)
    orders = [rng.permutation(total) for _ in range(draws)]
    pooling = partial(pool, source, vocabulary_size=vocabulary_size, resamples=resamples, seed=seed)
    transferred = pooling(target_frame.iloc[:0])
    methods: dict[str, Callable[[pd.DataFrame], FitResult | ScaledLaw]] = {
        SOURCE: lambda _: transferred,
        SCALED: partial(scale, source),
        TARGET: partial(fit, form=form, resamples=resamples, seed=seed),
        POOLED: pooling,
    }
    found = []
    for count in counts:
        scores = {
            name: [
                _score(method, target_frame, group, order[:count], order[counts[-1] :])
                for order in orders
            ]
            for name, method in methods.items()
        }
        found += [_row(count, name, scores[name], scores[POOLED]) for name in methods]
    return found


def _score(
    method: Callable[[pd.DataFrame], FitResult | ScaledLaw],
    frame: pd.DataFrame,
    group: IntArray,
    known: IntArray,
    held_back: IntArray,
) -> _Score | None:
    """None where the method refuses the known runs."""
    try:
        result = method(frame[np.isin(group, known)])
    except InputError:
        return None
    rest = frame[np.isin(group, held_back)]
    point = point_of(rest)
    observed = rest["cross_entropy"].to_numpy(float)
    low, high = result.interval(*point, level=0.9)
    error = np.log(_predicted(result, point) / observed)
    return _Score(
        error=float(np.abs(error).mean()),
        coverage=float(((low <= observed) & (observed <= high)).mean()),
        width=float(np.log(high / low).mean()),
    )


def _predicted(result: FitResult | ScaledLaw, point: tuple[FloatArray, ...]) -> FloatArray:
    law = result if isinstance(result, ScaledLaw) else result.law
    return law.cross_entropy(*point)


def _row(
    runs: int, method: str, scores: list[_Score | None], pooled: list[_Score | None]
) -> TransferRow:
    pairs = [(own, other) for own, other in zip(scores, pooled, strict=True) if own and other]
    errors = [own.error for own, _ in pairs]
    wins = [other.error < own.error for own, other in pairs]
    return TransferRow(
        runs=runs,
        method=method,
        draws=len(pairs),
        error=_mean(errors),
        worst=max(errors, default=float("nan")),
        coverage=_mean([own.coverage for own, _ in pairs]),
        width=_mean([own.width for own, _ in pairs]),
        pooled_wins=float("nan") if method == POOLED else _mean(wins),
    )


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else float("nan")
