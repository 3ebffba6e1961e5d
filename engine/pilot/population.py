"""The account of a population: what all trainings on its people's data have promised together.

Each training is another release, and ε and δ add up (basic composition, Dwork et al., EUROCRYPT
2006). The account is named by its owner and kept outside any one text: added rows, another file or
another tokenizer do not begin it anew. A pilot is charged whole before its first step, once, and
nothing is ever given back; one that does not fit under the cap is not started. Only the command
line changes a cap (:mod:`engine.pilot.text.registry`).

It fails closed: an account that cannot be read, whose lines do not follow from each other, or that
lacks lines which the file beside it counts (its *head*, written after each charge), starts nothing,
nor does one with a pilot whose privacy ledger is in doubt: it may have spent more than its promise.
An account of before heads were written gets one with its next charge. Pilots that were started
without being charged (before their text was registered) count as well. Not covered: whoever may
write the folder of accounts and that of pilots can empty both; and texts that share people without
being registered under one population.

Loads no torch.
"""

import hashlib
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from engine import durable
from engine.access.check import require
from engine.access.rights import LOCAL, Person, Right
from engine.decision_log import recorded
from engine.errors import InputError, inert
from engine.pilot.plan import PilotPlan
from engine.pilot.running.folder import is_plan_id
from engine.pilot.running.ledgers import ledger_doubt
from engine.pilot.text.registry import Cap, registry, require_name
from engine.runs.checks import canonical_json
from engine.runs.log import data_folder
from engine.untrusted.guard import attempted
from engine.untrusted.regular import whole
from engine.untrusted.texts import json_value

Started = Callable[[], Iterable[PilotPlan]]
"""Finds the plans of all pilots that were ever started; asked only where an account needs it."""

_FIRST = "0" * 64
"""Before the first line."""


