"""Attacks on a trained model that :mod:`engine.pilot.audits.audit` turns into lower bounds on ε.

The score of a candidate is how much lower its loss is under the released weights (the average) than
under the weights that training began with, which owe nothing to the data: the second takes away how
hard its text is. Without the second, it is minus the loss. This is an attack from outside, with the
final model alone; who sees every noisy step can do far better, so bounds are expected well below ε.

Canaries are sequences of uniformly random tokens: nothing else in the corpus is like them, nothing
teaches them but themselves, and they belong to nobody. They join steps like people and do not count
in N (:class:`engine.pilot.dpsgd.examples.Canaries`), but they spend model capacity: a training with
canaries is an instrument, and its losses are not comparable with those of one without.

Held-out units are compared with training units by pairs, which rests on the corpus's split being as
good as uniformly random: it is drawn by a hash of the units' numbers, without regard to the text,
so the order in which a corpus lists its units must not have been made with that hash in mind.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from engine.errors import InputError
from engine.interval import FloatArray
from engine.pilot.audits.audit import (
    DEFAULT_CONFIDENCE,
    FEWEST,
    Audit,
    audit_canaries,
    audit_pairs,
    draw_pairs,
)
from engine.pilot.dpsgd.examples import Canaries, WindowSource
from engine.pilot.dpsgd.model import IGNORED, cross_entropy, masked
from engine.pilot.dpsgd.start import initial
from engine.pilot.memory import micro_batch
from engine.pilot.plan import TrainingSettings
from engine.pilot.shape import Shape
from engine.untrusted.memory import machine_memory

MOST_PAIRS = 2048
_PLACES = (0.0, 0.5)
"""Where in a unit's text its windows lie: at its beginning, and in its middle."""
_MASKS_SEED = 0

Losses = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Tokens and targets (n, S) -> nats per token or byte of each (n,)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class CanaryTest:
    """Candidates, and the coins that say which of them are inserted. Keep it until the audit."""

    tokens: np.ndarray
    """(m, S + 1) int64."""
    included: np.ndarray
    """(m,) bool."""

    @property
    def inserted(self) -> Canaries:
        """Those whose coin said so, as the training takes them."""
        chosen = self.tokens[self.included]
        return Canaries(tokens=chosen[:, :-1], targets=chosen[:, 1:])


def draw_canaries(count: int, shape: Shape, rng: np.random.Generator) -> CanaryTest:
    """``count`` random sequences and a fair coin for each. ``rng`` must not feed the training.

    A generator with a fixed seed gives the same test after a restart.
    """
    if count < FEWEST:
        raise InputError(
            "Expected at least {fewest} canaries, got {count}: an audit with fewer shows nothing.",
            fewest=FEWEST,
            count=count,
        )
    # The last token of a masked model's vocabulary is its mask, which no text holds.
    different = shape.vocabulary_size - (shape.kind == "bert")
    return CanaryTest(
        tokens=rng.integers(different, size=(count, shape.sequence_length + 1)),
        included=rng.random(count) < 0.5,
    )


def model_of(settings: TrainingSettings, weights: Mapping[str, torch.Tensor]) -> nn.Module:
    """The model of a training with these weights, by the names of the parameters that it moved
    (``Training.averaged_weights``)."""
    model = initial(settings, generator=None)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(weights[name])
    return model


def model_losses(model: nn.Module, settings: TrainingSettings) -> Losses:
    """The losses under ``model``'s weights as they are at each call, on the device they are on."""
    shape = settings.shape
    rows = micro_batch(shape, settings.physical_batch_size, memory=machine_memory())

    @torch.no_grad()
    def losses(tokens: np.ndarray, targets: np.ndarray) -> np.ndarray:
        device = next(model.parameters()).device
        # The same masks at each call: what two sets of weights say of a window is then comparable.
        generator = torch.Generator().manual_seed(_MASKS_SEED)
        found = [np.zeros(0)]
        for start in range(0, len(tokens), rows):
            inputs = torch.from_numpy(tokens[start : start + rows]).long()
            wanted = torch.from_numpy(targets[start : start + rows]).long()
            if shape.kind == "bert":
                is_text = wanted != IGNORED
                inputs, wanted = masked(
                    inputs,
                    uniforms=torch.rand(len(inputs), 3, inputs.shape[1], generator=generator),
                    mask_token=shape.vocabulary_size - 1,
                    vocabulary_size=shape.vocabulary_size,
                )
                wanted = torch.where(is_text, wanted, IGNORED)
            counted = (wanted != IGNORED).sum(1).clamp(min=1)
            each = cross_entropy(model(inputs.to(device)), wanted.to(device)).cpu()
            found.append((each * wanted.shape[1] / counted).double().numpy())
        return np.concatenate(found)

    return losses


def audit_training(
    corpus: WindowSource,
    settings: TrainingSettings,
    losses: Losses,
    *,
    delta: float,
    initial_losses: Losses | None = None,
    canaries: CanaryTest | None = None,
    confidence: float = DEFAULT_CONFIDENCE,
    most: int = MOST_PAIRS,
) -> tuple[Audit, ...]:
    """What attacks on one trained model show: by its split, and by canaries where it had some.

    All bounds hold together with ``confidence``: with two audits each has half of the error. Who
    audits k trainings of a plan and looks for any that breaks its promise passes 1 − 0.05/k. The
    split is left out where fewer than :data:`engine.pilot.audits.audit.FEWEST` pairs can be made,
    so that the result may be empty. Costs a forward pass on 4·``most`` windows, twice with
    ``initial_losses``.
    """

    def scores(tokens: np.ndarray, targets: np.ndarray) -> np.ndarray:
        before = 0.0 if initial_losses is None else initial_losses(tokens, targets)
        return before - losses(tokens, targets)

    def of_units(units: np.ndarray) -> np.ndarray:
        found = []
        for place in _PLACES:
            at = np.full(len(units), place)
            documents = corpus.documents_of(units, at)
            found.append(scores(*corpus.windows(documents, at, settings.shape.sequence_length)))
        mean: FloatArray = np.mean(found, axis=0)
        return mean

    digest = hashlib.sha256(f"kessai audit pairs {corpus.fingerprint}".encode()).digest()
    rng = np.random.default_rng(list(digest))
    members, others = draw_pairs(*exchangeable(corpus, settings.data_budget), rng, most=most)
    by_split = len(members) >= FEWEST
    each = 1 - (1 - confidence) / (by_split + (canaries is not None) or 1)
    audits = []
    if by_split:
        audits.append(
            audit_pairs(of_units(members), of_units(others), delta=delta, confidence=each)
        )
    if canaries is not None:
        found = scores(canaries.tokens[:, :-1], canaries.tokens[:, 1:])
        audits.append(audit_canaries(found, canaries.included, delta=delta, confidence=each))
    return tuple(audits)


def exchangeable(corpus: WindowSource, data_budget: int) -> tuple[np.ndarray, np.ndarray]:
    """Training units and held-out units that the draw of the split alone tells apart.

    A training on fewer than all takes the first ``data_budget``, in the order of the split. Where
    that is the corpus's order, held-out units beyond the last of them could never have been among
    them: they are left out, and so is that last one, whose place made the limit.
    """
    training, held_out = corpus.split()
    taken = training[:data_budget]
    if data_budget >= len(training) or np.any(np.diff(training) < 0):
        return taken, held_out
    return taken[:-1], held_out[held_out < taken[-1]]
