"""Typst with the machine's fonts: documents set as PDF, and what a template says of itself.

The templates beside this module hold the looks; everything that is said goes in as data, so that a
text with markup in it stays a text. Nothing is fetched: the font is that of
:mod:`engine.report.fonts`, and what it lacks comes from the machine's others.
"""

import hashlib
import json
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

import typst

from engine.errors import InputError
from engine.report.fonts import Face, japanese_face

_HERE = Path(__file__).parent


def compiled(template: str, content: dict[str, Any], face: Face | None = None) -> bytes:
    """A template beside this module as PDF. Raises :class:`InputError` where no Japanese font is
    installed."""
    fonts, family = _font(face or japanese_face())
    made = typst.compile(
        str(_HERE / template),
        root=str(_HERE),
        font_paths=fonts,
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs={"data": _text(content), "family": family},
        timestamp=0,  # The date is in the text.
    )
    assert isinstance(made, bytes)  # one document, not a list of pages
    return made


def queried(template: str, content: dict[str, Any], label: str, face: Face | None = None) -> Any:
    """What a template says under a label that it has once. Without a Japanese font it is measured
    in another. Answers are kept: they are to be read alone."""
    with suppress(InputError):
        face = face or japanese_face()
    said = _text(content)
    asked = hashlib.sha256("\0".join((template, label, repr(face), said)).encode()).digest()
    with _lock:
        if asked in _answers:
            return _answers[asked]
    found = _queried(template, said, label, face)
    with _lock:
        _answers[asked] = found
        while len(_answers) > _MOST_ANSWERS:
            del _answers[next(iter(_answers))]
    return found


_MOST_ANSWERS = 1024
_answers: dict[bytes, Any] = {}
"""Sizes by the digest of what was measured, the oldest first: a company's words are not kept."""
_lock = Lock()


def _queried(template: str, content: str, label: str, face: Face | None) -> Any:
    fonts, family = _font(face)
    found = typst.query(
        str(_HERE / template),
        label,
        field="value",
        one=True,
        root=str(_HERE),
        font_paths=fonts,
        ignore_system_fonts=True,
        sys_inputs={"data": content, "family": family},
    )
    return json.loads(found)


def _text(content: dict[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, allow_nan=False)


@lru_cache(maxsize=4)
def _font(face: Face | None) -> tuple[typst.Fonts, str]:
    """The machine's fonts, which take about a second to find, and the family of the face."""
    if face is None:
        return typst.Fonts(include_system_fonts=True), "sans-serif"
    folders = sorted({str(face.regular.parent), str(face.bold.parent)})
    fonts = typst.Fonts(font_paths=folders, include_system_fonts=True)
    found = [font for font in fonts.fonts() if Path(str(font.path or "")) == face.regular]
    chosen = next((font for font in found if font.index == face.number), found[0])
    return fonts, chosen.family
