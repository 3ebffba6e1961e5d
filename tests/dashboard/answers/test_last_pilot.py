"""One sentence on what the last pilot changed; nothing before there is one, and no silence where
pilots cannot be read."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from dashboard.answers import law_cache, pilot_cache, run_cache
from engine.decision.pilot_effect import PilotEffect, Stand, Transfer, Unmoved
from engine.decision.question import question
from engine.decision.verdict import Code, Reason, Verdict
from engine.errors import InputError
from engine.text.i18n import Words
from engine.text.pilot_effect import document
from tests.dashboard import fake_engine

ASKED = question(3.8e20, 10_000_000, 4.0)
PLAN = fake_engine.decide(
    ASKED.budget, None, sampling=ASKED.sampling, assumptions=ASKED.prices
).recommendation
EFFECT = PilotEffect(
    plan_id="0" * 16,
    ended_at=datetime(2026, 11, 29, 9, tzinfo=UTC),
    family="gpt-bytes-letters",
    evidence_id=ASKED.evidence_id,
    trainings=2,
    counted=0,
    unmoved=Unmoved.OTHER_TEXT,
    before=None,
    after=Stand(plan=PLAN, npv=1e6, verdict=Verdict(code=Code.TRAIN, reason=Reason.PAYS)),
    transfer=Transfer(
        model_size=27_120, size_factor=1_800.0, compute_factor=1e6, distance_share=0.2
    ),
    apart=None,
)


def _draw():
    from typing import Any

    from dashboard.answers import last_pilot
    from engine.text.i18n import Words

    nobody_looks_at_it: Any = None
    last_pilot.draw(nobody_looks_at_it, Words("en"))


def drawn(monkeypatch, reply, unread=0):
    from streamlit.testing.v1 import AppTest

    monkeypatch.setattr(pilot_cache, "pilot_effect", reply)
    monkeypatch.setattr(pilot_cache, "unreadable_pilots", lambda: unread)
    page = AppTest.from_function(_draw, default_timeout=60).run()
    assert not page.exception
    return [each.value for each in page.caption]


def test_nothing_before_the_first_pilot(monkeypatch):
    assert drawn(monkeypatch, lambda _: None) == []


def test_a_pilot_that_changed_nothing_says_why(monkeypatch):
    (said,) = drawn(monkeypatch, lambda _: EFFECT)
    assert "The pilot of 2026-11-29 changed nothing the decision rests on" in said
    assert "gpt-bytes-letters" in said and "do not compare" in said


def test_a_pilot_that_could_not_discriminate_is_called_no_test(monkeypatch):
    (said,) = drawn(monkeypatch, lambda _: replace(EFFECT, apart=0.39))
    assert "No test of the recommendation" in said and "39% probability" in said
    assert document(replace(EFFECT, apart=0.39), Words("en"))["apart"] == 0.39


def test_pilots_that_cannot_be_read_are_not_none(monkeypatch):
    def closed(_):
        raise InputError("Expected to read the folder of pilots {folder}.", folder="pilots")

    (said,) = drawn(monkeypatch, closed)
    assert "Expected to read the folder of pilots" in said
    said = drawn(monkeypatch, lambda _: None, unread=2)
    assert said == [
        ":material/block: 2 pilots cannot be read: whether they changed anything is unknown."
    ]


@pytest.mark.parametrize("asked", [None, "0" * 16, "1" * 16])
def test_the_effect_is_asked_of_finished_pilots_and_kept(monkeypatch, asked):
    """Another stamp of the folder asks anew; the same one does not."""
    calls = []
    entry = type("Entry", (), {"plan_id": "0" * 16})()

    def found(now, law, pilots):
        calls.append(pilots)
        return EFFECT

    stamps = iter(["a", "a", "b"])
    monkeypatch.setattr("dashboard.answers.pilot_cache.standing.stamp", lambda: next(stamps))
    monkeypatch.setattr("dashboard.answers.pilot_cache.pilot_effects.finished", lambda: (entry,))
    monkeypatch.setattr("dashboard.answers.pilot_cache.pilot_effects.last_effect", found)
    monkeypatch.setattr(law_cache, "fitted_evidence", lambda _: fake_engine.FittedEvidence())
    monkeypatch.setattr(run_cache, "catalogue_version", lambda: f"for {asked}")
    now = type("Now", (), {"question": ASKED, "provisional": False})()
    pilot_cache._finished_pilots.clear()
    effects = [
        pilot_cache.pilot_effect(now) if asked is None else pilot_cache.effect_of_pilot(now, asked)
        for _ in range(3)
    ]
    pilot_cache._finished_pilots.clear()
    pilot_cache._pilot_effect.clear()
    is_there = asked != "1" * 16
    assert effects == [EFFECT if is_there else None] * 3
    assert len(calls) == (1 if is_there else 0)
