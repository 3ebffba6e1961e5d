"""The sheets of what is put in: the table of assumptions, and what the plan brings along."""

from engine.report.workbook.model import Live
from engine.report.workbook.paper import HEAD, Book
from engine.roi.inputs import INPUTS
from engine.roi.workbook_file import COLUMNS, SHEET

FIRST = HEAD + 2
"""Row of the first figure: the codes of the columns stand under their names."""
_WIDTHS = {"name": 25, "label": 34, "value": 15, "unit_shown": 18, "low": 13, "high": 13,
           "distribution": 12, "source": 60, "dated": 11}  # fmt: skip
_POWER_FROM = 1e9


def shown(name: str, value: float) -> str:
    """How a figure of the table is shown: a key of :data:`engine.report.workbook.paper.NUMBERS`."""
    unit = INPUTS[name].unit
    if unit in ("share", "share/year"):
        return "share"
    if abs(value) >= _POWER_FROM and unit != "JPY":
        return "power"
    return "plain"


def assumptions(book: Book, live: Live) -> None:
    """The table of assumptions, each value a cell with the figure's name; what was exported stays
    beside it in hidden columns, so that a change is seen."""
    said = live.labels
    sheet = book.sheet(SHEET, said["assumptions"], said["assumptions_note"])
    heads = [said[f"column_{column}"] for column in COLUMNS]
    sheet.heads(heads, frozen=None)
    for across, column in enumerate(COLUMNS):
        sheet.text(HEAD + 1, across, column, "code")
    at = {column: across for across, column in enumerate(COLUMNS)}
    for row, figure in enumerate(live.table.rows, start=FIRST):
        form = shown(figure.name, figure.value)
        sheet.text(row, at["name"], figure.name, "code")
        sheet.text(row, at["label"], said[figure.name])
        sheet.text(row, at["unit_shown"], live.units[figure.name])
        for column in ("value", "low", "high"):
            sheet.number(row, at[column], getattr(figure, column), form, "input")
        sheet.text(row, at["distribution"], figure.distribution.value)
        sheet.text(row, at["source"], live.sources[figure.name])
        sheet.text(row, at["dated"], figure.dated)
        sheet.text(row, at["unit"], figure.unit)
        sheet.number(row, at["exported_value"], figure.value, form, "given")
        sheet.text(row, at["exported_source"], figure.source)
        sheet.text(row, at["exported_source_shown"], live.sources[figure.name])
        sheet.name(figure.name, row, at["value"])
    texts = [(said[figure.name], live.sources[figure.name]) for figure in live.table.rows]
    sheet.room(FIRST, texts, (_WIDTHS["label"], _WIDTHS["source"]))
    last = FIRST + len(live.table.rows) - 1
    row = last + 2
    sheet.text(row, at["label"], said["changed"])
    value, exported = (_column(at[column], FIRST, last) for column in ("value", "exported_value"))
    sheet.formula(row, at["value"], f"=SUMPRODUCT(({value}<>{exported})*1)", 0)
    sheet.name("assumptions_changed", row, at["value"])
    sheet.widths(*(_WIDTHS.get(column, 14) for column in COLUMNS))
    sheet.page.set_column(at["exported_value"], at["exported_source_shown"], 14, None,
                          {"hidden": True})  # fmt: skip
    sheet.page.freeze_panes(FIRST, at["label"] + 1)
    sheet.page.repeat_rows(HEAD)
    sheet.page.data_validation(
        FIRST,
        at["distribution"],
        last,
        at["distribution"],
        {"validate": "list", "source": ["fixed", "pert", "lognormal"]},
    )


def plan(book: Book, live: Live) -> None:
    """What the law, the search and the certificate said: values, which no formula can make."""
    said = live.labels
    sheet = book.sheet("plan", said["plan"], said["plan_note"])
    sheet.heads([said[f"column_{name}"] for name in ("name", "label", "value", "source")])
    for row, given in enumerate(live.given, start=HEAD + 1):
        sheet.text(row, 0, f"plan_{given.code}", "code")
        sheet.text(row, 1, given.name)
        if isinstance(given.value, str):
            sheet.text(row, 2, given.value)
        else:
            form = "power" if abs(given.value) >= _POWER_FROM else "plain"
            sheet.number(row, 2, given.value, form, "given")
        sheet.text(row, 3, given.source)
        sheet.name(f"plan_{given.code}", row, 2)
    sheet.widths(30, 40, 22, 60)


def _column(column: int, first: int, last: int) -> str:
    letter = chr(ord("A") + column)
    return f"${letter}${first + 1}:${letter}${last + 1}"
