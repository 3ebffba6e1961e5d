"""Trains in a child that is killed with SIGKILL, as often as asked, then to the end: a process.

Arguments: folder, seed ("none": private), "bands" where noise is to be correlated, then for each
kill the step at which it comes. Every Gaussian drawn, hence every step taken, leaves a byte in
``folder/taken`` before it is used. Prints what the last run came to, as JSON.

A block is as long as on a disk that costs nothing: how long one becomes on a slow disk is tested
with the pace itself, and a busy machine's disk would make this an accident.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

import torch

from engine.accounting.strategy import strategy
from engine.pilot.dpsgd import noise
from engine.pilot.dpsgd.ledger import LEDGER_FILE
from engine.pilot.dpsgd.progress import Pace
from engine.pilot.dpsgd.training import Training
from tests.pilot.fake_training import Corpus, settings
from tests.pilot.ledgers import charged_steps

ITERATIONS = 120


def counted(kind, mark: Path):
    real = kind.normal

    def normal(self, step, count, *, device):
        with mark.open("ab") as file:
            file.write(b".")
        return real(self, step, count, device=device)

    kind.normal = normal


def on_a_free_disk(kind):
    kind.checkpoint = lambda self, seconds: None


def slow() -> None:
    time.sleep(0.004)


def train(folder: Path, seed: int | None):
    bands = 4 if "bands" in sys.argv else 1
    c = tuple(strategy(bands=bands, iterations=ITERATIONS).tolist())
    plan = settings(iterations=ITERATIONS, seed=seed, noise=0.05, strategy=c)
    return Training(plan, Corpus(), folder=folder).run(should_stop=slow)


def main() -> None:
    folder = Path(sys.argv[1])
    seed = None if sys.argv[2] == "none" else int(sys.argv[2])
    mark = folder / "taken"

    def taken() -> int:
        return mark.stat().st_size if mark.exists() else 0

    torch.set_num_threads(1)
    counted(noise.EntropyNoise, mark)
    counted(noise.SeededNoise, mark)
    on_a_free_disk(Pace)
    Training(settings(), Corpus())  # loads here, once, what every child would load again
    seen = []
    for step in (int(word) for word in sys.argv[3:] if word.isdigit()):
        child = os.fork()
        if child == 0:
            train(folder, seed)
            os._exit(0)
        while taken() < step:
            time.sleep(0.001)
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        assert os.WTERMSIG(status) == signal.SIGKILL, "it was over before it was killed"
        seen.append([taken(), charged_steps(folder / LEDGER_FILE)])
    outcome = train(folder, seed)
    print(
        json.dumps(
            {
                "seen": seen,
                "taken": taken(),
                "charged": outcome.charged,
                "done": outcome.iterations_done,
                "curve": outcome.curve,
                "trained": outcome.train_cross_entropy,
                "stop": outcome.stop,
            }
        )
    )


if __name__ == "__main__":
    main()
