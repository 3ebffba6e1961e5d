"""What a followed pilot writes to trackers: each figure once, and nothing of training batches."""

import pytest

from engine.commands.pilot_metrics import Metrics, metrics
from engine.errors import InputError
from engine.pilot.running.status import State, Status
from tests.dashboard import made_pilots as made


def training(*curve, spent=1.5):
    return Status(
        state=State.TRAINING, arm="recommended", repeat=0, curve=curve, epsilon_spent=spent,
        train_loss=9.9,
    )  # fmt: skip


def test_each_figure_is_written_once_and_the_end_is_not_missed():
    written = []
    told = Metrics([lambda *figure: written.append(figure)])
    told.saw(Status(state=State.QUEUED))
    told.saw(training((32, 4.0)))
    told.saw(training((32, 4.0)))
    told.saw(training((32, 4.0), (45, 3.5), spent=1.7))
    assert written == [
        ("recommended-0", "held_out_cross_entropy", 32, 4.0),
        ("recommended-0", "epsilon_spent", 32, 1.5),
        ("recommended-0", "held_out_cross_entropy", 45, 3.5),
        ("recommended-0", "epsilon_spent", 45, 1.7),
    ]
    plan = made.plan()
    (result, *_) = made.results(plan)
    told.ended([result])
    assert {step for _, name, step, _ in written if name.startswith("held")} >= {
        step for step, _ in result.curve
    }
    assert not any(value == 9.9 for *_, value in written)


def test_tensorboard_reads_it_back(tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

    told = metrics("0123456789abcdef", tensorboard=str(tmp_path), mlflow=None)
    told.saw(training((32, 4.0), (45, 3.5)))
    (path,) = (tmp_path / "0123456789abcdef" / "recommended-0").iterdir()
    events = [event for event in EventFileLoader(str(path)).Load() if event.summary.value]
    found = [(event.step, event.summary.value[0].tag) for event in events]
    assert found == [
        (32, "held_out_cross_entropy"),
        (45, "held_out_cross_entropy"),
        (45, "epsilon_spent"),
    ]


@pytest.mark.filterwarnings("ignore")  # of MLflow and what it is built on
def test_mlflow_holds_a_run_a_training(tmp_path, monkeypatch):
    pytest.importorskip("mlflow")
    from mlflow.tracking import MlflowClient

    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")  # a database takes seconds to make
    uri = (tmp_path / "store").as_uri()
    metrics("0123456789abcdef", tensorboard=None, mlflow=uri).saw(training((32, 4.0), (45, 3.5)))
    client = MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name("kessai pilots")
    assert experiment is not None
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.run_name == "0123456789abcdef/recommended-0"
    history = client.get_metric_history(run.info.run_id, "held_out_cross_entropy")
    assert [(one.step, one.value) for one in history] == [(32, 4.0), (45, 3.5)]


@pytest.mark.parametrize(("asked", "part"), [("tensorboard", "TensorBoard"), ("mlflow", "MLflow")])
def test_a_missing_package_is_named(monkeypatch, tmp_path, asked, part):
    import sys

    for name in ("tensorboard.compat.proto.event_pb2", "mlflow.tracking"):
        monkeypatch.setitem(sys.modules, name, None)
    places = {"tensorboard": None, "mlflow": None, asked: str(tmp_path)}
    with pytest.raises(InputError, match=part):
        metrics("0123456789abcdef", **places)
