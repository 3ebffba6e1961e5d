"""The sheets of what it is worth: step by step to the NPV, the waterfall, and what breaks even."""

import math

from engine.report.colours import ACCENT, RULE
from engine.report.workbook.cash import span
from engine.report.workbook.model import Live
from engine.report.workbook.paper import HEAD, Book, Sheet
from engine.roi.cashflow import PARTS, RUNNING
from engine.roi.inputs import INPUTS, Kind
from engine.roi.kinds import METRIC_ROWS, METRICS, CurveShape
from engine.roi.metric import AssumedCurve
from engine.roi.plan import Plan
from engine.roi.sensitivity import WIDEST

FIRST = HEAD + 1
_TIMES = ("months", "ramp_months_sum", "live_months_sum", "all_months_sum", "live_months")
ONCE = ("training", "search", "communication", "pilots", "data_preparation", "people")
_HIGHEST_POWER = 700
"""Of e in a logistic curve: beyond it a spreadsheet overflows."""


def cost_formulas(plan: Plan) -> dict[str, str]:
    """What a project costs, by named cells: :func:`engine.cost.breakdown`."""
    overhead = "*dp_overhead" if plan.workload.private else ""
    return {
        "training": f"=price_per_device_hour*jpy_per_usd*plan_compute_flops{overhead}"
        "/(peak_flops*utilisation*3600)",
        "communication": "=(plan_iterations*2*(devices-1)*plan_model_size*bytes_per_parameter"
        "/bytes_per_second/3600*price_per_device_hour"
        "+2*plan_iterations*federated_links*plan_model_size*bytes_per_parameter/10^9"
        "*price_per_gigabyte)*jpy_per_usd",
        "search": "=(calc_training+calc_communication)*(search_multiplier-1)",
        "pilots": "=pilot_cost",
        "data_preparation": "=plan_data_budget*data_preparation_per_person",
        "people": "=team_size*team_months*cost_per_person_month",
        "once": "=" + "+".join(f"calc_{name}" for name in ONCE),
        "serving_devices_on": "=MAX(ROUNDUP(2*plan_model_size*tokens_per_day*peak_to_average/86400"
        "/(serving_peak_flops*serving_utilisation),0),serving_devices)",
        "serving_per_year": "=serving_price_per_hour*jpy_per_usd*24*365*calc_serving_devices_on",
        "operation_per_year": "=12*operation_team_size*cost_per_person_month",
        "legal_full_per_year": "=incident_probability*(incident_cost"
        "+plan_data_budget*people_exposed*damages_per_person)",
        "risk_left": "=1"
        if plan.advantage is None
        else "=MIN(plan_attack_advantage/advantage_without_dp,1)",
        "legal_per_year": "=calc_legal_full_per_year*calc_risk_left",
    }


def metric_formula(live: Live) -> str:
    """The metric at the predicted loss: :meth:`engine.roi.metric.AssumedCurve.metric`, or the line
    through measured pairs."""
    assert live.valued is not None
    curve = live.valued.curve
    loss = f"({curve.scale!r}*plan_predicted_loss)"
    about = METRICS[curve.kind]
    if isinstance(curve, AssumedCurve):
        line = f"(metric_half_loss-{loss})/metric_width"
        share = f"1/(1+EXP(MIN({_HIGHEST_POWER},-({line}))))"
        if about.shape is CurveShape.EXPONENTIAL:
            return f"=MIN(metric_ceiling/({share}),{about.most!r})"
        return f"={about.worst!r}+(metric_ceiling-{about.worst!r})*{share}"
    line = f"{curve.intercept!r}+({curve.slope!r})*{loss}"
    if curve.shape is CurveShape.EXPONENTIAL:
        return f"=EXP(MIN({line},{_HIGHEST_POWER}))"
    share = f"1/(1+EXP(MIN({_HIGHEST_POWER},-({line}))))"
    return f"={curve.floor!r}+({curve.ceiling!r}-({curve.floor!r}))*{share}"


