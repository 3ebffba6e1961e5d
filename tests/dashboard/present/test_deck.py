"""The deck in every situation and both languages; the same figures in every export."""

import html
import io
import json
import re
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import date
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from docx import Document
from openpyxl import load_workbook
from pptx import Presentation
from pypdf import PdfReader

from dashboard.present import decision_record, objections, request
from dashboard.present import figures as present_figures
from dashboard.present import tables as present_tables
from dashboard.present.cover import Cover
from dashboard.present.deck import Material, deck
from dashboard.present.exports import EXPORTS, file_name, label
from dashboard.roi import wording as roi_wording
from dashboard.state import link
from dashboard.ui.colours import DARK, LIGHT
from engine.allocation.result import Word
from engine.approvals import Decision, Ruling, Standing, State
from engine.decision.answer import to_certify
from engine.decision.verdict import Code
from engine.errors import InputError
from engine.report.arrangement import arranged
from engine.report.deck import Bars, Line, Lines
from engine.report.print import typeset
from engine.scenarios.saved import Saved
from engine.text import figures, labels, pilot_effect, verdict
from engine.text.i18n import Words
from engine.text.labels import example
from tests.dashboard import fake_engine
from tests.dashboard.answers.test_last_pilot import EFFECT
from tests.dashboard.fake_engine import changed
from tests.dashboard.roi.test_wording import BOTH, EN, JA, RISK, found
from tests.present import present
from tests.scenarios.made import made_frozen

DAY = date(2026, 11, 24)
BASIS = present_tables.Basis(
    fit_version="9587d08f8893",
    code_version="1836b6077508",
    day=DAY,
    address="https://kessai.example/present?compute=3.8e20&data=1e7&epsilon=4",
    cover=Cover(),
)


@pytest.fixture(scope="module")
def usual():
    return found()


@pytest.fixture(scope="module")
def poor():
    return found(100)


@pytest.fixture
def answer(answered, usual):
    """A certified answer of the stand-in that pays."""
    found = answered()
    certificate = fake_engine.certify(**asdict(to_certify(found.question, found.decision)))
    return changed(found, study=usual, risk=RISK, certificate=certificate)


@pytest.fixture
def material(answer):
    return Material(answer=answer, basis=BASIS)


def far(answer):
    found = fake_engine.extrapolation(Word.EXTRAPOLATED)
    return changed(answer, decision=replace(answer.decision, extrapolation=found))


def bounded(decision, least):
    """Neither where compute stops paying nor what the rule needs is known but for a bound."""
    return fake_engine.unsaturated(fake_engine.unreached(decision, least))


def made_of(answer, words):
    return deck(Material(answer=answer, basis=BASIS), words, LIGHT)


def said(made) -> list[str]:
    texts = [made.title, made.subtitle, made.footer]
    for slide in (*made.slides, *made.appendix):
        texts += [slide.title, *slide.points, *slide.notes]
        if slide.figure is not None:
            texts.append(slide.figure.alt)
    for table in made.tables:
        texts += [
            *table.heads,
            *(cell for row in table.rows for cell in row if isinstance(cell, str)),
        ]
    for section in made.form.sections:
        texts += [section.heading, *section.sentences]
    return texts


@BOTH
@pytest.mark.parametrize("certified", [True, False], ids=["certified", "not yet"])
@pytest.mark.parametrize("situation", ["usual", "poor", "far", "bound", "unknown"])
def test_every_situation_has_its_sentences(answer, poor, words, situation, certified):
    found = {
        "usual": answer,
        "poor": changed(answer, study=poor),
        "far": far(answer),
        "bound": changed(answer, decision=bounded(answer.decision, 17.0)),
        "unknown": changed(answer, decision=bounded(answer.decision, None)),
    }[situation]
    if not certified:
        found = replace(found, certificate=None)
    made = made_of(found, words)
    for text in said(made):
        assert not re.search(r"[{}]|\bnan\b|\binf\b|None", text), text
    if words.language == "ja":
        english = [s.title for s in made.slides if not re.search(r"[ぁ-ん]|決裁書", s.title)]
        assert english == []


