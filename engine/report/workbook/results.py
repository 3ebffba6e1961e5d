"""The sheets of what the draws gave, and of how one amount leads to another."""

from engine.cost import ONCE
from engine.interval import Interval
from engine.report.colours import ACCENT, SOFT
from engine.report.workbook.model import Live
from engine.report.workbook.paper import HEAD, Book, Sheet
from engine.report.workbook.worth import FIRST
from engine.roi.appraise import Appraisal
from engine.roi.cashflow import PARTS

_RUN = ("serving", "operation")
_COSTS = (*ONCE, *_RUN, "legal")


def reconciliation(book: Book, live: Live) -> None:
    """Each cost at its own values, discounted, and as a mean over the draws; then from spending to
    the total cost."""
    said, outlay = live.labels, live.outlay
    sheet = book.sheet("reconciliation", said["reconciliation"], said["reconciliation_note"])
    heads = ("label", "list_price", "discounted", "mean", "moved")
    sheet.heads([said[f"column_{head}"] for head in heads])
    row = FIRST
    at = {head: column for column, head in enumerate(heads)}
    for part in _COSTS:
        sheet.text(row, 0, said[part])
        listed, value = _listed(part, live)
        _money(sheet, row, at["list_price"], listed, value)
        share = "" if part in ONCE else "*calc_live_months_sum/calc_live_months"
        _money(sheet, row, at["discounted"], f"=B{row + 1}{share}", _discounted(part, value, live))
        mean = outlay.costs[part]
        sheet.number(row, at["mean"], mean, "money", "given")
        letters = {head: chr(ord("A") + column) for head, column in at.items()}
        moved = f"={letters['mean']}{row + 1}-{letters['list_price']}{row + 1}"
        _money(sheet, row, at["moved"], moved, mean - value)
        row += 1
    first = FIRST + 1
    last_once, last_run, last = (
        first + len(ONCE) - 1,
        first + len(ONCE) + 1,
        first + len(_COSTS) - 1,
    )
    for code, end in (("cash_to_approve", last_once), ("spending", last_run), ("total_cost", last)):
        sheet.text(row, 0, said[code])
        for head, column in at.items():
            if head == "label":
                continue
            letter = chr(ord("A") + column)
            value = _sum(head, _COSTS[: end - first + 1], live)
            formula = f"=SUM({letter}{first}:{letter}{end})"
            sheet.formula(row, column, formula, value, "money", "total")
        row += 1
    sheet.widths(36, 18, 18, 20, 20)
    sheet.text(row + 1, 0, said["changed"])
    sheet.formula(row + 1, 1, "=assumptions_changed", 0, "year")


def _listed(part: str, live: Live) -> tuple[str, float]:
    """A cost with every figure at its own value, undiscounted: formula and value."""
    if part in ONCE:
        name = f"calc_{part}"
        return f"={name}", live.values[part]
    value = live.values[f"{part}_per_year"] / 12 * live.values["live_months"]
    return f"=calc_{part}_per_year/12*calc_live_months", value


def _sum(head: str, parts: tuple[str, ...], live: Live) -> float:
    listed = {part: _listed(part, live)[1] for part in parts}
    mean = {part: live.outlay.costs[part] for part in parts}
    if head == "list_price":
        return sum(listed.values())
    if head == "mean":
        return sum(mean.values())
    if head == "moved":
        return sum(mean.values()) - sum(listed.values())
    return sum(_discounted(part, amount, live) for part, amount in listed.items())


def _discounted(part: str, amount: float, live: Live) -> float:
    """What is paid now is worth what is paid; the rest comes after the launch."""
    if part in ONCE:
        return amount
    return amount * live.values["live_months_sum"] / live.values["live_months"]


def _money(sheet: Sheet, row: int, column: int, formula: str, value: float) -> None:
    sheet.formula(row, column, formula, value, "money")


_AMOUNTS = (
    "npv", "cash_to_approve", "running_cost", "expected_damage", "total_cost", "value_per_year",
    "legal_avoided",
)  # fmt: skip


_SHARES = ("probability", "launch_probability", "never_pays_back")


