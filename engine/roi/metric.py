r"""From loss to the user's metric: measured pairs, or a curve that is clearly an assumption.

Measured pairs (loss, metric) are fitted by ordinary least squares (statsmodels) on a scale where
the curve is a line, so that it is monotone: ``logistic``, logit of the metric's place between floor
and ceiling = a + b·L; or ``exponential``, ln metric = a + b·L, for a positive metric without a
ceiling such as response time. The interval is the parameters', of Student's t: with few pairs it is
wide. Not covered: errors in the measured losses, and metrics that fall and rise again.

Without pairs, worst + (ceiling − worst)/(1 + e^{(L − half)/width}) with the table's metric_ceiling,
metric_half_loss and metric_width, or ceiling·(1 + e^{(L − half)/width}) for a response time, which
has no worst: an assumption.

*The form itself is in doubt.* On that scale, what has only been assumed may lie
:data:`LEVEL_DOUBT` higher or lower, and changes by :data:`SLOPE_DOUBT` more or less than the line
says: from half the reach on an assumed curve, from the nearest measured loss outside of the pairs.
Both are standard deviations of ours. They are drawn; a table whose three figures are certain says
that its curve is not in doubt.

A curve is tied to the unit of loss it was made for (:mod:`engine.loss_unit`): :func:`in_unit` fits
it to losses in another unit where the two convert, and refuses where they do not.

What the metric is, its range and which way is better: :data:`engine.roi.kinds.METRICS`. A unit of
it is worth the table's value_per_unit on each task done with the model: minutes saved × value of a
minute, tickets resolved × value of a ticket, errors avoided × cost of an error, seconds of response
× value of a second.

>>> pairs = ((2.0, 4.5), (2.5, 3.9), (3.0, 2.4), (3.5, 1.2))
>>> curve = fit_curve(pairs, ceiling=5.0)
>>> curve.metric(2.8, {}).round(1).item()
3.0
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, logit, ndtri, stdtrit

from engine.errors import InputError
from engine.interval import FloatArray, Interval
from engine.loss_unit import BERT_WORD_PIECES, LossUnit, Measure, factor, nats
from engine.roi.assumptions import Assumptions
from engine.roi.draws import standard_normal, student_t
from engine.roi.kinds import METRICS, CurveShape, MetricKind, require_metric

LEVEL_DOUBT = 0.5
"""Standard deviation of the level of an assumed curve: at half the reach, 38 to 62 % of it."""
SLOPE_DOUBT = 0.25
"""Standard deviation of ln of the factor on what the line changes where nothing was measured; a
lower loss is never worse."""
FEWEST_PAIRS = 3
"""Two parameters and something left to judge them by."""
CURVE_INPUTS = ("metric_ceiling", "metric_half_loss", "metric_width")


@dataclass(frozen=True, kw_only=True)
class AssumedCurve:
    """The documented default; its numbers are rows of the table, in its ``unit``.

    ``scale``: how many of that unit one of the losses that are put in is.
    """

    kind: MetricKind = MetricKind.MINUTES_SAVED
    unit: LossUnit = BERT_WORD_PIECES
    scale: float = 1.0
    measured: bool = False
    inputs: tuple[str, ...] = CURVE_INPUTS

    @property
    def pairs(self) -> tuple[tuple[float, float], ...]:
        """The measured pairs: none."""
        return ()

    def metric(
        self, loss: ArrayLike, figures: Mapping[str, ArrayLike], noise: FloatArray | None = None
    ) -> FloatArray:
        """Metric at each ``loss``; ``noise`` (2, n): standard normal draws of the form's doubt."""
        best, half, width = (np.asarray(figures[name], dtype=float) for name in CURVE_INPUTS)
        line = (half - self.scale * np.asarray(loss, dtype=float)) / width
        if noise is not None:
            line = line * np.exp(SLOPE_DOUBT * noise[1]) + LEVEL_DOUBT * noise[0]
        share: FloatArray = expit(line)
        about = METRICS[self.kind]
        if about.shape is CurveShape.EXPONENTIAL:
            limited: FloatArray = np.minimum(best / np.maximum(share, 1e-300), about.most)
            return limited
        return about.worst + (best - about.worst) * share

    def noise(self, count: int, seed: int = 0) -> FloatArray:
        """Draws of the form's doubt, for :meth:`metric`; (2, count)."""
        return np.stack([standard_normal(f"curve-{name}", count, seed) for name in _DOUBTS])

    def interval(
        self, loss: float, figures: Mapping[str, ArrayLike], *, level: float = 0.9
    ) -> Interval:
        """The metric at ``loss`` with the interval of the form's doubt, all figures as given."""
        _, half, width = (float(np.asarray(figures[name]).ravel()[0]) for name in CURVE_INPUTS)
        line = (half - self.scale * loss) / width
        far = float(ndtri((1 + level) / 2)) * math.hypot(LEVEL_DOUBT, SLOPE_DOUBT * line)
        low, value, high = (
            float(np.ravel(self.metric(loss, figures, _level_noise(shift)))[0])
            for shift in (-far, 0.0, far)
        )
        return Interval(value=value, low=low, high=high, level=level)

    def loss_for(self, metric: float, figures: Mapping[str, float]) -> float:
        """The loss at which the metric is reached.

        Raises :class:`InputError` for a metric that no loss reaches.
        """
        ceiling, half, width = (figures[name] for name in CURVE_INPUTS)
        about = METRICS[self.kind]
        if about.shape is CurveShape.EXPONENTIAL:
            if metric <= ceiling:
                raise InputError(
                    "Expected a metric above {least}, got {value}.",
                    least=f"{ceiling:g}",
                    value=f"{metric:g}",
                )
            share = ceiling / metric
        else:
            share = _share(metric, about.worst, ceiling)
        return _positive_loss((half - width * float(logit(share))) / self.scale, metric)


