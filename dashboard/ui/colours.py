"""Colours by meaning, the same in every chart; chosen from Okabe and Ito's colour-blind-safe set.

Indigo is the recommendation, orange the non-private rule, teal the evidence, a hue at 20 % its
uncertainty, grey what lies outside the evidence. Vermilion is for errors only, in the theme.
Okabe and Ito's orange has 2.2:1 on white; where paper is white it is the same hue, darker, so that
lines and marks reach the 3:1 of WCAG 2.2 (success criterion 1.4.11).

>>> round(contrast("#000000", "#FFFFFF"))
21
"""

from dataclasses import dataclass

TEXT, GRAPHIC = 4.5, 3.0
"""Least contrast of text and of what a chart is read from: WCAG 2.2, criteria 1.4.3 and 1.4.11."""


@dataclass(frozen=True, kw_only=True)
class Palette:
    """One meaning, one colour; ``ink`` writes on ``paper``."""

    recommendation: str
    rule: str
    evidence: str
    outside: str
    ink: str
    quiet: str
    grid: str
    paper: str

    def faint(self, colour: str, share: float = 0.2) -> str:
        """``colour`` at 20 %, for uncertainty."""
        red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
        return f"rgba({red},{green},{blue},{share})"

    def legible(self, colour: str) -> str:
        """``colour`` where text in it can be read on ``paper``, else ``ink``."""
        return colour if contrast(colour, self.paper) >= TEXT else self.ink


LIGHT = Palette(
    recommendation="#3B4CC0",
    rule="#BF7E00",
    evidence="#009E73",
    outside="#6B7080",
    ink="#0F111C",
    quiet="#565B6E",
    grid="#E4E6EE",
    paper="#FFFFFF",
)
DARK = Palette(
    recommendation="#9DA9FF",
    rule="#E69F00",
    evidence="#2CC79B",
    outside="#9A9FB0",
    ink="#ECEEF6",
    quiet="#B3B8C9",
    grid="#2C3142",
    paper="#11131B",
)


def palette(theme: str | None) -> Palette:
    """The palette for ``st.context.theme.type``; light until the browser has said."""
    return DARK if theme == "dark" else LIGHT


def contrast(first: str, second: str) -> float:
    """WCAG 2 contrast ratio of two ``#RRGGBB`` colours, 1 to 21."""
    bright, dim = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def _luminance(colour: str) -> float:
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
