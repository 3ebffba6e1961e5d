"""The colours of everything on paper: those of the page in its light theme.

Files in other languages (``print/look.typ``, the theme, the icon) repeat them; a test holds all to
these.
"""

INK, QUIET, LINE = "#0F111C", "#565B6E", "#D5D8E4"
"""Text, text beside it, and lines."""
ACCENT, SOFT, TINT = "#3B4CC0", "#9BA3D9", "#F3F4FA"
"""What is recommended, its range, and a surface."""
RULE = "#BF7E00"
"""What it is compared with, and what counts down."""


def plain(colour: str) -> str:
    """Without the sign before it, as Office has it."""
    return colour.removeprefix("#")
