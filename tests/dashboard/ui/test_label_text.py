"""Labels of charts: lines lose nothing and keep to their width; none is wider than estimated."""

from hypothesis import given
from hypothesis import strategies as st
from PIL import ImageFont

from dashboard.ui.label_text import em, wrap
from engine.report.fonts import japanese_face

TEXTS = st.text(alphabet="損失は、。「」()2.85% abcdefg", max_size=80)


@given(TEXTS, st.floats(4, 40))
def test_wrapping_loses_nothing_and_keeps_to_the_width(text, width):
    lines = wrap(text, width)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(em(line) <= width + 1e-9 for line in lines)


def test_a_line_begins_with_no_closing_mark():
    for line in wrap("予測損失は「2.85」です。次に、人数を増やします。", 6)[1:]:
        assert line[0] not in "」、。"


def test_no_letter_is_wider_in_our_font_than_estimated():
    face = japanese_face()
    font = ImageFont.truetype(str(face.regular), 1000, index=face.number)
    for code in range(32, 127):
        assert font.getlength(chr(code)) <= 1000 * em(chr(code)) + 1, chr(code)
