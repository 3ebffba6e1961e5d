"""Golden sentences in both languages, and the branches that change their meaning."""

from dataclasses import asdict, replace

import numpy as np
import pytest

from dashboard.decide import facts, wording
from engine.accounting.mechanism import Mechanism
from engine.allocation.result import Doubling, Word
from engine.decision import findings
from engine.decision.answer import to_certify
from engine.interval import Interval
from engine.law.forms import FORMS
from engine.text import bounds, formats, labels
from engine.text.i18n import Words
from engine.text.privacy import noise, promised_epsilon
from tests.dashboard import fake_engine

JA, EN = Words("ja"), Words("en")


def doubling(compute, data, epsilon):
    gains = {"compute": compute, "data": data, "epsilon": epsilon}
    return Doubling(
        **{k: Interval(value=v, low=v / 2, high=v * 2, level=0.9) for k, v in gains.items()}
    )


def test_the_decision(decide):
    answer = decide()
    assert wording.decision(answer, EN) == (
        "Train a model of 49M parameters, 11,400 steps on batches of 222,000 people. "
        "Expect a loss of 2.92 (2.81–3.04) for ¥180,000."
    )
    assert wording.decision(answer, JA) == (
        "4,900万パラメータのモデルを、毎回22.2万人分のデータで11,400回更新して学習します。"
        "予測損失は2.92(2.81〜3.04)、費用は18万円です。"
    )


def test_one_step_on_one_person_is_singular(decide):
    answer = decide()
    config = replace(answer.recommendation.config, batch_size=1, iterations=1)
    answer = replace(answer, recommendation=replace(answer.recommendation, config=config))
    assert "1 step on batches of 1 person." in wording.decision(answer, EN)
    assert "毎回1人分のデータで1回更新して" in wording.decision(answer, JA)


def test_what_binds(decide):
    answer = decide(doubling=doubling(0.004, 0.06, 0.02))
    assert wording.binding(answer, EN) == (
        "Data is what binds now: twice the people lower the loss by 6%, twice the compute by 0.4%."
    )
    assert wording.binding(answer, JA) == (
        "いま効くのはデータです。人数を2倍にすると損失は6%下がり、"
        "計算量を2倍にしても0.4%しか下がりません。"
    )


@pytest.mark.parametrize("best", ["compute", "data", "epsilon"])
@pytest.mark.parametrize("least", ["compute", "data", "epsilon"])
@pytest.mark.parametrize("words", [JA, EN], ids=["ja", "en"])
def test_every_pair_of_budgets_has_its_sentence(decide, best, least, words):
    if best != least:
        gains = dict.fromkeys(("compute", "data", "epsilon"), 0.03) | {best: 0.06, least: 0.001}
        sentence = wording.binding(decide(doubling=doubling(**gains)), words)
        assert "6%" in sentence and "0.1%" in sentence


@pytest.mark.parametrize("least", ["compute", "data", "epsilon"])
@pytest.mark.parametrize("words", [JA, EN], ids=["ja", "en"])
def test_two_budgets_may_bind_and_both_are_named(decide, least, words):
    gains = {"compute": 0.06, "data": 0.055, "epsilon": 0.05} | {least: 0.002}
    sentence = wording.binding(decide(doubling=doubling(**gains)), words)
    shown = {"compute": "6%", "data": "5.5%", "epsilon": "5%"} | {least: "0.2%"}
    assert all(share in sentence for share in shown.values())


def test_a_hopeless_plan_is_called_one(decide):
    answer = decide()
    assert wording.hopeless(answer, EN) is None
    loss = replace(answer.recommendation.cross_entropy, high=10.3)
    bad = replace(answer, recommendation=replace(answer.recommendation, cross_entropy=loss))
    assert wording.second_line(bad, EN).startswith("Such a model would learn next to nothing")
    assert "10.3" in wording.second_line(bad, JA)


def test_a_plan_that_leaves_compute_unspent_says_so(decide):
    answer = decide()
    rich = replace(answer, budget=replace(answer.budget, compute_flops=1e23))
    said = wording.overspending(rich, EN)
    assert said is not None and said.startswith("The plan uses 0.38% of the compute budget")


