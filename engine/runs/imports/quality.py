"""Is a run what its file says? Suspicious ones by name, each with the reason.

Three kinds of checks, of runs of one family and unit. *By itself*: a curve that ends above its
least; a size ten times off what its name says; a size, or tokens, far below what all others count
in, as millions in a column of units are. *Among its like*: equal settings with the loss, or curve,
of another run are a duplicate, whatever its name; equal settings with a loss that lies too far off
are a disagreement of seeds. *Against its neighbours*: an outlier of a law of all
others (:mod:`engine.runs.imports.outliers`).
"""

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from engine.errors import InputError
from engine.runs.imports.outliers import SLIPS_OF_SIZE, judge_by_neighbours
from engine.runs.imports.settle import Flag, Found, Settled, Status
from engine.runs.record import RunRecord

RISES = 1.05
"""How many times its least smoothed loss a sound curve may end at."""
SEEDS = 0.04
"""Largest difference of ln loss between runs of equal settings; the campaign's seeds differ by
less than half of that."""
MILLIONS = 1e4
"""How many times smaller than the median a size must be to be in another unit."""
_MOST_MILLIONS = 1e6
_WINDOW = 3
_SAME = 1e-9
_GRID = 2
"""Least runs at a size, and sizes, of a grid."""


def judged(runs: Sequence[Settled], known: Iterable[RunRecord] = ()) -> list[Settled]:
    """The runs in the same order, with their flags; ``known`` are the family's stored ones."""
    flags: dict[int, list[Found]] = defaultdict(list)
    _judge_units(runs, flags)
    _judge_grid(runs, flags)
    for place, run in enumerate(runs):
        if run.status is Status.FINISHED:
            flags[place] += [found for found in (_rising(run), _misnamed(run)) if found]
    duplicates = _judge_alike(runs, known, flags)
    judge_by_neighbours(runs, duplicates, flags)
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
    for factor in SLIPS_OF_SIZE:
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
