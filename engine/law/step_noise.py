"""The noise of a step: what privacy adds to the mean of clipped gradients, and what
drawing a batch adds.

The mean of B clipped gradients of norm at most 1 has, in M dimensions, a variance of M·σ̄² from the
mechanism and of about 1/B from the examples that happened to be drawn. If both count alike,
training sees the one noise-batch ratio

    σ̄' = √(σ̄² + 1/(M·B)),

so that σ̄ = 0 is no noiseless training but the noise of its batch, which small models feel most; and
trainings of several batches share one law. McKenna et al. (arXiv 2501.18914, section 3) keep one
physical batch, for which the second part is a constant of each model size, and found that another
batch changes losses without being able to say why. ``data/CAMPAIGN.md`` holds this to our own
trainings: it explains a part of what the batch does, not all of it.

Assumed: that both kinds of noise harm alike, and gradients of norm 1 that point nowhere in common.
Only evidence of two batches or more can tell (:func:`engine.law.observations.tells_drawing`). Not
covered: other clipping than to norm 1.

>>> float(round(step_noise(0.003, 30_000, 256) / 0.003, 3))
1.007
"""

import numpy as np
from numpy.typing import ArrayLike

from engine.interval import FloatArray


def step_noise(
    noise_batch_ratio: ArrayLike, model_size: ArrayLike, batch_size: ArrayLike
) -> FloatArray:
    """σ̄' of σ̄ = σ/B, M parameters and B expected examples; the arrays broadcast."""
    drawn = 1.0 / (np.asarray(model_size, dtype=float) * np.asarray(batch_size, dtype=float))
    noise: FloatArray = np.sqrt(np.square(np.asarray(noise_batch_ratio, dtype=float)) + drawn)
    return noise
