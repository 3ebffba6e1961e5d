"""Acts that acknowledge what they did, and what must be there afterwards, whoever was killed.

An act is called again and again in one folder; what it returns is its acknowledgement, which its
process has handed on before it does anything else. A check is made by a process of its own, which
knows the folder and the acknowledgements and nothing else.
"""

import argparse
import contextlib
import io
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from engine import decision_log
from engine.allocation.reach import coverage_of
from engine.allocation.space import space_of
from engine.approvals import Ruling
from engine.commands import runs_export
from engine.decision import law_store
from engine.decision.fitted import PUBLISHED_BERT, run_log, selection_of
from engine.law.stack import fit_stack
from engine.pilot.dpsgd.ledger import LEDGER_FILE, most_charged
from engine.pilot.running.folder import PilotFolder
from engine.pilot.running.runner import run_plan
from engine.pilot.running.status import State, read_status
from engine.pilot.sweeps.record import Place
from engine.pilot.sweeps.worker import work
from engine.runs.annotating import annotate
from engine.runs.annotations import state as said
from engine.runs.imports.importing import Asked, import_file, store
from engine.runs.log import RunLog, data_folder
from engine.scenarios import acts, saved
from engine.scenarios.fields import defaults
from tests.pilot import fake_pilots, fake_sweep_trainer
from tests.pilot.ledgers import charged_steps
from tests.runs.made_runs import record
from tests.scenarios.made import AT, made_frozen

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


@dataclass(frozen=True)
class Kind:
    """One kind of act: what it starts from, the act, and the check."""

    prepare: Callable[[Path], None]
    act: Callable[[Path, int], object]
    check: Callable[[Path, list[Any]], None]
    times: int = 4


def entry(folder: Path, number: int) -> object:
    return decision_log.append("tried", {"number": number}, folder=data_folder()).hash


def has_entries(folder: Path, done: list[Any]) -> None:
    assert set(done) <= {one.hash for one in decision_log.entries(data_folder())}


def imported(folder: Path, number: int) -> object:
    path = folder / f"table-{number}.csv"
    path.write_text(
        "run,model_size,batch_size,iterations,sequence_length,data_budget,epsilon,delta,loss\n"
        f"a,10000000,4096,200{number},128,1000000,inf,,4.2\n"
    )
    with RunLog.open() as log:
        asked = Asked(family=f"tried-{number}")
        return store(log, import_file(path, log, asked, created_at=NOW))


def has_runs(folder: Path, done: list[Any]) -> None:
    wanted = [one for each in done for one in each]
    with RunLog.open() as log:
        ids = [one.run_id for one in log.records() if one.family.startswith(("tried", "toy"))]
        assert log.skipped == []
    assert len(ids) == len(set(ids))
    assert set(wanted) <= set(ids)


def some_runs(folder: Path) -> None:
    with RunLog.open() as log:
        for seed in range(6):
            log.append([record(seed)])


def compacted(folder: Path, number: int) -> object:
    """Merges, with one run more each time, so that there is something to merge."""
    with RunLog.open() as log:
        found = log.append([record(100 + number)])
        log.compact()
    return found


def has_all_runs(folder: Path, done: list[Any]) -> None:
    has_runs(folder, done)
    with RunLog.open() as log:
        assert set(range(6)) <= {one.seed for one in log.records("toy")}


def annotated(folder: Path, number: int) -> object:
    with RunLog.open() as log:
        (first, *_) = (one.run_id for one in log.records("toy"))
        annotate(log, [first], at=NOW, add=[f"tag-{number}"])
    return f"tag-{number}"


def has_tags(folder: Path, done: list[Any]) -> None:
    found = {tag.text for one in said(data_folder()).of.values() for tag in one.tags}
    assert set(done) <= found


def kept(folder: Path, number: int) -> object:
    """Saves, changes, proposes and approves; the acknowledgement: name, version, whether locked."""
    place = saved.folder(data_folder())
    values = defaults()
    name = f"Case {number // 4}"
    if number % 4 == 0:
        one = acts.created(place, name, values, who="", at=AT, frozen=made_frozen())
    else:
        one = saved.read(saved.path_of(place, name))
        if number % 4 == 1:
            one = acts.updated(place, one, {**values, "epsilon": 2.0}, who="", at=AT)
        elif number % 4 == 2:
            one = acts.proposed(place, one, made_frozen(), who="", at=AT)
        else:
            acts.decided(place, one, Ruling.APPROVED)
    return [one.name, one.version, acts.standing(one).state]


def has_scenarios(folder: Path, done: list[Any]) -> None:
    """The last word on each is what stands, or one that came after it and was not heard."""
    place = saved.folder(data_folder())
    found, refused = saved.listed(place)
    assert not refused
    last = {one[0]: one for one in done}
    there = {one.name: one for one in found}
    order = ["draft", "proposed", "approved"]
    for name, version, state in last.values():
        standing = acts.standing(there[name]).state
        assert there[name].version == version or order.index(standing) <= 1
        if there[name].version == version:
            assert order.index(standing) >= order.index(state)


