"""The sheets of the cash flows: every month by formula, and the years as their sums.

The formulas are those of :mod:`engine.roi.cashflow`: month 0 is now, what runs starts with the
launch, value climbs over the ramp, tax is paid on the result less straight-line depreciation.
"""

import numpy as np

from engine.report.colours import ACCENT, SOFT
from engine.report.workbook.model import Live
from engine.report.workbook.paper import HEAD, Book
from engine.roi.measures import discount_factors

MONTHS = "months"
FIRST = HEAD + 1
COLUMNS = (
    "month", "live", "share", "discount", "value", "serving", "operation", "legal", "tax", "net",
    "cumulative", "below",
)  # fmt: skip
_LETTER = {column: chr(ord("A") + place) for place, column in enumerate(COLUMNS)}
_RUNNING = ("value", "serving", "operation", "legal")
_PER_YEAR = {
    "value": "calc_value_full_per_year", "serving": "-calc_serving_per_year",
    "operation": "-calc_operation_per_year", "legal": "-calc_legal_per_year",
}  # fmt: skip
_OF_YEAR = ("once", *_RUNNING, "tax", "net", "cumulative")


def span(column: str, live: Live, *, start: int = 0) -> str:
    """The cells of a column from month ``start`` on, for a formula of another sheet."""
    letter = _LETTER[column]
    return f"{MONTHS}!${letter}${FIRST + start + 1}:${letter}${FIRST + live.rows + 1}"


def _by_month(live: Live) -> dict[str, np.ndarray]:
    """What the engine has for each month, (rows + 1,) each; 0 after the horizon."""
    central, values = live.central, live.values
    when, size = central.timing, live.rows + 1
    lives, shares = (
        np.array([0.0, *(float(np.ravel(each)[0]) for each in row)])
        for row in (when.lives, when.shares)
    )
    month = np.arange(size)
    within = month <= when.months
    found = {"month": month.astype(float)}
    found["live"], found["share"] = (np.pad(row, (0, size - row.size)) for row in (lives, shares))
    found["discount"] = (
        discount_factors(live.figures["discount_rate"], month.astype(float)) * within
    )
    on = values["launched"]
    rates = {
        "value": values["value_full_per_year"] * found["share"],
        **{name: -values[f"{name}_per_year"] * found["live"] for name in _RUNNING[1:]},
    }
    for name in _RUNNING:
        found[name] = rates[name] / 12 * on
    running = sum(found[name] for name in _RUNNING)
    tax = live.table["tax_rate"].value
    relief = np.where(within, values["once"] / when.months, 0.0)
    found["tax"] = -tax * (running - relief)
    found["tax"][0] = 0.0
    cumulative = np.ravel(central.cumulative[:, 0])
    found["cumulative"] = np.pad(cumulative, (0, size - cumulative.size), mode="edge")
    found["net"] = np.diff(found["cumulative"], prepend=0.0)
    found["below"] = np.where(within & (found["cumulative"] < 0), month, -1.0)
    return found


def _formulas(row: int) -> dict[str, str]:
    """The formulas of one month after the first; ``row`` counts from 1."""
    at = {column: f"{letter}{row}" for column, letter in _LETTER.items()}
    month, live = f"${at['month']}", f"${at['live']}"
    running = "+".join(at[name] for name in _RUNNING)
    in_full = {name: "share" if name == "value" else "live" for name in _RUNNING}
    return {
        "live": f"=IF({month}>calc_months,0,MAX(0,MIN(1,{month}-launch_months)))",
        "share": f"=IF({live}=0,0,{live}*MAX(0,MIN(1,({month}-{live}/2-launch_months)"
        "/MAX(ramp_months,0.000000001))))",
        "discount": f"=IF({month}>calc_months,0,(1+discount_rate)^(-{month}/12))",
        **{name: f"={_PER_YEAR[name]}/12*{at[in_full[name]]}*calc_launched" for name in _RUNNING},
        "tax": f"=-tax_rate*({running}-IF({month}>calc_months,0,calc_once/calc_months))",
        "net": f"={running}+{at['tax']}",
        "cumulative": f"={_LETTER['cumulative']}{row - 1}+{at['net']}",
        "below": f"=IF(AND({month}<=calc_months,{at['cumulative']}<0),{month},-1)",
    }


