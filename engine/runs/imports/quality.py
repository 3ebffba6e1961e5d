"""Is a run what its file says? Suspicious ones by name, each with the reason.

Three kinds of checks, of runs of one family and unit. *By itself*: a curve that ends above its
least; a size ten times off what its name says; a size, or tokens, far below what all others count
in, as millions in a column of units are. *Among its like*: equal settings with the loss, or curve,
of another run are a duplicate, whatever its name; equal settings with a loss that lies too far off
are a disagreement of seeds. *Against its neighbours*: a law of size, training and noise is fitted
to all runs robustly (Cauchy losses, weak priors on the exponents), and a run that lies far off it
is asked which slip explains it: its loss in bits (a factor ln 2), its size ten times too large or
too small.

The law here judges only single runs by the others, needs no vocabulary, and is no law of any
decision. Below :data:`LEAST_RUNS` runs nothing is judged by neighbours. A slip that changes the
loss less than runs scatter is not found: nothing in the numbers shows it.
"""

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from scipy.optimize import least_squares

from engine.errors import InputError
from engine.interval import FloatArray
from engine.runs.imports.settle import Flag, Found, Settled, Status
from engine.runs.record import RunRecord

LEAST_RUNS = 6
RISES = 1.05
"""How many times its least smoothed loss a sound curve may end at."""
SEEDS = 0.04
"""Largest difference of ln loss between runs of equal settings; the campaign's seeds differ by
less than half of that."""
FAR = 4.0
"""Residuals, in robust standard deviations, from which a run is asked about."""
LEAST_FAR = 0.025
"""Least residual of ln loss that is asked about: laws err by as much."""
UNEXPLAINED = 0.15
"""Least residual of ln loss that is named although no slip explains it."""
MILLIONS = 1e4
"""How many times smaller than the median a size must be to be in another unit."""
_MOST_MILLIONS = 1e6
_EXPLAINED = 0.5
"""Share of the residual that a slip must take away to explain it."""
_WINDOW = 3
_SAME = 1e-9
_GRID = 2
"""Least runs at a size, and sizes, of a grid."""
_LIKELIER = 0.3
_SAME_SIZE = 0.01
_SIZES = (0.1, 10.0)
_UNITS = (math.log(2.0), 1.0 / math.log(2.0))


def judged(runs: Sequence[Settled], known: Iterable[RunRecord] = ()) -> list[Settled]:
    """The runs in the same order, with their flags; ``known`` are the family's stored ones."""
    flags: dict[int, list[Found]] = defaultdict(list)
    _judge_units(runs, flags)
    _judge_grid(runs, flags)
    for place, run in enumerate(runs):
        if run.status is Status.FINISHED:
            flags[place] += [found for found in (_rising(run), _misnamed(run)) if found]
    duplicates = _judge_alike(runs, known, flags)
    _judge_neighbours(runs, duplicates, flags)
    return [
        replace(run, flags=_once((*run.flags, *flags[place]))) for place, run in enumerate(runs)
    ]


def _once(found: Sequence[Found]) -> tuple[Found, ...]:
    """Each flag once, with its first reason."""
    return tuple({one.flag: one for one in reversed(found)}.values())[::-1]


def _judge_units(runs: Sequence[Settled], flags: Mapping[int, list[Found]]) -> None:
    for name in ("model_size", "tokens"):
        values = {
            place: float(value)
            for place, run in enumerate(runs)
            if (value := run.settings.get(name)) and 0 < value < math.inf
        }
        if len(values) < 2:
            continue
        median = float(np.median(list(values.values())))
        for place, value in values.items():
            if value * MILLIONS < median and value < _MOST_MILLIONS:
                reason = InputError(
                    "Expected {name} in the unit of the other runs, whose median is {median}, got "
                    "{value}: it looks like millions.",
                    name=name,
                    median=f"{median:.3g}",
                    value=f"{value:g}",
                )
                flags[place].append(Found(flag=Flag.UNIT_SUSPECT, reason=reason))


