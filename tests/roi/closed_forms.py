"""The textbook's closed forms, which the cash flows are compared with."""

import math
from collections.abc import Sequence


def monthly_rate(rate_per_year: float) -> float:
    """The rate a month that compounds to ``rate_per_year``."""
    return math.expm1(math.log1p(rate_per_year) / 12)


def annuity(payment: float, rate: float, periods: int) -> float:
    """Present value of ``payment`` at the end of each of ``periods`` at ``rate`` a period."""
    return payment * -math.expm1(-periods * math.log1p(rate)) / rate


def net_present_value(flows: Sequence[float], rate: float) -> float:
    """Σ flows[t]·(1 + rate)^−t."""
    return math.fsum(flow * (1 + rate) ** -t for t, flow in enumerate(flows))
