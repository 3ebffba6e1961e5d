"""One factor: recovered, bounded, honest about itself, and no more than a factor."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from engine.errors import InputError
from engine.law.fit import fit
from engine.law.transfer.pool import FORM_SCATTER
from engine.law.transfer.scaled import scale
from tests.law.transfer.made_families import LARGER, POINT, some, sweep


@pytest.fixture(scope="module")
def source():
    return fit(sweep(LARGER, seed=0), resamples=20)


def harder(source, factor, seed, scatter=0.008):
    """The source's law times a factor, with errors a run and a point of ``scatter`` each."""
    frame = sweep(LARGER, seed=seed, scatter=scatter)
    errors = frame["cross_entropy"] / LARGER.cross_entropy(*(frame[name] for name in POINT))
    loss = factor * source.law.cross_entropy(*(frame[name] for name in POINT)) * errors
    return frame.assign(cross_entropy=np.minimum(loss, source.law.log_vocabulary))


def test_a_factor_is_recovered(source):
    known, rest = some(harder(source, 0.8, seed=1), 4)
    found = scale(source, known)
    assert found.log_factor == pytest.approx(math.log(0.8), abs=0.02)
    assert found.runs == 4
    predicted = found.cross_entropy(*(rest[name] for name in POINT))
    assert np.abs(np.log(predicted / rest["cross_entropy"])).mean() < 0.025


def test_every_run_counts_once_however_many_points_it_has(source):
    frame = harder(source, 0.8, seed=1, scatter=0.0)
    one = frame[frame["run_id"] == "run-0"].assign(cross_entropy=lambda f: f["cross_entropy"] * 1.1)
    other = frame[frame["run_id"] == "run-8"].iloc[:1]
    both = scale(source, pd.concat([one, other]))
    assert both.log_factor == pytest.approx(math.log(0.8) + math.log(1.1) / 2, abs=1e-3)


@pytest.mark.parametrize("count", [1, 3])
def test_the_interval_holds_what_it_promises(source, count):
    held = []
    for seed in range(20):
        known, rest = some(harder(source, 0.8, seed=seed), count, seed=seed)
        low, high = scale(source, known).interval(*(rest[name] for name in POINT))
        held.append(((low <= rest["cross_entropy"]) & (rest["cross_entropy"] <= high)).mean())
    assert np.mean(held) > 0.85


def test_before_it_knows_better_it_expects_another_family_s_scatter(source):
    first = math.hypot(source.scatter, FORM_SCATTER)
    quiet = scale(source, harder(source, 0.8, seed=1, scatter=0.0))
    loud = scale(source, harder(source, 0.8, seed=1, scatter=0.06))
    assert quiet.scatter < first < loud.scatter


def test_losses_stay_possible(source):
    known = some(harder(source, 1.5, seed=1), 3)[0]
    found = scale(source, known)
    point = 1e3, 1, 1e3
    assert found.cross_entropy(*point) == found.interval(*point)[1] == source.law.log_vocabulary


def test_what_cannot_be_scaled_is_refused(source):
    frame = sweep(LARGER, seed=0)
    with pytest.raises(InputError, match="1 rows"):
        scale(source, frame.iloc[:0])
    with pytest.raises(InputError, match="256 tokens of vocabulary, got 8192"):
        scale(source, frame.assign(vocabulary_size=8192))
    with pytest.raises(InputError, match="256"):
        scale(replace(source, law=replace(source.law, vocabulary_size=512)), frame)
