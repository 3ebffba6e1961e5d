"""What stands beside the cells of the live sheets, by code, in the reader's language.

Amounts of those sheets are in yen whatever currency the rest is said in: the cells are what is
calculated with, and the file comes back as the table of assumptions, which is in yen.
"""

from collections.abc import Mapping
from dataclasses import replace

from engine.roi.inputs import INPUTS
from engine.roi.sensitivity import CURVE, FORM, LOSS, TRANSFER
from engine.text import figures, quantities
from engine.text.i18n import N_, Words

_PARTS = (
    "npv", "value", "training", "search", "communication", "pilots", "data_preparation", "people",
    "serving", "operation", "legal", "tax", "payback", "internal_rate", "probability",
    "total_cost", "value_per_year", "legal_avoided",
)  # fmt: skip

_SAID: Mapping[str, str] = {
    # sheets
    "assumptions": N_("Assumptions"),
    "assumptions_note": N_(
        "Change the yellow cells: all sheets follow. Save the file and load it on the ROI page."
    ),
    "plan": N_("What the plan brings along"),
    "plan_note": N_(
        "Values of the law, the search and the certificate: no formula makes them, and they do not "
        "follow a change in this file."
    ),
    "npv_title": N_("Net present value, rate of return and payback, step by step"),
    "npv_note": N_(
        "The central case: every figure at its own value, launched only if that pays. "
        "Amounts in yen."
    ),
    "cash_flow": N_("Cash flow by year"),
    "cash_flow_note": N_("The central case, not discounted: each year is the sum of its months."),
    "months": N_("Cash flow by month"),
    "months_note": N_(
        "Amounts in yen, not discounted. There is room for {rows} months: a longer horizon makes "
        "every result #N/A."
    ),
    "waterfall": N_("From value to net present value"),
    "waterfall_note": N_("The central case, present values."),
    "break_even": N_("Where the net present value is zero"),
    "break_even_note": N_(
        "One figure moves at a time. Listed is what was within reach, a factor of five, when this "
        "file was made, the nearest first. “None” says that after a change no value within reach "
        "makes it zero."
    ),
    "reconciliation": N_("How one amount leads to another"),
    "reconciliation_note": N_(
        "At its own values, discounted, and as a mean over the draws; then from the cash to "
        "approve over all spending to the total cost. These amounts assume a launch; the net "
        "present value launches only where that pays."
    ),
    "draws": N_("Results of the draws"),
    "draws_note": N_(
        "{draws} draws with seed {seed}: values, which do not follow a change in this file."
    ),
    # heads
    "column_name": N_("Name of the cell"),
    "column_label": N_("Figure"),
    "column_value": N_("Its value"),
    "column_unit_shown": N_("Unit"),
    "column_low": N_("Low"),
    "column_high": N_("High"),
    "column_distribution": N_("Distribution"),
    "column_source": N_("Source"),
    "column_dated": N_("Date"),
    "column_unit": N_("Unit, for machines"),
    "column_exported_value": N_("Value when exported"),
    "column_exported_source": N_("Source when exported"),
    "column_exported_source_shown": N_("Source when exported, as shown"),
    "column_break_even": N_("Break-even"),
    "column_margin": N_("Margin"),
    "column_kind": N_("How it is found"),
    "column_list_price": N_("At list prices"),
    "column_discounted": N_("Discounted"),
    "column_mean": N_("Mean over the draws"),
    "column_moved": N_("Mean less list price"),
    "column_tornado": N_("What moves the value most"),
    "column_npv_low": N_("Net present value at low"),
    "column_npv_high": N_("Net present value at high"),
    "month_month": N_("Month"),
    "month_live": N_("Share of the month after launch"),
    "month_share": N_("Share of the ramp"),
    "month_discount": N_("Discount factor"),
    "month_value": N_("Value"),
    "month_serving": N_("Serving"),
    "month_operation": N_("Operation"),
    "month_legal": N_("Legal risk left"),
    "month_tax": N_("Tax"),
    "month_net": N_("Net cash flow"),
    "month_cumulative": N_("Cumulative"),
    "month_below": N_("Month, if still below zero"),
    "month_once": N_("Paid at once"),
    "year": N_("Year"),
    "bar_label": N_("Figure"),
    "bar_amount": N_("Amount"),
    "bar_start": N_("From"),
    "bar_end": N_("To"),
    "bar_base": N_("Chart: empty above zero"),
    "bar_up": N_("Chart: above zero"),
    "bar_under": N_("Chart: empty below zero"),
    "bar_down": N_("Chart: below zero"),
    # lines
    "calc_npv": N_("Net present value"),
    "calc_internal_rate": N_("Internal rate of return"),
    "calc_payback": N_("Payback (months)"),
    "calc_npv_by_month": N_("Check: the same, month by month"),
    "calc_launched": N_("Launched (1) or not (0)"),
    "calc_serving_devices_on": N_("Serving devices that are on"),
    "calc_serving_per_year": N_("Serving a year"),
    "calc_operation_per_year": N_("Operation a year"),
    "calc_legal_full_per_year": N_("Legal damage to be expected a year without privacy"),
    "calc_risk_left": N_("Share of the legal risk that is left"),
    "calc_legal_per_year": N_("Legal damage to be expected a year"),
    "calc_months": N_("Months until the horizon"),
    "calc_ramp_months_sum": N_("Discounted months in full use, with the ramp"),
    "calc_live_months_sum": N_("Discounted months after launch"),
    "calc_all_months_sum": N_("Discounted months"),
    "calc_live_months": N_("Months after launch"),
    "calc_metric": N_("Metric at the predicted loss"),
    "calc_gain": N_("Gain over today"),
    "calc_value_full_per_year": N_("Value a year in full use"),
    "calc_running": N_("Present value of all that runs, if launched"),
    "calc_npv_if_launched": N_("Net present value, if launched"),
    "npv_usd": N_("Net present value (US dollars)"),
    "changed": N_("Assumptions changed since the export"),
    "never": N_("never"),
    "none": N_("none"),
    "by_formula": N_("Formula"),
    "by_engine": N_("Value from the engine; does not follow a change"),
    "seed": N_("Seed"),
    "draws_count": N_("Draws"),
    "launch_probability": N_("Probability that it is launched"),
    "never_pays_back": N_("Share that never pays back"),
    "cash_band": N_("Cumulative cash: mean and range"),
}
_OF_PART = (
    "training", "search", "communication", "pilots", "data_preparation", "people",
)  # fmt: skip
_AMOUNTS = ("cash_to_approve", "running_cost", "spending", "expected_damage")
_RUNNING = ("value", "serving", "operation", "legal")