@BOTH
def test_nothing_that_is_far_is_called_near_anywhere(answer, words):
    made = made_of(far(answer), words)
    whole = "".join(said(made))
    assert "within reach" not in whole and "inside the evidence" not in whole.lower()
    title = next(slide.title for slide in made.slides if slide.key == "caveat")
    assert title.startswith("Extrapolated:" if words.language == "en" else "外挿です。")
    risks = "".join(
        cell for table in made.tables for row in table.rows for cell in row if isinstance(cell, str)
    )
    assert title in risks


@BOTH
def test_what_is_only_bounded_is_said_and_drawn_so(answer, words):
    made = made_of(changed(answer, decision=bounded(answer.decision, 17.0)), words)
    whole = "".join(said(made))
    assert words.say("at least {amount}", amount="1.4 × 10²⁵") in whole
    assert "≥ 1.4 × 10²⁵" in whole
    assert words.say("unknown beyond, where the search ends") in whole
    bound = words.say("at least {amount}", amount=labels.times(17, words))
    assert words.say("{bound}, as far as the evidence goes", bound=bound) in whole
    drawn = next(s.figure for s in made.slides if getattr(s.figure, "marks", None))
    assert len(drawn.marks) == 1, "this plan alone"


def test_the_request_says_what_the_verdict_is(answer, poor):
    worth = replace(answer.study.staged.pilot, value=2 * answer.study.staged.pilot.price)
    piloted = replace(answer.study, staged=replace(answer.study.staged, pilot=worth))
    useless = replace(answer.study.staged.pilot, value=0.0)
    sure = replace(answer.study, staged=replace(answer.study.staged, pilot=useless))
    for study, code, ask in (
        (poor, Code.WAIT, "We do not ask for approval"),
        (piloted, Code.PILOT, "pilot"),
        (sure, Code.TRAIN, "approve the training"),
    ):
        found = changed(answer, study=study)
        assert found.verdict.code is code
        assert ask in verdict.ask(found, EN)
        assert verdict.ask(found, EN) in made_of(found, EN).slides[0].points


@BOTH
def test_three_objections_each_with_a_question_and_an_answer(answer, poor, words):
    for study in (answer.study, poor):
        items = objections.objections(changed(answer, study=study), words)
        assert len(items) == 3
        assert all(item.question and item.answer for item in items)
    end = "。" if words.language == "ja" else "?"
    assert all(item.question.endswith(end) for item in items)


@BOTH
def test_the_option_that_is_asked_for_is_the_one_marked(answer, poor, words):
    for study in (answer.study, poor):
        found = changed(answer, study=study)
        rows = present_tables.options(found, words).rows
        nothing = rows[-1]
        marked = [row for row in rows if str(row[0]).endswith((")", "）"))]
        none = found.verdict.code is Code.WAIT
        assert marked == [nothing if none else rows[0]]
        summary = made_of(found, words).form.summary
        assert all(str(row[0]) in str(summary.rows[1][1]) for row in rows), "doing nothing too"
    assert found.verdict.code is Code.WAIT, "the last of the two"


@BOTH
def test_nothing_in_the_deck_asks_for_what_is_not_asked_for(answer, poor, words):
    proposal, report = (
        made_of(changed(answer, study=study), words) for study in (answer.study, poor)
    )
    assert proposal.form.request != report.form.request
    assert proposal.slides[-2].notes != report.slides[-2].notes
    decision = "ご決裁" if words.language == "ja" else "your decision"
    assert decision in proposal.form.request and decision not in report.form.request


@BOTH
def test_a_break_even_beyond_which_we_already_are_is_no_answer(answer, usual, words):
    """The central case may lose where the mean over all cases does not, and the other way round."""
    found = usual.appraisal
    central = replace(usual, appraisal=replace(found, central_npv=-found.npv.value))
    turns = objections.just_pays(usual, words)
    assert turns
    for study, said in ((usual, True), (central, False)):
        found = changed(answer, study=study)
        told = objections.objections(found, words)[0].answer
        (slide,) = (each for each in made_of(found, words).slides if each.key == "unknowns")
        assert (turns in told) == (turns in slide.points) == said
        assert roi_wording.centre(study, words) in slide.points


