"""What mechanisms would take and give, by hand and as docs/mechanisms.md prints it."""

from pathlib import Path
from typing import Any

import pytest

from engine.accounting.accountant import certify
from engine.accounting.mechanisms_compared import choices
from engine.accounting.strategy import error, strategy
from engine.commands import mechanisms
from engine.config import Sampling
from engine.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
ASKED: dict[str, Any] = {
    "data_budget": 25_512,
    "batch_size": 48,
    "iterations": 192,
    "epsilon": 1.0,
    "delta": 1e-6,
    "model_size": 1e6,
    "bandwidth": 1e10,
}


def test_one_line_is_what_it_says():
    alone, four = choices(**ASKED, bands=[4])
    terms = {key: ASKED[key] for key in list(ASKED)[:5]}
    noise = [certify(**terms, sampling=Sampling.POISSON, bands=b).noise_multiplier for b in (1, 4)]
    assert [alone.noise_multiplier, four.noise_multiplier] == noise
    spread = [error(strategy(bands=b, iterations=192), iterations=192) ** 0.5 for b in (1, 4)]
    assert four.error == pytest.approx(noise[1] * spread[1] / (noise[0] * spread[0]))
    assert (alone.bands, alone.error, alone.past_bytes, alone.seconds_per_step) == (1, 1.0, 0, 0)
    assert four.past_bytes == 3 * 4 * 1e6
    assert four.seconds_per_step == pytest.approx(5 * 4 * 1e6 / 1e10)
    assert (four.compositions, four.epsilon <= 1.0) == (48, True)


def test_momentum_is_another_workload():
    plain, averaged = (choices(**ASKED, bands=[4], momentum=beta)[1].error for beta in (0.0, 0.9))
    assert averaged < plain


def test_the_table_of_the_document_is_what_the_command_prints():
    text = (ROOT / "docs" / "mechanisms.md").read_text("utf-8")
    found = choices(
        data_budget=10**10,
        batch_size=518_000,
        iterations=10**5,
        epsilon=2.0,
        delta=1e-10,
        model_size=1e9,
        bandwidth=1e12,
    )
    for choice in found:
        bands, noise, turns, _, left, memory, time = mechanisms._line(choice)
        if choice.bands == 1:
            memory = time = "none"
        assert f"| {bands} | {noise} | {turns} | {left} | {memory} | {time} |" in text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model_size": 0}, "Expected model_size above 0"),
        ({"bandwidth": -1.0}, "Expected bandwidth above 0"),
        ({"bands": [600]}, "Expected 1 to 192 bands"),
    ],
)
def test_what_cannot_be_planned_is_refused(change, message):
    with pytest.raises(InputError, match=message):
        choices(**{**ASKED, **change})
