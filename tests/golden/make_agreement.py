"""Certificates of 200 random trainings beside other accountants: the table of docs/method.md.

``python -m tests.golden.make_agreement FILE`` draws them by a seed, writes each answer to FILE at
once (interrupted, it goes on) and prints the table. Poisson sampling with add-or-remove has two
others, dp_accounting's PLD and Opacus' PRV; other pairs have dp_accounting alone. Theirs are
rounded up, on a lattice of 1e-4 or by at most 0.01.
"""

import json
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from dp_accounting.pld import PLDAccountant
from opacus.accountants import PRVAccountant

from engine.accounting.search import noise_multiplier
from engine.accounting.training_epsilon import Training, epsilon_of
from engine.config import NeighbouringRelation, Sampling
from tests.accounting.test_training_epsilon import ADD, REPLACE, THEIRS, ZERO

SEED, PEOPLE = 21, 100_000
PAIRS = {
    "poisson, add-or-remove-one": (Sampling.POISSON, ADD, 100),
    "poisson, replace-one": (Sampling.POISSON, REPLACE, 25),
    "poisson, zero-out": (Sampling.POISSON, ZERO, 25),
    "truncated-poisson, add-or-remove-one": (Sampling.TRUNCATED_POISSON, ADD, 25),
    "truncated-poisson, replace-one": (Sampling.TRUNCATED_POISSON, REPLACE, 25),
}
"""Sampling, relation and how many questions."""


def drawn() -> list[tuple[str, Training]]:
    """The questions, the same in every run."""
    rng = np.random.default_rng(SEED)
    return [
        (name, _one(rng, sampling, relation))
        for name, (sampling, relation, count) in PAIRS.items()
        for _ in range(count)
    ]


def _one(rng: np.random.Generator, sampling: Sampling, relation: NeighbouringRelation) -> Training:
    """Of any rate, length and δ, with the noise of an ε of 0.05 to 16 under Poisson sampling."""
    batch = max(round(PEOPLE * 10 ** rng.uniform(-4, -0.3)), 1)
    steps, delta = round(10 ** rng.uniform(0, 3.7)), float(10 ** rng.uniform(-9, -5))
    sigma = noise_multiplier(
        data_budget=float(PEOPLE),
        batch_size=np.array([float(batch)]),
        iterations=np.array([float(steps)]),
        epsilon=float(10 ** rng.uniform(-1.3, 1.2)),
        delta=delta,
        sampling=Sampling.POISSON,
    )
    cut = batch + 3 * round(batch**0.5) + 3 if sampling is Sampling.TRUNCATED_POISSON else None
    return Training(
        noise_multiplier=float(sigma[0]),
        batch_size=batch,
        iterations=steps,
        data_budget=PEOPLE,
        delta=delta,
        sampling=sampling,
        relation=relation,
        largest_batch=cut,
    )


def answered(name: str, asked: Training) -> dict[str, Any]:
    """Ours, theirs and how long ours took."""
    began = time.process_time()
    ours = epsilon_of(asked)
    seconds = time.process_time() - began
    relation = asked.relation
    assert relation is not None  # each pair of PAIRS names one
    pld = PLDAccountant(THEIRS[relation], value_discretization_interval=1e-4)
    theirs = {"dp_accounting": pld.compose(asked.mechanism.event()).get_epsilon(asked.delta)}
    if asked.sampling is Sampling.POISSON and asked.relation is ADD:
        prv = PRVAccountant()
        q = asked.batch_size / asked.data_budget
        prv.history = [(asked.noise_multiplier, q, asked.iterations)]
        theirs["opacus"] = prv.get_epsilon(delta=asked.delta, eps_error=0.01)
    return {"pair": name, "ours": ours.certified, "lower": ours.lower, **theirs, "s": seconds}


def table(answers: list[dict[str, Any]]) -> str:
    """Rows of Markdown."""
    rows = ["| sampling, relation | other | questions | ours over theirs | seconds of ours, most |"]
    rows.append("|---|---|---|---|---|")
    for name in PAIRS:
        own = [one for one in answers if one["pair"] == name]
        for other in ("dp_accounting", "opacus"):
            ratios = [one["ours"] / one[other] for one in own if other in one]
            if ratios:
                most = max(one["s"] for one in own)
                rows.append(
                    f"| {name} | {other} | {len(ratios)} | {min(ratios):.4f} to {max(ratios):.4f} "
                    f"| {most:.1f} |"
                )
    return "\n".join(rows)


def main(file: Path) -> None:
    warnings.filterwarnings("ignore")
    questions = drawn()
    lines = file.read_text().splitlines() if file.exists() else []
    answers = [json.loads(line) for line in lines]
    with file.open("a") as opened:
        for name, asked in questions[len(answers) :]:
            answers.append(answered(name, asked))
            opened.write(json.dumps(answers[-1]) + "\n")
            opened.flush()
    below = [one for one in answers if one["lower"] > min(one["dp_accounting"], one["ours"])]
    print(table(answers), f"\n{len(below)} lower bounds above another's ε")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
