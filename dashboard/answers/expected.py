"""What the law expects of a pilot on its way, drawn as a band behind its curve."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What the law says of an arm on its way: losses with their interval at each iteration."""

    iterations: np.ndarray
    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
