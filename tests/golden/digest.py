"""Results as a few plain numbers, for files of noted values."""

import dataclasses
import json
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
import pytest

_WHOLE = 6
"""Numbers of an array up to which it is noted as it is."""


def digest(value: Any) -> Any:
    """Plain values for JSON: records as lists of their fields, long arrays as five numbers.

    Those are the number of elements, the NaN, the infinite ones, and two sums of the finite ones,
    the second weighted by place, so that an exchange is seen.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [digest(getattr(value, field.name)) for field in dataclasses.fields(value)]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return [[key, digest(one)] for key, one in value.items()]
    if isinstance(value, list | tuple) and not all(isinstance(one, float | int) for one in value):
        return [digest(one) for one in value]
    if value is None or isinstance(value, str | bool):
        return value
    return _numbers(np.asarray(value, dtype=float).ravel())


def _numbers(flat: np.ndarray) -> list[Any]:
    finite = np.isfinite(flat)
    if flat.size <= _WHOLE:
        return [float(x) if ok else str(x) for x, ok in zip(flat, finite, strict=True)]
    kept = np.where(finite, flat, 0.0)
    place = 1.0 + 0.5 * np.cos(np.arange(flat.size))
    return [
        flat.size,
        int(np.isnan(flat).sum()),
        int(np.isinf(flat).sum()),
        float(kept.sum()),
        float(kept @ place),
    ]


def leaves(value: Any) -> list[Any]:
    """All plain values of a nested list, in order."""
    if isinstance(value, list | tuple):
        return [leaf for part in value for leaf in leaves(part)]
    return [value]


def require_same(found: Any, noted: Any, *, rel: float, least: float) -> None:
    """Raise AssertionError where nested lists differ: a float by more than ``rel`` of itself and
    ``least``, anything else at all."""
    ours, theirs = leaves(found), leaves(noted)
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs, strict=True):
        expected = pytest.approx(other, rel=rel, abs=least) if isinstance(other, float) else other
        assert one == expected


def note(path: Path, sections: Mapping[str, Any]) -> None:
    """Write what the sections say."""
    text = json.dumps({name: section() for name, section in sections.items()}, indent=1)
    path.write_text(text + "\n", encoding="utf-8")
