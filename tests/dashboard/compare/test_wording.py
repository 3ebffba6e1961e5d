"""The sentence, the table and the history of Compare; the table marks what differs without
colour."""

from dataclasses import replace

import pytest

from dashboard.compare import charts as compare_charts
from dashboard.compare import side as compare_side
from dashboard.compare import wording as compare_wording
from dashboard.state import link
from dashboard.ui.colours import DARK, LIGHT
from engine.decision import explain
from engine.decision.fitted import MEASURED_GPT
from engine.errors import InputError
from engine.scenarios import acts
from engine.scenarios import fields as grammar
from engine.text import figures
from engine.text.i18n import Words
from tests.dashboard import fake_engine
from tests.dashboard.roi.test_wording import found

EN, JA = Words("en"), Words("ja")


def decide(question):
    return fake_engine.decide(
        question.budget, None, sampling=question.sampling, assumptions=question.prices
    )


def side(name, **changes):
    return compare_side.side(
        name, link.defaults() | changes, lambda question: fake_engine.answer(question, None)
    )


def earning(each, study):
    return replace(each, answer=fake_engine.changed(each.answer, study=study))


def explained(first, second):
    return explain.explain(first.question, second.question, decide)


def test_the_assumption_that_moves_most_is_named():
    first, second = side("a"), side("b", data=100_000_000, delta=1e-9, price=8.0)
    sentence = compare_wording.headline(first, second, explained(first, second), EN)
    assert "mostly because of the number of people" in sentence
    assert "mostly because of the accelerator and its price" in sentence


def test_a_single_difference_explains_all_of_it():
    first, second = side("a"), side("b", epsilon=1.0)
    assert "what explains most of the difference is ε" in compare_wording.headline(
        first, second, explained(first, second), EN
    )


def test_what_is_the_same_is_said_to_be():
    first = side("a")
    found = explained(first, side("b"))
    assert "the same assumptions" in compare_wording.headline(first, side("b"), found, EN)
    listed = grammar.ACCELERATORS[link.FIELDS["accelerator"].default].price_per_hour_usd
    assert explain.differing(first.question, side("b", price=listed).question) == []
    almost = explained(first, side("b", delta=1.001e-8))
    assert "same loss and training cost" in compare_wording.headline(first, side("b"), almost, EN)


def test_a_scenario_without_a_plan_says_why():
    lost = side("lost", data=1_000, epsilon=0.1)
    assert lost.answer is None and isinstance(lost.refused, InputError)
    sentence = compare_wording.headline(side("a"), lost, None, EN)
    assert sentence.startswith("“lost” has no plan") and "3,000" in sentence
    table = compare_wording.table([side("a"), lost], EN)
    assert "**≠ —**" in table["lost"]


def test_a_swap_without_a_plan_leaves_no_gap_in_the_sentence():
    first, second = side("a", data=2_000, epsilon=0.3), side("b", data=10**7, epsilon=0.1)
    both = explained(first, second)
    assert "—" not in compare_wording.headline(side("a"), side("b", epsilon=0.1), both, EN)


@pytest.mark.parametrize("words", [EN, JA], ids=["en", "ja"])
def test_what_the_plans_earn_stands_below_what_they_are(words):
    own = {"figures": "adoption=0.8~0.3~0.85~pert;team_size=3~1~4~pert", "pairs": None}
    sides = [earning(side("a"), found()), earning(side("b", **own), found(100))]
    shown = compare_wording.table([*sides, side("c", data=1_000, epsilon=0.1)], words)
    rows = shown[" "]
    npv, cost = (rows.index(figures.name(key, words)) for key in ("npv", "total_cost"))
    assert figures.money(sides[0].answer.study.appraisal.npv.value, words) in shown["a"][npv]
    assert shown["b"][npv].startswith("**≠") and shown["c"][npv] == "**≠ —**"
    assert (
        figures.money(sides[1].answer.study.appraisal.total_cost.value, words) in shown["b"][cost]
    )
    assert "2" in shown["b"][rows.index(compare_wording.name("figures", words))]
    assert explain.differing(sides[0].question, sides[1].question) == ["figures"]


