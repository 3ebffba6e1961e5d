"""Checks of one value on its way into a record: what comes back is normal, or refused.

Equal values get one form (1, 1.0 and numpy's 1 the same; -0.0 is 0.0; JSON with sorted keys; times
in UTC), because run ids and evidence hashes are made from them.

>>> count("iterations", 1e3, 1, optional=False)
1000
"""

import json
import math
import numbers
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Literal, TypeVar, overload

import numpy as np

from engine.config import require_integer
from engine.errors import InputError
from engine.runs.learning_curve import LearningCurve
from engine.untrusted.texts import json_value

_INT64 = 2**63 - 1
_Kind = TypeVar("_Kind", bound=StrEnum)


def canonical_json(value: object) -> str:
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=False
    )


@overload
def count(name: str, value: object, lowest: int, *, optional: Literal[False]) -> int: ...
@overload
def count(name: str, value: object, lowest: int, *, optional: bool) -> int | None: ...
def count(name: str, value: object, lowest: int, *, optional: bool) -> int | None:
    """A whole number of at least ``lowest`` that fits 64 bits; 1e7 passes, 1.5 does not."""
    if type(value) is int and lowest <= value <= _INT64:  # as tens of thousands of runs have it
        return value
    if value is None and optional:
        return None
    whole = require_integer(name, _number(name, value))
    if whole < lowest:
        raise InputError(
            "Expected {name} of at least {low}, got {value}.", **_at(name, lowest, value)
        )
    if whole > _INT64:
        raise InputError(
            "Expected {name} of at most {high}, got {value}.", name=name, high=_INT64, value=value
        )
    return whole


@overload
def real(name: str, value: object, *, optional: Literal[False]) -> float: ...
@overload
def real(name: str, value: object, *, optional: bool) -> float | None: ...
def real(name: str, value: object, *, optional: bool) -> float | None:
    """A finite float; positive except for noise, of which there may be none."""
    if type(value) is float and 0 < value < math.inf:
        return value
    if value is None and optional:
        return None
    number = (
        float(_number(name, value)) + 0.0
    )  # -0.0 becomes 0.0: equal values must have one text, one id
    if not math.isfinite(number):
        raise unexpected(name, "a finite number", value)
    if name in ("noise_multiplier", "noise_batch_ratio"):
        if number < 0:
            raise InputError(
                "Expected {name} of at least {low}, got {value}.", **_at(name, 0, value)
            )
    elif number <= 0:
        raise InputError("Expected {name} above {low}, got {value}.", **_at(name, 0, value))
    return number


def _number(name: str, value: object) -> float | int:
    """``value`` as Python's own number, whole ones exactly."""
    if value is None:
        raise InputError("Expected a value for {name}, got none.", name=name)
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise unexpected(name, "a number", value)
    try:
        number = float(value)
        return int(value) if isinstance(value, numbers.Integral) else number
    except OverflowError:
        raise unexpected(name, "a finite number", "a number beyond 1e308") from None


def choice(name: str, value: object, kind: type[_Kind], *, optional: bool) -> _Kind | None:
    """The member of ``kind`` that ``value`` is or names."""
    if value is None and optional:
        return None
    if isinstance(value, str):
        with suppress(ValueError):
            return kind(value)
    raise unexpected(name, " | ".join(kind), value)


def require_text(name: str, value: object, *, optional: bool) -> None:
    if value is None and optional:
        return
    if not isinstance(value, str) or (not value.strip() and name in ("family", "source")):
        raise unexpected(name, "a text", value)
    try:
        value.encode()
    except UnicodeEncodeError:  # half of a surrogate pair: no file can hold it
        raise unexpected(name, "a text", ascii(value)) from None


@lru_cache(maxsize=256)
def canonical_object(name: str, text: str) -> str:
    try:
        value = json_value(text)
        if isinstance(value, dict):
            return canonical_json(value)
    except (ValueError, RecursionError):
        pass
    raise unexpected(name, "a JSON object", text)


def utc(name: str, value: object) -> datetime:
    if not isinstance(value, datetime) or value.utcoffset() is None:
        raise unexpected(name, "a time with its zone", value)
    return value.astimezone(UTC)


def increasing_curve(points: object, iterations: int) -> LearningCurve:
    """The curve, of which the steps rise up to ``iterations``."""
    if isinstance(points, LearningCurve):
        found = points
    elif isinstance(points, (list, tuple)):
        found = _plain_curve(points) or _looked_at(points, iterations)
    else:
        raise unexpected("curve", "a list of (iteration, cross_entropy)", points)
    if not len(found):
        return found
    steps, losses = found.iterations, found.losses
    rising = bool((steps[1:] > steps[:-1]).all()) and steps[0] >= 0 and steps[-1] <= iterations
    if rising and bool(np.isfinite(losses).all()) and bool((losses > 0).all()):
        return found
    return _looked_at(list(found), iterations)  # which says what is wrong, and where


def _looked_at(points: Sequence[object], iterations: int) -> LearningCurve:
    """The curve, each point looked at by itself."""
    steps: list[int] = []
    losses: list[float] = []
    previous = -1
    for point in points:
        if not isinstance(point, (list, tuple)) or len(point) != 2:
            raise unexpected("curve", "a list of (iteration, cross_entropy)", point)
        iteration = count("curve.iteration", point[0], 0, optional=False)
        loss = real("curve.cross_entropy", point[1], optional=False)
        if not previous < iteration <= iterations:
            raise InputError(
                "Expected the curve's iterations to rise up to {iterations}, got {value} after "
                "{previous}.",
                iterations=iterations,
                value=iteration,
                previous=previous,
            )
        steps.append(iteration)
        losses.append(loss)
        previous = iteration
    return LearningCurve(steps, losses)


def _plain_curve(points: Sequence[object]) -> LearningCurve | None:
    """The curve of points of Python's own numbers; None where each needs to be looked at."""
    try:
        steps, losses = zip(*points, strict=True)
        if {*map(type, steps)} == {int} and {*map(type, losses)} == {float}:
            return LearningCurve(steps, losses)
    except (TypeError, ValueError, OverflowError):
        pass
    return None


def _at(name: str, low: float, value: object) -> dict[str, object]:
    return {"name": name, "low": low, "value": value}


def unexpected(name: str, expected: str, value: object) -> InputError:
    template = "Expected {expected} for {name}, got {value}."
    return InputError(template, name=name, expected=expected, value=value)
