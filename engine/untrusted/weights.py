"""Weights from elsewhere: a safetensors file, which holds no code, held to limits."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import deserialize, safe_open

from engine.errors import InputError
from engine.untrusted import regular
from engine.untrusted.guard import guarded
from engine.untrusted.memory import machine_memory

MOST_WEIGHTS = 2**32
"""Bytes of a model as float32: 1.07e9 parameters, as many as the ladder of our own goes to."""
_TIMES = 4
"""How often a model lies in memory at once, while it is read, put in order and written: 3.9 times
as measured with 347 million parameters."""
LONGEST_NOTE = 2**16
"""Characters of the file's own metadata."""
_TYPES = {"F32": "<f4", "F16": "<f2", "BOOL": "?", "U8": "u1"}
"""The last two are of masks, which are read over."""


def safetensors_file(path: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """The float32 arrays of a file by name, and its metadata.

    Raises :class:`InputError` for what is no such file, or larger than
    :data:`MOST_WEIGHTS` or what the memory holds, and OSError where there is none.
    """
    with regular.opened(path) as file:
        require_size(os.fstat(file.fileno()).st_size)

    def parse() -> tuple[dict[str, np.ndarray], dict[str, str]]:
        with safe_open(path, framework="numpy") as file:
            notes = dict(file.metadata() or {})
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        return arrays, notes

    arrays, notes = guarded(parse, _no_weights)
    _require_short(notes)
    odd = next((name for name, array in arrays.items() if array.dtype != np.float32), None)
    if odd is not None:
        raise InputError(
            "Expected float32 weights, got {dtype} for {name}: convert the file.",
            dtype=str(arrays[odd].dtype),
            name=odd[:80],
        )
    return arrays, notes


def notes_of(path: Path) -> dict[str, str]:
    """The metadata of a file of weights, which are not read.

    Raises :class:`InputError` for what is no such file or has more than :data:`LONGEST_NOTE`, and
    OSError where there is none.
    """
    regular.opened(path).close()

    def parse() -> dict[str, str]:
        with safe_open(path, framework="numpy") as file:
            return dict(file.metadata() or {})

    notes = guarded(parse, _no_weights)
    _require_short(notes)
    return notes


def _require_short(notes: Mapping[str, str]) -> None:
    if sum(map(len, notes.values())) > LONGEST_NOTE:
        raise InputError(
            "Expected metadata of at most {most} characters beside weights, got more.",
            most=LONGEST_NOTE,
        )


def _no_weights(reason: str) -> InputError:
    return InputError(
        "Expected weights as a safetensors file, got something else: {reason}.", reason=reason
    )


def public_weights(path: Path) -> tuple[dict[str, np.ndarray], str]:
    """The arrays of a file of a public model by name, as float32, and the SHA-256 of the file.

    Numbers may be float32, float16 or bfloat16. Raises :class:`InputError` for what is no such
    file, or is larger as float32 than :func:`require_size` lets it be.
    """
    with regular.opened(path) as file:
        require_size(os.fstat(file.fileno()).st_size)
        content = file.read(MOST_WEIGHTS)
    parts = guarded(lambda: deserialize(content), _no_weights)
    found = {name: _as_float32(name, part) for name, part in parts}
    require_size(sum(array.nbytes for array in found.values()))
    return found, hashlib.sha256(content).hexdigest()


def _as_float32(name: str, part: Mapping[str, Any]) -> np.ndarray:
    kind, data, shape = part["dtype"], part["data"], part["shape"]
    if kind == "BF16":  # the upper half of a float32
        halves = np.frombuffer(data, dtype="<u2").astype("<u4")
        return (halves << np.uint32(16)).view("<f4").reshape(shape)
    if kind not in _TYPES:
        raise InputError(
            "Expected weights of float32, float16 or bfloat16, got {dtype} for {name}.",
            dtype=str(kind)[:20],
            name=name[:80],
        )
    plain: np.ndarray = np.frombuffer(data, dtype=_TYPES[kind]).astype("<f4").reshape(shape)
    return plain


def require_size(size: int) -> None:
    """Raise :class:`InputError` for more bytes of weights than :data:`MOST_WEIGHTS`, or than this
    machine's memory holds :data:`_TIMES` times."""
    if size > MOST_WEIGHTS:
        raise InputError(
            "Expected weights of at most {most} MB as float32, got {value} MB.",
            most=MOST_WEIGHTS // 2**20,
            value=size // 2**20,
        )
    memory = machine_memory()
    if memory is not None and _TIMES * size > memory:
        raise InputError(
            "Expected a machine with {needed} GB of memory for these weights, got {found} GB: take "
            "a smaller model.",
            needed=f"{_TIMES * size / 2**30:.1f}",
            found=f"{memory / 2**30:.1f}",
        )
