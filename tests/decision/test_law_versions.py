"""Versions of laws: kept once, read back whole or refused, compared, and made the current one."""

import errno
import json
import math
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from engine import durable
from engine.__main__ import main
from engine.access.rights import Person, Role
from engine.decision import fitted as fits
from engine.decision import law_store, law_versions
from engine.decision.answer import answer
from engine.decision.fitted import PUBLISHED_BERT, fitted_evidence, run_log, selection_of, state_of
from engine.decision.question import question
from engine.decision_log import entries
from engine.errors import InputError
from engine.law.stack import fit_stack
from engine.law.version import fit_version
from engine.untrusted import regular

ROOT = Path(__file__).parents[2]
ASKED = question(3.8e20, 10_000_000, 4.0)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("KESSAI_LOG", str(tmp_path))
    return run_log().folder


@pytest.fixture(scope="module")
def newest(fitted):
    return law_versions.now(PUBLISHED_BERT)


@pytest.fixture(scope="module")
def older(newest):
    """The law of three runs fewer and one more that is gone, by one form."""
    found = selection_of(PUBLISHED_BERT).evidence
    frame = found.frame.iloc[:-3].reset_index(drop=True)
    less = replace(
        found,
        frame=frame,
        runs=21,
        run_ids=(*frame["run_id"], "gone"),
        sha256="0" * 64,
    )
    fit = fit_stack(frame, forms=("signal_onset",), resamples=20)
    made = law_store.version_of(less, fit, newest.space, newest.coverage, note="October")
    return replace(made, kept_at="2026-10-01T00:00:00+00:00", code="before")


def path_of(version, tmp_path):
    return tmp_path / law_store.FOLDER / f"{version.version}.json"


def test_a_version_comes_back_as_it_was_kept(older, folder, tmp_path):
    assert law_versions.kept() == ()
    assert law_store.keep(older, folder) == older
    again = law_versions.named(older.version[:4])
    assert again == older and again.fit == older.fit
    assert older.version == fit_version(older.fit)
    point = 5e7, 1e4, 1e-6, 1e5
    assert again.fit.interval(*point)[0] == older.fit.interval(*point)[0]


def test_a_law_kept_before_its_drifts_were_told_apart_keeps_name_and_ranges(
    older, folder, tmp_path
):
    def one_drift(fit):
        return replace(fit, level_drift=fit.drift)

    members = tuple(map(one_drift, older.fit.members))
    fit = one_drift(replace(older.fit, members=members))
    before = replace(older, fit=fit, version=fit_version(fit))
    assert before.version != older.version
    law_store.keep(before, folder)
    assert "level_drift" not in path_of(before, tmp_path).read_text()
    assert law_versions.named(before.version) == before


def test_runs_that_say_nothing_of_people_are_covered_without_end(older, folder):
    endless = replace(older, coverage=replace(older.coverage, data_budget=math.inf))
    law_store.keep(endless, folder)
    assert law_versions.named(older.version) == endless


def test_the_same_law_is_one_version_and_a_note_can_be_put_on_it(newest, folder):
    first = law_versions.keep_now(PUBLISHED_BERT)
    assert first.version == newest.version and len(newest.run_ids) == newest.runs == 23
    noted = law_versions.keep_now(PUBLISHED_BERT, note="for the board")
    assert noted == replace(first, note="for the board")
    assert law_versions.keep_now(PUBLISHED_BERT) == noted
    assert law_versions.kept(PUBLISHED_BERT) == (noted,) and law_versions.kept("other") == ()
    with pytest.raises(InputError, match="one line"):
        law_versions.keep_now(PUBLISHED_BERT, note="a\nb")
    acts = [one.act for one in entries(folder)]
    assert acts == ["law-keep"] * 4 + ["law-keep-failed"]


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[:200],
        lambda text: text.replace("kessai-law-1", "kessai-law-9"),
        lambda text: text.replace('"scatter": 0.0', '"scatter": 0.1', 1),
        lambda text: "[]",
    ],
    ids=["torn", "later", "changed", "foreign"],
)
def test_a_version_that_was_changed_is_named_and_refused(change, older, folder, tmp_path):
    law_store.keep(older, folder)
    path = path_of(older, tmp_path)
    text = path.read_text()
    assert change(text) != text
    path.write_text(change(text))
    assert law_versions.kept() == ()
    assert law_store.unreadable(folder) == (older.version,)
    with pytest.raises(InputError, match="as it was written"):
        law_versions.named(older.version)
    with pytest.raises(InputError, match="name of a kept law"):
        law_versions.named("../etc")


