"""What a training needs to go on, on disk: written whole or not at all, and never
lost to a full disk.

A checkpoint is written by :func:`engine.durable.write`: a kill leaves the former one or the new
one. A full disk cannot destroy the last good one, and does not cost the newest either: beside it
lies a *reserve*, a file of the same size that is given up when the disk is full, so that one more
checkpoint fits. The caller then stops, as there is no second.

Files are read with ``weights_only``: a foreign checkpoint runs no code.

A private training's checkpoint holds its weights as they are trained and Adam's moments. They are
covered by the training's ε like every other output of its steps (Adam is post-processing of noisy
gradients); the losses in it are exact and are not. Where noise is correlated over steps, it also
holds the past noise, which is a secret (:mod:`engine.pilot.dpsgd.correlated`): only the owner may
read the file.

Assumes a file system that honours fsync and rename. The reserve does not help where it shares the
disk with a program that takes what is freed.
"""

import errno
import fcntl
import hashlib
import os
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import torch

from engine import durable
from engine.errors import InputError
from engine.pilot.plan import TrainingSettings
from engine.runs.checks import canonical_json
from engine.untrusted.regular import added_to

NAME = "checkpoint.pt"
_RESERVE = "checkpoint.reserve"
_MARGIN = 1 << 16
"""Bytes by which a later checkpoint may be longer: its curve grows."""
_FULL = {errno.ENOSPC, errno.EDQUOT}


def save(folder: Path, state: dict[str, Any]) -> bool:
    """Replace the checkpoint in ``folder`` by ``state``: tensors and plain values.

    False: saved, but only by giving up the reserve, so the disk is full. Raises OSError where it
    could not be saved; the last one is then untouched. The caller holds :func:`locked`.
    """
    buffer = BytesIO()
    torch.save(state, buffer)
    content = buffer.getbuffer()
    durable.remove_leftovers(folder, older_than=0.0)  # as large as a checkpoint each
    try:
        durable.write(folder / NAME, content, mode=0o600)
        _keep_reserve(folder, len(content) + _MARGIN)
        return True
    except OSError as error:
        if error.errno not in _FULL:
            raise
    (folder / _RESERVE).unlink(missing_ok=True)
    durable.write(folder / NAME, content, mode=0o600)
    return False


def load(folder: Path, *, device: torch.device) -> dict[str, Any] | None:
    """The checkpoint in ``folder``; None where there is none.

    Raises :class:`InputError` for a file that is no checkpoint.
    """
    try:
        state: dict[str, Any] = torch.load(folder / NAME, map_location=device, weights_only=True)
        return state
    except FileNotFoundError:
        return None
    except (RuntimeError, ValueError, EOFError, pickle.UnpicklingError) as error:
        raise InputError(
            "Expected a checkpoint of a training, got something else ({detail}): start a new "
            "training.",
            detail=type(error).__name__,
        ) from None


def remove(folder: Path) -> None:
    """Leave nothing in ``folder`` that a training could go on from; its ledger stays."""
    durable.remove_leftovers(folder, older_than=0.0)
    for name in (NAME, _RESERVE):
        (folder / name).unlink(missing_ok=True)


def identity(settings: TrainingSettings, fingerprint: str) -> str:
    """Of a training: all that decides its result. The micro-batch does not."""
    stated = settings.to_dict()
    del stated["physical_batch_size"]
    content = canonical_json({"settings": stated, "corpus": fingerprint})
    return hashlib.sha256(content.encode()).hexdigest()


def _keep_reserve(folder: Path, size: int) -> None:
    """Hold ``size`` bytes of the disk: allocated, not only promised."""
    with added_to(folder / _RESERVE) as file:
        if os.fstat(file.fileno()).st_size < size:
            os.posix_fallocate(file.fileno(), 0, size)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold ``folder`` for one training. The kernel frees a killed process's lock.

    Raises :class:`InputError` where another process trains in it.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(
                "Expected a training that nobody else runs, got one under way in another process: "
                "wait for it, or stop it."
            ) from None
        yield
    finally:
        os.close(descriptor)
