"""Where a Japanese font for print comes from: the machine's own, never the network.

Noto Sans CJK, IPA and the fonts of macOS and Windows are looked for where their packages put them;
the variable ``KESSAI_FONT`` names another file. Without one there is no PDF: a page of empty boxes
would be worse than a refusal.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from engine.errors import InputError

OVERRIDE = "KESSAI_FONT"
_NOTO = Path("/usr/share/fonts/opentype/noto")
_IPA = Path("/usr/share/fonts/opentype/ipafont-gothic/ipagp.ttf")
_MAC = Path("/System/Library/Fonts")
_WINDOWS = Path("C:/Windows/Fonts")


@dataclass(frozen=True, kw_only=True)
class Face:
    """Files of the regular and the bold font; ``number`` picks the Japanese one in a collection."""

    regular: Path
    bold: Path
    number: int = 0


FACES = (
    Face(regular=_NOTO / "NotoSansCJK-Regular.ttc", bold=_NOTO / "NotoSansCJK-Bold.ttc"),
    Face(regular=_IPA, bold=_IPA),
    Face(regular=_MAC / "ヒラギノ角ゴシック W3.ttc", bold=_MAC / "ヒラギノ角ゴシック W6.ttc"),
    Face(regular=_WINDOWS / "YuGothR.ttc", bold=_WINDOWS / "YuGothB.ttc"),
    Face(regular=_WINDOWS / "meiryo.ttc", bold=_WINDOWS / "meiryob.ttc"),
)


def japanese_face(faces: tuple[Face, ...] = FACES) -> Face:
    """The first that is installed. Raises :class:`InputError` that says
    which package to install."""
    chosen = os.environ.get(OVERRIDE)
    if chosen:
        faces = (Face(regular=Path(chosen), bold=Path(chosen)),)
    for face in faces:
        if face.regular.is_file() and face.bold.is_file():
            return face
    raise InputError(
        "Expected a Japanese font for the PDF, found none: install the package {package}, "
        "or name a font file in {variable}.",
        package="fonts-noto-cjk",
        variable=OVERRIDE,
    )
