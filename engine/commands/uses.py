"""Which privacy for which use: ε and compute of one population, dealt out among several uses.

FILE is a table with the columns use, people, tasks_per_year and, where it differs from the
assumptions', value_per_unit in JPY. Each use has its own model; what all promise together is
certified and stays under --epsilon. Beside it stands one model for all uses: it shares nothing.
"""

import argparse
from pathlib import Path
from typing import Any

from engine.commands.options import (
    add_corrections,
    add_json,
    add_language,
    as_json,
    corrections,
    tell_pooled,
    tell_reading,
    under_headings,
    warn_delta,
)
from engine.commands.question_options import add_question, content, question
from engine.commands.recommend import money
from engine.decision.answer import applicable_curve, held
from engine.decision.fitted import fitted_evidence
from engine.roi.use_files import load_uses
from engine.roi.uses import Sharing, share_privacy
from engine.text import quantities, uses


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("file", metavar="FILE", help="the table of uses")
    add_question(parser)
    add_corrections(parser)
    add_language(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> str:
    """The shares as text or JSON. Raises :class:`InputError`."""
    asked = question(options)
    known, detected = load_uses(options.file, content(Path(options.file)), corrections(options))
    tell_reading(detected)
    fitted = fitted_evidence(asked.evidence_id)
    tell_pooled(fitted)
    warn_delta(asked.budget.data_budget, asked.budget.delta, options.language)
    found = share_privacy(known, held(asked, fitted, applicable_curve(asked)))
    if options.json:
        return as_json(document(found, str(asked.currency), asked.jpy_per_usd or 1.0))
    words = quantities.words_of(asked, options.language)
    return "\n".join(
        [
            uses.sentence(found, words),
            uses.one_model(found, words),
            *filter(None, [uses.added(found, words)]),
            "",
            under_headings(uses.columns(found, words)),
            "",
            uses.assumed(words),
        ]
    )


def document(found: Sharing, currency: str, rate: float) -> dict[str, Any]:
    """The shares as plain values, money in ``currency`` (``rate`` JPY each)."""
    whole = found.one_model
    return {
        "currency": currency,
        "epsilon_certified": found.epsilon,
        "epsilon_added": found.added_epsilon,
        "delta": found.budget.delta,
        "compute_flops": found.compute_flops,
        "npv": money(found.npv, rate),
        "probability": found.probability,
        "uses": [
            {
                "use": each.use.name,
                "people": each.use.people,
                "epsilon_certified": each.epsilon,
                "noise_multiplier": each.mechanism.noise_multiplier,
                "sampling": str(each.mechanism.sampling),
                "model_size": each.plan.workload.model_size,
                "batch_size": each.batch_size,
                "iterations": each.plan.workload.iterations,
                "compute_flops": each.plan.workload.compute_flops,
                "cross_entropy": each.plan.loss.value,
                "npv": money(each.npv, rate),
                "probability": each.probability,
                "npv_with_everything": each.alone / rate,
            }
            for each in found.shares
        ],
        "left_out": [use.name for use in found.left_out],
        "one_model": None
        if whole is None
        else {
            "model_size": whole.plan.workload.model_size,
            "compute_flops": whole.plan.workload.compute_flops,
            "cross_entropy": whole.plan.loss.value,
            "npv": money(whole.npv, rate),
            "probability": whole.probability,
        },
    }
