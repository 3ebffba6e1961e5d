"""The question of a decision as options: budget, evidence, sampling, metric, assumptions."""

import argparse
from pathlib import Path

from engine.commands.options import (
    add_currency,
    add_delta,
    add_evidence,
    add_sampling,
    corrections,
    number,
    tell_reading,
    whole,
)
from engine.config import Budget, Sampling
from engine.cost import DEFAULTS
from engine.decision.question import Currency, Question
from engine.roi.assumption_files import LARGEST_FILE, load
from engine.roi.defaults import (
    DEFAULT_ASSUMPTIONS,
    prices_of,
    require_metrics,
    with_costs,
    with_metric,
)
from engine.roi.kinds import MetricKind
from engine.roi.metric import assumed
from engine.text.terminal import tell
from engine.untrusted import regular


def add_question(parser: argparse.ArgumentParser) -> None:
    """Everything that an answer depends on. A command that takes it also has the options of
    :func:`engine.commands.options.add_corrections`."""
    parser.add_argument("--compute", required=True, metavar="FLOPS", help="compute budget")
    parser.add_argument("--data", required=True, metavar="PEOPLE", help="people in the data")
    parser.add_argument("--epsilon", required=True, metavar="ε", help="privacy budget")
    add_delta(parser)
    add_evidence(parser)
    add_sampling(parser)
    parser.add_argument(
        "--metric",
        choices=[str(kind) for kind in MetricKind],
        default=str(MetricKind.MINUTES_SAVED),
        help="what the return is measured by (default: %(default)s)",
    )
    parser.add_argument(
        "--assumptions",
        metavar="FILE",
        help="all figures of the return, TOML or CSV as the ROI page saves them or the exported "
        "workbook (.xlsx), prices included "
        "(default: the figures that the dashboard starts with); a file does not name its "
        "metric, so "
        "say --metric too where it is not minutes saved",
    )
    add_currency(parser)


def question(options: argparse.Namespace) -> Question:
    """What the options ask. Raises :class:`InputError`."""
    kind = MetricKind(options.metric)
    if options.assumptions is None:
        prices = DEFAULTS
        assumptions = with_costs(with_metric(DEFAULT_ASSUMPTIONS, kind), prices)
    else:
        loaded = load(options.assumptions, content(Path(options.assumptions)), corrections(options))
        tell_reading(loaded.detected)
        if loaded.added:
            tell(
                f"The table is older than these figures, which Kessai adds as it comes with them: "
                f"{', '.join(loaded.added)}."
            )
        assumptions = loaded.table
        require_metrics(assumptions, kind)
        prices = prices_of(assumptions)
    return Question(
        budget=Budget(
            compute_flops=number("--compute", options.compute),
            data_budget=whole("--data", options.data),
            epsilon=number("--epsilon", options.epsilon),
            delta=number("--delta", options.delta),
        ),
        evidence_id=options.evidence,
        sampling=Sampling(options.sampling),
        prices=prices,
        assumptions=assumptions,
        curve=assumed(kind, assumptions),
        currency=Currency(options.currency),
    )


def content(path: Path) -> bytes:
    """A small file's bytes. Raises :class:`InputError` where it cannot be read."""
    return regular.content(path, 4 * LARGEST_FILE, name=str(path))
