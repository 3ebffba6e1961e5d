"""Rows of a sheet -> the runs that they measured, each with its settings and its losses in nats.

A sheet with a column of steps holds histories: rows of one run (its name, seed and settings) are
one curve, and the n-th measurement of a step belongs to the n-th run of that name, unless only a
few steps came twice, as after a restart: then the later ones count. Any other sheet holds a run a
row. Where nothing was measured there is a gap; NaN and infinite losses stay in the curve.
"""

import math
import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from engine.errors import InputError
from engine.interval import FloatArray, IntArray
from engine.loss_unit import Measure, nats
from engine.runs.imports.columns import LEAST_COUNT, TEXT_ROLES, Columns
from engine.runs.imports.sheet import Sheet, SheetRow, text_of
from engine.untrusted.guard import require_cells

Value = float | int | None

PROGRESS = frozenset(
    ["step", "tokens", "examples", "compute_flops", "cross_entropy", "epsilon", "status"]
)
"""Roles that change within a run."""
_AGAIN = 0.5
"""Share of the steps that must come twice for the second time to be another run."""
_CURVE = 5
"""Rows of one name with rising iterations that are a curve, where no column is called a step."""
_MOST_STEPS = 10**18
_LARGEST_SIZE = 1e12
"""Parameters: beyond, a scale was read where there is none."""
_NO_NOISE = frozenset(["non-private", "nonprivate", "non-dp", "no dp", "inf.", "なし"])
_DIVERGED = frozenset(["diverged", "diverge", "divergence", "exploded", "発散"])
_SUMMARIES = frozenset(
    [
        "total", "totals", "grand total", "subtotal", "sum", "mean", "average", "avg", "avg.",
        "median", "std", "stdev", "std. dev.", "min", "max", "minimum", "maximum", "count",
        "合計", "総計", "小計", "計", "平均", "平均値", "中央値", "標準偏差", "最大", "最小",
    ]
)  # fmt: skip
_SUMMING = re.compile(
    r"(?:(?:mean|average|avg\.?|median|sum|total|count|std\.?|min|max)\s*(?:of\s|\()"
    r"|(?:合計|総計|小計|平均|中央値|標準偏差)(?:値|行|[\s(（:：]))"
)
"""The beginning of a summary's name: "Average of 3", "平均値（3件）"."""
_SHARES = frozenset(["sampling_probability", "delta", "learning_rate"])
"""Roles that may be per hundred."""
_NO_UNITS = frozenset("%％$＄¥￥€£円")
_NARROWEST = 3
"""Columns from which on a row with one cell is no row."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One run as its file has it."""

    name: str
    line: int
    """Its first row."""
    values: Mapping[str, Value]
    """Role -> number, scaled to units; of what changes within a run, the last."""
    texts: Mapping[str, str]
    steps: IntArray
    """(n,) steps of the measurements; empty where the file does not say."""
    losses: FloatArray
    """(n,) or, without steps, (1,) or (0,): nats."""
    reached: int | None = None
    """The last step that the file has of it, measured or not."""


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A row that is none, or a run of which nothing can be made."""

    line: int
    run: str
    reason: InputError


def measured_runs(sheet: Sheet, columns: Columns) -> tuple[list[Measured], list[Refused]]:
    """The runs of a sheet, in order of their first rows, and the rows that are none.

    Raises :class:`InputError` without a column of losses, and where a whole column cannot be the
    counts that it is called.
    """
    if not columns.has("cross_entropy"):
        raise InputError(
            "Expected a column of losses in {file}, got {columns}: say which it is with "
            "--map THEIRS=cross_entropy.",
            file=sheet.name,
            columns=", ".join(sheet.header[:40]) or "none",
        )
    if sheet.columns is not None:
        require_cells(len(sheet.rows) * len(sheet.header))
    numbers, wrong = numbers_of(sheet, columns, roles=columns.by_role)
    require_counts(sheet, columns, numbers)
    refused = [
        Refused(line=line, run=_name(sheet, columns, row=None, line=line), reason=reason)
        for line, reason in sheet.refused.items()
    ]
    wrong = {**_no_runs(sheet, columns), **wrong}
    sound = []
    for place, row in enumerate(sheet.rows):
        if place in wrong:
            name = _name(sheet, columns, row=row, line=row.line)
            refused.append(Refused(line=row.line, run=name, reason=wrong[place]))
        else:
            sound.append(place)
    progress = _progress_column(columns, sheet, sound, numbers)
    if progress is None:
        runs = [_single(sheet, columns, numbers, place) for place in sound]
    else:
        runs = _histories(sheet, columns, numbers, sound, progress)
    return runs, sorted(refused, key=lambda one: one.line)


def numbers_of(
    sheet: Sheet, columns: Columns, roles: Collection[str]
) -> tuple[dict[str, list[Value]], dict[int, InputError]]:
    """Role -> numbers of all rows, in units and nats; place -> why a row has none."""
    found: dict[str, list[Value]] = {}
    wrong: dict[int, InputError] = {}
    measure = columns.measure or Measure.NATS_PER_TOKEN
    for role, column in columns.by_role.items():
        if role in TEXT_ROLES or role not in roles:
            continue
        values, unread = sheet.numbers(column)
        if role == "epsilon":
            values, unread = _said(sheet, column, values, unread, _NO_NOISE, math.inf)
        elif role == "cross_entropy":
            values, unread = _said(sheet, column, values, unread, _DIVERGED, math.nan)
        if role not in _SHARES:
            unread = {**unread, **_foreign_units(sheet, column, role)}
        if role == "seed":
            unread = {**unread, **_parts(sheet, values)}
        for place, error in unread.items():
            wrong.setdefault(place, error)
        factor = columns.scale.get(role, 1)
        if role == "cross_entropy":
            values = _all_in_nats(values, measure, wrong)
        elif factor != 1:
            values = [None if value is None else value * factor for value in values]
        found[role] = values
    return found, wrong


def _no_runs(sheet: Sheet, columns: Columns) -> dict[int, InputError]:
    """Place -> why a row is no run: a note, which stands alone in its row, or a line that sums up
    the others, by its name. In a table of one row it is that run's name."""
    if "run" not in columns.by_role or len(sheet.rows) < 2 or len(sheet.header) < _NARROWEST:
        return {}
    at, found = sheet.header.index(columns.by_role["run"]), {}
    for place, row in enumerate(sheet.rows):
        first = row.cells[at] if at < len(row.cells) else None
        if not isinstance(first, str):
            continue
        if sums_up(first):
            found[place] = InputError(
                "Expected a run in line {line}, got {value}, which sums up the others: name it "
                "otherwise where it is a run.",
                line=row.line,
                value=first.strip()[:40],
            )
        elif first.strip() and all(
            cell is None or cell == "" for n, cell in enumerate(row.cells) if n != at
        ):
            found[place] = InputError(
                "Expected a run in line {line}, got nothing but {value}: a note is no run.",
                line=row.line,
                value=first.strip()[:40],
            )
    return found


