"""What a page may ask of the accountant: which ε a training had.

The dashboard imports the engine through this folder only, so that what it rests on can be read
here; beside it stand the words of :mod:`engine.text` and the base types of :mod:`engine.config`.
"""

from engine.accounting.training_epsilon import (
    RELATIONS,
    SAMPLINGS,
    Training,
    TrainingEpsilon,
    epsilon_of,
)

__all__ = ["RELATIONS", "SAMPLINGS", "Training", "TrainingEpsilon", "epsilon_of"]
