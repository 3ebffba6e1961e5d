"""Bytes of a text table -> header, rows with their line numbers, and what was detected on the way.

One reader for every table that comes in. It finds the encoding (:mod:`engine.tables.encoding`), the
separator, the line with the names of the columns and the decimal mark, and skips blank rows, rows
of separators alone, titles above the header, a header that is repeated, a row of units below it and
a numbered first column without a name. All of that stands in :class:`Detected`, to be told, and can
be said otherwise by :class:`Corrections`. Cells stay texts (:mod:`engine.tables.table`).

Not covered: workbooks, tables of fixed widths, several tables in one file.

>>> table = read_table("N; ε\\n1.000.000; 0,5\\n1.500; 4\\n".encode(), name="runs.csv")
>>> table.detected.separator, table.detected.decimal, table.header
(';', <Mark.COMMA: 'comma'>, ('N', 'ε'))
>>> [(row.line, table.number(row, "n"), table.number(row, "ε")) for row in table.rows]
[(2, 1000000, 0.5), (3, 1500, 4)]
"""

import csv
import gc
import io
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from engine.errors import InputError
from engine.tables import encoding
from engine.tables.guard import original
from engine.tables.numbers import (
    Mark,
    Number,
    not_finite,
    parse_number,
)
from engine.tables.table import Corrections, Detected, Proof, Row, Skip, Table, key
from engine.untrusted import regular

LONGEST_CELL = 64 * 2**20
"""Characters of one cell."""
SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", " ": "space"}
_SPACED = 3
"""Known names that a header has between spaces, and not between marks, where spaces separate."""

_SAMPLE = 2**16
"""Characters that the separator is found in."""
_LOOKED_AT = 20
"""Rows among which the header is looked for."""
_LONGEST_PROOF = 40
_SCALES = re.compile(
    r"[%％百千万億]|(?<![a-z])(?:k|m|mn|b|bn|thousands?|millions?|billions?|percent)(?![a-z])",
    re.IGNORECASE,
)
_GAPS = 10
"""Times the number of rows that the largest number of a row may be."""
_COUNTING = re.compile(r"\d{1,9}")
_MARKED_SEPARATOR = re.compile(r'"?sep=(.)"?\s*')


def read_file(
    path: Path,
    *,
    columns: Collection[str] = (),
    numeric: Collection[str] = (),
    corrections: Corrections | None = None,
) -> Table:
    """:func:`read_table` of a file; raises :class:`InputError` where it cannot be read."""
    try:
        with regular.opened(path) as file:
            content = file.read()
    except OSError as error:
        raise InputError(
            "Expected a readable CSV file, got {file}: {reason}.",
            file=path.name,
            reason=_REASONS.get(type(error), "it cannot be read"),
        ) from None
    return read_table(
        content, name=path.name, columns=columns, numeric=numeric, corrections=corrections
    )


_REASONS: dict[type[Exception], str] = {
    FileNotFoundError: "there is no such file",
    IsADirectoryError: "that is a folder",
    PermissionError: "it may not be read",
}