def refitted(folder: Path, number: int) -> object:
    made = LAWS[number % len(LAWS)]
    law_store.keep(made, data_folder())
    law_store.set_current(made.evidence_id, made, data_folder())
    return made.version


def has_laws(folder: Path, done: list[Any]) -> None:
    assert set(done) <= {one.version for one in law_store.versions(data_folder())}
    assert law_store.unreadable(data_folder()) == ()
    assert law_store.current_name(LAWS[0].evidence_id, data_folder()) == done[-1]


LAWS: list[law_store.LawVersion] = []
"""Two laws of one evidence; filled by whoever makes children, once."""


def make_laws() -> None:
    """Fit them: of all published runs, and of three fewer, by one form."""
    selection = selection_of(PUBLISHED_BERT)
    where = selection.evidence.frame
    space, coverage = space_of(where), coverage_of(where)
    for frame in (selection.evidence.frame, selection.evidence.frame.iloc[:-3]):
        fit = fit_stack(frame.reset_index(drop=True), forms=("signal_onset",), resamples=3)
        LAWS.append(law_store.version_of(selection.evidence, fit, space, coverage))


def exported(folder: Path, number: int) -> object:
    target = folder / "export.parquet"
    options = argparse.Namespace(file=target, mlflow=None, bom=False, family=None, json=True)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        runs_export.run(options)
    return target.name


def has_export(folder: Path, done: list[Any]) -> None:
    target = folder / "export.parquet"
    if done or target.exists():
        assert pq.read_table(target).num_rows == len(run_log().records())


def a_pilot(folder: Path) -> None:
    (folder / "text.jsonl").write_text('{"text": "a"}\n')
    plan = fake_pilots.made_plan(folder / "text.jsonl")
    PilotFolder(path=folder / "pilots" / plan.plan_id).store_plan(plan)


def the_pilot(folder: Path) -> PilotFolder:
    """The one that is there."""
    (path,) = (folder / "pilots").iterdir()
    return PilotFolder(path=path)


def trained(folder: Path, number: int) -> object:
    place = the_pilot(folder)
    fake_pilots.believe(place.plan())
    lock = place.take_lock()
    assert lock is not None
    run_plan(place, lock, fake_pilots.workshop())
    return "done"


def has_pilot(folder: Path, done: list[Any]) -> None:
    """No step was taken that is not charged, every ledger follows from itself, and a run that is
    started again comes to its end."""
    place = the_pilot(folder)

    def sound() -> int:
        ledgers = list(place.path.glob(f"*/{LEDGER_FILE}"))
        for path in ledgers:
            taken = path.with_name("taken")
            steps = taken.stat().st_size if taken.exists() else 0
            assert most_charged(path) >= charged_steps(path)
            assert charged_steps(path) >= steps
        return len(ledgers)

    sound()
    status = read_status(place.status_file)
    if done:
        assert status is not None and status.state is State.FINISHED
    trained(folder, 0)
    assert sound() == len(place.plan().arms)
    ended = read_status(place.status_file)
    assert ended is not None and ended.state in (State.FINISHED, State.FAILED), ended


def swept(folder: Path, number: int) -> object:
    os.environ[fake_sweep_trainer.TRACE] = str(folder / "trace")
    place = Place(log_folder=data_folder(), folder=folder / "sweeps")
    runs = fake_sweep_trainer.plan([number])
    events = work(
        runs, fake_sweep_trainer.CORPUS, place, train=fake_sweep_trainer.train,
        should_stop=lambda: False,
    )  # fmt: skip
    return [one.run_id for one in events if one.what.value in ("finished", "known")]


def has_sweep(folder: Path, done: list[Any]) -> None:
    wanted = {one for each in done for one in each}
    with RunLog.open() as log:
        ids = [one.run_id for one in log.records() if one.family == "gpt-bytes-test"]
        assert log.skipped == []
    assert len(ids) == len(set(ids)) and wanted <= set(ids)


def nothing(folder: Path) -> None:
    return None


KINDS = {
    "log": Kind(nothing, entry, has_entries),
    "import": Kind(nothing, imported, has_runs),
    "compact": Kind(some_runs, compacted, has_all_runs),
    "tag": Kind(some_runs, annotated, has_tags),
    "save": Kind(nothing, kept, has_scenarios, times=8),
    "refit": Kind(nothing, refitted, has_laws),
    "export": Kind(some_runs, exported, has_export, times=2),
    "pilot": Kind(a_pilot, trained, has_pilot, times=1),
    "sweep": Kind(nothing, swept, has_sweep),
}


def whole_log() -> None:
    """The log of decisions follows from itself, whoever died writing it."""
    found = decision_log.verify(data_folder())
    assert found.sound, found.wrong
