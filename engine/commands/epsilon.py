"""Which ε a training had: certified bounds from its noise, batch, steps and people.

--batch-size is the expected batch of one step of the optimiser: what was drawn for it. With
gradient accumulation that is the micro-batch times the accumulation steps, over all devices; for
Poisson sampling it is the sampling probability times the people, not the largest batch seen.
--noise-multiplier is the standard deviation of the noise on the summed gradients over the clipping
norm (Opacus and TensorFlow Privacy call it so too); what was added to the mean must be multiplied
by the expected batch.

--bands is for noise that is correlated over so many steps (banded matrix factorisation) while as
many groups of people take turns. --noise-multiplier is then that of the noise before it is
correlated, over the clipping norm times the largest column norm of the strategy. docs/mechanisms.md
says what of the groups the bound assumes.
"""

import argparse
from typing import Any

from engine.accounting.training_epsilon import (
    SAMPLINGS,
    Training,
    TrainingEpsilon,
    epsilon_of,
)
from engine.commands.options import (
    add_json,
    add_language,
    as_json,
    as_table,
    number,
    warn_delta,
    whole,
)
from engine.config import NeighbouringRelation, Sampling
from engine.text import training_epsilon
from engine.text.i18n import Words

RELATION_NAMES = {
    "add-or-remove-one": NeighbouringRelation.ADD_REMOVE,
    "replace-one": NeighbouringRelation.REPLACE,
    "zero-out": NeighbouringRelation.ZERO_OUT,
}
"""As the option and the JSON name them."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("--noise-multiplier", required=True, metavar="σ")
    parser.add_argument(
        "--batch-size",
        required=True,
        metavar="EXAMPLES",
        help="expected batch of a step: what was drawn for it, accumulation counted",
    )
    parser.add_argument("--iterations", required=True, metavar="STEPS", help="optimiser steps")
    parser.add_argument("--data", required=True, metavar="PEOPLE", help="people in the data")
    parser.add_argument("--delta", required=True, metavar="δ")
    parser.add_argument(
        "--sampling",
        choices=[str(scheme) for scheme in SAMPLINGS],
        default=str(Sampling.POISSON),
        help="how batches were drawn (default: %(default)s)",
    )
    parser.add_argument(
        "--relation",
        choices=list(RELATION_NAMES),
        help="which data sets are neighbours (default: add-or-remove-one, for deterministic "
        "batches zero-out, without replacement replace-one)",
    )
    parser.add_argument(
        "--largest-batch",
        metavar="EXAMPLES",
        help="truncated-poisson: the size to which batches were cut (default: the batch size, "
        "whose bound is the larger one)",
    )
    parser.add_argument(
        "--bands",
        default="1",
        metavar="STEPS",
        help="steps over which noise is correlated, and groups of people that take turns, Poisson "
        "sampled within the group (default: 1, independent noise)",
    )
    add_language(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> str:
    """The bounds as text or JSON. Raises :class:`InputError`."""
    found = epsilon_of(_training(options))
    if options.json:
        warn_delta(found.data_budget, found.delta, options.language)
        return as_json(document(found))
    return as_table(training_epsilon.rows(found, Words(options.language)))


def _training(options: argparse.Namespace) -> Training:
    largest = options.largest_batch
    return Training(
        noise_multiplier=number("--noise-multiplier", options.noise_multiplier),
        batch_size=whole("--batch-size", options.batch_size),
        iterations=whole("--iterations", options.iterations),
        data_budget=whole("--data", options.data),
        delta=number("--delta", options.delta),
        sampling=Sampling(options.sampling),
        relation=None if options.relation is None else RELATION_NAMES[options.relation],
        largest_batch=None if largest is None else whole("--largest-batch", largest),
        bands=whole("--bands", options.bands),
    )


def document(found: TrainingEpsilon) -> dict[str, Any]:
    """The answer as plain values. These keys are a contract."""
    names = {relation: name for name, relation in RELATION_NAMES.items()}
    return {
        "epsilon": {"certified": found.certified, "lower": found.lower},
        "delta": found.delta,
        "relation": names[found.relation],
        "sampling": str(found.sampling),
        "unit": found.unit,
        "compositions": found.compositions,
        "accountant": found.accountant,
        "bands": found.bands,
    }
