"""What ``fit`` says of a law: each form's numbers with their ranges, and what it all rests on."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from importlib.metadata import version

import numpy as np
from numpy.typing import ArrayLike

from engine.code_version import code_version
from engine.decision.fitted import FittedEvidence
from engine.interval import Interval
from engine.law.diagnostics import Diagnostics, diagnose, diagnose_tokens
from engine.law.fit import FitResult, FittedLaw, redrawn
from engine.law.form import Unit
from engine.law.forms import form_of
from engine.law.inspection import LEVEL, FormFigures, inspect
from engine.law.profile import Profile
from engine.law.stack import StackedFit
from engine.law.tokens import FORM, FORMULA, IN_NATS, MEANINGS, NAMES, TokenLaw
from engine.law.version import fit_version, law_version
from engine.loss_unit import unit_of
from engine.runs.imports.selection import Carries, Selection
from engine.text import law_figures, law_tests
from engine.text.i18n import Words
from engine.text.law_profile import profiled

_FEWEST, _RESAMPLES = 40, 100
"""Resamples from which on a form's ranges can be read, and how many one with fewer gets."""


def forms_document(fitted: FittedEvidence, selection: Selection) -> list[dict[str, object]]:
    """Every form that has a say, by falling weight. Seconds where forms of little weight have to be
    resampled."""
    frame, measure = selection.evidence.frame, _measure(selection)

    def enough(one: FitResult) -> FitResult:
        if one.draws >= _FEWEST or fitted.noise_from:  # pooled ones are drawn in full
            return one
        return redrawn(one, frame, resamples=_RESAMPLES)

    full = replace(fitted.fit, members=tuple(map(enough, fitted.fit.members)))
    return [_form(form, measure) for form in inspect(full, frame).forms]


def scatter_and_drifts(fit: FittedLaw) -> str:
    """What rows left out were missed by, and how that grows with the distance from the runs."""
    return (
        f"{fit.scatter:.2%}, and an e-fold away {fit.level_drift:.2%} for a loss, "
        f"{fit.drift:.2%} for what is best"
    )


def beforehand_document(fit: StackedFit) -> dict[str, object] | None:
    """Whose weights of the forms counted beforehand, for machines."""
    return fit.beforehand.to_dict() if fit.beforehand else None


def beforehand_rows(fit: StackedFit) -> list[tuple[str, str]]:
    """The same in words."""
    known, said = fit.beforehand, law_figures.forms_beforehand(fit, Words("en"))
    if known is None or said is None:
        return []
    rests = f"{known.runs} runs of {known.evidence_id}, {known.evidence_hash}"
    return [("beforehand", said), ("", rests)]


def _form(form: FormFigures, measure: str) -> dict[str, object]:
    meant = {one.name: one for one in form_of(form.name).parameters}
    units = {Unit.LOSS: measure, Unit.LOG_LOSS: f"ln {measure}", Unit.NONE: "none"}
    return {
        "form": form.name,
        "formula": form.formula,
        "weight": form.weight,
        "parameters": {
            one.name: {
                **asdict(one.interval),
                "unit": units[meant[one.name].unit],
                "meaning": meant[one.name].meaning,
                "prior_share": one.prior_share,
            }
            for one in form.estimates
        },
        "covariance": _covariance([one.name for one in form.estimates], form.covariance),
        "resamples": form.draws,
        "reference": asdict(form.reference),
        "errors": {"in_sample": form.in_sample, "left_out": form.scatter, "drift": form.drift},
    }


def profile_document(found: Profile) -> dict[str, object]:
    """The profile of a number, for machines."""
    return {
        "form": found.form,
        "parameter": found.name,
        "value": found.estimate,
        "low": found.low,
        "high": found.high,
        "level": found.level,
        "bounds": list(found.bounds),
        "threshold_times_chi2": found.clustering,
        "fit_missed_by": found.missed,
        "values": found.held.tolist(),
        "rise": found.rise.tolist(),
        "sentence": profiled(found, Words("en")),
    }


def diagnostics_document(fitted: FittedEvidence, selection: Selection) -> list[dict[str, object]]:
    """The tests of every form that has a say, by falling weight, each given its exponents."""
    frame = selection.evidence.frame
    return [_tests(diagnose(one.law, frame)) for one in fitted.fit.members]


def _tests(found: Diagnostics) -> dict[str, object]:
    words = Words("en")
    document: dict[str, object] = {
        "form": found.form,
        "linear": found.linear,
        "conditional_on": "the exponents at their fitted values",
        "basis": law_tests.basis(found, words),
    }
    if not found.coefficients:
        return document
    return document | {
        "rows": found.rows,
        "rows_outside": found.outside,
        "runs": found.runs,
        "spread": found.spread,
        "covariance_kind": found.covariance_kind,
        "coefficients": [asdict(one) for one in found.coefficients],
        "covariance": _covariance([one.name for one in found.coefficients], found.covariance),
        "condition_number": found.condition_number,
        "influence": [asdict(one) for one in found.influence],
        "tests": [
            asdict(test)
            | {"outcome": str(test.outcome), "sentence": law_tests.sentence(test, found, words)}
            for test in found.tests
        ],
    }


