"""A stand-in for the engine with a closed form: smooth, monotone, instant; not real.

The fixture ``fake`` puts it behind :mod:`dashboard.answers`.
"""

from dataclasses import dataclass, replace
from typing import NoReturn

import numpy as np

from engine.accelerator_prices import Accelerator
from engine.accounting.certificate import Certificate
from engine.accounting.mechanism import Mechanism
from engine.allocation.levers import PlanRanges
from engine.allocation.result import (
    Allocation,
    Baseline,
    Doubling,
    Extrapolation,
    Frontier,
    Reach,
    Saturation,
    WiggleRoom,
    Word,
)
from engine.attack_risk import attack_risk, planned_mechanism
from engine.config import NeighbouringRelation, Sampling, TrainingConfig
from engine.cost import Cost, CostAssumptions, Workload
from engine.decision.answer import Answer
from engine.decision.decide import Decision
from engine.decision.findings import binding
from engine.decision.reconciliation import reconciliation
from engine.decision.verdict import verdict
from engine.errors import InputError
from engine.interval import CensoredSide, Interval, Range
from engine.roi.appraise import outlay_of
from engine.roi.draws import LossForecast
from engine.roi.plan import RECOMMENDATION, Plan
from engine.roi.study import study
from engine.runs.evidence import EvidenceSummary

H100 = Accelerator(
    name="H100 SXM", peak_flops=989e12, price_per_hour_usd=2.99, source="fake", dated="2026-11"
)
A100 = Accelerator(
    name="A100 80GB", peak_flops=312e12, price_per_hour_usd=1.79, source="fake", dated="2026-11"
)
ACCELERATORS = {"h100": H100, "a100": A100}
DEFAULTS = CostAssumptions(accelerator=H100, utilisation=0.4, dp_overhead=1.5, jpy_per_usd=150.0)
EVIDENCE = ("published-bert",)
SUMMARY = EvidenceSummary(id="published-bert", runs=20, hash="3f1c9a7be2d04c55")
SEQUENCE_LENGTH = 512


@dataclass(frozen=True, kw_only=True)
class FittedEvidence:
    summary: EvidenceSummary = SUMMARY
    fit: object = None


def fitted_evidence(evidence_id):
    return FittedEvidence()


def more_learning(answer: object, fitted: object) -> NoReturn:
    """Never possible: this law cannot be searched."""
    raise InputError(
        "No plan with groups that take turns is possible here: ask for more people or compute."
    )


def is_ready(evidence_id):
    return True


def cost(compute_flops, assumptions):
    rate = assumptions.accelerator.peak_flops * assumptions.utilisation
    hours = compute_flops * assumptions.dp_overhead / rate / 3600
    usd = hours * assumptions.accelerator.price_per_hour_usd
    return Cost(
        device_hours=hours, usd=usd, jpy=usd * assumptions.jpy_per_usd, assumptions=assumptions
    )


def ranged(value, low, high):
    """A range whose missing ends are cut off."""
    side: CensoredSide | None = "above" if high is None else "below" if low is None else None
    return Range(value=value, low=low, high=high, level=0.9, censored=side)


def baseline(name, factor):
    """A rule that needs ``factor`` times the compute."""
    return Baseline(
        name=name,
        allocation=None,
        factor=factor,
        matched_factor=None,
        searched_flops=1e25,
        extrapolation=None,
    )


def extrapolation(word, farthest="noise_batch_ratio"):
    """A plan whose distance has ``word``."""
    distance = dict(zip(Word, (0.3, 1.1, 3.0, 11.0), strict=True))[word]
    return Extrapolation(
        reach=Reach(word=word, distance=distance, farthest=farthest),
        decades={"model_size": 0.0, "iterations": 0.0, "noise_batch_ratio": 0.0},
    )


def _floor(data, epsilon):
    return 1.75 + 6.5 * (data * epsilon / 4e3) ** -0.26


def _loss(compute, data, epsilon, waste=1.0):
    top = 10.3
    loss = _floor(data, epsilon) + 4.2 * (compute / waste / 1e17) ** -0.24
    return top - np.logaddexp(0, (top - loss) * 3) / 3 + (np.maximum(0, loss - top)) * 0