def test_budgets_in_balance_and_budgets_that_buy_nothing(decide):
    balanced = decide(doubling=doubling(0.05, 0.06, 0.055))
    assert wording.binding(balanced, EN).endswith("lowers the loss by 5%–6%.")
    assert wording.binding(balanced, JA).startswith("3つの予算は釣り合っています")
    spent = decide(doubling=doubling(1e-5, 5e-4, -1e-4))
    assert wording.binding(spent, EN).startswith("No budget binds")
    assert wording.binding(spent, JA).endswith("損失の低下は0.1%未満です。")


def needing(rule, value, low, high):
    return replace(rule, factor=fake_engine.ranged(value, low, high))


def test_the_saving_is_told_against_both_strengths(decide):
    answer = decide()
    tuned = needing(answer.rule_tuned, 6.2, 4.1, 9.8)
    practised = needing(answer.rule_practised, None, 31, None)
    answer = replace(answer, rule_tuned=tuned, rule_practised=practised)
    assert wording.saving(answer, EN) == (
        "For the same loss at the same privacy, the usual rule (20 tokens per parameter) needs "
        "6.2× (4.1–9.8×) the compute, even with its batch size tuned for privacy. "
        "With the batch size it is used with today, it needs at least 31×."
    )
    assert wording.saving(answer, JA) == (
        "同じプライバシーで同じ損失を得るのに、通常則(1パラメータあたり20トークン)では、"
        "バッチサイズをプライバシー向けに調整しても6.2倍(4.1〜9.8倍)の計算量が必要です。"
        "慣行どおりのバッチサイズでは少なくとも31倍が必要です。"
    )


@pytest.mark.parametrize("word", Word)
def test_a_rule_far_from_what_was_measured_is_only_a_lead(decide, word):
    answer = decide()
    far = fake_engine.extrapolation(word)
    answer = replace(answer, rule_tuned=replace(answer.rule_tuned, extrapolation=far))
    lead = word in (Word.EXTRAPOLATED, Word.UNKNOWN)
    assert wording.saving(answer, EN).endswith("take this comparison as a lead.") is lead
    assert wording.saving(answer, JA).endswith("この比較は目安です。") is lead


def test_a_rule_that_is_not_followed_far_enough_has_a_bound(decide):
    answer = fake_engine.unreached(decide(), least=17)
    assert wording.saving(answer, EN).startswith(
        "For the same loss at the same privacy, the usual rule (20 tokens per parameter) needs at "
        "least 17× the compute, even with its batch size tuned for privacy, as far as the evidence "
        "goes: it can compare the rule up to 10²⁵ FLOPs. "
    )
    assert "根拠となる実測の範囲では少なくとも17倍の計算量が必要です" in wording.saving(answer, JA)
    assert "never" not in wording.saving(answer, EN)
    saving = facts.metrics(answer, JA)[2]
    assert (saving.value, saving.detail) == ("≥ 17倍", "根拠となる実測の範囲では少なくとも17倍")
    saving = facts.metrics(answer, EN)[2]
    assert (saving.value, saving.detail) == (
        "≥ 17×",
        "at least 17×, as far as the evidence goes",
    )


def test_a_rule_whose_smallest_model_is_good_enough_has_a_bound_above(decide):
    answer = decide()
    answer = replace(answer, rule_tuned=needing(answer.rule_tuned, None, None, 3.0))
    assert findings.stronger_rule(answer) is answer.rule_practised
    assert "needs at most 3× the compute" in wording.saving(answer, EN)
    assert bounds.rule(answer.rule_tuned, JA) == "根拠となる実測の範囲では多くても3倍"


def test_a_rule_that_cannot_be_compared_is_unknown(decide):
    answer = fake_engine.unreached(decide())
    assert wording.saving(answer, EN) == (
        "How much compute the usual rule (20 tokens per parameter) needs for the same loss at the "
        "same privacy is unknown: the evidence can compare it up to 10²⁵ FLOPs only."
    )
    assert "未知です" in wording.saving(answer, JA)
    saving = facts.metrics(answer, EN)[2]
    assert (saving.value, saving.detail) == ("unknown", "beyond what the evidence can compare")
    half = replace(answer, rule_tuned=needing(answer.rule_tuned, 2.0, 1.5, 3.0))
    assert wording.saving(half, EN).endswith("what it needs is unknown.")


def test_the_headline_is_against_the_stronger_rule(decide):
    answer = decide()
    practised = needing(answer.rule_practised, 3.0, 2, None)
    answer = replace(answer, rule_practised=practised)
    assert findings.stronger_rule(answer) is practised
    saving = facts.metrics(answer, EN)[2]
    assert saving.value == "3×"
    assert saving.detail.startswith("at least 2× the compute")
    assert facts.metrics(answer, JA)[2].detail.startswith("計算量少なくとも2倍")


