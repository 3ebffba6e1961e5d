"""The privacy ledger of one training: what it may still spend, on disk before it is spent.

A step's noise is paid for when its gradient is *taken*, whether or not the step survives. So steps
are charged first: :meth:`Ledger.reserve` appends the new total to a file, flushes it to the disk
and only then lets the training take them. Whatever happens after that (``kill -9``, a power cut, a
full disk), the charge stands, and the next process may take only what is left of the promise. So
the file may claim more steps than were taken, never fewer.

Steps are charged in blocks, so that the disk's flush does not slow the training: a kill loses the
block's steps, which stay charged and never happen. One thing lowers the total, :meth:`settle`: the
process that was granted the block, still alive and done with it, says how many of its steps it
never began. No later process may say so for a dead one: a checkpoint shows which steps were taken
before it, not that none was taken after it.

A line a change, each with the total before it, its place in the file and a checksum over all lines
so far: a line lost or edited breaks the chain and the file is refused. Beside it the *head*,
written before the steps are granted, says how many lines there are, so that a line lost at the end
is noticed too. Only a line that the head does not count may be torn, and then its steps were never
granted. The file is locked for the life of the ledger: two processes cannot spend the same promise.

Not covered: an owner who deletes or copies the folder, or restores an older copy of both files.
Every copy trained on is a further release.
"""

import fcntl
import hashlib
import json
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from engine import durable
from engine.accounting.accountant import certified_epsilon
from engine.accounting.mechanism import Mechanism
from engine.errors import InputError
from engine.pilot.plan import TrainingSettings
from engine.untrusted.regular import added_to, whole
from engine.untrusted.texts import json_value

LEDGER_FILE = "ledger.jsonl"
_FORMAT = "kessai privacy ledger 2"
_UNCHECKED_FORMAT = "kessai privacy ledger 1"
"""Of earlier versions: lines without checksums, and no head. Such a file goes on as it is."""


@dataclass(frozen=True, kw_only=True)
class _Found:
    """What whole lines say: the total, the largest there was, the checksum after each of them,
    whether they have one."""

    charged: int
    most: int
    checks: tuple[str, ...]
    is_checked: bool


class Ledger:
    """Steps charged to one training. Use as a context manager, or call :meth:`close`."""

    def __init__(self, path: Path, settings: TrainingSettings) -> None:
        """Open the ledger of ``settings`` at ``path``, or begin it.

        Raises :class:`InputError` where the file belongs to other settings, is damaged, or another
        process holds it; OSError where it cannot be written.
        """
        self.path = path
        self._head = head_of(path)
        self.mechanism = settings.mechanism
        """What the whole training would be; None without noise."""
        self.promised = settings.config.iterations
        self.noise_multiplier = settings.noise_batch_ratio * settings.config.batch_size
        self.sampling_probability = settings.sampling_probability
        self.bands = settings.bands
        """Steps over which the noise is correlated: a unit joins every so many at the most."""
        self._largest_batch = settings.largest_batch
        self._granted = 0
        self._broken = False
        # Unbuffered: what is written has reached the kernel, or has failed.
        self._file = added_to(path, 0o666, buffering=0)
        try:
            self._lock()
            self._charged = self._recover()
        except BaseException:
            self._file.close()
            raise

    @property
    def charged(self) -> int:
        """Steps paid for: those taken, those granted and not yet taken, and those lost."""
        return self._charged

    @property
    def left(self) -> int:
        """Steps that may still be granted."""
        return self.promised - self._charged

    def reserve(self, count: int) -> int:
        """Charge up to ``count`` steps and return how many may now be taken (0: all is spent).

        Raises OSError where the charge cannot be made durable: then none may be taken, and this
        ledger grants no more, because what the disk holds is unknown until it is opened again.
        """
        granted = min(count, self.left)
        if granted > 0:
            self._append(self._charged + granted)
            self._granted = granted
        return max(granted, 0)

    def settle(self, unused: int) -> None:
        """Give back the last ``unused`` steps of a block, none of which was taken.

        Only for the process that reserved them, once it takes no more of the block. A failure to
        write it is harmless: the steps stay charged.
        """
        if not 0 <= unused <= self._granted:
            raise ValueError(f"Expected 0 to {self._granted} unused steps, got {unused}.")
        if unused:
            self._append(self._charged - unused)
        self._granted = 0

    def epsilon_spent(self, delta: float) -> float:
        """Certified ε at ``delta`` of the charged steps. Takes up to some seconds."""
        return epsilon_spent(self.mechanism, charged=self._charged, delta=delta)

    def close(self) -> None:
        """Let go of the lock."""
        self._file.close()

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(
                "Expected a training that nobody else runs, got one whose privacy ledger is in "
                "use: wait for the other process, or stop it."
            ) from None

    def _recover(self) -> int:
        """The total of what is on disk; a torn last line is cut off, as it granted nothing."""
        self._file.seek(0)
        content = self._file.read()
        whole = content.rfind(b"\n") + 1
        found = _read(content[:whole], self._header())
        self._is_checked, self._checks = found.is_checked, list(found.checks)
        if self._is_checked:
            _hold_to_head(_read_head(self.path), found.checks)
        if whole < len(content):
            self._file.truncate(whole)
        self._size = whole
        if not whole:
            self._write(self._header())
        # Also where nothing changed: the writer may have died before its flush.
        os.fsync(self._file.fileno())
        if self._is_checked:
            self._write_head()
        durable.sync_folder(self.path.parent)
        return found.charged

    def _header(self) -> dict[str, Any]:
        return {
            "format": _FORMAT,
            "promised": self.promised,
            "noise_multiplier": self.noise_multiplier,
            "sampling_probability": self.sampling_probability,
            # Only where they matter: ledgers of before go on.
            **({"bands": self.bands} if self.bands > 1 else {}),
            **({"largest_batch": self._largest_batch} if self._largest_batch else {}),
        }

    def _append(self, charged: int) -> None:
        if self._broken:
            raise OSError(f"{self.path.name} failed before: open it again")
        self._broken = True
        self._write({"charged": charged, "before": self._charged})
        os.fsync(self._file.fileno())
        if self._is_checked:
            self._write_head()
        self._broken = False
        self._charged = charged

    def _write(self, line: dict[str, Any]) -> None:
        if self._is_checked:
            line = _checked(line, self._size, self._checks[-1] if self._checks else "")
            self._checks.append(line["check"])
        data = json.dumps(line).encode() + b"\n"
        if self._file.write(data) != len(data):
            raise OSError(f"{self.path.name} was written in part: the disk is full")
        self._size += len(data)

    def _write_head(self) -> None:
        head = {"lines": len(self._checks), "check": self._checks[-1]}
        durable.write(self._head, json.dumps(head).encode())