def _return_formulas(live: Live) -> dict[str, str]:
    share, alive, discount = (span(name, live) for name in ("share", "live", "discount"))
    net, later = span("net", live), span("discount", live, start=1)
    below, cumulative = span("below", live), span("cumulative", live)
    months = "12*horizon_years"
    whole = f"IF(MOD({months},1)=0.5,2*ROUND({months}/2,0),ROUND({months},0))"
    kept = "(1-tax_rate)"
    never = _quoted(live.labels["never"])
    none = _quoted(live.labels["none"])
    per_year = {"serving": "serving", "operation": "operation", "legal": "legal"}
    always = "+".join(f"calc_if_{name}" for name in RUNNING[:-1])
    return {
        "months": f"=IF({whole}>{live.rows},NA(),{whole})",
        "ramp_months_sum": f"=SUMPRODUCT({share},{discount})",
        "live_months_sum": f"=SUMPRODUCT({alive},{discount})",
        "all_months_sum": f"=SUM({later})",
        "live_months": f"=SUM({alive})",
        "metric": metric_formula(live),
        "gain": f"={live.direction!r}*(calc_metric-metric_today)",
        "value_full_per_year": "=tasks_per_year*adoption*value_per_unit*calc_gain",
        "if_value": "=calc_value_full_per_year/12*calc_ramp_months_sum",
        **{
            f"if_{name}": f"=-calc_{each}_per_year/12*calc_live_months_sum"
            for name, each in per_year.items()
        },
        "running": f"={always}",
        "launched": "=IF(calc_running>0,1,0)",
        **{f"pv_{name}": f"=-calc_{name}" for name in ONCE},
        **{f"pv_{name}": f"=calc_if_{name}*calc_launched" for name in RUNNING[:-1]},
        "pv_tax": "=-tax_rate*(calc_running*calc_launched"
        "-calc_once/calc_months*calc_all_months_sum)",
        "npv": "=" + "+".join(f"calc_pv_{name}" for name in PARTS),
        "npv_by_month": f"=SUMPRODUCT({net},{discount})",
        "npv_if_launched": f"={kept}*calc_running-calc_once"
        "*(1-tax_rate*calc_all_months_sum/calc_months)",
        "internal_rate": f"=IF(OR(MIN({net})>=0,MAX({net})<=0),{none},(1+IRR({net},0.01))^12-1)",
        "payback": f"=IF(MAX({below})<0,0,IF(MAX({below})>=calc_months,{never},MAX({below})"
        f"-INDEX({cumulative},MAX({below})+1)/(INDEX({cumulative},MAX({below})+2)"
        f"-INDEX({cumulative},MAX({below})+1))))",
    }


_HEADLINES = ("npv", "internal_rate", "payback", "npv_by_month", "launched")
_UNIT = {
    "internal_rate": "share", "risk_left": "share", "payback": "months", "launched": "year",
    "months": "year", "ramp_months_sum": "factor", "live_months_sum": "factor",
    "all_months_sum": "factor", "live_months": "factor", "serving_devices_on": "year",
    "metric": "factor", "gain": "factor",
}  # fmt: skip


def npv(book: Book, live: Live) -> None:
    """NPV, IRR and payback on top; below them every step that leads there, by formula."""
    said = live.labels
    sheet = book.sheet("npv", said["npv_title"], said["npv_note"])
    sheet.heads([said[f"column_{name}"] for name in ("label", "value", "name")])
    formulas = {**cost_formulas(live.plan), **_return_formulas(live)}
    values = _values(live)
    rest = [code for code in formulas if code not in _HEADLINES]
    row = FIRST
    for codes in (_HEADLINES, rest):
        for code in codes:
            kind = "total" if codes is _HEADLINES else ""
            _line(sheet, row, code, formulas[code], values[code], said, kind)
            row += 1
        row += 1
    if live.jpy_per_usd:
        sheet.text(row, 0, said["npv_usd"])
        sheet.formula(row, 1, "=calc_npv/jpy_per_usd", live.values["npv"] / _rate(live), "plain")
    sheet.text(row + 1, 0, said["changed"])
    sheet.formula(row + 1, 1, "=assumptions_changed", 0, "year")
    sheet.widths(46, 22, 34)


