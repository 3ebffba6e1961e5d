"""What answers rest on and what was decided: evidence, law, runs, pilots, scenarios, log."""

from collections.abc import Iterator

from engine import approvals, decision_log
from engine.decision.fitted import EVIDENCE, PUBLISHED_BERT, evidence_of, is_ready, run_log
from engine.doctor.finding import Finding, State
from engine.pilot.running import standing
from engine.runs.log import data_folder
from engine.scenarios import acts, saved

_FEW = 3


def evidence() -> Iterator[Finding]:
    """The runs that laws are fitted to, with their hash."""
    for name in EVIDENCE:
        one = evidence_of(name)
        yield Finding(
            name="evidence",
            state=State.OK,
            found=f"{one.id}: {one.runs} runs, {one.sha256[:12]}",
        )


def law() -> Iterator[Finding]:
    """Whether each law is fitted already."""
    for name in EVIDENCE:
        if is_ready(name):
            yield Finding(name="law", state=State.OK, found=f"{name}: fitted before")
        else:
            yield Finding(
                name="law",
                state=State.LOOK,
                found=f"{name}: not fitted yet, the first answer takes some seconds longer",
                to_do=f"python -m engine fit --evidence {name}",
                is_awaited=name == PUBLISHED_BERT,
            )


def runs() -> Iterator[Finding]:
    """The run log, and files in its folder that were set aside."""
    log = run_log()
    count = sum(log.families().values())
    yield Finding(name="runs", state=State.OK, found=f"{count} runs, {log.folder}")
    for entry in log.skipped:
        yield Finding(
            name="runs",
            state=State.LOOK,
            found=f"set aside: {entry.path.name}: {entry.reason}",
            to_do="move the file elsewhere, or import it",
        )


def pilots() -> Iterator[Finding]:
    """Plans and ledgers of all pilots."""
    entries = standing.entries()
    damaged = 0
    for entry in entries:
        if entry.plan is None:
            damaged += 1
            yield Finding(
                name="pilots",
                state=State.BROKEN,
                found=f"{entry.plan_id}: its plan cannot be read or was changed",
                to_do="bring it back from a backup: it proves nothing as it is",
            )
        if entry.ledger_doubt is not None:
            damaged += 1
            yield Finding(
                name="ledger",
                state=State.BROKEN,
                found=str(entry.ledger_doubt),
                to_do="bring it back from a backup, or take all promised steps as spent",
            )
    if not damaged:
        yield Finding(
            name="pilots", state=State.OK, found=f"{len(entries)}, plans and ledgers are whole"
        )


def scenarios() -> Iterator[Finding]:
    """Saved scenarios against what was saved and approved."""
    book = approvals.standings(data_folder())
    scenarios, refused = saved.listed(saved.folder(data_folder()))
    for refusal in refused:
        yield Finding(
            name="scenarios",
            state=State.LOOK,
            found=str(refusal),
            to_do="bring the file back from a backup, or move it elsewhere",
        )
    spoilt = [(name, "approved, and its file is gone") for name in acts.missing(scenarios, book)]
    for one in scenarios:
        if book.of(one.name, one.version).was_changed:
            spoilt.append((one.name, "its file is not what was approved"))
        elif one.frozen is not None and not one.frozen.is_whole:
            spoilt.append((one.name, "its frozen figures are not as they were saved"))
    for name, found in spoilt:
        yield Finding(
            name="scenarios",
            state=State.BROKEN,
            found=f"{name}: {found}",
            to_do="bring the file back from a backup",
        )
    if not spoilt:
        yield Finding(name="scenarios", state=State.OK, found=f"{len(scenarios)}, as saved")


def log() -> Iterator[Finding]:
    """The chain of hashes of the log of decisions."""
    found = decision_log.verify(data_folder())
    if not found.sound:
        yield Finding(
            name="log",
            state=State.BROKEN,
            found="; ".join(found.wrong[:_FEW]),
            to_do="python -m engine log verify; nothing that was decided is shown until then",
        )
        return
    torn = f", {len(found.torn)} torn lines of killed writers" if found.torn else ""
    said = f"{found.entries} entries, whole{torn}"
    last = f", last hash {found.head[:12]}" if found.entries else ""
    yield Finding(name="log", state=State.OK, found=f"{said}{last}")
