"""The shipped campaign replayed: how much sooner does the scheduler reach its decision?

``python -m tests.benchmarks.replay_schedule``: minutes of one core. The law starts with the
cheapest runs; then one run after another comes in, by the scheduler (asked again after each), in
the order of the plan, and at random. The law is fitted anew after each. Two things are waited for:
that the plan's regret, by the law of the whole campaign, stays below 1 %; and that the standard
deviation of ln L at the plan stays within a quarter of what the whole campaign leaves.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from engine.allocation.reach import coverage_of
from engine.allocation.space import space_of
from engine.config import Budget, TrainingConfig
from engine.decision.decide import decide
from engine.decision.fitted import MEASURED_GPT, FittedEvidence, capacity_of, selection_of
from engine.decision.question import Question
from engine.decision.schedule import Waiting, schedule_with
from engine.law.stack import fit_stack
from engine.runs.evidence import EvidenceSummary

QUESTIONS = (
    Budget(compute_flops=1e15, data_budget=1_000_000, epsilon=2.0, delta=1e-8),
    Budget(compute_flops=1e17, data_budget=20_000_000, epsilon=4.0, delta=1e-9),
)
FIRST, SEEDS = 10, (1, 2, 3)
REGRET, WIDER = 0.01, 1.25

Order = Callable[[FittedEvidence, pd.DataFrame, list[str]], str]
"""Chooses the next of the runs that wait."""


def law_of(frame: pd.DataFrame) -> FittedEvidence:
    """The law of some runs."""
    return FittedEvidence(
        fit=fit_stack(frame, capacity=capacity_of(MEASURED_GPT)),
        space=space_of(frame),
        coverage=coverage_of(frame),
        summary=EvidenceSummary(id="replay", runs=len(frame), hash=""),
    )


def last_points(frame: pd.DataFrame) -> pd.DataFrame:
    """One row a run: where it ended."""
    return frame.sort_values("iterations").groupby("run_id", sort=False).tail(1)


def waiting_of(ends: pd.DataFrame, names: Sequence[str]) -> list[Waiting]:
    """The runs as the scheduler takes them."""
    rows = ends.set_index("run_id").loc[list(names)]
    columns = ("model_size", "batch_size", "iterations", "sequence_length", "noise_batch_ratio")
    return [
        Waiting(
            config=TrainingConfig(
                model_size=int(size),
                batch_size=int(batch),
                iterations=int(steps),
                sequence_length=int(length),
            ),
            noise_batch_ratio=float(ratio),
        )
        for size, batch, steps, length, ratio in zip(
            *(rows[name].tolist() for name in columns), strict=True
        )
    ]


@dataclass(frozen=True, kw_only=True)
class Stand:
    """After so many runs: regret by the whole law, what the law leaves open, FLOPs spent."""

    regret: float
    deviation: float
    spent: float


def replay(frame: pd.DataFrame, budget: Budget, whole: FittedEvidence, order: Order) -> list[Stand]:
    """How it stands with the cheapest runs, and after each that follows."""
    ends = last_points(frame)
    cheapest = ends.sort_values("compute_flops")["run_id"].astype(str).tolist()
    done = cheapest[:FIRST]
    waiting = [name for name in dict.fromkeys(frame["run_id"].astype(str)) if name not in done]
    cost = ends.set_index(ends["run_id"].astype(str))["compute_flops"].to_dict()
    best = decide(budget, whole).recommendation.cross_entropy.value
    asked = Question(budget=budget, evidence_id=MEASURED_GPT)
    found, spent = [], 0.0
    while True:
        part = frame[frame["run_id"].astype(str).isin(done)]
        law = law_of(part)
        plan = decide(budget, law).recommendation
        real = float(
            whole.fit.law.cross_entropy(
                plan.config.model_size,
                plan.config.iterations,
                plan.noise_batch_ratio,
                plan.config.batch_size,
            )
        )
        open_still = schedule_with(asked, law, part, ()).deviation
        found.append(Stand(regret=real / best - 1.0, deviation=open_still, spent=spent))
        if not waiting:
            return found
        chosen = order(law, part, waiting)
        waiting.remove(chosen)
        done.append(chosen)
        spent += cost[chosen]


def reached(path: list[Stand], enough: Callable[[Stand], bool]) -> int:
    """The first run from which on it stays ``enough``."""
    at = len(path) - 1
    while at > 0 and enough(path[at - 1]):
        at -= 1
    return at


def orders_of(budget: Budget, ends: pd.DataFrame) -> dict[str, Order]:
    """The scheduler's order, that of the plan, and some at random."""
    asked = Question(budget=budget, evidence_id=MEASURED_GPT)

    def by_law(law: FittedEvidence, part: pd.DataFrame, waiting: list[str]) -> str:
        found = schedule_with(asked, law, part, waiting_of(ends, waiting))
        return waiting[found.runs[0].index] if found.runs else waiting[0]

    def first(law: FittedEvidence, part: pd.DataFrame, waiting: list[str]) -> str:
        return waiting[0]

    def at_random(seed: int) -> Order:
        rng = np.random.default_rng(seed)
        return lambda law, part, waiting: str(rng.choice(waiting))

    drawn = {f"random {seed}": at_random(seed) for seed in SEEDS}
    return {"scheduler": by_law, "order of the plan": first, **drawn}


def main() -> None:
    """Print, for each question and order, after which run the decision is reached."""
    frame = selection_of(MEASURED_GPT).evidence.frame
    whole, ends = law_of(frame), last_points(frame)
    for budget in QUESTIONS:
        asked = f"{budget.compute_flops:g} FLOPs, {budget.data_budget:,} people"
        print(f"{asked}, ε = {budget.epsilon:g}")
        for name, order in orders_of(budget, ends).items():
            path = replay(frame, budget, whole, order)
            decided, narrowed = reached(path, _decided), reached(path, _narrow(path[-1]))
            print(
                f"  {name}: decided after {_share(path, decided)}, narrow after "
                f"{_share(path, narrowed)}",
                flush=True,
            )


def _decided(stand: Stand) -> bool:
    return stand.regret < REGRET


def _narrow(last: Stand) -> Callable[[Stand], bool]:
    return lambda stand: stand.deviation <= WIDER * last.deviation


def _share(path: list[Stand], at: int) -> str:
    return f"{at} of {len(path) - 1} runs ({path[at].spent / path[-1].spent:.0%} of the compute)"


if __name__ == "__main__":
    main()
