"""Which assumption explains the difference between two plans; with a stand-in that decides at
once."""

import math
from dataclasses import replace

import pytest

from engine.accelerator_prices import ACCELERATORS
from engine.cost import DEFAULTS
from engine.decision.explain import SWAPS, Explanation, differing, explain
from engine.decision.fitted import MEASURED_GPT
from engine.decision.question import Currency, Question, question
from engine.errors import InputError
from engine.roi.kinds import MetricKind
from tests.dashboard import fake_engine
from tests.present import present

DEAR = replace(DEFAULTS, accelerator=replace(DEFAULTS.accelerator, price_per_hour_usd=8.0))


def asked(compute=3.8e20, people=10_000_000, epsilon=4.0, **others) -> Question:
    return question(compute, people, epsilon, **others)


def decide(asked: Question):
    return fake_engine.decide(asked.budget, None, sampling=asked.sampling, assumptions=asked.prices)


def explained(first: Question, second: Question) -> Explanation:
    return explain(first, second, decide)


def test_the_assumption_that_moves_most_is_the_main_one():
    found = explained(asked(), asked(people=100_000_000, delta=1e-9, prices=DEAR))
    assert {effect.assumption for effect in found.effects} == {"data", "delta", "accelerator"}
    loss, cost = present(found.main("loss")), present(found.main("cost"))
    assert (loss.assumption, cost.assumption) == ("data", "accelerator")
    assert found.share(cost, "cost") == pytest.approx(1.0)


def test_a_single_difference_explains_all_of_it():
    found = explained(asked(), asked(epsilon=1.0))
    (effect,) = found.effects
    assert effect.loss == pytest.approx(found.loss)
    assert found.share(effect, "loss") == pytest.approx(1.0)


def test_swapping_the_sides_turns_every_effect_round():
    first, second = asked(), asked(compute=1e19, people=1_000_000, epsilon=8.0)
    there, back = explained(first, second), explained(second, first)
    for one, other in zip(there.effects, back.effects, strict=True):
        assert one.loss == pytest.approx(-present(other.loss))
        assert one.cost == pytest.approx(-present(other.cost))
    assert present(there.main("loss")).assumption == present(back.main("loss")).assumption


def test_an_effect_in_the_other_direction_does_not_explain():
    found = explained(asked(), asked(people=100_000, epsilon=16.0))
    assert present(found.loss) > 0, "fewer people: a higher loss, in spite of the larger ε"
    assert present(found.main("loss")).assumption == "data"
    against = next(effect for effect in found.effects if effect.assumption == "epsilon")
    assert found.share(against, "loss") == 0.0


def test_the_same_question_differs_in_nothing():
    found = explained(asked(), asked())
    assert not found.effects
    assert found.main("loss") is None and found.main("cost") is None


def test_results_as_good_as_equal_have_no_main_assumption():
    found = explained(asked(), asked(delta=1.001e-8))
    assert [effect.assumption for effect in found.effects] == ["delta"]
    assert found.main("loss") is None and found.main("cost") is None


def test_a_swap_without_a_plan_is_left_out():
    found = explained(asked(people=2_000), asked(epsilon=0.15))
    assert all(effect.loss is None or math.isfinite(effect.loss) for effect in found.effects)
    both = explained(asked(people=2_000, epsilon=0.3), asked(epsilon=0.1))
    assert {effect.assumption for effect in both.effects} == {"data", "epsilon"}


def test_no_swap_with_a_plan_leaves_no_effect_but_the_whole_difference():
    def picky(swapped: Question):
        if swapped not in (first, second):
            raise InputError("Half-way there is no plan.")
        return decide(swapped)

    first, second = asked(), asked(people=1_000_000, epsilon=1.0)
    found = explain(first, second, picky)
    assert all((effect.loss, effect.cost) == (None, None) for effect in found.effects)
    assert present(found.loss) > 0 and found.main("loss") is None
    assert found.share(found.effects[0], "loss") == 0.0


def test_two_questions_of_which_one_has_no_plan_are_refused():
    with pytest.raises(InputError):
        explained(asked(), asked(people=1_000, epsilon=0.1))


A100 = next(device for device in ACCELERATORS.values() if device != DEFAULTS.accelerator)


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("compute", asked(compute=1e20)),
        ("data", asked(people=1_000_000)),
        ("epsilon", asked(epsilon=2.0)),
        ("delta", asked(delta=1e-9)),
        ("sampling", asked(sampling="deterministic")),
        ("evidence", asked(evidence_id="another")),
        ("accelerator", asked(prices=replace(DEFAULTS, accelerator=A100))),
        ("utilisation", asked(prices=replace(DEFAULTS, utilisation=0.3))),
        ("overhead", asked(prices=replace(DEFAULTS, dp_overhead=2.0))),
        ("rate", asked(prices=replace(DEFAULTS, jpy_per_usd=160.0))),
        ("figures", asked(metric=MetricKind.ERROR_RATE)),
    ],
)
def test_one_difference_is_found_alone_and_swapped_alone(name, other):
    assert differing(asked(), other) == differing(other, asked()) == [name]
    swapped = SWAPS[name](asked(), other)
    assert differing(asked(), swapped) == [name] and differing(swapped, other) == []


def test_every_assumption_is_tried_above():
    (marks,) = test_one_difference_is_found_alone_and_swapped_alone.pytestmark
    assert [name for name, _ in marks.args[1]] == list(SWAPS)


def test_own_figures_differ_but_move_neither_loss_nor_cost():
    own = replace(asked(), assumptions=asked().assumptions.fixed(adoption=0.8))
    (effect,) = explained(asked(), own).effects
    assert (effect.assumption, effect.loss, effect.cost) == ("figures", 0.0, 0.0)


def test_the_currency_is_no_difference():
    assert differing(asked(), replace(asked(), currency=Currency.USD)) == []


def test_losses_in_two_units_are_not_compared():
    def by_evidence(asked: Question):
        found = decide(asked)
        return replace(found, evidence=replace(found.evidence, id=asked.evidence_id))

    first, second = asked(), asked(epsilon=1.0, evidence_id=MEASURED_GPT)
    found = explain(first, second, by_evidence)
    effects = {effect.assumption: effect for effect in found.effects}
    assert found.loss is None and found.main("loss") is None
    assert effects["evidence"].loss is None and effects["evidence"].cost == 0.0
    assert present(effects["epsilon"].loss) > 0, "in the unit of either end"
    assert found.share(effects["epsilon"], "loss") == 0.0