@BOTH
def test_gates_are_promised_only_where_they_can_stop(answer, usual, words):
    def stepwise(study):
        return objections.stepwise(study, words)

    gates = usual.staged.gates
    idle = tuple(replace(gate, threshold=None, passed=1.0) for gate in gates)
    useless = replace(usual.staged.pilot, value=0.0)
    can_stop = replace(
        usual, staged=replace(usual.staged, gates=(replace(gates[0], threshold=3.0), idle[1]))
    )
    never = replace(usual, staged=replace(usual.staged, gates=idle, pilot=useless))
    hopeless = replace(
        usual,
        staged=replace(
            usual.staged, gates=tuple(replace(g, passed=0.0) for g in idle), pilot=useless
        ),
    )
    said = [stepwise(study) for study in (can_stop, never, hopeless)]
    assert len(set(said)) == 3
    half = replace(
        hopeless, staged=replace(hopeless.staged, gates=(hopeless.staged.gates[0], gates[1]))
    )
    assert stepwise(half) == said[2], "a second gate that nothing comes to"
    if words.language == "en":
        assert "gate at which we can stop" in said[0] and "no result" in said[1]


@BOTH
def test_a_step_that_nothing_comes_to_has_no_amount(usual, words):
    gates = usual.staged.gates
    ended = replace(
        usual,
        staged=replace(
            usual.staged,
            gates=(replace(gates[0], passed=0.0), replace(gates[1], passed=0.0, spent_before=0.0)),
        ),
    )
    reached, not_reached = (
        present_tables.steps(study, words).rows[1][2] for study in (usual, ended)
    )
    assert figures.money(gates[1].spent_before, words) in str(reached)
    assert not_reached == words.say("not reached")


@BOTH
def test_notes_are_for_speaking_not_for_a_browser(material, words):
    notes = [note for slide in deck(material, words, LIGHT).slides for note in slide.notes]
    assert len(notes) > 12 and not any(mark in note for note in notes for mark in ("**", "\n"))


def test_japanese_is_polite(material):
    made = deck(material, JA, LIGHT)
    polite = re.compile(r"(です|ます|ません|ください|でしょうか|ますか|ですか)。$")
    sentences = [s.title for s in made.slides if s.key != "record"]
    sentences += [note for slide in made.slides for note in slide.notes]
    sentences += [
        *(s for part in made.form.sections for s in part.sentences),
        made.form.request,
    ]
    rough = [text for text in sentences if not polite.search(text)]
    assert rough == [request.subject(material.answer, JA)], "a form names its subject: …の件"
    assert rough[0].endswith("の件")


@BOTH
def test_every_export_prints_the_basis_the_statement_and_all_assumptions(material, words):
    made = deck(material, words, LIGHT)
    printed = " ".join(said(made))
    for text in (
        BASIS.fit_version,
        BASIS.code_version,
        material.answer.decision.evidence.hash[:12],
    ):
        assert text in made.footer and text in printed
    assert present_tables.day(DAY, words) in made.footer
    assert BASIS.address in printed and made.address == BASIS.address
    names = {row[0] for table in made.tables for row in table.rows}
    assert {
        row[0] for row in present_tables.assumptions(material.answer.study.table, words).rows
    } <= names
    assert "ε ≤ 3.997" in printed


def _leads_to(suffix: str, content: bytes) -> set[str]:
    """Where links of an export lead."""
    if suffix.endswith("pdf"):
        pages = PdfReader(io.BytesIO(content)).pages
        notes = [note.get_object() for page in pages for note in page.annotations or ()]
        return {str(note["/A"]["/URI"]) for note in notes}
    if suffix == ".html":
        return set(map(html.unescape, re.findall(r'<a href="([^"]*)"', content.decode())))
    with zipfile.ZipFile(io.BytesIO(content)) as files:
        parts = [files.read(name).decode() for name in files.namelist() if name.endswith(".rels")]
    found = re.findall(r'Target="(http[^"]*)"', "".join(parts))
    return set(map(html.unescape, found))


