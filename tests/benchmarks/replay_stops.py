"""The shipped campaign replayed: what does stopping needless runs save?

``python -m tests.benchmarks.replay_stops``: minutes of one core. The law starts with the ten
cheapest runs. The others are put in order once, as a sweep with a decision does, and two or
four workers train them, each for as long as its FLOPs say. Beside that sweep stands one that asks
again after each run that ends: what has become needless is stopped where it stands, with what it
has cost, or not begun. Both are judged by the law of the whole campaign: the regret of the plan
that each ends with, and the deviation of ln L there that each leaves open.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd

from engine.config import Budget
from engine.decision.decide import decide
from engine.decision.fitted import MEASURED_GPT, FittedEvidence, selection_of
from engine.decision.question import Question
from engine.decision.schedule import Judgement, schedule_with
from tests.benchmarks.replay_schedule import FIRST, QUESTIONS, last_points, law_of, waiting_of

WORKERS = (2, 4)


@dataclass
class Sweep:
    """One way through the runs: FLOPs of each worker's time, and what became of each run."""

    done: list[str]
    spent: float = 0.0
    stopped: list[str] = field(default_factory=list)
    not_begun: list[str] = field(default_factory=list)


def sweep(
    frame: pd.DataFrame, asked: Question, order: Sequence[str], *, workers: int, judges: bool
) -> Sweep:
    """Train ``order`` on ``workers``; ``judges``: ask again after each run that ends."""
    ends = last_points(frame)
    cost = ends.set_index(ends["run_id"].astype(str))["compute_flops"].to_dict()
    cheapest = ends.sort_values("compute_flops")["run_id"].astype(str).tolist()
    judgement = Judgement(asked)
    found = Sweep(done=cheapest[:FIRST])
    waiting, now = list(order), 0.0
    under_way: dict[str, float] = {}
    while waiting or under_way:
        while waiting and len(under_way) < workers:
            name = waiting.pop(0)
            under_way[name] = now
        ended = min(under_way, key=lambda name: under_way[name] + cost[name])
        now = under_way.pop(ended) + cost[ended]
        found.done.append(ended)
        found.spent += cost[ended]
        if not judges or not (waiting or under_way):
            continue
        part = frame[frame["run_id"].astype(str).isin(found.done)]
        running = list(under_way)
        places = judgement.needless_by(
            law_of(part), part, waiting_of(ends, running), waiting_of(ends, waiting)
        )
        out = {[*running, *waiting][place] for place in places}
        for name in out & set(under_way):
            found.spent += now - under_way.pop(name)
            found.stopped.append(name)
        found.not_begun += [name for name in waiting if name in out]
        waiting = [name for name in waiting if name not in out]
    return found


def stand(frame: pd.DataFrame, budget: Budget, whole: FittedEvidence, runs: list[str]) -> str:
    """Regret by the whole law, and what the law of ``runs`` leaves open."""
    part = frame[frame["run_id"].astype(str).isin(runs)]
    law = law_of(part)
    plan = decide(budget, law).recommendation
    best = decide(budget, whole).recommendation.cross_entropy.value
    real = whole.fit.law.cross_entropy(
        plan.config.model_size,
        plan.config.iterations,
        plan.noise_batch_ratio,
        plan.config.batch_size,
    )
    asked = Question(budget=budget, evidence_id=MEASURED_GPT)
    open_still = schedule_with(asked, law, part, ()).deviation
    return f"regret {float(real) / best - 1.0:.2%}, deviation {open_still:.2%}"


def main() -> None:
    """Print both sweeps for each question."""
    frame = selection_of(MEASURED_GPT).evidence.frame
    whole, ends = law_of(frame), last_points(frame)
    for budget in QUESTIONS:
        asked = Question(budget=budget, evidence_id=MEASURED_GPT)
        print(f"{budget.compute_flops:g} FLOPs, {budget.data_budget:,} people, {budget.epsilon:g}")
        cheapest = ends.sort_values("compute_flops")["run_id"].astype(str).tolist()[:FIRST]
        others = [name for name in ends["run_id"].astype(str) if name not in cheapest]
        first = frame[frame["run_id"].astype(str).isin(cheapest)]
        found = schedule_with(asked, law_of(first), first, waiting_of(ends, others))
        order = [others[one.index] for one in found.runs]
        all_of_it = ends[ends["run_id"].astype(str).isin(others)]["compute_flops"].sum()
        ways = [(WORKERS[0], False), *((workers, True) for workers in WORKERS)]
        for workers, judges in ways:
            one = sweep(frame, asked, order, workers=workers, judges=judges)
            print(
                f"  {f'asks again, {workers} workers' if judges else 'asks once'}: "
                f"{len(one.done) - FIRST} trained, "
                f"{len(one.stopped)} stopped, {len(one.not_begun)} not begun of {len(order)} "
                f"({len(others)}), {one.spent / all_of_it:.0%} of the compute, "
                f"{stand(frame, budget, whole, one.done)}",
                flush=True,
            )


if __name__ == "__main__":
    main()