def sums_up(name: str) -> bool:
    """Whether a run's name is that of a line that sums up the others."""
    tidy = name.strip().casefold()
    return tidy.rstrip(":： ") in _SUMMARIES or _SUMMING.match(tidy) is not None


def _foreign_units(sheet: Sheet, column: str, role: str) -> dict[int, InputError]:
    """Place -> why a cell with a percent sign, or one of money, is none: only shares are per
    hundred."""
    at, found = sheet.header.index(column), {}
    cells = [row.cells[at] if at < len(row.cells) else None for row in sheet.rows]
    whole = "".join([cell for cell in cells if isinstance(cell, str)])
    if not any(sign in whole for sign in _NO_UNITS):  # of hundreds of thousands of rows
        return {}
    for place, (row, cell) in enumerate(zip(sheet.rows, cells, strict=True)):
        if isinstance(cell, str) and not _NO_UNITS.isdisjoint(cell):
            found[place] = InputError(
                "Expected {role} without % or a currency, got {value} in line {line}.",
                role=role,
                value=cell.strip()[:40],
                line=row.line,
            )
    return found


def _parts(sheet: Sheet, values: Sequence[Value]) -> dict[int, InputError]:
    """Place -> why a seed is none: rounded, it would be another run's."""
    return {
        place: InputError(
            "Expected a whole number as seed in line {line}, got {value}.",
            line=sheet.rows[place].line,
            value=f"{value:g}",
        )
        for place, value in enumerate(values)
        if value is not None and math.isfinite(value) and value != round(value)
    }