@pytest.mark.parametrize("export", EXPORTS, ids=lambda export: export.suffix)
def test_a_link_ends_where_its_address_does(material, export):
    """What is said behind it is neither part of the link nor runs on from it."""
    address = "http://localhost:8501/present?data=1e7"
    whole = deck(replace(material, basis=replace(BASIS, address=address)), JA, LIGHT)
    made = replace(whole, slides=whole.slides[:1], appendix=whole.appendix[-1:], live=None)
    if export.suffix not in ("-record.csv", "-record.json", "-csv.zip"):
        content = export.make(made)
        assert _leads_to(export.suffix, content) == {address}
    if export.suffix == ".html":
        assert f">{html.escape(address)}</a> (発表者" in content.decode()
    assert f"{address} (" in "".join(str(cell) for table in made.tables for cell in table.rows[-1])


def test_links_of_every_export_open_the_same_scenario(material):
    """With what is compared, and the assumptions that were typed."""
    texts = {"data": "5e6", "with": "案2\n人数500万人 & ε", "figures": "adoption=0.7~0.5~0.8~pert"}
    values, refused = link.read_all({**link.write_all(link.defaults()), **texts})
    assert not refused
    address = f"https://kessai.example/present?{urlencode(link.write_all(values))}"
    whole = deck(replace(material, basis=replace(BASIS, address=address)), JA, LIGHT)
    made = replace(whole, slides=whole.slides[:1], appendix=whole.appendix[-1:], live=None)
    led = 0
    for export in EXPORTS:
        if export.suffix in ("-record.csv", "-record.json", "-csv.zip"):
            continue
        led += 1
        (found,) = _leads_to(export.suffix, export.make(made))
        opened, refused = link.read_all(dict(parse_qsl(urlsplit(found).query)))
        assert not refused and opened == values, export.suffix
    assert led == 6


@BOTH
def test_a_worked_example_says_so_in_every_export(material, words):
    mark = example("", words).rstrip()
    assert mark not in " ".join(said(deck(material, words, LIGHT)))
    shown = replace(material, basis=replace(BASIS, made_up=True))
    made = deck(shown, words, LIGHT)
    assert mark in made.footer and mark in made.form.title
    read: dict[str, Callable[[bytes], str | None]] = {
        ".pptx": _slides,
        ".pdf": _pages,
        "-record.pdf": _pages,
        ".html": bytes.decode,
        ".xlsx": _cells,
        "-csv.zip": _unpacked,
        "-record.docx": _document,
        "-record.csv": bytes.decode,
        "-record.json": bytes.decode,
    }
    for export in EXPORTS:
        text = read[export.suffix](export.make(made))
        assert text is None or _flat(mark) in _flat(text), export.suffix


@BOTH
def test_who_presents_stands_on_the_first_slide_and_in_the_record(material, words):
    cover = Cover(company="ACME", department="経営企画部", presenter="Sato", meeting="取締役会")
    made = deck(replace(material, basis=replace(BASIS, cover=cover)), words, LIGHT)
    first = " ".join(made.slides[0].points)
    assert all(text in first for text in ("ACME", "経営企画部", "Sato", "取締役会"))
    assert present_tables.day(DAY, words) in first
    assert [filled for _, filled in made.form.blanks] == ["", *asdict(cover).values()]
    names = {field.code: field.name for field in made.form.fields}
    assert [name for name, _ in made.form.blanks] == [
        names[code] for code in ("number", "company", "department", "author", "meeting")
    ]
    read: dict[str, Callable[[bytes], str | None]] = {
        ".pptx": _slides, ".pdf": _pages, "-record.pdf": _pages, ".html": bytes.decode,
        "-record.docx": _document, "-record.csv": bytes.decode, "-record.json": bytes.decode,
    }  # fmt: skip
    made = replace(made, slides=made.slides[:1], appendix=())
    for export in EXPORTS:
        if export.suffix in read:
            text = read[export.suffix](export.make(made))
            for entered in asdict(cover).values():
                assert text is None or entered in text, (export.suffix, entered)
    plain = deck(material, words, LIGHT).slides[0].points
    assert plain[0] == present_tables.day(DAY, words), "nothing given, nothing shown"


