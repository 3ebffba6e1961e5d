"""Encodings of short tables, as spreadsheets of several countries write them."""

import pytest

from engine.errors import InputError
from engine.tables.encoding import SAMPLE, detect, require_encoding, require_one

JAPANESE = [
    "品名,数\n1,2\n",
    "data_budget,備考\n10000000,本番\n",
    "ｶﾌﾞｼｷ,あいう\n",
    "name,source\na,前提:社内統計\n",
    "﨑髙①㈱,1\n",
    "x軸,T値\n1,2\n",
]
WESTERN = [
    "Größe;Maß\n",
    "café,général,naïve\n",
    "é\n",
    "Año;Niño\n",
    "£5,€5\n",
    "coût;prix\n",
    "it’s\n",
]


@pytest.mark.parametrize("text", JAPANESE)
@pytest.mark.parametrize("name", ["cp932", "utf-8", "utf-8-sig", "utf-16"])
def test_japanese(text, name):
    assert text.encode(name).decode(detect(text.encode(name))) == text


@pytest.mark.parametrize("text", WESTERN)
@pytest.mark.parametrize("name", ["cp1252", "utf-8", "utf-16"])
def test_western(text, name):
    assert text.encode(name).decode(detect(text.encode(name))) == text


def test_other_japanese_encodings_and_utf_16_without_a_mark():
    text = "品名,かず\n1,2\n"
    for name in ("euc_jp", "iso2022_jp"):
        assert detect(text.encode(name)) == name
    for name in ("utf-16-le", "utf-16-be"):
        assert detect("a,b\n1,2\n品,3\n".encode(name)) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [("имя,возраст\nИван,5\nПётр,6\n", "cp1251"), ("名称,数量\n模型,训练\n参数,数据\n", "gb18030")],
)
def test_other_languages(text, name):
    assert text.encode(name).decode(detect(text.encode(name))) == text


def test_a_few_damaged_bytes_do_not_change_the_encoding():
    assert detect("相談の記録\n".encode() * 20 + b"\xff\n") == "utf-8"


def test_a_character_cut_by_the_sample_does_not_either():
    for shift in range(3):
        assert detect(b"x" * shift + "相".encode() * SAMPLE) == "utf-8"


def test_what_is_no_text_is_refused():
    with pytest.raises(InputError, match="Expected a text file"):
        detect(b"PNG\0\0\1\2\0\xff" * 9)
    with pytest.raises(InputError, match="zero bytes in it, the first at byte 7:"):
        detect(b"a,b\n1," + bytes(99))
    with pytest.raises(InputError, match="Expected an encoding such as"):
        require_encoding("base64")
    with pytest.raises(InputError, match="Expected an encoding such as"):
        require_encoding("klingon")


@pytest.mark.parametrize("text", ["本番,1\n", "ｶﾌﾞｼｷ,本番\n", "Größe;1\n"])
@pytest.mark.parametrize("found", ["cp932", "cp1252", "euc_jp"])
def test_a_line_of_utf_8_among_others_is_named(text, found):
    try:
        own = text.encode(found)
    except UnicodeEncodeError:
        pytest.skip("no text of this encoding")
    require_one(b"a,b\n" + own * 3, found)
    with pytest.raises(InputError, match="line 3"):
        require_one(b"a,b\n" + own + "本番\n".encode() + own, found)


def test_japanese_numbers_without_kana_are_read_in_euc_jp():
    text = "data_budget,batch_size,epsilon,備考\n1千万,22万,0.5,基準\n"
    assert detect(text.encode("euc_jp")) == "euc_jp"


LETTER = "顧客からの問い合わせに対して担当者が丁寧に回答した記録です。"


@pytest.mark.parametrize("name", ["utf-16-le", "utf-16-be"])
def test_japanese_in_utf_16_without_a_mark_is_known_by_few_zeros(name):
    """A letter's line ends are all the zeros that it has."""
    content = f"{LETTER}\n{LETTER}\n".encode(name)
    assert 0 < content.count(0) < 0.1 * len(content) / 2
    assert detect(content) == name


@pytest.mark.parametrize("name", ["utf-8", "cp932", "euc_jp", "cp1252"])
@pytest.mark.parametrize("at", range(8))
def test_a_zero_in_other_texts_does_not_make_them_utf_16(name, at):
    """Two of their bytes make kanji at times, and hardly kana."""
    text = "Größe und Maß der Lieferung, " * 4 if name == "cp1252" else LETTER * 2
    content = text.encode(name)
    for spoilt in (content[:at] + b"\0" + content[at:], content[:-at] + bytes(at + 1)):
        with pytest.raises(InputError, match="got zero bytes in it"):
            detect(spoilt)
