"""A law on one page: what stands in it, in both languages, as Markdown and as one page of PDF."""

import io
import json
import re

import pytest
from pypdf import PdfReader

from engine.__main__ import main
from engine.decision.fitted import MEASURED_GPT, newest_evidence, selection_of
from engine.law.inspection import inspect
from engine.law.version import fit_version
from engine.loss_unit import unit_of
from engine.report.print.typeset import sheet_pdf
from engine.text.i18n import Words
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
