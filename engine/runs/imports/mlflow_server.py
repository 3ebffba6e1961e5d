"""The runs of an MLflow tracking server, by MLflow's own client -> a sheet.

Read: active runs of all experiments or of one, their parameters, and every metric but those of the
machine (``system/…``), a request a metric and run. Nothing is written there. Only the command line
asks a server: a page that fetched addresses which visitors type would be a door into the network
that it stands in. Who may read is the client's matter (MLFLOW_TRACKING_TOKEN and the like).

Not covered: artifacts, nested runs as such.
"""

import os
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from engine.errors import InputError
from engine.runs.imports.sheet import MLFLOW, Sheet
from engine.runs.imports.tracked import TrackedRun, tracked_sheet
from engine.runs.mlflow_access import failure
from engine.untrusted import regular

_PAGE = 1_000
_OF_THE_MACHINE = "system/"
_PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": "30"}
"""Where the environment says nothing else: MLflow's own defaults wait for many minutes."""


def is_server(place: str) -> bool:
    """Whether a place is a server's address.

    >>> is_server("http://localhost:5000"), is_server("runs.csv")
    (True, False)
    """
    return place.casefold().startswith(("http://", "https://"))


def server_name(uri: str) -> str:
    """What stands for the server where a file's name would, without what could be a password.

    >>> server_name("https://me:secret@mlflow.example:5000/path")
    'MLflow at mlflow.example:5000'
    """
    return f"MLflow at {urlsplit(uri).netloc.rpartition('@')[2]}"


def server_sheet(uri: str, experiment: str | None = None) -> Sheet:
    """The active runs of one experiment, or of all. Raises :class:`InputError` where MLflow is
    missing, the server does not answer, or has no such experiment."""
    try:
        from mlflow.exceptions import MlflowException
        from mlflow.tracking import MlflowClient
    except ImportError:
        raise InputError(
            "Expected MLflow to be installed to read from its server: pip install mlflow-skinny."
        ) from None
    for name, value in _PATIENCE.items():
        os.environ.setdefault(name, value)
    try:
        client = MlflowClient(tracking_uri=uri)
        runs = [_tracked(client, run) for run in _runs(client, _experiments(client, experiment))]
    except (MlflowException, OSError) as error:
        raise regular.unreadable(server_name(uri), failure(error)) from error
    return replace(tracked_sheet(server_name(uri), runs), source=MLFLOW)


def _experiments(client: Any, wanted: str | None) -> list[str]:
    found, token = {}, None
    while True:
        page = client.search_experiments(max_results=_PAGE, page_token=token)
        found.update({one.name: str(one.experiment_id) for one in page})
        token = page.token
        if not token:
            break
    if wanted is None:
        return list(found.values())
    if wanted not in found:
        raise InputError(
            "Expected an experiment of the server, got {value}: it has {known}.",
            value=wanted[:80],
            known=", ".join(sorted(found)[:20]) or "none",
        )
    return [found[wanted]]


def _runs(client: Any, experiments: list[str]) -> Iterator[Any]:
    token = None
    while experiments:
        page = client.search_runs(
            experiments, max_results=_PAGE, page_token=token, order_by=["attributes.start_time ASC"]
        )
        yield from page
        token = page.token
        if not token:
            return


def _tracked(client: Any, run: Any) -> TrackedRun:
    found = TrackedRun(
        id=run.info.run_id,
        name=run.info.run_name or "",
        status=str(run.info.status or "").lower(),
        settings=dict(run.data.params),
    )
    for metric in run.data.metrics:
        if not metric.startswith(_OF_THE_MACHINE):
            history = client.get_metric_history(run.info.run_id, metric)
            points = sorted(history, key=lambda point: (point.step, point.timestamp))
            found.measure_all(
                metric, [point.step for point in points], [float(point.value) for point in points]
            )
    return found
