"""Runs a plan to its end, in a process of its own, and can be killed at any moment.

Every step of the work leaves a durable mark before the next begins, so that running the same folder
again does exactly what is missing: a training goes on from its checkpoint with its own privacy
ledger; a training that has ended is audited, its weights kept if asked, and then it has a result; a
result has its record in the run log, which is written again where it is missing (the same record,
the same id). Only then is its checkpoint let go.

A pilot that Kessai was updated under goes on: what was spent is spent, and settings, ledger and
checkpoint say all that a training needs. The status says which code trains, and a result names
every version that had a part in it beside the one that planned it.

The trainer, the reader of corpora and the clock's thread are passed in; this module loads no torch
and knows no gradient. It prints nothing of the corpus's text.

Not covered: what happens to the model afterwards (see the model card).
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from engine import durable
from engine.code_version import code_version
from engine.errors import InputError
from engine.pilot.audits.audit import Audit
from engine.pilot.dpsgd.progress import Progress, Stop, TrainingOutcome
from engine.pilot.plan import Arm, CorpusSource, PilotPlan
from engine.pilot.running.folder import Lock, PilotFolder, Request, Stopped
from engine.pilot.running.ranks import Ranks
from engine.pilot.running.recording import record_of, settings_of
from engine.pilot.running.reporter import INTERVAL, Reporter
from engine.pilot.running.spending import Spending, proved
from engine.pilot.running.status import State, Status, TrainingResult, read_status, reason_of
from engine.pilot.running.versions import EARLIER, versions
from engine.pilot.running.watch import Watch, finite, finite_points
from engine.runs.log import RunLog


class Text(Protocol):
    """What the runner itself asks of a corpus."""

    @property
    def fingerprint(self) -> str: ...


class Trainer(Protocol):
    """Trains in ``folder``, going on from what lies there; durable by itself."""

    def __call__(
        self,
        plan: PilotPlan,
        arm: Arm,
        repeat: int,
        corpus: Any,
        *,
        folder: Path,
        report: Callable[[Progress], None],
        asked: Callable[[], Stop | None],
    ) -> TrainingOutcome: ...


class Keeper(Protocol):
    """Audits the training that ended in ``folder``, and keeps its weights there if
    the plan says so.

    It may be killed and is then called again.
    """

    def __call__(
        self, plan: PilotPlan, arm: Arm, result: TrainingResult, corpus: Any, *, folder: Path
    ) -> tuple[Audit, ...]: ...


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """What a run needs from outside: a trainer on a device, and where text and records are."""

    train: Trainer
    load: Callable[[CorpusSource, Callable[[float], None]], Text]
    device: str
    hardware: str
    log: Callable[[], RunLog] = RunLog.open
    keep: Keeper | None = None
    discard: Callable[[Path], None] = lambda folder: None
    """Removes what a training needed to go on, once its result and its record are durable."""
    interval: float = INTERVAL
    ranks: Ranks = field(default_factory=Ranks)
    """Processes that train together; this one leads."""
    admit: Callable[[PilotPlan], None] = lambda plan: None
    """Raises :class:`InputError` for a plan that its population's account does not hold."""


def run_plan(folder: PilotFolder, lock: Lock, workshop: Workshop) -> Status:
    """Do what is missing of the plan in ``folder`` and return the last status.

    What goes wrong in a way that has a sentence ends as State.FAILED; any other exception is
    written down as such and raised.
    """
    before = read_status(folder.status_file)
    now = time.time()
    first = Status(
        state=State.PREPARING,
        started=now,
        process=os.getpid(),
        ranks=workshop.ranks.total,
        nodes=workshop.ranks.nodes,
        code_version=code_version(),
        # What an interrupted run had reached is shown until this one knows better.
        progress=before.progress if before else 0.0,
    )
    with Reporter(folder.status_file, first, interval=workshop.interval) as reporter:
        try:
            folder.sign_lock(lock, os.getpid())
            plan = folder.plan()
            reporter.update(trainings=plan.trainings)
            workshop.admit(plan)
            _Run(folder, plan, workshop, reporter).all()
            ended = State.FINISHED
        except Stopped:
            ended = _AFTER[folder.asked() or Request.PAUSE]
        except InputError as error:
            reporter.update(**reason_of(error))
            ended = State.FAILED
        except OSError as error:
            reporter.update(**reason_of(_unwritten(folder, error)))
            ended = State.FAILED
        except BaseException as error:
            reporter.update(state=State.FAILED, seconds_left=None, **_crash(folder, error))
            raise
        reporter.update(state=ended, seconds_left=None)
    return reporter.status


_AFTER = {Request.CANCEL: State.CANCELLED, Request.PAUSE: State.PAUSED}
_STOPS = {Request.CANCEL: Stop.CANCELLED, Request.PAUSE: Stop.PAUSED}


