"""Runs a sweep: what is left of it, worker processes side by side, and how long it will take.

The workers (:mod:`engine.pilot.sweeps.worker`) are spawned processes that walk one list and claim
runs by locks; this process reads their events and trains nothing. It loads no torch. A request to
stop (Ctrl-C, SIGTERM) lets each worker write a checkpoint and end; a second one (but not a SIGTERM
after a SIGTERM) kills them, which costs the seconds since their last checkpoint. A worker ends by
itself when this process is gone.

Not covered: several machines (start the same plan on each with its own run log, then copy the
files together), and several devices in one sweep.
"""

import contextlib
import multiprocessing
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import Any, Protocol

from engine.errors import InputError
from engine.pilot.plan import CorpusSource, TrainingSettings
from engine.pilot.sweeps.grid import run_id
from engine.pilot.sweeps.record import Place
from engine.pilot.sweeps.survey import Survey, described
from engine.pilot.sweeps.train import train as train_run
from engine.pilot.sweeps.worker import Event, Trainer, What, work
from engine.pilot.text import corpus as corpora
from engine.pilot.text.corpus import Corpus

_POLL = 0.5
"""Seconds between looks at whether to stop."""


Runs = Sequence[TrainingSettings]


class Judge(Protocol):
    """Says which results are not wanted any more."""

    reason: str
    """Why, for the notes."""

    def __call__(self, under_way: Runs, waiting: Runs) -> frozenset[int]:
        """Places in ``under_way`` and then ``waiting``."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """What one call of :func:`run_sweep` did. ``left`` counts the runs it did not get to."""

    trained: int
    failed: dict[str, str]
    busy: int
    """At work in another sweep."""
    died: tuple[str, ...]
    """Workers that ended without a word, each with its exit code and the run it was at."""
    left: int
    stopped: bool
    seconds: float
    needless: dict[str, float] = field(default_factory=dict)
    """Run id -> seconds that were spent on it, of those that could not change the decision any
    more: stopped where they stood, or not begun."""


def run_sweep(
    survey: Survey,
    source: CorpusSource,
    corpus: Corpus,
    place: Place,
    *,
    processes: int,
    say: Callable[[str], None],
    train: Trainer = train_run,
    load: Callable[[CorpusSource], Corpus] = corpora.load,
    judge: Judge | None = None,
) -> Report:
    """Train what is left, ``processes`` runs side by side. Raises what a worker was refused.

    ``judge`` is asked after each run that ends, and what it calls needless is stopped at a
    checkpoint or not begun; None: every run is wanted.
    """
    started = time.monotonic()
    sweep = _Sweep(survey=survey, family=corpus.family, processes=processes, say=say, judge=judge)
    context = multiprocessing.get_context("spawn")  # a fork of a threaded process may hang
    workers = []
    with _signals(sweep):
        for _ in range(min(processes, len(survey.left))):
            ours, theirs = context.Pipe()
            process = context.Process(
                target=_worker,
                args=(theirs, survey.left, source, corpus.fingerprint, place, train, load),
            )
            _start(process)
            theirs.close()
            workers.append(_Worker(process=process, connection=ours))
        try:
            sweep.follow(workers)
        finally:
            sweep.judging.shutdown(wait=True, cancel_futures=True)
            for worker in workers:
                if worker.process.is_alive():
                    worker.process.kill()
                worker.process.join()
                worker.connection.close()
    if sweep.refusal is not None:
        raise sweep.refusal
    return Report(
        trained=sweep.trained,
        failed=sweep.failed,
        busy=len(sweep.elsewhere & sweep.open.keys() - sweep.started),
        died=tuple(sweep.died),
        left=len(sweep.open),
        stopped=sweep.requests > 0,
        needless=sweep.needless,
        seconds=time.monotonic() - started,
    )


@dataclass(kw_only=True)
class _Worker:
    process: Any
    connection: Connection
    at: str = ""
    asked: bool = False


class _Sweep:
    """The books of a sweep under way."""

    def __init__(
        self,
        *,
        survey: Survey,
        family: str,
        processes: int,
        say: Callable[[str], None],
        judge: Judge | None,
    ) -> None:
        self.open = {run_id(run, family=family): run for run in survey.left}
        self.total = len(survey.runs)
        self.pace = survey.pace
        self.processes = processes
        self.say = say
        self.requests = 0
        self.trained = 0
        self.failed: dict[str, str] = {}
        self.elsewhere: set[str] = set()
        self.started: set[str] = set()
        self.died: list[str] = []
        self.refusal: InputError | None = None
        self.needless: dict[str, float] = {}
        self.judge = judge
        self.judging = ThreadPoolExecutor(1)
        self.judged: Future[frozenset[str]] | None = None
        self.judging_takes = 0.0
        self.is_judgement_due = False

    def follow(self, workers: list[_Worker]) -> None:
        """Read events until every worker has ended."""
        alive = list(workers)
        while alive:
            for worker in alive:
                if (self.requests or self.refusal) and not worker.asked:
                    worker.asked = True
                    with contextlib.suppress(OSError):  # it has just ended
                        worker.connection.send("stop")
                if self.requests > 1:
                    worker.process.kill()
            self._rejudge(alive)
            ready = wait([worker.connection for worker in alive], timeout=_POLL)
            for worker in [worker for worker in alive if worker.connection in ready]:
                try:
                    event = worker.connection.recv()
                except (EOFError, OSError):
                    alive.remove(worker)
                    self._bury(worker)
                else:
                    self._take(worker, event)

    def _rejudge(self, workers: list[_Worker]) -> None:
        """Tell the workers what the last judgement calls needless; begin the next where one is due.
        It runs beside this thread, which goes on listening."""
        if self.judge is None or self.requests:
            return
        if self.judged is not None and self.judged.done():
            judged, self.judged = self.judged, None
            failed = judged.exception()
            if failed is not None:  # whatever it was, no training ends by it
                self.judge = None
                why = failed if isinstance(failed, InputError) else type(failed).__name__
                self.say(f"What is left is not judged any more, and all of it is trained: {why}")
                return
            found = judged.result()
            for worker in workers:  # none too: what another judgement called needless may not be
                with contextlib.suppress(OSError):  # it has just ended
                    worker.connection.send(dict.fromkeys(found, self.judge.reason))
        if self.is_judgement_due and self.judged is None and self.open:
            self.is_judgement_due = False
            left = self.pace.seconds(self.open.values(), processes=self.processes)
            if left is not None and left < self.judging_takes:
                return  # it would be over before it is judged
            at = {worker.at for worker in workers}
            names = sorted(self.open, key=lambda name: name not in at)
            under_way = sum(name in at for name in names)
            runs = [self.open[name] for name in names]
            self.judged = self.judging.submit(self._judgement, self.judge, names, runs, under_way)

    def _judgement(
        self, judge: Judge, names: list[str], runs: Runs, under_way: int
    ) -> frozenset[str]:
        began = time.monotonic()
        found = judge(runs[:under_way], runs[under_way:])
        self.judging_takes = time.monotonic() - began
        return frozenset(names[place] for place in found)

    def _take(self, worker: _Worker, event: Event | InputError) -> None:
        if isinstance(event, InputError):
            self.refusal = self.refusal or event
            return
        worker.at = event.run_id if event.what is What.STARTED else ""
        if event.what is What.STARTED:
            self.started.add(event.run_id)
        elif event.what is What.BUSY:
            self.elsewhere.add(event.run_id)
        elif event.what in (What.FINISHED, What.FAILED, What.KNOWN, What.NEEDLESS):
            run = self.open.pop(event.run_id, None)
            if run is None:
                return
            if event.what is What.FINISHED:
                self.trained += 1
                self.is_judgement_due = True
                self.pace.add(run.config.model_size, run.config.compute_flops, event.seconds)
            elif event.what is What.FAILED:
                self.failed[event.run_id] = event.reason
            elif event.what is What.NEEDLESS:
                self.needless[event.run_id] = event.seconds
            if event.what is not What.KNOWN:
                self.say(self._line(run, event))

    def _bury(self, worker: _Worker) -> None:
        worker.process.join()
        if worker.process.exitcode != 0 and self.requests < 2:
            where = f" at run {worker.at}" if worker.at else ""
            self.died.append(f"exit code {worker.process.exitcode}{where}")
            self.say(f"a worker ended with {self.died[-1]}; run the sweep again to go on with it")

    def _line(self, run: TrainingSettings, event: Event) -> str:
        result = event.reason
        if event.what is What.NEEDLESS:
            result += f" after {event.seconds:.0f} s" if event.seconds else ", not begun"
        if event.cross_entropy is not None:
            result = f"loss {event.cross_entropy:.4f}  {event.seconds:.0f} s"
        left = self.pace.seconds(self.open.values(), processes=self.processes)
        when = "" if left is None or not self.open else f"  about {left / 60:.0f} min left"
        return f"{self.total - len(self.open)}/{self.total}  {described(run)}  {result}{when}"


@contextmanager
def _signals(sweep: _Sweep) -> Iterator[None]:
    """Count requests to stop instead of dying of them; only a main thread gets signals."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    terminated = False

    def count(number: int, _: object) -> None:
        nonlocal terminated
        # Slurm tells every process of a job to end, and the job tells its part again.
        if number == signal.SIGTERM and terminated:
            return
        terminated = terminated or number == signal.SIGTERM
        sweep.requests += 1

    kinds = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(kind, count) for kind in kinds]
    try:
        yield
    finally:
        for kind, handler in zip(kinds, before, strict=True):
            signal.signal(kind, handler)