def test_a_fit_of_all_runs_is_kept_by_itself_and_no_other(monkeypatch, tmp_path, folder, newest):
    monkeypatch.setattr(fits, "fit_stack", lambda *_, **__: newest.fit)
    selection = selection_of(PUBLISHED_BERT)
    fits.fit_selection(selection, cache=tmp_path / "a", form="limits")
    fits.fit_selection(selection, cache=tmp_path / "b", on_record=False)
    run = selection.evidence.frame["run_id"].iloc[0]
    fits.fit_selection(selection_of(PUBLISHED_BERT, without=[run]), cache=tmp_path / "c")
    assert law_versions.kept() == ()
    fits.fit_selection(selection, cache=tmp_path / "d")
    (one,) = law_versions.kept()
    assert replace(one, kept_at="") == replace(newest, kept_at="")


def test_what_changed_between_two(older, newest):
    found = law_versions.compare(older, newest, ASKED)
    last = selection_of(PUBLISHED_BERT).evidence.frame["run_id"].iloc[-3:]
    assert found.added == tuple(sorted(last)) and found.removed == ("gone",)
    assert found.weights["signal_onset"] == (1.0, newest.fit.forms["signal_onset"])
    assert found.weights["limits"] == (0.0, newest.fit.forms["limits"])
    first, second = found.stands
    assert first is not None and second is not None
    today = answer(ASKED, fitted_evidence(PUBLISHED_BERT))
    assert second.plan == today.decision.recommendation and second.verdict == today.verdict
    assert found.loss_change == pytest.approx(
        second.plan.cross_entropy.value / first.plan.cross_entropy.value - 1
    )
    assert found.turns == (first.verdict.code is not second.verdict.code)
    assert not found.same_runs
    same = law_versions.compare(newest, newest, ASKED)
    assert same.same_runs and not same.turns and same.loss_change == 0.0
    with pytest.raises(InputError, match="different evidence"):
        law_versions.compare(replace(older, evidence_id="team"), newest, ASKED)


def test_the_current_version_answers_until_the_runs_do_again(older, newest, folder, tmp_path):
    law_store.keep(older, folder)
    before = state_of(PUBLISHED_BERT)
    assert fitted_evidence(PUBLISHED_BERT).fit == newest.fit
    law_versions.use(PUBLISHED_BERT, older)
    held = fitted_evidence(PUBLISHED_BERT)
    assert held.fit == older.fit and held.summary.runs == 21
    assert held.summary.hash == older.evidence_hash
    assert state_of(PUBLISHED_BERT) != before and fits.is_ready(PUBLISHED_BERT)
    assert fits.newest_evidence(PUBLISHED_BERT).fit == newest.fit
    law_versions.use(PUBLISHED_BERT, None)
    assert fitted_evidence(PUBLISHED_BERT).fit == newest.fit
    assert state_of(PUBLISHED_BERT) == before
    acts = [json.loads(line) for line in (tmp_path / "decisions.jsonl").read_text().splitlines()]
    assert [one["what"]["version"] for one in acts if one["act"] == "law-current"] == [
        older.version,
        "newest",
    ]
    with pytest.raises(InputError, match="got one of"):
        law_versions.use("team", older)


def test_who_may_not_refit_keeps_and_chooses_no_version(older, folder):
    reader = Person(who="reader", roles=frozenset({Role.VIEWER}))
    with pytest.raises(InputError, match="right to refit"):
        law_versions.use(PUBLISHED_BERT, older, by=reader)
    with pytest.raises(InputError, match="right to refit"):
        law_versions.keep_now(PUBLISHED_BERT, by=reader)
    assert law_versions.kept() == () and law_versions.current(PUBLISHED_BERT) is None


def test_nobody_gets_another_law_than_the_chosen_one(older, folder, tmp_path):
    law_store.keep(older, folder)
    law_versions.use(PUBLISHED_BERT, older)
    path_of(older, tmp_path).unlink()
    with pytest.raises(InputError, match="name of a kept law"):
        fitted_evidence(PUBLISHED_BERT)
    (tmp_path / law_store.FOLDER / law_store.CURRENT).write_text("{")
    assert state_of(PUBLISHED_BERT) == "unreadable"
    with pytest.raises(InputError, match="damaged"):
        fitted_evidence(PUBLISHED_BERT)
    law_versions.use(PUBLISHED_BERT, None)
    assert fitted_evidence(PUBLISHED_BERT).summary.runs == 23


