"""Public starts: weights trained on public text, from which a private training may begin.

A start is one safetensors file: the weights of a shape of the ladder, and in its metadata where
they come from (:class:`Card`). Those that ship lie in ``data/starts``; an installation's own lie
in ``starts`` of the run log's folder. A training names a start together with the SHA-256 of its
file, so that another file of that name is refused.

What DP does not cover: the text that a start was trained on. Whoever is in it is not protected by
what a fine-tuning promises, and a person in both texts is protected in the private one only.

Loads no torch.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

from engine import durable
from engine.errors import InputError
from engine.pilot.huggingface import FAMILIES
from engine.pilot.ladder import parameter_count
from engine.pilot.plan import Start
from engine.pilot.shape import Shape
from engine.runs.folder import listing
from engine.runs.log import data_folder
from engine.untrusted import regular
from engine.untrusted.guard import guarded
from engine.untrusted.texts import json_value
from engine.untrusted.weights import notes_of, safetensors_file

SHIPPED = Path(__file__).resolve().parents[2] / "data" / "starts"
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_LONGEST = 40
_CARD = "kessai_start"
_ENDING = ".safetensors"


@dataclass(frozen=True, kw_only=True)
class Card:
    """Where the weights of a start come from."""

    shape: Shape
    corpus: str
    """Kind of the public text."""
    fingerprint: str
    """Of that text."""
    batch_size: int
    iterations: int
    learning_rate: float
    seed: int
    cross_entropy: float | None
    """Held-out loss on the public text, nats per token or byte; None: nobody told."""
    tokenizer: str = "bytes"
    """Name of the tokenizer that it reads with (:mod:`engine.pilot.text.tokens`)."""

    @property
    def model_size(self) -> int:
        """Parameters."""
        return parameter_count(self.shape)

    def reads(self, family: str, vocabulary_size: int) -> bool:
        """Whether it reads texts of this family: as tokens of its own tokenizer."""
        if self.tokenizer == "bytes":
            return self.shape.vocabulary_size == vocabulary_size
        named = family.startswith(f"gpt-{self.tokenizer}-")
        return named and vocabulary_size <= self.shape.vocabulary_size

    @property
    def tokens(self) -> int:
        """Public tokens or bytes that it was trained on, repeats included; 0: nobody told."""
        return self.batch_size * self.iterations * self.shape.sequence_length


@dataclass(frozen=True, kw_only=True, eq=False)
class StartFile:
    """A start as read: weights by the model's names."""

    name: str
    sha256: str
    card: Card
    weights: Mapping[str, np.ndarray]

    def begun(self, lora_rank: int = 0) -> Start:
        """As a training names it; rank 0 moves all weights."""
        return Start(name=self.name, sha256=self.sha256, lora_rank=lora_rank)


def is_foreign(shape: Shape) -> bool:
    """Whether an architecture is that of another package's models."""
    return shape.kind in FAMILIES


def tokenizer_file(name: str) -> Path:
    """Where the tokenizer of an imported start lies, beside its weights."""
    require_name(name)
    return own_folder() / f"{name}.tokenizer.json"


def own_folder() -> Path:
    """Where this installation's starts are written."""
    return data_folder() / "starts"


def names() -> list[str]:
    """All starts at hand, by name. Raises :class:`InputError` where a folder of them cannot be
    read."""
    folders = {SHIPPED, own_folder()}
    return sorted({path.stem for folder in folders for path in listing(folder, _ENDING)})


def read(name: str) -> StartFile:
    """The start of this name, the shipped one first.

    Raises :class:`InputError` for a name that is none, an unknown start, and a file that is none.
    """
    return _read(name, _place_of(name))


def card_of(name: str) -> Card:
    """Where the start of this name comes from; its weights are not read. Raises as :func:`read`."""
    return _card_in(name, notes_of(_place_of(name)))


def _place_of(name: str) -> Path:
    require_name(name)
    for folder in (SHIPPED, own_folder()):
        path = folder / f"{name}{_ENDING}"
        if path in listing(folder, _ENDING):
            return path
    raise InputError(
        "Expected one of the starts {known}, got {name}: see `python -m engine starts list`.",
        known=", ".join(names()) or "(there are none yet)",
        name=name,
    )


def read_exactly(start: Start) -> StartFile:
    """The start that a training names; refused where the file has changed since."""
    found = read(start.name)
    if found.sha256 != start.sha256:
        raise InputError(
            "Expected the weights that this training began from, got another file for the start "
            "{name}: bring back the former one.",
            name=start.name,
        )
    return found


def write(name: str, card: Card, weights: Mapping[str, np.ndarray]) -> Path:
    """Keep a start of this installation, durably. Raises :class:`InputError` where there is one."""
    require_new(name)
    folder = own_folder()
    durable.make_folder(folder)
    plain = {key: np.ascontiguousarray(array, dtype=np.float32) for key, array in weights.items()}
    path = folder / f"{name}{_ENDING}"
    durable.write(path, save(plain, {_CARD: json.dumps(asdict(card), sort_keys=True)}))
    return path


def require_new(name: str) -> None:
    """Raise :class:`InputError` for a name that cannot be given to a new start."""
    require_name(name)
    if name in names():
        raise InputError(
            "Expected a name that no start has yet, got {name}: trainings that began from it name "
            "its weights.",
            name=name,
        )


def require_name(name: str) -> None:
    """Raise :class:`InputError` for what is no name of a start."""
    if not (len(name) <= _LONGEST and _NAME.fullmatch(name)):
        raise InputError(
            "Expected a start's name of small letters, digits and hyphens, got {name}.",
            name=name[:_LONGEST],
        )


def _read(name: str, path: Path) -> StartFile:
    arrays, notes = safetensors_file(path)
    card = _card_in(name, notes)
    if sum(array.size for array in arrays.values()) != card.model_size:
        raise InputError(
            "Expected {wanted} weights of the start {name}, got {found}: the file is not whole.",
            wanted=card.model_size,
            name=name,
            found=sum(array.size for array in arrays.values()),
        )
    with regular.opened(path) as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return StartFile(name=name, sha256=digest, card=card, weights=arrays)


def _card_in(name: str, notes: Mapping[str, str]) -> Card:
    return guarded(
        lambda: _card(json_value(notes[_CARD])),
        lambda reason: InputError(
            "Expected weights with their origin as `python -m engine starts train` writes them, "
            "got others for {name}: {reason}.",
            name=name,
            reason=reason,
        ),
    )


def _card(data: Mapping[str, Any]) -> Card:
    return Card(**{**data, "shape": Shape(**data["shape"])})
