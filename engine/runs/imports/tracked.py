"""Runs as an experiment tracker has them -> a sheet with a row a run and step.

Of each metric the steps and values are two columns, so that millions of points pass as columns into
:mod:`engine.runs.imports.histories`. Of one metric written twice at a step the later value counts;
a name that several runs have gets the beginning of the run's id. A metric of which a value is no
number, and a setting that is called as a metric is, make a sheet of single cells, which can say
what is wrong with one.
"""

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from engine.errors import InputError
from engine.interval import BoolArray, FloatArray, IntArray
from engine.runs.imports.sheet import Sheet, flat, of_columns, of_rows

_MOST_STEPS = 10**18
_FIXED = ("run", "status", "step")


class _Series:
    """One metric of one run, in the order in which it was written."""

    def __init__(self) -> None:
        self.steps = array("q")
        self.values = array("d")
        self.odd: dict[int, object] = {}
        """Place -> a value that is no number."""

    def add(self, step: object, value: object) -> None:
        """Note a measurement; one at no step that a training could reach is none."""
        place = _step(step)
        if place is None:
            return
        number = _number(value)
        if number is None:
            self.odd[len(self.steps)] = value
        self.steps.append(place)
        self.values.append(0.0 if number is None else number)

    def cells(self) -> Iterator[tuple[int, object]]:
        for place, (step, value) in enumerate(zip(self.steps, self.values, strict=True)):
            yield step, self.odd.get(place, value)


def _step(value: object) -> int | None:
    number = _number(value)
    if number is None or not abs(number) <= _MOST_STEPS:  # NaN is none either
        return None
    return value if isinstance(value, int) else round(number)


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


@dataclass(kw_only=True)
class TrackedRun:
    """One run as a tracker has it."""

    id: str
    name: str
    status: str = ""
    settings: dict[str, object] = field(default_factory=dict)
    series: dict[str, _Series] = field(default_factory=dict)

    def measure(self, metric: str, step: object, value: object) -> None:
        """Note a measurement."""
        if metric not in self.series:
            self.series[metric] = _Series()
        self.series[metric].add(step, value)

    def measure_all(self, metric: str, steps: Sequence[int], values: Sequence[float]) -> None:
        """Note many measurements."""
        found = self.series.setdefault(metric, _Series())
        try:
            at, measured = array("q", steps), array("d", values)
        except (TypeError, OverflowError):  # a database holds what its schema forbids
            for step, value in zip(steps, values, strict=True):
                found.add(step, value)
        else:
            found.steps.extend(at)
            found.values.extend(measured)


def tracked_sheet(file: str, runs: Iterable[TrackedRun]) -> Sheet:
    """The runs as one sheet. Raises :class:`InputError` where there are none."""
    found = list(runs)
    if not found:
        raise InputError("Expected runs in {file}, got none.", file=file)
    names = Counter(run.name for run in found)
    called = [
        run.name if run.name and names[run.name] == 1 else f"{run.name} {run.id[:8]}".strip()
        for run in found
    ]
    settings = [dict(flat(run.settings)) for run in found]
    metrics = dict.fromkeys(metric for run in found for metric in run.series)
    clashes = metrics.keys() & {*_FIXED, *(name for one in settings for name in one)}
    if clashes or any(series.odd for run in found for series in run.series.values()):
        return _in_cells(file, found, called)
    parts = [_pivoted(run, metrics) for run in found]
    lengths = np.array([steps.size for steps, _ in parts])
    columns: dict[str, pa.Array] = {
        name: _repeated([one.get(name) for one in settings], lengths)
        for name in dict.fromkeys(name for one in settings for name in one)
        if name not in _FIXED
    }
    columns["run"] = _repeated(called, lengths)
    columns["status"] = _repeated([run.status for run in found], lengths)
    columns["step"] = pa.array(np.concatenate([steps for steps, _ in parts]))
    for metric in metrics:
        values = np.concatenate([cells[metric][0] for _, cells in parts])
        missing = np.concatenate([cells[metric][1] for _, cells in parts])
        columns[metric] = pa.array(values, mask=missing)
    return of_columns(file, pa.table(columns))


def _in_cells(file: str, runs: Sequence[TrackedRun], called: Sequence[str]) -> Sheet:
    """The sheet cell by cell. A setting called as a metric is one: what was measured has the
    say, but for a run's name, status and step."""
    rows: list[Mapping[str, object]] = []
    for run, name in zip(runs, called, strict=True):
        measured: dict[int, dict[str, object]] = {}
        for metric, series in run.series.items():
            for step, value in series.cells():
                measured.setdefault(step, {})[metric] = value
        for step in sorted(measured) or [0]:
            fixed = {"run": name, "status": run.status, "step": step}
            rows.append({**run.settings, **measured.get(step, {}), **fixed})
    return of_rows(file, rows)


def _pivoted(
    run: TrackedRun, metrics: Iterable[str]
) -> tuple[IntArray, dict[str, tuple[FloatArray, BoolArray]]]:
    """The steps of a run, rising; and of each metric the values there, and where there is none."""
    written = {
        name: (np.array(one.steps, np.int64), np.array(one.values, float))
        for name, one in run.series.items()
    }
    steps = np.unique(np.concatenate([np.array([], np.int64), *(s for s, _ in written.values())]))
    steps = steps if steps.size else np.zeros(1, np.int64)
    cells = {}
    for metric in metrics:
        values, missing = np.zeros(steps.size), np.ones(steps.size, dtype=bool)
        if metric in written:
            places = np.searchsorted(steps, written[metric][0])
            values[places], missing[places] = written[metric][1], False  # the last one stays
        cells[metric] = values, missing
    return steps, cells


def _repeated(values: Sequence[object], times: IntArray) -> pa.Array:
    """A column of a setting: a run's value in each of its rows, kept once."""
    known = [value for value in values if value is not None]
    kinds = {type(value) for value in known}
    if kinds not in ({str}, {int}, {float}) or any(
        isinstance(value, int) and not -(2**63) <= value < 2**63 for value in known
    ):
        known = [str(value) for value in known]
        values = [None if value is None else str(value) for value in values]
    distinct = list(dict.fromkeys(known))
    place = {value: at for at, value in enumerate(distinct)}
    codes = np.repeat([place.get(value, -1) for value in values], times)
    indices = pa.array(codes.astype(np.int32), mask=codes < 0)
    return pa.DictionaryArray.from_arrays(indices, pa.array(distinct))
