"""A configuration in whole numbers that keeps to its budget."""

import math

from engine.allocation.points import Points
from engine.allocation.space import Space
from engine.config import FLOPS_PER_PARAMETER_AND_TOKEN, Budget, TrainingConfig

_ROUNDING = 1e-12
"""Relative; a batch that should be whole is not lowered by one for the sake of the last bit."""


def whole_config(point: Points, budget: Budget, space: Space) -> TrainingConfig:
    """One point as whole parameters, examples and steps, within the budget's compute and people.

    Model size and steps are rounded first; the batch, the finest of the three, takes what is left
    of compute and of the point's examples, downwards: one example more could cost fixed batches
    another participation. Where less than one example a step is left, the steps are cut instead.
    """
    size = max(round(float(point.model_size[0])), 1)
    steps = max(round(float(point.iterations[0])), 1)
    one = FLOPS_PER_PARAMETER_AND_TOKEN * size * space.sequence_length
    compute = min(float(point.compute_flops[0]), budget.compute_flops)
    examples = min(compute / one, float(point.batch_size[0] * point.iterations[0]))
    batch = min(math.floor(examples / steps * (1 + _ROUNDING)), budget.data_budget)
    if one * steps * batch > budget.compute_flops:
        batch -= 1
    if batch < 1:
        batch = 1
        steps = max(math.floor(budget.compute_flops / one), 1)
    return TrainingConfig(
        model_size=size,
        batch_size=batch,
        iterations=steps,
        sequence_length=space.sequence_length,
    )
