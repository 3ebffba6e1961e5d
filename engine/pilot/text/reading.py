"""People's text, read in a process with limits: rows, memory, time, and no silence.

A file may be anything: a row of 60 GB, a page that unpacks to all memory there is, a folder on a
machine that went away. So its parsers run beside this process
(:mod:`engine.pilot.text.reading_process`), under the kernel's limits, and are ended when a limit is
met; the refusal is one sentence, which says which limit and nothing of the text.

What is read goes from there through a pipe and lies in no file on the way.
"""

import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from engine.errors import InputError
from engine.pilot.plan import CorpusSource
from engine.pilot.text import reading_process, sources
from engine.pilot.text.refusals import Progress, Refused, Row
from engine.untrusted import confinement
from engine.untrusted.guard import attempted
from engine.untrusted.texts import json_value

_LOOK = 0.25
"""Seconds between two looks at who may have stopped waiting."""
_PIECE = 2**20


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one text may take."""

    rows: int = 50_000_000
    memory: int = 4 * 2**30
    """Bytes of the process that reads."""
    seconds: int = 12 * 3600
    silence: float = 300.0
    """Seconds without a further batch of rows."""


LIMITS = Limits()


def rows(
    source: CorpusSource, progress: Progress, *, limits: Limits = LIMITS
) -> Iterator[Row | Refused]:
    """The documents of ``source`` in their order, as :func:`engine.pilot.text.sources.rows` gives
    them. ``progress`` is called some times a second too, with the last share; what it raises ends
    the reading.

    Raises :class:`InputError` for a source that is unreadable or meets a limit.
    """
    count = 0
    for batch in _batches(source, progress, limits):
        for row in batch:
            count += row.rows if isinstance(row, Refused) else 1
            if count > limits.rows:
                raise InputError(
                    "Expected a text of at most {most} million rows, {path} has more: split it.",
                    most=f"{limits.rows / 1e6:g}",
                    path=source.path,
                )
            yield row


def _batches(
    source: CorpusSource, progress: Progress, limits: Limits
) -> Iterator[list[Row | Refused]]:
    share = 0.0
    with _process(source, limits) as process:
        for line in _lines(process, source, limits):
            if line is None:
                progress(share)
                continue
            frame = attempted(lambda line=line: _frame(line))  # type: ignore[misc]
            if frame is None:
                break
            found, share, refusal, is_end = frame
            yield found
            if refusal is not None:
                raise refusal
            if is_end:
                return
            progress(share)
        process.kill()
        raise _ended(source, limits, process.wait())


def _frame(line: bytes) -> tuple[list[Row | Refused], float, InputError | None, bool]:
    said = json_value(line.decode("utf-8", "surrogatepass"), may_hold_halves=True)
    refusal = None
    if "refusal" in said:
        template, values = said["refusal"]
        refusal = InputError(template, **values)
    return [_row(one) for one in said["rows"]], float(said["share"]), refusal, "end" in said


def _row(values: list[Any]) -> Row | Refused:
    if len(values) == 3:
        reason, place, lost = values
        return Refused(reason=str(reason), place=int(place), rows=int(lost))
    text, unit, spelled, place = values
    return Row(text=text, unit=unit, spelled=spelled, place=int(place))


@contextmanager
def _process(source: CorpusSource, limits: Limits) -> Iterator[subprocess.Popen[bytes]]:
    """The process, which is gone afterwards."""
    # The package datasets has its own variables, of places and of logins.
    also = None if sources.is_local(source) else dict(os.environ)
    process = subprocess.Popen(
        confinement.command(reading_process.__name__),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # a parser's own words may quote the text
        env=confinement.environment(home=os.environ.get("HOME", ""), also=also),
    )
    try:
        assert process.stdin is not None
        task = {"source": asdict(source), "memory": limits.memory, "seconds": limits.seconds}
        process.stdin.write(json.dumps(task).encode() + b"\n")
        process.stdin.close()
        yield process
    finally:
        process.kill()
        if process.stdout is not None:
            process.stdout.close()
        process.wait()


def _lines(
    process: subprocess.Popen[bytes], source: CorpusSource, limits: Limits
) -> Iterator[bytes | None]:
    """Whole lines as they come, None while none does; ends with the process. Raises
    :class:`InputError` where it takes too long."""
    assert process.stdout is not None
    begun = heard = time.monotonic()
    held: list[bytes] = []
    while True:
        ready, _, _ = select.select([process.stdout], [], [], _LOOK)
        now = time.monotonic()
        if now - begun > limits.seconds:
            raise _too_slow(source, limits)
        if ready:
            piece = os.read(process.stdout.fileno(), _PIECE)
            if not piece:
                return
            *whole, rest = piece.split(b"\n")
            for line in whole:
                yield b"".join((*held, line))
                held = []
            held.append(rest)
            # Only now: what whoever reads does in between is no silence of the text.
            heard = time.monotonic()
        elif now - heard > limits.silence:
            raise InputError(
                "Expected further text in {path} within {seconds} seconds, none came: is its "
                "folder reachable, and are its rows documents?",
                path=source.path,
                seconds=f"{limits.silence:g}",
            )
        else:
            yield None


def _ended(source: CorpusSource, limits: Limits, status: int) -> InputError:
    """Why a process that did not say so ended."""
    if status == -signal.SIGXCPU:
        return _too_slow(source, limits)
    return InputError(
        "Expected a text that is read with at most {memory} MiB of memory, the process that read "
        "{path} ended before the text did (status {status}): are its rows documents?",
        memory=limits.memory // 2**20,
        path=source.path,
        status=status,
    )


def _too_slow(source: CorpusSource, limits: Limits) -> InputError:
    return InputError(
        "Expected a text that is read within {hours} hours, {path} took longer: split it.",
        hours=f"{limits.seconds / 3600:.3g}",
        path=source.path,
    )
