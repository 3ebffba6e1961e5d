"""Any two columns of an answer in SQL over one another."""

from collections.abc import Mapping, Sequence

import numpy as np

from dashboard.run_card import facts as run_facts
from dashboard.ui.canvas import Canvas
from dashboard.ui.chart import Chart
from dashboard.ui.colours import Palette
from engine.api.runs import Rows
from engine.text import formats
from engine.text.i18n import Words

_RUN = "run_id"


def points(
    found: Rows,
    across: str,
    up: str,
    names: Mapping[str, str],
    words: Words,
    colours: Palette,
    *,
    is_log: bool,
) -> Chart | None:
    """Two columns of numbers, a mark a row; None where no row has both. On logarithmic axes rows
    at or below zero are left out, as a gap in the count that the text says.

    Where the answer has a column ``run_id``, that is the ``customdata`` of each mark,
    and ``names`` says what it is called."""
    cells = dict(zip(found.columns, found.cells, strict=True))
    whose: Sequence[object] = cells.get(_RUN, [None] * len(found))
    rows = [
        (x, y, str(run))
        for x, y, run in zip(cells[across], cells[up], whose, strict=True)
        if x is not None and y is not None
    ]
    pairs = np.array([row[:2] for row in rows], dtype=float).reshape(-1, 2)
    drawn = np.isfinite(pairs).all(axis=1) & (~np.array(is_log) | (pairs > 0).all(axis=1))
    pairs, runs = pairs[drawn], [row[2] for row, is_in in zip(rows, drawn, strict=True) if is_in]
    if not len(pairs):
        return None
    canvas = Canvas(colours)
    if is_log:
        low, high = pairs.min(axis=0), pairs.max(axis=0)
        canvas.log_axis("x", low[0], high[0], words.language, air=(0.03, 0.03))
        canvas.log_axis("y", low[1], high[1], words.language, air=(0.05, 0.05))
    canvas.drawing.add_scatter(
        x=pairs[:, 0],
        y=pairs[:, 1],
        mode="markers",
        marker={"color": colours.evidence, "size": 7},
        customdata=runs if _RUN in cells else None,
        hovertext=[formats.in_chart(run_facts.called(run, names)) for run in runs]
        if _RUN in cells
        else None,
        hovertemplate=f"{'<b>%{hovertext}</b><br>' if _RUN in cells else ''}"
        "%{x:.4g}<br>%{y:.4g}<extra></extra>",
    )
    canvas.drawing.update_xaxes(title_text=formats.in_chart(across))
    canvas.drawing.update_yaxes(title_text=formats.in_chart(up))
    said = words.say(
        "{up} over {across}: {drawn} of {rows} rows, from {low} to {high}.",
        up=up,
        across=across,
        drawn=formats.exact(len(pairs)),
        rows=formats.exact(len(found)),
        low=f"{pairs[:, 1].min():.4g}",
        high=f"{pairs[:, 1].max():.4g}",
    )
    return Chart(canvas.drawing, said)
