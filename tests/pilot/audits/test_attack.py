"""Attacks on small models: memory is found, noise hides it, and nothing
but the split tells pairs."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from engine.config import TrainingConfig
from engine.errors import InputError
from engine.pilot.audits.attack import (
    audit_training,
    draw_canaries,
    exchangeable,
    model_losses,
    model_of,
)
from engine.pilot.audits.audit import Method
from engine.pilot.dpsgd.model import IGNORED, build, cross_entropy
from engine.pilot.dpsgd.training import Training
from engine.pilot.ladder import parameter_count
from engine.pilot.plan import TrainingSettings
from engine.pilot.shape import Shape
from engine.pilot.text.corpus import Corpus

SEQUENCE = 16
GPT = Shape(
    kind="gpt", depth=1, width=32, heads=2, hidden=64, activation="gelu",
    vocabulary_size=64, sequence_length=SEQUENCE,
)  # fmt: skip
BERT = Shape(
    kind="bert", depth=1, width=32, heads=2, hidden=64, activation="gelu",
    vocabulary_size=65, sequence_length=SEQUENCE,
)  # fmt: skip


def corpus_of(units: int, *, length: int = 40, seed: int = 0, kind: type = Corpus) -> Corpus:
    """Random tokens: nothing to learn but by heart."""
    rng = np.random.default_rng(seed)
    return kind(
        name="noise",
        family="gpt-noise",
        tokens=rng.integers(64, size=units * length).astype(np.uint8),
        document_starts=np.arange(units + 1) * length,
        unit_starts=np.arange(units + 1),
        vocabulary_size=64,
        fingerprint=f"{seed:064x}",
    )


def settings_of(shape: Shape = GPT, **changes) -> TrainingSettings:
    values = {
        "shape": shape,
        "config": TrainingConfig(
            model_size=parameter_count(shape), batch_size=40, iterations=60,
            sequence_length=shape.sequence_length,
        ),
        "data_budget": 100,
        "noise_batch_ratio": 0.0,
        "clip_norm": 1.0,
        "learning_rate": 0.02,
        "warmup": 5,
        "averaging": 8.0,
        "seed": 1,
    }  # fmt: skip
    return TrainingSettings(**{**values, **changes})


def fresh(shape: Shape) -> torch.nn.Module:
    return build(shape, generator=torch.Generator().manual_seed(3))


# --- canaries -----------------------------------------------------------------------------------


def test_canaries_are_uniform_tokens_with_fair_coins_and_repeat_by_their_generator():
    test = draw_canaries(2000, GPT, np.random.default_rng(5))
    assert test.tokens.shape == (2000, SEQUENCE + 1)
    counts = np.bincount(test.tokens.ravel(), minlength=64)
    assert len(counts) == 64 and counts.min() > 400 and counts.max() < 670
    assert abs(test.included.mean() - 0.5) < 0.05
    assert abs(np.corrcoef(test.included[:-1], test.included[1:])[0, 1]) < 0.1
    again = draw_canaries(2000, GPT, np.random.default_rng(5))
    np.testing.assert_array_equal(again.tokens, test.tokens)
    np.testing.assert_array_equal(again.included, test.included)


def test_a_masked_model_has_no_canary_with_its_mask():
    assert draw_canaries(500, BERT, np.random.default_rng(5)).tokens.max() == 63


def test_only_those_whose_coin_said_so_are_inserted_each_token_before_its_successor():
    test = draw_canaries(50, GPT, np.random.default_rng(6))
    inserted = test.inserted
    assert len(inserted.tokens) == test.included.sum() < 50
    np.testing.assert_array_equal(inserted.tokens, test.tokens[test.included][:, :SEQUENCE])
    np.testing.assert_array_equal(inserted.targets, test.tokens[test.included][:, 1:])


def test_too_few_canaries_are_refused():
    with pytest.raises(InputError, match="at least 10 canaries, got 9"):
        draw_canaries(9, GPT, np.random.default_rng(0))


# --- losses -------------------------------------------------------------------------------------


def test_losses_are_nats_per_token_whatever_the_micro_batch_and_the_padding():
    model, rng = fresh(GPT), np.random.default_rng(7)
    tokens = rng.integers(64, size=(7, SEQUENCE))
    targets = rng.integers(64, size=(7, SEQUENCE))
    targets[2, 5:] = IGNORED
    found = model_losses(model, settings_of(physical_batch_size=3))(tokens, targets)
    with torch.no_grad():
        logits = model(torch.from_numpy(tokens))
        expected = cross_entropy(logits, torch.from_numpy(targets)).numpy()
    expected[2] *= SEQUENCE / 5
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    np.testing.assert_allclose(
        found, model_losses(model, settings_of(physical_batch_size=64))(tokens, targets), rtol=1e-5
    )


def test_a_window_without_targets_and_no_window_at_all_have_losses():
    losses = model_losses(fresh(GPT), settings_of())
    empty = np.zeros((0, SEQUENCE), dtype=np.int64)
    assert losses(empty, empty).shape == (0,)
    assert losses(np.zeros((1, SEQUENCE), dtype=np.int64), np.full((1, SEQUENCE), IGNORED)) == [0.0]


def test_masked_losses_repeat_and_ignore_what_is_no_text():
    losses = model_losses(fresh(BERT), settings_of(BERT))
    tokens = np.random.default_rng(8).integers(64, size=(40, SEQUENCE))
    text = tokens.copy()
    first = losses(tokens, text)
    np.testing.assert_array_equal(losses(tokens, text), first)
    assert 2 < first[first > 0].mean() < 10
    np.testing.assert_array_equal(losses(tokens, np.full_like(text, IGNORED)), 0)


def test_losses_follow_the_weights():
    model = fresh(GPT)
    losses = model_losses(model, settings_of())
    tokens = np.random.default_rng(9).integers(64, size=(2, SEQUENCE))
    before = losses(tokens, tokens)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(1.5)
    assert not np.allclose(losses(tokens, tokens), before)


@pytest.mark.parametrize("shape", [GPT, BERT])
def test_a_model_of_named_weights_is_that_model(shape):
    model = fresh(shape)
    config = replace(longer().config, model_size=parameter_count(shape))
    settings = replace(longer(), shape=shape, config=config)
    copy = model_of(settings, dict(model.named_parameters()))
    tokens = torch.arange(SEQUENCE)[None]
    with torch.no_grad():
        torch.testing.assert_close(copy(tokens), model(tokens), rtol=0, atol=0)


# --- audits of trainings ------------------------------------------------------------------------


class Halves(Corpus):
    """Every second unit is held out: more than a real corpus gives up."""

    def split(self):
        return np.arange(0, self.units, 2), np.arange(1, self.units, 2)


def longer(**changes) -> TrainingSettings:
    return settings_of(
        config=TrainingConfig(
            model_size=parameter_count(GPT), batch_size=80, iterations=250, sequence_length=SEQUENCE
        ),
        averaging=2.0,
        **changes,
    )


def audits_of(settings: TrainingSettings, corpus: Corpus) -> tuple:
    canaries = draw_canaries(100, GPT, np.random.default_rng(10))
    training = Training(settings, corpus, canaries=canaries.inserted)
    training.run()
    losses = model_losses(model_of(settings, training.averaged_weights()), settings)
    return audit_training(corpus, settings, losses, delta=1e-6, canaries=canaries)


def test_learning_by_heart_is_found_by_split_and_by_canaries():
    found = audits_of(longer(), corpus_of(200, kind=Halves))
    by_split, by_canaries = found
    assert (by_split.method, by_canaries.method) == (Method.RANDOM_SPLIT, Method.CANARIES)
    assert (by_split.canaries, by_canaries.canaries) == (100, 100)
    assert by_split.refutes(0.3) and by_canaries.refutes(1.0)
    assert min(by_split.auc, by_canaries.auc) > 0.8
    assert by_split.confidence == by_canaries.confidence == pytest.approx(0.975)
    assert by_split.delta == by_canaries.delta == 1e-6


def test_noise_hides_it():
    for found in audits_of(longer(noise_batch_ratio=0.3), corpus_of(200, kind=Halves)):
        assert not found.refutes(0.5)


def memory_of(units: np.ndarray, corpus: Corpus):
    """Losses of a model that knows the windows of these units, however far into them."""
    known = set()
    for unit in units:
        text = corpus.tokens[corpus.document_starts[unit] : corpus.document_starts[unit + 1]]
        known |= {text[k : k + SEQUENCE].tobytes() for k in range(len(text))}
    return lambda tokens, targets: np.array(
        [1.0 if window.astype(np.uint8).tobytes() in known else 2.0 for window in tokens]
    )


def test_the_split_of_the_corpus_is_what_is_attacked():
    corpus = corpus_of(1000)
    training, held_out = corpus.split()
    settings = settings_of(data_budget=len(training))
    (found,) = audit_training(corpus, settings, memory_of(training, corpus), delta=1e-6)
    assert (found.auc, found.correct, found.guesses) == (1.0, len(held_out), len(held_out))
    assert found.lower_bound == found.ceiling > 1
    assert found.confidence == 0.95
    (other,) = audit_training(corpus, settings, memory_of(held_out, corpus), delta=1e-6)
    assert (other.auc, other.lower_bound) == (0.0, 0.0)
    (fewer,) = audit_training(corpus, settings, memory_of(training, corpus), delta=1e-6, most=20)
    assert fewer.canaries == 20


def test_what_the_model_knew_before_it_began_is_taken_away():
    corpus = corpus_of(1000)
    training, _ = corpus.split()
    settings = settings_of(data_budget=len(training))
    memory = memory_of(training, corpus)
    (found,) = audit_training(corpus, settings, memory, delta=1e-6, initial_losses=memory)
    assert (found.auc, found.lower_bound) == (0.5, 0.0)


def test_the_same_pairs_are_drawn_again_and_other_ones_for_another_corpus():
    def drawn(corpus):
        seen = []

        def losses(tokens, targets):
            seen.append(tokens.copy())
            return np.zeros(len(tokens))

        audit_training(corpus, settings_of(data_budget=950), losses, delta=0.0)
        return np.concatenate(seen)

    corpus = corpus_of(1000)
    np.testing.assert_array_equal(drawn(corpus), drawn(corpus))
    assert len(drawn(corpus)) == 4 * 50
    renamed = Corpus(**{**vars(corpus), "fingerprint": "f" * 64})
    assert not np.array_equal(drawn(corpus), drawn(renamed))


def test_units_are_judged_by_the_beginning_and_the_middle_of_their_text():
    corpus = corpus_of(1000)
    seen: set[bytes] = set()

    def losses(tokens, targets):
        seen.update(window.astype(np.uint8).tobytes() for window in tokens)
        return np.zeros(len(tokens))

    audit_training(corpus, settings_of(data_budget=950), losses, delta=0.0)
    _, held_out = corpus.split()
    starts = corpus.document_starts[held_out]
    for first in (0, 12):  # of 24 windows of 16 tokens whose targets are all there
        assert {corpus.tokens[k + first : k + first + 16].tobytes() for k in starts} <= seen


def test_without_enough_held_out_units_there_are_canaries_only_or_nothing():
    corpus = corpus_of(180)  # 9 are held out
    settings = settings_of(data_budget=171)

    def flat(tokens, targets):
        return np.zeros(len(tokens))

    assert audit_training(corpus, settings, flat, delta=0.0) == ()
    canaries = draw_canaries(20, GPT, np.random.default_rng(0))
    (found,) = audit_training(corpus, settings, flat, delta=0.0, canaries=canaries)
    assert (found.method, found.confidence) == (Method.CANARIES, 0.95)


def test_all_units_are_candidates_where_all_were_trained_on():
    corpus = corpus_of(1000)
    training, held_out = exchangeable(corpus, 950)
    assert (len(training), len(held_out)) == (950, 50)


def test_held_out_units_that_could_not_have_been_trained_on_are_no_candidates():
    corpus = corpus_of(1000)
    whole, _ = corpus.split()
    training, held_out = exchangeable(corpus, 300)
    assert list(training) == list(whole[:299])
    limit = whole[299]
    assert 0 < len(held_out) < 50 and held_out.max() < limit
    assert set(training) | set(held_out) == set(range(limit))


def test_a_split_in_random_order_has_no_limit():
    class Shuffled(Corpus):
        def split(self):
            training, held_out = super().split()
            return np.random.default_rng(0).permutation(training), held_out

    training, held_out = exchangeable(corpus_of(1000, kind=Shuffled), 300)
    assert (len(training), len(held_out)) == (300, 50)


def test_drift_in_the_corpus_is_not_taken_for_memory():
    """A training on the first third only, of texts that get harder: losses by place alone."""
    corpus = corpus_of(4000)

    def by_place(tokens, targets):
        return np.array([place[window.astype(np.uint8).tobytes()] for window in tokens])

    place: dict[bytes, float] = {}
    for unit in range(4000):
        text = corpus.tokens[corpus.document_starts[unit] : corpus.document_starts[unit + 1]]
        place |= {text[k : k + SEQUENCE].tobytes(): float(unit) for k in range(len(text))}
    (found,) = audit_training(corpus, settings_of(data_budget=1300), by_place, delta=0.0)
    assert found.lower_bound == 0 and abs(found.auc - 0.5) < 0.12


def test_nothing_is_said_about_a_model_whose_losses_are_no_numbers():
    corpus, settings = corpus_of(1000), settings_of(data_budget=950)

    def diverged(tokens, targets):
        return np.full(len(tokens), math.nan)

    with pytest.raises(InputError, match="finite numbers"):
        audit_training(corpus, settings, diverged, delta=0.0)