@contextmanager
def no_collection() -> Iterator[None]:
    """Let Python look for no unreachable objects meanwhile: rows by the hundred thousand are all
    reachable, and looking takes longer than reading them. For the whole process, so keep it
    short."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


@no_collection()
def read_table(
    content: bytes,
    *,
    name: str,
    columns: Collection[str] = (),
    numeric: Collection[str] = (),
    corrections: Corrections | None = None,
) -> Table:
    """The table in ``content``.

    ``columns``: names that the header is expected to have, by which it is found; ``numeric``: those
    whose cells are numbers, by which units and the decimal mark are found (all, where none is
    named). Raises :class:`InputError` for what is no table; a missing column is the caller's to
    refuse (:meth:`Table.missing`).
    """
    said = corrections or Corrections()
    if content.startswith(b"PK\x03\x04"):
        raise InputError(
            "Expected a text table, got the workbook {file}: save its sheet as CSV.", file=name
        )
    found = said.encoding or encoding.detect(content)
    if said.encoding is None:
        encoding.require_one(content, found)
    text = _decoded(content, found)
    separator = said.separator or separator_of(text, columns)
    records = _records(text, separator, name)
    skipped: dict[Skip, list[int]] = {}
    if records and _MARKED_SEPARATOR.fullmatch(separator.join(records[0][1])):
        skipped[Skip.SEPARATOR] = [records.pop(0)[0]]
    kept = [record for record in records if _is_filled(record[1])]
    if len(kept) < len(records):
        there = {line for line, _ in kept}
        skipped[Skip.BLANK] = [line for line, _ in records if line not in there]
    if not kept:
        raise InputError("Expected a table in {file}, got nothing in it.", file=name)
    at = _header_place(kept, columns, said.header_line)
    if at:
        skipped[Skip.TITLE] = [line for line, _ in kept[:at]]
    header_line, names = kept[at]
    if separator == " " and all(len(cells) == len(names) + 1 for _, cells in kept[at + 1 :]):
        names = ["", *names]  # R names no column of row numbers
    body = _without_headers(kept[at + 1 :], names, numeric, skipped)
    index_column = _is_index(names, body)
    table = _table(
        name,
        names,
        body,
        Detected(
            encoding=found,
            separator=separator,
            header_line=header_line,
            skipped={reason: tuple(lines) for reason, lines in skipped.items()},
            index_column=index_column,
            corrected=frozenset(
                name
                for name in ("encoding", "separator", "decimal", "header_line")
                if getattr(said, name) is not None
            ),
        ),
    )
    return _with_decimal(table, numeric, said.decimal, commas=_may_hold_commas(text, separator))


def _decoded(content: bytes, name: str) -> str:
    try:
        # A damaged byte becomes a mark that no number holds: its row is refused, not the file.
        text = content.decode(name, errors="replace" if name.startswith("utf-8") else "strict")
    except (UnicodeError, LookupError):
        raise InputError(
            "Expected text in {encoding}, got bytes that are none: choose another encoding.",
            encoding=name,
        ) from None
    if "\0" in text:
        raise encoding.unknown_encoding()
    return text.removeprefix("\ufeff")


def separator_of(text: str, columns: Collection[str]) -> str:
    """The separator with which the header has most of the ``columns``; else the one with which most
    rows are equally long, and longest."""
    if marked := _MARKED_SEPARATOR.match(text.split("\n", 1)[0].split("\r", 1)[0]):
        return marked[1]
    sample = text if len(text) <= _SAMPLE else re.sub(r"[^\r\n]*\Z", "", text[:_SAMPLE])
    wanted = {key(column) for column in columns}

    def score(separator: str) -> tuple[int, float, int]:
        lines = io.StringIO(_trimmed(sample) if separator == " " else sample, newline="")
        with long_cells():
            reader = csv.reader(lines, delimiter=separator, skipinitialspace=separator == " ")
            rows = []
            try:
                rows += [row for row in reader if any(map(str.strip, row))]
            except csv.Error:
                return (0, 0.0, 0)
        known = max((len(wanted & set(map(key, row))) for row in rows[:_LOOKED_AT]), default=0)
        width, times = Counter(map(len, rows)).most_common(1)[0] if rows else (0, 0)
        return (known, times / len(rows), width) if width > 1 else (known, 0.0, 0)

    scores = {separator: score(separator) for separator in SEPARATORS if separator != " "}
    best = max(scores, key=scores.__getitem__)
    return " " if scores[best][0] < 2 and score(" ")[0] >= _SPACED else best


def _trimmed(text: str) -> str:
    """Lines without spaces at their ends, which stand between no two cells."""
    return re.sub(r"(?m)^[ \t]+|[ \t]+(?=\r?$)", "", text)


@contextmanager
def long_cells() -> Iterator[None]:
    """Let :mod:`csv` read long cells. Its limit is the whole process's: others get theirs back."""
    before = csv.field_size_limit(LONGEST_CELL)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _records(text: str, separator: str, name: str) -> list[tuple[int, list[str]]]:
    """Rows with the lines that they begin in."""
    text = _trimmed(text) if separator == " " else text
    first = text.split("\n", 1)[0].split("\r", 1)[0]
    padded = f"{separator} " in first or separator == " "
    # With newline="" a line may end in \r, \n or both, and cells keep theirs.
    lines = io.StringIO(text, newline="")
    records, before = [], 0
    try:
        with long_cells():
            reader = csv.reader(lines, delimiter=separator, strict=True, skipinitialspace=padded)
            if '"' not in text:  # then every row is a line
                return list(enumerate(reader, start=1))
            for cells in reader:
                records.append((before + 1, cells))
                before = reader.line_num
    except csv.Error:
        raise InputError(
            "Expected a table in {file}, but its row in line {line} cannot be read: check its "
            "quotation marks.",
            file=name,
            line=before + 1,
        ) from None
    return records


def _is_filled(cells: list[str]) -> bool:
    """Whether a row holds more than blanks; its first cell mostly says so."""
    return bool(cells) and (cells[0][:1].isalnum() or any(map(str.strip, cells)))


