"""Pooling: between the other family's law and the runs' own fit, with an interval that says so."""

import itertools
import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import InputError
from engine.law.fit import FitResult, fit
from engine.law.form import Reference
from engine.law.forms import FORMS
from engine.law.law import Law
from engine.law.transfer.family_prior import (
    ENTROPY_SHARE,
    HARDER,
    OTHER_VOCABULARY,
    TAU,
    TOGETHER,
    family_prior,
)
from engine.law.transfer.pool import DISAGREES, FORM_SCATTER, POOLED, TRANSFERRED, pool
from tests.law.transfer.made_families import LARGER, NEW, POINT, coverage, error, some, sweep, width

OWN = ("entropy", "log_capacity", "log_odds")
NO_RUNS = sweep(NEW, seed=1).iloc[:0]


@pytest.fixture(scope="module")
def source() -> FitResult:
    return fit(sweep(LARGER, seed=0), resamples=100)


@pytest.fixture(scope="module")
def new() -> pd.DataFrame:
    return sweep(NEW, seed=1)


def test_without_runs_it_is_the_source_with_a_wider_interval(source, new):
    found = pool(source, NO_RUNS)
    assert found.law == source.law
    assert [status.template for status in found.statuses] == [TRANSFERRED]
    assert found.rows == 0
    assert found.points == source.points
    assert found.scatter == pytest.approx(math.hypot(source.scatter, FORM_SCATTER))
    assert width(found, new) > 5 * width(source, new)
    # The new family's constants lie within one τ or so: what the widened interval is for.
    assert coverage(found, new) > 0.9 > coverage(source, new)


def test_three_runs_predict_better_with_the_source_than_either_alone(source, new):
    alone, pooled = [], []
    for seed in range(10):
        known, rest = some(new, 3, seed=seed)
        if len(known["model_size"].unique()) == 1:
            continue  # no fit of its own
        alone.append(error(fit(known, resamples=0), rest))
        pooled.append(error(pool(source, known, resamples=0), rest))
    assert len(alone) > 5
    assert max(pooled) < 0.5 * error(source, new)
    assert np.mean(pooled) < 0.8 * np.mean(alone)


def test_many_runs_have_the_say(source, new):
    pooled, alone = pool(source, new, resamples=0), fit(new, resamples=0)
    grid = [new[name] for name in POINT]
    apart = np.abs(np.log(pooled.law.cross_entropy(*grid) / alone.law.cross_entropy(*grid)))
    # 189 rows of 0.6 % against a prior on eight numbers: they differ by less than the scatter.
    assert apart.mean() < 0.004
    assert error(pooled, new) < 1.1 * error(alone, new)


def test_more_runs_narrow_the_interval(source, new):
    widths = [
        np.mean(
            [width(pool(source, some(new, k, seed=s)[0], resamples=100), new) for s in range(3)]
        )
        for k in (0, 1, 3, 8, 21)
    ]
    assert all(few > 1.1 * many for few, many in itertools.pairwise(widths)), widths


@pytest.mark.parametrize("count", [0, 1, 3, 5])
def test_the_interval_holds_for_families_such_as_the_prior_expects(source, count):
    prior = family_prior(source, 256)
    held = []
    for number, theta in enumerate(prior.draws(np.random.default_rng(4), 16)):
        family = replace(source.law, theta=tuple(theta.tolist()))
        # 0.008 a run and a point make 0.011 together, which is what is assumed of few runs.
        known, rest = some(sweep(family, seed=number, scatter=0.008), count, seed=number)
        held.append(coverage(pool(source, known if count else NO_RUNS, resamples=80), rest))
    # 90 % are promised; points of one family stand and fall together: standard error about 5 %.
    assert np.mean(held) > 0.8, held


def test_one_run_moves_the_constants_and_leaves_the_shape(source, new):
    known = new[new["run_id"] == "run-4"]
    found, spread = pool(source, known), family_prior(source, 256).width
    moved = np.abs(np.subtract(found.law.theta, source.law.theta)) / spread
    by_name = dict(zip(found.law.parameters, moved, strict=True))
    shape = [value for name, value in by_name.items() if name.endswith("exponent")]
    assert max(shape) < 0.5
    assert max(by_name[name] for name in OWN) > 0.3
    assert error(found, known) < 0.2 * error(source, known)
    left = dict(zip(found.law.parameters, found.prior_shares, strict=True))
    assert left["noise_size_exponent"] > 0.9
    assert min(left[name] for name in OWN) < 0.8


