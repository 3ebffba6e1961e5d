"""How one amount of money leads to another that differs in meaning: list price, mean, damage.

The price of the training at the prices as they stand and its mean over all cases are two figures
(it is paid now, so its mean is its present value too); so are what is spent and the legal damage
that is only expected. Each has one name, and these steps lead from one to the next.
"""

from dataclasses import dataclass

from engine.cost import Cost
from engine.roi.appraise import Outlay


@dataclass(frozen=True, kw_only=True)
class Reconciliation:
    """Amounts in JPY, positive where they are costs."""

    training_list_price: float
    """The training at the prices as they stand, each at its own value."""
    training_mean: float
    """The same as a mean over all cases: prices are uncertain, and not even on both sides."""
    cash_to_approve: float
    """All that is paid before the first user, mean over all cases."""
    running_cost: float
    """Serving and operation from then until the horizon, mean over all cases, not discounted."""
    spending: float
    """Both together: all that is asked for."""
    expected_damage: float
    """Legal damage to be expected with the privacy promised, mean over all cases; nobody pays it
    until it happens."""
    total_cost: float
    """Spending and expected damage together: the total cost of ownership."""

    @property
    def prices_move(self) -> float:
        """What uncertain prices add to the list price on average."""
        return self.training_mean - self.training_list_price


def reconciliation(cost: Cost, outlay: Outlay) -> Reconciliation:
    """From the list price of the training to its mean; from spending to total cost."""
    return Reconciliation(
        training_list_price=cost.jpy,
        training_mean=outlay.costs["training"],
        cash_to_approve=outlay.cash_to_approve.value,
        running_cost=outlay.running_cost.value,
        spending=outlay.cash_to_approve.value + outlay.running_cost.value,
        expected_damage=outlay.expected_damage.value,
        total_cost=outlay.total_cost.value,
    )
