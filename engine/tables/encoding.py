"""Which encoding the bytes of a text file are in.

In this order: a mark at the beginning, the zero bytes of UTF-16, the escapes of ISO-2022-JP, UTF-8
(also with a few damaged bytes), then Japanese (cp932, as Excel writes it, or EUC-JP), then what
charset-normalizer says of other languages. Short files hold too few letters for statistics, so
Japanese is recognised by its form: characters that stand together, mostly kana and kanji.

Not covered: certainty. What was found is told with the table, and can be named instead.

>>> detect("品名,数".encode("cp932")), detect("Größe;Maß".encode("cp1252"))
('cp932', 'cp1252')
>>> detect(b"plain"), detect("x".encode("utf-16"))
('utf-8', 'utf-16')
"""

import codecs
import re
import unicodedata
from collections.abc import Iterator
from itertools import islice

from charset_normalizer import from_bytes

from engine.errors import InputError

SAMPLE = 2**20
"""Bytes that are looked at."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_OTHERS = [
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "gb18030", "big5", "cp949", "mac_roman",
]  # fmt: skip
_SINGLE_BYTE = ("cp125", "mac_", "latin", "iso8859")
_MULTIBYTE = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
_KANA = re.compile("[\u3041-\u3096\u30a1-\u30fa]")
_JAPANESE = re.compile("[\u3041-\u30ff\u3000-\u303f\u4e00-\u9fff\uff01-\uff9f\t\r\n -~]")
_MANY_KANA = 0.1
"""Share of the signs of a Japanese text."""
_ENOUGH = 4000
"""Letters beyond ASCII that are looked at."""
_READS_WELL = 0.5
_ACCENTED = frozenset("àâäáãåæçèéêëìíîïñòóôöõøœùúûüýÿßÀÂÄÁÃÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÖÕØŒÙÚÛÜÝŸ")
_WESTERN_SIGNS = frozenset("€£°µ±§“”„‘’–—…«»·²³©®™\xa0")
_MOST_DAMAGE = 0.1
"""Share of characters that may be damaged in what is still taken for UTF-8."""


def detect(content: bytes) -> str:
    """Python's name of the encoding of ``content``, or of the beginning of a longer file.

    Raises :class:`InputError` where no encoding gives a text.
    """
    sample = content[:SAMPLE]
    for mark, name in _MARKS:
        if sample.startswith(mark):
            return name
    if wide := _utf_16_without_mark(sample):
        return wide
    if b"\0" in sample:
        raise InputError(
            "Expected a text file, got zero bytes in it, the first at byte {place}: it is no text, "
            "or a copy that was cut short; write it again in UTF-8.",
            place=sample.index(b"\0") + 1,
        )
    if re.search(rb"\x1b(\$[@B]|\([JI])", sample):
        return "iso2022_jp"
    if _is_utf_8(sample, cut=len(content) > len(sample)):
        return "utf-8"
    return _by_form(sample) or _other(sample)


def require_one(content: bytes, found: str) -> None:
    """Refuse a text of which single lines are in UTF-8 and the others in ``found``, as where two
    programs wrote one file: each of them would be read, one as other letters.

    Raises :class:`InputError` that names the first such line.
    """
    if found.startswith(("utf", "iso2022")) or found == "ascii":
        return
    for line, part in enumerate(content.splitlines(), start=1):
        if not part.isascii() and _is_foreign(part, found):
            raise InputError(
                "Expected one encoding in the whole file, got {encoding} and, in line {line}, "
                "utf-8: save the file in one of them.",
                encoding=found,
                line=line,
            )


def _is_foreign(part: bytes, found: str) -> bool:
    """Whether a line is UTF-8 by itself. Two bytes of it may be two letters of an Asian encoding
    as well (half-width katakana), three that fit by chance are not met."""
    try:
        text = part.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return found.startswith(_SINGLE_BYTE) or max(text) >= "\u0800"


def require_encoding(name: str) -> str:
    """``name`` if Python knows such an encoding of texts; :class:`InputError` if not."""
    try:
        if codecs.lookup(name)._is_text_encoding:
            return name
    except LookupError:
        pass
    raise InputError(
        "Expected an encoding such as utf-8, utf-16 or cp932, got {value}.", value=name[:40]
    )


def unknown_encoding() -> InputError:
    """The refusal of bytes that are no text."""
    return InputError(
        "Expected a text file, got bytes that are no text in any known encoding: save it in UTF-8."
    )


def _utf_16_without_mark(sample: bytes) -> str | None:
    """A text with ASCII in it has zeros in every other place, on one side alone; where there are
    few of them it must read as Japanese too, as other bytes than a text's may hold a zero."""
    if len(sample) < 4 or (len(sample) % 2 and len(sample) < SAMPLE):
        return None
    first, second = sample[0::2].count(0), sample[1::2].count(0)
    enough = len(sample) // 2 * 0.1
    if second > enough and first <= second * 0.02:
        return "utf-16-le"
    if first > enough and second <= first * 0.02:
        return "utf-16-be"
    side = "utf-16-le" if second else "utf-16-be"
    return side if bool(first) != bool(second) and _reads_as_japanese(sample, side) else None


