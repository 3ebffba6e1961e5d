"""Predict the loss of a given configuration, with its interval."""

import argparse

from engine.allocation.space import refuse_if_absurd
from engine.commands.options import (
    add_delta,
    add_evidence,
    add_json,
    add_sampling,
    as_json,
    as_table,
    number,
    whole,
)
from engine.commands.recommend import interval, reach
from engine.config import INDEPENDENT_SAMPLINGS, Sampling, TrainingConfig
from engine.decision.decide import extrapolation_of, predict
from engine.decision.fitted import fitted_evidence
from engine.loss_unit import unit_of
from engine.text import bounds
from engine.text.i18n import Words


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("--model-size", required=True, metavar="PARAMETERS")
    parser.add_argument("--batch-size", required=True, metavar="EXAMPLES")
    parser.add_argument("--iterations", required=True, metavar="STEPS")
    parser.add_argument("--data", required=True, metavar="PEOPLE")
    parser.add_argument("--epsilon", required=True, metavar="ε")
    add_delta(parser)
    add_evidence(parser)
    add_sampling(parser, INDEPENDENT_SAMPLINGS)
    add_json(parser)


def run(options: argparse.Namespace) -> str:
    """The prediction as text or JSON. Raises :class:`InputError`."""
    fitted = fitted_evidence(options.evidence)
    config = TrainingConfig(
        model_size=whole("--model-size", options.model_size),
        batch_size=whole("--batch-size", options.batch_size),
        iterations=whole("--iterations", options.iterations),
        sequence_length=fitted.space.sequence_length,
    )
    found = predict(
        config,
        fitted.fit,
        data_budget=whole("--data", options.data),
        epsilon=number("--epsilon", options.epsilon),
        delta=number("--delta", options.delta),
        sampling=Sampling(options.sampling),
    )
    support = extrapolation_of(fitted, found)
    refuse_if_absurd(support)
    loss, unit = found.cross_entropy, unit_of(options.evidence).measure
    if options.json:
        return as_json(
            {
                "cross_entropy": {**interval(loss), "unit": str(unit)},
                "noise_multiplier": found.noise_multiplier,
                "noise_batch_ratio": found.noise_batch_ratio,
                "sampling": str(found.sampling),
                "compute_flops": config.compute_flops,
                "reach": reach(support.reach),
                "extrapolation": {"support": str(support.support), "decades": support.decades},
            }
        )
    return as_table(
        [
            (
                "cross entropy",
                f"{loss.value:.3f} {unit.phrase} "
                f"({loss.low:.3f} to {loss.high:.3f}, {loss.level:.0%})",
            ),
            ("noise multiplier", f"{found.noise_multiplier:.4g} (looked up, not certified)"),
            ("compute", f"{config.compute_flops:.3g} FLOPs"),
            ("evidence", f"answer {bounds.where(support.reach, Words('en'))}"),
        ]
    )
