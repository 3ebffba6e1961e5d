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
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from engine.accounting.search import noise_multiplier
from engine.allocation.frontier import best_by_compute
from engine.allocation.levers import first_within
from engine.allocation.points import PrivacyParameters
from engine.allocation.reach import coverage_of
from engine.allocation.space import LARGER, LONGER, MARGIN, Space, space_of
from engine.config import DEFAULT_DELTA, FLOPS_PER_PARAMETER_AND_TOKEN, Budget, Sampling
from engine.decision.decide import LEVEL, Decision, decide
from engine.decision.fitted import PUBLISHED_BERT, FittedEvidence, capacity_of, evidence_of
from engine.errors import InputError
from engine.interval import FloatArray, Interval, Range
from engine.law.discrepancy import Discrepancy
from engine.law.fit import FitResult, fit
from engine.law.forms import form_of
from engine.law.law import Law
from engine.law.selection.holdout import coordinates
from engine.law.stack import STACKED, StackedFit, StackedLaw, fit_stack
from engine.runs.evidence import EvidenceSummary, evidence
from engine.runs.importers.published import SEQUENCE_LENGTH
from engine.runs.record import Provenance, RunRecord
from engine.untrusted.texts import json_value

_PEOPLE = (1e5, 1e6, 1e7, 1e8, 1e9)
_EPSILONS = (1.0, 4.0, 16.0, 64.0)
"""The pairs of the paper's Table 2."""
_SIZES, _STEPS = (4.52e6, 7.78e8), (100.0, 128_000.0)
"""What the paper's search chose among."""
_SCATTER = 0.005
"""Standard deviation of ln L of a made row."""
_JITTER = 0.25
"""Of a parameter of a law inside, in standard deviations of its prior, beside a resample's own."""
_RIPPLE = 0.01
"""Standard deviation of ln L that no form has, of a law outside."""
_RIPPLE_LENGTH = 3.0
"""e-folds, in the coordinates of the law."""
RANGES = (
    "loss", "model_size", "batch_size", "iterations", "saturation", "compute_factor",
    "doubling_compute", "doubling_data", "doubling_epsilon",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class RippledLaw(StackedLaw):
    """A stack times the exponential of a smooth random surface."""

    ripple: float = 0.0
    """Standard deviation of ln L."""
    seed: int = 0

    def cross_entropy(
        self,
        model_size: ArrayLike,
        iterations: ArrayLike,
        noise_batch_ratio: ArrayLike,
        batch_size: ArrayLike | None = None,
    ) -> FloatArray:
        """Loss as :meth:`StackedLaw.cross_entropy`, at most ln vocabulary."""
        point = model_size, iterations, noise_batch_ratio, batch_size
        loss = super().cross_entropy(*point)
        if not self.ripple:
            return loss
        u, v, s = np.broadcast_arrays(*self.relative(*point))
        moved = self._surface.at(coordinates(u, v, s, 1e-3))[self.seed % self._surface.count]
        rippled: FloatArray = np.minimum(loss * np.exp(self.ripple * moved), self.log_vocabulary)
        return rippled

    @cached_property
    def _surface(self) -> Discrepancy:
        return Discrepancy(count=64, length=_RIPPLE_LENGTH)


@dataclass(frozen=True, kw_only=True)
class KnownFit(StackedFit):
    """A law of which nothing is left open."""

    known: RippledLaw

    @cached_property
    def law(self) -> StackedLaw:
        return self.known

    @property
    def draws(self) -> int:
        return 1

    def resampled_cross_entropy(
        self,
        model_size: ArrayLike,
        iterations: ArrayLike,
        noise_batch_ratio: ArrayLike,
        batch_size: ArrayLike | None = None,
    ) -> FloatArray:
        point = model_size, iterations, noise_batch_ratio, batch_size
        return self.known.cross_entropy(*point)[None]


@dataclass(frozen=True, kw_only=True)
class Known:
    """A law that makes evidence: ``form`` is the registered form that it has, None outside."""

    name: str
    law: RippledLaw
    form: str | None


def drawn_laws(count: int, *, outside: bool, seed: int = 0) -> list[Known]:
    """Laws such as the published evidence might come from; half the work of fitting is done once.

    Deterministic given ``seed``.
    """
    rng = np.random.default_rng([seed, outside])
    source = evidence_of(PUBLISHED_BERT)
    fits = [
        fit(source.frame, form=form, capacity=capacity_of(source.family), resamples=count + 1)
        for form in STACKED
    ]
    plausible = sorted(fits, key=lambda found: found.objective)[:6]
    laws = []
    for k in range(count):
        if outside:
            picked = rng.choice(len(plausible), size=2, replace=False)
            share = float(rng.uniform(0.25, 0.75))
            weights: tuple[float, ...] = (share, 1 - share)
            ripple = _RIPPLE
        else:
            picked, weights, ripple = np.array([k % len(plausible)]), (1.0,), 0.0
        made = tuple(_moved(plausible[i], k, rng) for i in picked)
        law = RippledLaw(laws=made, weights=weights, ripple=ripple, seed=k)
        kind = "outside" if outside else "inside"
        form = None if outside else made[0].form
        laws.append(Known(name=f"{kind}-{k}", law=law, form=form))
    return laws


def read_laws(folder: Path) -> list[Known]:
    """Laws from the ``*.json`` files of a folder, by name: ``{"laws": [...], "weights": [...],
    "ripple": 0.01, "seed": 1}``, each law as :meth:`Law.to_dict` writes it; ripple and seed may be
    missing.

    Raises :class:`InputError` for a folder without such files or a file that is none.
    """
    paths = sorted(folder.glob("*.json"))
    if not paths:
        raise InputError("Expected a folder with laws as *.json files, got {path}.", path=folder)
    found = []
    for path in paths:
        try:
            data = json_value(path.read_text(encoding="utf-8"))
            laws = tuple(
                Law.from_dict({"batch_size": None, "capacity": None} | one) for one in data["laws"]
            )
            law = RippledLaw(
                laws=laws,
                weights=tuple(map(float, data["weights"])),
                ripple=float(data.get("ripple", 0.0)),
                seed=int(data.get("seed", 0)),
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                "Expected laws and their weights in {path}, got: {reason}.",
                path=path.name,
                reason=error,
            ) from error
        form = laws[0].form if len(laws) == 1 and not law.ripple else None
        found.append(Known(name=path.stem, law=law, form=form))
    return found


def _moved(source: FitResult, k: int, rng: np.random.Generator) -> Law:
    """A resample of ``source``, moved a little within its box."""
    parameters = form_of(source.law.form).parameters
    theta = np.array(source.resampled[k]) + _JITTER * rng.normal(
        scale=[p.prior[1] for p in parameters]
    )
    low, high = np.array([(p.low, p.high) for p in parameters]).T
    return replace(source.law, theta=tuple(np.clip(theta, low, high).tolist()))


def made_evidence(known: Known, seed: int = 0) -> pd.DataFrame:
    """The frame of an evidence like the published one, as ``known`` would have made it."""
    rng = np.random.default_rng([seed, 1])
    space = _paper_space(known.law.vocabulary_size)
    truth = _known_fit(known.law)
    records = []
    for people in _PEOPLE:
        for epsilon in _EPSILONS:
            privacy = PrivacyParameters(
                data_budget=people, epsilon=epsilon, delta=DEFAULT_DELTA, sampling=Sampling.BEST
            )
            line = best_by_compute(truth, privacy, space, 1e19)
            compute = first_within(line.allowed_flops, line.points.cross_entropy)
            at = int(np.searchsorted(line.allowed_flops, compute * (1 - 1e-9)))
            best = line.points.take([min(at, line.allowed_flops.size - 1)])
            records.append(
                _record(
                    known,
                    rng,
                    loss=float(best.cross_entropy[0]),
                    model_size=float(best.model_size[0]),
                    iterations=float(best.iterations[0]),
                    batch_size=min(float(best.batch_size[0]), people),
                    data_budget=int(people),
                    epsilon=epsilon,
                    delta=DEFAULT_DELTA,
                    privacy_unit="person",
                    sampling=Sampling.BEST,
                    compute_optimal=True,
                )
            )
    size, steps, noise = _SIZES[0], _STEPS[1], 2.0**-15
    loss = float(known.law.cross_entropy(size, steps, noise, 1024.0))
    for batch in (512.0, 2048.0, 8192.0):
        records.append(
            _record(
                known,
                rng,
                loss=loss,
                model_size=size,
                iterations=steps,
                batch_size=batch,
                noise_batch_ratio=noise,
            )
        )
    return evidence(records, noise_multiplier).frame


def _record(
    known: Known,
    rng: np.random.Generator,
    *,
    loss: float,
    model_size: float,
    iterations: float,
    batch_size: float,
    **rest: Any,
) -> RunRecord:
    """One row, its figures rounded as a table prints them, its loss with scatter."""
    ceiling = known.law.log_vocabulary
    noisy = min(loss * math.exp(_SCATTER * rng.normal()), ceiling)
    size, steps, batch = (int(_two_digits(x)) for x in (model_size, iterations, batch_size))
    compute = FLOPS_PER_PARAMETER_AND_TOKEN * size * steps * max(batch, 1) * SEQUENCE_LENGTH
    return RunRecord(
        family=f"made-{known.name}",
        source="audit of the law",
        provenance=Provenance.PUBLISHED,
        model_size=size,
        iterations=steps,
        batch_size=max(batch, 1),
        sequence_length=SEQUENCE_LENGTH,
        vocabulary_size=known.law.vocabulary_size,
        compute_flops=compute,
        cross_entropy=float(f"{noisy:.3g}"),
        created_at=datetime(2025, 1, 31, tzinfo=UTC),
        **rest,
    )


def _two_digits(value: float) -> float:
    return float(f"{value:.2g}")


def _paper_space(vocabulary_size: int) -> Space:
    """What the paper's search could choose, whatever margins :class:`Space` adds."""
    return Space(
        model_size=(_SIZES[0] * MARGIN, _SIZES[1] / LARGER),
        iterations=(_STEPS[0] * MARGIN, _STEPS[1] / LONGER),
        noise_batch_ratio=(1e-7, 1.0),
        sequence_length=SEQUENCE_LENGTH,
        vocabulary_size=vocabulary_size,
    )


def _known_fit(law: RippledLaw) -> KnownFit:
    plain = FitResult(
        law=law.laws[0],
        resampled=(),
        scatter=0.0,
        drift=0.0,
        points=((0.0, 0.0, 0.0),),
        least_noise=1e-3,
        objective=0.0,
        starts_agreeing=1.0,
        prior_shares=(),
        rows=0,
        statuses=(),
    )
    return KnownFit(
        members=(plain,),
        weights=(1.0,),
        scatter=0.0,
        drift=0.0,
        points=plain.points,
        least_noise=plain.least_noise,
        rows=0,
        known=law,
    )


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
    truth = replace(fitted, fit=_known_fit(one.law))
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
    measured = min(real * math.exp(_SCATTER * rng.normal()), one.law.log_vocabulary)
    pairs = _ranges(found), _true(true)
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


def _true(true: Decision) -> dict[str, float]:
    """What the known law says; infinite beyond what may be searched."""
    values = {}
    for name, found in _ranges(true).items():
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


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """How often each range held, for laws of one kind."""

    laws: int
    decisions: int
    held: dict[str, float]
    open_ended: dict[str, float]
    """Share of the ranges with an end that is not known."""
    median_width: dict[str, float]
    """ln(high/low), of those with both ends."""
    interval_score: float
    width_ratio: float
    """Median width of the loss's range over that of a fit that knows the form; NaN outside."""
    regret_loss: tuple[float, float]
    """Median and 90th percentile."""
    regret_compute: tuple[float, float]
    within: float


def summary(found: Sequence[Case]) -> Coverage:
    """Figures over the cases of one kind, each decision counting alike."""
    names = list(found[0].held)

    def mean(values: list[float]) -> float:
        known = [v for v in values if not math.isnan(v)]
        return float(np.mean(known)) if known else math.nan

    def widths(name: str) -> FloatArray:
        return np.array([case.width[name] for case in found])

    ratios = [
        math.expm1(case.width["loss"]) / case.width_known_form
        for case in found
        if not math.isnan(case.width_known_form)
    ]
    losses, compute = ([getattr(c, n) for c in found] for n in ("regret_loss", "regret_compute"))
    return Coverage(
        laws=len({case.law for case in found}),
        decisions=len(found),
        held={name: float(np.mean([case.held[name] for case in found])) for name in names},
        open_ended={name: float(np.mean(~np.isfinite(widths(name)))) for name in names},
        median_width={
            name: float(np.median(widths(name)[np.isfinite(widths(name))]))
            if np.isfinite(widths(name)).any()
            else math.inf
            for name in names
        },
        interval_score=mean([case.score for case in found]),
        width_ratio=float(np.median(ratios)) if ratios else math.nan,
        regret_loss=(float(np.median(losses)), float(np.quantile(losses, 0.9))),
        regret_compute=(float(np.median(compute)), float(np.quantile(compute, 0.9))),
        within=mean([case.within for case in found]),
    )