def _judge_grid(runs: Sequence[Settled], flags: Mapping[int, list[Found]]) -> None:
    """A run alone at its size, whose place in a full grid is empty at a tenth, or ten times, of it.

    Every other size has equally many runs, that one has one less, and none of its runs has the
    other settings of the run that is alone.
    """
    by_size: dict[float, list[int]] = defaultdict(list)
    for place, run in enumerate(runs):
        if size := run.settings.get("model_size"):
            by_size[float(size)].append(place)
    alone = [places[0] for places in by_size.values() if len(places) == 1]
    if len(alone) != 1 or len(by_size) < _GRID + 1:
        return
    run = runs[alone[0]]
    size = float(run.settings["model_size"] or 0)
    for factor in _SIZES:
        lacking = by_size.get(float(round(size * factor)), [])
        others = {
            len(places)
            for places in by_size.values()
            if places is not lacking and places[0] != alone[0]
        }
        if others != {len(lacking) + 1} or len(lacking) < _GRID:
            continue
        if _but_size(run) not in [_but_size(runs[place]) for place in lacking]:
            reason = InputError(
                "No other run has its size of {value}; of {expected} one run is missing to a full "
                "grid, with its other settings.",
                value=f"{size:.3g}",
                expected=f"{size * factor:.3g}",
            )
            flags[alone[0]].append(Found(flag=Flag.SIZE_OUTLIER, reason=reason))


def _but_size(run: Settled) -> tuple[object, ...]:
    names = ("batch_size", "iterations", "noise_batch_ratio", "seed", "learning_rate")
    return tuple(_rounded(run.settings.get(name)) for name in names)


_NAMED_SIZE = re.compile(r"(?<![a-z0-9.])(\d+(?:\.\d+)?)(m|b)(?![a-z0-9])", re.IGNORECASE)


def _misnamed(run: Settled) -> Found | None:
    """A size of ten times, or a tenth, of what the run's name says ("gpt-70m")."""
    said, size = _NAMED_SIZE.findall(run.name), run.settings.get("model_size")
    if len(said) != 1 or not size:
        return None
    named = float(said[0][0]) * (1e6 if said[0][1].lower() == "m" else 1e9)
    if abs(abs(math.log10(size / named)) - 1.0) > 0.15:
        return None
    reason = InputError(
        "Its size is {value}, its name says {named}.", value=f"{size:.3g}", named=f"{named:.3g}"
    )
    return Found(flag=Flag.SIZE_OUTLIER, reason=reason)


def _rising(run: Settled) -> Found | None:
    losses = run.measured.losses
    if losses.size <= 2 * _WINDOW:
        return None
    smooth = np.convolve(losses, np.ones(_WINDOW) / _WINDOW, mode="valid")
    if smooth[-1] <= RISES * smooth.min():
        return None
    return Found(
        flag=Flag.NON_MONOTONE,
        reason=InputError(
            "Its loss ends at {end} after it was {least}.",
            end=f"{smooth[-1]:.4g}",
            least=f"{smooth.min():.4g}",
        ),
    )


# --- runs of equal settings ---------------------------------------------------------------------

_SETTINGS = (
    "model_size", "batch_size", "iterations", "tokens", "sequence_length", "vocabulary_size",
    "noise_batch_ratio", "data_budget", "learning_rate",
)  # fmt: skip


def settings_key(values: Mapping[str, object]) -> tuple[object, ...]:
    """What makes two runs the same training but for the seed, rounded as text tables round."""
    return tuple(_rounded(values.get(name)) for name in _SETTINGS)


def _rounded(value: object) -> object:
    return f"{float(value):.9g}" if isinstance(value, (int, float)) else None


def _record_key(record: RunRecord) -> tuple[object, ...]:
    values: dict[str, object] = {name: getattr(record, name, None) for name in _SETTINGS}
    values["tokens"] = float(record.batch_size) * record.iterations * record.sequence_length
    if record.batch_size == record.sequence_length == 1:
        values.update(batch_size=None, iterations=None, sequence_length=None)
    return settings_key(values)


def stored_twin(run: Settled, known: Iterable[RunRecord]) -> RunRecord | None:
    """The stored run of which this one is a copy."""
    key = settings_key(run.settings)
    for record in known:
        if _record_key(record) == key and _same_loss(run, record.cross_entropy):
            return record
    return None


