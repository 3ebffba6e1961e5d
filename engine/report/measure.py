"""How long a text is, in columns as terminals and spreadsheets count them.

>>> columns("人数10"), columns("people")
(6, 6)
"""

import unicodedata


def columns(text: str) -> int:
    """Two for what is as wide as a kanji, one for anything else."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WFA" else 1 for letter in text)
