from functools import cached_property
from typing import Any

import numpy as np
import pytest
import torch

from engine.errors import InputError
from engine.pilot.dpsgd.examples import EVALUATED, Canaries, Source, targets_counted
from engine.pilot.dpsgd.model import IGNORED
from engine.pilot.dpsgd.sampling import Batch
from engine.pilot.dpsgd.team import dealt
from engine.pilot.shape import Shape
from tests.pilot.fake_training import SHAPE, Corpus, S, settings


def batch(*units, key=3):
    return Batch(
        units=np.array(units, dtype=np.int64),
        documents=np.full(len(units), 0.5),
        windows=np.linspace(0.1, 0.9, len(units)),
        masks=np.uint64(1000 * key) + np.arange(len(units), dtype=np.uint64),
    )


class Remembering(Corpus):
    """Remembers whose documents were read."""

    @cached_property
    def read(self) -> list[Any]:
        return []

    def documents_of(self, units, picks01):
        self.read.append((units, picks01))
        return units


def test_each_unit_gives_one_window():
    corpus = Remembering()
    source = Source(settings(), corpus)
    tokens, targets = source.of(batch(0, 3, 49))
    units, picks = corpus.read[-1]
    assert units.tolist() == [10, 13, 59] and picks.tolist() == [0.5] * 3
    assert tokens.shape == targets.shape == (3, S) and tokens.dtype == torch.int64
    expected = corpus.windows(units, np.linspace(0.1, 0.9, 3), S)
    assert (tokens.numpy() == expected[0]).all() and (targets.numpy() == expected[1]).all()


def test_an_empty_batch_reads_nothing():
    corpus = Remembering()
    tokens, targets = Source(settings(), corpus).of(batch())
    assert tokens.shape == targets.shape == (0, S)
    assert corpus.read == []


def test_held_out_people_are_never_trained_on():
    corpus = Remembering()
    source = Source(settings(people=30), corpus)
    source.of(batch(*range(source.size)))
    source.trained()
    trained = {int(unit) for units, _ in corpus.read for unit in units}
    assert trained == set(range(10, 40)), "the first 30 of those to train on"
    corpus.read.clear()
    source.held_out()
    assert {int(unit) for units, _ in corpus.read for unit in units} == set(range(10))


def test_windows_to_evaluate_are_those_of_the_corpus_alone():
    one = Source(settings(seed=1), Corpus()).held_out()
    two = Source(settings(seed=None, batch_size=3), Corpus()).held_out()
    other = Source(settings(), Corpus(fingerprint="a" * 64)).held_out()
    assert all(torch.equal(a, b) for a, b in zip(one, two, strict=True))
    assert not torch.equal(one[0], other[0])
    trained = Source(settings(), Corpus()).trained()
    assert not torch.equal(one[0][:10], trained[0][:10])


@pytest.mark.parametrize(("held_out", "windows"), [(1, 4), (10, 40), (600, EVALUATED)])
def test_there_are_at_most_512_windows_and_four_a_person(held_out, windows):
    corpus = Remembering(held_out=held_out, units=held_out + 50)
    assert len(Source(settings(), corpus).held_out()[0]) == windows
    ((units, _),) = corpus.read
    assert len(np.unique(units)) == min(held_out, windows)


def test_canaries_join_like_people_and_do_not_count_in_n():
    canaries = Canaries(tokens=np.full((2, S), 9), targets=np.full((2, S), 8))
    source = Source(settings(), Corpus(), canaries)
    assert source.size == 52 and len(source.training_units) == 50
    tokens, targets = source.of(batch(0, 49, 51))
    assert (tokens[2] == 9).all() and (targets[2] == 8).all()
    assert not (tokens[:2] == 9).all()
    tokens, _ = source.of(batch(50, 51))
    assert (tokens == 9).all(), "a batch of canaries alone"


def test_a_corpus_too_small_is_refused():
    with pytest.raises(InputError, match="at least 51 units to train on, got 50"):
        Source(settings(people=51), Corpus())


