"""``finetune published``: what others printed, what a promise cost them, and what our law says."""

import argparse
from dataclasses import asdict
from typing import Any

from engine.allocation.result import Word
from engine.commands.options import as_columns, as_json
from engine.decision.fine_tuning import tuning_law
from engine.decision.published_gaps import AskedGap, asked_gaps, measured_drift
from engine.decision.published_rows import Asking, PublishedRow, published_rows
from engine.fine_tunings import gaps

_COLUMNS = {
    "data_budget": "people",
    "batch_size": "batch",
    "iterations": "steps",
    "epsilon": "ε",
    "delta": "δ",
    "trainable_size": "trained parameters",
}
_NOT_ASKED = {
    Asking.PAIR: "not asked alone: the training without a promise, which others are held to",
    Asking.START: "not asked: the start before any step",
    Asking.OTHER: "not asked: federated, which is another way to train",
    Asking.LACKING: "not asked: the source prints too little",
}


def published(options: argparse.Namespace) -> str:
    """Published fine-tunings with a promise beside those without; whether our law may be asked
    about each, what it says, and where that is wrong."""
    rows, asked = published_rows(), asked_gaps()
    complete = [one for one in rows if one.row.complete]
    unknown = sum(one.reach is Word.UNKNOWN for one in complete)
    if options.json:
        return as_json(
            {
                "rows": len(rows),
                "complete": len(complete),
                "unknown": unknown,
                "gaps": [
                    {
                        "model": gap.private.model,
                        "source": gap.private.source,
                        "model_size": gap.private.model_size,
                        "data_budget": gap.private.data_budget,
                        "epsilon": gap.private.epsilon,
                        "gap": gap.nats,
                    }
                    for gap in gaps()
                ],
                "each": [_each(number, one) for number, one in enumerate(rows, start=1)],
                "extrapolated": [_extrapolated(one) for one in asked],
                "drift": measured_drift(asked),
            }
        )
    said = (
        f"Of {len(rows)} rows {len(complete)} are complete but for the noise, which accounting "
        f"gives; of these our law calls {unknown} unknown: it was measured on starts of at most "
        f"{tuning_law().points.model_size.max():,.0f} parameters. An answer for each row: --rows."
    )
    if options.rows:
        return f"{_rows(rows)}\n\n{said}"
    return f"{_costs()}\n\n{_beyond(asked)}\n\n{said}"


def _costs() -> str:
    table = [("people", "ε", "parameters", "gap, nats per token", "model, method and text")]
    table += [
        (
            "not printed" if gap.private.data_budget is None else f"{gap.private.data_budget:,.0f}",
            f"{gap.private.epsilon:g}",
            f"{gap.private.model_size:.3g}",
            f"{gap.nats:+.3f}",
            gap.private.model,
        )
        for gap in gaps()
    ]
    return as_columns(table)


def _beyond(asked: tuple[AskedGap, ...]) -> str:
    """What the law says of the pairs, which it calls unknown."""
    table = [
        (
            "ln of loss with / without",
            "law's numbers alone",
            "",
            "90 %, with drift",
            "",
            "answer",
            "model",
        )
    ]
    table += [
        (
            f"{one.measured:.3f}",
            f"{one.extrapolated.value:.3f} ({one.extrapolated.low:.3f} to "
            f"{one.extrapolated.high:.3f})",
            "inside" if one.inside else f"outside: {one.times_too_little:.0f} times too little",
            f"{one.with_drift.low:.2f} to {one.with_drift.high:.2f}",
            "inside" if one.inside_with_drift else "outside",
            "unknown",
            one.gap.private.model + (" (batch and steps of GPT-2)" if one.as_gpt2 else ""),
        )
        for one in asked
    ]
    return (
        f"{as_columns(table)}\n\nThese pairs drift by {measured_drift(asked):.1%} of the loss an "
        "e-fold of distance (root mean square); the law's ranges count "
        f"{min(one.held_out.drift for one in tuning_law().forms):.1%} or more."
    )


def _rows(rows: list[PublishedRow]) -> str:
    table = [("row", "ε", "loss", "not printed", "what the law says", "model, method and text")]
    table += [
        (
            str(number),
            "not printed" if one.row.epsilon is None else f"{one.row.epsilon:g}",
            f"{one.row.cross_entropy:.3f}",
            ", ".join(_COLUMNS[name] for name in one.row.lacks) or "–",
            _answer(one),
            one.row.model,
        )
        for number, one in enumerate(rows, start=1)
    ]
    return as_columns(table)


def _answer(one: PublishedRow) -> str:
    """The law's word, and what it would have said beyond its reach."""
    if one.distance is None:
        return _NOT_ASKED[one.asking]
    least = "at least " if one.least else ""
    said = [f"{one.reach} ({least}{one.distance:.1f} e-folds)"]
    if one.cost is not None:
        asked = one.cost
        said.append(
            f"beyond it a promise's cost of {asked.extrapolated.value:.3f} where "
            f"{asked.measured:.3f} was printed, "
            + ("inside" if asked.inside else f"{asked.times_too_little:.0f} times too little")
        )
    if one.loss is not None:
        said.append(
            f"a loss of {one.loss.value:.2f} ({one.loss.low:.2f} to {one.loss.high:.2f}) from "
            f"{one.start_cross_entropy:.2f}, " + ("inside" if one.loss_inside else "outside")
        )
    return "; ".join(said)


def _each(number: int, one: PublishedRow) -> dict[str, Any]:
    return {
        "row": number,
        "model": one.row.model,
        "source": one.row.source,
        "private": one.row.private,
        "epsilon": one.row.epsilon if one.row.private else None,
        "cross_entropy": one.row.cross_entropy,
        "asking": str(one.asking),
        "not_printed": list(one.row.lacks),
        "complete": one.row.complete,
        "noise_multiplier": one.noise_multiplier,
        "distance": one.distance,
        "distance_is_least": one.least,
        "reach": None if one.reach is None else str(one.reach),
        "start_cross_entropy": one.start_cross_entropy,
        "loss": None if one.loss is None else asdict(one.loss),
        "loss_inside": one.loss_inside,
        "cost": None if one.cost is None else _extrapolated(one.cost),
    }


def _extrapolated(one: AskedGap) -> dict[str, Any]:
    return {
        "model": one.gap.private.model,
        "as_gpt2": one.as_gpt2,
        "noise_batch_ratio": one.noise_batch_ratio,
        "distance": one.distance,
        "reach": str(Word.UNKNOWN),
        "measured": one.measured,
        "law": asdict(one.extrapolated),
        "inside": one.inside,
        "with_drift": asdict(one.with_drift),
        "inside_with_drift": one.inside_with_drift,
        "times_too_little": one.times_too_little,
    }
