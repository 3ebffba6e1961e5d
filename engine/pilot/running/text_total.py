"""What all pilots on one text have promised together: each training is another release.

Basic composition (Dwork et al., EUROCRYPT 2006): ε and δ of independent trainings on the same units
add up. A pilot that was cancelled or failed counts in full, for it may have taken any of its steps.
One whose privacy ledger is in doubt may have spent more than that, and is counted as such.

Not covered: pilots of other installations, and texts that share people without being the same file.

Loads no torch.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from engine.pilot.running.standing import Entry
from engine.pilot.running.status import State


@dataclass(frozen=True, kw_only=True)
class Promised:
    """ε at ``delta`` of ``trainings`` trainings, for whoever sees all of them."""

    trainings: int
    epsilon: float
    delta: float
    unreadable: int = 0
    """Pilots whose plan cannot be read: on which text, and what they promised, is unknown, and not
    in the sum."""
    doubtful: int = 0
    """Of the pilots in the sum, those whose privacy ledgers are in doubt."""


def promised_on(fingerprint: str, entries: Iterable[Entry], *, other_than: str = "") -> Promised:
    """Sum over the pilots on the text ``fingerprint`` that were started,
    ``other_than`` this plan's id."""
    known = list(entries)
    counted = [
        entry
        for entry in known
        if entry.plan is not None
        and entry.plan.corpus_fingerprint == fingerprint
        and entry.plan_id != other_than
        and entry.status.state is not State.PLANNED
    ]
    plans = [entry.plan for entry in counted if entry.plan is not None]
    return Promised(
        trainings=sum(plan.trainings for plan in plans),
        epsilon=sum(plan.epsilon_total for plan in plans),
        delta=sum(plan.delta_total for plan in plans),
        unreadable=sum(entry.plan is None for entry in known),
        doubtful=sum(entry.ledger_doubt is not None for entry in counted),
    )
