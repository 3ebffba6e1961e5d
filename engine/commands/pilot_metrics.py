"""What a pilot shows on its way, in TensorBoard or MLflow: held-out losses and ε spent, by step.

One run for each training of the plan. Losses of training batches are exact figures of the people
who are trained on and are not written. Both packages are optional and loaded when asked for.
"""

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from engine.errors import InputError
from engine.pilot.running.status import State, Status, TrainingResult
from engine.runs.mlflow_access import unwritten, writing_client

Write = Callable[[str, str, int, float], None]
"""(training, metric, step, value)."""


class Metrics:
    """Writes each figure once, from statuses as they come and results at the end."""

    def __init__(self, writers: Iterable[Write]) -> None:
        self._writers = tuple(writers)
        self._written: set[tuple[str, str, int]] = set()

    def saw(self, status: Status) -> None:
        """What a status holds of the training under way."""
        if status.state is not State.TRAINING or status.arm is None:
            return
        training = f"{status.arm}-{status.repeat}"
        self._curve(training, status.curve)
        if status.epsilon_spent is not None and status.curve:
            self._add(training, "epsilon_spent", status.curve[-1][0], status.epsilon_spent)

    def ended(self, results: Iterable[TrainingResult]) -> None:
        """The whole curves: between two statuses a training may have gone on."""
        for result in results:
            self._curve(f"{result.arm}-{result.repeat}", result.curve)

    def _curve(self, training: str, curve: Iterable[tuple[int, float]]) -> None:
        for step, loss in curve:
            self._add(training, "held_out_cross_entropy", step, loss)

    def _add(self, training: str, name: str, step: int, value: float) -> None:
        if (training, name, step) not in self._written:
            self._written.add((training, name, step))
            for write in self._writers:
                write(training, name, step, value)


def metrics(plan_id: str, *, tensorboard: str | None, mlflow: str | None) -> Metrics:
    """Writers of what was asked for; none writes nowhere. Raises :class:`InputError` where a
    package is missing or a place cannot be written."""
    writers = []
    if tensorboard is not None:
        writers.append(_to_tensorboard(Path(tensorboard) / plan_id))
    if mlflow is not None:
        writers.append(_to_mlflow(mlflow, plan_id))
    return Metrics(writers)


def _to_tensorboard(folder: Path) -> Write:
    try:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.summary.writer.event_file_writer import EventFileWriter
    except ImportError:
        raise InputError(
            "Expected TensorBoard to be installed for these metrics: pip install tensorboard."
        ) from None
    files: dict[str, Any] = {}

    def write(training: str, name: str, step: int, value: float) -> None:
        if training not in files:
            files[training] = EventFileWriter(str(folder / training))
        summary = Summary(value=[Summary.Value(tag=name, simple_value=value)])
        files[training].add_event(Event(wall_time=time.time(), step=step, summary=summary))
        files[training].flush()

    return write


def _to_mlflow(uri: str, plan_id: str) -> Write:
    client, failures = writing_client(uri)
    runs: dict[str, str] = {}
    try:
        known = client.get_experiment_by_name("kessai pilots")
        experiment = known.experiment_id if known else client.create_experiment("kessai pilots")
    except failures as error:
        raise unwritten(uri, error) from error

    def write(training: str, name: str, step: int, value: float) -> None:
        if training not in runs:
            made = client.create_run(experiment, run_name=f"{plan_id}/{training}")
            runs[training] = made.info.run_id
        client.log_metric(runs[training], name, value, step=step)

    return write