def in_yen(words: Words) -> Words:
    """The words of the live sheets."""
    return replace(words, jpy_per_usd=None)


def labels(words: Words) -> dict[str, str]:
    """What is said of each cell, by its code."""
    words = in_yen(words)
    parts = {part: figures.name(part, words) for part in _PARTS}
    found = {name: figures.name(name, words) for name in (*INPUTS, LOSS, TRANSFER, CURVE, FORM)}
    amounts = {code: quantities.label(code, words) for code in _AMOUNTS}
    found |= amounts | {"calc_once": amounts["cash_to_approve"]}
    found |= parts | {code: _said(code, words) for code in _SAID}
    found |= {f"calc_{part}": parts[part] for part in _OF_PART}
    for part in (*_OF_PART, *_RUNNING, "tax"):
        found[f"calc_pv_{part}"] = words.say("{part}, present value", part=parts[part])
    for part in _RUNNING:
        found[f"calc_if_{part}"] = words.say("{part}, present value if launched", part=parts[part])
    return found


def _said(code: str, words: Words) -> str:
    """A message as it is; one with fields keeps them, for the sheet to fill."""
    fields = {"months_note": ("rows",), "draws_note": ("draws", "seed")}.get(code, ())
    return words.say(_SAID[code], **{field: f"{{{field}}}" for field in fields})


def units(words: Words) -> dict[str, str]:
    """The unit of each figure of the table."""
    return {name: figures.unit(name, in_yen(words)) for name in INPUTS}