class _Run:
    """One process's work on one plan."""

    def __init__(
        self, folder: PilotFolder, plan: PilotPlan, workshop: Workshop, reporter: Reporter
    ) -> None:
        self.folder, self.plan, self.workshop, self.reporter = folder, plan, workshop, reporter
        self.order = [(arm, repeat) for repeat in range(plan.repeats) for arm in plan.arms]
        compute = [arm.settings.config.compute_flops for arm, _ in self.order]
        self.weights = [flops / sum(compute) for flops in compute]
        self.done: set[int] = set()

    @property
    def progress(self) -> float:
        return sum(self.weights[k] for k in self.done)

    def all(self) -> None:
        log = self.workshop.log()
        try:
            missing = [k for k in range(len(self.order)) if not self._ended(k, log)]
            if missing:
                self._check_device()
                corpus = self._corpus()
                spending = {arm.name: proved(self.plan, arm) for arm in self.plan.arms}
                for k in missing:
                    self._one(k, corpus, spending[self.order[k][0].name])
                    self._ended(k, log)
        finally:
            log.close()
        self.reporter.update(progress=1.0)

    def _ended(self, k: int, log: RunLog) -> bool:
        """Whether training ``k`` has a result; its record is then in the log."""
        arm, repeat = self.order[k]
        result = TrainingResult.from_json(self.folder.result(arm.name, repeat))
        if result is None:
            return False
        if result.run_id is not None:
            log.append([record_of(self.plan, arm, result)])
        self.workshop.discard(self.folder.training_folder(arm.name, repeat))
        self.done.add(k)
        self.reporter.update(trainings_done=len(self.done), progress=self.progress)
        return True

    def _check_device(self) -> None:
        if self.plan.device != self.workshop.device:
            raise InputError(
                "Expected the device {expected} that the plan was made for, found {found}: make "
                "the plan anew on this machine.",
                expected=self.plan.device,
                found=self.workshop.device,
            )

    def _corpus(self) -> Text:
        self.folder.stop_if_asked()
        corpus = self.workshop.load(self.plan.corpus, lambda _: self.folder.stop_if_asked())
        if corpus.fingerprint != self.plan.corpus_fingerprint:
            raise InputError(
                "Expected the text that the plan was made for ({expected}), found it changed "
                "({found}): prepare it again and make a new plan.",
                expected=self.plan.corpus_fingerprint[:12],
                found=corpus.fingerprint[:12],
            )
        return corpus

    def _asked(self) -> Stop | None:
        request = self.folder.asked()
        return None if request is None else _STOPS[request]

    def _one(self, k: int, corpus: Text, spending: Spending | None) -> None:
        self.folder.stop_if_asked()
        arm, repeat = self.order[k]
        settings = settings_of(arm, repeat)
        place = self.folder.training_folder(arm.name, repeat)
        durable.make_folder(place)
        *earlier, _ = self.folder.trained_by(arm.name, repeat, code_version())
        self.reporter.update(
            state=State.TRAINING,
            arm=arm.name,
            repeat=repeat,
            iteration=0,
            curve=(),
            charged=0,
            iterations=settings.config.iterations,
            epsilon_spent=None,
            train_loss=None,
            tokens_per_second=None,
            compiled=None,
        )
        watch = Watch(
            reporter=self.reporter,
            spending=spending,
            tokens=settings.config.tokens,
            expected_seconds=self.plan.expected_seconds,
            done=self.progress,
            share=self.weights[k],
            later=sum(self.weights[k + 1 :]),
        )
        outcome = self.workshop.train(
            self.plan, arm, repeat, corpus, folder=place, report=watch, asked=self._asked
        )
        # The trainer's last word may be some steps behind what was charged.
        self.reporter.update(
            iteration=outcome.iterations_done,
            charged=outcome.charged,
            epsilon_spent=None if spending is None else spending.epsilon(outcome.charged),
        )
        if outcome.stop in _STOPS.values():
            raise Stopped
        if outcome.reason is not None:
            raise outcome.reason
        if outcome.iterations_done < 1:
            raise InputError(
                "Expected a model after {charged} steps that were paid for, got none: all of them "
                "were lost. Make a new plan.",
                charged=outcome.charged,
            )
        result = self._result(arm, repeat, outcome, earlier)
        if self.workshop.keep is not None:
            audits = self.workshop.keep(self.plan, arm, result, corpus, folder=place)
            result = replace(result, audits=audits)
        self.folder.store_result(arm.name, repeat, result.to_json())

    def _result(
        self, arm: Arm, repeat: int, outcome: TrainingOutcome, earlier: list[str]
    ) -> TrainingResult:
        trained = {EARLIER: " ".join(earlier)} if earlier else {}
        if outcome.compiled is not None and outcome.compiled.is_used:
            trained["compiled"] = outcome.compiled.sentence

        def result(run_id: str | None, **reason: Any) -> TrainingResult:
            return TrainingResult(
                arm=arm.name,
                repeat=repeat,
                cross_entropy=outcome.cross_entropy,
                train_loss=finite(outcome.train_cross_entropy),
                curve=finite_points(outcome.curve),
                iterations=outcome.iterations_done,
                charged=outcome.charged,
                seconds=outcome.seconds,
                physical_batch_size=outcome.physical_batch_size,
                hardware=self.workshop.hardware,
                versions={**versions(), **trained},
                created_at=datetime.now(UTC).isoformat(),
                run_id=run_id,
                **reason,
            )

        try:
            return result(record_of(self.plan, arm, result(None)).run_id)
        except InputError as error:  # a loss worse than an untrained model's is a result too
            return result(None, **reason_of(error))


def _unwritten(folder: PilotFolder, error: OSError) -> InputError:
    return InputError(
        "Expected to read and write {folder}: {reason}. Nothing is lost and nothing was spent "
        "beyond the ledger: make room, then resume.",
        folder=folder.path,
        reason=error.strerror or type(error).__name__,
    )


def _crash(folder: PilotFolder, error: BaseException) -> dict[str, Any]:
    return reason_of(
        InputError(
            "Expected the training to run, met an error of the program ({kind}): see {log}, then "
            "resume to go on from the last checkpoint.",
            kind=type(error).__name__,
            log=folder.log_file,
        )
    )
