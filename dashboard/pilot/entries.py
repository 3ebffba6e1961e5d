"""The pilots of the history: which one is shown, their rows in the table, their audits.

Pure but for one look at a request that waits.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from dashboard.pilot import labels as pilot_labels
from dashboard.pilot import provenance
from dashboard.state import link
from engine.api.pilots import Audit, Entry, Request, State, Verdict, folder_of, standing, verdict
from engine.errors import InputError
from engine.text import formats, labels
from engine.text.i18n import Words

Columns = dict[str, list[str]]
_NONE = "–"


def on_show(entries: Sequence[Entry], wanted: str | None) -> Entry | None:
    """The pilot of the link; without one the one that runs, else the last; None for a new one."""
    if wanted == link.NEW_PILOT:
        return None
    if wanted is not None:
        return next((entry for entry in entries if entry.plan_id == wanted), None)
    running = (entry for entry in entries if entry.status.is_running)
    return next(running, entries[0] if entries else None)


def audited(entry: Entry) -> list[tuple[str, Audit, float]]:
    """The strongest audit of each arm with the ε that one training promises, where there is one."""
    if entry.plan is None:
        return []
    promised = {arm.name: arm.certificate.epsilon for arm in entry.plan.arms}
    strongest: dict[str, Audit] = {}
    for result in entry.results:
        found = getattr(result, "audit", None)
        if found is None or result.arm not in promised:
            continue
        audit = found if isinstance(found, Audit) else Audit.from_dict(found)
        before = strongest.get(result.arm)
        if before is None or audit.lower_bound > before.lower_bound:
            strongest[result.arm] = audit
    return [(name, audit, promised[name]) for name, audit in strongest.items()]


def history(entries: Sequence[Entry], zone: str | None, words: Words) -> Columns:
    """One row a pilot, the last one first."""
    verdicts = [verdict_of(entry) for entry in entries]
    return {
        words.say("Date"): [when(entry, zone) for entry in entries],
        words.say("Text"): [
            _NONE if entry.plan is None else pilot_labels.corpus(entry.plan.corpus, words)
            for entry in entries
        ],
        words.say("ε"): [
            _NONE if entry.plan is None else formats.plain(entry.plan.epsilon) for entry in entries
        ],
        words.say("Budget"): [
            _NONE if entry.plan is None else pilot_labels.wall(entry.plan.expected_seconds, words)
            for entry in entries
        ],
        words.say("Outcome"): [
            _stands(entry, found, words) for entry, found in zip(entries, verdicts, strict=True)
        ],
        words.say("Saving"): [_factor(found, words) for found in verdicts],
    }


def _stands(entry: Entry, found: Verdict | None, words: Words) -> str:
    """Its outcome, or where it stands; and that what it has spent is unknown."""
    state = pilot_labels.state(entry.status.state, words)
    said = state if found is None else _outcome(found, words)
    if entry.ledger_doubt is None:
        return said
    return words.say("{outcome}; its privacy ledger is not whole", outcome=said)


def _outcome(found: Verdict, words: Words) -> str:
    outcome = pilot_labels.outcome(found.outcome, words)
    if found.transfer is None or found.arms[0].predicted is None:
        return outcome
    origin = provenance.transferred(found.transfer, words)
    return words.say("{outcome} ({origin})", outcome=outcome, origin=origin)


def title(entry: Entry, zone: str | None, words: Words) -> str:
    """A pilot in a list: when, of what, and its id, since a list must tell any two apart."""
    text = _NONE if entry.plan is None else pilot_labels.corpus(entry.plan.corpus, words)
    return f"{when(entry, zone)} · {text} · {entry.plan_id}"


def unreadable(entry: Entry, words: Words) -> str:
    """The sentence for a plan whose file cannot be read or was changed."""
    return words.say(
        "The plan of the pilot {plan_id} cannot be read or was changed since it was frozen: choose "
        "another pilot.",
        plan_id=entry.plan_id,
    )


def asked_for(plan_id: str, words: Words) -> str | None:
    """The request that a living runner has not answered yet."""
    request = folder_of(plan_id).asked()
    if request is Request.PAUSE:
        return words.say("Pausing after the step under way …")
    return words.say("Cancelling …") if request is Request.CANCEL else None


def _factor(found: Verdict | None, words: Words) -> str:
    if found is None or found.saving is None:
        return _NONE
    times = labels.times(found.saving.factor, words)
    if found.saving.at_least:
        times = f"≥ {times}" if found.saving.factor >= 1 else f"≤ {times}"
    return words.say("{factor} (no test)", factor=times) if found.is_weak else times


def verdict_of(entry: Entry) -> Verdict | None:
    """The verdict of a finished pilot; None before, or where its results cannot be read."""
    if entry.plan is None or entry.status.state is not State.FINISHED:
        return None
    try:
        return verdict(entry.plan, entry.results)
    except InputError:
        return None


def incomplete(entry: Entry, words: Words) -> str | None:
    """Why a finished pilot has no verdict."""
    if entry.plan is None or entry.status.state is not State.FINISHED:
        return None
    try:
        standing.require_results(entry.plan)
        verdict(entry.plan, entry.results)
    except InputError as error:
        return words.refusal(error)
    return None


def when(entry: Entry, zone: str | None) -> str:
    """When it was started, or else planned, on the reader's clock; UTC where that is unknown."""
    return labels.moment(datetime.fromtimestamp(entry.began, UTC), zone)


def unrecorded(entry: Entry, words: Words) -> list[str]:
    """Why trainings are not in the run log, one sentence each."""
    return [
        words.say(
            "{arm} {number} is not in the run log: {reason}",
            arm=pilot_labels.arm(result.arm, words),
            number=result.repeat + 1,
            reason=pilot_labels.sentence(result.reason, result.values, words),
        )
        for result in entry.results
        if result.run_id is None and result.reason
    ]
