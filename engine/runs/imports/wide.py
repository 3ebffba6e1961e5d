"""Chart exports of trackers, a column a run -> a sheet of rows.

Weights & Biases writes "Step" and, for each run of a chart, "run-a - eval/loss" with the ends of
the interval that a point stands for in ``__MIN`` and ``__MAX``. NaN there, or nothing, is a step at
which the run measured nothing: a gap, no divergence.

>>> from engine.runs.imports.sheet import of_rows
>>> chart = of_rows("chart.csv", [{"Step": 1, "a - loss": 4.1, "a - loss__MIN": 4.0}])
>>> is_wide(chart), long_sheet(chart).rows[0].cells
(True, ('a', 1, 4.1))
"""

import re

from engine.runs.imports.columns import plain
from engine.runs.imports.sheet import WANDB, Sheet, SheetRow

_ENDS = re.compile(r"__(?:MIN|MAX)$")
_RUN = re.compile(r"^(?P<run>.+) - (?P<metric>[^-].*)$")
_STEPS = ("step", "globalstep", "trainerglobalstep", "trainglobalstep")


def is_wide(sheet: Sheet) -> bool:
    """Whether every column but the first is a run's."""
    first, *others = sheet.header
    if plain(first) not in _STEPS or not others:
        return False
    return all(_RUN.match(_ENDS.sub("", name)) for name in others)


def long_sheet(sheet: Sheet) -> Sheet:
    """A row a run and step, under the names run, step and the chart's metric."""
    step, *others = sheet.header
    curves = [name for name in others if not _ENDS.search(name)]
    metrics = {match["metric"] for name in curves if (match := _RUN.match(name))}
    metric = next(iter(metrics)) if len(metrics) == 1 else "loss"
    rows = []
    for name in curves:
        match = _RUN.match(name)
        run = match["run"] if match else name
        run = run if len(metrics) == 1 or not match else f"{run} {match['metric']}"
        for row in sheet.rows:
            rows.append(SheetRow(row.line, (run, sheet.cell(row, step), sheet.cell(row, name))))
    return Sheet(
        name=sheet.name,
        source=WANDB,
        header=("run", "step", metric),
        rows=tuple(rows),
        refused=sheet.refused,
        gaps_are_nan=True,
        detected=sheet.detected,
        table=sheet.table,
    )
