"""How often the ranges held, over many decisions."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.decision.audit.judged import Case
from engine.interval import FloatArray


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
