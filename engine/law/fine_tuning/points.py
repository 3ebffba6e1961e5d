"""Configurations of fine-tuning, and the measured losses of some of them, as arrays of n."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike

from engine.interval import FloatArray
from engine.law.fine_tuning.forms import Coordinates
from engine.law.step_noise import step_noise


@dataclass(frozen=True, kw_only=True, eq=False)
class Configurations:
    """What is asked of the law: arrays (n,)."""

    start_cross_entropy: FloatArray
    """L₀, nats of a token or byte: of the start, on the private text."""
    model_size: FloatArray
    """M, all parameters."""
    trainable_size: FloatArray
    """m, those that move."""
    iterations: FloatArray
    batch_size: FloatArray
    """Expected examples a step."""
    noise_batch_ratio: FloatArray
    """σ̄ = σ/B; 0 without noise."""

    @classmethod
    def of(
        cls,
        *,
        start_cross_entropy: float,
        model_size: float,
        trainable_size: ArrayLike,
        iterations: ArrayLike,
        batch_size: ArrayLike,
        noise_batch_ratio: ArrayLike,
    ) -> "Configurations":
        """Trainings of one start; what moves, steps, batches and ratios broadcast to (n,)."""
        parts = (
            start_cross_entropy,
            model_size,
            trainable_size,
            iterations,
            batch_size,
            noise_batch_ratio,
        )
        arrays = np.broadcast_arrays(*(np.atleast_1d(np.asarray(one, float)) for one in parts))
        names = [field.name for field in fields(Configurations)]
        return Configurations(**dict(zip(names, arrays, strict=True)))

    @property
    def step_noise(self) -> FloatArray:
        """σ̄', with that of drawing a batch; above 0."""
        return step_noise(self.noise_batch_ratio, self.trainable_size, self.batch_size)


@dataclass(frozen=True, kw_only=True, eq=False)
class Measured(Configurations):
    """Configurations that were trained."""

    cross_entropy: FloatArray
    """Nats of a token or byte, held out."""
    cell: FloatArray
    """Number of the configuration that a point is of: points of one curve err together."""

    def only(self, chosen: np.ndarray) -> "Measured":
        """Some of the points, by mask or index."""
        return Measured(**{f.name: getattr(self, f.name)[chosen] for f in fields(self)})

    @property
    def size(self) -> int:
        """Points."""
        return len(self.cross_entropy)


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where logarithms are measured from: the evidence's geometric means."""

    model_size: float
    trainable_size: float
    iterations: float
    step_noise: float

    @classmethod
    def of(cls, points: Configurations) -> "Origin":
        """Of these points."""

        def mean(values: FloatArray) -> float:
            return float(np.exp(np.mean(np.log(values))))

        return cls(
            model_size=mean(points.model_size),
            trainable_size=mean(points.trainable_size),
            iterations=mean(points.iterations),
            step_noise=mean(points.step_noise),
        )

    def coordinates(self, points: Configurations) -> Coordinates:
        """``points`` as the forms take them."""
        return Coordinates(
            log_size=np.log(points.model_size / self.model_size),
            log_share=np.log(points.trainable_size / points.model_size),
            log_trainable=np.log(points.trainable_size / self.trainable_size),
            log_steps=np.log(points.iterations / self.iterations),
            log_noise=np.log(points.step_noise / self.step_noise),
        )


def places(points: Configurations, least_noise: float) -> FloatArray:
    """(n, 4) ln M, ln m, ln T and ln σ̄': distances between points are in e-folds. Noise below
    ``least_noise`` hardly matters any more and counts as that."""
    noise = np.maximum(points.step_noise, least_noise)
    found: FloatArray = np.log(
        np.stack([points.model_size, points.trainable_size, points.iterations, noise], axis=1)
    )
    return found
