"""Figures as PowerPoint's own charts, their numbers in the chart's own sheet.

Bars that do not begin at zero are stacked on an invisible part, so that an edited number moves
its bar. A band is drawn by its two edges: PowerPoint has no area between two curves on a
logarithmic axis.
"""

import math

from lxml import etree
from pptx.chart.axis import _BaseAxis
from pptx.chart.chart import Chart
from pptx.chart.data import CategoryChartData, XyChartData
from pptx.chart.plot import _BasePlot
from pptx.chart.series import XySeries
from pptx.dml.color import RGBColor
from pptx.enum.chart import (
    XL_CHART_TYPE,
    XL_LABEL_POSITION,
    XL_LEGEND_POSITION,
    XL_MARKER_STYLE,
    XL_TICK_LABEL_POSITION,
    XL_TICK_MARK,
)
from pptx.enum.dml import MSO_LINE
from pptx.oxml.ns import qn
from pptx.shapes.graphfrm import GraphicFrame
from pptx.slide import Slide
from pptx.util import Length, Pt

from engine.report.deck import Bars, Figure, Lines
from engine.report.hues import Hues
from engine.report.picture import round_ticks

_Place = tuple[Length, Length, Length, Length]
"""Left, top, width, height."""
_SIZE, _SMALLER, _MANY = 14, 11, 7
"""Type; that of names where bars are many."""
_INK, _QUIET, _GRID = (RGBColor.from_string(c) for c in ("0F111C", "565B6E", "E4E6EE"))
_LOG_FORMAT = "0E+00"
_ROOM = 1.24
"""Room at the end of bars for their amounts, over the longest."""
_WITHIN = 0.1
"""Most of a power of ten by which an axis may begin within its curves."""
_CARRIER = 0.2
"""Length of the unseen part that carries an amount, a share of what all bars span."""


def add_chart(
    page: Slide,
    figure: Figure,
    x: float,
    y: float,
    width: float,
    height: float,
    language: str,
    hues: Hues,
) -> None:
    """Put the figure on a slide, with its words for those who do not see it."""
    place = (Pt(x), Pt(y), Pt(width), Pt(height))
    if isinstance(figure, Bars):
        frame = _add_bars(page, figure, place, hues)
    else:
        frame = _add_lines(page, figure, place, hues)
    frame._element.nvGraphicFramePr.cNvPr.set("descr", figure.alt)
    chart = frame.chart
    chart.font.size, chart.font.color.rgb = Pt(_SIZE), _INK
    chart.has_title = False
    for run in chart._chartSpace.iter(qn("a:defRPr")):
        run.set("lang", "ja-JP" if language == "ja" else "en-GB")


def _new_chart(
    page: Slide, kind: XL_CHART_TYPE, place: _Place, data: CategoryChartData | XyChartData
) -> GraphicFrame:
    # python-pptx promises a chart and takes no points in its annotations; what it returns is the
    # frame around a chart, of points as well.
    frame: object = page.shapes.add_chart(kind, *place, data)  # type: ignore[arg-type]
    assert isinstance(frame, GraphicFrame)
    return frame