@pytest.mark.parametrize("host", ["localhost:8501", "127.0.0.1", "[::1]:80", "kessai.example"])
def test_a_link_that_only_the_presenter_can_open_says_so(material, host):
    basis = replace(BASIS, address=f"http://{host}/present?data=1e7")
    rows = present_tables.basis(material.answer.decision, basis, EN).rows
    links = [str(row[1]) for row in rows if row[0] == "Link to this scenario"]
    local = "presenter's machine" in links[0]
    assert local == ("example" not in host)


@pytest.mark.parametrize("share, is_said", [(0.02, True), (0.92, False)])
def test_the_cost_of_ownership_says_where_it_launches_and_the_worth_does_not(
    material, share, is_said
):
    study = material.answer.study
    rarely = replace(study.appraisal, launch_probability=share)
    answer = replace(material.answer, study=replace(study, appraisal=rarely))
    rows = present_tables.key_figures(answer, EN).rows
    said = [row[0] for row in rows if "as if launched" in " ".join(map(str, row))]
    assert said == (["Total cost of ownership"] if is_said else [])


def test_the_last_slide_shows_what_is_asked_for_in_figures(material):
    made = deck(material, EN, LIGHT)
    (ask,) = [slide for slide in made.slides if slide.key == "ask"]
    assert [tile.name for tile in ask.tiles] == [
        "Net present value",
        "Payback",
        "Probability that it pays",
    ]
    shown = {row[0]: row[1] for row in present_tables.few_figures(material.answer, EN).rows}
    assert all(shown[tile.name] == tile.value for tile in ask.tiles)


@BOTH
def test_the_same_figures_in_all_exports(material, words):
    made = deck(material, words, LIGHT)
    keys = [str(row[1]) for row in present_tables.few_figures(material.answer, words).rows]
    files = {export.suffix: export.make(made) for export in EXPORTS}
    texts = {
        ".pptx": _slides(files[".pptx"]),
        ".pdf": _pages(files[".pdf"]),
        "-record.pdf": _pages(files["-record.pdf"]),
        ".html": files[".html"].decode(),
        ".xlsx": _cells(files[".xlsx"]),
        "-record.docx": _document(files["-record.docx"]),
    }
    basis = [material.answer.decision.evidence.hash[:12], BASIS.fit_version, BASIS.code_version]
    for name, text in texts.items():
        if text is None:
            continue
        flat = _flat(text)
        for key in (*keys, *basis):
            assert _flat(key) in flat, (name, key)


@BOTH
def test_the_pdf_has_a_page_for_each_that_was_arranged(material, words):
    """One more, and something was too high for its page."""
    made = deck(material, words, LIGHT)
    pages = [
        page for s in (*made.slides, *made.appendix) for page in arranged(s, typeset.SLIDE_ROOM)
    ]
    content = next(export for export in EXPORTS if export.suffix == ".pdf").make(made)
    assert len(PdfReader(io.BytesIO(content)).pages) == len(pages)


@BOTH
def test_no_slide_is_half_empty_or_too_small(material, words):
    room = typeset.SLIDE_ROOM
    made = deck(material, words, LIGHT)
    for slide in made.slides:
        for page in arranged(slide, room):
            if page.table is not None and slide.key != "record":
                used = page.points_height + page.table.height + page.title_height
                assert used > 0.5 * (room.title + room.body), slide.key
                assert page.table.size >= 14, slide.key
            assert not page.has_body or page.point_size >= 20, slide.key


@BOTH
def test_summary_and_agenda_lead_the_deck(material, words):
    first, summary, agenda, *_ = deck(material, words, LIGHT).slides
    assert (first.key, summary.key, agenda.key) == ("question", "summary", "agenda")
    shown = [(tile.name, tile.value, tile.detail) for tile in summary.tiles]
    assert shown == [*present_tables.few_figures(material.answer, words).rows]
    assert [point.split(".")[0] for point in agenda.points] == list("12345")


