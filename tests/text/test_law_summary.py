"""A law on one page: what stands in it, in both languages, as Markdown and as one page of PDF."""

import io
import json
import re
from dataclasses import replace

import pytest
from pypdf import PdfReader

from engine.__main__ import main
from engine.commands import fit_document
from engine.decision.fitted import MEASURED_GPT, newest_evidence, selection_of
from engine.law.inspection import inspect
from engine.law.selection.stacking import FormsBeforehand
from engine.law.version import fit_version
from engine.loss_unit import unit_of
from engine.report.print.typeset import sheet_pdf
from engine.text import law_figures
from engine.text.i18n import Words
from engine.text.labels import forms
from engine.text.law_summary import markdown, summary


@pytest.fixture(scope="module", params=["en", "ja"])
def found(request):
    selection, fitted = selection_of(MEASURED_GPT), newest_evidence(MEASURED_GPT)
    words = Words(request.param, loss_unit=unit_of(MEASURED_GPT))
    inspection = inspect(fitted.fit, selection.evidence.frame)
    return summary(fitted, selection, inspection, words, date="2026-11-29"), fitted, inspection


def test_it_holds_what_the_law_rests_on_and_what_it_says(found):
    page, fitted, inspection = found
    said, evidence, forms, numbers = page.parts
    assert len(said.sentences) == 2
    assert str(fitted.summary.runs) in evidence.sentences[0]
    assert [row[1:] for row in evidence.rows][3] == ("1.38", "2.93")
    assert len(forms.rows) == len(inspection.forms) + 1
    assert not any("**" in cell for row in forms.rows for cell in row)
    assert len(numbers.rows) == len(inspection.leading.estimates)
    assert numbers.sentences == (inspection.leading.formula,)
    for hash_ in (fitted.summary.hash, fit_version(fitted.fit)):
        assert hash_ in page.footer


def test_markdown_has_every_cell_and_no_mark_of_its_own(found):
    page, _, _ = found
    text = markdown(page)
    tables = [part for part in page.parts if part.heads]
    assert len(re.findall(r"^\|(?:---\|)+$", text, re.MULTILINE)) == len(tables)
    assert text.count("\n| ") == sum(len(part.rows) + 1 for part in tables)


def test_the_pdf_is_one_page_with_all_of_it(found):
    page, fitted, _ = found
    content = sheet_pdf(page.title, page.parts, footer=page.footer, language=page.language)
    (sheet,) = PdfReader(io.BytesIO(content)).pages
    text = re.sub(r"[\s\x00]", "", sheet.extract_text())
    assert fitted.summary.hash in text and "1.38" in text
    for part in page.parts:
        assert re.sub(r"\s", "", part.heading) in text


def test_it_is_written_and_printed(tmp_path, capsys):
    path = tmp_path / "law.md"
    assert main(["law", "summary", str(path), "--evidence", MEASURED_GPT, "--json"]) == 0
    written = json.loads(capsys.readouterr().out)
    assert written["bytes"] == len(path.read_bytes()) and path.read_text().startswith("# ")
    assert main(["law", "summary", "law.docx"]) == 2
    assert "ends in .md, .pdf, got law.docx" in capsys.readouterr().err


def test_weights_that_count_beforehand_are_said_with_what_they_rest_on(found):
    """In both languages on the page, and by ``fit`` with the other evidence's hash."""
    page, fitted, inspection = found
    known = FormsBeforehand(
        evidence_id=MEASURED_GPT,
        evidence_hash="ab" * 32,
        runs=133,
        weights={"limits": 0.88, "additive": 0.12},
    )
    law = replace(fitted, fit=replace(fitted.fit, beforehand=known))
    words = Words(page.language, loss_unit=unit_of(MEASURED_GPT))
    said = summary(law, selection_of(MEASURED_GPT), inspection, words, date="").parts[0].sentences
    assert said[:2] == page.parts[0].sentences
    assert forms(known.weights, words) in said[2] and "50" in said[2]
    assert law_figures.forms_beforehand(fitted.fit, words) is None
    (_, sentence), (_, rests) = fit_document.beforehand_rows(law.fit)
    assert "88%" in sentence and f"133 runs of {MEASURED_GPT}, {'ab' * 32}" in rests
    assert fit_document.beforehand_document(law.fit) == known.to_dict()
    assert fit_document.beforehand_rows(fitted.fit) == []
    assert fit_document.beforehand_document(fitted.fit) is None
    if page.language == "ja":
        assert "best of their compute" not in said[2]