@pytest.mark.parametrize(
    ("damage", "stands"),
    [
        (lambda text: text[:-1], True),  # cut off
        (lambda text: text.replace("}", ', "bad": 3}'), True),
        (lambda text: text.replace("{", "{\0"), True),
        (lambda text: text[:-2], False),  # in the middle of its name
        (lambda text: "", False),
    ],
)
def test_a_damaged_file_of_choices_is_set_aside_and_what_stands_in_it_kept(
    older, folder, tmp_path, damage, stands, capsys
):
    others = replace(older, evidence_id="team \u8a18\u9332")
    path = tmp_path / law_store.FOLDER / law_store.CURRENT
    law_store.keep(others, folder)
    assert law_store.set_current(others.evidence_id, others, folder) is None
    # A version of no evidence, and one of another, are believed of nobody.
    text = path.read_text()
    damaged = damage(text.replace("{", f'{{"a": "{"0" * 12}", "b": "{older.version}", '))
    path.write_text(damaged)
    assert main(["law", "use", "--newest", "--evidence", PUBLISHED_BERT]) == 0
    (aside,) = path.parent.glob("current.damaged-*.json")
    assert aside.read_text() == damaged
    told = capsys.readouterr().err
    assert str(aside) in told and ("team" in told) is stands
    name = older.version if stands else None
    assert law_store.current_name(others.evidence_id, folder) == name
    assert json.loads(path.read_text()) == ({others.evidence_id: name} if stands else {})
    assert law_versions.use(PUBLISHED_BERT, None) is None


def test_choices_outlive_a_disk_that_is_full(older, folder, tmp_path, monkeypatch):
    path = tmp_path / law_store.FOLDER / law_store.CURRENT
    law_store.keep(older, folder)
    law_store.set_current(PUBLISHED_BERT, older, folder)
    damaged = path.read_bytes()[:-1]
    path.write_bytes(damaged)
    write = durable.write

    def full(at, *rest, **options):
        if at == path:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(at, *rest, **options)

    monkeypatch.setattr(durable, "write", full)
    with pytest.raises(InputError, match="No space left"):
        law_store.set_current("team", None, folder)
    assert path.read_bytes() == damaged and [*path.parent.glob("*.damaged-*")] == []
    with pytest.raises(InputError, match="damaged"):
        law_store.current_name(PUBLISHED_BERT, folder)
    monkeypatch.setattr(durable, "write", write)
    aside = law_store.set_current("team", None, folder)
    assert aside is not None and aside.kept == (PUBLISHED_BERT,)
    assert law_store.current_name(PUBLISHED_BERT, folder) == older.version


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO])
def test_choices_that_cannot_be_read_are_not_damaged(older, folder, tmp_path, monkeypatch, number):
    path = tmp_path / law_store.FOLDER / law_store.CURRENT
    law_store.keep(older, folder)
    law_store.set_current(PUBLISHED_BERT, older, folder)
    before, read = path.read_bytes(), regular.whole

    def refused(at, *rest, **options):
        if at == path:
            raise OSError(number, os.strerror(number))
        return read(at, *rest, **options)

    monkeypatch.setattr(regular, "whole", refused)
    with pytest.raises(InputError, match=os.strerror(number)):
        law_store.current_name(PUBLISHED_BERT, folder)
    with pytest.raises(InputError, match=os.strerror(number)):
        law_store.set_current("team", None, folder)
    monkeypatch.undo()
    assert path.read_bytes() == before and [*path.parent.glob("*.damaged-*")] == []


def test_the_command(older, newest, folder, capsys):
    law_store.keep(older, folder)

    def say(*arguments):
        assert main(["law", *arguments, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    kept = say("keep", "--note", "now")
    assert (kept["version"], kept["note"], kept["runs"]) == (newest.version, "now", 23)
    listed = say("list")
    assert [one["version"] for one in listed["versions"]] == [older.version, newest.version]
    assert listed["current"] == {} and listed["unreadable"] == []
    found = say("compare", older.version[:5])
    assert found["removed"] == ["gone"] and len(found["added"]) == 3
    assert found["today_after"]["verdict"] == "pilot"
    assert say("use", older.version)["current"] == older.version
    assert say("list")["current"] == {PUBLISHED_BERT: older.version}
    assert say("use", "--newest")["current"] is None
    assert main(["law", "use"]) == 2
    capsys.readouterr()
    assert main(["law", "compare", older.version, newest.version]) == 0
    said = capsys.readouterr().out
    assert "runs removed" in said and "1: gone" in said and "verdict" in said


def test_a_refit_that_somebody_asked_for_reaches_every_process(folder):
    """What answers rest on has another state, also where nobody told this process."""
    before = state_of(PUBLISHED_BERT)
    assert before == "", "until then the law that ships stays as it is, whatever pilots add"
    code = "from engine.decision import law_versions as v; v.ask_refit()"
    for _ in range(2):
        subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
        after = state_of(PUBLISHED_BERT)
        assert after not in ("", before)
        before = after
    assert [line.act for line in entries(folder)] == ["refit-ask"] * 2
    viewer = Person(who="a", roles=frozenset({Role.VIEWER}), login="issuer 1")
    with pytest.raises(InputError, match="the right to refit"):
        law_versions.ask_refit(by=viewer)
    assert state_of(PUBLISHED_BERT) == before
