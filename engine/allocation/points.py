"""Configurations with the noise that they need and the loss to expect, as arrays."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike

from engine.allocation.noise import Noise, noise_of
from engine.config import FLOPS_PER_PARAMETER_AND_TOKEN, Sampling
from engine.interval import FloatArray, IntArray
from engine.law.fit import FittedLaw


@dataclass(frozen=True, kw_only=True)
class Points:
    """Configurations, arrays of one shape; NaN where there is none.

    ``compute_flops`` is what each spends (FLOPs), ``cross_entropy`` what the law predicts (nats per
    token). ``effect``, ``doubt``: what correlation does to the noise
    (:class:`~engine.allocation.noise.Noise`); 1 and 0 for independent noise.
    """

    compute_flops: FloatArray
    model_size: FloatArray
    batch_size: FloatArray
    iterations: FloatArray
    noise_multiplier: FloatArray
    effect: FloatArray
    doubt: FloatArray
    cross_entropy: FloatArray

    @property
    def noise_batch_ratio(self) -> FloatArray:
        """σ/B of the independent noise that the loss is that of."""
        return self.noise_multiplier * self.effect / self.batch_size

    @property
    def size(self) -> int:
        """How many."""
        return self.cross_entropy.size

    def take(self, index: IntArray | list[int]) -> "Points":
        """The points at ``index``."""
        return Points(**{field.name: getattr(self, field.name)[index] for field in fields(self)})


@dataclass(frozen=True, kw_only=True)
class PrivacyParameters:
    """What sets the noise while configurations vary: N people, ε at δ, and the sampling."""

    data_budget: float
    epsilon: float
    delta: float
    sampling: Sampling

    def noise(self, batch_size: ArrayLike, iterations: ArrayLike) -> Noise:
        """By the search path; broadcasts."""
        return noise_of(
            data_budget=self.data_budget,
            batch_size=batch_size,
            iterations=iterations,
            epsilon=self.epsilon,
            delta=self.delta,
            sampling=self.sampling,
        )

    def points(
        self,
        fit: FittedLaw,
        model_size: ArrayLike,
        batch_size: ArrayLike,
        iterations: ArrayLike,
        sequence_length: int,
    ) -> Points:
        """Noise and loss of given configurations; broadcasts."""
        size, batch, steps = np.broadcast_arrays(
            *(np.asarray(x, dtype=float) for x in (model_size, batch_size, iterations))
        )
        noise = self.noise(batch, steps)
        tokens = batch * steps * sequence_length
        return Points(
            compute_flops=FLOPS_PER_PARAMETER_AND_TOKEN * size * tokens,
            model_size=size,
            batch_size=batch,
            iterations=steps,
            noise_multiplier=noise.multiplier,
            effect=np.broadcast_to(noise.effect, size.shape),
            doubt=np.broadcast_to(noise.doubt, size.shape),
            cross_entropy=fit.law.cross_entropy(size, steps, noise.equal / batch, batch),
        )