def draws(book: Book, live: Live) -> None:
    """What the Monte Carlo gave, with its seed: figures with their ranges, the cumulative cash
    month by month with its band, and what moves the NPV most."""
    said = live.labels
    note = said["draws_note"].format(draws=f"{live.draws:,}", seed=live.seed)
    sheet = book.sheet("draws", said["draws"], note)
    sheet.heads([said[f"column_{head}"] for head in ("label", "mean", "low", "high", "name")])
    row = FIRST
    for code, value, kind in (("seed", live.seed, "year"), ("draws_count", live.draws, "plain")):
        sheet.text(row, 0, said[code])
        sheet.number(row, 1, value, kind, "given")
        sheet.text(row, 4, code, "code")
        row += 1
    assert live.valued is not None
    worth = live.valued.study.appraisal
    for code in _AMOUNTS:
        _ranged(sheet, row, said[code], getattr(worth, code), code, "money")
        row += 1
    _ranged(sheet, row, said["payback"], worth.payback_months, "payback_months", "months")
    row += 1
    shares = [(code, said[code], getattr(worth, code)) for code in _SHARES]
    shares += [
        (f"internal_rate_{place}", said["internal_rate"], rate)
        for place, rate in enumerate(worth.internal_rates, start=1)
    ]
    for code, label, share in shares:
        sheet.text(row, 0, label)
        sheet.number(row, 1, share, "share", "given")
        sheet.text(row, 4, code, "code")
        row += 1
    row = _parts(sheet, row + 1, worth, live)
    last = max(_tornado(sheet, row + 1, live), FIRST + len(worth.cash.months))
    _band(book, sheet, worth, live, last + 1)
    sheet.text(1, 4, said["changed"], "note")
    sheet.formula(1, 3, "=assumptions_changed", 0, "year")
    sheet.widths(40, 18, 18, 18, 26, 3, 10, 18, 18, 18)


def _ranged(sheet: Sheet, row: int, label: str, found: Interval, code: str, shown: str) -> None:
    sheet.text(row, 0, label)
    for column, end in enumerate((found.value, found.low, found.high), start=1):
        sheet.number(row, column, end, shown, "given")
    sheet.text(row, 4, code, "code")


def _parts(sheet: Sheet, row: int, worth: Appraisal, live: Live) -> int:
    """Mean present value of each part."""
    for part in PARTS:
        sheet.text(row, 0, live.labels[f"calc_pv_{part}"])
        sheet.number(row, 1, worth.parts[part], "money", "given")
        sheet.text(row, 4, f"mean_pv_{part}", "code")
        row += 1
    return row


def _tornado(sheet: Sheet, row: int, live: Live) -> int:
    """The NPV at both ends of each uncertain figure, all others at their values; the row after
    them."""
    assert live.valued is not None
    said = live.labels
    heads = [said[f"column_{head}"] for head in ("tornado", "low", "high", "npv_low", "npv_high")]
    sheet.heads(heads, row, frozen=None)
    for place, bar in enumerate(live.valued.study.tornado, start=row + 1):
        sheet.text(place, 0, said[bar.name])
        for column, (value, shown) in enumerate(
            ((bar.low, "plain"), (bar.high, "plain"), (bar.npv_at_low, "money"),
             (bar.npv_at_high, "money")), start=1,
        ):  # fmt: skip
            sheet.number(place, column, value, shown, "given")
    return row + 1 + len(live.valued.study.tornado)


def _band(book: Book, sheet: Sheet, worth: Appraisal, live: Live, under: int) -> None:
    """Cumulative cash by month: mean and range, with a chart in row ``under``: beside the tables it
    would make the printed page twice as wide."""
    said, cash, column = live.labels, worth.cash, 6
    for across, head in enumerate(("month_month", "column_mean", "column_low", "column_high")):
        sheet.page.write_string(HEAD, column + across, said[head], book.format("head"))
    for place, month in enumerate(cash.months):
        row = FIRST + place
        sheet.number(row, column, float(month), "year", "given")
        for across, series in enumerate((cash.mean, cash.low, cash.high), start=1):
            sheet.number(row, column + across, float(series[place]), "money", "given")
    end = FIRST + len(cash.months) - 1
    chart = book.workbook.add_chart({"type": "line"})
    for across, colour, dash in ((1, ACCENT, "solid"), (2, SOFT, "dash"),
                                 (3, SOFT, "dash")):  # fmt: skip
        chart.add_series(
            {
                "name": ["draws", HEAD, column + across],
                "categories": ["draws", FIRST, column, end, column],
                "values": ["draws", FIRST, column + across, end, column + across],
                "line": {"color": colour, "width": 2.25, "dash_type": dash},
            }
        )
    chart.set_title({"name": said["cash_band"], "name_font": {"size": 12}})
    chart.set_x_axis({"name": said["month_month"], "label_position": "low", "interval_unit": 12,
                      "interval_tick": 12})  # fmt: skip
    chart.set_y_axis(book.money_axis())
    chart.set_legend({"position": "bottom"})
    chart.set_size({"width": 980, "height": 360})
    sheet.page.insert_chart(under, 0, chart)