def _rate(live: Live) -> float:
    return live.table["jpy_per_usd"].value


def _line(
    sheet: Sheet, row: int, code: str, formula: str, value: float | str,
    said: object, kind: str = "",
) -> None:  # fmt: skip
    assert hasattr(said, "__getitem__")
    sheet.text(row, 0, said[f"calc_{code}"])
    sheet.formula(row, 1, formula, value, _UNIT.get(code, "yen"), kind)
    sheet.text(row, 2, f"calc_{code}", "code")
    sheet.name(f"calc_{code}", row, 1)


def _values(live: Live) -> dict[str, float | str]:
    """The engine's figure of each line; words where there is no number."""
    found: dict[str, float | str] = dict(live.values)
    central = live.flows_if_launched
    for name in RUNNING[:-1]:
        found[f"if_{name}"] = central[name]
    rates = live.internal_rates
    found["internal_rate"] = rates[0] if rates else live.labels["none"]
    if math.isinf(live.values["payback"]):
        found["payback"] = live.labels["never"]
    return found


def waterfall(book: Book, live: Live) -> None:
    """From the value over every cost to the NPV, with its chart."""
    said = live.labels
    sheet = book.sheet("waterfall", said["waterfall"], said["waterfall_note"])
    heads = ("label", "amount", "start", "end", "base", "up", "under", "down")
    sheet.heads([said[f"bar_{head}"] for head in heads], frozen=1)
    order = ("value", *(part for part in PARTS if part != "value"))
    total, values = 0.0, live.values
    for place, part in enumerate(order):
        row = FIRST + place
        before = "=0" if place == 0 else f"=D{row}"
        amount = values[f"pv_{part}"]
        _bar(sheet, row, said[part], f"=calc_pv_{part}", before, amount, total)
        total += amount
    row = FIRST + len(order)
    _bar(sheet, row, said["npv"], "=calc_npv", "=0", values["npv"], 0.0, kind="total")
    sheet.widths(30, *[17] * 7)
    chart = book.workbook.add_chart({"type": "column", "subtype": "stacked"})
    for column, colour in ((4, None), (5, ACCENT), (6, None), (7, RULE)):
        fill = {"none": True} if colour is None else {"color": colour}
        chart.add_series(
            {
                "name": ["waterfall", HEAD, column],
                "categories": ["waterfall", FIRST, 0, row, 0],
                "values": ["waterfall", FIRST, column, row, column],
                "fill": fill,
                "border": {"none": True},
                "gap": 40,
            }
        )
    chart.set_title({"name": said["waterfall"], "name_font": {"size": 12}})
    chart.set_legend({"none": True})
    chart.set_x_axis({"label_position": "low"})
    chart.set_y_axis(book.money_axis())
    chart.set_size({"width": 980, "height": 360})
    sheet.page.insert_chart(row + 2, 0, chart)


def _bar(
    sheet: Sheet, row: int, label: str, amount: str, start: str, value: float, begin: float,
    kind: str = "",
) -> None:  # fmt: skip
    """One step: its ends, and the pieces that the chart stacks above and below zero."""
    end, n = begin + value, row + 1
    low, high = min(begin, end), max(begin, end)
    sheet.text(row, 0, label)
    base, under = max(0.0, low), min(0.0, high)
    for column, formula, found in (
        (1, amount, value),
        (2, start, begin),
        (3, f"=C{n}+B{n}", end),
        (4, f"=MAX(0,MIN(C{n},D{n}))", base),
        (5, f"=MAX(0,MAX(C{n},D{n}))-E{n}", max(0.0, high) - base),
        (6, f"=MIN(0,MAX(C{n},D{n}))", under),
        (7, f"=MIN(0,MIN(C{n},D{n}))-G{n}", min(0.0, low) - under),
    ):
        sheet.formula(row, column, formula, found, "money", kind if column == 1 else "")


