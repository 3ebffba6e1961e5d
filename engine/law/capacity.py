"""What of a model's size counts as capacity: its parameters without the embeddings.

People name a model by all its parameters, and compute counts all of them. What a model can express,
and how much noise in its gradients hurts, follows the parameters of its blocks more nearly: of
BertTiny's 4.5 million all but 0.39 million are a table of embeddings. A family that knows the
shapes of its models says how many parameters each has without embeddings (Kaplan et al., arXiv
2001.08361, section 2.1: 12·layers·width²); sizes between two shapes lie on a log-log line.

>>> bert = Capacity(total=(4.5e6, 109e6), other=(0.39e6, 85e6))
>>> bert.of([4.5e6, 109e6]).round(-4)
array([  390000., 85000000.])
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from engine.errors import InputError
from engine.interval import FloatArray


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """Parameters of each shape of a family, rising: in ``total``, and ``other`` than embeddings."""

    total: tuple[float, ...]
    other: tuple[float, ...]

    def __post_init__(self) -> None:
        rising = all(
            len(sizes) > 1 and sizes[0] > 0 and bool(np.all(np.diff(sizes) > 0))
            for sizes in (self.total, self.other)
        )
        within = len(self.total) == len(self.other) and all(
            other < total for other, total in zip(self.other, self.total, strict=False)
        )
        if not (rising and within):
            raise InputError(
                "Expected the shapes of a family by rising size, each with fewer parameters "
                "without embeddings than in all."
            )

    def of(self, model_size: ArrayLike) -> FloatArray:
        """Parameters without embeddings of models of ``model_size`` parameters, any shape.

        Below the smallest shape the first line goes on; above the largest the share of the
        embeddings is held.
        """
        size = np.log(np.asarray(model_size, dtype=float))
        knots, values = self._knots
        inside = np.interp(size, knots, values)
        below = np.minimum(size - knots[0], 0.0) * self._slopes[0]
        capacity: FloatArray = np.exp(inside + below + np.maximum(size - knots[-1], 0.0))
        return capacity

    def slope(self, model_size: ArrayLike) -> FloatArray:
        """d ln(capacity)/d ln(model_size): of the line that the size lies on, 1 above the last."""
        size = np.log(np.asarray(model_size, dtype=float))
        knots, _ = self._knots
        slopes: FloatArray = self._slopes[np.searchsorted(knots[1:], size, side="left")]
        return slopes

    @cached_property
    def _knots(self) -> tuple[FloatArray, FloatArray]:
        return np.log(self.total), np.log(self.other)

    @cached_property
    def _slopes(self) -> FloatArray:
        """Of each line, and 1 beyond the largest shape."""
        knots, values = self._knots
        return np.append(np.diff(values) / np.diff(knots), 1.0)
