"""PDF: A4, fonts inside, every page with the footer, texts that stay texts, a refusal without
font."""

import io
import re
from dataclasses import replace
from urllib.parse import quote_plus

import pytest
from pypdf import PdfReader
from pypdf.generic import DictionaryObject

from engine.errors import InputError
from engine.report.arrangement import PADDING, column_widths
from engine.report.deck import Table
from engine.report.fonts import Face, japanese_face
from engine.report.picture import em
from engine.report.print.typeset import record_pdf, slides_pdf
from tests.present import present


def texts(content: bytes) -> list[str]:
    pages = PdfReader(io.BytesIO(content)).pages
    return [re.sub(r"[\s\x00]", "", page.extract_text()) for page in pages]


def test_a_slide_a_page_on_a4_with_numbers_and_footer(deck, face):
    content = slides_pdf(deck, face)
    page = PdfReader(io.BytesIO(content)).pages[0]
    assert sorted((round(page.mediabox.width), round(page.mediabox.height))) == [595, 842]
    found = texts(content)
    assert len(found) > len(deck.slides) + 1
    for number, text in enumerate(found, start=1):
        assert "7f418c707940" in text and f"{number}/{len(found)}" in text
    assert "予測損失は2.85です。" in found[0]
    assert "1020<x>" in found[0], "raised digits are digits"


def test_fonts_are_embedded(deck, face):
    for page in PdfReader(io.BytesIO(slides_pdf(deck, face))).pages:
        resources = page["/Resources"]
        assert isinstance(resources, DictionaryObject)
        fonts = resources["/Font"]
        assert isinstance(fonts, DictionaryObject)
        for font in fonts.values():
            (inner,) = font.get_object()["/DescendantFonts"]
            descriptor = inner.get_object()["/FontDescriptor"].get_object()
            assert {"/FontFile2", "/FontFile3"} & set(descriptor)


def test_the_record_is_a_form_and_holds_all_assumptions(deck, face):
    content = record_pdf(deck, face)
    page = PdfReader(io.BytesIO(content)).pages[0]
    assert page.mediabox.height > page.mediabox.width
    whole = "".join(texts(content))
    for part in ("決裁書", "起案者", "審査", "ご決裁をお願いいたします。", "以上"):
        assert part in whole
    assert all(f"前提{n}" in whole for n in range(40))


def test_a_long_department_stays_clear_of_the_stamp_boxes(deck, face):
    name = "デジタル戦略本部データ基盤推進部プライバシー保護技術グループ統計開示制御担当"
    record = replace(deck.record, blanks=(("起案部署", name), ("起案者", "甲")))
    page = PdfReader(io.BytesIO(record_pdf(replace(deck, record=record), face))).pages[0]
    lines = page.extract_text().replace("\x00", "").splitlines()
    assert not any(name in line for line in lines)
    assert name in "".join(line.strip() for line in lines)


HOSTILE = '#panic("x") $x$ *b* _i_ [c] <l> @ref `r` //c \\ "q" #image("/etc/passwd") = h\n- i'


def test_a_text_with_markup_in_it_stays_a_text(deck, face):
    """Whatever a person typed as a company, a source or a title is set as it is."""
    slide = replace(deck.slides[0], title=HOSTILE, points=(HOSTILE,), table=_table(HOSTILE))
    record = replace(deck.record, blanks=((HOSTILE, HOSTILE),), end=HOSTILE)
    made = replace(deck, slides=(slide,), appendix=(), footer=HOSTILE, record=record)
    shown = re.sub(r"\s", "", HOSTILE)
    assert texts(slides_pdf(made, face))[0].count(shown) == 5
    assert "".join(texts(record_pdf(made, face))).count(shown) >= 3


def _table(text: str) -> Table:
    return Table(title="t", heads=(text,), rows=((text,),))


def test_names_with_variants_and_rare_letters_are_set(deck, face):
    """\U000e0100 chooses one form of a kanji."""
    name = "葛\U000e0100城 Łukasz"
    record = replace(deck.record, blanks=(("起案者", name),))
    whole = "".join(texts(record_pdf(replace(deck, record=record), face)))
    assert "Łukasz" in whole and "葛" in whole and "〓" not in whole


def test_no_row_is_torn_and_heads_repeat(deck, face):
    rows = tuple((f"行{n}始", "text " * 60, f"行{n}終") for n in range(60))
    table = Table(title="", heads=("見出しA", "b", "c"), rows=rows)
    slide = replace(deck.slides[0], points=(), table=table)
    found = texts(slides_pdf(replace(deck, slides=(slide,), appendix=()), face))
    assert len(found) > 2
    for text in found:
        assert "見出しA" in text
    for n in range(60):
        (page,) = [text for text in found if f"行{n}始" in text]
        assert f"行{n}終" in page


