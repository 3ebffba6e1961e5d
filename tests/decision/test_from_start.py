"""What a public start is worth, on the trainings that ship."""

import re
from pathlib import Path

import numpy as np
import pytest

from engine.allocation.result import Word
from engine.decision.fine_tuning import TUNED_TEXT, tuning_evidence, tuning_law
from engine.decision.from_start import compare_starts
from engine.errors import InputError
from engine.law.fine_tuning.fit import ends_of
from engine.text import public_start
from engine.text.i18n import LANGUAGES, Words

DELTA = 1e-8
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def few():
    return compare_starts(5_000, 4.0, DELTA)


def test_few_people_gain_much_from_a_start(few):
    assert few.start_pays
    assert 4 < few.people.factor < 40
    assert few.people.value == pytest.approx(few.people.factor * 5_000)
    assert 1 < few.people.low < few.people.factor < few.people.high < 10 * few.people.factor
    assert few.best.cross_entropy.value < few.from_nothing.cross_entropy.value
    assert {plan.way.method.lora_rank > 0 for plan in few.plans} == {True, False}


def test_every_plan_lies_near_what_was_trained_and_improves_its_start(few):
    for plan in few.plans:
        assert plan.reach in (Word.MEASURED, Word.NEAR)
        assert 0 < plan.cross_entropy.value < plan.way.start_cross_entropy
        assert plan.cross_entropy.low < plan.cross_entropy.value < plan.cross_entropy.high
        assert 1 <= plan.config.batch_size <= 5_000
    assert few.from_nothing.config.model_size <= few.largest_start
    assert few.largest_start == max(way.model_size for way in tuning_evidence().ways)


def test_a_start_is_worth_more_with_fewer_people_and_a_stricter_promise():
    def worth(people, epsilon):
        factor = compare_starts(people, epsilon, DELTA).people.factor
        assert factor is not None
        return factor

    by_people = [worth(n, 4.0) for n in (1_000, 5_000, 20_000)]
    assert by_people == sorted(by_people, reverse=True)
    by_epsilon = [worth(5_000, eps) for eps in (1.0, 4.0)]
    assert by_epsilon == sorted(by_epsilon, reverse=True)


def test_more_people_never_lose_more():
    losses = [
        compare_starts(n, 4.0, DELTA).best.cross_entropy.value for n in (1_000, 10_000, 100_000)
    ]
    assert losses == sorted(losses, reverse=True)


def test_ten_million_people_gain_nothing_clear():
    found = compare_starts(10_000_000, 4.0, DELTA)
    assert not found.start_pays
    assert "no clear gain" in public_start.finding(found, Words("en"))


def test_nobody_is_asked_twice(few):
    assert compare_starts(5_000, 4.0, DELTA) is few


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_it_is_said_with_its_worth_and_its_limits(few, language):
    words = Words(language)
    assert f"{few.people.factor:.2g}" in public_start.finding(few, words)
    assert f"{few.people.factor:.2g}" in public_start.hint(few, words)
    rows = public_start.ways(few, words)
    assert {len(column) for column in rows.values()} == {3}
    assert str(few.runs) in public_start.limits(few, words)


def test_another_text_has_no_trainings():
    with pytest.raises(InputError, match="fine-tuning runs on the text other, got none"):
        tuning_law("other")


def test_evidence_names_every_start_and_method_once():
    found = tuning_evidence(TUNED_TEXT)
    ways = [(way.method.start, way.method.lora_rank) for way in found.ways]
    assert len(ways) == len(set(ways)) == 12
    assert {rank for _, rank in ways} == {0, 1, 4, 16}


# --- what data/FINE-TUNING.md says --------------------------------------------------------------

DOCUMENT = " ".join((ROOT / "data" / "FINE-TUNING.md").read_text("utf-8").split())


def test_the_document_counts_its_trainings():
    found, law = tuning_evidence(), tuning_law()
    cells = len(np.unique(law.points.cell))
    assert f"noise: {found.runs} small trainings from public models" in DOCUMENT
    assert f"{law.points.size} points of {cells} configurations" in DOCUMENT


def test_the_document_states_what_the_law_missed():
    for name, errors in ends_of(tuning_law()).items():
        stated = re.search(rf"\| {name} \| ([\d.]+) % \| ([\d.]+) % \|", DOCUMENT)
        assert stated is not None, name
        found = 100 * np.sqrt(np.mean(errors**2)), 100 * np.abs(errors).max()
        assert [float(part) for part in stated.groups()] == pytest.approx(found, rel=0.1, abs=0.05)


def test_the_document_states_what_a_start_is_worth(few):
    stated = re.search(r"\| 5,000 \| 4 \| [^|]+ \| [^|]+ \| ([\d.]+) \(", DOCUMENT)
    assert stated is not None
    assert float(stated[1]) == pytest.approx(few.people.factor, rel=0.1)
