"""Stand-ins for training and text, in a module of their own so that spawned workers find them.

The seed says what happens to a run; every start is a line in a file whose path an environment
variable holds, so that tests of several processes can count.
"""

import math
import os
import signal
import time
from pathlib import Path

import numpy as np

from engine.pilot.plan import CorpusSource
from engine.pilot.sweeps.gridfile import parse
from engine.pilot.sweeps.record import Result
from engine.pilot.text.corpus import Corpus

TRACE = "KESSAI_TEST_TRACE"
DIVERGES, WORSE_THAN_NOTHING, AT_THE_LIMIT, NO_NUMBER, DIES_ONCE, SLOW, UNTIL_TOLD, DEAF = range(
    90, 98
)
LIMIT = 1.05 * math.log(256)
CORPUS = Corpus(
    name="test",
    family="gpt-bytes-test",
    tokens=np.zeros(200 * 40, dtype=np.uint8),
    document_starts=np.arange(201) * 40,
    unit_starts=np.arange(201),
    vocabulary_size=256,
    fingerprint="ab" * 32,
)


def load(source: CorpusSource) -> Corpus:
    return CORPUS


def plan(seeds, noises=(0,), extra=""):
    """Runs of one size, in the order of the seeds."""
    text = f"""
        [defaults]
        iterations = 64
        [[grid]]
        model_sizes = [3e4]
        noise_batch_ratios = {list(noises)}
        learning_rates = ["2^-7"]
        seeds = {list(seeds)}
        {extra}
    """
    return parse(text).settings(vocabulary_size=256, data_budget=190)


def trace() -> list[int]:
    """Seeds of the trainings that started, in order."""
    path = Path(os.environ[TRACE])
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def train(settings, corpus, *, folder, device, threads, should_stop) -> Result:
    seed = settings.seed
    again = folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(os.environ[TRACE], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(descriptor, f"{seed}\n".encode())
    os.close(descriptor)
    if seed == DIES_ONCE and not again:
        os.kill(os.getpid(), signal.SIGKILL)
    if seed == SLOW:
        time.sleep(0.2)
    end = time.monotonic() + 180
    while seed == UNTIL_TOLD and not again:
        assert time.monotonic() < end
        if should_stop():
            return Result(stopped=True)
        time.sleep(0.01)
    if seed == DEAF and not again:
        time.sleep(180)
    if seed == DIVERGES:
        return Result(failure="Training diverged.")
    loss = {WORSE_THAN_NOTHING: LIMIT + 1e-6, AT_THE_LIMIT: LIMIT}.get(seed, 2.0 + seed / 100)
    early = math.nan if seed == NO_NUMBER else 4.0
    return Result(
        cross_entropy=loss,
        train_cross_entropy=loss - 0.1,
        curve=((32, early), (settings.config.iterations, loss)),
        seconds=10.0,
        physical_batch_size=16,
    )


def slowly(settings, corpus, **options) -> Result:
    """A training that leaves the time to judge the others."""
    result = train(settings, corpus, **options)
    time.sleep(0.7)
    return result
