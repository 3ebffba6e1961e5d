"""What a public start is worth, on the trainings that ship."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.allocation.result import Word
from engine.cost import cost
from engine.decision.fine_tuning import TUNED_TEXT, tuning_evidence, tuning_law
from engine.decision.fitted import run_log
from engine.decision.from_start import compare_starts
from engine.decision.question import Currency, Question, question
from engine.errors import InputError
from engine.interval import Interval
from engine.law.fine_tuning.fit import ends_of
from engine.runs.curves import has_curve
from engine.text import figures, formats, public_start, start_advice
from engine.text.i18n import LANGUAGES, Words
from engine.text.quantities import words_of

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
    assert str(few.runs) in public_start.limits(few, few.family, words)


def asked_with(people: int) -> Question:
    return question(1e20, people, 4.0)


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_each_way_has_its_noise_and_its_price(few, language):
    asked = asked_with(5_000)
    words = words_of(asked, language)
    rows = list(zip(*public_start.ways(few, asked, words).values(), strict=True))
    for plan, row in zip(few.ways, rows, strict=True):
        flops = 6 * plan.config.model_size * plan.config.batch_size * plan.config.iterations * 64
        price = cost(flops, asked.prices).jpy
        assert figures.price(price, words) in row
        assert formats.plain(plan.noise_multiplier) in row


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_one_way_is_recommended_with_all_that_it_is_trained_with(few, language):
    asked = asked_with(5_000)
    words = words_of(asked, language)
    said = start_advice.recommendation(few, asked, words)
    best = few.best.config
    amounts = [best.model_size, best.iterations, best.batch_size]
    for number in (*(formats.amount(one, language) for one in amounts), "ε = 4"):
        assert number in said
    assert formats.loss(few.best.cross_entropy.value) in said


def test_no_price_is_nothing(few):
    free = replace(asked_with(5_000), currency=Currency.USD)
    words = words_of(free, "en")
    rate = words.jpy_per_usd
    assert rate and cost(few.best.config.compute_flops, free.prices).jpy / rate < 0.005
    cheap = replace(few.best, config=replace(few.best.config, batch_size=100))
    said = public_start.price_of(cheap, free, words)
    assert said == f"under {figures.money(figures.coin_of(words), words)}" != "under $0"


def test_batches_larger_than_any_that_was_trained_are_said(few):
    assert few.best.config.batch_size > few.largest_batch > 64
    for evidence_id in ("published-bert", few.family):
        said = public_start.limits(few, evidence_id, Words("en"))
        assert f"batches of more than {few.largest_batch}," in said


def test_another_text_than_the_plans_is_said(few):
    words = Words("en")
    assert "another text" in public_start.limits(few, "published-bert", words)
    assert "another text" not in public_start.limits(few, few.family, words)


def test_where_ranges_overlap_nothing_is_recommended_and_longer_is_unknown(few):
    """By hand: the same plans with the loss from nothing moved."""
    words = words_of(asked_with(5_000), "en")

    def said(loss: float, half: float, edge: bool) -> str:
        moved = Interval(value=loss, low=loss - half, high=loss + half, level=0.9)
        plans = tuple(replace(plan, at_edge=edge) for plan in few.plans)
        nothing = replace(few.from_nothing, cross_entropy=moved)
        found = replace(few, from_nothing=nothing, plans=plans)
        return start_advice.recommendation(found, asked_with(5_000), words)

    start = few.best.cross_entropy.value
    assert said(start - 0.01, 0.1, True).startswith("None of the three is clearly better")
    lower = said(start - 0.5, 0.1, True)
    assert lower.startswith("Recommended of the three: from nothing")
    assert lower.endswith("a start may do better.")
    assert "unknown" not in said(start - 0.5, 0.1, False)
    assert "unknown" not in said(start + 0.5, 0.1, True)


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_a_start_is_worth_people_epsilon_and_money_or_unknown(few, language):
    words = words_of(asked_with(5_000), language)
    said = start_advice.worths(few, InputError("Expected more."), words)
    for worth in (few.people, few.epsilon):
        assert f"{worth.factor:.2g}" in said and f"{worth.low:.2g}" in said
    assert words.say("In money: unknown; “Where each figure comes from” below says why.") in said
    nowhere = replace(few.epsilon, value=None, factor=None, low=None, high=None)
    assert f"{nowhere.searched[1]:g}" in start_advice.worths(
        replace(few, epsilon=nowhere, people=nowhere), None, words
    )


def test_a_worth_is_worded_alike_in_both_sentences_and_open_where_its_range_ends(few):
    words = Words("en")
    some = replace(few.people, factor=3.2, low=2.1, high=None)
    found = replace(few, people=some)
    for said in (public_start.finding(found, words), start_advice.worths(found, None, words)):
        assert "3.2 (2.1 or more) times" in said
    assert public_start.times(3.2, replace(some, high=4.5), words) == "3.2 (2.1–4.5)"
    assert public_start.times(3.2, replace(some, low=None), words) == "3.2"


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_figure_names_its_evidence_or_is_unknown(few, language):
    asked = asked_with(5_000)
    words = words_of(asked, language)
    reason = InputError("Expected a step for {measured}.", measured="nats")
    heads = start_advice.origins(few, asked, reason, words)
    traced = dict(zip(*heads.values(), strict=True))
    assert all(traced.values()) and len(traced) == 10
    behind = " ".join(traced.values())
    nothing = few.behind_nothing
    assert {few.evidence_hash[:12], nothing.hash[:12]} <= set(re.findall(r"[0-9a-f]{12}", behind))
    for figure in (few.runs, nothing.runs, few.carried_runs, few.best.way.method.start):
        assert str(figure) in behind
    assert formats.loss(few.best.way.start_cross_entropy) in behind
    unknown = words.say("Unknown.").rstrip(".。")[:2]
    assert sum(cell.startswith(unknown) for cell in traced.values()) == 3


def test_the_law_from_nothing_names_the_trainings_on_the_same_text(few):
    records = run_log().records(family=TUNED_TEXT)
    counted = [one for one in records if has_curve(one) and one.sequence_length == 64]
    assert few.carried_runs == len(counted) > 0


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
