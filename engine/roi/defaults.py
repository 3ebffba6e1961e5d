"""Where a user's table starts: figures with a reference, and assumptions that say so.

An assumption of ours is a round figure to be replaced by the user's own; its range is wide.
"""

from dataclasses import replace

from engine.accelerator_prices import ACCELERATORS
from engine.cost import DEFAULTS, CostAssumptions
from engine.errors import InputError
from engine.roi.assumptions import Assumption, Assumptions, Distribution
from engine.roi.inputs import INPUTS
from engine.roi.kinds import METRIC_ROWS, MetricKind, require_metric

_DATED = "2026-11"
_OURS = "assumption"
_WAGES = (
    "Monthly Labour Survey 2023 (MHLW): 329,859 JPY over 136.3 hours a month, about 40 JPY a minute"
)
_INCIDENT = (
    "in scale with the 29.55 million JPY that leaks of personal data through websites cost on "
    "average, however few they concern (JNSA, survey of attacked organisations, October 2023); "
    "high: the fine of APPI article 184 (100 million JPY); under GDPR article 83(5) it may reach "
    "20 million EUR, or 4 % of turnover if that is more"
)
_EXPOSED = (
    "assumption; in scale with the 1 % of its training text that a large model repeats (Carlini et "
    "al., arXiv 2202.07646)"
)
_DAMAGES = (
    "Tokyo District Court, 2018-12-27: 3,300 JPY a person for the leak at Benesse; low: the 500 "
    "JPY that it sent to each; high: 29,768 JPY, the mean that JNSA estimates for incidents of 2018"
)
_PEAK = "assumption; all tokens in 8 hours of 5 days a week: 24/8 · 7/5 = 4.2"
_SERVER = (
    "price list of RunPod, workers that are always on: an L4 with 24 GB for 0.00013 USD a second; "
    "high: a T4 or A4000 at RunComfy"
)
_SERVER_PEAK = "assumption; half of the 242 TFLOP/s with sparsity of the NVIDIA L4 datasheet (bf16)"
_ATTACKS = (
    "assumption, not confirmed: balanced accuracy of a membership attack of 82.6 %, low 65.6 %, in "
    "scale with Carlini et al., arXiv 2112.03570; advantage = 2 · accuracy − 1; high: no guarantee"
)
_ENGINEERS = (
    "assumption; in scale with 0.8 to 1.6 million JPY a month that IT companies in Japan ask for "
    "an engineer (Trinitas), and 144,570 USD a year that software developers earn in the US (BLS, "
    "OEWS, May 2024)"
)
_REACH = (
    "assumption; in scale with the 14 % more issues an hour that support agents resolved with an "
    "assistant (Brynjolfsson, Li and Raymond, NBER 31161)"
)
_CURVE = "assumption: replace by measured pairs of loss and metric"

