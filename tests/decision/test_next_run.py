"""The next run: what is proposed, in which order, and what it costs."""

import json

import pytest

from engine.__main__ import main
from engine.config import FLOPS_PER_PARAMETER_AND_TOKEN
from engine.cost import cost
from engine.decision.decide import decide
from engine.decision.fitted import MEASURED_GPT, newest_evidence
from engine.decision.next_run import LEAST, Candidate, efficient, next_runs
from engine.decision.next_sweep import RATES, sweep_plan
from engine.decision.question import question
from engine.errors import InputError
from engine.pilot.sweeps.gridfile import parse

ASKED = question(1e15, 200_000, 8.0, evidence_id=MEASURED_GPT)


@pytest.fixture(scope="module")
def found():
    return next_runs(ASKED)


def test_a_run_at_the_plan_tells_most_per_yen_and_is_priced_as_a_training(found):
    plan = decide(ASKED.budget, newest_evidence(MEASURED_GPT)).recommendation
    most, first = found.most, found.first
    assert first.noise_batch_ratio == pytest.approx(plan.noise_batch_ratio, rel=0.05)
    assert first.model_size == pytest.approx(plan.config.model_size, rel=0.05)
    tokens = most.batch_size * most.iterations * plan.config.sequence_length
    flops = FLOPS_PER_PARAMETER_AND_TOKEN * most.model_size * tokens
    assert most.cost == cost(flops, ASKED.prices)
    assert 0 < most.narrowing < 1 and found.deviation > found.scatter > 0
    # No run takes the scatter away.
    assert most.narrowing < 1 - found.scatter / found.deviation


def test_candidates_are_ranked_by_what_they_take_away_per_yen(found):
    rates = [one.per_million_jpy for one in found.candidates]
    assert found.candidates and rates == sorted(rates, reverse=True)
    assert all(LEAST <= one.narrowing <= found.most.narrowing for one in found.candidates)


def test_what_a_cheaper_run_matches_is_no_candidate():
    def run(flops, narrowing):
        return Candidate(
            model_size=1, iterations=1, noise_batch_ratio=1.0, batch_size=1,
            cost=cost(flops, ASKED.prices), narrowing=narrowing,
        )  # fmt: skip

    cheap, dear, same, more = (run(*each) for each in [(1, 0.2), (2, 0.1), (1, 0.1), (3, 0.3)])
    assert efficient([dear, more, same, cheap]) == [cheap, more]


def test_the_command(found, capsys):
    asked = ("--evidence", MEASURED_GPT, "--compute", "1e15", "--data", "2e5", "--epsilon", "8")
    assert main(["law", "next", *asked, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["most"]["narrowing"] == pytest.approx(found.most.narrowing)
    assert len(said["candidates"]) == len(found.candidates) and said["tried"] == found.tried
    assert main(["law", "next", *asked]) == 0
    assert "which no run takes away" in capsys.readouterr().out


def test_the_next_run_is_a_sweep_plan_of_exactly_it(found, tmp_path, capsys):
    one = found.first
    assert one == found.candidates[0]
    plan = parse(sweep_plan(one, MEASURED_GPT, found.sequence_length))
    (grid,) = plan.grids
    assert grid.model_sizes == (one.model_size,) and grid.iterations == one.iterations
    assert grid.noise_batch_ratios == (one.noise_batch_ratio,)
    assert plan.batch_size == one.batch_size and plan.sequence_length == 64
    assert len(grid.learning_rates) == len(RATES) and plan.corpus.kind == "docstrings"


def test_a_plan_on_a_text_that_nobody_named_is_refused(found):
    with pytest.raises(InputError, match="a text"):
        parse(sweep_plan(found.first, "published-bert", 512))