def _said(
    sheet: Sheet,
    column: str,
    values: list[Value],
    unread: dict[int, InputError],
    said: frozenset[str],
    meant: float,
) -> tuple[list[Value], dict[int, InputError]]:
    """With what words mean: ε of a run that promises nothing is infinite, the loss of one that
    diverged is NaN."""
    left = {}
    for place, error in unread.items():
        if sheet.text(sheet.rows[place], column).casefold() in said:
            values[place] = meant
        else:
            left[place] = error
    return values, left


def _all_in_nats(
    values: list[Value], measure: Measure, wrong: dict[int, InputError]
) -> list[Value]:
    if measure is Measure.NATS_PER_TOKEN or measure is Measure.NATS_PER_BYTE:
        return values
    found: list[Value] = []
    for place, value in enumerate(values):
        try:
            found.append(_in_nats(value, measure))
        except InputError as error:
            wrong.setdefault(place, error)
            found.append(None)
    return found


def _in_nats(loss: Value, measure: Measure) -> Value:
    if loss is None or not math.isfinite(loss) or loss == 0:
        return loss
    return nats(float(loss), measure)


def require_counts(sheet: Sheet, columns: Columns, numbers: Mapping[str, Sequence[Value]]) -> None:
    """Raises :class:`InputError` where a whole column cannot be the counts that it is called."""
    _require_scale(columns, numbers)
    for role, least in LEAST_COUNT.items():
        if role not in numbers or role in columns.said or role in columns.scale:
            continue
        values = [value for value in numbers[role] if value is not None and value > 0]
        if values and max(values) < least:
            raise InputError(
                "Expected {role} as a count, got values of at most {value} in {column}: say "
                '--map "{column}={role}:millions" (or thousands, or billions), or '
                '--map "{column}={role}" where they are counts.',
                role=role,
                value=f"{max(values):g}",
                column=columns.by_role[role],
            )


def _require_scale(columns: Columns, numbers: Mapping[str, Sequence[Value]]) -> None:
    """Raises :class:`InputError` where a letter in a name cannot be the scale that it looks like:
    "Model size (M)" over counts, for M is also what a size is called."""
    role, factor = "model_size", columns.scale.get("model_size", 1)
    if factor == 1 or role in columns.said or role not in numbers:
        return
    largest = max((value for value in numbers[role] if value is not None), default=0)
    if math.isfinite(largest) and largest > _LARGEST_SIZE:
        raise InputError(
            'Expected to know what {column} counts in: say --map "{column}={role}" where its '
            'values are counts, or --map "{column}={role}:millions" (or thousands, or billions).',
            column=columns.by_role[role],
            role=role,
        )


def _progress_column(
    columns: Columns,
    sheet: Sheet,
    sound: Sequence[int],
    numbers: Mapping[str, Sequence[Value]],
) -> str | None:
    """The role that counts the steps of histories; None where every row is a run."""
    if columns.has("step"):
        return "step"
    if not columns.has("run") or not columns.has("iterations"):
        return None
    groups = _groups(sheet, columns, sound, "iterations")
    steps = numbers["iterations"]

    def is_curve(places: Sequence[int]) -> bool:
        there = [steps[place] or 0 for place in places]
        return len(places) >= _CURVE and all(a < b for a, b in pairwise(there))

    return "iterations" if groups and all(map(is_curve, groups.values())) else None


def _groups(
    sheet: Sheet, columns: Columns, sound: Sequence[int], progress: str
) -> dict[tuple[object, ...], list[int]]:
    roles = [role for role in columns.by_role if role not in PROGRESS and role != progress]
    places = [sheet.header.index(columns.by_role[role]) for role in roles]
    groups: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for place in sound:
        cells = sheet.rows[place].cells
        groups[tuple(str(cells[at]) if at < len(cells) else "" for at in places)].append(place)
    return groups


def _name(sheet: Sheet, columns: Columns, *, row: SheetRow | None, line: int) -> str:
    """The file's own name of a run; by its row where it has none."""
    said = (
        ""
        if row is None or "run" not in columns.by_role
        else sheet.text(row, columns.by_role["run"])
    )
    return said or f"row {line}"


