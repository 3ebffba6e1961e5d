"""The forecast on published runs: the constants are the best ones, and what held-out runs say."""

import math
from dataclasses import replace

import numpy as np
import pytest

from engine.cluster import calibration
from engine.cluster.calibration import FITTED, check, checks, spread
from engine.cluster.forecast import COUNTS, forecast, scale
from engine.cluster.machines import MACHINES, machine_named
from engine.cluster.published import Kind, Role, large_runs
from engine.cluster.step import Constants, training_of
from engine.errors import InputError

H100 = MACHINES["NVIDIA H100"]


def of(role):
    return tuple(run for run in large_runs() if run.role is role)


def test_the_shipped_constants_are_the_best_of_their_neighbours():
    runs = of(Role.CALIBRATION)
    sources = [run.url for run in runs]
    weights = np.array([1 / sources.count(source) for source in sources])
    best = calibration._square(runs, weights, FITTED)
    names = {
        "efficiency": calibration.EFFICIENCIES,
        "narrow": calibration.NARROWS,
        "exposed": calibration.EXPOSED,
    }
    for name, values in names.items():
        place = values.index(getattr(FITTED, name))
        for beside in (place - 1, place + 1):
            if 0 <= beside < len(values):
                other = replace(FITTED, **{name: values[beside]})
                assert calibration._square(runs, weights, other) >= best


@pytest.mark.exhaustive
def test_the_shipped_constants_are_the_best_of_the_grid():
    assert calibration.fit(of(Role.CALIBRATION)) == FITTED


def test_a_fit_finds_the_constants_that_made_the_data(monkeypatch):
    monkeypatch.setattr(calibration, "EFFICIENCIES", (0.4, 0.45, 0.5))
    monkeypatch.setattr(calibration, "NARROWS", (0.0, 200.0))
    monkeypatch.setattr(calibration, "EXPOSED", (0.25, 1.0))
    truth = Constants(0.45, 200.0, 0.25)
    made = []
    for run in of(Role.CALIBRATION)[:12]:
        share = check(run, truth).utilisation
        teraflops = share * run.machine.peak_flops / 1e12
        counts = type(run.counts).PARAMETERS if run.counts else None
        made.append(replace(run, teraflops=teraflops, counts=counts))
    assert calibration.fit(tuple(made)) == truth


def test_no_held_out_run_sets_a_constant_and_there_are_eleven():
    held = [run for run in of(Role.HELD_OUT) if run.kind is Kind.RUN]
    assert spread(True).runs == spread(False).runs == len(held) == 11
    assert not {run.url for run in held} & {run.url for run in of(Role.CALIBRATION)}
    assert sum(run.found for run in held) >= 6


def test_told_of_recomputation_the_forecast_is_nearer_than_one_share_of_the_peak_for_all():
    found, untold = spread(True), spread(False)
    assert 0.10 < found.root_mean_square < 0.20 < found.one_share
    # Untold it is not, and its range says so.
    assert untold.root_mean_square > untold.one_share == found.one_share
    assert untold.factor.low < found.factor.value < found.factor.high < untold.factor.high
    for one, other in zip(checks(True), checks(False), strict=True):
        assert one.run is other.run
        if not one.run.recompute:
            assert one.utilisation <= other.utilisation
    errors = [one.error or math.nan for one in checks() if one.run.role is Role.HELD_OUT]
    assert all(abs(math.log1p(error)) < math.log(1.4) for error in errors)


def test_twice_the_devices_cost_llama_3_what_was_measured():
    """430 to 400 TFLOP/s from 8,192 to 16,384 devices: 7 % of the speed of each."""
    few, many = (one for one in checks() if one.run.name == "Llama 3 405B, steps")
    assert many.run.teraflops is not None and few.run.teraflops is not None
    measured = many.run.teraflops / few.run.teraflops
    assert many.utilisation / few.utilisation == pytest.approx(measured, abs=0.06)
    assert many.utilisation < few.utilisation


def test_a_published_speed_is_turned_into_a_share_of_six_flops_a_parameter():
    """MT-NLG prints both: 60.1 s for 1,920 texts of 2,048 tokens on 2,240 devices, 126 TFLOP/s."""
    run = next(run for run in large_runs() if run.note == "60.1 s a step")
    by_time = 6 * 530e9 * 1920 * 2048 / (60.1 * 2240 * 312e12)
    assert run.utilisation == pytest.approx(by_time, rel=0.01)


