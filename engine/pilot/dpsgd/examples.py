"""From people to tensors of words: the examples of a step, and the windows that are evaluated.

Held-out units are never trained on. The evaluated windows are fixed by the corpus's fingerprint, so
that all trainings on a corpus are compared on the same words.

Masked models (kind "bert") use the vocabulary's last token as the mask; with byte tokens that is
0xFF, which no UTF-8 text holds. What is masked of a unit depends on its own key alone, so that
whoever has a part of a batch makes the same examples of it.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch

from engine.errors import InputError
from engine.pilot.dpsgd.model import IGNORED, masked
from engine.pilot.dpsgd.noise import Purpose, SeededNoise, keyed_uniforms, uniforms
from engine.pilot.dpsgd.sampling import Batch, distinct
from engine.pilot.plan import TrainingSettings

EVALUATED = 512
"""Windows at most."""
_WINDOWS_A_UNIT = 4
"""At most, where there are few units."""
_HELD_OUT, _TRAINED = 0, 1

Examples = tuple[torch.Tensor, torch.Tensor]
"""Tokens and targets, (n, S) long, on the CPU; (n, k, S) where a unit gives up to k windows, those
that it lacks without a target."""


class WindowSource(Protocol):
    """What training and audits need of :class:`engine.pilot.text.corpus.Corpus`."""

    @property
    def fingerprint(self) -> str: ...
    @property
    def vocabulary_size(self) -> int: ...
    def split(self) -> tuple[np.ndarray, np.ndarray]: ...
    def documents_of(self, units: np.ndarray, picks01: np.ndarray) -> np.ndarray: ...
    def documents_in(self, units: np.ndarray) -> np.ndarray: ...
    def windows(
        self, documents: np.ndarray, offsets01: np.ndarray, sequence_length: int
    ) -> tuple[np.ndarray, np.ndarray]: ...


@dataclass(frozen=True, kw_only=True)
class Canaries:
    """Examples of nobody, each a unit of its own that joins steps like a person. For audits.

    They do not count in N: q stays B/N, so the guarantee is that of the settings.
    """

    tokens: np.ndarray
    targets: np.ndarray


class Source:
    """The examples of one training."""

    def __init__(
        self, settings: TrainingSettings, corpus: WindowSource, canaries: Canaries | None = None
    ) -> None:
        """Raises :class:`InputError` where the corpus does not fit the settings."""
        self._shape = settings.shape
        self._corpus = corpus
        self._canaries = canaries
        trained, self._held_out = corpus.split()
        if settings.data_budget > len(trained):
            raise InputError(
                "Expected a corpus with at least {wanted} units to train on, got {found}: choose a "
                "larger corpus.",
                wanted=settings.data_budget,
                found=len(trained),
            )
        if corpus.vocabulary_size > settings.shape.vocabulary_size:
            raise InputError(
                "Expected a corpus of at most {wanted} different tokens, got {found}: choose a "
                "model with that vocabulary.",
                wanted=settings.shape.vocabulary_size,
                found=corpus.vocabulary_size,
            )
        self.training_units = trained[: settings.data_budget]
        self.size = settings.data_budget + (0 if canaries is None else len(canaries.tokens))
        """Units that may join a step."""

    def of(self, batch: Batch) -> Examples:
        """One example of each unit in ``batch``."""
        real = batch.units < len(self.training_units)
        units = self.training_units[batch.units[real]]
        draw = self._windows if batch.documents.ndim == 1 else self._several
        tokens, targets = draw(units, batch.documents[real], batch.windows[real])
        if self._canaries is not None:
            chosen = batch.units[~real] - len(self.training_units)
            added = np.zeros((len(chosen), *tokens.shape[1:]), dtype=np.int64)
            wanted = np.full_like(added, IGNORED)
            first = np.s_[:, 0] if tokens.ndim == 3 else np.s_[:]
            added[first] = self._canaries.tokens[chosen]
            wanted[first] = self._canaries.targets[chosen]
            tokens, targets = np.concatenate([tokens, added]), np.concatenate([targets, wanted])
        return self._tensors(tokens, targets, batch.masks)

    def held_out(self) -> Examples:
        """Fixed windows of held-out units."""
        return self._fixed(self._held_out, _HELD_OUT)

    def trained(self) -> Examples:
        """Fixed windows of training units, to see how much is learnt by heart."""
        return self._fixed(self.training_units, _TRAINED)

    def _fixed(self, units: np.ndarray, step: int) -> Examples:
        noise = SeededNoise(int(self._corpus.fingerprint[:16], 16))
        count = min(EVALUATED, _WINDOWS_A_UNIT * len(units))
        order = np.argsort(noise.bits(step, Purpose.UNITS, len(units)), kind="stable")
        tokens, targets = self._windows(
            np.resize(units[order], count),  # repeats the units where there are few
            uniforms(noise.bits(step, Purpose.DOCUMENTS, count)),
            uniforms(noise.bits(step, Purpose.WINDOWS, count)),
        )
        keys = noise.bits(step, Purpose.MASKS, count) if self._shape.kind == "bert" else None
        return self._tensors(tokens, targets, keys)

    def _windows(
        self, units: np.ndarray, documents: np.ndarray, windows: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        S = self._shape.sequence_length
        if not len(units):
            return np.zeros((0, S), dtype=np.int64), np.zeros((0, S), dtype=np.int64)
        return self._corpus.windows(self._corpus.documents_of(units, documents), windows, S)

    def _several(
        self, units: np.ndarray, documents: np.ndarray, windows: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """A window of each of up to k different documents of each unit, (n, k, S) each."""
        shape = (*documents.shape, self._shape.sequence_length)
        tokens, targets = np.zeros(shape, dtype=np.int64), np.full(shape, IGNORED)
        counts = self._corpus.documents_in(units)
        chosen = distinct(counts, documents)
        unit, place = np.nonzero(chosen >= 0)
        if len(unit):
            # The middle of a document's share of [0, 1) is that document.
            picks = (chosen[unit, place] + 0.5) / counts[unit]
            found = self._corpus.documents_of(units[unit], picks)
            tokens[unit, place], targets[unit, place] = self._corpus.windows(
                found, windows[unit, place], shape[-1]
            )
        return tokens, targets

    def _tensors(
        self, tokens: np.ndarray, targets: np.ndarray, masks: np.ndarray | None
    ) -> Examples:
        inputs, wanted = torch.from_numpy(tokens), torch.from_numpy(targets)
        if self._shape.kind == "bert":
            assert masks is not None  # whoever draws a batch for a masked model draws its keys
            text = torch.ones_like(wanted, dtype=torch.bool)
            # A document's last token has no successor; what comes after it is padding.
            text[:, 1:] = wanted[:, :-1] != IGNORED
            inputs, guessed = masked(
                inputs,
                uniforms=keyed_uniforms(masks, (3, self._shape.sequence_length)),
                mask_token=self._shape.vocabulary_size - 1,
                vocabulary_size=self._shape.vocabulary_size,
            )
            wanted = torch.where(text, guessed, IGNORED)
        return inputs, wanted


def targets_counted(targets: torch.Tensor) -> float:
    """Positions that a step's losses count; of a unit's several windows their mean."""
    counted = (targets != IGNORED).sum(-1)
    if counted.dim() == 1:
        return float(counted.sum())
    windows = (counted > 0).sum(1).clamp_min(1)
    return float((counted.sum(1) / windows).sum())
