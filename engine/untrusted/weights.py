"""Weights from elsewhere: a safetensors file, which holds no code, held to limits."""

from pathlib import Path

import numpy as np
from safetensors import safe_open

from engine.errors import InputError
from engine.untrusted.guard import MOST_EXPANDED, guarded

LONGEST_NOTE = 2**16
"""Characters of the file's own metadata."""


def safetensors_file(path: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """The float32 arrays of a file by name, and its metadata.

    Raises :class:`InputError` for what is no such file, or larger than
    :data:`~engine.untrusted.guard.MOST_EXPANDED`, and OSError where there is none.
    """
    size = path.stat().st_size
    if size > MOST_EXPANDED:
        raise InputError(
            "Expected weights of at most {most} MB, got {value} MB.",
            most=MOST_EXPANDED // 2**20,
            value=size // 2**20,
        )

    def parse() -> tuple[dict[str, np.ndarray], dict[str, str]]:
        with safe_open(path, framework="numpy") as file:
            notes = dict(file.metadata() or {})
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        return arrays, notes

    arrays, notes = guarded(
        parse,
        lambda reason: InputError(
            "Expected weights as a safetensors file, got something else: {reason}.", reason=reason
        ),
    )
    if sum(map(len, notes.values())) > LONGEST_NOTE:
        raise InputError(
            "Expected metadata of at most {most} characters beside weights, got more.",
            most=LONGEST_NOTE,
        )
    odd = next((name for name, array in arrays.items() if array.dtype != np.float32), None)
    if odd is not None:
        raise InputError(
            "Expected float32 weights, got {dtype} for {name}: convert the file.",
            dtype=str(arrays[odd].dtype),
            name=odd[:80],
        )
    return arrays, notes