def _reads_as_japanese(sample: bytes, encoding: str) -> bool:
    """Whether hardly a letter is of another script, and many are kana: two bytes of other encodings
    make kanji, and hardly kana."""
    try:
        text = sample[: len(sample) // 2 * 2].decode(encoding)
    except UnicodeDecodeError:
        return False
    kana = len(_KANA.findall(text))
    return kana >= _MANY_KANA * len(text) and len(_JAPANESE.findall(text)) >= 0.95 * len(text)


def _is_utf_8(sample: bytes, *, cut: bool) -> bool:
    if cut:  # a character may have been cut in two
        sample = sample[: -4 or None]
        sample = sample.rstrip(bytes(range(0x80, 0xC0)))
        sample = sample[:-1] if sample[-1:] >= b"\xc0" else sample
    try:
        sample.decode("utf-8")
    except UnicodeDecodeError:
        sound = len(_MULTIBYTE.findall(sample))
        damaged = len(re.findall(rb"[\x80-\xff]", _MULTIBYTE.sub(b"", sample)))
        return damaged <= _MOST_DAMAGE * sound
    return True


def _by_form(sample: bytes) -> str | None:
    """cp932, EUC-JP or cp1252, whichever reads best; None where none reads well."""
    texts = {name: _decoded(sample, name) for name in ("cp932", "euc_jp", "cp1252")}
    scores = {
        name: (_western if name == "cp1252" else _japanese)(text)
        for name, text in texts.items()
        if text is not None
        # Chinese and Korean bytes are valid EUC-JP too, but have no kana and no such numbers.
        and (name != "euc_jp" or re.search("[ぁ-んァ-ン]|[0-9][千万億]", text))
    }
    best = max(scores, key=lambda name: scores[name], default=None)
    return best if best is not None and scores[best] >= _READS_WELL else None


def _japanese(text: str) -> float:
    """At most 1: how much the letters beyond ASCII are those of a Japanese text."""
    score = []
    for letter, before, behind in _beyond_ascii(text):
        kind = unicodedata.name(letter, "")
        together = before >= "\x80" or behind >= "\x80"
        if kind.startswith(("HIRAGANA", "KATAKANA", "IDEOGRAPHIC", "FULLWIDTH")):
            score.append(1.0)
        elif kind.startswith(("CJK UNIFIED", "CJK COMPATIBILITY")):
            # A single rare 鮗 beside Latin letters is an é of another encoding.
            alone = 0.7 if not _is_latin(before, behind) else 0.6 if _is_common(letter) else 0.2
            score.append(0.9 if together else alone)
        elif kind.startswith("HALFWIDTH"):
            score.append(0.6 if together else 0.0)
        elif unicodedata.category(letter) in ("Co", "Cn", "Cc"):
            score.append(-2.0)
        else:  # signs such as ①, ㈱ or ×
            score.append(0.5)
    return sum(score) / len(score) if score else 0.0


def _western(text: str) -> float:
    """At most 1: how much the letters beyond ASCII are those of a Western European text."""
    score = []
    for letter, before, behind in _beyond_ascii(text):
        if letter in _ACCENTED:
            inside = letter.isupper() and before.islower()
            score.append(-1.0 if inside else 1.0 if _is_latin(before, behind) else 0.45)
        else:
            score.append(0.7 if letter in _WESTERN_SIGNS else -1.0)
    return sum(score) / len(score) if score else 0.0


def _beyond_ascii(text: str) -> Iterator[tuple[str, str, str]]:
    """Letters beyond ASCII, each with the one before and the one behind; " " at the ends."""
    padded = f" {text} "
    places = (m.start() for m in re.finditer(r"[^\x00-\x7f]", text))
    for place in islice(places, _ENOUGH):
        yield padded[place + 1], padded[place], padded[place + 2]


def _is_common(kanji: str) -> bool:
    """Whether a kanji is of the first level of JIS X 0208, the 2,965 that are used most."""
    return b"\x88\x9f" <= kanji.encode("cp932", "replace") <= b"\x98\x72"


def _is_latin(*letters: str) -> bool:
    return any("a" <= letter.lower() <= "z" for letter in letters)


def _decoded(sample: bytes, name: str) -> str | None:
    decoder = codecs.getincrementaldecoder(name)()
    try:
        return decoder.decode(sample)  # the last character may be cut
    except UnicodeDecodeError:
        return None


def _other(sample: bytes) -> str:
    best = from_bytes(sample, cp_isolation=_OTHERS).best()
    if best is None:
        raise unknown_encoding()
    # Of Western texts so short that several fit, the encoding that Windows writes.
    return "cp1252" if "cp1252" in best.could_be_from_charset else best.encoding