@dataclass(frozen=True, kw_only=True)
class FittedCurve:
    """A line through measured pairs on the scale of ``shape``, with its covariance.

    The losses of ``pairs`` are in nats, of what ``unit`` counts; ``scale`` as of
    :class:`AssumedCurve`.
    """

    pairs: tuple[tuple[float, float], ...]
    shape: CurveShape
    floor: float
    ceiling: float
    intercept: float
    slope: float
    covariance: tuple[tuple[float, float], tuple[float, float]]
    degrees_of_freedom: int
    slope_interval: tuple[float, float]
    """90 % interval of the slope."""
    kind: MetricKind = MetricKind.MINUTES_SAVED
    unit: LossUnit = BERT_WORD_PIECES
    unit_stated: bool = True
    """Whether the pairs came with their unit, or were taken for nats per token without."""
    scale: float = 1.0
    measured: bool = True
    inputs: tuple[str, ...] = ()

    def metric(
        self, loss: ArrayLike, figures: Mapping[str, ArrayLike], noise: FloatArray | None = None
    ) -> FloatArray:
        """Metric at each ``loss``; ``noise`` (3, n): standard t draws that vary the parameters,
        and normal ones of the form's doubt outside of the pairs."""
        loss = self.scale * np.asarray(loss, dtype=float)
        line = self.intercept + self.slope * loss
        if noise is not None:
            shift = _root(np.array(self.covariance)) @ noise[:2]
            line = line + shift[0] + shift[1] * loss
            factor = np.expm1(SLOPE_DOUBT * noise[2])
            line = line + factor * self.slope * self._beyond(loss)
        return self._back(line)

    def noise(self, count: int, seed: int = 0) -> FloatArray:
        """Draws of the parameters and of the form's doubt, for :meth:`metric`; (3, count)."""
        slope = standard_normal("curve-slope", count, seed)
        if not any(any(row) for row in self.covariance):
            return np.stack([np.zeros(count), np.zeros(count), slope])
        return np.stack([*student_t("curve", self.degrees_of_freedom, count, seed), slope])

    def _beyond(self, loss: FloatArray) -> FloatArray:
        """How far each loss lies outside of the measured ones, with its sign."""
        measured = [at for at, _ in self.pairs]
        return loss - np.clip(loss, min(measured), max(measured))

    def interval(
        self,
        loss: float,
        figures: Mapping[str, ArrayLike] | None = None,
        *,
        level: float = 0.9,
    ) -> Interval:
        """The mean metric at ``loss`` with its interval; no figure of the table matters."""
        loss = self.scale * loss
        at = np.array([1.0, loss])
        doubt = SLOPE_DOUBT * self.slope * float(self._beyond(np.array(loss)))
        width = stdtrit(self.degrees_of_freedom, (1 + level) / 2) * math.sqrt(
            max(float(at @ np.array(self.covariance) @ at), 0.0) + doubt**2
        )
        line = self.intercept + self.slope * loss
        low, value, high = (
            float(self._back(np.asarray(line + shift))) for shift in (-width, 0.0, width)
        )
        return Interval(value=value, low=low, high=high, level=level)

    def loss_for(self, metric: float, figures: Mapping[str, float]) -> float:
        """The loss at which the metric is reached; InputError where none does."""
        if self.slope == 0:
            raise InputError(
                "The metric does not move with the loss: no loss reaches {value}.",
                value=f"{metric:g}",
            )
        if self.shape is CurveShape.LOGISTIC:
            line = float(logit(_share(metric, self.floor, self.ceiling)))
        elif metric > 0:
            line = math.log(metric)
        else:
            raise InputError("Expected a metric above 0, got {value}.", value=f"{metric:g}")
        return _positive_loss((line - self.intercept) / self.slope / self.scale, metric)

    def _back(self, line: FloatArray) -> FloatArray:
        if self.shape is CurveShape.EXPONENTIAL:
            exponential: FloatArray = np.exp(np.minimum(line, 700.0))
            return exponential
        share: FloatArray = expit(line)
        return self.floor + (self.ceiling - self.floor) * share


