"""MLflow's REST interface over HTTP, answered by MLflow's own store and messages.

``mlflow server`` needs Flask, which mlflow-skinny does not bring: what is ours here is the way from
an address to a handler. What is asked and answered is what the documentation of MLflow's REST
interface names, as its own protocol buffers and its own SQL store say it.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

pytest.importorskip("mlflow", reason="mlflow-skinny is not installed")

from mlflow.entities import ViewType
from mlflow.protos import service_pb2
from mlflow.tracking import MlflowClient
from mlflow.utils.proto_json_utils import message_to_json


@contextmanager
def serving(store: str) -> Iterator[str]:
    """The address at which a tracking store is served."""
    client = MlflowClient(tracking_uri=store)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            self._answer(asked.path, {k: v[0] for k, v in parse_qs(asked.query).items()})

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            self._answer(urlsplit(self.path).path, json.loads(self.rfile.read(length) or b"{}"))

        def _answer(self, path: str, asked: dict) -> None:
            answers = {
                "experiments/search": experiments,
                "runs/search": runs,
                "metrics/get-history": history,
            }
            name = path.partition("/api/2.0/mlflow/")[2]
            found = answers[name](client, asked) if name in answers else None
            content = message_to_json(found).encode() if found else b'{"error_code": "NOT_FOUND"}'
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def experiments(client, asked):
    page = client.search_experiments(max_results=int(asked["max_results"]))
    return service_pb2.SearchExperiments.Response(experiments=[one.to_proto() for one in page])


def runs(client, asked):
    page = client.search_runs(
        asked["experiment_ids"],
        run_view_type=ViewType.ACTIVE_ONLY,
        max_results=2,
        page_token=asked.get("page_token"),
        order_by=asked.get("order_by"),
    )
    return service_pb2.SearchRuns.Response(
        runs=[one.to_proto() for one in page], next_page_token=page.token or ""
    )


def history(client, asked):
    found = client.get_metric_history(asked["run_id"], asked["metric_key"])
    first = int(asked.get("page_token") or 0)
    more = str(first + 5) if first + 5 < len(found) else ""
    return service_pb2.GetMetricHistory.Response(
        metrics=[one.to_proto() for one in found[first : first + 5]], next_page_token=more
    )
