"""The audit of the law: how often do the ranges hold that the product shows?

A law that is known makes evidence like ours: the smallest compute within 1 % of the best at 20
pairs of people and ε, figures of two digits, losses with scatter, and three rows off the ridge. The
product fits that evidence and decides; the known law says what was true. Laws are drawn from inside
the registered forms (near what the published evidence lets each be) and from outside (two forms
mixed, with a ripple of their own that no form has), or read from a folder.

Counted is what a reader relies on: whether a range that is called 90 % holds, whether a plan that
is called within 1 % of the best is, and what following the recommendation costs. A range can be
made to hold by making it wide, so its interval score stands beside (Gneiting & Raftery 2007: width
plus 2/α times what the truth lies outside), and the width beside that of a fit that knows the form.
"""

import math
import multiprocessing
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from engine.allocation.inverse import fewest_people, least_compute, smallest_epsilon
from engine.allocation.reach import coverage_of
from engine.allocation.space import space_of
from engine.config import Budget, Sampling
from engine.decision.audit.known_laws import SCATTER, Known, RippledLaw, known_fit, made_evidence
from engine.decision.decide import LEVEL, Decision, decide
from engine.decision.fitted import FittedEvidence
from engine.interval import Interval, Range
from engine.law.stack import STACKED, fit_stack
from engine.runs.evidence import EvidenceSummary

