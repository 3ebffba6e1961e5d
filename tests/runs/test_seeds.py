"""Seeds of one configuration are one row; anything else that differs makes another."""

import dataclasses

import numpy as np
import pytest

from engine.runs.catalogue import catalogue
from engine.runs.log import RunLog
from engine.runs.record import DEFINING
from engine.runs.seeds import groups
from tests.runs.made_runs import NOW, record

LOSSES = (3.1, 3.4, 2.9)
OTHER = {
    "family": "toy2", "source": "another test", "learning_rate": 0.5, "physical_batch_size": 8,
    "noise_batch_ratio": 0.25, "vocabulary_size": 512, "delta": 1e-8, "data_budget": 10_000,
}  # fmt: skip


def _listed(tmp_path, records):
    with RunLog(tmp_path / "runs") as log:
        log.append(records)
        return catalogue(log)


def test_the_mean_and_spread_of_seeds_are_those_of_numpy(tmp_path):
    made = [record(seed=n, cross_entropy=loss) for n, loss in enumerate(LOSSES)]
    alone = record(seed=9, learning_rate=0.1)
    found = groups(_listed(tmp_path, [*made, alone]))
    assert sorted(len(group.runs) for group in found) == [1, 3]
    three, one = sorted(found, key=lambda group: -len(group.runs))
    assert [each.settings["seed"] for each in three.runs] == [0, 1, 2]
    assert three.mean == pytest.approx(np.mean(LOSSES))
    assert three.spread == pytest.approx(np.std(LOSSES, ddof=1))
    assert one.mean == 3.5 and one.spread is None


@pytest.mark.parametrize("name", OTHER)
def test_one_setting_that_differs_is_another_configuration(tmp_path, name):
    assert name in DEFINING
    listed = _listed(tmp_path, [record(seed=0), record(seed=1, **{name: OTHER[name]})])
    assert len(groups(listed)) == 2


def test_runs_whose_settings_are_unknown_stand_alone(tmp_path):
    (one,) = _listed(tmp_path, [record()])
    loose = [
        dataclasses.replace(one, run_id=name, settings={}, created_at=NOW) for name in ("a", "b")
    ]
    assert [len(group.runs) for group in groups(loose)] == [1, 1]
    assert groups(loose)[0].mean is None
