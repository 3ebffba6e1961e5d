"""Fits of laws in processes of their own: begun, looked at, ended at any moment.

A fit takes seconds, or minutes where there are thousands of runs. The pages of a scenario do not
wait for it: the fit runs beside the server (:mod:`engine.decision.refit_process`), a page looks how
far it is, and :meth:`Refit.cancel` ends the process, after which everything is as it was before.
Two run at a time; others wait for their turn. What was asked twice is fitted once. A law of chosen
runs is kept as a version when its fit ends, whether or not anybody still looks.

How long a fit will take is reckoned from its parts that are done
(:func:`engine.law.stack.fit_stack`), so nothing is said before the first.
"""

import json
import os
import subprocess
import threading
import time
from collections import OrderedDict
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import IO, Any

from engine.access.rights import LOCAL, Person, Right
from engine.decision import law_versions, refit_process
from engine.decision.fitted import run_log, runs_version
from engine.decision.law_store import LawVersion
from engine.errors import InputError
from engine.runs.imports.selection import ALL, Choice
from engine.untrusted import confinement
from engine.untrusted.guard import attempted
from engine.untrusted.texts import json_value

AT_ONCE = 2
"""Fits of one server that run beside it; each takes a processor."""
_REMEMBERED = 32
"""Fits that have ended."""
_Key = tuple[str, Choice, str, str]
_slots = threading.BoundedSemaphore(AT_ONCE)
_turn = threading.Lock()