def test_the_reference_stays_the_source_s(source, new):
    assert pool(source, some(new, 2)[0], resamples=0).law.reference == source.law.reference


def test_another_vocabulary_moves_the_floor_and_doubles_the_doubt(source):
    same, other = family_prior(source, 256), family_prior(source, 8192)
    names = list(source.law.parameters)
    factor = np.ones(len(names))
    factor[names.index("entropy")] = math.log(8192) / math.log(256)
    np.testing.assert_allclose(other.centre, same.centre * factor)
    np.testing.assert_allclose(other.width, OTHER_VOCABULARY * same.width * factor)
    assert same.width[names.index("entropy")] == pytest.approx(ENTROPY_SHARE * math.log(256))
    found = pool(source, NO_RUNS, vocabulary_size=8192)
    assert found.law.vocabulary_size == 8192
    assert found.law.parameters["entropy"] == pytest.approx(other.centre[names.index("entropy")])
    # Under overwhelming noise every family guesses: ln of its own vocabulary.
    loss = found.law.cross_entropy(1e5, 64, 1e6)
    assert math.log(256) < loss <= math.log(8192)


def test_few_runs_are_taken_at_the_source_s_scatter_and_many_at_their_own(source):
    loud = sweep(NEW, seed=3, scatter=0.06)
    quiet = sweep(NEW, seed=3)
    few, many = (pool(source, some(loud, k)[0], resamples=0).scatter for k in (3, 18))
    expected = math.hypot(source.scatter, FORM_SCATTER)
    assert pool(source, some(quiet, 3)[0], resamples=0).scatter == pytest.approx(expected)
    # Runs that lie farther apart than that are noticed at once.
    assert few > 1.5 * expected
    # 0.06 a run and a point: 0.085 together, of which 15 of 20 degrees of freedom know.
    assert 0.05 < many < 0.12
    assert pool(source, quiet, resamples=0).scatter < 0.8 * expected


def test_runs_of_another_shape_are_noticed(source, new):
    apart = replace(NEW, theta=(0.1, -4.0, 1.5, 3.0, 1.2, 1.3, 3.0, -3.0))
    odd = pool(source, some(sweep(apart, seed=5), 5)[0], resamples=0)
    assert [status.template for status in odd.statuses] == [POOLED, DISAGREES]
    fine = pool(source, some(new, 5)[0], resamples=0)
    assert [str(status) for status in fine.statuses] == [POOLED.format(runs=5)]


@pytest.mark.parametrize("form", FORMS)
def test_every_form_can_be_pooled(source, form):
    known = sweep(NEW, seed=1).iloc[::40]
    theta = tuple(p.prior[0] for p in FORMS[form].parameters)
    law = replace(source.law, form=form, theta=theta)
    found = pool(replace(source, law=law, resampled=()), known, resamples=20)
    assert found.law.form == form
    assert error(found, known) < error(replace(source, law=law), known)
    assert width(found, known) > 0


def test_every_shared_parameter_belongs_to_a_form():
    names = {name for form in FORMS.values() for name in form.names}
    assert TAU.keys() <= names and HARDER.keys() <= names
    assert names - TAU.keys() == {"entropy"}, "that is a share of ln vocabulary"


def test_unlisted_parameters_share_nothing(source, monkeypatch):
    monkeypatch.delitem(TAU, "log_odds")
    by_name = dict(zip(source.law.parameters, family_prior(source, 256).width, strict=True))
    (weak,) = (p.prior[1] for p in FORMS["signal_onset"].parameters if p.name == "log_odds")
    assert by_name["log_odds"] == weak


def test_same_input_same_bits(source, new):
    known = some(new, 2)[0]
    one, two, other = (pool(source, known, resamples=20, seed=seed) for seed in (0, 0, 1))
    assert one == two
    assert one.resampled != other.resampled
    assert FitResult.from_dict(json.loads(json.dumps(one.to_dict()))) == one


def test_a_harder_text_moves_its_constants_together(source):
    prior = family_prior(replace(source, resampled=()), 256)
    names = list(source.law.parameters)
    np.testing.assert_allclose(np.diag(prior.between), prior.width**2)
    drawn = prior.draws(np.random.default_rng(0), 20_000)
    together = np.atleast_2d(np.corrcoef(drawn.T))
    for one, other in itertools.combinations(range(len(names)), 2):
        signs = HARDER.get(names[one], 0.0) * HARDER.get(names[other], 0.0)
        assert together[one, other] == pytest.approx(TOGETHER * signs, abs=0.04)
    # What is drawn has the covariance that the precision says; no draw of these met its bound.
    np.testing.assert_allclose(np.cov(drawn.T), prior.between, atol=0.03)


