"""Say whether a law of one family helps another: predict its held-back runs from a few of them."""

import argparse
import math
from dataclasses import asdict

from engine.commands.options import add_json, as_json, whole
from engine.decision.fitted import evidence_of, fitted_evidence
from engine.law.transfer.study import RUNS, TransferRow, transfer_study

_EXPLAINED = """\
runs: how many runs of the target are known; draws: random choices of them in which the law could
answer (- where it never could). law: source is the source's law as it is; scaled, times one factor
from the known runs; target, fitted to these alone; pooled, fitted to both.
error: mean |ln(predicted / observed)| over runs held back, then over draws; worst: the largest of
the draws. coverage: share of them inside the 90% range; width: mean ln(high / low) of that range.
pooled_wins: share of the law's draws in which pooled erred less."""
_HEADINGS = ("error", "worst", "coverage", "width", "pooled_wins")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("source", help="family of the larger evidence")
    parser.add_argument("target", help="family that is predicted from a few of its runs")
    parser.add_argument(
        "--runs",
        nargs="+",
        default=[str(count) for count in RUNS],
        metavar="K",
        help="how many runs of the target are known (default: %(default)s)",
    )
    parser.add_argument(
        "--draws", default="10", metavar="D", help="random choices of them (default: %(default)s)"
    )
    parser.add_argument("--seed", default="0", help="of those choices (default: %(default)s)")
    add_json(parser)


def run(options: argparse.Namespace) -> str:
    """The study as text or JSON. Raises :class:`InputError`."""
    source, target = evidence_of(options.source), evidence_of(options.target)
    rows = transfer_study(
        source.frame,
        target.frame,
        runs=[whole("runs", count) for count in options.runs],
        draws=whole("draws", options.draws),
        seed=whole("seed", options.seed),
        form=fitted_evidence(options.source).fit.leading.law.form,
    )
    if options.json:
        return as_json(
            {
                "source": {"id": source.id, "runs": source.runs, "hash": source.sha256},
                "target": {"id": target.id, "runs": target.runs, "hash": target.sha256},
                "rows": [_document(row) for row in rows],
            }
        )
    return f"{_table(rows)}\n\n{_EXPLAINED}"


def _document(row: TransferRow) -> dict[str, object]:
    return {
        name: None if isinstance(value, float) and math.isnan(value) else value
        for name, value in asdict(row).items()
    }


def _table(rows: list[TransferRow]) -> str:
    lines: list[tuple[str, ...]] = [("runs", "law", "draws", *_HEADINGS)]
    for row in rows:
        figures = (getattr(row, name) for name in _HEADINGS)
        lines.append((str(row.runs), row.method, str(row.draws), *map(_share, figures)))
    widths = [max(len(line[k]) for line in lines) for k in range(len(lines[0]))]
    return "\n".join(
        "  ".join(f"{cell:>{width}}" for cell, width in zip(line, widths, strict=True))
        for line in lines
    )


def _share(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.2%}"
