"""What ``fit`` says of runs without noise."""

import argparse
from dataclasses import asdict

from engine.commands.fit_document import (
    diagnostics_document,
    diagnostics_rows,
    evidence_document,
    evidence_row,
    forms_document,
    left_out_document,
    left_out_rows,
    parameter_rows,
    provenance_document,
    ranged,
    scatter_and_drifts,
    tokens_diagnostics,
    tokens_document,
)
from engine.commands.options import as_json, as_table, tell_pooled
from engine.decision.fitted import fit_selection
from engine.decision.law_profile import require_own_noise
from engine.errors import InputError
from engine.law.tokens import FORM, FORMULA, TokenLaw, fit_tokens
from engine.runs.imports.selection import Carries, Selection

_NOISELESS = (
    "Noiseless: the runs were trained without noise and say nothing of privacy; their steps are "
    "not known, so no plan can rest on them."
)


def run(options: argparse.Namespace, selection: Selection) -> str:
    """The law of runs without noise as text or JSON. Raises :class:`InputError`."""
    if options.influence:
        raise InputError(
            "Expected --influence on an evidence whose own runs were trained with noise, got "
            "{family}.",
            family=selection.evidence.family,
        )
    if options.profile:
        require_own_noise(selection)
    if selection.carries is Carries.NOISELESS:
        return _pooled(options, selection)
    if options.form not in (None, FORM):
        raise InputError(
            "Expected the form {expected} for sizes, tokens and losses alone, got {value}.",
            expected=FORM,
            value=options.form,
        )
    frame = selection.evidence.frame
    law = fit_tokens(
        frame["model_size"].to_numpy(),
        frame["iterations"].to_numpy(),  # a step is a token there
        frame["cross_entropy"].to_numpy(),
    )
    if options.json:
        return as_json(_document(law, selection))
    lines = [
        ("form", f"{FORM}: {FORMULA}"),
        *((name, ranged(one)) for name, one in law.intervals.items()),
        ("scatter", f"{law.scatter:.2%}"),
        *diagnostics_rows(law, selection),
        evidence_row(selection),
        *left_out_rows(selection),
        ("status", _NOISELESS),
    ]
    return as_table(lines)


def _document(law: TokenLaw, selection: Selection) -> dict[str, object]:
    return {
        "form": FORM,
        "parameters": law.parameters,
        "intervals": {name: asdict(one) for name, one in law.intervals.items()},
        "scatter": law.scatter,
        "statuses": [_NOISELESS],
        "evidence": evidence_document(selection),
        "left_out_runs": left_out_document(selection),
        "fits": tokens_document(law, selection),
        "diagnostics": tokens_diagnostics(law, selection),
        "provenance": provenance_document(selection, law),
    }


def _pooled(options: argparse.Namespace, selection: Selection) -> str:
    fitted = fit_selection(selection, form=options.form)
    tell_pooled(fitted)
    law = fitted.fit.leading.law
    if options.json:
        return as_json(
            {
                "forms": fitted.fit.forms,
                "form": law.form,
                "parameters": law.parameters,
                "vocabulary_size": law.vocabulary_size,
                "resamples": fitted.fit.draws,
                "scatter": fitted.fit.scatter,
                "drift": fitted.fit.drift,
                "level_drift": fitted.fit.level_drift,
                "statuses": [str(status) for status in fitted.fit.statuses],
                "evidence": evidence_document(selection, noise_from=fitted.noise_from),
                "left_out_runs": left_out_document(selection),
                "fits": forms_document(fitted, selection),
                "diagnostics": diagnostics_document(fitted, selection),
                "provenance": provenance_document(selection, fitted),
            }
        )
    lines = [
        ("forms", ", ".join(f"{name} {w:.0%}" for name, w in fitted.fit.forms.items())),
        ("scatter", scatter_and_drifts(fitted.fit)),
        *parameter_rows(fitted),
        *diagnostics_rows(fitted, selection),
        evidence_row(selection),
        *left_out_rows(selection),
        *(("status", str(status)) for status in fitted.fit.statuses),
    ]
    return as_table(lines)
