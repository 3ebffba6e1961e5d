"""What noise correlated over b steps would take and give for one training: planned, not tried.

For each number of bands, at one promise: the certified noise multiplier, the error that the noise
leaves in the sum of all gradients against independent noise, the memory of past noises and the time
to correlate them. The error is no loss: docs/mechanisms.md says what was measured of that.
"""

import argparse
from dataclasses import asdict

from engine.accounting.mechanisms_compared import USUAL_BANDS, Choice, choices
from engine.commands.options import (
    add_delta,
    add_json,
    as_columns,
    as_json,
    number,
    warn_delta,
    whole,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("--data", required=True, metavar="PEOPLE")
    parser.add_argument("--batch-size", required=True, metavar="EXAMPLES", help="expected batch")
    parser.add_argument("--iterations", required=True, metavar="STEPS")
    parser.add_argument("--epsilon", required=True, metavar="ε")
    add_delta(parser)
    parser.add_argument("--model-size", required=True, metavar="PARAMETERS")
    parser.add_argument(
        "--bands",
        nargs="+",
        default=[str(count) for count in USUAL_BANDS],
        metavar="STEPS",
        help=f"(default: {' '.join(map(str, USUAL_BANDS))})",
    )
    parser.add_argument(
        "--momentum", default="0", metavar="β", help="of the optimiser (default: %(default)s)"
    )
    parser.add_argument(
        "--bandwidth",
        default="1e12",
        metavar="BYTES",
        help="of all devices' memory together, a second (default: %(default)s, an assumption)",
    )
    add_json(parser)


def run(options: argparse.Namespace) -> str:
    """A line a mechanism, or JSON. Raises :class:`InputError`."""
    people, delta = whole("--data", options.data), number("--delta", options.delta)
    found = choices(
        data_budget=people,
        batch_size=whole("--batch-size", options.batch_size),
        iterations=whole("--iterations", options.iterations),
        epsilon=number("--epsilon", options.epsilon),
        delta=delta,
        model_size=number("--model-size", options.model_size),
        bandwidth=number("--bandwidth", options.bandwidth),
        momentum=number("--momentum", options.momentum),
        bands=[whole("--bands", count) for count in options.bands],
    )
    warn_delta(people, delta)
    if options.json:
        return as_json([asdict(choice) for choice in found])
    heads = ["bands", "noise multiplier", "turns", "ε", "error", "past noises", "a step"]
    return as_columns([heads, *(_line(choice) for choice in found)])


def _line(choice: Choice) -> list[str]:
    return [
        f"{choice.bands}",
        f"{choice.noise_multiplier:g}",
        f"{choice.compositions:,}",
        f"{choice.epsilon:.4g}",
        f"{choice.error:.3f}",
        f"{choice.past_bytes / 1e9:.3g} GB",
        f"{choice.seconds_per_step:.3g} s",
    ]
