"""From the values of one row to a document and its person, or a reason why not.

Text must be UTF-8 and hold more than white space. Where there is a unit column, rows that name one
person in any spelling are that person's (:mod:`engine.pilot.text.identity`).
"""

from collections.abc import Collection, Iterable, Mapping

from engine.errors import InputError
from engine.pilot.plan import CorpusSource
from engine.pilot.text import identity, refusals
from engine.pilot.text.refusals import Refused, Row


def document_of(values: Mapping[str, object], place: int, source: CorpusSource) -> Row | Refused:
    """The document of a table's row."""
    unit = values.get(source.unit_column) if source.unit_column else None
    return document(
        values.get(source.text_column),
        unit,
        place,
        with_unit=bool(source.unit_column),
        off=source.rules_off,
    )


def document(
    text: object, unit: object, place: int, *, with_unit: bool, off: Collection[str] = ()
) -> Row | Refused:
    """A document from a text as str or bytes, and a person from any plain value; ``off``: rules of
    :class:`~engine.pilot.text.identity.Rule` that are not applied."""
    try:
        content = text.decode("utf-8") if isinstance(text, bytes) else text
        if isinstance(content, str):
            content.encode()  # half of a surrogate pair, or a byte that was no UTF-8
    except UnicodeError:
        return Refused(reason=refusals.ENCODING, place=place)
    person = identity.person(unit, off=off) if with_unit else None
    if content is None:
        return Refused(reason=refusals.NO_TEXT, place=place)
    if with_unit and person is None:
        return Refused(reason=refusals.NO_UNIT, place=place)
    if not isinstance(content, str) or "\0" in content:
        return Refused(reason=refusals.NOT_TEXT, place=place)
    if not content.strip():
        return Refused(reason=refusals.EMPTY, place=place)
    spelled = identity.spelled(unit) if with_unit else None
    return Row(text=content, unit=person, place=place, spelled=spelled)


def columns_of(source: CorpusSource) -> list[str]:
    """Columns to read."""
    return list(dict.fromkeys(filter(None, [source.text_column, source.unit_column])))


def require_columns(source: CorpusSource, present: Iterable[str]) -> None:
    """Raise :class:`InputError` for a column that is not there."""
    # The columns there are stay unsaid: without a header they would be somebody's text.
    for column in set(columns_of(source)) - set(present):
        raise InputError(
            "Expected a column {column} in {path}, got none: name the columns of the text and of "
            "the person.",
            column=column,
            path=source.path,
        )


def unreadable(source: CorpusSource, reason: object) -> InputError:
    """The refusal of a source that cannot be read at all."""
    return InputError(
        "Expected to read {path} as {kind}: {reason}. Check the path and the kind.",
        path=source.path,
        kind=source.kind,
        reason=str(reason).removesuffix("."),  # a sentence of its own, at times
    )
