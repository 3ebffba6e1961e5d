"""A :class:`Law`: a form with its numbers, ready to be asked for losses; no uncertainty here.

>>> law = Law(
...     form="signal_share", theta=(0.3, -3.0, 0.4, 2.0, 0.2, 0.2, -1.5), vocabulary_size=30522,
...     reference=Reference(model_size=3e7, iterations=1e4, noise_batch_ratio=1e-5),
... )
>>> law.cross_entropy(3e7, 1e4, [0.0, 1e-5]).round(2)
array([1.91, 2.68])
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from engine.errors import InputError
from engine.interval import FloatArray
from engine.law.capacity import Capacity
from engine.law.form import Form, Reference
from engine.law.forms import form_of
from engine.law.step_noise import step_noise

MINIMUM_VOCABULARY = 64
"""Below, the irreducible loss that the forms allow (2 nats) could pass ln vocabulary."""
_CHUNK = 1 << 15
"""Points evaluated at a time: the temporaries of a chunk stay in the processor's cache."""


@dataclass(frozen=True, kw_only=True)
class Law:
    """L(M, T, σ̄) of one family, in nats per token; bounded in [0, ln vocabulary_size]."""

    form: str
    theta: tuple[float, ...]
    vocabulary_size: int
    reference: Reference
    batch_size: float | None = None
    """Examples that the evidence drew a step, on geometric mean (a transferred law's: the
    source's), where the law counts what drawing adds to the noise (:mod:`engine.law.step_noise`);
    None where it takes σ̄ alone."""
    capacity: Capacity | None = None
    """Shapes of the family: the law then counts parameters without embeddings, and so does
    ``reference``. None where they are not known: it counts all."""

    def __post_init__(self) -> None:
        expected = len(form_of(self.form).parameters)
        if len(self.theta) != expected:
            raise InputError(
                "Expected {expected} parameters for the form {form}, got {count}.",
                expected=expected,
                form=self.form,
                count=len(self.theta),
            )
        require_vocabulary(self.vocabulary_size)

    @property
    def log_vocabulary(self) -> float:
        """ln vocabulary_size: the loss of guessing, which no model needs to exceed."""
        return math.log(self.vocabulary_size)

    @property
    def parameters(self) -> dict[str, float]:
        """Parameter values by name."""
        return dict(zip(self._form.names, self.theta, strict=True))

    @property
    def _form(self) -> Form:
        return form_of(self.form)

    def cross_entropy(
        self,
        model_size: ArrayLike,
        iterations: ArrayLike,
        noise_batch_ratio: ArrayLike,
        batch_size: ArrayLike | None = None,
    ) -> FloatArray:
        """Nats per token at M parameters, T iterations, σ̄ = σ/B and B examples; the
        arrays broadcast.

        B, by default the evidence's own, matters only to a law with a ``batch_size``. Values must
        be positive (σ̄ may be 0); they are not checked, for this is the search's inner loop, and a
        bad one gives NaN.
        """
        parts = self.relative(model_size, iterations, noise_batch_ratio, batch_size)
        theta, form, ceiling = np.asarray(self.theta), self._form, self.log_vocabulary
        return in_chunks(lambda u, v, s: form.cross_entropy(theta, u, v, s, ceiling), parts)

    def relative(
        self,
        model_size: ArrayLike,
        iterations: ArrayLike,
        noise_batch_ratio: ArrayLike,
        batch_size: ArrayLike | None = None,
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """ln(M/M_ref), ln(T/T_ref) and σ̄/σ̄_ref (σ̄'/σ̄_ref of a law with a ``batch_size``), as the
        form takes them."""
        if self.batch_size is not None:
            drawn = self.batch_size if batch_size is None else batch_size
            noise_batch_ratio = step_noise(noise_batch_ratio, model_size, drawn)
        if self.capacity is not None:
            model_size = self.capacity.of(model_size)
        return relative(self.reference, model_size, iterations, noise_batch_ratio)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; :meth:`from_dict` gives the same law back, bit for bit."""
        return {
            "form": self.form,
            "theta": list(self.theta),
            "vocabulary_size": self.vocabulary_size,
            "reference": {
                "model_size": self.reference.model_size,
                "iterations": self.reference.iterations,
                "noise_batch_ratio": self.reference.noise_batch_ratio,
            },
            "batch_size": self.batch_size,
            "capacity": None if self.capacity is None else asdict(self.capacity),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Law":
        """Inverse of :meth:`to_dict`."""
        return cls(
            form=data["form"],
            theta=tuple(data["theta"]),
            vocabulary_size=data["vocabulary_size"],
            reference=Reference(**data["reference"]),
            batch_size=data["batch_size"],
            capacity=_capacity(data["capacity"]),
        )


def _capacity(data: Mapping[str, Any] | None) -> Capacity | None:
    if data is None:
        return None
    return Capacity(total=tuple(data["total"]), other=tuple(data["other"]))


def in_chunks(
    evaluate: Callable[[FloatArray, FloatArray, FloatArray], FloatArray],
    parts: tuple[FloatArray, FloatArray, FloatArray],
) -> FloatArray:
    """``evaluate`` on ``parts``, which broadcast, a few thousand points at a time."""
    shape = np.broadcast_shapes(*(part.shape for part in parts))
    points = math.prod(shape)
    if points <= _CHUNK:
        return evaluate(*parts)
    loss = np.empty(shape)
    step = max(1, _CHUNK * shape[0] // points)
    for start in range(0, shape[0], step):
        rows = slice(start, start + step)
        # An axis that broadcasts stays short: its exponentials are taken once a chunk.
        u, v, s = (x[rows] if x.ndim == len(shape) and len(x) > 1 else x for x in parts)
        loss[rows] = evaluate(u, v, s)
    return loss


def require_vocabulary(vocabulary_size: int) -> None:
    """Raise :class:`InputError` unless the forms are bounded for this vocabulary (64 or more)."""
    if vocabulary_size < MINIMUM_VOCABULARY:
        raise InputError(
            "Expected vocabulary_size of at least {minimum}, got {value}.",
            minimum=MINIMUM_VOCABULARY,
            value=vocabulary_size,
        )


def relative(
    reference: Reference, model_size: ArrayLike, iterations: ArrayLike, noise_batch_ratio: ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """ln(M/M_ref), ln(T/T_ref) and σ̄/σ̄_ref as float arrays."""
    return (
        np.log(np.asarray(model_size, dtype=float) / reference.model_size),
        np.log(np.asarray(iterations, dtype=float) / reference.iterations),
        np.asarray(noise_batch_ratio, dtype=float) / reference.noise_batch_ratio,
    )
