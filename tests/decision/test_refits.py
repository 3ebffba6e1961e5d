"""A fit beside the server: how far it is, its end when somebody stops it, which changes nothing.

Of the evidence that ships the one that is fitted fastest is used, by real processes.
"""

import errno
import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from engine.__main__ import main
from engine.access.rights import Person, Role
from engine.decision import (
    influence,
    law_store,
    law_versions,
    next_run,
    refit_process,
    refits,
)
from engine.decision.fitted import MEASURED_GPT, run_log, selection_of, standing_selection
from engine.decision.law_store import LawVersion
from engine.decision.question import question
from engine.decision_log import entries
from engine.errors import InputError
from engine.law.foresight import narrowing
from engine.law.version import fit_version
from engine.runs.imports.selection import Choice
from engine.untrusted import confinement
from engine.untrusted.texts import json_value

SECONDS = 120
ANNA = Person(who="anna@example.com", login="issuer anna", roles=frozenset({Role.ANALYST}))
VIEWER = Person(who="v@example.com", login="issuer v", roles=frozenset({Role.VIEWER}))


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("KESSAI_LOG", str(tmp_path / "log"))
    monkeypatch.setenv("KESSAI_CACHE", str(tmp_path / "cache"))
    return run_log().folder


@pytest.fixture(scope="module")
def choice():
    """All runs of the evidence but two."""
    runs = selection_of(MEASURED_GPT).evidence.run_ids
    return Choice(without=tuple(sorted(runs)[:2]))


def _rests_on_its_own_runs(kept, monkeypatch):
    """What is asked of law and runs together is asked of the current version and its own runs."""
    asked = question(1e15, 200_000, 8.0, evidence_id=MEASURED_GPT)
    given = []
    with monkeypatch.context() as patch:

        def narrowed(*its):
            given.append(its)
            return narrowing(*its)

        patch.setattr(next_run, "narrowing", narrowed)
        next_run.next_runs(asked)

        def without(*its):
            given.append(its)
            return []

        patch.setattr(influence, "without_each", without)
        assert not influence.influence(asked, seconds=0.0).is_refit
    for fit, frame, *_ in given:
        assert fit_version(fit) == kept.version
        assert set(frame["run_id"]) <= set(kept.run_ids)
    others = kept.run_ids[1:]
    with monkeypatch.context() as patch:  # one came since that nobody chose
        patch.setattr(law_store, "current", lambda *_: replace(kept, run_ids=others))
        assert set(standing_selection(MEASURED_GPT).evidence.run_ids) == set(others)
    with monkeypatch.context() as patch:  # one was deleted since
        patch.setattr(type(run_log()), "run_ids", lambda _: set(others))
        for ask in (next_run.next_runs, influence.influence):
            with pytest.raises(InputError, match="got 1 of them deleted"):
                ask(asked)


def test_the_law_of_chosen_runs_is_kept_with_what_was_chosen(choice, folder, capsys, monkeypatch):
    one = refits.begun(MEASURED_GPT, choice, note="less two", by=ANNA)
    assert refits.begun(MEASURED_GPT, choice, note="less two", by=ANNA) is one
    assert one.wait(SECONDS) and one.refusal is None and one.share == 1.0
    (kept,) = law_versions.kept(MEASURED_GPT)
    assert (kept.choice, kept.note) == (choice, "less two") and kept == one.law
    whole = selection_of(MEASURED_GPT).evidence
    assert set(whole.run_ids) - set(kept.run_ids) == set(choice.without)
    assert law_versions.named(kept.version) == kept
    acts = [(entry.act, entry.who) for entry in entries(folder)]
    assert ("law-keep", ANNA.who) in acts
    law_versions.use(MEASURED_GPT, kept)
    assert standing_selection(MEASURED_GPT).evidence.sha256 == kept.evidence_hash
    _rests_on_its_own_runs(kept, monkeypatch)
    said = ["law", "keep", "--evidence", MEASURED_GPT, "--without", *choice.without, "--json"]
    assert main(said) == 0  # from the fit that is on disk
    found = json_value(capsys.readouterr().out)
    assert found["version"] == kept.version and found["without"] == list(choice.without)
    few = [*said[:5], *sorted(whole.run_ids)[1:]]
    assert main(few) != 0
    assert "at least 8 points" in capsys.readouterr().err