def test_a_corpus_of_too_many_tokens_is_refused():
    with pytest.raises(InputError, match="at most 32 different tokens, got 33"):
        Source(settings(), Corpus(vocabulary_size=33))


def test_masked_models_guess_words_not_padding():
    shape = Shape(**{**SHAPE.__dict__, "kind": "bert"})

    class Short(Corpus):
        def windows(self, documents, offsets01, sequence_length):
            tokens, targets = super().windows(documents, offsets01, sequence_length)
            tokens[:, 5:], targets[:, 4:] = 0, IGNORED  # documents of five tokens
            return tokens, targets

    source = Source(settings(shape=shape), Short())
    tokens, targets = source.of(batch(*range(50)))
    asked = targets != IGNORED
    assert not asked[:, 5:].any() and asked[:, 4].any()
    # 15 % of 250, six standard errors.
    assert abs(asked[:, :5].float().mean() - 0.15) < 6 * (0.15 * 0.85 / 250) ** 0.5
    assert (tokens[asked] == 31).float().mean() > 0.5, "most of them hidden"
    again = source.of(batch(*range(50)))
    part = source.of(dealt(batch(*range(50)), 1, 3))
    assert torch.equal(part[0], tokens[1::3]) and torch.equal(part[1], targets[1::3])
    other = source.of(batch(*range(50), key=4))
    assert torch.equal(again[1], targets) and not torch.equal(other[1], targets)


# --- several windows of a unit --------------------------------------------------------------------


class Several(Corpus):
    """Unit u has u % 4 + 1 documents, numbered 10 u and on."""

    def documents_in(self, units):
        return np.asarray(units) % 4 + 1

    def documents_of(self, units, picks01):
        return 10 * units + (picks01 * self.documents_in(units)).astype(int)


def several(*units: int, k: int = 3) -> Batch:
    rng = np.random.default_rng(0)
    return Batch(
        units=np.array(units, dtype=np.int64),
        documents=rng.random((len(units), k)),
        windows=rng.random((len(units), k)),
    )


def test_a_unit_gives_a_window_of_each_of_several_documents():
    canaries = Canaries(tokens=np.full((1, S), 7), targets=np.full((1, S), 8))
    source = Source(settings(documents=3), Several(), canaries)
    drawn = several(0, 1, 2, 50)
    tokens, targets = source.of(drawn)
    assert tokens.shape == targets.shape == (4, 3, S)
    given = (targets >= 0).any(-1).sum(1)
    units = np.arange(10, 13)  # the first training units
    assert given.tolist() == [*np.minimum(units % 4 + 1, 3), 1]
    for row, unit in enumerate(units):
        firsts = tokens[row][(targets[row] >= 0).any(-1)][:, 0].tolist()
        possible = {
            (document * 7 + shift) % 32
            for document in range(10 * unit, 10 * unit + 4)
            for shift in range(5)
        }
        assert set(firsts) <= possible
    assert tokens[3, 0].eq(7).all() and targets[3, 1:].eq(IGNORED).all()
    # Four targets over one window, not three: a mean counts what there is.
    assert targets_counted(targets) == pytest.approx(4 * S)


def test_a_document_is_picked_by_the_middle_of_its_share():
    """A pick at a border could fall to the neighbour, or to another person's document."""

    class Picky(Several):
        def documents_of(self, units, picks01):
            shares = picks01 * self.documents_in(units)
            np.testing.assert_allclose(shares % 1, 0.5, atol=1e-9)
            assert (shares > 0).all() and (shares < self.documents_in(units)).all()
            return super().documents_of(units, picks01)

    tokens, _ = Source(settings(documents=3), Picky()).of(several(0, 1, 2, 3))
    assert len(tokens) == 4


def test_nobody_gives_nothing():
    tokens, targets = Source(settings(documents=2), Several()).of(several(k=2))
    assert tokens.shape == targets.shape == (0, 2, S)
