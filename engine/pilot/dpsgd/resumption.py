"""What of a training outlives its process: one folder with its checkpoint and its ledger.

The order is what keeps the promise. A block of steps is charged to the ledger, durably; then its
steps are taken; then a checkpoint is written, durably; then the next block is charged. So the
ledger never counts fewer steps than were taken, and at most one block is lost to a kill. A block
that ends early gives back the steps that it never began, which only its own process can know.

Without a folder everything stays in memory. A training that is not private has no ledger: it spends
nothing that could be counted.
"""

import errno
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import torch

from engine import durable
from engine.errors import InputError
from engine.pilot.dpsgd import checkpoint
from engine.pilot.dpsgd.ledger import LEDGER_FILE, Ledger
from engine.pilot.dpsgd.opacus_accountants import OpacusEpsilon, Riding
from engine.pilot.dpsgd.progress import DiskError, Pace
from engine.pilot.plan import TrainingSettings


class Store:
    """``taken`` below is the number of steps in the weights."""

    def __init__(
        self, folder: Path | None, settings: TrainingSettings, fingerprint: str, *, private: bool
    ) -> None:
        self._folder = folder
        self._settings = settings
        self._identity = checkpoint.identity(settings, fingerprint)
        self._private = private
        self._ledger: Ledger | None = None
        self._riding: Riding | None = None
        self.lost = 0
        """Steps charged whose result a kill took."""
        self.pace = Pace(settings.config.iterations)

    @contextmanager
    def opened(self, device: torch.device) -> Iterator[dict[str, Any] | None]:
        """Hold the folder; yields what :meth:`save` was given last, None where it was not.

        Raises :class:`InputError` where the folder is another training's, is damaged, or is in use.
        """
        with ExitStack() as held:
            state = None
            if self._folder is not None:
                with _writing():
                    durable.make_folder(self._folder)
                    held.enter_context(checkpoint.locked(self._folder))
                state = checkpoint.load(self._folder, device=device)
            if state is not None and state["identity"] != self._identity:
                raise InputError(
                    "Expected the checkpoint of this training, got that of another one: give each "
                    "training its own folder."
                )
            self.pace = Pace(self._settings.config.iterations)
            if state is not None:
                self.pace.step_seconds = state["step_seconds"]
            if self._private:
                assert self._folder is not None  # a private training refuses to have none
                self._open_ledger(held, self._folder, taken=0 if state is None else state["taken"])
            yield state

    def charged(self, taken: int) -> int:
        """Steps that count against the promise."""
        return taken if self._ledger is None else self._ledger.charged

    def left(self, taken: int) -> int:
        """Steps that may still be granted."""
        if self._ledger is not None:
            return self._ledger.left
        return self._settings.config.iterations - taken

    def grant(self, taken: int) -> int:
        """Steps that may now be taken, charged, before a checkpoint is due; 0: all are spent."""
        block = self.left(taken)
        if self._folder is not None:
            block = min(block, self.pace.block())
        if self._ledger is None:
            return block
        with _writing():
            return self._ledger.reserve(block)

    def begin(self) -> None:
        """A granted step begins: it is spent, whatever becomes of it."""
        if self._riding is not None:
            self._riding.step()

    def settle(self, unused: int) -> None:
        """The block under way is over, its last ``unused`` steps never begun."""
        if self._ledger is not None:
            # Where this cannot be written the steps stay charged.
            with suppress(OSError):
                self._ledger.settle(unused)

    def save(self, taken: int, state: dict[str, Any]) -> None:
        """Write a checkpoint. Raises :class:`DiskError` where there is room for no further one."""
        if self._folder is None:
            return
        whole = {
            **state,
            "taken": taken,
            "identity": self._identity,
            "step_seconds": self.pace.step_seconds,
        }
        began = time.perf_counter()
        with _writing():
            more = checkpoint.save(self._folder, whole)
        self.pace.checkpoint(time.perf_counter() - began)
        if not more and self.left(taken):
            raise DiskError(reason=os.strerror(errno.ENOSPC))

    def opacus_epsilon(self, delta: float) -> OpacusEpsilon | None:
        """Opacus's accountants on the steps that were begun; None for a training without ledger."""
        return None if self._riding is None else self._riding.epsilon(delta)

    def _open_ledger(self, held: ExitStack, folder: Path, *, taken: int) -> None:
        with _writing():
            ledger = held.enter_context(Ledger(folder / LEDGER_FILE, self._settings))
        if ledger.charged < taken:
            raise InputError(
                "Expected the ledger of this checkpoint, got one that counts fewer steps: what was "
                "spent is unknown, so start a new training."
            )
        self._ledger, self.lost = ledger, ledger.charged - taken
        self._riding = Riding(
            noise_multiplier=ledger.noise_multiplier,
            sampling_probability=ledger.sampling_probability,
            charged=ledger.charged,
            bands=ledger.bands,
        )


@contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DiskError(reason=error.strerror or error) from error