def decide(budget, fitted, *, sampling, assumptions, alternative_model_size=None):
    compute, data, epsilon = budget.compute_flops, budget.data_budget, budget.epsilon
    if data < 3_000 and epsilon < 0.2:
        raise InputError(
            "Expected {name} between {low} and {high}{unit}, got {value}: choose a value inside.",
            name="data_budget",
            low="3000",
            high="1e+10",
            unit=" people",
            value=f"{data:g}",
        )
    grid = np.logspace(13, 25, 121)
    best = _loss(grid, data, epsilon)
    loss = float(_loss(compute, data, epsilon))
    batch = int(np.clip(data / 45, 1, 3e6))
    model = int(np.clip(4.9e7 * (compute / 3.8e20) ** 0.4, 1e5, 1e10))
    iterations = max(1, round(compute / (6 * model * batch * SEQUENCE_LENGTH)))
    noise = 0.4 + 1.4 / epsilon**0.8
    used = Sampling.POISSON if sampling == Sampling.BEST else sampling

    def interval(value, spread):
        return Interval(value=value, low=value * (1 - spread), high=value * (1 + spread), level=0.9)

    def fall(after):
        return interval((loss - float(after)) / loss, 0.35)

    tuned = _loss(grid, data, epsilon, waste=6.2) + 0.02
    practised = _loss(grid, data, epsilon, waste=40) + 0.6
    practised[grid > 1e23] = np.nan

    def needed(curve):
        reached = np.nonzero(curve <= loss)[0]
        if not len(reached):
            return ranged(None, 1e25 / compute, None)
        value = float(grid[reached[0]] / compute)
        return ranged(value, value * 0.6, value * 1.7)

    attainable = float(best[-1])
    saturation = float(grid[np.nonzero(best <= attainable * 1.01)[0][0]])
    models = np.logspace(np.log10(model) - 1.3, np.log10(model) + 1.3, 31)
    batches = np.logspace(np.log10(batch) - 1.5, np.log10(batch) + 1.5, 33)
    batches = batches[batches <= data]
    u = np.log10(models / model)[:, None]
    v = np.log10(batches / batch)[None, :]
    excess = 0.035 * (u**2 + 0.5 * v**2 + 0.5 * u * v)
    return Decision(
        budget=budget,
        recommendation=Allocation(
            config=TrainingConfig(
                model_size=model,
                batch_size=batch,
                iterations=iterations,
                sequence_length=SEQUENCE_LENGTH,
            ),
            noise_multiplier=noise,
            noise_batch_ratio=noise / batch,
            cross_entropy=interval(loss, 0.04),
            sampling=used,
        ),
        cost=cost(compute, assumptions),
        frontier=Frontier(
            compute_flops=grid,
            best=best,
            low=best * 0.96,
            high=best * 1.04,
            level=0.9,
            model_size=4.9e7 * (grid / 3.8e20) ** 0.4,
            batch_size=np.full_like(grid, batch),
            iterations=np.ones_like(grid),
            rule_tuned=tuned,
            rule_practised=practised,
        ),
        saturation=Saturation(
            compute=ranged(saturation, saturation / 3, saturation * 4),
            cross_entropy=attainable * 1.01,
            best_attainable=attainable,
            tolerance=0.01,
        ),
        doubling=Doubling(
            compute=fall(_loss(2 * compute, data, epsilon)),
            data=fall(_loss(compute, 2 * data, epsilon)),
            epsilon=fall(_loss(compute, data, 1.8 * epsilon)),
        ),
        wiggle_room=WiggleRoom(
            model_size=models,
            batch_size=batches,
            iterations=compute / (6 * models[:, None] * batches[None, :] * SEQUENCE_LENGTH),
            noise_multiplier=np.full((len(models), len(batches)), noise),
            excess=excess,
            tolerance=0.01,
        ),
        plan_ranges=PlanRanges(
            model_size=ranged(model, model / 2, model * 2),
            batch_size=ranged(batch, batch / 4, min(4.0 * batch, data)),
            iterations=ranged(iterations, iterations / 3, None),
        ),
        rule_tuned=baseline("tuned", needed(tuned)),
        rule_practised=baseline("practised", needed(practised)),
        alternative=None,
        extrapolation=extrapolation(Word.MEASURED if data < 1e9 else Word.EXTRAPOLATED),
        forms={"limits": 0.6, "signal_limits": 0.3, "plateau": 0.06, "signal_onset": 0.04},
        evidence=SUMMARY,
        vocabulary_size=30_522,
    )


def certify(*, data_budget, batch_size, iterations, epsilon, delta, sampling, bands=1):
    return Certificate(
        mechanism=Mechanism(
            sampling=Sampling.POISSON if sampling is Sampling.BEST else sampling,
            neighbouring_relation=NeighbouringRelation.ADD_REMOVE,
            sampling_probability=batch_size / data_budget,
            noise_multiplier=1.002 * (0.4 + 1.4 / epsilon**0.8),
            compositions=iterations,
            bands=bands,
        ),
        epsilon=epsilon * 0.9991,
        delta=delta,
        accountant="dp_accounting PLD",
        privacy_unit="person",
    )


def answer(question, fitted, *, decision=None, certificate=None, refusal=None):
    """An answer around the stand-in's decision; its money is the real engine's."""
    decision = decision or decide(
        question.budget, fitted, sampling=question.sampling, assumptions=question.prices
    )
    best, people = decision.recommendation, question.budget.data_budget
    mechanism = certificate.mechanism if certificate else planned_mechanism(best, people)
    plan = Plan(
        name=RECOMMENDATION,
        workload=Workload(
            compute_flops=best.config.compute_flops,
            model_size=best.config.model_size,
            iterations=best.config.iterations,
            data_budget=people,
        ),
        loss=LossForecast(
            name=RECOMMENDATION,
            value=best.cross_entropy.value,
            resampled=(),
            scatter=0.01,
            drift=0.0,
            ceiling=float(np.log(decision.vocabulary_size)),
        ),
        advantage=0.1,
        certified=certificate is not None,
    )
    return Answer(
        question=question,
        certificate=certificate,
        refusal=refusal,
        risk=attack_risk(mechanism),
        unvalued=None,
        **_derived(decision, study((plan,), question.assumptions, question.curve)),
    )


def changed(found, *, decision=None, study=None, **others):
    """The answer with another decision or study, and with everything that follows from those
    two."""
    return replace(found, **_derived(decision or found.decision, study or found.study), **others)


def _derived(decision, found):
    return {
        "decision": decision,
        "study": found,
        "outlay": outlay_of(found.appraisal),
        "binding": binding(decision.doubling),
        "verdict": verdict(decision, found),
        "reconciliation": reconciliation(decision.cost, outlay_of(found.appraisal)),
    }


def unreached(decision, least=None):
    """``decision`` where neither rule reaches the loss: it needs at least ``least`` times the
    compute; None: nothing is known."""
    factor = ranged(None, least, None)
    return replace(
        decision,
        rule_tuned=replace(decision.rule_tuned, factor=factor),
        rule_practised=replace(decision.rule_practised, factor=factor),
    )


def unsaturated(decision, least=1.4e25):
    """``decision`` whose saturation is only known to be at ``least`` FLOPs or above."""
    return replace(
        decision, saturation=replace(decision.saturation, compute=ranged(None, least, None))
    )
