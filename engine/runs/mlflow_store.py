"""The runs of the log in a tracking store of MLflow: an experiment a family, a run a run.

Settings become parameters, the losses on the way a metric ``cross_entropy`` at each step, in the
unit that the tag ``kessai.loss_unit`` names. A run that is there already, by its tag
``kessai.run_id``, is not written again. Runs that are no point of a law (cut, diverged) and deleted
ones are left out. MLflow is optional: ``pip install mlflow-skinny sqlalchemy alembic``.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from engine.errors import InputError
from engine.loss_unit import unit_of
from engine.runs.log import RunLog
from engine.runs.mlflow_access import unwritten, writing_client
from engine.runs.record import RunRecord

_SETTINGS = (
    "model_size", "batch_size", "physical_batch_size", "iterations", "sequence_length",
    "noise_multiplier", "noise_batch_ratio", "compute_flops", "data_budget", "epsilon", "delta",
    "privacy_unit", "neighbouring_relation", "sampling", "learning_rate", "seed",
    "vocabulary_size", "compute_optimal", "hardware",
)  # fmt: skip
_METRIC = "cross_entropy"
_ID = "kessai.run_id"
_AT_ONCE = 1_000
"""Metrics that MLflow takes in one call."""
_PAGE = 1_000


@dataclass(frozen=True, kw_only=True)
class Stored:
    """What was written."""

    made: int
    known: int
    """There already."""


def to_mlflow(log: RunLog, uri: str, *, family: str | None = None) -> Stored:
    """Write the runs of one family, or all, to the store at ``uri`` (``sqlite:///runs.db``, or a
    server's address).

    Raises :class:`InputError` where MLflow is missing, there are no such runs, or the store cannot
    be written.
    """
    records = log.records(family)
    if not records:
        raise InputError(
            "Expected runs to export, got none of {family}: families are {known}.",
            family=family or "any family",
            known=", ".join(log.families()) or "none",
        )
    client, failures = writing_client(uri)
    try:
        made = known = 0
        for name in dict.fromkeys(record.family for record in records):
            experiment = _experiment(client, name)
            there = set(_ids(client, experiment))
            for record in (one for one in records if one.family == name):
                if record.run_id in there:
                    known += 1
                else:
                    _write(client, experiment, record)
                    made += 1
    except failures as error:
        raise unwritten(uri, error) from error
    return Stored(made=made, known=known)


def _experiment(client: Any, name: str) -> str:
    found = client.get_experiment_by_name(name)
    return str(client.create_experiment(name) if found is None else found.experiment_id)


def _ids(client: Any, experiment: str) -> Iterator[str]:
    token = None
    while True:
        page = client.search_runs([experiment], max_results=_PAGE, page_token=token)
        yield from (run.data.tags[_ID] for run in page if _ID in run.data.tags)
        token = page.token
        if not token:
            return


def _write(client: Any, experiment: str, record: RunRecord) -> None:
    from mlflow.entities import Metric, Param

    at = round(record.created_at.timestamp() * 1000)
    tags = {
        _ID: record.run_id,
        "kessai.source": record.source,
        "kessai.provenance": str(record.provenance),
        "kessai.loss_unit": str(unit_of(record.family).measure),
    }
    run = client.create_run(experiment, start_time=at, tags=tags, run_name=record.run_id[:8])
    values = ((name, getattr(record, name)) for name in _SETTINGS)
    params = [Param(name, str(value)) for name, value in values if value not in (None, "")]
    losses = dict(record.curve) | {record.iterations: record.cross_entropy}
    metrics = [Metric(_METRIC, loss, at, step) for step, loss in sorted(losses.items())]
    client.log_batch(run.info.run_id, params=params)
    for first in range(0, len(metrics), _AT_ONCE):
        client.log_batch(run.info.run_id, metrics=metrics[first : first + _AT_ONCE])
    client.set_terminated(run.info.run_id, "FINISHED", end_time=at)
