"""How a table was read, in words: what people check before they believe the numbers.

>>> from engine.tables.reader import read_table
>>> from engine.text.i18n import Words
>>> found = read_table("people;ε\\n1000;0,5\\n;\\n".encode(), name="a.csv").detected
>>> print(" ".join(sentences(found, Words("en"))))
Read as UTF-8, semicolons between the cells, the header in line 1. Decimal comma: “0,5” in line 2 \
shows it. Left out: line 3 (empty).
"""

from collections.abc import Sequence

from engine.tables.numbers import Mark
from engine.tables.table import Detected, Skip
from engine.text.i18n import N_, Words

_MOST_LINES = 5
SEPARATORS = {
    ",": N_("commas"),
    ";": N_("semicolons"),
    "\t": N_("tabs"),
    "|": N_("vertical bars"),
    " ": N_("spaces"),
}
"""Separator -> its name."""
_ENCODINGS = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "cp932": "Shift_JIS (cp932)",
    "euc_jp": "EUC-JP",
    "iso2022_jp": "ISO-2022-JP",
    "cp1252": "Windows-1252",
}
MARKS = {Mark.POINT: N_("decimal point (1.5)"), Mark.COMMA: N_("decimal comma (1,5)")}
"""Mark -> how a choice names it."""
_SKIPPED = {
    Skip.BLANK: N_("empty"),
    Skip.TITLE: N_("above the header"),
    Skip.REPEATED_HEADER: N_("the header again"),
    Skip.UNITS: N_("units"),
    Skip.SEPARATOR: N_("names the separator"),
}


def is_plain(found: Detected) -> bool:
    """Whether a table was read as programs write it: nothing there needs to be told."""
    return (
        found.encoding in ("utf-8", "utf-8-sig")
        and found.separator == ","
        and found.decimal is not Mark.COMMA
        and len(found.proofs) < 2
        and not found.skipped
        and not found.index_column
    )


def encoding_name(encoding: str) -> str:
    """An encoding as programs offer it."""
    return _ENCODINGS.get(encoding, encoding)


def sentences(found: Detected, words: Words) -> list[str]:
    """What was detected, and what was left out."""
    separator = SEPARATORS.get(found.separator)
    told = [
        words.say(
            "Read as {encoding}, {separator} between the cells, the header in line {line}.",
            encoding=encoding_name(found.encoding),
            separator=words.say(separator) if separator else f"“{found.separator}”",
            line=found.header_line,
        )
    ]
    told += _decimal(found, words)
    if found.skipped:
        parts = [
            f"{_lines(lines, words)} ({words.say(_SKIPPED[reason])})"
            for reason, lines in found.skipped.items()
        ]
        told.append(words.say("Left out: {lines}.", lines=", ".join(parts)))
    if found.index_column:
        told.append(words.say("Left out: the first column, which has no name and only counts."))
    return told


def _decimal(found: Detected, words: Words) -> list[str]:
    if "decimal" in found.corrected:
        if found.decimal is Mark.COMMA:
            return [words.say("Decimal comma, as chosen.")]
        return [words.say("Decimal point, as chosen.")]
    if len(found.proofs) > 1:
        with_point, with_comma = found.proofs[Mark.POINT], found.proofs[Mark.COMMA]
        return [
            words.say(
                "Both decimal marks occur (“{point}” in line {line}, “{comma}” in line {other}): "
                "a number that could be either is refused.",
                point=with_point.text,
                line=with_point.line,
                comma=with_comma.text,
                other=with_comma.line,
            )
        ]
    if found.decimal is Mark.COMMA:
        proof = found.proofs[Mark.COMMA]
        return [
            words.say(
                "Decimal comma: “{text}” in line {line} shows it.", text=proof.text, line=proof.line
            )
        ]
    if found.decimal is Mark.POINT:
        proof = found.proofs[Mark.POINT]
        return [
            words.say(
                "Decimal point: “{text}” in line {line} shows it.", text=proof.text, line=proof.line
            )
        ]
    return []


def _lines(lines: Sequence[int], words: Words) -> str:
    shown = ", ".join(map(str, lines[:_MOST_LINES])) + (" …" if len(lines) > _MOST_LINES else "")
    if len(lines) == 1:
        return words.say("line {line}", line=shown)
    return words.say("lines {lines}", lines=shown)
