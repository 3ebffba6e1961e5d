"""What a device hour costs: public prices of rented ones, and a machine of one's own.

Rented: rows of ``data/published/accelerator_offers.csv``, read from public price lists on the dates
that they carry; prices change. Owned: price of the machine over its life, hosting, people and
power, over the hours in which its devices are really used (:class:`OwnedMachine`). An hour that
nobody uses costs as much as one that somebody does, so that what decides is the share of hours.

>>> machine = OwnedMachine()
>>> f"{machine.usd_per_device_hour(0.7):.2f}"
'2.96'
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from engine.errors import InputError
from engine.tables.reader import read_file

PATH = Path(__file__).parents[1] / "data" / "published" / "accelerator_offers.csv"
HOURS_A_YEAR = 8_766
"""365.25 days."""


@dataclass(frozen=True, kw_only=True)
class Offer:
    """What somebody asks for an hour of one device, USD, from least to most."""

    device: str
    seller: str
    terms: str
    low: float
    high: float
    dated: str
    source: str
    url: str


_LEAST = {
    "devices": 1,
    "usd_per_kilowatt_hour": 0,
    "power_usage_effectiveness": 1,
    "hosting_usd_per_kilowatt_month": 0,
    "staff_usd_per_year": 0,
}
"""Least figures of an own machine."""


@lru_cache(maxsize=2)
def offers(path: Path = PATH) -> tuple[Offer, ...]:
    """All offers, in the file's order.

    Raises :class:`InputError` for a row that cannot be true.
    """
    table = read_file(path)
    found = []
    for line in table.rows:
        low, high = (
            float(table.number(line, name)) for name in ("usd_per_hour_low", "usd_per_hour_high")
        )
        texts = {
            name: table.cell(line, name)
            for name in ("device", "seller", "terms", "dated", "source", "url")
        }
        if not 0 < low <= high:
            raise InputError(
                "Expected 0 < low ≤ high for {name}, got {low} and {high}.",
                name=texts["seller"],
                low=f"{low:g}",
                high=f"{high:g}",
            )
        found.append(Offer(**texts, low=low, high=high))
    return tuple(found)


def offers_for(device: str) -> tuple[Offer, ...]:
    """The offers of one device."""
    return tuple(offer for offer in offers() if offer.device == device)


@dataclass(frozen=True, kw_only=True)
class OwnedMachine:
    """A machine that is bought: the figures of eight H200, to be replaced by an offer.

    Price: assumption, in scale with 300,000 to 400,000 USD for eight H100 (TechnoLynx, May 2026).
    Power: maximum of NVIDIA's DGX H200. Hosting: middle of 150 to 250 USD a kilowatt and month, as
    reported for racks of this kind. All else: assumptions.
    """

    price_usd: float = 350_000.0
    devices: int = 8
    life_years: float = 4.0
    resale_share: float = 0.0
    """Of the price, at the end of its life."""
    power_kilowatt: float = 10.2
    usd_per_kilowatt_hour: float = 0.15
    power_usage_effectiveness: float = 1.4
    """Power of the whole site over that of the machines."""
    hosting_usd_per_kilowatt_month: float = 200.0
    staff_usd_per_year: float = 20_000.0

    def __post_init__(self) -> None:
        for name in ("price_usd", "life_years", "power_kilowatt"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise InputError("Expected {name} above 0, got {value}.", name=name, value=value)
        for name, least in _LEAST.items():
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= least):
                raise InputError(
                    "Expected {name} of at least {least}, got {value}.",
                    name=name,
                    least=least,
                    value=value,
                )
        if not 0 <= self.resale_share < 1:
            raise InputError(
                "Expected a resale of at least 0 and less than the whole price, got {value}.",
                value=self.resale_share,
            )

    @property
    def device_hours(self) -> float:
        """All that its devices have in its life."""
        return self.devices * self.life_years * HOURS_A_YEAR

    @property
    def standing_usd(self) -> float:
        """What it costs over its life whether or not anybody uses it."""
        monthly = self.hosting_usd_per_kilowatt_month * self.power_kilowatt
        yearly = 12 * monthly + self.staff_usd_per_year
        return self.price_usd * (1 - self.resale_share) + yearly * self.life_years

    @property
    def power_usd_per_device_hour(self) -> float:
        """Electricity of an hour in use; idle hours are taken to need none."""
        power = self.power_kilowatt / self.devices * self.power_usage_effectiveness
        return power * self.usd_per_kilowatt_hour

    def usd_per_device_hour(self, used_share: float) -> float:
        """What an hour in use costs where so large a share of all hours is.

        Raises :class:`InputError` for a share outside (0, 1].
        """
        if not 0 < used_share <= 1:
            raise InputError(
                "Expected a share of used hours above 0 and at most 1, got {value}.",
                value=f"{used_share:g}",
            )
        return self.standing_usd / (used_share * self.device_hours) + self.power_usd_per_device_hour

    def share_as_cheap_as(self, usd_per_hour: float) -> float | None:
        """The share of hours in use from which it is cheaper than renting; None where never."""
        margin = usd_per_hour - self.power_usd_per_device_hour
        if margin <= 0:
            return None
        share = self.standing_usd / (margin * self.device_hours)
        return share if share <= 1 else None
