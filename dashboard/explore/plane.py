"""What the Explore page asks: which two budgets, over which window, which quantity.

The window follows the evidence and only grows to hold the scenario, so that a map stays the same,
and is not computed again, while a person moves about in it. Values along it are round, since a
click makes them the scenario.

>>> round_values(1e4, 1e6, (1, 3))
(10000.0, 30000.0, 100000.0, 300000.0, 1000000.0)
"""

import math
from dataclasses import replace

from dashboard.answers.plane import NAMES, Plane
from engine.api.decisions import Space
from engine.api.scenarios import fields as grammar
from engine.config import Budget, Sampling
from engine.text.i18n import N_

QUANTITIES = {
    "loss": N_("Expected loss"),
    "cost": N_("Cost"),
    "saving": N_("Saving over the usual rule"),
    "size": N_("Best model size"),
}
TERMS = {
    "loss": ("loss", "nat"),
    "cost": ("compute",),
    "saving": ("usual_rule",),
    "size": ("model_size",),
}
"""Quantity -> the terms it is explained by, in :mod:`dashboard.glossary.lookup`."""
PLANES = {
    "compute-data": N_("Compute and people"),
    "compute-epsilon": N_("Compute and ε"),
    "data-epsilon": N_("People and ε"),
}
"""The two budgets along the axes, by their keys in a link."""
_BATCHES = (64, 2**20)
"""Batches that span the compute of interest, from the smallest plan of the evidence to its
largest."""
_PEOPLE = (1e4, 1e9)
_EPSILON = (0.1, 0.2, 0.3, 0.5, 1.0, 1.5, 2.0, 4.0, 6.0, 8.0, 16.0, 32.0, 64.0)
_FEW, _MANY = (1, 3), (1, 2, 5)
"""Round values in a decade of people, and of compute."""


def plane(
    pair: str,
    quantity: str,
    budget: Budget,
    loss: float,
    space: Space,
    *,
    sampling: Sampling,
    evidence_id: str,
) -> Plane:
    """The map of ``pair``; ``loss`` is what a map of costs without a compute axis must reach."""
    x, y = pair.split("-")
    values = {key: window(key, budget, space) for key in (x, y)}
    return Plane(
        x=x,
        y=y,
        x_values=values[x],
        y_values=values[y],
        held=_settled(budget, {key: values[key][0] for key in (x, y)}),
        sampling=sampling,
        evidence_id=evidence_id,
        with_saving=quantity == "saving",
        target=loss if quantity == "cost" and "compute" not in (x, y) else None,
    )


def window(key: str, budget: Budget, space: Space) -> tuple[float, ...]:
    """Round values of one budget that hold the evidence and the scenario."""
    here = float(getattr(budget, NAMES[key]))
    if key == "epsilon":
        return tuple(sorted({*_EPSILON, min(here, _EPSILON[0])}))
    low, high = _PEOPLE if key == "data" else compute_window(space)
    low, high = min(low, here), max(high, here)
    bounds = grammar.BUDGET_FIELDS[key].bounds
    first = 10.0 ** math.floor(math.log10(low) + 1e-9)
    last = 10.0 ** math.ceil(math.log10(high) - 1e-9)
    return round_values(
        max(first, bounds[0]), min(last, bounds[1]), _FEW if key == "data" else _MANY
    )


def compute_window(space: Space) -> tuple[float, float]:
    """FLOPs from the smallest plan of the evidence to its largest, within what may be asked."""
    low, high = (
        6 * space.sequence_length * space.model_size[end] * space.iterations[end] * batch
        for end, batch in enumerate(_BATCHES)
    )
    least, most = grammar.COMPUTE.bounds
    return min(max(low, least), most / 1e3), min(max(high, least * 1e3), most)


def round_values(low: float, high: float, within: tuple[float, ...]) -> tuple[float, ...]:
    """Round numbers from ``low`` to ``high``, so many in a decade."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    every = (float(f"{m}e{power}") for power in range(first, last + 1) for m in within)
    return tuple(value for value in every if low * 0.999 <= value <= high * 1.001)


def around(budget: Budget) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """People and ε for the small multiples: the scenario's between less and more of each."""
    people, epsilon = float(budget.data_budget), budget.epsilon
    low, high = grammar.DATA.bounds
    fewer, more = max(people / 10, low), min(people * 10, high)
    least, most = grammar.EPSILON.bounds
    strict, loose = max(epsilon / 4, least), min(epsilon * 4, most)
    return (
        tuple(sorted({fewer, people, more})),
        tuple(sorted({strict, epsilon, loose})),
    )


def _settled(budget: Budget, values: dict[str, float]) -> Budget:
    return replace(
        budget,
        compute_flops=values.get("compute", budget.compute_flops),
        data_budget=int(values.get("data", budget.data_budget)),
        epsilon=values.get("epsilon", budget.epsilon),
    )