def tokens_diagnostics(law: TokenLaw, selection: Selection) -> list[dict[str, object]]:
    """The same of the law of size and tokens."""
    return [_tests(diagnose_tokens(law, selection.evidence.frame))]


def diagnostics_rows(law: FittedEvidence | TokenLaw, selection: Selection) -> list[tuple[str, str]]:
    """The tests of the leading form in words."""
    frame, words = selection.evidence.frame, Words("en")
    if isinstance(law, TokenLaw):
        found = diagnose_tokens(law, frame)
    else:
        found = diagnose(law.fit.leading.law, frame)
    if not found.coefficients:
        return [("tests", law_tests.basis(found, words))]
    return [
        ("tests", law_tests.basis(found, words)),
        *(("", law_tests.sentence(test, found, words)) for test in found.tests),
        ("", law_tests.leverage(found, words)),
        ("", law_tests.condition(found, words)),
    ]


def tokens_document(law: TokenLaw, selection: Selection) -> list[dict[str, object]]:
    """The same of the law of size and tokens, which is one form."""
    measure = _measure(selection)
    return [
        {
            "form": FORM,
            "formula": FORMULA,
            "weight": 1.0,
            "parameters": {
                name: {
                    **asdict(one),
                    "unit": measure if name in IN_NATS else "none",
                    "meaning": MEANINGS[name],
                }
                for name, one in law.intervals.items()
            },
            "covariance": _covariance(NAMES, law.covariance),
            "resamples": law.draws,
            "errors": {"in_sample": law.scatter},
        }
    ]


def _covariance(names: Sequence[str], matrix: ArrayLike | None) -> dict[str, object] | None:
    if matrix is None:
        return None
    return {"names": list(names), "matrix": np.asarray(matrix).tolist()}


def parameter_rows(fitted: FittedEvidence) -> list[tuple[str, str]]:
    """A line a number of the leading form, with its range."""
    leading = fitted.fit.leading
    drawn = np.array(leading.resampled or [leading.law.theta])
    parts = zip(leading.law.parameters.items(), drawn.T, strict=True)
    return [
        (f"{leading.law.form}.{name}", ranged(Interval.of_draws(value, draws.tolist(), LEVEL)))
        for (name, value), draws in parts
    ]


def ranged(one: Interval) -> str:
    """A number with its range, as a line of text."""
    return f"{one.value:.4g} ({one.low:.4g} to {one.high:.4g}, {one.level:.0%})"


def provenance_document(selection: Selection, law: FittedEvidence | TokenLaw) -> dict[str, object]:
    """What the law rests on and what made it, for machines."""
    evidence = selection.evidence
    made = fit_version(law.fit) if isinstance(law, FittedEvidence) else law_version(law.parameters)
    return {
        "family": evidence.family,
        "sources": dict(evidence.sources),
        "imports": [
            {"file": one.file, "sha256": one.sha256, "created_at": one.created_at}
            for one in selection.imports
        ],
        "runs": evidence.runs,
        "rows": len(evidence.frame),
        "left_out": len(selection.left_out),
        "hash": evidence.sha256,
        "loss_unit": _measure(selection),
        "law": made,
        "code": code_version(),
        "libraries": {name: version(name) for name in ("numpy", "scipy")},
    }


def evidence_document(selection: Selection, *, noise_from: str = "") -> dict[str, object]:
    """Which runs an evidence holds, for machines."""
    evidence = selection.evidence
    return {
        "id": evidence.id,
        "runs": evidence.runs,
        "hash": evidence.sha256,
        "unit": _measure(selection),
        "carries": str(selection.carries),
        "noise_from": noise_from or (None if selection.carries is Carries.TOKENS else evidence.id),
    }


def evidence_row(selection: Selection) -> tuple[str, str]:
    """The same in words."""
    evidence = selection.evidence
    unit = unit_of(evidence.family).measure.phrase
    return "evidence", f"{evidence.id}, {evidence.runs} runs, {unit}, {evidence.sha256}"


def left_out_document(selection: Selection) -> list[dict[str, str]]:
    """Runs that are no part of the evidence, for machines."""
    return [asdict(one) for one in selection.left_out]


def left_out_rows(selection: Selection) -> list[tuple[str, str]]:
    """The same in words."""
    return [("left out", f"{one.run}: {one.reason}") for one in selection.left_out]


def _measure(selection: Selection) -> str:
    return str(unit_of(selection.evidence.family).measure)
