"""Weights of a trained model on disk, as safetensors: no code runs when they are loaded.

A kill leaves the former file or the new one. Not covered: access to the file; the weights of a
training without a guarantee are as private as its text.

Loads no torch.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors.numpy import save

from engine import durable

WEIGHTS_FILE = "model.safetensors"


def save_weights(
    tensors: Mapping[str, np.ndarray], path: Path, metadata: Mapping[str, str]
) -> None:
    """Replace ``path`` by a safetensors file, durably, whole or not at all."""
    # The library writes the memory as it lies: a transposed view would come back scrambled.
    plain = {name: np.asarray(tensor, order="C") for name, tensor in tensors.items()}
    durable.write(path, save(plain, dict(metadata)))
