"""Colours of slides: ours on our own master; on a company's template its accents in place of ours.

What is recommended takes the template's first accent, what it is compared with the second; ink and
greys stay. Where white or a pale ground would not carry an accent as text (less than 4.5 to 1, WCAG
2.2, 1.4.3) ink takes its place.

>>> round(contrast("#FFFFFF", "#000000"), 1)
21.0
"""

from dataclasses import dataclass

from pptx.dml.color import ColorFormat, RGBColor
from pptx.enum.dml import MSO_THEME_COLOR

from engine.report.colours import ACCENT, INK, RULE, TINT, plain

_LEGIBLE = 4.5
_ACCENTS = {ACCENT: MSO_THEME_COLOR.ACCENT_1, RULE: MSO_THEME_COLOR.ACCENT_2}
_TINTED = 0.88
"""Of a ground in a template's accent: the share of white."""
WHITE = "#FFFFFF"


@dataclass(frozen=True, kw_only=True)
class Hues:
    """``accents``: of a template, ``#RRGGBB`` by ours; None: our own colours."""

    accents: dict[str, str] | None = None

    def paint(self, place: ColorFormat, colour: str) -> None:
        """Give a fill, a line or a text one of our colours, or what stands in its place."""
        if self.accents is None or colour not in (*_ACCENTS, TINT):
            place.rgb = RGBColor.from_string(plain(colour))
        elif colour == TINT:
            place.theme_color, place.brightness = MSO_THEME_COLOR.ACCENT_1, _TINTED
        else:
            place.theme_color = _ACCENTS[colour]

    @property
    def on_accent(self) -> str:
        """The colour of text on a ground in the first accent."""
        ground = ACCENT if self.accents is None else self.accents[ACCENT]
        return WHITE if contrast(WHITE, ground) >= _LEGIBLE else INK

    @property
    def large(self) -> str:
        """The colour of figures in large type, on a tint."""
        ground = ACCENT if self.accents is None else self.accents[ACCENT]
        return ACCENT if contrast(ground, TINT) >= _LEGIBLE else INK


def contrast(one: str, other: str) -> float:
    """Of two colours, 1 to 21 (WCAG 2.2, relative luminance)."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(plain(colour)[n : n + 2], 16) / 255 for n in (0, 2, 4)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return float(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])