_ROWS: dict[str, tuple[float, float, float, str, str]] = {
    # name: value, low, high, distribution, source
    "tasks_per_year": (500_000, 250_000, 1_000_000, "pert", _OURS),
    "adoption": (0.6, 0.3, 0.85, "pert", _OURS),
    "launch_months": (6, 4, 12, "pert", _OURS),
    "ramp_months": (9, 3, 18, "pert", _OURS),
    "value_per_unit": (40, 25, 60, "pert", f"{_WAGES}; range: assumption"),
    "metric_today": (0, 0, 0, "fixed", "definition: minutes saved a task without the model"),
    "metric_ceiling": (5, 2, 8, "pert", _REACH),
    "metric_half_loss": (3.0, 2.6, 3.4, "pert", _CURVE),
    "metric_width": (0.4, 0.25, 0.7, "pert", _CURVE),
    "horizon_years": (5, 5, 5, "fixed", _OURS),
    "discount_rate": (
        0.08, 0.04, 0.12, "pert", "assumption; the Ito Review (METI, 2014) asks for a return on "
            "equity of 8 %",
    ),
    "tax_rate": (
        0, 0, 0, "fixed",
        "option, off; standard effective rate in Tokyo: 30.62 % (DLA Piper, Going Global: Tax, "
        "Japan)",
    ),
    "jpy_per_usd": (DEFAULTS.jpy_per_usd, 130, 170, "pert", _OURS),
    "price_per_device_hour": (
        DEFAULTS.accelerator.price_per_hour_usd, 3.5, 4.5, "pert", DEFAULTS.accelerator.source,
    ),
    "peak_flops": (989e12, 989e12, 989e12, "fixed", DEFAULTS.accelerator.source),
    "utilisation": (
        0.40, 0.25, 0.46, "pert",
        "assumption; high: PaLM's 46.2 % (Chowdhery et al., arXiv 2204.02311)",
    ),
    "dp_overhead": (
        1.5, 1.3, 1.8, "pert", "measured by us: Opacus hooks over plain AdamW, 1.31 to 1.77",
    ),
    "search_multiplier": (3, 1.5, 10, "pert", _OURS),
    "devices": (1, 1, 1, "fixed", "definition: one device, nothing to exchange"),
    "bytes_per_parameter": (4, 4, 4, "fixed", "definition: a gradient in 32-bit floating point"),
    "bytes_per_second": (50e9, 50e9, 50e9, "fixed", "NVIDIA ConnectX-7 user manual: NDR 400 Gb/s"),
    "federated_links": (0, 0, 0, "fixed", "definition: all data at one site"),
    "price_per_gigabyte": (
        0.09, 0.05, 0.12, "pert",
        "AWS price list: about 0.09 USD out to the internet; range: assumption",
    ),
    "tokens_per_day": (2_000_000, 500_000, 6_000_000, "pert", _OURS),
    "peak_to_average": (4.2, 2, 10, "pert", _PEAK),
    "serving_utilisation": (
        0.10, 0.02, 0.40, "pert",
        "assumption; batched prefill reaches 76 %, decoding far less (Pope et al., arXiv "
        "2211.05102)",
    ),
    "serving_devices": (
        2, 2, 2, "fixed", "assumption: one more than one, so that a failure does not stop the work",
    ),
    "serving_peak_flops": (121e12, 121e12, 121e12, "fixed", _SERVER_PEAK),
    "serving_price_per_hour": (0.47, 0.35, 0.99, "pert", _SERVER),
    "pilot_cost": (300_000, 100_000, 1_000_000, "pert", _OURS),
    "data_preparation_per_person": (0.5, 0.1, 2.0, "pert", _OURS),
    "team_size": (2, 1, 4, "pert", _OURS),
    "team_months": (6, 4, 12, "pert", _OURS),
    "cost_per_person_month": (1_200_000, 800_000, 1_600_000, "pert", _ENGINEERS),
    "operation_team_size": (0.3, 0.1, 0.6, "pert", _OURS),
    "incident_probability": (0.01, 0.001, 0.05, "pert", _OURS),
    "incident_cost": (30_000_000, 3_000_000, 100_000_000, "pert", _INCIDENT),
    "people_exposed": (0.01, 0.0001, 0.05, "pert", _EXPOSED),
    "damages_per_person": (3_300, 500, 29_768, "pert", _DAMAGES),
    "advantage_without_dp": (0.652, 0.312, 1.0, "pert", _ATTACKS),
}  # fmt: skip

_TODAY = "assumption: measure what it is today"
_BY_METRIC: dict[MetricKind, dict[str, tuple[float, float, float, str, str]]] = {
    MetricKind.TICKETS_RESOLVED: {
        "value_per_unit": (600, 300, 1_000, "pert", _OURS),
        "metric_today": (0, 0, 0, "fixed", "definition: none resolved without a person today"),
        "metric_ceiling": (0.5, 0.3, 0.7, "pert", _OURS),
    },
    MetricKind.ERROR_RATE: {
        "value_per_unit": (2_000, 500, 5_000, "pert", _OURS),
        "metric_today": (0.08, 0.05, 0.12, "pert", _TODAY),
        "metric_ceiling": (0.02, 0.01, 0.04, "pert", _OURS),
        "metric_half_loss": (4.6, 4.2, 5.0, "pert", _CURVE),
        "metric_width": (0.4, 0.3, 0.5, "pert", _CURVE),
    },
    MetricKind.RESPONSE_TIME: {
        "value_per_unit": (0.67, 0.4, 1.0, "pert", f"{_WAGES}, 0.67 a second; range: assumption"),
        "metric_today": (240, 120, 360, "pert", _TODAY),
        "metric_ceiling": (60, 30, 90, "pert", _OURS),
    },
}
"""What stands in place of the rows of minutes saved."""
OF_METRIC = ("value_per_unit", *METRIC_ROWS, "metric_half_loss", "metric_width")
"""Figures that mean something else under another metric."""