def test_a_row_that_cannot_be_true_is_refused(tmp_path):
    from engine.cluster.published import PATH

    text = PATH.read_text("utf-8").replace("1082990", "10829")
    file = tmp_path / "runs.csv"
    file.write_text(text, "utf-8")
    with pytest.raises(InputError, match=r"BLOOM-176B that use between 0 and 100 %"):
        large_runs(file)


def test_the_range_is_students_t_of_a_new_error():
    """Against SciPy: a new draw of eleven errors whose mean and scatter are estimated."""
    from scipy import stats

    for told in (True, False):
        errors = [
            math.log1p(one.error or math.nan)
            for one in checks(told)
            if one.run.role is Role.HELD_OUT and one.run.kind is Kind.RUN
        ]
        low, high = stats.t.interval(
            0.8, 10, np.mean(errors), np.std(errors, ddof=1) * math.sqrt(1 + 1 / 11)
        )
        factor = spread(told).factor
        assert (math.log(factor.low), math.log(factor.high)) == pytest.approx((low, high), rel=1e-3)


def test_a_start_costs_every_device_ten_minutes():
    training = training_of(49e6, batch_size=350_000, sequence_length=512, iterations=1)
    one = forecast(training, H100, 4096, usd_per_hour=3.0)
    assert one.hours.value == pytest.approx(4096 / 6, rel=0.01)
    assert one.start * one.hours.value == pytest.approx(4096 / 6)
    # No end of the range is shorter than the start that is in it.
    assert 4096 / 6 < one.hours.low < one.hours.value < one.hours.high
    assert 24 * 60 * one.days.low > 10


def test_ranges_and_prices_of_a_forecast():
    training = training_of(1e9, batch_size=100_000, sequence_length=1024, iterations=1000)
    one = forecast(training, H100, 64, usd_per_hour=3.0)
    told = forecast(training, H100, 64, usd_per_hour=3.0, recompute=False)
    assert told.step == one.step and told.hours.high < one.hours.high
    again = forecast(training, H100, 64, usd_per_hour=3.0, recompute=True)
    assert 1.2 < again.hours.value / told.hours.value < 4 / 3
    assert one.hours.low < one.hours.value < one.hours.high
    assert one.usd.value == pytest.approx(3 * one.hours.value)
    assert one.days.value == pytest.approx(one.hours.value / 64 / 24)
    # The definition of engine.cost: FLOPs · overhead over what the device hours could do.
    private = forecast(replace(training, dp_overhead=1.5), H100, 64, usd_per_hour=3.0)
    for found, overhead in ((one, 1.0), (private, 1.5)):
        used = training.flops * overhead / (found.hours.value * 3600 * 989e12)
        assert found.utilisation.value == pytest.approx(used, rel=1e-9)
    assert private.hours.value > 1.4 * one.hours.value


def test_devices_beyond_the_cheap_ones_save_time_at_a_higher_price():
    training = training_of(49e6, batch_size=350_000, sequence_length=512, iterations=7_000)
    found = scale(training, H100, usd_per_hour=3.0)
    assert [one.devices for one in found.forecasts] == list(COUNTS)
    days = [one.days.value for one in found.forecasts]
    assert days == sorted(days, reverse=True)
    least = min(one.usd.value for one in found.forecasts)
    assert found.most.usd.value <= 1.1 * least
    later = [one for one in found.forecasts if one.devices > found.most.devices]
    assert later and all(one.usd.value > 1.1 * least for one in later)


def test_a_small_batch_leaves_devices_without_work():
    training = training_of(1e9, batch_size=16, sequence_length=1024, iterations=1000)
    found = scale(training, H100, usd_per_hour=3.0)
    assert found.unusable[-1] == 10_000 and found.on(10_000) is None
    huge = training_of(1e14, batch_size=1, sequence_length=1024, iterations=1000)
    with pytest.raises(InputError, match="must fit into its memory"):
        scale(huge, H100, usd_per_hour=3.0)


def test_a_device_without_known_networks_is_refused():
    with pytest.raises(InputError, match="got Abacus"):
        machine_named("Abacus")
