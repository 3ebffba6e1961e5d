"""Fit the law to an evidence and say how well it predicts what it has not seen.

``--judge`` leaves the future out (:mod:`engine.law.selection.extrapolation`): every
form, the paper's surface and its peers are fitted to small compute and asked about 3, 10
and 30 times as much.
"""

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from engine.accounting.search import noise_multiplier
from engine.commands import coverage, fit_document, fit_influence, fit_noiseless
from engine.commands.options import (
    add_choice,
    add_evidence,
    add_json,
    as_columns,
    as_json,
    as_table,
)
from engine.config import Sampling
from engine.decision.fitted import FittedEvidence, capacity_of, fit_selection, selection_of
from engine.decision.law_profile import profile_of
from engine.interval import FloatArray
from engine.law.selection.extrapolation import HORIZONS, Judgement, compare
from engine.law.selection.form_selection import HoldOuts, choose_form, holdouts
from engine.runs.imports.selection import Carries
from engine.text.i18n import Words
from engine.text.law_profile import profiled

_HEADINGS = {
    "fitted": "in_sample_mean",
    "left out": "pair_mean",
    "(worst)": "pair_max",
    "largest decade": "largest_mean",
    "two": "largest_two_mean",
    "three": "largest_three_mean",
    "off the ridge": "off_ridge_mean",
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
        "--form", metavar="F", help="one form of the law (default: several, weighed)"
    )
    add_choice(parser)
    parser.add_argument(
        "--compare-forms", action="store_true", help="hold-outs of every form (about a minute)"
    )
    parser.add_argument(
        "--judge",
        action="store_true",
        help="leave the future out: every law at 3, 10 and 30 times the compute that it saw",
    )
    parser.add_argument(
        "--check-coverage",
        action="store_true",
        help="the audit: how often every range holds for laws that are known (minutes)",
    )
    parser.add_argument(
        "--laws",
        metavar="FOLDER",
        help="of the audit: laws from *.json files instead of drawn ones",
    )
    parser.add_argument(
        "--law-count",
        default="40",
        metavar="N",
        help="of the audit: laws, half of them outside the forms (default: %(default)s)",
    )
    parser.add_argument(
        "--decisions",
        default="10",
        metavar="N",
        help="of the audit: decisions for each law (default: %(default)s)",
    )
    parser.add_argument(
        "--profile",
        action="append",
        default=[],
        metavar="PARAM",
        help="how well the law fits where a number of the leading form is held, such as "
        "noise_exponent; repeatable (seconds each)",
    )
    fit_influence.add_arguments(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> str:
    """The fit and its hold-outs as text or JSON. Raises :class:`InputError`."""
    if options.check_coverage:
        return coverage.run(options)
    influence = fit_influence.found(options) if options.influence else None
    selection = selection_of(options.evidence, without=options.without, also=options.also)
    if selection.carries is not Carries.LAW:
        return fit_noiseless.run(options, selection)
    fitted = fit_selection(selection, form=options.form)
    evidence = selection.evidence
    profiles = [profile_of(selection, fitted, name) for name in options.profile]
    frame, capacity = evidence.frame, capacity_of(evidence.family)
    if options.compare_forms:
        ranking = choose_form(
            frame, noise_batch_ratio=_noise_batch_ratio, capacity=capacity
        ).ranking
    else:
        leading = fitted.fit.leading.law.form
        held = holdouts(frame, leading, noise_batch_ratio=_noise_batch_ratio, capacity=capacity)
        ranking = (held,)
    judgements = (
        compare(frame, capacity=capacity, beforehand=fitted.fit.beforehand) if options.judge else []
    )
    if options.json:
        document = _document(fitted, [_figures(asdict(held)) for held in ranking])
        document["evidence"] = fit_document.evidence_document(selection)
        document["left_out_runs"] = fit_document.left_out_document(selection)
        document["fits"] = fit_document.forms_document(fitted, selection)
        document["diagnostics"] = fit_document.diagnostics_document(fitted, selection)
        if profiles:
            document["profiles"] = [fit_document.profile_document(one) for one in profiles]
        if influence is not None:
            document["influence"] = fit_influence.document(influence)
        document["provenance"] = fit_document.provenance_document(selection, fitted)
        if options.judge:
            document["judgements"] = [_judged(one) for one in judgements]
        return as_json(document)
    lines = [
        ("forms", ", ".join(f"{name} {w:.0%}" for name, w in fitted.fit.forms.items())),
        *fit_document.beforehand_rows(fitted.fit),
        ("scatter", fit_document.scatter_and_drifts(fitted.fit)),
        *((f"left out: {name}", f"{error:.2%}") for name, error in fitted.fit.held.items()),
        *fit_document.parameter_rows(fitted),
        *(("profile", profiled(one, Words("en"))) for one in profiles),
        *fit_document.diagnostics_rows(fitted, selection),
        fit_document.evidence_row(selection),
        *fit_document.left_out_rows(selection),
        *(("status", str(status)) for status in fitted.fit.statuses),
    ]
    tables = [as_columns(_holdout_rows(ranking))]
    if options.judge:
        tables += [_judge_head(judgements[0]), as_columns(_judge_rows(judgements))]
    if influence is not None:
        tables.append(fit_influence.table(influence))
    return "\n\n".join([as_table(lines), *tables])


def _holdout_rows(ranking: Sequence[HoldOuts]) -> list[tuple[str, ...]]:
    """A row a form, best first; every figure is an error in per cent but the coverage."""
    rows = [("form", *_HEADINGS)]
    for held in ranking:
        rows.append((held.form, *(_share(getattr(held, name)) for name in _HEADINGS.values())))
    return rows


def _judge_head(judgement: Judgement) -> str:
    """What the columns of the table below mean; all laws were asked the same."""
    asked = "; ".join(
        f"{at.horizon:g}×: {at.points} points, {at.choices} choices of a model size, "
        f"a pick at random regrets {_share(at.regret_of_any)}"
        for at in judgement.horizons
    )
    cuts = ", ".join(f"{cut:.2g}" for cut in judgement.cuts)
    return (
        f"Fitted to points of at most {cuts} FLOPs in turn, asked about more ({asked}). "
        "Error: median; kept: share of the points in the 90 % interval; regret: mean of the picks."
    )


def _judge_rows(judgements: Sequence[Judgement]) -> list[tuple[str, ...]]:
    headings = (f"{h:g}× {name}" for h in HORIZONS for name in ("error", "kept", "regret"))
    rows = [("law", "answered", *headings)]
    for one in judgements:
        figures = (
            _share(figure)
            for at in one.horizons
            for figure in (at.median_error, at.coverage, at.regret_mean)
        )
        rows.append((one.name, f"{one.answered:.0%}", *figures))
    return rows


def _share(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.2%}"


def _document(fitted: FittedEvidence, figures: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "forms": fitted.fit.forms,
        "forms_beforehand": fit_document.beforehand_document(fitted.fit),
        "left_out": dict(fitted.fit.held),
        "form": fitted.fit.leading.law.form,
        "parameters": fitted.fit.leading.law.parameters,
        "vocabulary_size": fitted.fit.law.vocabulary_size,
        "resamples": fitted.fit.draws,
        "scatter": fitted.fit.scatter,
        "drift": fitted.fit.drift,
        "level_drift": fitted.fit.level_drift,
        "statuses": [str(status) for status in fitted.fit.statuses],
        "holdouts": figures,
    }


def _judged(judgement: Judgement) -> dict[str, Any]:
    return {
        "name": judgement.name,
        "rows": judgement.rows,
        "cuts": list(judgement.cuts),
        "answered": judgement.answered,
        "horizons": [_figures(asdict(at)) for at in judgement.horizons],
    }


def _figures(figures: dict[str, Any]) -> dict[str, Any]:
    """Figures for JSON, which has no NaN."""
    return {
        name: None if isinstance(value, float) and np.isnan(value) else value
        for name, value in figures.items()
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
    ratio: FloatArray = sigma / batch_size
    return ratio