def _header_place(
    rows: Sequence[tuple[int, list[str]]], columns: Collection[str], line: int | None
) -> int:
    if line is not None:
        lines = [at for at, _ in rows]
        if line not in lines:
            raise InputError("Expected a header in line {line}, got nothing there.", line=line)
        return lines.index(line)
    first = rows[:_LOOKED_AT]
    wanted = {key(column) for column in columns}
    known = [len(wanted & set(map(key, cells))) for _, cells in first]
    if any(known):
        return known.index(max(known))
    if wanted:
        return 0
    width = Counter(len(cells) for _, cells in rows).most_common(1)[0][0]
    names = (
        place
        for place, (_, cells) in enumerate(first)
        if len([cell for cell in cells if cell.strip()]) >= width
        and not any(isinstance(parse_number(cell), Number) for cell in cells)
    )
    return next(names, 0)


def _without_headers(
    rows: list[tuple[int, list[str]]],
    names: list[str],
    numeric: Collection[str],
    skipped: dict[Skip, list[int]],
) -> list[tuple[int, list[str]]]:
    """Rows without a repeated header, and without units right below it."""
    header = list(map(key, names))
    beginnings = {text for text in {cells[0] for _, cells in rows} if key(text) == header[0]}
    again = [
        line
        for line, cells in (rows if beginnings else ())
        if cells[0] in beginnings and list(map(key, cells)) == header
    ]
    if again:
        skipped[Skip.REPEATED_HEADER] = again
        rows = [row for row in rows if row[0] not in set(again)]
    wanted = {key(name) for name in numeric}
    places = [place for place, name in enumerate(header) if name in wanted]
    if len(rows) > 1 and len(places) > 1:
        line, cells = rows[0]
        said = [cells[place].strip() for place in places if place < len(cells)]
        said = [text for text in said if text]
        # Units that scale are left where a caller refuses them: they change every number.
        if len(said) > 1 and not any(
            re.search(r"\d", text) or not_finite(text) is not None or _SCALES.search(text)
            for text in said
        ):
            skipped[Skip.UNITS] = [line]
            return rows[1:]
    return rows


def _is_index(names: list[str], rows: list[tuple[int, list[str]]]) -> bool:
    """Whether the first column has no name and only numbers the rows: each whole, and once. Those
    of a table that was filtered or sorted have gaps, but not as steps of a training have."""
    if names[0].strip() or len(names) < 2 or not rows:
        return False
    cells = [row[0].strip() for _, row in rows]
    if not all(map(_COUNTING.fullmatch, cells)) or len(set(cells)) < len(cells):
        return False
    return max(map(int, cells)) <= _GAPS * len(cells)


def _table(
    name: str, names: list[str], rows: list[tuple[int, list[str]]], detected: Detected
) -> Table:
    named = [place for place, text in enumerate(names) if text.strip()]
    width = len(names)
    complete = len(named) == width
    header = tuple(original(names[place]).strip().strip("\ufeff\u200b") for place in named)
    if complete and all(len(cells) == width for _, cells in rows):
        whole = tuple(Row(line, tuple(cells)) for line, cells in rows)
        return Table(name=name, header=header, rows=whole, detected=detected)
    body = []
    for line, cells in rows:
        kept = tuple(cells[place] if place < len(cells) else "" for place in named)
        others = [cell for place, cell in enumerate(cells) if place >= width or place not in named]
        others = others[1:] if detected.index_column else others
        body.append(Row(line, kept, tuple(cell for cell in others if cell.strip())))
    return Table(name=name, header=header, rows=tuple(body), detected=detected)


def _may_hold_commas(text: str, separator: str) -> bool:
    """Whether a cell could prove a decimal comma: between commas, only in quotation marks."""
    if separator == "," and '"' not in text:
        return re.search(r"\.\d\d\d\.", text) is not None
    return True


def _with_decimal(
    table: Table, numeric: Collection[str], said: Mark | None, *, commas: bool
) -> Table:
    """The table with the decimal mark that its cells prove, or that a person said."""
    if said is not None:
        return replace(table, detected=replace(table.detected, decimal=said))
    proofs: dict[Mark, Proof] = {}
    places = [table.place(name) for name in numeric if table.has(name)]
    for row in table.rows:
        for text in [row.cells[place] for place in places] if places else row.cells:
            if Mark.POINT in proofs and "," not in text and text.count(".") < 2:
                continue
            if ("," not in text and "." not in text) or len(text) > _LONGEST_PROOF:
                continue
            found = parse_number(text)
            if isinstance(found, Number) and found.decimal is not None:
                proofs.setdefault(found.decimal, Proof(text=text.strip(), line=row.line))
        if len(proofs) == len(Mark) or (proofs and not commas):
            break
    decimal = next(iter(proofs)) if len(proofs) == 1 else None
    return replace(table, detected=replace(table.detected, decimal=decimal, proofs=proofs))