def test_one_run_is_worth_more_where_constants_move_together(source, monkeypatch):
    """Of a family that is harder by a factor, one run at much noise tells
    also what there is without."""
    harder = np.array(source.law.theta) + 1.5 * family_prior(source, 256).common
    family = sweep(replace(source.law, theta=tuple(harder.tolist())), seed=2)
    loud = family["noise_batch_ratio"] == 2**-6
    known = family[loud & (family["model_size"] == 30_400)]
    together = error(pool(source, known, resamples=0), family[~loud])
    monkeypatch.setattr("engine.law.transfer.family_prior.TOGETHER", 0.0)
    assert together < 0.85 * error(pool(source, known, resamples=0), family[~loud])


def test_the_source_s_doubt_is_part_of_the_prior(source):
    certain = family_prior(replace(source, resampled=()), 256)
    np.testing.assert_allclose(np.linalg.inv(certain.precision), certain.between, atol=1e-12)
    spread = np.linalg.inv(family_prior(source, 256).precision)
    assert (np.diag(spread) > certain.width**2).all()
    # Correlations too: the source knows sums of its constants better than each.
    assert np.abs(spread - np.diag(np.diag(spread))).max() > 1e-3


@pytest.mark.parametrize("resamples", [0, 1])
def test_few_resamples_are_no_failure(source, new, resamples):
    for known in (NO_RUNS, some(new, 1)[0]):
        found = pool(source, known, resamples=resamples)
        assert len(found.resampled) == resamples
        assert width(found, new) > 0


def test_rows_that_cannot_be_true_are_refused(source, new):
    known = some(new, 1)[0]
    with pytest.raises(InputError, match="256"):
        pool(source, known, vocabulary_size=8192)
    with pytest.raises(InputError, match="ln\\(vocabulary\\)"):
        pool(source, known.assign(cross_entropy=6.0))
    with pytest.raises(InputError, match="vocabulary_size of at least"):
        pool(source, NO_RUNS, vocabulary_size=2)


_ROW = st.tuples(
    st.sampled_from([3e4, 1e5, 1e6]),
    st.sampled_from([32, 500, 20_000]),
    st.sampled_from([0.0, 2**-12, 2**-4]),
    st.floats(0.001, 1.0),
)


@settings(max_examples=25)
@given(rows=st.lists(_ROW, max_size=5), vocabulary_size=st.sampled_from([64, 256, 30_522]))
def test_whatever_the_rows_losses_stay_possible(rows, vocabulary_size):
    law = Law(
        form="signal_onset",
        theta=LARGER.theta,
        vocabulary_size=256,
        reference=Reference(model_size=1e5, iterations=256, noise_batch_ratio=2**-8),
    )
    source = FitResult(
        law=law,
        resampled=(law.theta,) * 2,
        scatter=0.01,
        drift=0.02,
        level_drift=0.02,
        points=((0.0, 0.0, 0.0),),
        least_noise=0.1,
        objective=0.0,
        starts_agreeing=1.0,
        prior_shares=(0.1,) * 8,
        rows=10,
        statuses=(),
    )
    frame = pd.DataFrame(rows, columns=[*POINT, "share"])
    frame["cross_entropy"] = frame["share"] * math.log(vocabulary_size)
    frame["vocabulary_size"] = vocabulary_size
    found = pool(source, frame, vocabulary_size=vocabulary_size, resamples=10)
    sizes, steps = np.meshgrid(np.geomspace(1e3, 1e9, 4), np.geomspace(1, 1e6, 4))
    for noise in (0.0, 2**-8, 10.0):
        loss = found.law.cross_entropy(sizes, steps, noise)
        low, high = found.interval(sizes, steps, noise)
        assert np.isfinite(loss).all()
        assert (low > 0).all()
        assert (low <= loss).all()
        assert (loss <= high * (1 + 1e-12)).all()
        assert high.max() <= math.log(vocabulary_size)
    box = [(p.low, p.high) for p in FORMS["signal_onset"].parameters]
    for theta in (found.law.theta, *found.resampled):
        assert all(low <= value <= high for value, (low, high) in zip(theta, box, strict=True))