def _single(
    sheet: Sheet, columns: Columns, numbers: Mapping[str, Sequence[Value]], place: int
) -> Measured:
    row = sheet.rows[place]
    loss = numbers["cross_entropy"][place]
    return Measured(
        name=_name(sheet, columns, row=row, line=row.line),
        line=row.line,
        values={role: column[place] for role, column in numbers.items() if role != "cross_entropy"},
        texts=_texts(sheet, columns, row),
        steps=np.array([], dtype=np.int64),
        losses=np.array([] if loss is None else [loss], dtype=float),
    )


def _texts(sheet: Sheet, columns: Columns, row: SheetRow) -> dict[str, str]:
    return texts_of({role: sheet.cell(row, name) for role, name in columns.by_role.items()})


def texts_of(cells: Mapping[str, object]) -> dict[str, str]:
    """Of the cells of a row, by role, those that are texts."""
    return {role: text_of(cell) for role, cell in cells.items() if role in TEXT_ROLES}


def _histories(
    sheet: Sheet,
    columns: Columns,
    numbers: Mapping[str, Sequence[Value]],
    sound: Sequence[int],
    progress: str,
) -> list[Measured]:
    groups = _groups(sheet, columns, sound, progress)
    found = []
    for places in groups.values():
        first = sheet.rows[places[0]]
        values: dict[str, Value] = {}
        for role, column in numbers.items():
            if role in (progress, "cross_entropy"):
                continue
            there = [column[place] for place in places if column[place] is not None]
            late = role in PROGRESS
            values[role] = None if not there else there[-1] if late else there[0]
        texts = _texts(sheet, columns, sheet.rows[places[-1]])
        ends = [step for place in places if (step := numbers[progress][place]) is not None]
        reached = round(max(filter(math.isfinite, ends), default=0)) if ends else None
        for number, part in enumerate(_by_repetition(places, numbers, progress)):
            name = _name(sheet, columns, row=first, line=first.line)
            found.append(
                _curve(
                    Measured(
                        name=name if number == 0 else f"{name} #{number + 1}",
                        line=sheet.rows[part[0]].line,
                        values=values,
                        texts=texts,
                        steps=np.array([], dtype=np.int64),
                        losses=np.array([], dtype=float),
                        reached=reached,
                    ),
                    [(numbers[progress][place], numbers["cross_entropy"][place]) for place in part],
                )
            )
    return sorted(found, key=lambda run: run.line)


def _by_repetition(
    places: Sequence[int], numbers: Mapping[str, Sequence[Value]], progress: str
) -> list[list[int]]:
    """Places of the runs of one name."""
    measured = [place for place in places if numbers["cross_entropy"][place] is not None]
    return times_of(measured, [numbers[progress][place] for place in measured]) or [
        list(places[:1])
    ]


def times_of(places: Sequence[int], steps: Sequence[Value]) -> list[list[int]]:
    """Places of the runs of one name, of which each has its step: the n-th time that a step comes
    is the n-th run's."""
    times: dict[Value, int] = defaultdict(int)
    runs: list[list[int]] = []
    for place, step in zip(places, steps, strict=True):
        time = times[step]
        times[step] += 1
        if time == len(runs):
            runs.append([])
        runs[time].append(place)
    if len(runs) > 1 and len(runs[1]) < _AGAIN * len(runs[0]):
        return [sorted(place for part in runs for place in part)]
    return runs


def _curve(run: Measured, points: Sequence[tuple[Value, Value]]) -> Measured:
    """The run with the curve of what was measured."""
    known = [
        (round(step), float(loss))
        for step, loss in points
        if step is not None and loss is not None and 0 <= step <= _MOST_STEPS
    ]
    steps = np.array([step for step, _ in known], dtype=np.int64)
    return curve_of(run, steps, np.array([loss for _, loss in known], dtype=float))


def curve_of(run: Measured, steps: FloatArray | IntArray, losses: FloatArray) -> Measured:
    """The run with its curve: one loss a step, by step, the later one where two are left."""
    possible = (steps >= 0) & (steps <= _MOST_STEPS)
    if not possible.all():
        steps, losses = steps[possible], losses[possible]
    steps = (np.rint(steps) if steps.dtype.kind == "f" else steps).astype(np.int64)
    if not (steps[1:] > steps[:-1]).all():
        steps, last = np.unique(steps[::-1], return_index=True)
        losses = losses[::-1][last]
    return replace(run, steps=steps, losses=losses)