def test_own_figures_move_neither_loss_nor_cost():
    first, second = side("a"), side("b", figures="adoption=0.8~0.3~0.85~pert")
    found = explained(first, second)
    assert [(e.assumption, e.loss, e.cost) for e in found.effects] == [("figures", 0.0, 0.0)]
    assert "same loss and training cost" in compare_wording.headline(first, second, found, EN)


def test_names_are_shown_as_they_were_given():
    first, second = side("a"), side("<b>*x*</b>", data=10**8)
    assert r"“\<b\>\*x\*\</b\>”" in compare_wording.headline(
        first, second, explained(first, second), EN
    )
    assert r"\<b\>\*x\*\</b\>" in compare_wording.table([first, second], EN)
    drawn = compare_charts.frontiers([first, second], EN, LIGHT).figure
    assert any("&lt;b&gt;" in note.text for note in drawn.layout.annotations)


@pytest.mark.parametrize("words", [EN, JA], ids=["en", "ja"])
def test_differences_are_marked_with_a_sign(words):
    sides = [side("a"), side("b", epsilon=8.0), side("a", epsilon=8.0)]
    table = compare_wording.table(sides, words)
    assert list(table) == [" ", "a", "b", "a (3)"]
    assert all(len(column) == len(table[" "]) for column in table.values())
    row = table[" "].index(compare_wording.name("epsilon", words))
    assert table["a"][row] == "4" and table["b"][row] == "**≠ 8**"
    assert not any("≠" in cell for cell in table["a"])
    assert compare_wording.MARK in compare_wording.differences(sides, words)
    listed = compare_wording.effects(explained(*sides[:2]), words)
    assert len({len(column) for column in listed.values()}) == 1


@pytest.mark.parametrize("words", [EN, JA], ids=["en", "ja"])
@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_frontiers_differ_in_stroke_and_mark(words, colours):
    sides = [side("a"), side("b", data=10**8), side("c", epsilon=1.0), side("d", data=10**6)]
    drawn = compare_charts.frontiers(sides, words, colours)
    lines = [t for t in drawn.figure.data if t.name in "abcd" and t.mode == "lines"]
    assert len({t.line.dash for t in lines}) == 4
    assert len({t.line.color for t in lines}) == 4
    assert len([a for a in drawn.figure.layout.annotations if ": " in a.text]) == 4
    assert all(f"{name}: " in drawn.alt for name in "abcd")


def test_the_history_reads_from_the_last_change(tmp_path):
    first = acts.created(tmp_path, "x", link.defaults(), who="Sato", at="2026-11-24T01:02:03+00:00")
    more = link.defaults() | {"data": 220_000}
    second = acts.updated(tmp_path, first, more, who="", at="not a date")
    table = compare_wording.history(second, "Asia/Tokyo", EN)
    assert table["Who"] == ["—", "Sato"]
    assert table["When"] == ["not a date", "2026-11-24 10:02"]
    assert table["What changed"] == ["People: 1e7 → 2.2e5", "Saved for the first time"]


@pytest.mark.parametrize("words", [EN, JA], ids=["en", "ja"])
def test_losses_in_two_units_are_told_apart_and_not_drawn_together(words):
    first, second = side("a"), side("b", evidence=MEASURED_GPT)
    found = replace(explained(first, side("b", epsilon=1.0)), loss=None)
    sentence = compare_wording.headline(first, second, found, words)
    for unit in ("nats-per-token", "nats-per-byte"):
        assert words.field(unit) in sentence
    drawn = compare_charts.drawn([first, second])
    assert drawn == [first]
    assert "b" in (compare_wording.left_out([first, second], drawn, words) or "")
    assert compare_wording.left_out([first], drawn, words) is None
    column = compare_wording.table([first, second], words)["b"]
    assert any(words.field("nats-per-byte") in cell for cell in column)
