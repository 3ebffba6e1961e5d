"""What a law misses, as smooth random surfaces: the scatter and drift of a draw.

A law that is 2 % off at one configuration is off by nearly as much at a like one, so its error
tilts what looks best there. A draw of the error is a smooth random function of (ln M, ln T, ln σ̄)
with unit variance everywhere, made of random cosines (Rahimi & Recht, 2007); the caller scales it
by the standard deviation that the hold-outs found, which grows with the distance from the evidence.

>>> import numpy as np
>>> surface = Discrepancy(count=500)
>>> values = surface.at(np.zeros((1, 3)))
>>> values.shape, bool(abs(values.std() - 1) < 0.15)
((500, 1), True)
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from engine.interval import FloatArray

_Single = NDArray[np.float32]

LENGTH = 6.0
"""e-folds over which errors are alike: most of an evidence's range, so that an error tilts what the
law says and does not ripple it."""
_FEATURES = 48
_SEED = 20_250_131


@dataclass(frozen=True, kw_only=True)
class Discrepancy:
    """``count`` independent surfaces of unit variance; the same ones every time."""

    count: int
    length: float = LENGTH

    def at(self, coordinates: FloatArray) -> _Single:
        """Values at ``coordinates`` (..., 3), e-folds, of each surface: (count, ...), in single
        precision."""
        frequencies, phases, coefficients = _features(self.count, self.length)
        angles = coordinates.reshape(-1, 3).astype(np.float32) @ frequencies + phases
        values: _Single = coefficients @ np.cos(angles).T
        return values.reshape(self.count, *coordinates.shape[:-1])


@lru_cache(maxsize=16)
def _features(count: int, length: float) -> tuple[_Single, _Single, _Single]:
    """Frequencies (3, k) and phases (k,) of the cosines, and the coefficients (count, k)."""
    rng = np.random.default_rng(_SEED)
    frequencies = rng.normal(scale=1.0 / length, size=(3, _FEATURES))
    phases = rng.uniform(0.0, 2.0 * np.pi, size=_FEATURES)
    coefficients = rng.normal(scale=np.sqrt(2.0 / _FEATURES), size=(_FEATURES, count))
    return (
        frequencies.astype(np.float32),
        phases.astype(np.float32),
        np.ascontiguousarray(coefficients.T, dtype=np.float32),
    )
