"""A decision's plan on many devices: its training and its prices as :mod:`engine.cluster` has them.

The shape of the model is not part of a plan, so that one of its size is taken
(:func:`engine.cluster.step.training_of`).
"""

from collections.abc import Sequence
from dataclasses import replace

from engine.cluster.forecast import COUNTS, Scale, scale
from engine.cluster.machines import machine_named
from engine.cluster.step import training_of
from engine.cost import CostAssumptions
from engine.decision.decide import Decision
from engine.decision.question import Question


def chosen_devices(question: Question) -> int:
    """How many devices the scenario's assumptions train on."""
    return max(1, round(question.assumptions["devices"].value))


def on_devices(
    decision: Decision,
    prices: CostAssumptions,
    counts: Sequence[int] = (),
    *,
    recompute: bool | None = None,
) -> Scale:
    """The recommended training by number of devices: ``counts`` and those of every table.
    ``recompute`` as :func:`engine.cluster.forecast.forecast` has it.

    Raises :class:`engine.errors.InputError` for a device whose networks are not known, and where
    no number of devices can be used.
    """
    config = decision.recommendation.config
    device = prices.accelerator
    return scale(
        training_of(
            config.model_size,
            batch_size=config.batch_size,
            sequence_length=config.sequence_length,
            iterations=config.iterations,
            dp_overhead=prices.dp_overhead,
        ),
        replace(machine_named(device.name), peak_flops=device.peak_flops),
        usd_per_hour=device.price_per_hour_usd,
        counts=(*COUNTS, *counts),
        recompute=recompute,
    )