def test_charts_in_powerpoint_hold_the_engine_s_numbers(material):
    show = Presentation(io.BytesIO(EXPORTS[0].make(deck(material, EN, LIGHT))))
    charts = [s.chart for page in show.slides for s in page.shapes if s.has_chart]
    gains = dict(
        zip(charts[0].plots[0].categories, charts[0].plots[0].series[0].values, strict=True)
    )
    doubling = material.answer.decision.doubling
    assert gains["People ×2"] == pytest.approx(100 * doubling.data.value)
    odds = list(charts[2].plots[0].series[0].values)
    assert sorted(odds) == pytest.approx(sorted([RISK.found, RISK.guessed]))


@BOTH
@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_figures_are_small_and_finite(material, poor, words, colours):
    for study in (material.answer.study, poor):
        for draw in (present_figures.cash, present_figures.waterfall, present_figures.tornado):
            figure = draw(study, words, colours)
            assert figure.alt and "{" not in figure.alt
            if isinstance(figure, Lines):
                assert len(figure.x) <= 130
    figure = present_figures.waterfall(material.answer.study, words, colours)
    one, _ = figures.axis_unit(material.answer.study.appraisal.parts["value"], words)
    assert isinstance(figure, Bars)
    assert figure.bars[-1].end * one == pytest.approx(material.answer.study.appraisal.npv.value)
    assert figure.bars[-2].end == pytest.approx(figure.bars[-1].end)


def test_dollars_have_their_own_unit():
    assert figures.axis_unit(1.5e9, Words("en", jpy_per_usd=150.0)) == (1.5e8, "$ million")
    assert figures.axis_unit(1.5e9, Words("ja", jpy_per_usd=150.0)) == (1.5e6, "万ドル")


@BOTH
def test_a_workflow_gets_what_is_asked_for_as_text_and_as_a_number(material, words):
    """The pilot's price where a pilot is asked for, all cash until launch where the training is,
    nothing where nothing is."""
    answer = material.answer
    for code, amount in (
        (Code.PILOT, answer.study.staged.pilot.price),
        (Code.TRAIN, answer.reconciliation.cash_to_approve),
        (Code.WAIT, None),
    ):
        shown = replace(answer, verdict=replace(answer.verdict, code=code))
        made = deck(replace(material, answer=shown), words, LIGHT)
        export = next(export for export in EXPORTS if export.suffix == "-record.json")
        fields = json.loads(export.make(made))["fields"]
        assert fields["amount"].get("value") == (None if amount is None else round(amount))
        assert bool(fields["amount"]["content"]) == (amount is not None)
        assert fields["subject"]["content"] == request.subject(shown, words)
        assert fields["account"]["content"] == fields["agreement"]["content"] == ""
        assert bool(fields["period"]["content"]) == (code is not Code.WAIT)
        assert fields["decision"]["content"] == verdict.ask(shown, words)


def test_a_file_is_named_after_its_scenario_and_day(material):
    called = file_name(EXPORTS[0], material.answer.question, DAY)
    assert called == "kessai_10000000-people_eps-4_3.8e20-flops_2026-11-24.pptx"
    tight = replace(material.answer.question, budget=replace(
        material.answer.question.budget, epsilon=0.5, compute_flops=1.5e18))  # fmt: skip
    assert "eps-0.5_1.5e18-flops" in file_name(EXPORTS[1], tight, DAY)
    named = file_name(EXPORTS[2], tight, DAY, "第1案: A/B?")
    assert named.startswith("kessai_第1案-A-B_10000000-people") and named.endswith("-record.pdf")
    longest = max(len(file_name(export, tight, DAY, "案" * 60).encode()) for export in EXPORTS)
    assert longest <= 255, "bytes that a file's name may have"


@BOTH
def test_exports_have_names_and_are_all_there(words):
    assert [export.suffix for export in EXPORTS] == [
        ".pptx", ".pdf", "-record.pdf", "-record.docx", "-record.csv", "-record.json", ".html",
        ".xlsx", "-csv.zip",
    ]  # fmt: skip
    assert len({label(export, words) for export in EXPORTS}) == len(EXPORTS)


def _slides(content: bytes) -> str:
    texts = []
    for page in Presentation(io.BytesIO(content)).slides:
        for shape in page.shapes:
            if shape.has_text_frame:
                texts.append(shape.text_frame.text)
            if shape.has_table:
                texts += [cell.text for row in shape.table.rows for cell in row.cells]
    return " ".join(texts)


