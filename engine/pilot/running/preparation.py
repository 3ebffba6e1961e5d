"""Reads a corpus and measures the machine, so that a plan can be made; a process of its own.

The result is kept while corpus, device and versions stay the same: a second preparation only looks.
"""

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime

from engine.errors import InputError
from engine.pilot.plan import CorpusSource
from engine.pilot.prepared import PREPARED_FILE, Prepared, Speed, read_prepared
from engine.pilot.running.devices import Device
from engine.pilot.running.folder import Lock, PilotFolder, Request, Stopped, write_text
from engine.pilot.running.reporter import Reporter
from engine.pilot.running.status import State, Status, reason_of
from engine.pilot.running.versions import versions
from engine.pilot.text.corpus import Corpus

Load = Callable[[CorpusSource, Callable[[float], None]], Corpus]
Measure = Callable[[Corpus, Device, Callable[[float], None]], tuple[Speed, ...]]
Begin = Callable[[Corpus], dict[str, float]]
"""The loss of every public start that reads a corpus, by the SHA-256 of its file."""
_READING = 0.6
"""Share of the work that reading the corpus is taken to be."""


def run_preparation(
    folder: PilotFolder, lock: Lock, device: Device, *, load: Load, measure: Measure, begin: Begin
) -> Status:
    """Write ``prepared.json`` into ``folder``, or a status that says why not."""
    first = Status(state=State.PREPARING, started=time.time(), process=os.getpid())
    with Reporter(folder.status_file, first) as reporter:

        def progress(start: float, end: float) -> Callable[[float], None]:
            def report(share: float) -> None:
                folder.stop_if_asked()
                reporter.update(progress=start + (end - start) * share)

            return report

        try:
            folder.sign_lock(lock, os.getpid())
            source = folder.source()
            corpus = load(source, progress(0.0, _READING))
            before = read_prepared(folder.path)
            if before is None or not _same(before, corpus, device):
                speeds = measure(corpus, device, progress(_READING, 1.0))
                found = _prepared(source, corpus, device, speeds, begin(corpus))
                write_text(folder.path / PREPARED_FILE, found.to_json())
            reporter.update(state=State.FINISHED, progress=1.0)
        except Stopped:
            paused = folder.asked() is Request.PAUSE
            reporter.update(state=State.PAUSED if paused else State.CANCELLED)
        except InputError as error:
            reporter.update(state=State.FAILED, **reason_of(error))
        except OSError as error:
            refusal = InputError(
                "Expected to read the text and to write {folder}: {reason}.",
                folder=folder.path,
                reason=error.strerror or type(error).__name__,
            )
            reporter.update(state=State.FAILED, **reason_of(refusal))
        except BaseException as error:
            refusal = InputError(
                "Expected to prepare the text, met an error of the program ({kind}): see {log}.",
                kind=type(error).__name__,
                log=folder.log_file,
            )
            reporter.update(state=State.FAILED, **reason_of(refusal))
            raise
    return reporter.status


def _same(before: Prepared, corpus: Corpus, device: Device) -> bool:
    return (
        before.fingerprint,
        before.identity,
        before.sequence_length,
        before.device,
        before.hardware,
    ) == (corpus.fingerprint, corpus.identity, corpus.window, device.kind, device.hardware)


def _prepared(
    source: CorpusSource,
    corpus: Corpus,
    device: Device,
    speeds: tuple[Speed, ...],
    begun: dict[str, float],
) -> Prepared:
    trained, held_out = corpus.split()
    return Prepared(
        source=source,
        name=corpus.name,
        family=corpus.family,
        fingerprint=corpus.fingerprint,
        units=len(trained),
        held_out_units=len(held_out),
        documents=len(corpus.document_starts) - 1,
        tokens=int(corpus.document_starts[-1]),
        vocabulary_size=corpus.vocabulary_size,
        refused=corpus.refused,
        identity=corpus.identity,
        device=device.kind,
        hardware=device.hardware,
        precision=device.precision,
        physical_batch_size=device.physical_batch_size,
        sequence_length=corpus.window,
        speeds=speeds,
        start_losses=tuple(begun.items()),
        memory_bytes=device.memory_bytes,
        bytes_per_token=corpus.bytes_per_token,
        versions=versions(),
        made_at=datetime.now(UTC).isoformat(),
    )
