"""The losses that one training recorded on its way, in two columns.

A store of ten thousand runs holds ten million points: as pairs of Python numbers they take 1.5 GB,
as columns 160 MB. To whoever reads it a curve is a sequence of pairs (iteration, nats).

>>> curve = LearningCurve([100, 200], [4.5, 4.1])
>>> curve[-1], len(curve), curve == ((100, 4.5), (200, 4.1)), bool(LearningCurve([], []))
((200, 4.1), 2, True, False)
"""

import hashlib
from collections.abc import Iterator, Sequence
from typing import overload

import numpy as np
from numpy.typing import ArrayLike

from engine.interval import FloatArray, IntArray

Point = tuple[int, float]
"""Iteration, and loss in nats of a token or byte."""


class LearningCurve(Sequence[Point]):
    """Immutable; equal to any sequence of the same pairs. Nothing is checked here:
    :func:`engine.runs.checks.increasing_curve` does."""

    __slots__ = ("iterations", "losses")

    iterations: IntArray
    """(n,) steps."""
    losses: FloatArray
    """(n,) nats."""

    def __init__(self, iterations: ArrayLike, losses: ArrayLike) -> None:
        steps = np.asarray(iterations, dtype=np.int64).view()
        values = np.asarray(losses, dtype=np.float64).view()
        if steps.shape != values.shape or steps.ndim != 1:
            raise ValueError(f"Expected two columns of one length, got {steps.shape}.")
        steps.flags.writeable = values.flags.writeable = False
        self.iterations, self.losses = steps, values

    def __len__(self) -> int:
        return self.iterations.size

    def __iter__(self) -> Iterator[Point]:
        return zip(self.iterations.tolist(), self.losses.tolist(), strict=True)

    @overload
    def __getitem__(self, place: int) -> Point: ...
    @overload
    def __getitem__(self, place: slice) -> "LearningCurve": ...
    def __getitem__(self, place: int | slice) -> "Point | LearningCurve":
        if isinstance(place, slice):
            return LearningCurve(self.iterations[place], self.losses[place])
        return int(self.iterations[place]), float(self.losses[place])

    def __eq__(self, other: object) -> bool:
        if isinstance(other, LearningCurve):
            return np.array_equal(self.iterations, other.iterations) and np.array_equal(
                self.losses, other.losses
            )
        return tuple(self) == tuple(other) if isinstance(other, (tuple, list)) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.digest())

    def __repr__(self) -> str:
        return repr(tuple(self))

    def digest(self) -> str:
        """SHA-256 of the columns, little-endian, one behind the other: 64 hexadecimal digits."""
        content = hashlib.sha256(self.iterations.astype("<i8", copy=False).tobytes())
        content.update(self.losses.astype("<f8", copy=False).tobytes())
        return content.hexdigest()
