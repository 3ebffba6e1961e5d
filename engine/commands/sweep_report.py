"""What a sweep says of itself: before it begins, when it has ended, and beside an earlier one."""

from pathlib import Path

from engine.commands.options import as_json, as_table
from engine.decision.schedule import LEAST
from engine.pilot.sweeps import again
from engine.pilot.sweeps import survey as sweep_survey
from engine.pilot.sweeps.record import Place
from engine.pilot.sweeps.survey import Survey
from engine.pilot.sweeps.sweep import Report
from engine.runs.log import RunLog
from engine.runs.record import RunRecord


def forecast(found: Survey, seconds: float | None, price: float | None, json: bool) -> str:
    """What is left of a plan, and what it will take; ``price``: USD of an hour of this machine."""
    usd = None if seconds is None or price is None else price * seconds / 3600
    flops = sum(run.config.compute_flops for run in found.left)
    if json:
        return as_json(
            {
                "runs": len(found.runs),
                "finished": found.finished,
                "failed": found.failed,
                "left": [run.to_dict() for run in found.left],
                "compute_flops": flops,
                "seconds": seconds,
                "usd": usd,
            }
        )
    rows = [
        (f"{place}", sweep_survey.described(run)) for place, run in enumerate(found.left, start=1)
    ]
    rows += [
        ("finished", f"{found.finished} of {len(found.runs)} runs"),
        *(("failed", f"{name}: {reason}") for name, reason in found.failed.items()),
        *(
            ("stopped", f"{name} after {one.seconds:.0f} s; {one.reason}")
            for name, one in found.stopped.items()
        ),
        ("left", f"{len(found.left)} runs, {flops:.3g} FLOPs"),
    ]
    if seconds is not None:
        rows.append(("time", f"about {seconds / 60:.0f} min"))
    if usd is not None:
        amount = f"{usd:,.0f}" if usd >= 100 else f"{usd:.2g}"
        rows.append(("price", f"about {amount} USD"))
    return as_table(rows)


def _records(folder: Path | None, family: str) -> dict[str, RunRecord]:
    """The family's records by run id; ``folder`` None for this installation's run log."""
    with RunLog.open(folder) as log:
        return {record.run_id: record for record in log.records(family)}


def compared(found: Survey, place: Place, family: str, report: Report, json: bool) -> str:
    """What was trained, and how far its losses lie from those of this installation's run log."""
    before, now = _records(None, family), _records(place.log_folder, family)
    twice = again.repeats(found.runs, before, now, family=family)
    scatter = again.seed_scatter(before.values())
    worst = max((abs(repeat.difference) for repeat in twice), default=None)
    if json:
        return as_json(
            {
                "repeated": [
                    {"run": repeat.run.to_dict(), "before": repeat.before, "now": repeat.now}
                    for repeat in twice
                ],
                "largest_difference": worst,
                "scatter_between_seeds": scatter,
                "left": report.left,
            }
        )
    rows = [
        (
            f"{repeat.difference:+.2%}",
            f"{sweep_survey.described(repeat.run)}  loss {repeat.now:.4f}, was {repeat.before:.4f}",
        )
        for repeat in twice
    ]
    rows.append(("repeated", f"{len(twice)} of {len(found.runs)} runs"))
    if worst is not None:
        rows.append(("largest", f"{worst:.2%} of the loss"))
    if scatter is not None:
        rows.append(("scatter", f"{scatter:.2%}: one standard deviation between seeds"))
    if report.left:
        rows.append(("left", f"{report.left} runs: run this again to go on"))
    return as_table(rows)


def summary(found: Survey, report: Report, json: bool) -> str:
    """What was trained, what failed, what is left and why."""
    failed = {**found.failed, **report.failed}
    if json:
        return as_json(
            {
                "runs": len(found.runs),
                "finished_before": found.finished,
                "trained": report.trained,
                "failed": failed,
                "busy": report.busy,
                "died": list(report.died),
                "left": report.left,
                "stopped": report.stopped,
                "needless": report.needless,
                "seconds": round(report.seconds, 1),
            }
        )
    rows = [
        ("trained", f"{report.trained} runs in {report.seconds / 60:.1f} min"),
        ("finished before", f"{found.finished} of {len(found.runs)} runs"),
    ]
    rows += [("failed", f"{name}: {reason}") for name, reason in failed.items()]
    rows += [("died", f"a worker with {how}") for how in report.died]
    if report.needless:
        begun = {name: spent for name, spent in report.needless.items() if spent}
        others = len(report.needless) - len(begun)
        rows.append(
            (
                "needless",
                f"{len(report.needless)} runs could not change the decision any more (together by "
                f"less than {LEAST:.0%} of what is not known): {len(begun)} stopped under way "
                f"after {sum(begun.values()) / 60:.1f} min, which count as spent, and whose "
                f"checkpoints stay for another decision; {others} not begun",
            )
        )
    if report.left:
        why = f", {report.busy} of them at work in another sweep" if report.busy else ""
        rows.append(
            ("left", f"{report.left} of {len(found.runs)} runs{why}: run the sweep again to go on")
        )
    return as_table(rows)
