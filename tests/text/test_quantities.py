"""Every quantity of an answer has a name and a text in both languages and in both currencies."""

import re
from dataclasses import replace

import pytest

from engine.decision.answer import answer, certified_answer
from engine.decision.question import Currency, question
from engine.text import quantities
from engine.text.i18n import LANGUAGES, Words
from engine.text.quantities import QUANTITIES
from tests.dashboard import fake_engine

ASKED = question(3.8e20, 10_000_000, 4.0)
YEN = re.compile(r"[¥円]")
MONEY = [
    key
    for key in QUANTITIES
    if key.startswith(("training_", "npv", "total_cost", "spending", "expected_damage", "legal_"))
    or key in ("value", "pilot_price", "cash_to_approve", "running_cost")
]
EVERYWHERE = pytest.mark.parametrize("key", QUANTITIES)
BOTH = pytest.mark.parametrize("language", LANGUAGES)


@pytest.fixture(scope="module")
def certified(fitted):
    return certified_answer(ASKED, fitted)


@pytest.fixture(scope="module")
def estimated(fitted):
    return answer(ASKED, fitted)


def test_there_are_enough_quantities_and_no_two_share_a_name():
    assert len(QUANTITIES) >= 25
    labels = [quantity.label for quantity in QUANTITIES.values()]
    assert len(set(labels)) == len(labels)


@BOTH
@EVERYWHERE
def test_every_quantity_has_a_name_a_value_and_a_text(certified, key, language):
    words = Words(language)
    name, text = quantities.label(key, words), quantities.text(key, certified, words)
    assert name and text
    bounded = ("rule_factor", "saturation_compute_flops")
    assert quantities.value(key, certified) is not None or key in bounded, "a bound here"
    assert not re.search(r"[{}]|\bnan\b|\binf\b|None", name + text)
    if language == "ja":
        assert name != QUANTITIES[key].label


@BOTH
@EVERYWHERE
def test_a_reader_who_chose_dollars_sees_no_yen(certified, key, language):
    text = quantities.text(key, certified, Words(language, jpy_per_usd=150.0))
    assert not YEN.search(text)
    assert ("$" in text or "ドル" in text) is (key in MONEY), text


@BOTH
@pytest.mark.parametrize("key", MONEY)
def test_a_reader_who_chose_yen_sees_no_dollars(certified, key, language):
    text = quantities.text(key, certified, Words(language))
    assert YEN.search(text) and not re.search(r"\$|ドル|USD", text)


def test_the_value_does_not_follow_the_currency(certified):
    dollars = replace(certified, question=replace(ASKED, currency=Currency.USD))
    for key in QUANTITIES:
        assert quantities.value(key, dollars) == quantities.value(key, certified)


@BOTH
def test_before_the_certificate_there_is_no_promise_to_read(estimated, language):
    words = Words(language)
    for key in ("epsilon_certified", "noise_multiplier"):
        assert quantities.value(key, estimated) is None
        assert quantities.text(key, estimated, words) == "—"


@BOTH
def test_what_has_no_value_still_has_a_text(estimated, language):
    words = Words(language)
    least = fake_engine.unreached(fake_engine.unsaturated(estimated.decision), least=17)
    bounded = fake_engine.changed(estimated, decision=least)
    assert quantities.value("rule_factor", bounded) is None
    assert quantities.text("rule_factor", bounded, words) in (
        "at least 17×, as far as the evidence goes",
        "根拠となる実測の範囲では少なくとも17倍",
    )
    assert quantities.value("saturation_compute_flops", bounded) is None
    assert quantities.text("saturation_compute_flops", bounded, words) in (
        "at least 1.4 × 10²⁵; unknown beyond",
        "少なくとも1.4 × 10²⁵(その先は未知)",
    )
    unknown = fake_engine.changed(estimated, decision=fake_engine.unreached(least))
    assert quantities.text("rule_factor", unknown, words).startswith(("unknown", "未知"))
    worth = replace(estimated.study.appraisal)
    worth.__dict__["internal_rates"] = ()  # made when asked for
    rateless = replace(estimated, study=replace(estimated.study, appraisal=worth))
    assert quantities.value("internal_rate", rateless) is None
    assert quantities.text("internal_rate", rateless, words)
    several = replace(estimated.study.appraisal)
    several.__dict__["internal_rates"] = (0.1, 0.5)
    several = replace(estimated, study=replace(estimated.study, appraisal=several))
    assert quantities.value("internal_rate", several) is None
    assert "10%" in quantities.text("internal_rate", several, words)


@BOTH
def test_no_budget_binds_is_a_word(estimated, language):
    gains = {name: replace(getattr(estimated.decision.doubling, name), value=0.0)
             for name in ("compute", "data", "epsilon")}  # fmt: skip
    still = replace(estimated.decision, doubling=replace(estimated.decision.doubling, **gains))
    found = fake_engine.changed(estimated, decision=still)
    assert quantities.value("binds", found) is None
    assert quantities.text("binds", found, Words(language))


def test_an_unknown_quantity_is_a_mistake_in_the_code(estimated):
    with pytest.raises(KeyError):
        quantities.text("nothing", estimated, Words("en"))
