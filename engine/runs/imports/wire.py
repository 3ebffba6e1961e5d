"""The wire format of protocol buffers, as far as trackers' files need it: fields by number.

>>> list(fields(bytes([0x08, 0x96, 0x01, 0x12, 0x02, 0x68, 0x69])))
[(1, 0, 150), (2, 2, b'hi')]
"""

from collections.abc import Iterator

VARINT, DOUBLE, BYTES, FLOAT = 0, 1, 2, 5
"""Wire types; the last one is any field of four bytes."""
Field = tuple[int, int, int | bytes]
"""Number, wire type and content of one field."""


def inside(content: bytes, wanted: int) -> list[bytes]:
    """The messages, or texts, in the fields of one number."""
    return [
        part for number, _, part in fields(content) if number == wanted and isinstance(part, bytes)
    ]


def fields(content: bytes) -> Iterator[Field]:
    """The fields of a message; ends where the bytes are none."""
    at = 0
    while at < len(content):
        head, at = _varint(content, at)
        number, kind = head >> 3, head & 7
        if kind == VARINT:
            value, at = _varint(content, at)
            yield number, kind, value
            continue
        if kind == BYTES:
            size, at = _varint(content, at)
        elif kind in (DOUBLE, FLOAT):
            size = 8 if kind == DOUBLE else 4
        else:
            return
        if at + size > len(content):
            return
        yield number, kind, content[at : at + size]
        at += size


def _varint(content: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(content):
        byte = content[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80 or shift > 63:
            break
    return value, at
