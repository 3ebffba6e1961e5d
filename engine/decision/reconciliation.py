"""How one amount of money leads to another that differs in meaning: list price, mean, present
value.

The price of the training at the central prices, its mean over all cases and its present value are
three figures; so are what is spent and the legal damage that is only expected. Each has one name,
and these steps lead from one to the next.
"""

from dataclasses import dataclass
from enum import StrEnum

from engine.cost import Cost
from engine.roi.appraise import Appraisal


class Amount(StrEnum):
    """Names of amounts, JPY."""

    TRAINING_LIST = "training_list_price"
    """The training at the prices as they stand, each at its own value."""
    TRAINING_MEAN = "training_mean"
    """The same as a mean over all cases: prices are uncertain, and not even on both sides."""
    TRAINING_PRESENT = "training_present"
    """The same in money of today: what stands in the way from value to net present value."""
    SPENDING = "spending"
    """All that is paid until the horizon, mean over all cases, not discounted."""
    EXPECTED_DAMAGE = "expected_damage"
    """Legal damage to be expected with the privacy promised, mean over all cases; nobody pays it
    until it happens."""
    TOTAL_COST = "total_cost"
    """Both together: the total cost of ownership."""


@dataclass(frozen=True, kw_only=True)
class Reconciliation:
    """Amounts in JPY, positive where they are costs."""

    training_list_price: float
    training_mean: float
    training_present: float
    spending: float
    expected_damage: float
    total_cost: float

    @property
    def prices_move(self) -> float:
        """What uncertain prices add to the list price on average."""
        return self.training_mean - self.training_list_price

    @property
    def discounting_moves(self) -> float:
        """What waiting until the money is spent takes off."""
        return self.training_present - self.training_mean


def reconciliation(cost: Cost, appraisal: Appraisal) -> Reconciliation:
    """From the list price of the training to its present value; from spending to total cost."""
    damage = appraisal.costs["legal"]
    return Reconciliation(
        training_list_price=cost.jpy,
        training_mean=appraisal.costs["training"],
        training_present=-appraisal.parts["training"],
        spending=appraisal.total_cost.value - damage,
        expected_damage=damage,
        total_cost=appraisal.total_cost.value,
    )
