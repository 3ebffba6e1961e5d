"""The one way by which words reach a terminal, a pipe or a file, whatever signs that can carry.

A Windows terminal in Japan (cp932) has no ≤ and no ², one of the C locale no Greek at all. There a
sign is written out (≤ becomes <=, ε becomes epsilon, 10¹³ becomes 10^13), and what has no such form
becomes an escape such as \\u6c7a, with a sentence on how to see it. JSON has pure ASCII wherever
the encoding is not UTF-8, so that it is the same document everywhere.

A reader that has gone away, a closed stream or a full disk is no traceback either.

>>> shown("ε ≤ 4 at 10⁻⁸ × ¥2", "ascii"), shown("σ ≤ 3", "cp932")
('epsilon <= 4 at 10^-8 x JPY 2', 'σ ≦ 3')
>>> shown("決裁", "ascii"), shown("決裁", "utf-8")
('\\\\u6c7a\\\\u88c1', '決裁')
"""

import codecs
import contextlib
import json
import os
import re
import sys
import unicodedata
from io import TextIOWrapper
from typing import TextIO

from engine.errors import inert

_WRITTEN_OUT = {
    "≤": ("≦", "<="), "≥": ("≧", ">="), "×": ("x",), "·": ("・", "*"), "−": ("-",), "–": ("-",),
    "—": ("―", "-"), "―": ("-",), "‐": ("-",), "→": ("->",), "…": ("...",), "“": ('"',),
    "”": ('"',), "„": ('"',), "‘": ("'",), "’": ("'",), "′": ("'",), "±": ("+/-",), "≈": ("~",),
    "√": ("sqrt ",), "∞": ("infinity",), "½": ("1/2",), "¼": ("1/4",), "⅓": ("1/3",),
    "∂": ("d",), "⌈": ("ceil(",), "⌉": (")",), "⌊": ("floor(",), "⌋": (")",), "∝": ("~",),
    "∈": ("in",), "¥": ("￥", "JPY "), "￥": ("JPY ",), "€": ("EUR ",), "£": ("GBP ",),
    "µ": ("μ", "u"), "°": ("deg",), "§": ("section ",), "«": ('"',), "»": ('"',), "〜": ("~",),
    "～": ("~",), "\u0304": ("_bar",), "\u00a0": (" ",), "\u200b": ("",), "ℓ": ("l",),
    "ß": ("ss",), "Æ": ("AE",), "æ": ("ae",), "Ø": ("O",), "ø": ("o",), "Œ": ("OE",),
    "œ": ("oe",), "‖": ("||",),
}  # fmt: skip
"""Sign -> what stands for it, the nearest first; taken is the first that the encoding has."""
_RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ᵐᵀ", "0123456789+-mT", strict=True))
_RAISED_RUN = re.compile(f"[{''.join(_RAISED)}]+")
_BEYOND_ASCII = re.compile(r"[^\x00-\x7e]")
_UNSEEN = re.compile(r"[\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")
"""Of these some steer a terminal and some turn the direction of writing."""
_GREEK = re.compile(r"GREEK (SMALL|CAPITAL) LETTER (\w+)")


def prepare() -> None:
    """Make standard output and standard error safe: to be called before anything is written.

    A descriptor that is closed is opened on nothing, since the next file would else get its number
    and take the words; what does not come through :func:`say` or :func:`tell` is escaped.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: this one
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def say(text: str, *, is_json: bool = False) -> bool:
    """Write an answer to standard output; whether all of it arrived."""
    if sys.stdout is None:
        tell("The answer could not be written: standard output is closed.")
        return False
    encoding = encoding_of(sys.stdout)
    if is_json:
        beyond = _UNSEEN if _is_utf_8(encoding) else _BEYOND_ASCII
        return _write(sys.stdout, f"{json_without(beyond, text)}\n")
    plain = shown(text, encoding)
    arrived = _write(sys.stdout, f"{plain}\n")
    if len(_escapes(plain)) > len(_escapes(text)):
        tell(
            f"The encoding {encoding} lacks some of these signs: set PYTHONIOENCODING=utf-8 if the "
            "terminal can show them."
        )
    return arrived


def tell(sentence: str) -> None:
    """Say something beside the answer, on standard error: the answer may go to a program."""
    _write(sys.stderr, f"{shown(sentence, encoding_of(sys.stderr))}\n")


def encoding_of(stream: TextIO | None) -> str:
    """The encoding that a stream writes; UTF-8 where it has none or is closed."""
    return getattr(stream, "encoding", None) or "utf-8"


def shown(text: str, encoding: str) -> str:
    """``text`` in signs that ``encoding`` has: written out where there is a form, else escaped.

    What would steer the terminal or turn the direction of writing, in somebody's names, is inert.
    """
    text = "\n".join(map(inert, text.split("\n")))
    if _carries(text, encoding):
        return text

    def raised(run: re.Match[str]) -> str:
        plain = "".join(_RAISED[sign] for sign in run[0])
        return run[0] if _carries(run[0], encoding) else f"^{plain}"

    return "".join(_sign(sign, encoding) for sign in _RAISED_RUN.sub(raised, text))


def json_without(signs: re.Pattern[str], text: str) -> str:
    """A JSON text with these signs, none of ASCII, escaped: outside its strings JSON has none."""
    return signs.sub(lambda sign: json.dumps(sign[0])[1:-1], text)


def _sign(sign: str, encoding: str) -> str:
    if _carries(sign, encoding):
        return sign
    return next(form for form in _forms(sign) if _carries(form, encoding))


def _forms(sign: str) -> list[str]:
    """What may stand for a sign; the last one is ASCII."""
    forms = [*_WRITTEN_OUT.get(sign, ())]
    if greek := _GREEK.fullmatch(unicodedata.name(sign, "")):
        name = greek[2].replace("LAMDA", "LAMBDA")
        forms.append(name.lower() if greek[1] == "SMALL" else name.capitalize())
    if (base := unicodedata.normalize("NFD", sign)[0]) != sign and base.isalpha():
        forms.append(base)  # an accent less
    if unicodedata.decomposition(sign).startswith(("<wide>", "<sub>")):
        forms.append(unicodedata.normalize("NFKC", sign))
    return [*forms, sign.encode("ascii", "backslashreplace").decode()]


def _escapes(text: str) -> list[str]:
    return re.findall(r"\\[uUx][0-9a-f]{2,8}", text)


def _carries(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _is_utf_8(encoding: str) -> bool:
    return codecs.lookup(encoding).name.startswith("utf-8")


def _write(stream: TextIO | None, text: str) -> bool:
    """Whether ``text`` left this process. A stream that failed is not flushed again at exit."""
    if stream is None:
        return False
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:  # whoever read it has seen enough
        _give_up(stream)
        return False
    except OSError as error:
        _give_up(stream)
        if stream is not sys.stderr:
            tell(f"The answer could not be written: {error.strerror}.")
        return False
    return True


def _give_up(stream: TextIO) -> None:
    """Let what is still held for ``stream`` go nowhere."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