def _add_bars(page: Slide, figure: Bars, place: _Place, hues: Hues) -> GraphicFrame:
    data = CategoryChartData()
    bars = figure.bars[::-1]  # Upwards: an axis turned round takes the axis of values with it.
    data.categories = [bar.name for bar in bars]
    spans = [sorted((bar.start, bar.end)) for bar in bars]
    if figure.floating:
        data.add_series(
            figure.heads[1], [low if low > 0 else min(high, 0.0) for low, high in spans]
        )
        data.add_series(figure.heads[2] + " +", [max(high, 0) - max(low, 0) for low, high in spans])
        data.add_series(figure.heads[2] + " −", [min(low, 0) - min(high, 0) for low, high in spans])
        # Stacked bars take no label beyond their end: one more part, unseen, carries the amounts.
        reach = max(high for _, high in spans) - min(low for low, _ in spans)
        data.add_series(" ", [_CARRIER * reach for _ in spans])
        data.add_series("  ", [-_CARRIER * reach if bar.falls else 0.0 for bar in bars])
        kind = XL_CHART_TYPE.BAR_STACKED
    else:
        data.add_series(figure.heads[1], [bar.end for bar in bars])
        kind = XL_CHART_TYPE.BAR_CLUSTERED
    frame = _new_chart(page, kind, place, data)
    chart = frame.chart
    chart.has_legend = False
    plot = chart.plots[0]
    plot.gap_width = 55
    if figure.floating:
        plot.overlap = 100
        plot.series[0].format.fill.background()
        plot.series[3].format.fill.background()
        plot.series[4].format.fill.background()
    for series in list(plot.series)[1:3] if figure.floating else plot.series:
        series.invert_if_negative = False
        for point, bar in enumerate(bars):
            fill = series.points[point].format.fill
            fill.solid()
            hues.paint(fill.fore_color, bar.colour)
    _amounts(plot, figure)
    axis = chart.category_axis
    axis.tick_label_position = XL_TICK_LABEL_POSITION.LOW
    if all(high < 0.0 for _, high in spans):
        axis.format.line.fill.background()  # Amounts stand where it would be drawn.
        axis.major_tick_mark = XL_TICK_MARK.NONE
    else:
        axis.format.line.color.rgb = _QUIET
    axis.tick_labels.font.size = Pt(_SIZE if len(bars) <= _MANY else _SMALLER)
    # Each bar's name, also where there are many: an axis of its own choice leaves some out.
    every = etree.Element(qn("c:tickLblSkip"), val="1")
    axis._element.find(qn("c:noMultiLvlLbl")).addprevious(every)
    ends = [end for span in spans for end in span]
    low, high = min(0.0, *ends), max(0.0, *ends)
    left = (_ROOM - 1.0) * (high - low) if any(bar.falls for bar in bars) else 0.0
    _value_axis(chart, low - left, low + (high - low) * _ROOM, figure.unit)
    return frame


def _amounts(plot: _BasePlot, figure: Bars) -> None:
    """Each bar's amount as people read it, beside the bar: of one that hangs left of zero in the
    unseen part between, which begins at the bar's right end."""
    for point, bar in enumerate(figure.bars[::-1]):
        carrier, position = 0, XL_LABEL_POSITION.OUTSIDE_END
        if figure.floating:
            hangs = figure.hangs(bar)
            carrier = 4 if bar.falls else 0 if hangs else 3
            position = XL_LABEL_POSITION.INSIDE_END if hangs else XL_LABEL_POSITION.INSIDE_BASE
        label = plot.series[carrier].points[point].data_label
        label.has_text_frame = True
        label.text_frame.text = bar.text
        label.text_frame.word_wrap = False
        font = label.text_frame.paragraphs[0].runs[0].font
        font.size, font.bold, font.color.rgb = Pt(_SIZE), True, _INK
        label.position = position