@lru_cache(maxsize=256)
def epsilon_spent(mechanism: Mechanism | None, *, charged: int, delta: float) -> float:
    """Certified ε at ``delta`` of ``charged`` steps of ``mechanism``.

    0 before the first step, infinite without noise (``mechanism`` is None).
    """
    if charged == 0:
        return 0.0
    if mechanism is None:
        return float("inf")
    return certified_epsilon(mechanism.after(charged), delta)[0]


def charged_steps(path: Path) -> int:
    """Steps that the ledger at ``path`` has charged so far, whoever holds it; a torn last line is
    no damage. Raises :class:`InputError` for a file that is no whole ledger of any training,
    OSError where it cannot be read."""
    return _sound(path).charged


def most_charged(path: Path) -> int:
    """The largest total that it ever had, before steps were given back. Raises as
    :func:`charged_steps`."""
    return _sound(path).most


def _sound(path: Path) -> _Found:
    head = _read_head(path)  # first: a training that runs may write a line meanwhile
    content = whole(path)
    found = _read(content[: content.rfind(b"\n") + 1], None)
    if found.is_checked:
        _hold_to_head(head, found.checks)
    return found


def _checked(line: dict[str, Any], place: int, before: str) -> dict[str, Any]:
    """The line with the bytes before it and a checksum over it and, by ``before``, all others."""
    placed = {**line, "place": place}
    said = json.dumps([before, placed], sort_keys=True).encode()
    return {**placed, "check": hashlib.sha256(said).hexdigest()[:16]}


def _read(content: bytes, header: dict[str, Any] | None) -> _Found:
    """What complete lines say; every line must follow from the one before it.

    Raises :class:`InputError` for a damaged line, and for the ledger of another training than that
    of ``header``, where one is given.
    """
    charged, most, promised, place, is_checked = 0, 0, 0, 0, True
    checks: list[str] = []
    for number, line in enumerate(content.splitlines(keepends=True), start=1):
        try:
            entry = json_value(line)
            if number == 1:
                is_checked = entry["format"] == _FORMAT
                known = is_checked or entry["format"] == _UNCHECKED_FORMAT
                promised = entry["promised"]
            else:
                known = entry["before"] == charged and 0 <= entry["charged"] <= promised
            if is_checked:
                check = entry.pop("check")
                stated = entry.pop("place")
                again = _checked(entry, place, checks[-1] if checks else "")
                known = known and stated == place and again["check"] == check
                checks.append(check)
        except (ValueError, KeyError, TypeError, AttributeError):
            known = False
        if not known:
            raise _damaged(number)
        if number > 1:
            charged = entry["charged"]
            most = max(most, charged)
        elif header is not None and {**entry, "format": _FORMAT} != header:
            raise InputError(
                "Expected the privacy ledger of this training, got that of another one (promised "
                "{promised} steps): give each training its own folder.",
                promised=entry.get("promised"),
            )
        place += len(line)
    return _Found(charged=charged, most=most, checks=tuple(checks), is_checked=is_checked)


def head_of(path: Path) -> Path:
    """The file beside a ledger that says how many lines it has."""
    return path.with_name(f"{path.name}.head")


def _read_head(path: Path) -> bytes | None:
    try:
        return whole(head_of(path))
    except FileNotFoundError:
        return None


def _hold_to_head(content: bytes | None, checks: tuple[str, ...]) -> None:
    """Raises :class:`InputError` where lines are missing that the head counts."""
    if content is None and len(checks) <= 1:
        return  # It died before its first head: nothing was granted.
    try:
        head = json_value(content or b"")
        counted, check = int(head["lines"]), str(head["check"])
    except (ValueError, KeyError, TypeError):
        raise _damaged(len(checks)) from None
    if not 1 <= counted <= len(checks) or checks[counted - 1] != check:
        raise _damaged(len(checks) + 1)


def _damaged(line: int) -> InputError:
    return InputError(
        "Expected a whole privacy ledger, got one damaged at line {line}: what it has spent is "
        "unknown, so this training cannot go on. Start a new one.",
        line=line,
    )