def test_a_fit_that_is_stopped_leaves_everything_as_it_was(choice, folder, tmp_path):
    one = refits.begun(MEASURED_GPT, choice, by=ANNA)
    with pytest.raises(InputError, match="right"):
        one.cancel(by=VIEWER)
    while one._process is None:
        assert not one.wait(0.01)
    one.cancel(by=ANNA)
    assert one.wait(10) and one.was_cancelled
    assert one.law is None and one.refusal is None
    assert one._process.returncode == -signal.SIGKILL
    assert law_versions.kept() == () and not list((tmp_path / "cache").glob("*.json"))
    assert refits.begun(MEASURED_GPT, choice, by=ANNA) is not one
    again = refits.asked(MEASURED_GPT, choice)
    assert again is not None
    again.cancel(by=ANNA)


def test_a_fit_that_waits_for_others_is_stopped_at_once(choice, monkeypatch):
    monkeypatch.setattr(refits, "_slots", threading.BoundedSemaphore(1))
    with refits._slots:
        one = refits.begun(MEASURED_GPT, choice, note="waits", by=ANNA)
        assert not one.wait(0.05) and one.waits_for_others
        one.cancel(by=ANNA)
        assert one.has_ended and one.was_cancelled and not one.waits_for_others
    assert one.law is None and one._process is None


def test_a_fit_that_is_stopped_before_it_is_kept_is_not_kept(choice, monkeypatch):
    law = law_versions.now(MEASURED_GPT)
    one = refits.Refit(MEASURED_GPT, choice, "", ANNA)

    def found() -> LawVersion:
        one.cancel(by=ANNA)
        return law

    monkeypatch.setattr(one, "fitted", found)
    one.work()
    assert one.was_cancelled and not any(kept.choice for kept in law_versions.kept())


def test_a_machine_without_room_for_a_process_is_a_refusal(monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(subprocess, "Popen", full)
    one = refits.Refit(MEASURED_GPT, Choice(), "", ANNA)
    one.work()
    assert not one.was_cancelled and "Resource temporarily unavailable" in str(one.refusal)


def test_a_fit_that_ends_without_a_word_is_a_refusal(monkeypatch):
    monkeypatch.setattr(refits.Refit, "fitted", lambda _: None)
    one = refits.Refit(MEASURED_GPT, Choice(), "", ANNA)
    one.work()
    assert not one.was_cancelled and "got none" in str(one.refusal)


def test_runs_of_another_family_leave_a_fit_as_it_is(choice, monkeypatch, tmp_path):
    monkeypatch.setattr(refits.Refit, "begin", lambda _: None)
    one = run_log().records(MEASURED_GPT)[0]
    assert one.learning_rate is not None
    monkeypatch.setenv("KESSAI_DATA", str(tmp_path / "data"))
    run_log.cache_clear()
    fit = refits.begun(MEASURED_GPT, choice, note="apart", by=ANNA)
    assert run_log().append([replace(one, family="another")])
    assert refits.asked(MEASURED_GPT, choice, note="apart") is fit
    assert run_log().append([replace(one, learning_rate=2 * one.learning_rate)])
    assert refits.asked(MEASURED_GPT, choice, note="apart") is None


def test_a_viewer_begins_no_version():
    with pytest.raises(InputError, match="right"):
        refits.begun(MEASURED_GPT, Choice(without=("a",)), by=VIEWER)


def test_a_refusal_of_the_process_is_the_same_sentence():
    one = refits.Refit(MEASURED_GPT, Choice(without=("nothing like it",)), "", ANNA)
    one.work()
    assert one.law is None and not one.was_cancelled
    with pytest.raises(InputError) as refused:
        selection_of(MEASURED_GPT, without=["nothing like it"])
    assert one.refusal == refused.value


def test_a_process_that_dies_is_said(monkeypatch):
    monkeypatch.setattr(
        confinement, "command", lambda _: [sys.executable, "-c", "import os; os._exit(9)"]
    )
    one = refits.Refit(MEASURED_GPT, Choice(), "", ANNA)
    one.work()
    assert "ended with status 9" in str(one.refusal)


def test_a_fit_whose_server_is_gone_ends():
    """Its input ends then: here before it has read what to fit."""
    process = subprocess.Popen(
        [sys.executable, "-m", refit_process.__name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        env={**os.environ},
    )
    said, _ = process.communicate(
        b'{"evidence": "published-bert", "without": [], "also": []}\n', 60
    )
    assert process.returncode == 1 and b'"law"' not in said