_HIGHER = 0.15
"""A loss that is asked for lies up to so much, in ln, above the least of its budget."""
RANGES = (
    "loss", "model_size", "batch_size", "iterations", "saturation", "compute_factor",
    "doubling_compute", "doubling_data", "doubling_epsilon",
    "least_compute", "fewest_people", "smallest_epsilon",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Case:
    """One decision, judged."""

    law: str
    inside: bool
    held: dict[str, bool]
    """Range -> whether the truth lies in it."""
    width: dict[str, float]
    """ln(high/low) of each closed range of positive ends."""
    score: float
    """Interval score of the loss, as a share of it."""
    width_known_form: float
    """Width of the loss's range of a fit that knows the form; NaN outside the forms."""
    regret_loss: float
    """True loss of the recommended plan over the least, less 1."""
    regret_compute: float
    """Share of the plan's compute that the true best needs less for the same loss."""
    within: float
    """Share of the plans called within 1 % that are; NaN where none was."""


def cases(
    known: Sequence[Known],
    *,
    decisions: int = 10,
    seed: int = 0,
    workers: int = 1,
    told: Callable[[str], None] = lambda _: None,
) -> list[Case]:
    """Fit and decide for each law, ``decisions`` times each, at budgets like the paper's.

    ``workers`` processes share the laws; the result does not depend on how many. ``told`` hears of
    each law that is done.
    """
    tasks = [(one, decisions, seed + number) for number, one in enumerate(known)]
    found: list[Case] = []
    with ExitStack() as stack:
        results: Iterator[list[Case]] = map(_judged, tasks)
        if workers > 1:
            context = multiprocessing.get_context("spawn")
            pool = stack.enter_context(ProcessPoolExecutor(workers, mp_context=context))
            results = pool.map(_judged, tasks)
        for number, (one, judged) in enumerate(zip(known, results, strict=True)):
            found += judged
            told(f"{number + 1} of {len(known)}: {one.name}")
    return found


def _judged(task: tuple[Known, int, int]) -> list[Case]:
    one, decisions, seed = task
    frame = made_evidence(one, seed)
    fitted = _fitted(one, frame, STACKED)
    own = _fitted(one, frame, (one.form,)) if one.form else None
    truth = replace(fitted, fit=known_fit(one.law))
    rng = np.random.default_rng([seed, 2])
    return [_case(one, fitted, own, truth, _budget(rng), rng) for _ in range(decisions)]


def _budget(rng: np.random.Generator) -> Budget:
    """Within what the evidence spans, and up to three times beyond it in compute."""
    people = 10 ** rng.uniform(5, 9)
    # The paper's saturation points rise about as N·ε; budgets lie around them.
    epsilon = 4 ** rng.uniform(0, 3)
    typical = 1e17 * (people * epsilon / 4e5) ** 1.35
    compute = np.clip(typical * 10 ** rng.uniform(-1.5, 1.0), 1e16, 3e23)
    return Budget(
        compute_flops=float(f"{compute:.3g}"),
        data_budget=int(float(f"{people:.3g}")),
        epsilon=float(f"{epsilon:.3g}"),
    )


def _fitted(one: Known, frame: pd.DataFrame, forms: Sequence[str]) -> FittedEvidence:
    return FittedEvidence(
        fit=fit_stack(frame, forms=forms, capacity=one.law.capacity),
        space=space_of(frame),
        coverage=coverage_of(frame),
        summary=EvidenceSummary(id=one.name, runs=len(frame), hash=""),
    )


def _case(
    one: Known,
    fitted: FittedEvidence,
    own: FittedEvidence | None,
    truth: FittedEvidence,
    budget: Budget,
    rng: np.random.Generator,
) -> Case:
    found, true = decide(budget, fitted), decide(budget, truth)
    config, loss = found.recommendation.config, found.recommendation.cross_entropy
    at = (
        float(config.model_size),
        float(config.iterations),
        found.recommendation.noise_batch_ratio,
        float(config.batch_size),
    )
    real = float(one.law.cross_entropy(*at))
    measured = min(real * math.exp(SCATTER * rng.normal()), one.law.log_vocabulary)
    target = true.recommendation.cross_entropy.value * math.exp(rng.uniform(0.0, _HIGHER))
    asked = _inverse(fitted, budget, target), _inverse(truth, budget, target)
    pairs = _ranges(found) | asked[0], _true(_ranges(true) | asked[1])
    outside = max(loss.low - measured, measured - loss.high, 0.0)
    best = float(true.recommendation.cross_entropy.value)
    width = loss.high - loss.low
    known_form = math.nan
    if own is not None:
        again = decide(budget, own).recommendation.cross_entropy
        known_form = (again.high - again.low) / again.value
    return Case(
        law=one.name,
        inside=one.form is not None,
        held={"loss": outside == 0.0}
        | {name: _holds(pairs[0][name], pairs[1][name]) for name in pairs[0]},
        width={"loss": math.log(loss.high / loss.low)}
        | {name: _width(found_range) for name, found_range in pairs[0].items()},
        score=(width + 2 / (1 - LEVEL) * outside) / measured,
        width_known_form=known_form,
        regret_loss=max(real / best - 1, 0.0),
        regret_compute=_spared(true, real, config.compute_flops),
        within=_within(found, one.law, true),
    )


def _ranges(found: Decision) -> dict[str, Interval | Range]:
    plan, doubling = found.plan_ranges, found.doubling
    return {
        "model_size": plan.model_size,
        "batch_size": plan.batch_size,
        "iterations": plan.iterations,
        "saturation": found.saturation.compute,
        "compute_factor": found.rule_tuned.factor,
        "doubling_compute": doubling.compute,
        "doubling_data": doubling.data,
        "doubling_epsilon": doubling.epsilon,
    }


def _inverse(fitted: FittedEvidence, budget: Budget, target: float) -> dict[str, Interval | Range]:
    """The least of each budget for a loss, the others held."""
    return {
        name: ask(target, budget, fitted.fit, fitted.space, sampling=Sampling.POISSON).range
        for name, ask in (
            ("least_compute", least_compute),
            ("fewest_people", fewest_people),
            ("smallest_epsilon", smallest_epsilon),
        )
    }


def _true(ranges: Mapping[str, Interval | Range]) -> dict[str, float]:
    """What the known law says; infinite beyond what may be searched."""
    values = {}
    for name, found in ranges.items():
        beyond = 0.0 if isinstance(found, Range) and found.censored == "below" else math.inf
        values[name] = beyond if found.value is None else found.value
    return values


def _holds(found: Interval | Range, value: float) -> bool:
    low = -math.inf if found.low is None else found.low
    high = math.inf if found.high is None else found.high
    return low * (1 - 1e-6) - 1e-9 <= value <= high * (1 + 1e-6) + 1e-9


def _width(found: Interval | Range) -> float:
    if found.low is None or found.high is None or found.low <= 0:
        return math.inf
    return math.log(found.high / found.low)


def _spared(true: Decision, loss: float, spent: float) -> float:
    """The share of ``spent`` that the true frontier needs less for ``loss``."""
    line = true.frontier
    enough = np.flatnonzero(line.best <= loss)
    if not enough.size:
        return 0.0
    k = int(enough[0])
    needed = line.compute_flops[k]
    if k:
        share = (line.best[k - 1] - loss) / (line.best[k - 1] - line.best[k])
        needed = line.compute_flops[k - 1] * (needed / line.compute_flops[k - 1]) ** share
    return max(1 - float(needed) / spent, 0.0)


def _within(found: Decision, law: RippledLaw, true: Decision) -> float:
    room = found.wiggle_room
    called = room.excess <= room.tolerance
    if not called.any():
        return math.nan
    rows, columns = np.nonzero(called)
    batch = room.batch_size[columns]
    losses = law.cross_entropy(
        room.model_size[rows],
        room.iterations[rows, columns],
        room.noise_multiplier[rows, columns] / batch,
        batch,
    )
    # The map lies at the plan's compute, which may be less than the budget's.
    best = float(np.interp(
        math.log(found.recommendation.config.compute_flops),
        np.log(true.frontier.compute_flops),
        true.frontier.best,
    ))  # fmt: skip
    return float(np.mean(losses / best - 1 <= room.tolerance))
