"""The process that reads people's text: ``python -m engine.pilot.text.reading_process``.

It gets a source and its limits as one line of JSON, and writes one line a batch: documents and
refused rows in their order, the share that is read, at the end "end", or why not. Without memory it
ends and says nothing. Whoever started it (:mod:`engine.pilot.text.reading`) may end it at any
moment. It writes no file, and the kernel
holds it to its memory and its processor time.
"""

import json
import sys
from dataclasses import dataclass, field
from typing import BinaryIO

from engine.errors import InputError
from engine.pilot.plan import CorpusSource
from engine.pilot.text import sources
from engine.pilot.text.refusals import Refused, Row
from engine.untrusted.confinement import hold_back
from engine.untrusted.guard import guarded
from engine.untrusted.texts import json_value

MOST_IN_BATCH = 1024
"""Rows of a batch."""
LONGEST_BATCH = 4 * 2**20
"""Characters after which a batch ends."""


@dataclass
class Outgoing:
    """Rows on their way out, a batch a line."""

    to: BinaryIO
    share: float = 0.0
    _rows: list[list[object]] = field(default_factory=list)
    _characters: int = 0

    def add(self, row: Row | Refused) -> None:
        """One row."""
        if isinstance(row, Row):
            self._rows.append([row.text, row.unit, row.spelled, row.place])
            self._characters += len(row.text)
        else:
            self._rows.append([row.reason, row.place, row.rows])
        if len(self._rows) >= MOST_IN_BATCH or self._characters >= LONGEST_BATCH:
            self.send()

    def progress(self, share: float) -> None:
        """The share that is read."""
        self.share = share
        self.send()

    def send(self, **last: object) -> None:
        """What has come together."""
        content = {"rows": self._rows, "share": self.share, **last}
        line = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        # An identifier may hold bytes that are no text, which count as a person all the same.
        self.to.write(line.encode("utf-8", "surrogatepass") + b"\n")
        self.to.flush()
        self._rows, self._characters = [], 0


def main() -> None:
    """Read what the first line of the input names."""
    task = json_value(sys.stdin.buffer.readline())
    is_local = sources.is_local(source := CorpusSource(**task["source"]))
    hold_back(
        processor_seconds=task["seconds"],
        data=task["memory"],
        largest_file=0 if is_local else None,  # others are kept where ``datasets`` keeps them
    )
    outgoing = Outgoing(sys.stdout.buffer)
    try:
        guarded(
            lambda: _read(source, outgoing),
            lambda reason: _unread(source, reason),
            passing=(MemoryError,),
        )
    except InputError as error:
        values = {name: _plain(value) for name, value in error.values.items()}
        outgoing.send(refusal=[error.template, values])
    else:
        outgoing.send(end=True)


def _read(source: CorpusSource, outgoing: Outgoing) -> None:
    for row in sources.rows(source, outgoing.progress):
        outgoing.add(row)


def _unread(source: CorpusSource, reason: str) -> InputError:
    return InputError(
        "Expected a text that can be read, {path} cannot: {reason}.",
        path=source.path,
        reason=reason,
    )


def _plain(value: object) -> object:
    return value if isinstance(value, int | float | str) else str(value)


if __name__ == "__main__":
    main()