def test_a_table_of_many_columns_is_set_so_small_that_none_is_squeezed(deck, face):
    """At the largest type that fits the page's height a column would hold two letters a line."""
    short = ("1,000万人", "プライバシー ε", "予測損失2.85", "決裁額(支出)", "採算が取れる確率")
    row = ("A案:このシナリオの名前", *short, "4,710万円(−4,650万円から1.86億円)")
    table = Table(title="", heads=("案", *short, "正味現在価値"), rows=(row, row, row))
    slide = replace(deck.slides[0], points=(), table=table)
    content = slides_pdf(replace(deck, slides=(slide,), appendix=()), face)
    lines = PdfReader(io.BytesIO(content)).pages[0].extract_text().splitlines()
    assert any("A案:このシナ" in line.replace("\x00", "") for line in lines)


def test_the_file_says_who_made_it(deck, face):
    made = replace(deck, author="経営企画部")
    found = PdfReader(io.BytesIO(record_pdf(made, face))).metadata
    assert found is not None and found.author == "経営企画部" and found.title == "決裁書"


def test_without_a_japanese_font_it_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.delenv("KESSAI_FONT", raising=False)
    nowhere = (Face(regular=tmp_path / "a", bold=tmp_path / "b"),)
    with pytest.raises(InputError, match="fonts-noto-cjk"):
        japanese_face(nowhere)
    monkeypatch.setenv("KESSAI_FONT", str(tmp_path / "none.ttf"))
    with pytest.raises(InputError):
        japanese_face()


def test_a_long_japanese_source_leaves_dates_whole():
    source = "仮定。支援AIを使う担当者の1時間あたり解決件数が14 %増えた事例と同程度です。" * 2
    row = ("完全なモデルが1件あたり短縮する分数", "5分", "2分〜8分", source, "2026-11")
    table = Table(title="", heads=("項目", "値", "範囲", "出典", "日付"), rows=(row, row))
    for width in (450.0, 500.0, 760.0):
        widths = column_widths(table, width, 9.0)
        assert sum(widths) == pytest.approx(width)
        assert widths[3] == max(widths)
        for column, text in ((4, "2026-11"), (2, "2分〜8分")):
            assert em(text) * 9.0 <= widths[column] - 2 * PADDING


@pytest.mark.parametrize("rows", [30, 40, 48])
def test_the_record_ends_on_no_page_of_a_few_lines(deck, face, rows):
    """Where another type of its annexes helps, it is taken."""
    table = present(deck.appendix[0].table)
    short = replace(table, rows=table.rows[: min(rows, 40)] + table.rows[: max(rows - 40, 0)])
    content = record_pdf(replace(deck, appendix=(replace(deck.appendix[0], table=short),)), face)
    last = PdfReader(io.BytesIO(content)).pages[-1].extract_text().replace("\x00", "")
    assert last.count("前提") >= 5


def test_no_sentence_leaves_a_few_letters_on_its_last_line(deck, face):
    said = "回収期間は29か月の見込みです。最大の不確かさは「公開までの人数」です。"
    slides = tuple(
        replace(
            deck.slides[0],
            title="予" * n + said,
            points=("損" * n + said, said + "1.73 nats です。"),
        )
        for n in range(0, 36, 2)
    )
    made = slides_pdf(replace(deck, slides=slides, appendix=()), face)
    pages = PdfReader(io.BytesIO(made)).pages
    lines = [line for page in pages for line in page.extract_text().splitlines()]
    assert sum(line.endswith("です。") for line in lines) >= 3 * len(slides)
    short = [line for line in lines if line.endswith("。") and len(line) < 6]
    assert short == []


def test_a_long_address_keeps_to_its_cell_and_can_be_copied(deck, face):
    """As one is that names scenarios in Japanese: little of it breaks by itself."""
    names = quote_plus("案C: ε=1\n案A: 1,000万人 / 標準\n案B: 500万人")
    address = f"http://127.0.0.1:8718/present?compute=3.8e20&data=1e7&with={names}&lang=ja"
    rows = (
        ("リンク", f"{address} (端末でのみ)"),
        ("サイズと更新回数", "最も厳しいものが決める形" * 6),
    )
    table = Table(title="t", heads=("項目", "内容"), rows=rows)
    slide = replace(deck.slides[0], points=(), table=table)
    record = replace(deck.record, sections=())
    made = replace(deck, address=address, slides=(), appendix=(slide,), record=record)
    for content in (slides_pdf(made, face), record_pdf(made, face)):
        (page,) = (p for p in PdfReader(io.BytesIO(content)).pages if p.annotations)
        found = [note.get_object() for note in page.annotations or ()]
        assert {note["/A"]["/URI"] for note in found} == {address}
        right = max(float(note["/Rect"][2]) for note in found)
        assert right <= float(page.mediabox.right) - 44
        assert address in re.sub(r"\s", "", page.extract_text())
