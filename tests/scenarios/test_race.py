"""Approve while somebody else saves: one of the two is refused, whoever came first."""

import multiprocessing

import pytest

from engine import decision_log
from engine.approvals import Ruling, State, decisions
from engine.errors import InputError
from engine.scenarios import acts, fields, saved
from tests.scenarios.made import AT, made_frozen

TRIALS = 12


def _act(kind, place, known, ready, results):
    ways = {
        "approve": lambda: acts.decided(place, known, Ruling.APPROVED),
        "save": lambda: acts.updated(
            place, known, fields.defaults() | {"epsilon": 2.0}, who="", at=AT
        ),
        "delete": lambda: acts.delete(place, known),
    }
    ready.wait()
    try:
        ways[kind]()
        results.put((kind, ""))
    except InputError as error:
        results.put((kind, str(error)))


@pytest.mark.parametrize("rival", ["save", "delete"])
def test_an_approval_and_a_change_never_both_succeed(tmp_path, monkeypatch, rival):
    monkeypatch.setenv(decision_log.VARIABLE, str(tmp_path / "log"))
    monkeypatch.setenv("KESSAI_DATA", str(tmp_path / "runs"))
    place, forked = tmp_path / "scenarios", multiprocessing.get_context("fork")
    for trial in range(TRIALS):
        made = acts.created(place, f"S{trial}", fields.defaults(), who="", at=AT)
        known = acts.proposed(place, made, made_frozen(), who="", at=AT)
        ready, results = forked.Barrier(2), forked.Queue()
        kinds = ["approve", rival] if trial % 2 else [rival, "approve"]
        processes = [
            forked.Process(target=_act, args=(kind, place, known, ready, results)) for kind in kinds
        ]
        for process in processes:
            process.start()
        said = dict(results.get(timeout=60) for _ in processes)
        for process in processes:
            process.join()
        assert sorted(sentence == "" for sentence in said.values()) == [False, True], said
        if said["approve"] == "":
            assert "make a new version" in said[rival]
            (kept,) = (one for one in saved.listed(place)[0] if one.name == made.name)
            assert kept == known and acts.standing(kept).state is State.APPROVED
        else:
            assert "meanwhile" in said["approve"] and decisions(made.name, tmp_path) == ()
    assert decision_log.verify(tmp_path).sound
