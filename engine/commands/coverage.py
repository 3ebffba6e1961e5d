"""The audit of the law as ``python -m engine fit --check-coverage`` prints it."""

import argparse
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from engine.commands.options import as_json, whole
from engine.decision.audit.coverage import Coverage, summary
from engine.decision.audit.judged import cases
from engine.decision.audit.known_laws import drawn_laws, read_laws
from engine.errors import InputError
from engine.text.terminal import tell


def run(options: argparse.Namespace) -> str:
    """How often each range held, as text or JSON; progress goes to standard error.

    Raises :class:`InputError` for unreadable laws or fewer than one decision.
    """
    decisions = whole("--decisions", options.decisions)
    count = whole("--law-count", options.law_count)
    if decisions < 1 or count < 2:
        raise InputError("Expected at least two laws and one decision for each.")
    if options.laws:
        known = read_laws(Path(options.laws))
    else:
        known = drawn_laws(count - count // 2, outside=False) + drawn_laws(count // 2, outside=True)
    found = cases(
        known,
        decisions=decisions,
        workers=min(os.cpu_count() or 1, len(known)),
        told=tell,
    )
    kinds = {
        name: summary(some)
        for name, some in (
            ("inside the forms", [case for case in found if case.inside]),
            ("outside the forms", [case for case in found if not case.inside]),
        )
        if some
    }
    if options.json:
        return as_json({name: _finite(asdict(one)) for name, one in kinds.items()})
    return "\n\n".join(_text(name, one) for name, one in kinds.items())


def _text(name: str, found: Coverage) -> str:
    rows = [("range called 90 %", "held", "open", "median high/low")]
    for key, share in found.held.items():
        factor = f"{np.exp(found.median_width[key]):.3g}"
        rows.append((key, f"{share:.0%}", f"{found.open_ended[key]:.0%}", factor))
    lines = [
        f"{name}: {found.laws} laws, {found.decisions} decisions",
        *_aligned(rows),
        f"interval score of the loss: {found.interval_score:.2%} of it",
        f"regret in loss: median {found.regret_loss[0]:.2%}, 90th percentile "
        f"{found.regret_loss[1]:.2%}; in compute: {found.regret_compute[0]:.0%}, "
        f"{found.regret_compute[1]:.0%}",
        f"of the plans called within 1 % of the best {found.within:.0%} are",
    ]
    if np.isfinite(found.width_ratio):
        lines.insert(-2, f"width over that of a fit that knows the form: {found.width_ratio:.2f}")
    return "\n".join(lines)


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    return [
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _finite(value: Any) -> Any:
    """Plain values for JSON, which has neither NaN nor infinity."""
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
