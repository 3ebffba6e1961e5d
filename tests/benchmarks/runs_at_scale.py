"""Ten thousand runs, ten million points: import, list, filter, evidence; and MLflow's own search.

``python -m tests.benchmarks.runs_at_scale [--runs 10000] [--points 1000]``

Made histories go through the same door as anybody's, as a Parquet file of a row a run and step, and
as a tracking database of MLflow (its schema made by MLflow itself, filled by SQL, for its client
writes some hundred runs a second). Each figure is printed as seconds by the clock and of processor
time; on a machine that others use too the second is the one to compare. The search of MLflow
(mlflow-skinny, its SQLite store) and ours answer the same question on the same runs in the same
process, five times each, in turns.
"""

import argparse
import resource
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from engine.accounting.search import noise_multiplier
from engine.runs import catalogue
from engine.runs.filtering import RunFilter, matching
from engine.runs.imports.importing import Asked, import_file, store
from engine.runs.imports.selection import select
from engine.runs.log import RunLog

T = TypeVar("T")
SIZES = np.array([4_000_000, 11_000_000, 29_000_000, 41_000_000, 109_000_000, 335_000_000])
BATCH, LENGTH = 256, 512
SIGMAS = np.array([0.0, 2.0**-14, 2.0**-12, 2.0**-10, 2.0**-9]) * BATCH
RATES = 2.0 ** -np.array([9.0, 8.0, 7.0])
LIMIT = 4.0
"""Nats below which a run is searched for."""