def _cells(content: bytes) -> str:
    book = load_workbook(io.BytesIO(content))
    return " ".join(str(c) for s in book for row in s.iter_rows(values_only=True) for c in row)


def _document(content: bytes) -> str:
    made = Document(io.BytesIO(content))
    cells = [cell.text for table in made.tables for row in table.rows for cell in row.cells]
    return " ".join([*(paragraph.text for paragraph in made.paragraphs), *cells])


def _unpacked(content: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(content)) as files:
        return " ".join(files.read(name).decode("utf-8-sig") for name in files.namelist())


def _pages(content: bytes) -> str | None:
    """By Poppler; pypdf misreads fonts of more than 256 characters, so without Poppler none."""
    if shutil.which("pdftotext") is None:
        return None
    read = subprocess.run(["pdftotext", "-", "-"], input=content, capture_output=True, check=True)
    return read.stdout.decode()


def _flat(text: str) -> str:
    """Without spaces and raised digits, which a PDF sets as small ones."""
    raised = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789−")
    return re.sub(r"[\s\x00]", "", text).translate(raised)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_record_says_of_the_last_pilot_what_decide_says(answer, language):
    words = Words(language)

    def said(pilot):
        made = present(deck(Material(answer=answer, basis=BASIS, pilot=pilot), words, LIGHT).record)
        return [sentence for section in made.sections for sentence in section.sentences]

    without, told = said(None), said(EFFECT)
    assert [one for one in told if one not in without] == [
        pilot_effect.sentence(EFFECT, words),
        pilot_effect.transfer(EFFECT, words),
    ]
    (unknown,) = (one for one in said(InputError("No such folder.")) if one not in without)
    assert "unknown" in unknown or "分かりません" in unknown


@pytest.mark.parametrize(("language", "approved"), [("en", "Approved"), ("ja", "承認済み")])
def test_a_record_of_an_approved_scenario_says_so_and_what_was_approved(answer, language, approved):
    """By whom, when, which version, in the document and in the fields; a draft says nothing."""
    words = Words(language)
    one = Saved(name="計画*", fields={}, history=(), frozen=made_frozen())
    decision = Decision(
        version=one.version, at="2026-11-20T01:00:00+00:00", who="*社長*", login="",
        ruling=Ruling.APPROVED, reason="",
    )  # fmt: skip

    def made(state, **changes):
        standing = Standing(state=state, **changes)
        kept = present_tables.Kept(scenario=one, standing=standing, zone="Asia/Tokyo")
        return decision_record.record(answer, replace(BASIS, kept=kept), words)

    record = made(State.APPROVED, decision=decision)
    first, second = record.sections[0].sentences
    assert approved.lower() in first.lower() and "*社長*" in first and "2026-11-20 10:00" in first
    assert one.version[:12] in first and "計画*" in first
    assert ("57.5M" if language == "en" else "5,750万円") in second, "what the board saw"
    fields = {field.code: field.text for field in record.fields}
    assert fields["state"] == approved and fields["version"] == one.version[:12]
    assert "*社長*" in fields["decided_by"] and fields["decided_at"] == "2026-11-20 10:00"
    assert (words.say("Scenario"), f"計画* · {approved}") in record.blanks
    superseded = made(State.SUPERSEDED, decision=decision, superseded_by="計画* v2")
    assert any("計画* v2" in sentence for sentence in superseded.sections[0].sentences)
    drafted, unsaved = made(State.DRAFT), decision_record.record(answer, BASIS, words)
    assert drafted.sections == unsaved.sections and "state" not in {
        field.code for field in unsaved.fields
    }


@pytest.mark.parametrize(
    ("y", "seen"),
    [
        ((1.0, 5.0), True),
        ((5.0, 1.0), True),
        ((5.0, 6.0), False),
        ((1.0, float("nan"), 5.0), False),
        ((float("nan"), 2.5), True),
    ],
)
def test_a_curve_is_named_where_it_crosses_the_range(y, seen):
    line = Line(name="curve", y=y, colour="#000000")
    assert present_figures._is_seen(line, 2.0, 3.0) is seen