Curve = AssumedCurve | FittedCurve
_DOUBTS = ("level", "slope")


def _level_noise(shift: float) -> FloatArray:
    return np.array([shift / LEVEL_DOUBT, 0.0])


def doubt(curve: Curve, table: Assumptions, count: int, seed: int = 0) -> FloatArray | None:
    """Draws of what is not known of the curve's form; None where the table's figures of an assumed
    curve are certain."""
    if not curve.measured and not any(table[name].uncertain for name in CURVE_INPUTS):
        return None
    return curve.noise(count, seed)


def assumed(kind: MetricKind, table: Assumptions) -> AssumedCurve:
    """The curve that the table's rows make, in the unit that they state.

    By the token it is one of BERT's word pieces, whose losses the default rows were chosen for.
    """
    stated = Measure(table["metric_half_loss"].unit)
    unit = (
        LossUnit(measure=stated) if stated.of_bytes else replace(BERT_WORD_PIECES, measure=stated)
    )
    return AssumedCurve(kind=kind, unit=unit)


def in_unit(curve: Curve, losses: LossUnit) -> Curve:
    """The curve for losses in another unit than its own.

    Raises :class:`InputError`, with what to do, where they do not convert.
    """
    try:
        scale = factor(losses, curve.unit)
    except InputError:
        if curve.unit.measure.of_bytes == losses.measure.of_bytes:
            raise InputError(
                "What it is worth is not known: the step from loss to value is made for the tokens "
                "of {curve}, and this evidence counts those of {evidence}, which do not convert. "
                "Choose another evidence, or give your own step with measured pairs.",
                curve=curve.unit.tokenizer,
                evidence=losses.tokenizer,
            ) from None
        raise InputError(
            "What it is worth is not known: the step from loss to value is made for {curve}, and "
            "this evidence has {evidence}, which do not convert. Choose another evidence, or give "
            "your own step in {evidence}: measured pairs, or a table of assumptions.",
            curve=str(curve.unit.measure),
            evidence=str(losses.measure),
        ) from None
    return replace(curve, scale=scale)