class Made:
    """Settings of the runs, each (runs,), their steps (points,) and losses (runs, points)."""

    def __init__(self, runs: int, points: int) -> None:
        number = np.arange(runs)
        self.sizes = SIZES[number % 6]
        self.sigmas = SIGMAS[number // 6 % 5]
        self.rates = RATES[number // 30 % 3]
        self.seeds = number // 90
        self.names = [f"run-{n:05d}" for n in range(runs)]
        self.steps = np.arange(1, points + 1) * 100
        worth = self.steps / (1 + (3 * self.sigmas[:, None]) ** 2)
        clean = 1.8 + 2 * (self.sizes[:, None] / 1e6) ** -0.3 + 20 * worth**-0.35
        scatter = np.random.default_rng(7).normal(0, 0.003, clean.shape)
        self.losses = np.minimum(clean * np.exp(scatter), 10.5)

    def settings(self) -> dict[str, np.ndarray]:
        """Name -> (runs,)."""
        runs = self.sizes.size
        return {
            "params": self.sizes,
            "batch_size": np.full(runs, BATCH),
            "seq_len": np.full(runs, LENGTH),
            "sigma": self.sigmas,
            "lr": self.rates,
            "seed": self.seeds,
        }

    def parquet(self, path: Path) -> None:
        """A row a run and step."""
        runs, points = self.losses.shape
        indices = pa.array(np.repeat(np.arange(runs, dtype=np.int32), points))
        columns = {
            "run": pa.DictionaryArray.from_arrays(indices, pa.array(self.names)),
            "step": np.tile(self.steps, runs),
            "eval/loss": self.losses.ravel(),
        }
        columns |= {name: np.repeat(values, points) for name, values in self.settings().items()}
        pq.write_table(pa.table(columns), path, compression="zstd")

    def mlflow(self, path: Path) -> None:
        """MLflow's database, of which it makes the tables itself."""
        from mlflow.tracking import MlflowClient

        experiment = MlflowClient(tracking_uri=f"sqlite:///{path}").create_experiment("sweep")
        settings = {name: values.tolist() for name, values in self.settings().items()}
        with closing(sqlite3.connect(path)) as base, base:
            for n, name in enumerate(self.names):
                key, losses = f"{n:032x}", self.losses[n].tolist()
                base.execute(
                    "INSERT INTO runs (run_uuid, name, status, start_time, end_time, user_id, "
                    "lifecycle_stage, experiment_id, artifact_uri, source_type) "
                    "VALUES (?, ?, 'FINISHED', ?, ?, 'team', 'active', ?, '', 'LOCAL')",
                    (key, name, n, n + 1, experiment),
                )
                base.executemany(
                    "INSERT INTO params (key, value, run_uuid) VALUES (?, ?, ?)",
                    [(what, str(values[n]), key) for what, values in settings.items()],
                )
                base.executemany(
                    "INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan) "
                    "VALUES ('eval/loss', ?, ?, ?, ?, 0)",
                    [
                        (loss, step, key, step)
                        for step, loss in zip(self.steps.tolist(), losses, strict=True)
                    ],
                )
                base.execute(
                    "INSERT INTO latest_metrics (key, value, timestamp, step, is_nan, run_uuid) "
                    "VALUES ('eval/loss', ?, ?, ?, 0, ?)",
                    (losses[-1], int(self.steps[-1]), int(self.steps[-1]), key),
                )


def timed(what: str, act: Callable[[], T], points: int = 0) -> T:
    """The result; prints what it took."""
    clock, cpu = time.perf_counter(), time.process_time()
    found = act()
    clock, cpu = time.perf_counter() - clock, time.process_time() - cpu
    rate = f", {points / clock:,.0f} points/s ({points / cpu:,.0f} of CPU)" if points else ""
    print(f"{what}: {clock:.2f} s ({cpu:.2f} s of CPU){rate}", flush=True)
    return found


def imported(path: Path, log: RunLog, family: str) -> None:
    asked = Asked(family=family, vocabulary_size=50_257)
    store(log, import_file(path, log, asked, created_at=datetime.now(UTC)))


def searched(path: Path, rows: list[catalogue.Listed], size: int) -> None:
    """Runs of one size whose loss is below :data:`LIMIT`: MLflow's search and our two ways."""
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{path}")
    (experiment,) = client.search_experiments(filter_string="name = 'sweep'")
    wanted = f"params.params = '{size}' and metrics.`eval/loss` < {LIMIT}"

    def theirs() -> int:
        found, token = 0, None
        while True:
            page = client.search_runs([experiment.experiment_id], wanted, page_token=token)
            found, token = found + len(page), page.token
            if not token:
                return found

    def ours() -> int:
        return sum(
            one.settings["model_size"] == size and float(str(one.settings["cross_entropy"])) < LIMIT
            for one in matching(rows, RunFilter(family="team", text="run-"))
            if one.is_point
        )

    took: dict[str, list[float]] = {"MLflow's search": [], "ours": []}
    counts = set()
    for _ in range(5):
        for name, ask in (("MLflow's search", theirs), ("ours", ours)):
            start = time.process_time()
            counts.add(ask())
            took[name].append(time.process_time() - start)
    middle = {name: statistics.median(times) for name, times in took.items()}
    ratio = middle["MLflow's search"] / middle["ours"]
    said = ", ".join(f"{name} {value:.3f} s" for name, value in middle.items())
    print(f"runs of {size:,} parameters below {LIMIT} nats ({counts}): {said}; ratio {ratio:.1f}")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--points", type=int, default=1_000)
    parser.add_argument("--mlflow-points", type=int, default=100, help="of a run in MLflow's store")
    options = parser.parse_args()
    total = options.runs * options.points
    with tempfile.TemporaryDirectory(prefix="kessai-scale-") as name:
        folder = Path(name)
        Made(options.runs, options.points).parquet(folder / "runs.parquet")
        with RunLog.open(folder / "log") as log:
            timed(
                f"import of {total:,} points (Parquet)",
                lambda: imported(folder / "runs.parquet", log, "team"),
                total,
            )
        with RunLog.open(folder / "log") as log:
            timed("the log opened for the first time", log.families)
            rows = timed("the runs listed", lambda: catalogue.catalogue(log))
            some = RunFilter(text="run-00123")
            timed("the list filtered", lambda: matching(rows, some))
            timed("a law's evidence", lambda: select(log, "team", noise_multiplier))
            most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(f"memory at most, the making of the data included: {most:,.0f} MB")
            made, path = Made(options.runs, options.mlflow_points), folder / "mlflow.db"
            made.mlflow(path)
            searched(path, rows, int(SIZES[2]))
        with RunLog.open(folder / "other") as log:
            timed(
                f"import of {options.runs * options.mlflow_points:,} points (MLflow)",
                lambda: imported(path, log, "tracked"),
                options.runs * options.mlflow_points,
            )


if __name__ == "__main__":
    main()
