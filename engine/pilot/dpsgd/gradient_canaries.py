"""Canaries whose gradient is known: a coordinate of its own for each, that no text ever moves.

A canary is a unit of nobody that joins steps like a person (:class:`Canaries`). Its example is a
number in place of text, which :class:`CanaryModel` answers by a loss with a gradient in one extra
coordinate alone, far longer than the clip norm. So it goes through the engine that clips, the sum,
the noise and the division like any example, contributes 1 to the clipped sum of a step that it
joins, and stands alone there: the step's release in that coordinate is (joined + σ·N(0, 1)) / B.

:class:`Scores` adds up, from what a training releases at each step, how much more likely it is with
each canary than without: the best test against the mechanism that is promised.

Assumes a decoder: a masked model's masks would cover the number.
"""

import math
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from engine.interval import FloatArray, IntArray
from engine.pilot.dpsgd.examples import Canaries
from engine.pilot.dpsgd.model import IGNORED, Transformer

_LENGTH = 1e3
"""Norm of a canary's gradient before clipping, over the clip norm, at least."""


def canaries(numbers: np.ndarray, sequence_length: int) -> Canaries:
    """The examples of canaries ``numbers`` (0 …): number k is the token −1 − k."""
    tokens = np.zeros((len(numbers), sequence_length), dtype=np.int64)
    tokens[:, 0] = -1 - np.asarray(numbers)
    targets = np.full_like(tokens, IGNORED)
    targets[:, 0] = 0
    return Canaries(tokens=tokens, targets=targets)


class CanaryModel(nn.Module):
    """A model with one more coordinate for each canary, the last of its parameters.

    Text is answered as by ``model``; canary k by a loss whose gradient is in coordinate k alone and
    does not depend on where the coordinate stands.
    """

    def __init__(self, model: Transformer, count: int, clip_norm: float) -> None:
        super().__init__()
        self.model = model
        shape = model.shape
        self._factor = 2 * _LENGTH * clip_norm * shape.sequence_length
        # Row 0 is that of text, and stays as it is.
        self.canary = nn.Embedding(count + 1, 1)
        nn.init.zeros_(self.canary.weight)

    def forward(self, tokens: Tensor) -> Tensor:
        logits: Tensor = self.model(tokens.clamp_min(0))
        number = (-tokens[:, 0]).clamp_min(0)
        found = self.canary(number)
        # 0, with the slope of the factor: uniform predictions, whose loss pulls by a constant.
        pull = self._factor * (found.detach() - found)
        first = torch.zeros_like(logits)
        first[..., 0] = 1.0
        return torch.where((number > 0)[:, None, None], pull[:, :, None] * first, logits)


@dataclass(kw_only=True)
class Scores:
    """Log likelihood ratios of ``count`` canaries under Poisson sampling, from noisy means."""

    count: int
    batch_size: int
    sampling_probability: float
    noise_multiplier: float
    """σ that is promised."""
    values: FloatArray = field(init=False)
    """(count,): high says "was in"."""

    def __post_init__(self) -> None:
        self.values = np.zeros(self.count)

    def saw(self, noisy_mean: Tensor) -> None:
        """Add a step's release, the flat vector of all coordinates."""
        released = noisy_mean[-self.count :].double().cpu().numpy() * self.batch_size
        self.add(released)

    def add(self, released: FloatArray) -> None:
        """Add what a step released of each canary's coordinate, in sums of gradients (count,)."""
        self.values += self._ratio(released)

    def _ratio(self, released: FloatArray) -> FloatArray:
        """Log likelihood ratio of joining with probability q or not, under white noise."""
        q, sigma = self.sampling_probability, self.noise_multiplier
        without = math.log1p(-q) if q < 1 else -math.inf
        found: FloatArray = np.logaddexp(without, math.log(q) + (2 * released - 1) / (2 * sigma**2))
        return found


@dataclass(kw_only=True)
class BandedScores(Scores):
    """The same where the noise is correlated over b steps, and b groups take turns.

    The attacker knows strategy and groups. C times what was released has white noise again; a
    canary that joins step s stands there in the rows s … s + b − 1 as (c_0 … c_{b−1}), so that
    these coefficients, as a filter of norm 1, give joined + σ·N(0, 1) for each turn of its group.
    A turn whose rows end after the training is not counted. ``noise_multiplier`` is that of the
    white noise, ``sampling_probability`` that within a group.
    """

    coefficients: FloatArray
    """(b,), norm 1."""
    groups: IntArray = field(init=False)
    """(count,): each canary's group; to be set before the first step."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._released = np.zeros((len(self.coefficients), self.count))
        """Row t mod b: of step t."""
        self._filtered = np.zeros(self.count)
        self._step = 0

    def add(self, released: FloatArray) -> None:
        """Add what the next step released, in sums of gradients (count,)."""
        bands, step = len(self.coefficients), self._step
        self._released[step % bands] = released
        white = self.coefficients @ self._released[(step - np.arange(bands)) % bands]
        since = (step - self.groups) % bands
        part = self.coefficients[since] * white
        self._filtered = np.where(since == 0, part, self._filtered + part)
        whole = (since == bands - 1) & (step - since >= 0)
        self.values[whole] += self._ratio(self._filtered[whole])
        self._step = step + 1