def saturated(answer, share):
    """Saturation at a share of the budget."""
    at = share * answer.budget.compute_flops
    return replace(answer.saturation, compute=fake_engine.ranged(at, at / 2, 2 * at))


def test_saturation_before_and_behind(decide):
    answer = decide()
    ahead, behind = (saturated(answer, share) for share in (3.2, 0.38))
    assert wording.saturation(replace(answer, saturation=ahead), EN) == "3.2× this budget"
    assert wording.saturation(replace(answer, saturation=behind), JA) == (
        "通過済み。いまの予算の38%で足ります"
    )


def test_past_saturation_the_second_line_says_that_less_would_do(decide):
    answer = decide()
    assert wording.second_line(answer, EN) == wording.binding(answer, EN)
    answer = replace(answer, saturation=saturated(answer, 0.0017))
    assert wording.second_line(answer, EN).endswith(
        "With 0.17% of this compute the loss is already within 1% of the best."
    )
    assert "この計算量の0.17%でも" in wording.second_line(answer, JA)


def test_a_saturation_beyond_the_search_is_a_bound(decide):
    answer = fake_engine.unsaturated(decide(), least=1.4e25)
    assert findings.enough(answer) is None
    for words, least, beyond in (
        (EN, "at least 1.4 × 10²⁵", "unknown beyond"),
        (JA, "少なくとも1.4 × 10²⁵", "その先は未知"),
    ):
        metric = facts.metrics(answer, words)[3]
        assert metric.value == "≥ 1.4 × 10²⁵" and beyond in metric.detail
        assert least in wording.saturation_sentence(answer.saturation, words)
        assert least in bounds.saturation(answer.saturation, words)
        assert beyond in bounds.saturation(answer.saturation, words)
    half = replace(answer.saturation, compute=fake_engine.ranged(2e20, 1e20, None))
    assert "at least 10²⁰ FLOPs" in facts.metrics(replace(answer, saturation=half), EN)[3].help


@pytest.mark.parametrize(
    ("word", "english", "japanese"),
    [
        (Word.MEASURED, "Measured:", "実測あり。"),
        (Word.NEAR, "Near what was measured:", "実測に近い"),
        (Word.EXTRAPOLATED, "Extrapolated:", "外挿です。"),
        (Word.UNKNOWN, "Unknown:", "未知の"),
    ],
)
def test_reach(decide, word, english, japanese):
    answer = decide(extrapolation=fake_engine.extrapolation(word))
    said, ja = wording.support(answer, EN), wording.support(answer, JA)
    assert said.startswith(english) and ja.startswith(japanese)
    if word is not Word.MEASURED:
        factor = labels.distance(answer.extrapolation.reach.distance, EN)
        assert f"about {factor} away, most in the noise-batch ratio" in said
        assert "ノイズ・バッチ比" in ja
    far = word in (Word.EXTRAPOLATED, Word.UNKNOWN)
    assert ("pilot" in said) is far and ("パイロット" in ja) is far


@pytest.mark.parametrize(
    ("hours", "en", "ja"),
    [
        (1e-5, "0.036 GPU seconds", "0.036 GPU 秒"),
        (10 / 3600, "10 GPU seconds", "10 GPU 秒"),
        (0.5, "30 GPU minutes", "30 GPU 分"),
        (1, "1 GPU hour", "1 GPU 時間"),
        (410, "410 GPU hours", "410 GPU 時間"),
        (2_400, "100 GPU days", "100 GPU 日"),
        (87_660, "10 GPU years", "10 GPU 年"),
        (2e9, "228,000 GPU years", "22.8万 GPU 年"),
    ],
)
def test_device_time_in_the_unit_that_needs_fewest_digits(hours, en, ja):
    assert (labels.duration(hours, EN), labels.duration(hours, JA)) == (en, ja)


def certified(answer):
    return fake_engine.certify(**asdict(to_certify(answer.question, answer.decision)))


def test_the_promise_rounds_to_the_safe_side(answered):
    made = certified(answered())
    mechanism = replace(made.mechanism, noise_multiplier=0.863451)
    certificate = replace(made, mechanism=mechanism, epsilon=3.99912)
    assert promised_epsilon(certificate) == "4"
    assert noise(certificate) == "0.8635"
    assert facts.promise(certificate, EN) == (
        "Certified: ε ≤ 4 (δ = 10⁻⁸) for each person, with noise multiplier σ = 0.8635."
    )
    assert facts.promise(certificate, JA) == (
        "検証済み：個人単位で ε ≤ 4(δ = 10⁻⁸)。ノイズ倍率は σ = 0.8635です。"
    )


