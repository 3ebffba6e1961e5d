"""A corpus, settings and a folder's worth of small things for the tests of training."""

from dataclasses import dataclass, replace

import numpy as np

from engine.config import TrainingConfig
from engine.pilot.ladder import parameter_count
from engine.pilot.plan import TrainingSettings
from engine.pilot.shape import Shape

S = 16
SHAPE = Shape(
    kind="gpt",
    depth=1,
    width=16,
    heads=1,
    hidden=32,
    activation="gelu",
    vocabulary_size=32,
    sequence_length=S,
)


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """``units`` people of one document each: a walk that a model can learn to follow."""

    units: int = 60
    held_out: int = 10
    fingerprint: str = "f" * 64
    vocabulary_size: int = 32
    family: str = "gpt-made"

    def split(self):
        return np.arange(self.held_out, self.units), np.arange(self.held_out)

    def documents_in(self, units):
        return np.ones(len(units), dtype=int)

    def documents_of(self, units, picks01):
        return units

    def windows(self, documents, offsets01, sequence_length):
        start = documents * 7 + (offsets01 * 5).astype(np.int64)
        text = (start[:, None] + np.arange(sequence_length + 1) * 3) % self.vocabulary_size
        return text[:, :-1].copy(), text[:, 1:].copy()


MASKED = replace(SHAPE, kind="bert")


def settings(*, iterations=8, batch_size=8, seed=1, noise=0.05, people=50, shape=SHAPE, **changes):
    """Of a training of milliseconds a step."""
    return TrainingSettings(
        **{
            "shape": shape,
            "config": TrainingConfig(
                model_size=parameter_count(shape),
                batch_size=batch_size,
                iterations=iterations,
                sequence_length=S,
            ),
            "data_budget": people,
            "noise_batch_ratio": noise,
            "clip_norm": 1e-3,
            "learning_rate": 0.01,
            "warmup": 2,
            "seed": seed,
            "physical_batch_size": 4,
            **changes,
        }
    )
