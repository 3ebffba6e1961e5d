"""How wide a label of a chart is and where it breaks: Plotly draws in the browser, breaks no label
and says no width.

Documents have no part in it: there Typst, Word, PowerPoint and browsers break lines. Widths are in
em: a kanji 1, Latin as the wider of two fonts has it, the rest an estimate. Lines break between
words, and in Japanese between characters, but no line begins with a closing mark or ends with an
opening one (JIS X 4051, the common core).

>>> wrap("損失は2.85です。", 4.2)
['損失は', '2.85で', 'す。']
"""

import re
import unicodedata

_TOKENS = re.compile(
    r"[⺀-鿿豈-﫿\uff01-\uff60぀-ヿ、。「」()〜…]|\s+|[^\s⺀-鿿豈-﫿\uff01-\uff60぀-ヿ、。「」()〜…]+"
)
_NEVER_FIRST = set("、。,.)」』】〜ー…:;!?%々ぁぃぅぇぉっゃゅょァィゥェォッャュョ")
_NEVER_LAST = set("(「『【¥")
_ASCII = (
    "278 323 474 556 556 921 680 278 338 338 467 584 278 347 278 392 556 556 556 556 556 556 "
    "556 556 556 556 278 278 584 584 584 556 1015 667 667 722 722 667 611 778 728 293 535 667 "
    "556 833 723 778 667 778 722 667 611 722 667 944 667 667 611 338 392 338 555 559 606 563 "
    "618 510 620 556 325 564 607 275 275 552 284 926 610 606 620 620 388 500 377 607 521 802 "
    "500 521 500 338 270 338 584"
)
_ADVANCE = {chr(32 + place): int(width) / 1000 for place, width in enumerate(_ASCII.split())}
"""Widths from the space to the tilde, of two fonts the wider: Adobe's metrics of Helvetica, which
are those of Arial, and the Latin letters of Noto Sans CJK."""
_FULL = set("×÷±≤≥≈…—→")
"""As wide as a kanji in Japanese fonts."""
_SCRIPTS_MEET = re.compile("(?<=[⺀-鿿぀-ヿ])(?=[!-~])|(?<=[!-~])(?=[⺀-鿿぀-ヿ])")
_APART = 0.25
"""Space that programs put between a Japanese and a Latin character (JIS X 4051)."""


def em(text: str) -> float:
    """Estimated width in em.

    >>> round(em("人数10"), 2), em("人数")
    (3.36, 2.0)
    """
    return sum(map(_em, text)) + _APART * len(_SCRIPTS_MEET.findall(text))


def _em(character: str) -> float:
    if unicodedata.east_asian_width(character) in "WF":
        return 1.0
    return 1.0 if character in _FULL else _ADVANCE.get(character, 0.6)


def wrap(text: str, width: float) -> list[str]:
    """Lines of at most ``width`` em; a single word may be broken if it must."""
    lines, line = [], ""
    for token in _short(pieces(text), width):
        if line and em(line + token.rstrip()) > width:
            lines.append(line.rstrip())
            line = token.lstrip()
        else:
            line += token
    return [*lines, line.rstrip()] if line.strip() or not lines else lines


def pieces(text: str) -> list[str]:
    """What no line breaks: words, and characters with the marks that cling to them.

    >>> pieces("損失は2.85です。")
    ['損', '失', 'は', '2.85', 'で', 'す。']
    """
    found: list[str] = []
    for token in _TOKENS.findall(text):
        clings = found and not found[-1].isspace()
        if clings and (token[0] in _NEVER_FIRST or found[-1][-1] in _NEVER_LAST):
            found[-1] += token
        else:
            found.append(token)
    return found


def _short(found: list[str], width: float) -> list[str]:
    """The same, with what is longer than a line in parts."""
    short = []
    for token in found:
        while em(token) > width and len(token) > 1:
            cut = next((n for n in range(len(token), 0, -1) if em(token[:n]) <= width), 1)
            short.append(token[:cut])
            token = token[cut:]
        short.append(token)
    return short
