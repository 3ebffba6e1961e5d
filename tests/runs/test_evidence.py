"""Evidence: pure, independent of order and time, with slopes that a known accountant confirms."""

import math
from dataclasses import FrozenInstanceError, replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.config import Sampling
from engine.errors import InputError
from engine.runs.evidence import COLUMNS, content_hash, evidence, load_evidence
from engine.runs.importers.published import published_records
from engine.runs.log import RunLog
from engine.runs.record import RunRecord
from tests.runs.made_runs import PLAIN

RECORDS = published_records()
OPTIMA = [run for run in RECORDS if run.compute_optimal]


def power_law(*, data_budget, batch_size, iterations, epsilon, delta, sampling):
    """σ = B^0.7·T^0.4 / (N^0.6·ε)·ln(1/δ): slopes of σ̄ = σ/B are −0.3 and 0.4 exactly."""
    assert isinstance(sampling, Sampling)
    scale = np.log(1 / delta) / (data_budget**0.6 * epsilon)
    return batch_size**0.7 * iterations**0.4 * scale


def sweep(**changes: object) -> RunRecord:
    fields = {"family": "sweep", "created_at": RECORDS[0].created_at}
    return RunRecord(**(PLAIN | fields | changes))


@pytest.mark.parametrize("provenance", ["measured", "imported"])
def test_a_curve_drew_the_batch_that_it_states_however_it_was_cut(provenance):
    """``physical_batch_size`` is what the device held at once."""
    curve = [(256, 3.6), (400, 3.5)]
    stated = {"iterations": 400, "compute_flops": 4 * 6.0 * 1000 * 16 * 100 * 8}
    drew = sweep(provenance=provenance, physical_batch_size=4, curve=curve, **stated)
    assert set(evidence([drew], power_law).frame["drawn_batch_size"]) == {16.0}


def test_a_curve_that_ends_before_a_law_holds_is_no_evidence():
    short = sweep(model_size=2000, compute_flops=12.0 * 1000 * 16 * 100 * 8, curve=[(100, 3.5)])
    found, alone = evidence([sweep(), short], power_law), evidence([sweep()], power_law)
    assert (found.runs, found.sha256) == (1, alone.sha256)
    assert list(found.frame["model_size"]) == [1000]


PRIVATE = {
    "data_budget": 1000,
    "epsilon": 2.0,
    "delta": 1e-6,
    "privacy_unit": "person",
    "neighbouring_relation": "add-or-remove-one",
    "sampling": "poisson",
}


def test_published_evidence_has_the_columns_noise_and_slopes():
    found = evidence(OPTIMA, power_law)
    assert (found.id, found.family, found.runs) == ("published-bert", "published-bert", 20)
    assert tuple(found.frame.columns) == COLUMNS
    numbers = found.frame.drop(columns=["run_id", "compute_optimal"])
    assert set(numbers.dtypes) == {np.dtype(float)}
    assert numbers.pop("drawn_batch_size").isna().all(), "their batch is that of the accounting"
    assert not numbers.isna().any().any()
    assert found.frame["compute_optimal"].dtype == bool
    assert found.frame["compute_optimal"].all()
    for run, row in zip(OPTIMA, found.frame.itertuples(), strict=True):
        assert (row.run_id, row.cross_entropy) == (run.run_id, run.cross_entropy)
        sigma = power_law(
            data_budget=run.data_budget,
            batch_size=run.batch_size,
            iterations=run.iterations,
            epsilon=run.epsilon,
            delta=run.delta,
            sampling=run.sampling,
        )
        assert row.noise_batch_ratio == pytest.approx(sigma / run.batch_size, rel=1e-12)
    assert found.frame["slope_batch"].to_numpy() == pytest.approx(-0.3, abs=1e-9)
    assert found.frame["slope_iterations"].to_numpy() == pytest.approx(0.4, abs=1e-9)


def test_published_runs_off_the_ridge_count_from_half_the_papers_batch():
    """The smallest is kept in the log, and no point of a law: nobody can explain it."""
    others = [run for run in RECORDS if not run.compute_optimal]
    assert len(others) == 4
    found = evidence(RECORDS, power_law)
    assert found.runs == 23
    frame = found.frame[~found.frame["compute_optimal"]]
    assert sorted(frame["batch_size"]) == [512.0, 2048.0, 8192.0]
    assert (frame["noise_batch_ratio"] == 2.0**-15).all()
    assert frame[["slope_batch", "slope_iterations", "epsilon", "data_budget"]].isna().all().all()
    assert found.sha256 != evidence(OPTIMA, power_law).sha256


def test_small_batches_of_measured_runs_count():
    assert evidence([sweep(physical_batch_size=8)], power_law).runs == 1


def test_a_batch_of_all_the_data_has_a_slope_and_never_exceeds_it():
    asked = []

    def watched(**question):
        asked.append(question["batch_size"])
        return power_law(**question)

    run = sweep(**PRIVATE | {"data_budget": 16}, noise_multiplier=2.0)
    frame = evidence([run], watched).frame
    assert np.concatenate(asked).max() <= 16
    assert frame["slope_batch"][0] == pytest.approx(-0.3, abs=1e-9)