def fit_metric(
    kind: MetricKind,
    pairs: Sequence[tuple[float, float]],
    ceiling: float,
    *,
    stated: Measure | None = None,
) -> FittedCurve:
    """The form that suits ``kind`` through measured pairs; ``ceiling``: of a perfect model.

    ``stated``: what the losses of the pairs are counted in. By the token they are taken for losses
    of the evidence's own tokens; without a statement for nats per token. Raises
    :class:`InputError` as :func:`fit_curve` does, and for what the metric cannot be.
    """
    for _, value in pairs:
        require_metric(kind, value)
    about = METRICS[kind]
    given = stated or Measure.NATS_PER_TOKEN
    pairs = [(nats(loss, given), value) for loss, value in pairs]
    found = fit_curve(pairs, shape=about.shape, floor=about.worst, ceiling=ceiling)
    unit = LossUnit(measure=given.in_nats)
    return replace(found, kind=kind, unit=unit, unit_stated=stated is not None)


def fit_curve(
    pairs: Sequence[tuple[float, float]],
    *,
    shape: CurveShape = CurveShape.LOGISTIC,
    floor: float = 0.0,
    ceiling: float = 1.0,
) -> FittedCurve:
    """Fit measured pairs (loss in nats, metric); at least three different losses.

    Raises :class:`InputError` for too few pairs, or a metric outside (floor, ceiling) or, for
    ``exponential``, not above 0.
    """
    data = np.array(pairs, dtype=float).reshape(-1, 2)
    if not np.all(np.isfinite(data)) or np.unique(data[:, 0]).size < FEWEST_PAIRS:
        raise InputError(
            "Expected at least {least} measured pairs of different losses, got {count}.",
            least=FEWEST_PAIRS,
            count=np.unique(data[:, 0]).size,
        )
    loss, metric = data.T
    if shape is CurveShape.EXPONENTIAL:
        if np.any(metric <= 0):
            raise InputError("Expected a metric above 0, got {value}.", value=f"{metric.min():g}")
        line = np.log(metric)
    else:
        line = logit([_share(value, floor, ceiling) for value in metric])
    # statsmodels is slow to load, and most scenarios have no measured pairs.
    from statsmodels.regression.linear_model import OLS

    found = OLS(line, np.column_stack([np.ones(loss.size), loss])).fit()
    (a, b), (c, d) = found.cov_params().tolist()
    low, high = found.conf_int(alpha=0.1)[1]
    return FittedCurve(
        pairs=tuple((float(at), float(value)) for at, value in data),
        shape=shape,
        floor=float(floor),
        ceiling=float(ceiling),
        intercept=float(found.params[0]),
        slope=float(found.params[1]),
        covariance=((a, b), (c, d)),
        degrees_of_freedom=int(found.df_resid),
        slope_interval=(float(low), float(high)),
    )


def _share(metric: float, floor: float, ceiling: float) -> float:
    low, high = min(floor, ceiling), max(floor, ceiling)
    if not low < metric < high:
        raise InputError(
            "Expected a metric between {low} and {high}, got {value}.",
            low=f"{low:g}",
            high=f"{high:g}",
            value=f"{metric:g}",
        )
    return (metric - floor) / (ceiling - floor)


def _positive_loss(loss: float, metric: float) -> float:
    if loss <= 0:
        raise InputError("No loss above 0 reaches the metric {value}.", value=f"{metric:g}")
    return loss


def _root(covariance: FloatArray) -> FloatArray:
    """A square root of a covariance that may be singular (an exact fit has none at all)."""
    values, vectors = np.linalg.eigh(covariance)
    root: FloatArray = vectors * np.sqrt(np.maximum(values, 0.0))
    return root
