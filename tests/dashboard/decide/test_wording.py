"""Golden sentences in both languages, and the branches that change their meaning."""

from dataclasses import asdict, replace

import numpy as np
import pytest

from dashboard.decide import facts, wording
from engine.accounting.mechanism import Mechanism
from engine.allocation.result import Doubling, Extrapolation, Support
from engine.decision import findings
from engine.decision.answer import to_certify
from engine.interval import Interval
from engine.text import labels
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
        "Train a 49M-parameter model, 11,400 steps on batches of 222,000 people. "
        "Expect a loss of 2.92 (2.81–3.04) for about ¥180,000."
    )
    assert wording.decision(answer, JA) == (
        "4,900万パラメータのモデルを、毎回22.2万人分のデータで11,400回更新して学習します。"
        "予測損失は2.92(2.81〜3.04)、費用は約18万円です。"
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


def test_the_saving_is_told_against_both_strengths(decide):
    answer = decide()
    tuned = replace(answer.rule_tuned, compute_factor=6.2, factor_low=4.1, factor_high=9.8)
    answer = replace(answer, rule_tuned=tuned)
    assert wording.saving(answer, EN) == (
        "For the same loss at the same privacy, the usual rule (20 tokens per parameter) needs "
        "6.2× (4.1–9.8×) the compute, even with its batch size tuned for privacy. "
        "With the batch size it is used with today, it never gets there."
    )
    assert wording.saving(answer, JA) == (
        "同じプライバシーで同じ損失を得るのに、通常則(1パラメータあたり20トークン)では、"
        "バッチサイズをプライバシー向けに調整しても6.2倍(4.1〜9.8倍)の計算量が必要です。"
        "慣行どおりのバッチサイズでは、この損失に届きません。"
    )


def test_a_rule_outside_the_evidence_is_only_a_lead(decide):
    answer = decide()
    decades = {"model_size": 1.5, "iterations": 0.0, "noise_batch_ratio": 0.0}
    far = Extrapolation(support=Support.OUTSIDE, decades=decades)
    answer = replace(answer, rule_tuned=replace(answer.rule_tuned, extrapolation=far))
    assert wording.saving(answer, EN).endswith("take this comparison as a lead.")
    assert wording.saving(answer, JA).endswith("この比較は目安です。")


def test_a_rule_that_never_reaches_the_loss_is_said_to_never_reach_it(decide):
    answer = fake_engine.never_reached(decide())
    assert "never reaches this loss" in wording.saving(answer, EN)
    assert "10²⁵ FLOPs" in wording.saving(answer, EN)
    saving = facts.metrics(answer, JA)[2]
    assert (saving.value, saving.detail) == ("到達不可", "この損失には届きません")


def test_a_rule_out_of_reach_is_compared_at_its_own_loss(decide):
    rule = replace(decide().rule_tuned, compute_factor=None, matched_factor=45.2)
    assert wording.out_of_reach(rule, EN).endswith("gets with 1/45 of the compute")
    assert "1/45の計算量で" in wording.out_of_reach(rule, JA)


def test_the_headline_is_against_the_stronger_rule(decide):
    answer = decide()
    practised = replace(answer.rule_practised, compute_factor=3.0, factor_low=2, factor_high=None)
    answer = replace(answer, rule_practised=practised)
    assert findings.stronger_rule(answer) is practised
    saving = facts.metrics(answer, EN)[2]
    assert saving.value == "3×"
    assert saving.detail.startswith("2× or more the compute")
    assert facts.metrics(answer, JA)[2].detail.startswith("計算量2倍以上")


def test_saturation_before_and_behind(decide):
    answer = decide()
    ahead = replace(answer.saturation, compute_flops=3.2 * answer.budget.compute_flops)
    behind = replace(answer.saturation, compute_flops=0.38 * answer.budget.compute_flops)
    assert wording.saturation(replace(answer, saturation=ahead), EN) == "3.2× this budget"
    assert wording.saturation(replace(answer, saturation=behind), JA) == (
        "通過済み。いまの予算の38%で足ります"
    )


def test_past_saturation_the_second_line_says_that_less_would_do(decide):
    answer = decide()
    assert wording.second_line(answer, EN) == wording.binding(answer, EN)
    behind = replace(answer.saturation, compute_flops=0.0017 * answer.budget.compute_flops)
    answer = replace(answer, saturation=behind)
    assert wording.second_line(answer, EN).endswith(
        "With 0.17% of this compute the loss is already within 1% of the best."
    )
    assert "この計算量の0.17%でも" in wording.second_line(answer, JA)


@pytest.mark.parametrize("support", Support)
def test_support(decide, support):
    decades = {"model_size": 0.0, "iterations": 0.0, "noise_batch_ratio": 0.301}
    answer = decide(extrapolation=Extrapolation(support=support, decades=decades))
    english, japanese = wording.support(answer, EN), wording.support(answer, JA)
    if support is Support.OUTSIDE:
        assert "the noise-batch ratio lies 2× beyond" in english
        assert "ノイズ・バッチ比が実測の範囲の2倍に達しています" in japanese
    assert english.split()[0] == {"inside": "Inside", "edge": "At", "outside": "Outside"}[support]


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


def test_the_configuration_has_every_digit(decide):
    rows = dict(facts.configuration(decide(), EN))
    assert rows["Model size (parameters)"] == "49,000,000"
    assert rows["Iterations (steps)"] == "11,360"


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
