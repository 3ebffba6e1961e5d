"""Fit the law to an evidence and say how well it predicts what it has not seen."""

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from engine.accounting.search import noise_multiplier
from engine.commands.options import add_evidence, add_json, as_json, as_table
from engine.config import Sampling
from engine.fits import FittedEvidence, evidence_of, fitted_evidence
from engine.law.validate import HoldOuts, choose_form, holdouts

_HEADINGS = {
    "fitted": "in_sample_mean",
    "left out": "pair_mean",
    "(worst)": "pair_max",
    "largest decade": "largest_mean",
    "two": "largest_two_mean",
    "three": "largest_three_mean",
    "in 90 % interval": "coverage",
    "regret": "regret_mean",
    "(worst) ": "regret_max",
    "score": "score",
}
"""Heading -> figure of :class:`HoldOuts`; forms are ranked by the score."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    add_evidence(parser)
    parser.add_argument(
        "--compare-forms", action="store_true", help="hold-outs of every form (about a minute)"
    )
    add_json(parser)


def run(options: argparse.Namespace) -> str:
    """The fit and its hold-outs as text or JSON. Raises :class:`InputError`."""
    fitted = fitted_evidence(options.evidence)
    frame = evidence_of(options.evidence).frame
    if options.compare_forms:
        ranking = choose_form(frame, noise_batch_ratio=_noise_batch_ratio).ranking
    else:
        ranking = (holdouts(frame, fitted.fit.law.form, noise_batch_ratio=_noise_batch_ratio),)
    figures = [_figures(held) for held in ranking]
    if options.json:
        return as_json(_document(fitted, figures))
    parameters = fitted.fit.law.parameters.items()
    lines = [
        ("form", fitted.fit.law.form),
        *((name, f"{value:.4g}") for name, value in parameters),
        ("evidence", f"{fitted.summary.id}, {fitted.summary.runs} runs, {fitted.summary.hash}"),
        *(("status", str(status)) for status in fitted.fit.statuses),
    ]
    return "\n\n".join([as_table(lines), _table(ranking)])


def _table(ranking: Sequence[HoldOuts]) -> str:
    """A row a form, best first; every figure is an error in per cent but the coverage."""
    rows = [("form", *_HEADINGS)]
    for held in ranking:
        rows.append((held.form, *(f"{getattr(held, name):.2%}" for name in _HEADINGS.values())))
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    return "\n".join(
        "  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True))
        for row in rows
    )


def _document(fitted: FittedEvidence, figures: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "form": fitted.fit.law.form,
        "parameters": fitted.fit.law.parameters,
        "vocabulary_size": fitted.fit.law.vocabulary_size,
        "resamples": len(fitted.fit.resampled),
        "scatter": fitted.fit.scatter,
        "drift": fitted.fit.drift,
        "statuses": [str(status) for status in fitted.fit.statuses],
        "holdouts": figures,
        "evidence": {
            "id": fitted.summary.id,
            "runs": fitted.summary.runs,
            "hash": fitted.summary.hash,
        },
    }


def _figures(held: HoldOuts) -> dict[str, Any]:
    return {
        name: None if isinstance(value, float) and np.isnan(value) else value
        for name, value in asdict(held).items()
    }


def _noise_batch_ratio(
    data_budget: float, batch_size: np.ndarray, iterations: np.ndarray, epsilon: float, delta: float
) -> np.ndarray:
    sigma = noise_multiplier(
        data_budget=data_budget,
        batch_size=batch_size,
        iterations=iterations,
        epsilon=epsilon,
        delta=delta,
        sampling=Sampling.BEST,
    )
    return sigma / batch_size
