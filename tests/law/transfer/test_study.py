"""The transfer study: paired, deterministic, and on known families it
finds what is true of them."""

import math

import pytest

from engine.errors import InputError
from engine.law.transfer.pool import pool
from engine.law.transfer.study import POOLED, SCALED, SOURCE, TARGET, transfer_study
from tests.law.transfer.made_families import LARGER, NEW, sweep


@pytest.fixture(scope="module")
def families():
    return sweep(LARGER, seed=0), sweep(NEW, seed=1)


@pytest.fixture(scope="module")
def rows(families):
    found = transfer_study(*families, runs=(0, 1, 3, 5), draws=10, resamples=40)
    return {(row.runs, row.method): row for row in found}


def test_rows_are_in_order(rows):
    assert list(rows) == [(k, m) for k in (0, 1, 3, 5) for m in (SOURCE, SCALED, TARGET, POOLED)]


def test_pooling_a_few_runs_beats_both_alone(rows):
    for runs in (3, 5):
        pooled = rows[runs, POOLED]
        # Half to two thirds of it when written.
        assert pooled.error < 0.85 * rows[runs, TARGET].error
        assert pooled.error < 0.5 * rows[runs, SOURCE].error
        # These families' constants move apart: one factor is not enough.
        assert pooled.error < 0.6 * rows[runs, SCALED].error
        assert rows[runs, SOURCE].pooled_wins == 1.0
        assert rows[runs, TARGET].pooled_wins > 0.5
        assert pooled.coverage > 0.8
        # Narrower than what the runs alone can say, by far.
        assert pooled.width < 0.8 * rows[runs, TARGET].width


def test_without_runs_pooling_is_the_source(rows):
    source, pooled = rows[0, SOURCE], rows[0, POOLED]
    assert (source.error, source.coverage, source.width) == (
        pooled.error,
        pooled.coverage,
        pooled.width,
    )
    assert source.pooled_wins == 0.0
    assert math.isnan(pooled.pooled_wins)


def test_every_number_of_runs_predicts_the_same_points(rows):
    assert len({rows[k, SOURCE].error for k in (0, 1, 3, 5)}) == 1


def test_what_cannot_be_fitted_is_no_number(rows):
    for row in (rows[0, SCALED], rows[0, TARGET], rows[1, TARGET]):
        assert row.draws == 0
        assert all(
            math.isnan(x) for x in (row.error, row.worst, row.coverage, row.width, row.pooled_wins)
        )


def test_the_worst_draw_is_no_better_than_the_mean(rows):
    assert all(row.worst >= row.error for row in rows.values() if row.draws)


def test_same_seed_same_rows(families):
    one, two, other = (
        transfer_study(*families, runs=(1,), draws=2, resamples=10, seed=seed) for seed in (0, 0, 1)
    )
    # NaN differs from itself.
    assert repr(one) == repr(two)
    assert repr(one) != repr(other)


def test_order_and_repetition_of_runs_do_not_matter(families):
    one = transfer_study(*families, runs=(2, 0, 2), draws=1, resamples=5)
    assert repr(one) == repr(transfer_study(*families, runs=(0, 2), draws=1, resamples=5))


def test_held_back_runs_are_never_seen(families, monkeypatch):
    seen = []

    def watched(source, frame, **options):
        seen.append(set(frame["run_id"]))
        return pool(source, frame, **options)

    monkeypatch.setattr("engine.law.transfer.study.pool", watched)
    transfer_study(*families, runs=(1, 4), draws=1, resamples=0)
    none, one, four = seen
    assert (len(none), len(one), len(four)) == (0, 1, 4)
    assert one < four


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"runs": (21,)}, "held back"),
        ({"runs": ()}, "numbers of runs"),
        ({"runs": (-1, 2)}, "numbers of runs"),
        ({"draws": 0}, "draw"),
    ],
)
def test_impossible_studies_are_refused(families, options, word):
    with pytest.raises(InputError, match=word):
        transfer_study(*families, **options)