class Refit:
    """One fit under way, or how it ended."""

    def __init__(self, evidence_id: str, choice: Choice, note: str, by: Person) -> None:
        self.evidence_id = evidence_id
        self.choice = choice
        self._note, self._by = note, by
        self._began: float | None = None
        self._done, self._of = 0, 0
        self._process: subprocess.Popen[str] | None = None
        self._has_turn = False
        self._ended = threading.Event()
        self._cancelled = False
        self._turn = threading.Lock()
        self.law: LawVersion | None = None
        """What was fitted; None until then, and where nothing was."""
        self.refusal: InputError | None = None
        """Why nothing was fitted."""

    def begin(self) -> None:
        """Fit beside this process, from a thread that waits for it."""
        threading.Thread(target=self.work, name="refit", daemon=True).start()

    def work(self) -> None:
        """Fit, and keep what was chosen; returns when that has ended."""
        try:
            with _slots:
                self._has_turn = True
                found = self.fitted()
            with self._turn:
                if found is not None and not self._cancelled:
                    self.law = self._kept_law(found)
        except InputError as error:
            self.refusal = error
        except OSError as error:
            self.refusal = InputError(
                "Expected a machine that starts a process for the fit, got: {reason}. Free memory "
                "or end other processes, then fit again.",
                reason=error.strerror or "no reason",
            )
        finally:
            if self.law is None and self.refusal is None and not self._cancelled:
                self.refusal = InputError(
                    "Expected a fit that ends with a law, got none: the server's log says why."
                )
            self._ended.set()

    def _kept_law(self, found: LawVersion) -> LawVersion:
        """A law of chosen runs is a version; that of all of them is found again in the cache."""
        if not self.choice:
            return found
        return law_versions.keep_found(replace(found, note=self._note), by=self._by)

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will happen."""
        return self._ended.is_set()

    @property
    def was_cancelled(self) -> bool:
        """Whether somebody ended it: then there is no law and no refusal."""
        return self._cancelled and self.law is None

    @property
    def waits_for_others(self) -> bool:
        """Whether it has not begun, since others run."""
        return not self._has_turn and not self.has_ended

    def wait(self, seconds: float) -> bool:
        """Return when it has ended, or after so many seconds; whether it has."""
        return self._ended.wait(seconds)

    @property
    def share(self) -> float:
        """How much is done, from 0 to 1."""
        return self._done / self._of if self._of else 0.0

    @property
    def seconds_left(self) -> float | None:
        """At the pace so far; None before the first part is done."""
        began = self._began
        if began is None or not self._done:
            return None
        return (time.monotonic() - began) * (self._of - self._done) / self._done

    def cancel(self, *, by: Person = LOCAL) -> None:
        """End the process: the laws and versions that there are stay as they were.

        Raises :class:`InputError` where ``by`` may not refit and somebody else asked for it.
        """
        if not self.may_be_ended(by):
            law_versions.may_keep(self.evidence_id, by=by)
        with self._turn:
            if self.has_ended:
                return
            self._cancelled = True
            if self._process is not None:
                self._process.kill()
            else:  # nothing has begun, and the thread, whose turn comes later, begins nothing
                self._ended.set()

    def may_be_ended(self, by: Person) -> bool:
        """Whether :meth:`cancel` is open to somebody: to who asked for it, and to who may refit."""
        return by == self._by or by.may(Right.REFIT)

    def fitted(self) -> LawVersion | None:
        """What the process found; None where it was ended."""
        asked = {
            "evidence": self.evidence_id,
            "without": self.choice.without,
            "also": self.choice.also,
        }
        with self._turn:
            if self._cancelled:
                return None
            process = self._process = subprocess.Popen(
                confinement.command(refit_process.__name__),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                encoding="utf-8",
                env=_environment(),
            )
        assert process.stdin is not None and process.stdout is not None
        try:
            last = self._followed(process.stdin, process.stdout, json.dumps(asked))
        finally:
            process.kill()
            status = process.wait()
            for pipe in (process.stdin, process.stdout):
                with suppress(BrokenPipeError):  # it died before it read what to fit
                    pipe.close()
        if self._cancelled:
            return None
        return self._read(last, status)

    def _followed(self, to: IO[str], out: IO[str], asked: str) -> dict[str, Any]:
        """The last line, once the process has said it or is gone."""
        try:
            to.write(asked + "\n")
            to.flush()
        except BrokenPipeError:
            return {}
        for text in out:
            line = attempted(partial(json_value, text))
            if not isinstance(line, dict):
                continue
            if refit_process.DONE not in line:
                return line
            if self._began is None:
                self._began = time.monotonic()
            self._done, self._of = line[refit_process.DONE]
        return {}

    def _read(self, last: dict[str, Any], status: int) -> LawVersion:
        if refit_process.REFUSED in last:
            template, values = last[refit_process.REFUSED]
            raise InputError(template, **values)
        found = attempted(lambda: LawVersion.from_dict(last[refit_process.LAW]))
        if found is None:
            raise InputError(
                "Expected a fit that ends with a law, its process ended with status {status}: see "
                "whether memory is short, and fit again.",
                status=status,
            )
        return found


_kept: OrderedDict[_Key, Refit] = OrderedDict()


def begun(evidence_id: str, choice: Choice = ALL, *, note: str = "", by: Person = LOCAL) -> Refit:
    """The fit of an evidence's runs as they stand, or of those chosen: begun, unless it is under
    way or was asked before.

    Raises :class:`InputError` where ``by`` may not keep the version that a choice makes.
    """
    if choice:
        law_versions.may_keep(evidence_id, by=by)
    with _turn:
        key = _key(evidence_id, choice, note)
        found = _kept.get(key)
        if found is None or found.was_cancelled:
            found = _kept[key] = Refit(evidence_id, choice, note, by)
            found.begin()
            for old in [old for old, one in _kept.items() if one.has_ended][: -_REMEMBERED or None]:
                del _kept[old]
    return found


def asked(evidence_id: str, choice: Choice = ALL, *, note: str = "") -> Refit | None:
    """That fit, where somebody asked for it and the runs are the same since."""
    with _turn:
        return _kept.get(_key(evidence_id, choice, note))


def forget(one: Refit) -> None:
    """Whoever asks again begins anew: its end was seen."""
    with _turn:
        for key in [key for key, found in _kept.items() if found is one]:
            del _kept[key]


def _key(evidence_id: str, choice: Choice, note: str) -> _Key:
    return evidence_id, choice, note, f"{run_log().folder} {runs_version(evidence_id)}"


def _environment() -> dict[str, str]:
    """This process's own: it is the same code, for the same folders."""
    root = confinement.environment(home="")["PYTHONPATH"]
    return {**os.environ, "PYTHONPATH": root}
