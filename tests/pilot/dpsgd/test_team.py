"""Several ranks are one mechanism: the same batch, the same sum, one noise, one ledger."""

import math
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import torch

from engine.errors import InputError
from engine.pilot.dpsgd.batch_sum import BatchSum
from engine.pilot.dpsgd.progress import MemoryFullError, RankLostError
from engine.pilot.dpsgd.recomputed import RecomputedClippedSum
from engine.pilot.dpsgd.sampling import Batch
from engine.pilot.dpsgd.team import Helper, Team, dealt, part_of_sum
from engine.pilot.ladder import parameter_count
from engine.pilot.plan import Engine
from engine.pilot.running.ranks import is_too_large
from tests.pilot.fake_training import SHAPE, Corpus, settings
from tests.pilot.ranked_training import ITERATIONS, LOST_AT, SHARDED, SIZES, STEPS

ROOT = Path(__file__).resolve().parents[3]
UNITS = 54
"""Fifty people and four canaries."""


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What real processes did, once for all tests."""
    folder = tmp_path_factory.mktemp("ranks")
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        [sys.executable, "-m", "tests.pilot.ranked_training", str(folder)],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-3000:]
    return torch.load(folder / "found.pt")


@pytest.mark.parametrize(("name", "size"), SIZES)
@pytest.mark.slow
def test_ranks_compute_what_one_process_computes(found, name, size):
    alone, ranked = found[name, 1], found[name, size]
    assert ranked["ends"] == [0] * size and ranked["stop"] == "finished"
    assert len(alone["noisy"]) == len(ranked["noisy"]) == STEPS
    for what in ("exact", "noisy"):
        for one, other in zip(alone[what], ranked[what], strict=True):
            assert one.dtype == torch.float64
            torch.testing.assert_close(other, one, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(ranked["weights"], alone["weights"], rtol=1e-9, atol=1e-9)
    for what in ("curve", "trained", "train loss"):
        assert ranked[what] == pytest.approx(alone[what], rel=1e-9, abs=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("name", SHARDED)
def test_a_model_in_parts_computes_what_one_process_computes(found, name):
    alone, parts = found[name, 1], found[name, "sharded"]
    assert parts["ends"] == [0, 0] and parts["stop"] == "finished"
    for what in ("exact", "noisy"):
        for one, other in zip(alone[what], parts[what], strict=True):
            assert one.dtype == other.dtype == torch.float64
            torch.testing.assert_close(other, one, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(parts["weights"], alone["weights"], rtol=1e-9, atol=1e-9)
    for what in ("curve", "trained", "train loss"):
        assert parts[what] == pytest.approx(alone[what], rel=1e-9, abs=1e-9)


def test_every_unit_of_a_batch_is_in_the_sum_of_exactly_one_rank(found):
    for ranked in (found["private"], *(found[case] for case in SIZES)):
        for step, drawn in enumerate(ranked["drawn"]):
            parts = [part[step] for part in ranked["parts"]]
            assert sorted(unit for part in parts for unit in part) == drawn
            assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.slow
def test_all_ranks_together_are_one_poisson_draw(found):
    """Each unit joins with q = 8/50, independently of other units and other steps."""
    steps = ITERATIONS
    joined = np.zeros((steps, UNITS))
    for step in range(steps):
        for part in found["private"]["parts"]:
            joined[step, part[step]] += 1
    q = 8 / 50
    assert set(np.unique(joined)) == {0, 1}
    assert abs(joined.mean() - q) < 4 * math.sqrt(q * (1 - q) / joined.size)
    # The variance of a batch's size is the sum of its units' only where these are independent.
    sizes = joined.sum(1)
    assert 0.6 < sizes.var() / (UNITS * q * (1 - q)) < 1.5
    again = np.mean(joined[1:] * joined[:-1])
    assert abs(again - q**2) < 4 * math.sqrt(q**2 / joined.size)


@pytest.mark.slow
def test_noise_is_added_once_whatever_the_number_of_ranks(found):
    private = found["private"]
    noise = torch.stack(private["noisy"]).double() - torch.stack(private["exact"]).double()
    assert noise.std().item() == pytest.approx(0.05, rel=0.01)
    white = noise / 0.05
    across = (white[1:] * white[:-1]).mean().item()
    assert abs(across) < 4 / math.sqrt(white[1:].numel())


@pytest.mark.slow
def test_the_ledger_counts_each_step_once(found):
    private = found["private"]
    assert private["ends"] == [0] * 4
    assert private["done"] == private["charged"] == ITERATIONS


@pytest.mark.slow
def test_a_rank_without_memory_stops_the_training_with_its_reason(found):
    full = found["full"]
    assert (full["stop"], full["done"], full["ends"]) == ("memory", 4, [0, 0])
    assert "Expected memory for one example of 16 tokens" in full["reason"]


@pytest.mark.slow
def test_a_killed_rank_costs_the_step_under_way_and_a_single_process_goes_on(found):
    lost, resumed = found["lost"], found["resumed"]
    assert lost["ends"] == [0, -signal.SIGKILL]
    assert lost["stop"] == "rank-lost" and "another of its processes is gone" in lost["reason"]
    assert "rank 1 gives no sign of life" in lost["reason"], "whatever the transport says"
    assert (lost["done"], lost["charged"]) == (LOST_AT - 1, LOST_AT)
    assert len(lost["noisy"]) == LOST_AT - 1, "no noise was drawn for a sum that never came"
    assert (resumed["stop"], resumed["charged"]) == ("finished", ITERATIONS)
    assert resumed["done"] == ITERATIONS - 1
    assert len(resumed["noisy"]) == ITERATIONS - LOST_AT


RESET = "[/third_party/gloo/transport/tcp/pair.cc:537] Read error: Connection reset by peer."


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (RuntimeError(f"{RESET}\nExceptions raised from read"), RESET.rstrip(".")),
        (torch.distributed.DistNetworkError(""), "DistNetworkError"),
    ],
)
def test_what_fails_between_ranks_is_the_loss_of_another_one(monkeypatch, error, reason):
    assert failed_with(error, monkeypatch, RankLostError).values["reason"] == reason


@pytest.mark.parametrize(
    "error", [RuntimeError(""), RuntimeError("shapes differ"), torch.OutOfMemoryError("full")]
)
def test_a_failure_of_its_own_is_not_called_anothers(monkeypatch, error):
    assert failed_with(error, monkeypatch, RuntimeError) is error


class Silent:
    """A pulse of ranks of which some do not beat."""

    def __init__(self, *ranks):
        self.ranks = list(ranks)

    def silent(self):
        return self.ranks


def test_a_rank_that_does_not_beat_is_lost_whatever_the_error_says(monkeypatch):
    said = failed_with(RuntimeError("moved"), monkeypatch, RankLostError, pulse=Silent(1, 3))
    assert said.values["reason"] == "rank 1, 3 gives no sign of life; moved"
    alive = RuntimeError("shapes differ")
    assert failed_with(alive, monkeypatch, RuntimeError, pulse=Silent()) is alive
    full = torch.OutOfMemoryError("full")
    assert failed_with(full, monkeypatch, RuntimeError, pulse=Silent(1)) is full


def failed_with(error, monkeypatch, kind, **team):
    """What a rank raises where ``error`` comes while it sends."""

    def fail(*arguments, **options):
        raise error

    monkeypatch.setattr(torch.distributed, "broadcast", fail)
    with pytest.raises(kind) as raised:
        Team(0, 2, **team).begin(0, 0)
    return raised.value


def test_only_what_can_be_held_in_parts_is():
    for change in ({"engine": Engine.OPACUS}, {"recompute": True}):
        with pytest.raises(InputError, match="Expected a training of all weights by the fast"):
            Team(0, 2, is_sharded=True).sharded(settings(**change))
    assert Team(0, 2).sharded(settings()) is None
    assert is_too_large(parameter_count(SHAPE), 24 * parameter_count(SHAPE))
    assert not is_too_large(parameter_count(SHAPE), 31 * parameter_count(SHAPE))
    assert not is_too_large(10**12, None), "where the system does not tell, nothing is divided"


def test_a_batch_of_nobody_leaves_every_rank_without_units():
    none = np.zeros(0)
    batch = Batch(units=none.astype(np.int64), documents=none, windows=none)
    assert [dealt(batch, rank, 3).size for rank in range(3)] == [0, 0, 0]


def test_full_memory_of_a_rank_is_told_and_not_raised():
    """The others wait for its part: rank 0 hears it from there."""

    class Full:
        def add_up(self, examples):
            raise MemoryFullError(tokens=16)

    examples = torch.zeros(2, 16), torch.zeros(2, 16)
    part = part_of_sum(cast(BatchSum, Full()), examples)
    assert (part.is_memory_full, part.tokens, part.loss) == (True, 16, 0.0)


def test_a_rank_computes_activations_anew_where_the_plan_says_so():
    helper = Helper(settings(recompute=True), Corpus())
    assert helper.sum is not None
    assert isinstance(helper.sum._clipped_sum, RecomputedClippedSum)
