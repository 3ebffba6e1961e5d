"""What a fit says of the rows that it was made from: measured against fitted, forms, parameters.

Nothing is fitted here. Losses are in nats per token, errors are of ln L (0.02 is 2 %), intervals
are quantiles of the fit's own resamples, priors' doubts included; so a parameter that the evidence
cannot decide has an interval as wide as its prior, and :attr:`Estimate.prior_share` near 1.

Not covered: correlation of the points of one curve, which :mod:`engine.law.fit` resamples together.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from engine.interval import FloatArray, Interval
from engine.law.fit import FitResult
from engine.law.form import Reference
from engine.law.forms import form_of
from engine.law.observations import point_of
from engine.law.stack import StackedFit

LEVEL = 0.9
"""Of all intervals."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Rows:
    """The n rows behind a fit and what it says of each; arrays (n,)."""

    runs: tuple[str, ...]
    """Identifiers of their runs; the points of one curve share theirs."""
    model_size: FloatArray
    """Parameters."""
    iterations: FloatArray
    noise_batch_ratio: FloatArray
    """σ̄ = σ/B, 0 without noise."""
    measured: FloatArray
    """Nats per token."""
    fitted: FloatArray
    """Nats per token: the centre of all forms, fitted to the very rows."""

    @property
    def residual(self) -> FloatArray:
        """ln(measured/fitted): above 0 the run lost more than the law says."""
        found: FloatArray = np.log(self.measured / self.fitted)
        return found


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """One number of a form."""

    name: str
    interval: Interval
    prior_share: float
    """Variance left over the prior's: near 1 the prior alone decides."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FormFigures:
    """How one form fits and predicts; errors are root mean squares of ln L."""

    name: str
    formula: str
    weight: float
    in_sample: float
    scatter: float
    """Of rows left out, one configuration at a time."""
    drift: float
    """Further, per e-fold of distance from the evidence."""
    reference: Reference
    """Where the form measures ln M, ln T and σ̄ from."""
    estimates: tuple[Estimate, ...]
    covariance: FloatArray | None
    """(p, p) of the p estimates over the resamples; None with fewer than two."""
    draws: int
    """Resamples behind intervals and covariance."""

    @property
    def parameters(self) -> int:
        """How many numbers it has."""
        return len(self.estimates)


@dataclass(frozen=True, kw_only=True, eq=False)
class Inspection:
    """A fit as a person examines it."""

    rows: Rows
    forms: tuple[FormFigures, ...]
    """By falling weight."""
    counts_embeddings: bool
    """Whether sizes are all parameters; otherwise those without embeddings."""

    @property
    def leading(self) -> FormFigures:
        """The form with the most say."""
        return self.forms[0]


def inspect(fit: StackedFit, frame: pd.DataFrame) -> Inspection:
    """``fit`` beside the ``frame`` that it was made from (columns in
    :func:`engine.law.observations.observations_of`)."""
    return Inspection(
        rows=_rows(fit, frame),
        forms=tuple(
            _figures(one, weight, frame)
            for one, weight in zip(fit.members, fit.weights, strict=True)
        ),
        counts_embeddings=fit.law.capacity is None,
    )


def _rows(fit: StackedFit, frame: pd.DataFrame) -> Rows:
    """Measured and fitted losses of the rows of ``frame``."""
    return Rows(
        runs=tuple(frame["run_id"].astype(str)),
        model_size=frame["model_size"].to_numpy(float),
        iterations=frame["iterations"].to_numpy(float),
        noise_batch_ratio=frame["noise_batch_ratio"].to_numpy(float),
        measured=frame["cross_entropy"].to_numpy(float),
        fitted=fit.law.cross_entropy(*point_of(frame)),
    )


def _figures(one: FitResult, weight: float, frame: pd.DataFrame) -> FormFigures:
    predicted = one.law.cross_entropy(*point_of(frame))
    missed = np.log(frame["cross_entropy"].to_numpy(float) / predicted)
    return FormFigures(
        name=one.law.form,
        formula=form_of(one.law.form).formula,
        weight=weight,
        in_sample=float(np.sqrt(np.mean(missed**2))),
        scatter=one.scatter,
        drift=one.drift,
        reference=one.law.reference,
        estimates=_estimates(one),
        covariance=np.cov(np.array(one.resampled).T) if one.draws > 1 else None,
        draws=one.draws,
    )


def _estimates(one: FitResult) -> tuple[Estimate, ...]:
    theta = np.array(one.law.theta)
    drawn = np.array(one.resampled) if one.draws else theta[None]
    parts = zip(one.law.parameters, theta, drawn.T, one.prior_shares, strict=True)
    return tuple(
        Estimate(
            name=name,
            interval=Interval.of_draws(float(value), draws, LEVEL),
            prior_share=float(share),
        )
        for name, value, draws, share in parts
    )
