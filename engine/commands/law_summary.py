"""The law on one page: ``law summary [FILE]``, where FILE ends in .md or .pdf."""

import argparse
from datetime import UTC, datetime
from pathlib import Path

from engine.commands.options import add_evidence, add_language, as_json, write_file
from engine.decision.fitted import fit_selection, selection_of
from engine.errors import InputError
from engine.law.inspection import inspect
from engine.loss_unit import unit_of
from engine.report.print.typeset import sheet_pdf
from engine.runs.imports.selection import Carries
from engine.text.i18n import Words
from engine.text.law_summary import Summary, markdown, summary

_ENDINGS = (".md", ".pdf")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "file",
        type=Path,
        nargs="?",
        metavar="FILE",
        help="ends in .md or .pdf (default: print Markdown)",
    )
    add_evidence(parser)
    add_language(parser)


def run(options: argparse.Namespace) -> str:
    """The page, or where it was written. Raises :class:`InputError`."""
    if options.file is not None and options.file.suffix.lower() not in _ENDINGS:
        raise InputError(
            "Expected a file that ends in {endings}, got {value}.",
            endings=", ".join(_ENDINGS),
            value=options.file.name[:80],
        )
    found = _found(options)
    if options.file is None:
        text = markdown(found)
        return as_json({"markdown": text}) if options.json else text
    is_pdf = options.file.suffix.lower() == ".pdf"
    content = pdf(found) if is_pdf else markdown(found).encode()
    write_file(options.file, content)
    if options.json:
        return as_json({"file": str(options.file), "bytes": len(content)})
    return f"{options.file}: {len(content):,} bytes"


def _found(options: argparse.Namespace) -> Summary:
    selection = selection_of(options.evidence)
    if selection.carries is Carries.TOKENS:
        raise InputError(
            "Expected an evidence whose steps are known, got {family}: sizes, tokens and losses "
            "alone have `fit`.",
            family=selection.evidence.family,
        )
    fitted = fit_selection(selection)
    words = Words(options.language, loss_unit=unit_of(selection.evidence.family))
    inspection = inspect(fitted.fit, selection.evidence.frame)
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    return summary(fitted, selection, inspection, words, date=today)


def pdf(found: Summary) -> bytes:
    """The page as PDF. Raises :class:`InputError` where no Japanese font is installed."""
    return sheet_pdf(found.title, found.parts, footer=found.footer, language=found.language)
