"""The Decide page on the real engine: every corner of the sliders ends in an answer or a reason."""

import pytest

from dashboard.decide import charts, facts, wording
from dashboard.ui.colours import LIGHT
from engine import cost
from engine.config import Budget, Sampling
from engine.decision.decide import decide
from engine.errors import InputError
from engine.text.i18n import Words

JA, EN = Words("ja"), Words("en")


def test_the_page(app):
    page = app()
    assert not page.exception and not page.error
    assert " parameters, " in page.header[0].value
    assert len(page.metric) == 9
    assert any(text.value.startswith("On 1 NVIDIA H200 this training") for text in page.markdown)


@pytest.mark.parametrize("compute", [1e13, 1e16, 3.8e20, 1e24])
@pytest.mark.parametrize("people", [1_000, 100_000, 10_000_000, 10_000_000_000])
@pytest.mark.parametrize("epsilon", [0.1, 4.0, 64.0])
def test_every_corner_is_answered_or_refused_in_a_sentence(fitted, compute, people, epsilon):
    budget = Budget(compute_flops=compute, data_budget=people, epsilon=epsilon)
    try:
        answer = decide(budget, fitted, sampling=Sampling.POISSON, assumptions=cost.DEFAULTS)
    except InputError as refusal:
        for words in (JA, EN):
            sentence = words.refusal(refusal)
            assert sentence and "{" not in sentence
        return
    for words in (JA, EN):
        assert "nan" not in wording.decision(answer, words)
        assert wording.second_line(answer, words)
        assert wording.saving(answer, words) and wording.support(answer, words)
        assert len(facts.metrics(answer, words)) == 4
        assert len(facts.configuration(answer, words)) == 9
        for draw in (charts.frontier, charts.doublings, charts.wiggle_room):
            assert "nan" not in draw(answer, words, LIGHT).alt
