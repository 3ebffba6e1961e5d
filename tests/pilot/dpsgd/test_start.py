"""Trainings that begin from a public start: what moves, what is clipped, what is promised."""

import math
from dataclasses import replace
from typing import Any

import pytest
import torch

from engine.errors import InputError
from engine.pilot import starts
from engine.pilot.dpsgd.clipping import clipped_sum
from engine.pilot.dpsgd.progress import Stop
from engine.pilot.dpsgd.start import LowRank, initial
from engine.pilot.dpsgd.training import Training
from engine.pilot.ladder import shape_for, trainable_count
from engine.pilot.plan import Engine, TrainingSettings
from engine.pilot.pretraining import losses_of_starts
from tests.pilot.dpsgd.test_clipping import assert_agree, by_loop, seeded
from tests.pilot.fake_training import SHAPE, Corpus, settings
from tests.pilot.made_start import keep

RANKS = (1, 3)


@pytest.fixture(autouse=True)
def own_data(tmp_path, monkeypatch):
    monkeypatch.setenv("KESSAI_DATA", str(tmp_path))


@pytest.fixture
def begun():
    """Settings from a start, by rank."""
    start = keep("mine", SHAPE)
    return lambda rank=0, **changes: replace(settings(**changes), start=start.begun(rank))


def test_settings_survive_json_and_plans_from_nothing_keep_their_ids(begun):
    chosen = begun(3)
    assert TrainingSettings.from_dict(chosen.to_dict()) == chosen
    assert "start" not in settings().to_dict()


@pytest.mark.parametrize("rank", [0, *RANKS])
def test_the_first_step_begins_at_the_starts_own_loss(begun, rank):
    start = Training(begun(0), Corpus()).held_out_loss()
    assert Training(begun(rank), Corpus()).held_out_loss() == pytest.approx(start, rel=1e-6)
    assert start != pytest.approx(Training(settings(), Corpus()).held_out_loss(), rel=1e-5)


@pytest.mark.parametrize("activation", ["gelu", "swiglu"])
@pytest.mark.parametrize("rank", RANKS)
def test_what_moves_is_counted(rank, activation):
    shape = shape_for(30_000, activation=activation)
    start = keep(f"of-{activation}-{rank}", shape)
    model = initial(replace(settings(), shape=shape, start=start.begun(rank)), generator=seeded(1))
    assert sum(p.numel() for p in model.parameters()) == trainable_count(shape, rank)


@pytest.mark.parametrize("clip_norm", [1e-6, 0.05, 10.0])
@pytest.mark.parametrize("rank", RANKS)
def test_clipped_sums_of_low_rank_parts_are_those_of_autograd(begun, rank, clip_norm):
    """Some releases of a well-known library train LoRA wrongly under DP: hence by definition."""
    model = initial(begun(rank), generator=seeded(2))
    with torch.no_grad():  # at B = 0 half of the gradients vanish
        for part in (m for m in model.modules() if isinstance(m, LowRank)):
            part.up.weight.normal_(0, 0.3, generator=seeded(5))
    tokens = torch.randint(SHAPE.vocabulary_size, (5, SHAPE.sequence_length), generator=seeded(3))
    targets = torch.randint(SHAPE.vocabulary_size, tokens.shape, generator=seeded(4))
    weights = torch.tensor([1.0, 1.0, 0.0, 1.0, 1.0])
    found = clipped_sum(model, clip_norm=clip_norm)(tokens, targets, weights)
    assert_agree(found, by_loop(model, clip_norm, tokens, targets, weights))


@pytest.mark.parametrize("rank", [0, 2])
def test_it_learns_and_low_rank_training_moves_nothing_else(begun, rank):
    training = Training(begun(rank, iterations=60, noise=0.002), Corpus())
    before = {name: w.clone() for name, w in training.model.named_buffers()}
    start = training.held_out_loss()
    outcome = training.run()
    assert outcome.cross_entropy < start
    assert {name: torch.equal(w, before[name]) for name, w in training.model.named_buffers()} == (
        dict.fromkeys(before, True)
    )
    assert bool(before) is (rank > 0)


def test_a_private_one_is_charged_goes_on_and_keeps_its_start(begun, tmp_path):
    chosen = begun(2, iterations=40, noise=0.02, seed=None)
    first = Training(chosen, Corpus(), folder=tmp_path / "run")
    asked = iter([None] * 15)
    first.run(should_stop=lambda: next(asked, Stop.PAUSED))
    again = Training(chosen, Corpus(), folder=tmp_path / "run")
    outcome = again.run()
    assert (outcome.stop, outcome.charged, outcome.private) == (Stop.FINISHED, 40, True)
    assert math.isfinite(outcome.cross_entropy)
    other = Training(
        begun(0, iterations=40, noise=0.02, seed=None), Corpus(), folder=tmp_path / "run"
    )
    with pytest.raises(InputError, match=r"another one|ledger"):
        other.run()


def test_a_seeded_one_repeats(begun):
    one, two = (Training(begun(2, iterations=20, noise=0.02), Corpus()).run() for _ in range(2))
    assert one.curve == two.curve


def test_another_shape_and_another_engine_are_refused(begun):
    with pytest.raises(InputError, match="the shape of the start mine"):
        initial(replace(begun(0), shape=replace(SHAPE, hidden=SHAPE.hidden + 8)), generator=None)
    with pytest.raises(InputError, match="Expected the fast engine"):
        initial(replace(begun(2), engine=Engine.OPACUS), generator=None)


def test_every_start_that_reads_a_text_is_asked_for_its_loss_there(begun, tmp_path):
    other = keep("bytes", shape_for(15_000))
    (tmp_path / "starts" / "broken.safetensors").write_bytes(b"nothing")
    corpus: Any = Corpus()
    found = losses_of_starts(corpus)
    mine = starts.read("mine")
    assert found.keys() == {mine.sha256} and other.sha256 not in found
    assert found[mine.sha256] == Training(begun(0), Corpus()).held_out_loss()