def _add_lines(page: Slide, figure: Lines, place: _Place, hues: Hues) -> GraphicFrame:
    data = XyChartData()
    band = figure.band
    curves = [(line.name, line.y) for line in figure.lines]
    curves += [(band.low_name, band.low), (band.high_name, band.high)]
    for name, values in curves:
        series = data.add_series(name)
        for x, y in zip(figure.x, values, strict=True):
            if math.isfinite(y):
                series.add_data_point(x, y)
    for mark in figure.marks:
        data.add_series(mark.text).add_data_point(mark.x, mark.y)
    frame = _new_chart(page, XL_CHART_TYPE.XY_SCATTER_LINES_NO_MARKERS, place, data)
    chart = frame.chart
    series = list(chart.plots[0].series)
    for line, drawn in zip(figure.lines, series, strict=False):
        dash = MSO_LINE.DASH if line.dashed else MSO_LINE.ROUND_DOT if line.dotted else None
        _stroke(drawn, hues, line.colour, line.width, dash)
    for drawn in series[len(figure.lines) : len(curves)]:
        _stroke(drawn, hues, band.colour, 1.0, MSO_LINE.ROUND_DOT)
    for mark, drawn in zip(figure.marks, series[len(curves) :], strict=True):
        drawn.format.line.fill.background()
        drawn.marker.style, drawn.marker.size = XL_MARKER_STYLE.CIRCLE, 12
        drawn.marker.format.fill.solid()
        hues.paint(drawn.marker.format.fill.fore_color, mark.colour)
        label = drawn.points[0].data_label
        label.has_text_frame = True
        label.text_frame.text = mark.text
        label.text_frame.word_wrap = False
        font = label.text_frame.paragraphs[0].runs[0].font
        font.size, font.bold = Pt(_SIZE), True
        label.position = XL_LABEL_POSITION.ABOVE if mark.above else XL_LABEL_POSITION.BELOW
    _legend(chart, kept=len(curves))
    _value_axis(chart, *figure.shown, figure.y_title)
    axis = chart.category_axis
    axis.minimum_scale, axis.maximum_scale = min(figure.x), max(figure.x)
    axis.tick_label_position = XL_TICK_LABEL_POSITION.LOW
    _title(axis, figure.x_title)
    axis.tick_labels.font.size = Pt(_SIZE)
    axis.has_major_gridlines = False
    if figure.log_x:
        # A power of ten, from which PowerPoint counts: that under the curves, or just within them.
        axis.minimum_scale = 10.0 ** math.floor(math.log10(min(figure.x)) + _WITHIN)
        base = etree.SubElement(axis._element.scaling, qn("c:logBase"))
        base.set("val", "10")
        axis._element.scaling.insert(0, base)
        axis.major_unit = 10
        axis.tick_labels.number_format = _LOG_FORMAT
        axis.tick_labels.number_format_is_linked = False
    return frame


def _stroke(series: XySeries, hues: Hues, colour: str, width: float, dash: MSO_LINE | None) -> None:
    hues.paint(series.format.line.color, colour)
    series.format.line.width = Pt(width)
    if dash is not None:
        series.format.line.dash_style = dash
    series.marker.style = XL_MARKER_STYLE.NONE


def _legend(chart: Chart, *, kept: int) -> None:
    """Names of the curves on top; marks carry their own."""
    chart.has_legend = True
    chart.legend.position, chart.legend.include_in_layout = XL_LEGEND_POSITION.TOP, False
    chart.legend.font.size = Pt(_SIZE)
    legend = chart.legend._element
    for index in range(kept, len(list(chart.plots[0].series))):
        entry = etree.Element(qn("c:legendEntry"))
        etree.SubElement(entry, qn("c:idx")).set("val", str(index))
        etree.SubElement(entry, qn("c:delete")).set("val", "1")
        legend.insert(1 + index - kept, entry)


def _value_axis(chart: Chart, low: float, high: float, title: str) -> None:
    """From the round value under ``low``, from which PowerPoint counts, to ``high``; below zero up
    to a round value, from which LibreOffice counts."""
    axis, ticks = chart.value_axis, round_ticks(low, high, 5)
    axis.minimum_scale = ticks[0]
    axis.maximum_scale = high if high > max(low, 0.0) else ticks[-1]
    axis.major_unit = ticks[1] - ticks[0]
    axis.major_gridlines.format.line.color.rgb = _GRID
    axis.format.line.fill.background()
    axis.tick_labels.font.size = Pt(_SIZE)
    axis.tick_labels.number_format = _format(axis.major_unit)
    axis.tick_labels.number_format_is_linked = False
    _title(axis, title)


def _format(step: float) -> str:
    """Of values that are multiples of ``step``: none is rounded.

    >>> _format(2.5), _format(2000.0)
    ('#,##0.0;−#,##0.0;0.0', '#,##0;−#,##0;0')
    """
    digits = len(f"{step:.6g}".partition(".")[2])
    one = "0" + "." * bool(digits) + "0" * digits
    return f"#,##{one};−#,##{one};{one}"


def _title(axis: _BaseAxis, text: str) -> None:
    axis.has_title = True
    axis.axis_title.text_frame.text = text
    font = axis.axis_title.text_frame.paragraphs[0].runs[0].font
    font.size, font.bold, font.color.rgb = Pt(_SIZE), False, _QUIET
