"""A start of random weights for the shapes of tests, kept under a name."""

import torch

from engine.pilot import starts
from engine.pilot.dpsgd.model import build
from engine.pilot.shape import Shape


def keep(name: str, shape: Shape, *, seed: int = 3) -> starts.StartFile:
    """Write it to the installation's folder (KESSAI_DATA) and read it again."""
    model = build(shape, generator=torch.Generator().manual_seed(seed))
    card = starts.Card(
        shape=shape,
        corpus="docstrings",
        fingerprint="0" * 64,
        batch_size=8,
        iterations=10,
        learning_rate=0.01,
        seed=seed,
        cross_entropy=3.0,
    )
    starts.write(name, card, {key: w.numpy() for key, w in model.state_dict().items()})
    return starts.read(name)