def months(book: Book, live: Live) -> None:
    """Every month of the central case."""
    said = live.labels
    sheet = book.sheet(MONTHS, said[MONTHS], said["months_note"].format(rows=live.rows))
    sheet.heads([said[f"month_{column}"] for column in COLUMNS], frozen=1)
    found = _by_month(live)
    shown = {"live": "factor", "share": "factor", "discount": "factor", "below": "year"}
    for month in range(live.rows + 1):
        row = FIRST + month
        sheet.number(row, 0, month, "year")
        formulas = _formulas(row + 1)
        if month == 0:
            formulas |= {
                "live": "=0", "share": "=0", "discount": "=1", "value": "=0", "serving": "=0",
                "operation": "=0", "legal": "=0", "tax": "=0", "net": "=-calc_once",
                "cumulative": f"={_LETTER['net']}{row + 1}",
            }  # fmt: skip
        for across, column in enumerate(COLUMNS[1:], start=1):
            value = float(found[column][month])
            sheet.formula(row, across, formulas[column], value, shown.get(column, "yen"))
    sheet.widths(8, 10, 10, 10, *[16] * 7, 10)


def cash_flow(book: Book, live: Live) -> None:
    """The years, each the sum of its months, and the cumulative line as a chart."""
    said = live.labels
    sheet = book.sheet("cash_flow", said["cash_flow"], said["cash_flow_note"])
    sheet.heads([said["year"], *(said[f"month_{column}"] for column in _OF_YEAR)], frozen=1)
    found = _by_month(live)
    years = -(-live.rows // 12)
    shown_years = -(-round(12 * live.table["horizon_years"].value) // 12)
    for year in range(years + 1):
        row, first, last = FIRST + year, 12 * (year - 1) + 1, min(12 * year, live.rows)
        sheet.number(row, 0, year, "year")
        for across, column in enumerate(_OF_YEAR, start=1):
            if column == "once":
                value = -live.values["once"] if year == 0 else 0.0
                formula = "=-calc_once" if year == 0 else "=0"
            elif column == "cumulative":
                value = float(found[column][last if year else 0])
                formula = f"={MONTHS}!{_LETTER[column]}{FIRST + 1 + (last if year else 0)}"
            elif year == 0:
                value = float(found[column][0])
                formula = f"={MONTHS}!{_LETTER[column]}{FIRST + 1}"
            else:
                value = float(found[column][first : last + 1].sum())
                top, bottom = FIRST + 1 + first, FIRST + 1 + last
                formula = f"=SUM({MONTHS}!{_LETTER[column]}{top}:{_LETTER[column]}{bottom})"
            sheet.formula(row, across, formula, value, "money")
    sheet.widths(8, *[17] * len(_OF_YEAR))
    end = FIRST + shown_years
    chart = book.workbook.add_chart({"type": "column"})
    line = book.workbook.add_chart({"type": "line"})
    for kind, column, colour in ((chart, "net", SOFT), (line, "cumulative", ACCENT)):
        place = 1 + _OF_YEAR.index(column)
        kind.add_series(
            {
                "name": ["cash_flow", HEAD, place],
                "categories": ["cash_flow", FIRST, 0, end, 0],
                "values": ["cash_flow", FIRST, place, end, place],
                "fill": {"color": colour},
                "line": {"color": colour, "width": 2.5},
            }
        )
    chart.combine(line)
    chart.set_title({"name": said["cash_flow"], "overlay": False, "name_font": {"size": 12}})
    chart.set_x_axis({"name": said["year"], "label_position": "low"})
    chart.set_y_axis(book.money_axis())
    chart.set_legend({"position": "bottom"})
    chart.set_size({"width": 900, "height": 340})
    sheet.page.insert_chart(FIRST + years + 2, 0, chart)