@dataclass(frozen=True, kw_only=True)
class Charge:
    """What one pilot, or one training made elsewhere, has promised."""

    what: str
    """A pilot's plan id, or what its owner calls a training made elsewhere."""
    epsilon: float
    delta: float
    trainings: int = 1
    at: str = ""
    """When it was charged, UTC."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """A population, its cap and all its charges."""

    population: str
    cap: Cap
    charges: tuple[Charge, ...]

    @property
    def epsilon(self) -> float:
        """Spent so far, at :attr:`delta`."""
        return math.fsum(charge.epsilon for charge in self.charges)

    @property
    def delta(self) -> float:
        return math.fsum(charge.delta for charge in self.charges)

    @property
    def trainings(self) -> int:
        return sum(charge.trainings for charge in self.charges)

    @property
    def left(self) -> Cap:
        """What may still be promised; never below 0."""
        return Cap(
            epsilon=max(self.cap.epsilon - self.epsilon, 0.0),
            delta=max(self.cap.delta - self.delta, 0.0),
        )

    def holds(self, what: str) -> bool:
        """Whether that was charged already."""
        return any(charge.what == what for charge in self.charges)

    def admits(self, charge: Charge) -> bool:
        """Whether it fits under the cap, or was charged already."""
        return self.holds(charge.what) or (
            math.fsum([self.epsilon, charge.epsilon]) <= self.cap.epsilon
            and math.fsum([self.delta, charge.delta]) <= self.cap.delta
        )


def charge_of(plan: PilotPlan) -> Charge:
    """What a pilot promises for whoever sees all its trainings."""
    return Charge(
        what=plan.plan_id,
        epsilon=plan.epsilon_total,
        delta=plan.delta_total,
        trainings=plan.trainings,
    )


def account(population: str, started: Iterable[PilotPlan] = ()) -> Account:
    """The account as it stands; ``started``: pilots that were, of which those on this population
    count though nobody charged them.

    Raises :class:`InputError` for a population without a cap, for an account that is unsound, and
    where nobody knows what one of its pilots has spent.
    """
    known = registry()
    if population not in known.populations:
        raise InputError(
            "Expected a population that has a cap ({known}), got {name}: set one by python -m "
            "engine population set.",
            known=", ".join(sorted(known.populations)) or "none has",
            name=population,
        )
    charges = {charge.what: charge for charge, _ in _lines(population)}
    for plan in started:
        if plan.plan_id not in charges and known.population_of(plan.corpus) == population:
            charges[plan.plan_id] = charge_of(plan)
    for doubt in (ledger_doubt(what) for what in charges if is_plan_id(what)):
        if doubt is not None:
            raise doubt
    return Account(
        population=population,
        cap=known.populations[population],
        charges=tuple(charges.values()),
    )


def account_for(plan: PilotPlan, started: Started) -> Account | None:
    """The account that ``plan`` would be charged to; None where its text is of no population."""
    population = registry().population_of(plan.corpus)
    return None if population is None else account(population, started())


def charge_pilot(plan: PilotPlan, started: Started, *, by: Person = LOCAL) -> None:
    """Charge ``plan`` to its population, once. Raises :class:`InputError` where it does not fit, or
    where that cannot be known or written; then nothing may be trained. ``by``: on record, with a
    right to pilots that the caller has checked."""
    population = registry().population_of(plan.corpus)
    if population is not None:
        versions = {"evidence": plan.evidence_hash, "plan": plan.code_version}
        _charge(population, charge_of(plan), started(), by, versions)


def charge(
    population: str, new: Charge, started: Iterable[PilotPlan] = (), *, by: Person = LOCAL
) -> Account:
    """Write down a training made elsewhere, durably, unless it stands there. Raises as
    :func:`charge_pilot`, and where ``by`` may not."""
    what = {"population": population, "what": new.what}
    require(by, Right.CHARGE, "population-charge", what, folder=data_folder())
    return _charge(population, new, started, by)


def _charge(
    population: str,
    new: Charge,
    started: Iterable[PilotPlan],
    by: Person,
    versions: Mapping[str, str] | None = None,
) -> Account:
    if not (new.epsilon > 0 and 0 <= new.delta < 1):
        raise InputError(
            "Expected a training with epsilon above 0 and delta from 0 to below 1, got {epsilon} "
            "and {delta}.",
            epsilon=f"{new.epsilon:g}",
            delta=f"{new.delta:g}",
        )
    place, plans = account_file(population), tuple(started)
    try:
        durable.make_folder(place.parent)
        with durable.locked(place):
            lines = _lines(population)
            for standing, _ in lines:
                if standing.what == inert(new.what):
                    _require_same(standing, new)
                    return account(population, plans)
            found = account(population, [plan for plan in plans if plan.plan_id != new.what])
            if not found.admits(new):
                raise _refused(found, new)
            line = _line(new, before=lines[-1][1] if lines else _FIRST)
            what = {"population": population, **_figures(new)}
            with recorded(
                "population-charge", what, folder=data_folder(), by=by, versions=versions
            ):
                content = whole(place) if lines else b""
                durable.write(place, content + line, mode=0o600)
                # After the account: what ends the process in between leaves one line more than
                # the head counts, which is whole.
                head = {"lines": len(lines) + 1, "hash": json_value(line)["hash"]}
                durable.write(_head_of(place), canonical_json(head).encode(), mode=0o600)
    except OSError as error:
        raise _unusable(place, error.strerror or error) from error
    return account(population, plans)


def _require_same(standing: Charge, new: Charge) -> None:
    """Of a pilot the plan's id says so: figures of before are not held to today's sum."""
    same = _figures(standing) == _figures(replace(new, what=standing.what))
    if not (same or is_plan_id(standing.what)):
        raise InputError(
            "Expected another name than {what}, under which ε = {epsilon}, δ = {delta} stand "
            "already: what is charged stays as it is.",
            what=standing.what,
            epsilon=f"{standing.epsilon:g}",
            delta=f"{standing.delta:g}",
        )


def account_file(population: str) -> Path:
    """Where the charges of a population stand."""
    require_name(population)
    return data_folder().parent / "populations" / f"{population}.jsonl"


def _head_of(place: Path) -> Path:
    return place.with_name(f"{place.name}.head")


def _require_whole(place: Path, hashes: list[str]) -> None:
    """Raise :class:`InputError` where lines are missing that the head counts."""
    try:
        content = whole(_head_of(place))
    except FileNotFoundError:
        return
    except OSError as error:
        raise _unusable(place, error.strerror or error) from error
    read = attempted(lambda: json_value(content))
    head = read if isinstance(read, dict) else {}
    counted = head.get("lines")
    if (
        not isinstance(counted, int)
        or not 1 <= counted <= len(hashes)
        or hashes[counted - 1] != head.get("hash")
    ):
        raise _unusable(place, "lines are missing that were written")


def _figures(charge: Charge) -> dict[str, object]:
    return {name: value for name, value in asdict(charge).items() if name != "at"}


def _line(new: Charge, *, before: str) -> bytes:
    at = datetime.now(UTC).isoformat(timespec="seconds")
    values = {**asdict(new), "what": inert(new.what), "at": at, "before": before}
    return canonical_json({**values, "hash": _hash(values)}).encode() + b"\n"


def _lines(population: str) -> list[tuple[Charge, str]]:
    """Each charge and the hash of its line, checked."""
    place = account_file(population)
    try:
        content = whole(place)
    except FileNotFoundError:
        content = b""
    except OSError as error:
        raise _unusable(place, error.strerror or error) from error
    found: list[tuple[Charge, str]] = []
    before = _FIRST
    for number, line in enumerate(content.splitlines(), start=1):
        read = attempted(lambda line=line, before=before: _read(line, before))  # type: ignore[misc]
        if read is None:
            raise _unusable(place, f"line {number} is not as it was written")
        found.append(read)
        before = read[1]
    _require_whole(place, [line_hash for _, line_hash in found])
    return found


def _read(line: bytes, before: str) -> tuple[Charge, str]:
    values = json_value(line)
    said = values.pop("hash")
    if values.pop("before") != before or said != _hash({**values, "before": before}):
        raise ValueError("another line")
    return Charge(**values), said


def _hash(values: dict[str, object]) -> str:
    return hashlib.sha256(canonical_json(values).encode()).hexdigest()


def _refused(found: Account, new: Charge) -> InputError:
    return InputError(
        "Expected a promise within what the population {population} has left (ε = {left}, "
        "δ = {left_delta}), got ε = {epsilon}, δ = {delta}: ask for less, or let an approver raise "
        "the cap by python -m engine population set.",
        population=found.population,
        left=_down(found.left.epsilon),
        left_delta=f"{found.left.delta:.3g}",
        epsilon=f"{new.epsilon:.4g}",
        delta=f"{new.delta:.3g}",
    )


def _down(value: float) -> str:
    """Three decimals, never more than there is."""
    return f"{math.floor(value * 1000) / 1000:g}"


def _unusable(place: Path, reason: object) -> InputError:
    return InputError(
        "Expected to read and write the account {file}: {reason}. Nothing is trained on this "
        "population's data until then.",
        file=place,
        reason=reason,
    )
