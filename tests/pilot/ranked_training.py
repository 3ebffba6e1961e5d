"""Trains on 1, 2 and 4 ranks, each a process that this one forks, and writes down what each did.

Argument: a folder, in which ``found.pt`` is left. Ranks other than 0 may draw nothing: where they
ask a source of randomness for something, they die.
"""

import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch.distributed.tensor import DTensor

from engine.accounting.strategy import strategy
from engine.config import Sampling
from engine.pilot.dpsgd import noise, team
from engine.pilot.dpsgd.examples import Canaries
from engine.pilot.dpsgd.progress import RankLostError
from engine.pilot.dpsgd.training import Training
from tests.pilot.fake_training import MASKED, Corpus, S, settings

STEPS = 12
CASES: dict[str, dict[str, Any]] = {
    "independent": {},
    "no noise": {"noise": 0},
    "banded": {"strategy": tuple(strategy(bands=4, iterations=STEPS).tolist())},
    "truncated": {"sampling": Sampling.TRUNCATED_POISSON, "batch_size": 12},
    "two windows": {"documents": 2},
    "computed anew": {"recompute": True},
    "hardly anybody": {"batch_size": 1},
    "masked": {"shape": MASKED},
}
"""Seeded, in float64."""
SHARDED = ("banded", "two windows", "hardly anybody", "masked")
"""Which of them with a model that each of 2 ranks holds a part of."""
SIZES = [
    *((name, 2) for name in CASES),
    *((name, 4) for name in ("independent", "banded", "masked")),
]
"""Which of them on how many ranks, beside a process alone."""
ITERATIONS = 100
PRIVATE: dict[str, Any] = {"seed": None, "iterations": ITERATIONS}
LOST_AT = 30
"""Step in which rank 1 is killed."""
_TOKENS = np.random.default_rng(0).integers(0, 32, (4, S + 1))
CANARIES = Canaries(tokens=_TOKENS[:, :-1].copy(), targets=_TOKENS[:, 1:].copy())


def trained(plan, leads: team.Team | None, folder: Path | None = None) -> dict[str, Any]:
    """What rank 0, or a process alone, did in each step, and what came of it."""
    found: dict[str, Any] = {"drawn": [], "own": [], "exact": [], "noisy": []}
    training = Training(plan, Corpus(), folder=folder, canaries=CANARIES, team=leads)
    step = training._private_step
    finite, noisy_mean = step._finite, step.noisy_mean

    def before_noise(loss):
        found["exact"].append(step.sum / plan.config.batch_size)
        return finite(loss)

    def after_noise(*arguments):
        answer = noisy_mean(*arguments)
        found["noisy"].append(answer[0].clone())
        return answer

    vars(step).update(_finite=before_noise, noisy_mean=after_noise)
    if leads is not None:
        deal = leads.deal

        def dealt(batch, *sent):
            own = deal(batch, *sent)
            found["drawn"].append(batch.units.tolist())
            found["own"].append(own.units.tolist())
            return own

        vars(leads).update(deal=dealt)
        leads.begin(0, 0)
    outcome = training.run()
    found |= {
        "weights": torch.cat([w.flatten() for w in training.averaged_weights().values()]),
        "curve": [loss for _, loss in outcome.curve],
        "trained": outcome.train_cross_entropy,
        "train loss": training._journal.train_loss,
        "stop": str(outcome.stop),
        "reason": str(outcome.reason),
        "done": outcome.iterations_done,
        "charged": outcome.charged,
    }
    return found


def helped(plan, joined: team.Team, change: Callable[[team.Helper, list], None]) -> list:
    """The units that a rank other than 0 added up in each step."""
    parts: list[list[int]] = []
    begun: list[team.Helper] = []

    def begin(arm, repeat):
        helper = team.Helper(plan, Corpus(), canaries=CANARIES, shards=joined.sharded(plan))
        examples = helper.examples

        def counted(batch):
            parts.append(batch.units.tolist())
            change(helper, parts)
            return examples(batch)

        vars(helper).update(examples=counted)
        begun.append(helper)
        return helper

    joined.serve(begin)
    if begun and begun[-1].shards is not None:
        held = sum(
            cast(DTensor, part).to_local().numel() for part in begun[-1].shards._model.parameters()
        )
        assert held <= 0.5 * plan.config.model_size, "this rank holds more than its part"
    return parts


def together(
    size: int,
    plan,
    folder: Path,
    *,
    change=lambda helper, parts: None,
    keep=False,
    is_sharded=False,
):
    """What rank 0 found, with the ``parts`` of all ranks, and how each ended (a code, or a signal
    below 0)."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port = server.getsockname()[1]
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    said = [folder / f"rank-{rank}.pt" for rank in range(size)]
    kept = folder / "training" if keep else None
    children = []
    for rank, place in enumerate(said):
        place.unlink(missing_ok=True)
        if (child := os.fork()) == 0:
            code = 1
            try:
                torch.save(_one(rank, size, plan, kept, change, is_sharded), place)
                code = 0
            except RankLostError:
                code = 3
            finally:
                sys.stderr.flush()
                os._exit(code)
        children.append(child)
    ends = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    found, *parts = [torch.load(place) if place.exists() else None for place in said]
    assert found is not None, "rank 0 left nothing"
    return {**found, "parts": [found["own"], *parts], "ends": ends}


def _one(rank, size, plan, folder, change, is_sharded):
    joined = team.joined(rank=rank, size=size, device="cpu", is_sharded=is_sharded)
    if rank == 0:
        found = trained(plan, joined, folder)
        joined.dismiss()
        return found

    def forbidden(*_, **__):
        raise AssertionError("this rank draws")

    for kind in (noise.EntropyNoise, noise.SeededNoise):
        for drawn in ("bits", "normal"):
            setattr(kind, drawn, forbidden)
    return helped(plan, joined, change)


def _full(helper, parts):
    def clipped_sum(*_):
        raise MemoryError

    if len(parts) == 5:
        helper.sum._clipped_sum = clipped_sum


def _killed(helper, parts):
    if len(parts) == LOST_AT:
        os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    folder = Path(sys.argv[1])
    torch.set_num_threads(1)
    found: dict[Any, Any] = {}
    for name, changes in CASES.items():
        plan = settings(iterations=STEPS, precision="float64", **changes)
        found[name, 1] = trained(plan, None)
        found |= {
            (name, size): together(size, plan, folder) for case, size in SIZES if case == name
        }
        if name in SHARDED:
            found[name, "sharded"] = together(2, plan, folder, is_sharded=True)
    private = settings(**PRIVATE)
    found["private"] = together(4, private, folder, keep=True)
    found["full"] = together(2, settings(iterations=STEPS), folder, change=_full)
    (folder / "lost").mkdir()
    found["lost"] = together(2, private, folder / "lost", change=_killed, keep=True)
    found["resumed"] = trained(private, None, folder / "lost" / "training")
    torch.save(found, folder / "found.pt")


if __name__ == "__main__":
    main()
