"""The one wrapper around parsers of files from elsewhere: whatever they raise becomes a sentence.

Parsers of JSON, TOML, Parquet, Excel, npz, SQLite and DuckDB raise what they document and much that
they do not: deep nesting ends in a RecursionError, a number of 5,000 digits in a plain ValueError,
a date in the year 10000 in an OverflowError, a Rust parser in a panic. :func:`guarded` is the only
place of Kessai that may catch any exception (tests/test_architecture.py).

Not covered: a parser that ends the process, or that holds the interpreter for longer than
:data:`SECONDS` within one call.

>>> guarded(lambda: [1][2], lambda reason: InputError("Expected a table: {reason}.", reason=reason))
Traceback (most recent call last):
engine.errors.InputError: Expected a table: list index out of range.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn, TypeVar

from engine.errors import InputError, inert

T = TypeVar("T")

DEEPEST = 64
"""Levels of lists and tables inside each other."""
LONGEST_NUMBER = 40
"""Digits of a whole number."""
MOST_CELLS = 20_000_000
"""Cells of one table."""
MOST_EXPANDED = 2**30
"""Bytes that one file may unpack to."""
FREE_EXPANSION = 2**26
"""Bytes that any file may unpack to, however small it is."""
MOST_TIMES = 200
"""How many times its own size a file may unpack to beyond that."""
SECONDS = 120.0
"""For one table."""
_LONGEST_REASON = 120
_ANY = "{reason}"
_WORDS: dict[type[BaseException], str] = {
    RecursionError: "it is nested too deeply",
    MemoryError: "it needs more memory than there is",
    UnicodeError: "it holds bytes or halves of characters that are no text",
    OverflowError: "a number or a time in it is out of range",
}


def guarded(
    parse: Callable[[], T],
    refusal: Callable[[str], InputError],
    *,
    passing: tuple[type[Exception], ...] = (),
) -> T:
    """What ``parse`` gives. Whatever it raises but an :class:`InputError` and ``passing`` becomes
    ``refusal(reason)``."""
    try:
        return parse()
    except InputError:
        raise
    except Exception as error:
        if isinstance(error, passing):
            raise
        raise refusal(reason_of(error)) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # how parsers in Rust fail
            raise
        raise refusal("its parser gave up") from error


def attempted(parse: Callable[[], T]) -> T | None:
    """What ``parse`` gives; None where it raises anything: the file counts as missing."""
    try:
        return guarded(parse, lambda reason: InputError(_ANY, reason=reason))
    except InputError:
        return None


def reason_of(error: BaseException) -> str:
    """Why a parser failed, on one line that can be shown anywhere."""
    for kind, words in _WORDS.items():
        if isinstance(error, kind):
            return words
    strerror = getattr(error, "strerror", None)
    text = str(strerror or error)
    if "integer string conversion" in text:
        return "it has a number of thousands of digits"
    return first_line(text, _LONGEST_REASON) or type(error).__name__


def first_line(text: str, longest: int) -> str:
    """The first line of somebody's message that says anything, as it can be shown anywhere;
    "" where none does.

    >>> first_line("\\n  Connection closed.\\nat pair.cc:534", 200)
    'Connection closed'
    """
    lines = inert(next((line for line in text.splitlines() if line.strip()), ""))
    return lines.strip()[:longest].rstrip(". ")


def too_large(size: int, file_size: int) -> NoReturn:
    """Refuse a file of ``file_size`` bytes for unpacking to ``size``."""
    raise InputError(
        "Expected a file that unpacks to at most {most} MB, got {value} MB out of {size} kB.",
        most=most_expanded(file_size) // 2**20,
        value=-(-size // 2**20),
        size=-(-file_size // 2**10),
    )


def most_expanded(file_size: int) -> int:
    """Bytes that a file of ``file_size`` bytes may unpack to."""
    return min(MOST_EXPANDED, max(FREE_EXPANSION, MOST_TIMES * file_size))


def require_cells(cells: int) -> None:
    """Raises :class:`InputError` for a table of too many cells."""
    if cells > MOST_CELLS:
        raise InputError(
            "Expected a table of at most {most} million cells, got more: split the file.",
            most=MOST_CELLS // 10**6,
        )


class Clock:
    """The time that one file takes; :meth:`look` between its parts."""

    def __init__(self) -> None:
        self._end = time.monotonic() + SECONDS

    def look(self) -> None:
        """Raises :class:`InputError` once it was too long."""
        if time.monotonic() > self._end:
            raise InputError(
                "Expected a file that is read within {seconds} seconds, this one took longer: "
                "split it.",
                seconds=f"{SECONDS:g}",
            )


@contextmanager
def interrupted_in_time(interrupt: Callable[[], None]) -> Iterator[None]:
    """Call ``interrupt``, of a database at work, when that takes longer than :data:`SECONDS`."""
    timer = threading.Timer(SECONDS, interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
