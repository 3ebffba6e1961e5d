"""Is a run an outlier among its neighbours, and which slip would explain it?

A law of size, training and noise is fitted to all runs of one family and unit robustly (Cauchy
losses, weak priors on the exponents), to each k-th where there are thousands. A run that lies far
off it is asked which slip explains it: its loss in bits (a factor ln 2), its size ten times too
large or too small.

The law here judges only single runs by the others, needs no vocabulary, and is no law of any
decision. Below :data:`LEAST_RUNS` runs nothing is judged by neighbours. A slip that changes the
loss less than runs scatter is not found: nothing in the numbers shows it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from scipy.optimize import least_squares

from engine.errors import InputError
from engine.interval import BoolArray, FloatArray
from engine.runs.imports.settle import Flag, Found, Settled, Status

LEAST_RUNS = 6
FAR = 4.0
"""Residuals, in robust standard deviations, from which a run is asked about."""
LEAST_FAR = 0.025
"""Least residual of ln loss that is asked about: laws err by as much."""
UNEXPLAINED = 0.15
"""Least residual of ln loss that is named although no slip explains it."""
_EXPLAINED = 0.5
"""Share of the residual that a slip must take away to explain it."""
_LIKELIER = 0.3
_SAME_SIZE = 0.01
SLIPS_OF_SIZE = (0.1, 10.0)
"""Factors by which a size is mistaken most often."""
_UNITS = (math.log(2.0), 1.0 / math.log(2.0))


@dataclass(frozen=True, kw_only=True)
class _Points:
    """(n,) logs of size, of tokens or steps, σ̄ and loss."""

    size: FloatArray
    length: FloatArray
    noise: FloatArray
    loss: FloatArray


class _Centre(NamedTuple):
    """Where coordinates are measured from (logs), ln V, and whether what size and training lack
    simply adds up, as far below ln V it does."""

    size: float
    length: float
    noise: float
    ceiling: float
    additive: bool


_CENTRE = np.array([-1.8, -2.5, 0.35, -2.0, 0.25, 0.5, 0.5, -6.0])
"""Logit of the entropy as a share of ln V, log odds of what the reference size cannot express and
its exponent, log odds of what the reference training has not learnt and its exponent, log noise
that halves a step and its size exponent, log of the onset: centres of weak priors."""
_WIDTH = np.array([1.0, 2.0, 0.15, 2.0, 0.15, 3.0, 0.3, 2.0])
_TOLERANCE = 0.01
_STARTS = ((-1.5, -2.5, -2.0), (-2.0, -1.0, -3.0), (-2.5, -2.0, -0.5))


def _predicted(theta: FloatArray, at: _Points, centre: _Centre) -> FloatArray:
    """ln loss by the signal form of :mod:`engine.law.forms`, relative to ``centre``: steps count
    T / (1 + x²) with x = σ̄·M^κ / c; what size and training lack do not add beyond ln V.
    Without noise also by that of Hoffmann et al. (2022)."""
    size, length = at.size - centre.size, at.length - centre.length
    noise = at.noise * math.exp(-centre.noise)
    share = 1.0 + (noise * np.exp(np.clip(theta[6] * size - theta[5], -50, 50))) ** 2
    worth = length - np.log(share)
    entropy = centre.ceiling / (1.0 + math.exp(-min(max(theta[0], -50.0), 50.0)))
    if centre.additive:
        missing = np.exp(theta[1] - theta[2] * size) + np.exp(theta[3] - theta[4] * worth)
        sums: FloatArray = np.log(entropy + centre.ceiling * missing)
        return sums
    lacking = 1.0 / (1.0 + np.exp(np.clip(theta[2] * size - theta[1], -50, 50)))
    odds = np.exp(np.clip(theta[3] - theta[4] * worth, -50, 50))
    odds = odds + np.exp(np.clip(2.0 * (theta[7] - length), -50, 50))
    known = (1.0 - lacking) / (1.0 + odds)
    found: FloatArray = np.log(entropy + (centre.ceiling - entropy) * (1.0 - known))
    return found


def judge_by_neighbours(
    runs: Sequence[Settled], copies: set[int], flags: Mapping[int, list[Found]]
) -> None:
    """Add to ``flags``, by place, what runs but ``copies`` are suspected of."""
    for length in ("iterations", "tokens"):
        places = [
            place
            for place, run in enumerate(runs)
            if place not in copies and _is_point(run, flags[place], length)
        ]
        if len(places) >= LEAST_RUNS:
            _judge_points(runs, places, length, flags)
            return


def _is_point(run: Settled, flags: Sequence[Found], length: str) -> bool:
    if run.status is not Status.FINISHED or run.loss is None or run.loss <= 0:
        return False
    if any(one.flag in (Flag.UNIT_SUSPECT, Flag.OUT_OF_RANGE) for one in (*run.flags, *flags)):
        return False
    if run.settings.get("noise_batch_ratio") is None and run.settings.get("noise_multiplier") != 0:
        return False
    return all((run.settings.get(name) or 0) > 0 for name in ("model_size", length))


def _judge_points(
    runs: Sequence[Settled], places: Sequence[int], length: str, flags: Mapping[int, list[Found]]
) -> None:
    at = _Points(
        size=np.log([float(runs[p].settings["model_size"] or 1) for p in places]),
        length=np.log([float(runs[p].settings[length] or 1) for p in places]),
        noise=np.array([float(runs[p].settings.get("noise_batch_ratio") or 0) for p in places]),
        loss=np.log([float(runs[p].loss or 1) for p in places]),
    )
    noisy = at.noise[at.noise > 0]
    vocabulary = max(float(runs[p].settings.get("vocabulary_size") or 2) for p in places)
    centre = _Centre(
        size=float(np.median(at.size)),
        length=float(np.median(at.length)),
        noise=float(np.median(np.log(noisy))) if noisy.size else 0.0,
        ceiling=max(math.log(vocabulary), float(np.exp(at.loss.max())) * 1.01),
        additive=False,
    )
    everywhere = _spread_over(at)
    theta = _robust(at, centre, everywhere)
    residual = at.loss - _predicted(theta, at, centre)
    if not noisy.size:
        other = centre._replace(additive=True)
        theta_other = _robust(at, other, everywhere)
        left = at.loss - _predicted(theta_other, at, other)
        if np.median(np.abs(left)) < np.median(np.abs(residual)):
            centre, theta, residual = other, theta_other, left
    # A run that pulls the law towards itself is judged by a law that has not seen it.
    asked = np.argsort(-np.abs(residual))[:_MOST_ASKED]
    lonely = [
        not _shared(at, float(at.size[k]), but=k)
        and any(_shared(at, float(at.size[k]) + math.log(factor)) for factor in SLIPS_OF_SIZE)
        for k in range(len(places))
    ]
    laws = {}
    unseen = residual.copy()
    for k in asked.tolist():
        others = everywhere.copy()
        others[k] = False
        laws[k] = _robust(at, centre, others, start=theta)
        unseen[k] = (at.loss - _predicted(laws[k], at, centre))[k]
    limit = _limit(unseen)
    for k in asked.tolist():
        off = float(unseen[k])
        if abs(residual[k]) < _SEEN * abs(off) and not lonely[k]:
            continue  # at an end of the others: a law that sees it agrees with it
        # Alone at a size that is ten times another's: less has to be shown.
        enough = limit * (_LONELY if lonely[k] else 1.0)
        found = _explained(at, k, laws[k], centre, off) if abs(off) > enough else None
        if found is not None:
            flags[places[k]].append(found)
        elif abs(off) > max(2.0 * limit, UNEXPLAINED):
            flags[places[k]].append(_unexplained(at, k, off))


def _spread_over(at: _Points) -> BoolArray:
    """(n,) whether a run takes part in a fit: all, or of very many each k-th in order of size,
    noise, length and loss."""
    chosen = np.zeros(at.size.size, dtype=bool)
    order = np.lexsort((at.loss, at.length, at.noise, at.size))
    chosen[order[:: -(-order.size // _MOST_FITTED)]] = True
    return chosen


_MOST_FITTED = 1_000
"""Runs that a law here is fitted to; it judges all of them."""
_SEEN = 0.12
"""Share of its residual that a slip keeps in the robust law that has seen it."""
_LONELY = 0.5
_MOST_ASKED = 40
"""Runs that a law of all others is fitted for: those that lie farthest off the law of all."""


def _limit(residual: FloatArray) -> float:
    spread = 1.4826 * float(np.median(np.abs(residual)))
    few = 1.0 + 6.0 / residual.size  # a law of few runs predicts the one left out less well
    return few * max(FAR * spread, LEAST_FAR)


def _taken(at: _Points, which: BoolArray) -> _Points:
    return _Points(
        size=at.size[which], length=at.length[which], noise=at.noise[which], loss=at.loss[which]
    )


def _robust(
    at: _Points,
    centre: _Centre,
    which: BoolArray,
    start: FloatArray | None = None,
) -> FloatArray:
    part = _taken(at, which)

    def residuals(theta: FloatArray) -> FloatArray:
        errors = (part.loss - _predicted(theta, part, centre)) / _TOLERANCE
        # Cauchy's loss by its root, so that the priors stay squares.
        robust = np.sign(errors) * np.sqrt(np.log1p(errors**2 / 4.0) * 4.0)
        return np.concatenate([robust, (theta - _CENTRE) / _WIDTH])

    starts = [start] if start is not None else []
    for entropy, capacity, odds in () if starts else _STARTS:
        first = _CENTRE.copy()
        first[[0, 1, 3]] = entropy, capacity, odds
        starts.append(first)
    found = [least_squares(residuals, first, x_scale=_WIDTH, max_nfev=200) for first in starts]
    best: FloatArray = min(found, key=lambda one: float(one.cost)).x
    return best


def _explained(at: _Points, k: int, law: FloatArray, centre: _Centre, off: float) -> Found | None:
    """The slip that explains a run best; None where none does."""
    one = _taken(at, np.arange(at.size.size) == k)
    left: dict[tuple[Flag, float], float] = {}
    for factor in _UNITS:
        left[Flag.UNIT_SUSPECT, factor] = abs(off + math.log(factor))
    for factor in SLIPS_OF_SIZE:
        moved = replace(one, size=one.size + math.log(factor))
        rest = abs(float((one.loss - _predicted(law, moved, centre))[0]))
        # A size that others have, in place of one that no other has, is the likelier slip.
        odd = _shared(at, float(moved.size[0])) and not _shared(at, float(one.size[0]), but=k)
        left[Flag.SIZE_OUTLIER, factor] = rest * (_LIKELIER if odd else 1.0)
    (flag, factor), rest = min(left.items(), key=lambda item: item[1])
    if rest > _EXPLAINED * abs(off):
        return None
    values = _both(at, k, off)
    if flag is Flag.UNIT_SUSPECT:
        return Found(flag=flag, reason=_in_bits(values) if factor < 1 else _in_nats(values))
    return Found(flag=flag, reason=_too_large(values) if factor < 1 else _too_small(values))


def _in_bits(values: Mapping[str, str]) -> InputError:
    return InputError(
        "Its loss is {value}, its neighbours let expect {expected}: it looks like bits among nats.",
        **values,
    )


def _in_nats(values: Mapping[str, str]) -> InputError:
    return InputError(
        "Its loss is {value}, its neighbours let expect {expected}: it looks like nats among bits.",
        **values,
    )


def _too_large(values: Mapping[str, str]) -> InputError:
    return InputError(
        "Its loss is {value}, its neighbours let expect {expected}: its size looks ten times too "
        "large.",
        **values,
    )


def _too_small(values: Mapping[str, str]) -> InputError:
    return InputError(
        "Its loss is {value}, its neighbours let expect {expected}: its size looks ten times too "
        "small.",
        **values,
    )


def _shared(at: _Points, size: float, but: int = -1) -> bool:
    """Whether a run, other than ``but``, has this size (ln)."""
    same = np.abs(at.size - size) < _SAME_SIZE
    same[but if but >= 0 else slice(0)] = False
    return bool(same.any())


def _unexplained(at: _Points, k: int, off: float) -> Found:
    reason = InputError(
        "Its loss is {value}, its neighbours let expect {expected}: its size, or another "
        "setting, is not what it says.",
        **_both(at, k, off),
    )
    return Found(flag=Flag.SIZE_OUTLIER, reason=reason)


def _both(at: _Points, k: int, off: float) -> dict[str, str]:
    loss = float(at.loss[k])
    return {"value": f"{math.exp(loss):.4g}", "expected": f"{math.exp(loss - off):.4g}"}
