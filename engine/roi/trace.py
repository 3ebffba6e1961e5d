"""From any figure to its inputs: what each is the sum or product of, down to rows of the table.

Two steps: a figure names its parts, a part names the inputs that it is made of. A test moves every
input and checks that exactly the figures named here move with it, so the tree cannot go stale.
Inputs are rows of the table, or what the plan brings: its compute, size, steps and people, the
predicted loss, and the attacker's odds.
"""

from engine.roi.metric import CURVE_INPUTS

PLAN_INPUTS = (
    "compute_flops",
    "model_size",
    "iterations",
    "data_budget",
    "predicted_loss",
    "attack_advantage",
)
"""What a plan brings along: decided, predicted or computed elsewhere."""

_TIME = ("launch_months", "horizon_years", "discount_rate")
_DEVICE = ("price_per_device_hour", "jpy_per_usd")
_TRAINING = (*_DEVICE, "compute_flops", "dp_overhead", "peak_flops", "utilisation")
_COMMUNICATION = (
    *_DEVICE,
    "iterations",
    "model_size",
    "devices",
    "bytes_per_parameter",
    "bytes_per_second",
    "federated_links",
    "price_per_gigabyte",
)
_VALUE = ("tasks_per_year", "adoption", "value_per_unit", "metric_today")
_SERVING = (
    "serving_price_per_hour",
    "jpy_per_usd",
    "serving_devices",
    "model_size",
    "tokens_per_day",
    "peak_to_average",
    "serving_peak_flops",
    "serving_utilisation",
)
_OPERATION = ("operation_team_size", "cost_per_person_month")
_LEGAL = (
    "incident_probability",
    "incident_cost",
    "data_budget",
    "people_exposed",
    "damages_per_person",
    "attack_advantage",
    "advantage_without_dp",
)
_METRIC = ("predicted_loss", *CURVE_INPUTS)

INPUTS_OF: dict[str, tuple[str, ...]] = {
    "training": _TRAINING,
    "search": (*_TRAINING, *_COMMUNICATION, "search_multiplier"),
    "communication": _COMMUNICATION,
    "pilots": ("pilot_cost",),
    "data_preparation": ("data_budget", "data_preparation_per_person"),
    "people": ("team_size", "team_months", "cost_per_person_month"),
    "metric": _METRIC,
    "value_per_year": (*_VALUE, *_METRIC),
    "value": (*_VALUE, *_METRIC, "ramp_months", *_TIME),
    "serving": (*_SERVING, *_TIME),
    "operation": (*_OPERATION, *_TIME),
    "legal": (*_LEGAL, *_TIME),
    "legal_avoided": (*_LEGAL, *_TIME),
}
"""Part -> its inputs; those of a measured curve are its pairs, in place of the table's curve."""

_COSTS = (
    "training", "search", "communication", "pilots", "data_preparation", "people", "serving",
    "operation", "legal",
)  # fmt: skip

PARTS_OF: dict[str, tuple[str, ...]] = {
    "npv": ("value", *_COSTS, "tax"),
    "tax": ("value", *_COSTS),
    "total_cost": _COSTS,
    "payback": ("value", *_COSTS, "tax"),
    "internal_rate": ("value", *_COSTS, "tax"),
    "probability": ("npv",),
}
"""Headline figure -> the parts that it is computed from."""


def inputs_of(figure: str) -> tuple[str, ...]:
    """Every input behind a figure or part, each once, in order of first appearance."""
    found = dict.fromkeys(INPUTS_OF.get(figure, ()))
    for part in PARTS_OF.get(figure, ()):
        found |= dict.fromkeys(inputs_of(part))
    if figure in ("npv", "tax", "payback", "internal_rate", "probability"):
        found["tax_rate"] = None
    # Undiscounted, but over the horizon.
    if figure in ("total_cost", "payback", "internal_rate"):
        found.pop("discount_rate", None)
    return tuple(found)
