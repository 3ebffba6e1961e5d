"""Laws that are known: drawn like ours or read from a folder, and the evidence that each makes."""

import math
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
from engine.allocation.space import LARGER, LONGER, MARGIN, Space
from engine.config import DEFAULT_DELTA, FLOPS_PER_PARAMETER_AND_TOKEN, Sampling
from engine.decision.fitted import PUBLISHED_BERT, capacity_of, evidence_of
from engine.errors import InputError
from engine.interval import FloatArray
from engine.law.discrepancy import Discrepancy
from engine.law.fit import FitResult, fit
from engine.law.forms import form_of
from engine.law.law import Law
from engine.law.selection.holdout import coordinates
from engine.law.stack import STACKED, StackedFit, StackedLaw
from engine.runs.evidence import evidence
from engine.runs.importers.published import SEQUENCE_LENGTH
from engine.runs.record import Provenance, RunRecord
from engine.untrusted import regular
from engine.untrusted.texts import json_value

_PEOPLE = (1e5, 1e6, 1e7, 1e8, 1e9)
_EPSILONS = (1.0, 4.0, 16.0, 64.0)
"""The pairs of the paper's Table 2."""
_SIZES, _STEPS = (4.52e6, 7.78e8), (100.0, 128_000.0)
"""What the paper's search chose among."""
SCATTER = 0.005
"""Standard deviation of ln L of a made row."""
_JITTER = 0.25
"""Of a parameter of a law inside, in standard deviations of its prior, beside a resample's own."""
_RIPPLE = 0.01
"""Standard deviation of ln L that no form has, of a law outside."""
_RIPPLE_LENGTH = 3.0
"""e-folds, in the coordinates of the law."""


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
            data = json_value(regular.whole(path))
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
    truth = known_fit(known.law)
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
    noisy = min(loss * math.exp(SCATTER * rng.normal()), ceiling)
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


def known_fit(law: RippledLaw) -> KnownFit:
    plain = FitResult(
        law=law.laws[0],
        resampled=(),
        scatter=0.0,
        drift=0.0,
        level_drift=0.0,
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
        level_drift=0.0,
        points=plain.points,
        least_noise=plain.least_noise,
        rows=0,
        known=law,
    )