def test_the_statement_names_unit_relation_sampling_and_accountant(answered):
    certificate = certified(answered())
    rows = dict(facts.guarantee(certificate, EN))
    assert rows["Who is protected"] == "person"
    assert rows["Indistinguishable data sets"] == "one person's data added or removed"
    assert rows["Sampling"].startswith("Poisson")
    assert rows["Sampling probability q"] == "2.2%"
    assert rows["Steps T"] == "11,360"
    assert rows["Accountant"] == "dp_accounting PLD"
    mechanism = Mechanism.deterministic(noise_multiplier=0.9, participations=252)
    fixed = replace(certificate, mechanism=mechanism)
    assert dict(facts.guarantee(fixed, JA))["1人の参加回数"] == "252"
    assert "100%" not in dict(facts.guarantee(fixed, EN)).values(), "no share of the people"


def test_groups_that_take_turns_have_a_share_of_their_own(answered):
    """Else 3.4 % of a group reads as 3.4 % of all people, of whom a batch has 0.05 %."""
    answer = answered()
    best = replace(answer.decision.recommendation, bands=64)
    banded = replace(answer.decision, recommendation=best)
    rows = dict(facts.configuration(banded, EN))
    part = best.config.batch_size / banded.budget.data_budget
    assert rows["Share of all people in a batch"] == formats.percent(part, "en")
    assert "Share of all people in a batch" not in dict(facts.configuration(answer.decision, EN))
    kept = certified(answer)
    turns = replace(kept, mechanism=replace(kept.mechanism, bands=64))
    named = dict(facts.guarantee(turns, EN))
    assert "Sampling probability q in the group whose turn it is" in named
    assert "Sampling probability q" not in named


def test_the_configuration_has_every_digit(decide):
    rows = dict(facts.configuration(decide(), EN))
    assert rows["Model size (parameters)"] == "49,000,000 (24.5M–98M)"
    assert rows["Iterations (steps)"] == "11,360 (at least 3,790)"


def test_the_configuration_names_the_published_shapes_around_its_size(decide):
    answer = decide()
    rows = dict(facts.configuration(answer, EN))
    assert rows["Shape (layers × width)"] == ("between 8×512 (41M) and 12×768 (109M)")
    config = replace(answer.recommendation.config, model_size=10**9)
    large = replace(answer, recommendation=replace(answer.recommendation, config=config))
    rows = dict(facts.configuration(large, JA))
    assert rows["形状(層数 × 幅)"] == "最も近い形状は26×1536(7.78億)"
    ours = replace(answer, evidence=replace(answer.evidence, id="gpt-bytes-docstrings"))
    assert "Shape (layers × width)" not in dict(facts.configuration(ours, EN))


def test_what_the_answer_rests_on_names_the_forms_of_the_law(decide):
    answer = decide(forms={"limits": 0.5, "plateau": 0.3, "additive": 0.1, "mine": 0.06, "b": 0.04})
    rows = dict(facts.provenance(answer, EN))
    assert rows["Forms of the law, by weight"] == (
        "50% the worst of size, steps and noise decides · 30% noise ends in a plateau · "
        "10% size, steps and noise add up · 10% 2 other forms"
    )
    assert "その他2種類 10%" in dict(facts.provenance(answer, JA))["スケーリング則の形と重み"]


@pytest.mark.parametrize("name", FORMS)
def test_every_form_has_words(name):
    assert labels.form(name, EN) != name and labels.form(name, JA) != labels.form(name, EN)


def test_wiggle_room(decide):
    answer = decide()
    assert "comes within 1% of the best loss" in wording.wiggle(answer, EN)
    nothing = replace(answer.wiggle_room, excess=np.full_like(answer.wiggle_room.excess, 0.5))
    assert findings.smaller_model(replace(answer, wiggle_room=nothing)) is None
    tight = replace(answer.wiggle_room, tolerance=1e-12)
    size = float(tight.model_size[15])
    config = replace(answer.recommendation.config, model_size=round(size))
    answer = replace(
        answer, wiggle_room=tight, recommendation=replace(answer.recommendation, config=config)
    )
    assert wording.wiggle(answer, EN).startswith("No smaller model")