def _row(name: str, row: tuple[float, float, float, str, str]) -> Assumption:
    value, low, high, distribution, source = row
    catalogue = {device.source for device in ACCELERATORS.values()}
    return Assumption(
        name=name,
        value=value,
        low=low,
        high=high,
        distribution=Distribution(distribution),
        unit=INPUTS[name].unit,
        source=source,
        dated="2026-05" if source in catalogue else _DATED,
    )


DEFAULT_ASSUMPTIONS = Assumptions(rows=tuple(_row(name, row) for name, row in _ROWS.items()))


def with_metric(table: Assumptions, kind: MetricKind) -> Assumptions:
    """The table with the default figures of another metric; all others stay."""
    rows = {name: _ROWS[name] for name in OF_METRIC} | _BY_METRIC.get(kind, {})
    return table.changed(_row(name, row) for name, row in rows.items())


def require_metrics(table: Assumptions, kind: MetricKind) -> None:
    """Raise :class:`InputError` where a row of the table is no value of the metric."""
    for name in METRIC_ROWS:
        row = table[name]
        for value in (row.value, row.low, row.high):
            require_metric(kind, value, name)


def price_values(costs: CostAssumptions) -> dict[str, float]:
    """Name of a row of assumptions -> the value that the prices give it."""
    return {
        "price_per_device_hour": costs.accelerator.price_per_hour_usd,
        "peak_flops": costs.accelerator.peak_flops,
        "utilisation": costs.utilisation,
        "dp_overhead": costs.dp_overhead,
        "jpy_per_usd": costs.jpy_per_usd,
    }


PRICE_ROWS = frozenset(price_values(DEFAULTS))
"""Rows that hold the prices of a scenario."""


def with_costs(table: Assumptions, costs: CostAssumptions) -> Assumptions:
    """The table with the accelerator, price, utilisation, overhead and rate of a scenario.

    The ranges of the price and the others keep their proportions to the value.
    """
    device = costs.accelerator
    rows = []
    for name, value in price_values(costs).items():
        row = table[name]
        if row.value == value:
            continue
        scale = value / row.value if row.value else 1.0
        low, high = row.low * scale, row.high * scale
        if name == "utilisation":
            high = min(high, 1.0)
        if name == "dp_overhead":
            low = max(low, 1.0)
        source = (
            device.source if name in ("price_per_device_hour", "peak_flops") else "the scenario"
        )
        rows.append(
            replace(
                row,
                value=value,
                low=min(low, value),
                high=max(high, value),
                source=source,
                dated=device.dated if source == device.source else row.dated,
            )
        )
    return table.changed(rows)


def prices_of(table: Assumptions) -> CostAssumptions:
    """The accelerator, price, utilisation, overhead and rate that a table holds: what
    :func:`with_costs` would put into it.

    Raises :class:`InputError` for a peak that no accelerator of the catalogue has.
    """
    peak = table["peak_flops"].value
    devices = [device for device in ACCELERATORS.values() if device.peak_flops == peak]
    if not devices:
        known = sorted({f"{d.peak_flops:g}" for d in ACCELERATORS.values()})
        raise InputError(
            "Expected a peak of {expected} FLOP/s, that of an accelerator known here, got {value}.",
            expected=", ".join(known),
            value=f"{peak:g}",
        )
    hour = table["price_per_device_hour"].value
    # Devices of one peak are told apart by their list price.
    nearest = min(devices, key=lambda device: abs(device.price_per_hour_usd - hour))
    return CostAssumptions(
        accelerator=replace(nearest, price_per_hour_usd=hour),
        utilisation=table["utilisation"].value,
        dp_overhead=table["dp_overhead"].value,
        jpy_per_usd=table["jpy_per_usd"].value,
    )