def _start(process: Any) -> None:
    """Start a process that Ctrl-C, which reaches the whole group, never interrupts: the parent
    passes it on, so that no step is cut in two, nor the imports before the first."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # inherited
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _worker(
    connection: Connection,
    runs: Sequence[TrainingSettings],
    source: CorpusSource,
    fingerprint: str,
    place: Place,
    train: Trainer,
    load: Callable[[CorpusSource], Corpus],
) -> None:
    told = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: told.set())
    needless: dict[str, str] = {}

    def should_stop() -> bool:
        """What is said is either which runs are needless, or to stop; a parent that is gone says
        nothing more."""
        while not told.is_set() and connection.poll():
            try:
                said = connection.recv()
            except (EOFError, OSError):
                said = "stop"
            if isinstance(said, dict):
                needless.clear()
                needless.update(said)
            else:
                told.set()
        return told.is_set()

    def why_needless(name: str) -> str:
        return "" if told.is_set() else needless.get(name, "")

    try:
        corpus = load(source)
        if corpus.fingerprint != fingerprint:
            raise InputError("Expected the text to stay as it is during a sweep, but it changed.")
        events = work(
            runs, corpus, place, train=train, should_stop=should_stop, needless=why_needless
        )
        for event in events:
            connection.send(event)
    except InputError as error:
        connection.send(error)
    except ConnectionError:  # nobody listens any more; all that is done is stored
        return