def test_a_single_step_is_not_halved():
    asked = []

    def watched(**question):
        asked.append(question["iterations"])
        return power_law(**question)

    run = sweep(**PRIVATE, iterations=1, compute_flops=6.0 * 1000 * 16 * 8)
    frame = evidence([run], watched).frame
    assert np.concatenate(asked).min() >= 1
    assert frame["slope_iterations"][0] == pytest.approx(0.4, abs=1e-9)


def test_a_curved_accountant_is_differentiated_to_second_order():
    def curved(*, data_budget, batch_size, iterations, epsilon, delta, sampling):
        return np.sqrt(1 + (batch_size / data_budget) ** 2 * iterations)

    run = sweep(**PRIVATE)
    q2t = (16 / 1000) ** 2 * 100
    exact = q2t / (1 + q2t)  # d ln σ / d ln B; half of it for T
    frame = evidence([run], curved).frame
    # σ ~ B² where noise is small: a central difference of ±h errs by (2h)²/6 = 2.7 %.
    assert frame["slope_batch"][0] == pytest.approx(exact - 1, abs=0.03 * exact)
    assert frame["slope_iterations"][0] == pytest.approx(exact / 2, abs=0.03 * exact)


def test_stated_noise_stays_and_sweeps_ask_no_accounting():
    def never(**_question):
        raise AssertionError("no guarantee, no accounting")

    runs = [sweep(), sweep(seed=1, noise_batch_ratio=None, noise_multiplier=4.0)]
    frame = evidence(runs, never).frame.sort_values("noise_batch_ratio")
    assert frame["noise_batch_ratio"].tolist() == [0.125, 0.25]
    for name in ("data_budget", "epsilon", "delta", "slope_batch", "slope_iterations"):
        assert frame[name].isna().all()


def test_a_guarantee_with_stated_noise_keeps_it_and_gains_slopes():
    frame = evidence([sweep(**PRIVATE, noise_multiplier=2.0)], power_law).frame
    assert frame["noise_batch_ratio"].tolist() == [0.125]
    assert frame["slope_batch"][0] == pytest.approx(-0.3, abs=1e-9)


def test_each_row_is_accounted_under_its_own_sampling():
    def by_sampling(*, batch_size, sampling, **_rest):
        return np.full(np.shape(batch_size), {"poisson": 1.0, "deterministic": 2.0}[sampling])

    private = PRIVATE | {"noise_batch_ratio": None}
    poisson = sweep(**private, seed=1)
    other = private | {"sampling": "deterministic", "neighbouring_relation": "zero-out-one"}
    deterministic = sweep(**other, seed=2)
    frame = evidence([poisson, deterministic, sweep(seed=3)], by_sampling).frame
    ratios = dict(zip(frame["run_id"], frame["noise_batch_ratio"], strict=True))
    assert ratios[poisson.run_id] == 1 / 16
    assert ratios[deterministic.run_id] == 2 / 16


@given(order=st.permutations(RECORDS), days=st.integers(0, 1000))
def test_hash_and_frame_depend_neither_on_order_nor_on_time(order, days):
    moved = [replace(run, created_at=run.created_at + timedelta(days)) for run in order]
    assert content_hash(moved) == content_hash(RECORDS)
    assert evidence(moved, power_law).frame.equals(evidence(RECORDS, power_law).frame)


@given(index=st.integers(0, 19), change=st.sampled_from(["cross_entropy", "note", "seed", "drop"]))
def test_hash_depends_on_all_content(index, change):
    others = RECORDS[:index] + RECORDS[index + 1 :]
    run = RECORDS[index]
    values = {"cross_entropy": math.nextafter(run.cross_entropy, 0), "note": "x", "seed": 1}
    changed = others if change == "drop" else [*others, replace(run, **{change: values[change]})]
    assert content_hash(changed) != content_hash(RECORDS)


def test_families_do_not_mix_and_runs_do_not_repeat():
    with pytest.raises(InputError, match="one family, got published-bert, sweep: losses"):
        evidence([*RECORDS, sweep()], power_law)
    with pytest.raises(InputError, match="one family, got none"):
        evidence([], power_law)
    with pytest.raises(InputError, match="every run once"):
        evidence([*RECORDS, RECORDS[3]], power_law)


def test_evidence_is_loaded_by_family_from_the_log(tmp_path):
    log = RunLog.open(tmp_path, published=RECORDS)
    log.append([sweep()])
    found = load_evidence(log, "published-bert", power_law)
    assert found.sha256 == evidence(RECORDS, power_law).sha256
    assert found.frame.equals(evidence(RECORDS, power_law).frame)
    with pytest.raises(FrozenInstanceError):
        found.runs = 3  # type: ignore[misc]  # that it is refused is the test
    assert load_evidence(log, "sweep", power_law).runs == 1
    with pytest.raises(InputError, match="among published-bert, sweep, got nothing"):
        load_evidence(log, "nothing", power_law)


def test_an_empty_log_says_so(tmp_path):
    with pytest.raises(InputError, match="none: the run log is empty"):
        load_evidence(RunLog.open(tmp_path), "toy", power_law)