def slopes(live: Live) -> dict[str, str]:
    """By how much a unit of each figure moves the NPV of a launched plan, where it does so on a
    straight line; after tax, with the tax relief on what is spent at once."""
    spent = "(1-tax_rate*calc_all_months_sum/calc_months)"
    kept = "(1-tax_rate)"
    worth = f"{kept}*calc_ramp_months_sum/12"
    legal = f"{kept}*calc_risk_left*calc_live_months_sum/12"
    return {
        "tasks_per_year": f"adoption*value_per_unit*calc_gain*{worth}",
        "adoption": f"tasks_per_year*value_per_unit*calc_gain*{worth}",
        "value_per_unit": f"tasks_per_year*adoption*calc_gain*{worth}",
        "metric_today": f"-({live.direction!r})*tasks_per_year*adoption*value_per_unit*{worth}",
        "search_multiplier": f"-(calc_training+calc_communication)*{spent}",
        "pilot_cost": f"-{spent}",
        "data_preparation_per_person": f"-plan_data_budget*{spent}",
        "team_size": f"-team_months*cost_per_person_month*{spent}",
        "team_months": f"-team_size*cost_per_person_month*{spent}",
        "operation_team_size": f"-{kept}*cost_per_person_month*calc_live_months_sum",
        "incident_cost": f"-incident_probability*{legal}",
        "people_exposed": f"-incident_probability*plan_data_budget*damages_per_person*{legal}",
        "damages_per_person": f"-incident_probability*plan_data_budget*people_exposed*{legal}",
        "incident_probability": "-(incident_cost+plan_data_budget*people_exposed"
        f"*damages_per_person)*{legal}",
    }


def break_even(book: Book, live: Live) -> None:
    """The value of each figure at which the NPV is zero: by formula where the NPV moves on a
    straight line with it, else as the engine found it."""
    assert live.valued is not None
    said, found = live.labels, live.valued.study.break_evens
    sheet = book.sheet("break_even", said["break_even"], said["break_even_note"])
    heads = ("label", "value", "break_even", "margin", "kind", "name")
    sheet.heads([said[f"column_{head}"] for head in heads])
    none, straight = _quoted(said["none"]), slopes(live)
    for row, each in enumerate(found, start=FIRST):
        form = _form(each.name, each.value)
        sheet.text(row, 0, said[each.name])
        sheet.formula(row, 1, f"={each.name}", each.value, form)
        n = row + 1
        if each.name in straight:
            least, most = _ends(each.name, live)
            x = f"B{n}-calc_npv_if_launched/({straight[each.name]})"
            inside = f"AND({x}>={least},{x}<={most})"
            sheet.formula(row, 2, f"=IFERROR(IF({inside},{x},{none}),{none})", each.at, form)
        else:
            sheet.number(row, 2, each.at, form, "given")
        sheet.formula(row, 3, f'=IFERROR(C{n}/B{n}-1,"")', each.margin, "share")
        sheet.text(row, 4, said["by_formula" if each.name in straight else "by_engine"])
        sheet.text(row, 5, each.name, "code")
    sheet.widths(40, 18, 18, 12, 40, 30)


def _form(name: str, value: float) -> str:
    unit = INPUTS[name].unit
    if unit in ("share", "share/year"):
        return "share"
    return "power" if abs(value) >= 1e9 and unit != "JPY" else "plain"


def _ends(name: str, live: Live) -> tuple[str, str]:
    """Between what a break-even is looked for, as formulas: the engine's own ends."""
    assert live.valued is not None
    rule, about = INPUTS[name], METRICS[live.valued.curve.kind]
    lows, highs = [], [rule.most]
    if rule.kind is Kind.FACTOR:
        lows.append(1.0)
    if rule.kind in (Kind.SHARE, Kind.USED_SHARE):
        highs.append(1.0)
    if name in METRIC_ROWS:
        lows, highs = [about.least], [about.most]
    near, far = f"{name}/{WIDEST:g}", f"{name}*{WIDEST:g}"
    low, high = f"MIN({near},{far})", f"MAX({near},{far})"
    least = ",".join(f"{end!r}" for end in lows if math.isfinite(end))
    most = ",".join(f"{end!r}" for end in highs if math.isfinite(end))
    return (f"MAX({least},{low})" if least else low), (f"MIN({most},{high})" if most else high)


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
