"""Train a grid of small models on public text, for the law; finished runs are skipped."""

import argparse
from contextlib import nullcontext
from pathlib import Path

from engine.commands.options import add_json, as_json, as_table, number, whole
from engine.decision_log import recorded
from engine.errors import InputError
from engine.pilot.sweeps import again, gridfile, sweep
from engine.pilot.sweeps import survey as sweep_survey
from engine.pilot.sweeps.record import Place
from engine.pilot.sweeps.survey import Survey
from engine.pilot.sweeps.sweep import Report
from engine.runs.log import RunLog, data_folder
from engine.runs.record import RunRecord
from engine.text.terminal import tell


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("plan", type=Path, metavar="plan.toml", help="see data/campaign.toml")
    parser.add_argument(
        "--only-first", metavar="FRACTION", help="of the plan's runs, in their order: 0.25"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="show what would be trained and how long it takes"
    )
    parser.add_argument("--workers", metavar="N", help="runs side by side, instead of the plan's")
    parser.add_argument(
        "--again",
        type=Path,
        metavar="FOLDER",
        help="train finished runs once more, into this folder, and compare the losses",
    )
    add_json(parser)


def run(options: argparse.Namespace) -> str:
    """Train what is left, a line a run on standard error; what was done. Raises InputError."""
    plan = gridfile.parse(_read(options.plan))
    processes = plan.processes if options.workers is None else whole("--workers", options.workers)
    if processes < 1:
        raise InputError("Expected --workers of at least 1, got {value}.", value=processes)
    found, corpus, place = sweep_survey.open_sweep(
        plan, share=_share(options.only_first), apart=options.again
    )
    if found.differing:
        tell(
            f"{len(found.differing)} finished runs were trained on another text or with other "
            "settings than this plan's (warm-up, precision); they count as finished."
        )
    if options.dry_run:
        pace = sweep_survey.measure(found, corpus, place)
        return _forecast(found, pace.seconds(found.left, processes=processes), options.json)
    what = {"family": corpus.family, "runs": len(found.left)}
    folder = place.log_folder or data_folder()
    with recorded("sweep", what, folder=folder) if found.left else nullcontext():
        report = sweep.run_sweep(found, plan.corpus, corpus, place, processes=processes, say=tell)
    if options.again is None:
        return _summary(found, report, options.json)
    return _compared(found, place, corpus.family, report, options.json)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            "Expected a sweep plan at {path}: {reason}.",
            path=path,
            reason=getattr(error, "strerror", None) or "it is no text",
        ) from error


def _share(text: str | None) -> float:
    if text is None:
        return 1.0
    value = number("--only-first", text)
    if not 0 < value <= 1:
        raise InputError(
            "Expected --only-first above 0 and at most 1, got {value}: 0.25 is the first quarter.",
            value=text,
        )
    return value


def _forecast(found: Survey, seconds: float | None, json: bool) -> str:
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
            }
        )
    rows = [
        (f"{place}", sweep_survey.described(run)) for place, run in enumerate(found.left, start=1)
    ]
    rows += [
        ("finished", f"{found.finished} of {len(found.runs)} runs"),
        *(("failed", f"{name}: {reason}") for name, reason in found.failed.items()),
        ("left", f"{len(found.left)} runs, {flops:.3g} FLOPs"),
    ]
    if seconds is not None:
        rows.append(("time", f"about {seconds / 60:.0f} min"))
    return as_table(rows)


def _records(folder: Path | None, family: str) -> dict[str, RunRecord]:
    """The family's records by run id; ``folder`` None for this installation's run log."""
    with RunLog.open(folder) as log:
        return {record.run_id: record for record in log.records(family)}


def _compared(found: Survey, place: Place, family: str, report: Report, json: bool) -> str:
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


def _summary(found: Survey, report: Report, json: bool) -> str:
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
                "seconds": round(report.seconds, 1),
            }
        )
    rows = [
        ("trained", f"{report.trained} runs in {report.seconds / 60:.1f} min"),
        ("finished before", f"{found.finished} of {len(found.runs)} runs"),
    ]
    rows += [("failed", f"{name}: {reason}") for name, reason in failed.items()]
    rows += [("died", f"a worker with {how}") for how in report.died]
    if report.left:
        why = f", {report.busy} of them at work in another sweep" if report.busy else ""
        rows.append(
            ("left", f"{report.left} of {len(found.runs)} runs{why}: run the sweep again to go on")
        )
    return as_table(rows)
