"""What noise correlated over steps would buy a plan at the same compute, people and promise.

For 4, 16 and 64 steps the best plan is looked for anew; its loss is what the law says at the share
of the noise that correlated noise was measured to be equal to. docs/mechanisms.md says what was
measured, and how far from it a plan may lie.
"""

import argparse
from typing import Any

from engine.commands.options import (
    add_corrections,
    add_json,
    add_language,
    as_json,
    tell_pooled,
    under_headings,
    warn_delta,
)
from engine.commands.question_options import add_question, question
from engine.commands.recommend import interval, money
from engine.decision.answer import answer
from engine.decision.correlated import Banded, more_learning
from engine.decision.correlated_worth import worth
from engine.decision.fitted import fitted_evidence
from engine.text import correlated, quantities


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    add_question(parser)
    add_corrections(parser)
    add_language(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> str:
    """The finding and a row for each number of bands, or JSON. Raises :class:`InputError`."""
    asked = question(options)
    fitted = fitted_evidence(asked.evidence_id)
    tell_pooled(fitted)
    answered = answer(asked, fitted)
    found = more_learning(answered, fitted)
    added = worth(found, answered, fitted)
    warn_delta(asked.budget.data_budget, asked.budget.delta, options.language)
    if options.json:
        exponent = found.measured.exponent
        return as_json(
            {
                "exponent": interval(exponent),
                "scatter": found.measured.scatter,
                "choices": [_choice(one) for one in (found.independent, *found.choices)],
                "best": found.best.bands,
                "pays": found.pays,
                "npv_added": None if added is None else money(added, asked.jpy_per_usd or 1.0),
                "currency": str(asked.currency),
            }
        )
    words = quantities.words_of(asked, options.language)
    return "\n".join(
        [
            correlated.finding(found, words),
            *filter(None, [correlated.money(found, added, words)]),
            "",
            under_headings(correlated.columns(found, words)),
            "",
            correlated.limits(words),
        ]
    )


def _choice(found: Banded) -> dict[str, Any]:
    config = found.config
    return {
        "bands": found.bands,
        "model_size": config.model_size,
        "batch_size": config.batch_size,
        "iterations": config.iterations,
        "planned": found.planned,
        "share": interval(found.share),
        "cross_entropy": interval(found.cross_entropy),
        "people_factor": interval(found.people),
        "past_bytes": found.past_bytes,
        "reach": {"word": str(found.reach), "distance": found.distance},
    }