def _same_loss(run: Settled, loss: float | None) -> bool:
    if run.loss is None or loss is None:
        return False
    return math.isclose(run.loss, loss, rel_tol=_SAME)


def _judge_alike(
    runs: Sequence[Settled], known: Iterable[RunRecord], flags: Mapping[int, list[Found]]
) -> set[int]:
    """Flag copies and seeds that disagree; the places of the copies."""
    stored: dict[tuple[object, ...], list[RunRecord]] = defaultdict(list)
    for record in known:
        stored[_record_key(record)].append(record)
    groups: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for place, run in enumerate(runs):
        groups[settings_key(run.settings)].append(place)
    copies: set[int] = set()
    for key, places in groups.items():
        sound = [place for place in places if runs[place].status is Status.FINISHED]
        for number, place in enumerate(sound):
            run = runs[place]
            if any(_same_loss(run, record.cross_entropy) for record in stored[key]):
                reason = InputError("This run is stored already.")
            elif first := next((p for p in sound[:number] if _is_copy(run, runs[p])), None):
                reason = InputError("The same settings and loss as {run}.", run=runs[first].name)
            elif sound[:number] and _is_copy(run, runs[sound[0]]):
                reason = InputError("The same settings and loss as {run}.", run=runs[sound[0]].name)
            else:
                continue
            copies.add(place)
            flags[place].append(Found(flag=Flag.DUPLICATE, reason=reason))
        _judge_seeds(runs, [place for place in sound if place not in copies], flags)
    return copies


def _is_copy(run: Settled, other: Settled) -> bool:
    """Whether the losses are the same to the last digit, all of them."""
    if not _same_loss(run, other.loss):
        return False
    seeds = run.settings.get("seed"), other.settings.get("seed")
    curves = run.measured.losses, other.measured.losses
    if curves[0].size > 1:
        return np.array_equal(*curves)
    # Seeds that differ may round to the same two or three digits.
    return seeds[0] == seeds[1] or _digits(run.loss or 0.0) > 4


def _digits(value: float) -> int:
    return len(f"{value:.9g}".replace(".", "").lstrip("0"))


def _judge_seeds(
    runs: Sequence[Settled], places: Sequence[int], flags: Mapping[int, list[Found]]
) -> None:
    losses = {p: math.log(loss) for p in places if (loss := runs[p].loss) and loss > 0}
    # Settings that say next to nothing make no two runs repetitions of each other.
    if len(losses) < 2 or not runs[places[0]].settings.get("model_size"):
        return
    middle = float(np.median(list(losses.values())))
    for place, loss in losses.items():
        if abs(loss - middle) * (2 if len(losses) == 2 else 1) > SEEDS:
            reason = InputError(
                "Its loss is {value}, the median of {count} runs of the same settings {middle}.",
                value=f"{math.exp(loss):.4g}",
                count=len(losses),
                middle=f"{math.exp(middle):.4g}",
            )
            flags[place].append(Found(flag=Flag.SEED_DISAGREEMENT, reason=reason))


# --- against the neighbours ---------------------------------------------------------------------


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


def _judge_neighbours(
    runs: Sequence[Settled], copies: set[int], flags: Mapping[int, list[Found]]
) -> None:
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
    everywhere = np.ones(len(places), dtype=bool)
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
        and any(_shared(at, float(at.size[k]) + math.log(factor)) for factor in _SIZES)
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


_SEEN = 0.12
"""Share of its residual that a slip keeps in the robust law that has seen it."""
_LONELY = 0.5
_MOST_ASKED = 40
"""Runs that a law of all others is fitted for: those that lie farthest off the law of all."""


def _limit(residual: FloatArray) -> float:
    spread = 1.4826 * float(np.median(np.abs(residual)))
    few = 1.0 + 6.0 / residual.size  # a law of few runs predicts the one left out less well
    return few * max(FAR * spread, LEAST_FAR)


def _taken(at: _Points, which: FloatArray) -> _Points:
    return _Points(
        size=at.size[which], length=at.length[which], noise=at.noise[which], loss=at.loss[which]
    )


def _robust(
    at: _Points,
    centre: _Centre,
    which: FloatArray,
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
    for factor in _SIZES:
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
