"""Train a grid of small models on public text, for the law; finished runs are skipped."""

import argparse
import hashlib
import math
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from engine.commands import sweep_report
from engine.commands.options import (
    add_json,
    hour_price,
    hours_for,
    number,
    whole,
)
from engine.config import DEFAULT_DELTA, Budget
from engine.decision.question import Question
from engine.decision.schedule import Judgement, Waiting, schedule, within
from engine.decision_log import recorded
from engine.errors import InputError
from engine.pilot.sweeps import gridfile, launchers, manifests, sweep
from engine.pilot.sweeps import survey as sweep_survey
from engine.pilot.sweeps.grid import SweepPlan
from engine.pilot.sweeps.launchers import Where
from engine.pilot.sweeps.manifests import Target
from engine.pilot.sweeps.record import Place
from engine.pilot.sweeps.shipping import Shipment
from engine.pilot.sweeps.survey import Survey
from engine.pilot.sweeps.sweep import Report, Runs
from engine.runs.log import data_folder
from engine.text.terminal import tell
from engine.untrusted import regular
from engine.untrusted.guard import reason_of

_LARGEST = 2**20
"""Bytes of a plan."""


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
    parser.add_argument("--part", metavar="I/N", help="every N-th run only, from the I-th on")
    parts = parser.add_argument_group(
        "parts", "the sweep as processes of several machines that share their folders"
    )
    parts.add_argument("--parts", metavar="N", help="how many")
    parts.add_argument(
        "--on", choices=[str(where) for where in Where], default=str(Where.LOCAL), help="launcher"
    )
    parts.add_argument(
        "--print-job",
        choices=[str(target) for target in Target],
        help="print the parts as a file for a cluster of your own, and launch nothing",
    )
    parts.add_argument(
        "--job",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="of the launcher: minutes=600 and any of Slurm's, such as partition=gpu; "
        "address=auto, cpus=2 and shared=no of Ray; image=, claim=, cpus=, memory=, gpus=, user= "
        "of Kubernetes; volume=, cpus=, memory=, accelerators=, infra= and spot= of SkyPilot",
    )
    asked = parser.add_argument_group(
        "order", "by what the runs tell of a decision; those that could hardly move it are left out"
    )
    asked.add_argument("--compute", metavar="FLOPS", help="of the decision")
    asked.add_argument("--data", metavar="PEOPLE", help="of the decision")
    asked.add_argument("--epsilon", metavar="ε", help="of the decision")
    asked.add_argument(
        "--delta", default=str(DEFAULT_DELTA), metavar="δ", help="(default: %(default)s)"
    )
    asked.add_argument(
        "--hours",
        metavar="HOURS",
        help="of this machine, in which the runs that tell most end if they take as long as their "
        "timed steps say; the others wait",
    )
    asked.add_argument("--money", metavar="USD", help="the same in money; needs --price")
    asked.add_argument(
        "--price", metavar="USD", help="of an hour of this machine; --dry-run says the whole"
    )
    add_json(parser)


def run(options: argparse.Namespace) -> str:
    """Train what is left, a line a run on standard error; what was done. Raises InputError."""
    text = _read(options.plan)
    plan = gridfile.parse(text)
    if options.print_job is not None:
        return _job_file(options, plan, text)
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
    asked, hours = _question(options, corpus.family), _hours(options)
    if hours is not None and asked is None:
        raise InputError(
            "Expected --compute, --data and --epsilon with --hours or --money: without a decision "
            "nobody knows which runs tell most."
        )
    if asked is not None:
        seconds = None
        if hours is not None:
            pace = sweep_survey.measure(found, corpus, place)
            seconds = [pace.seconds([run]) or math.inf for run in found.left]
        found = _ordered(found, asked, seconds, hours=hours, processes=processes)
    if options.part is not None:
        found = _part(found, options.part)
    if options.dry_run:
        pace = sweep_survey.measure(found, corpus, place)
        whole_time = pace.seconds(found.left, processes=processes)
        price = None if options.price is None else hour_price(options.price)
        return sweep_report.forecast(found, whole_time, price, options.json)
    if options.parts is not None:
        return _in_parts(options, plan, found, place)
    what = {"family": corpus.family, "runs": len(found.left)}
    folder = place.log_folder or data_folder()
    versions = _versions(options.plan)
    is_act = recorded("sweep", what, folder=folder, versions=versions)
    with is_act if found.left else nullcontext():
        report = sweep.run_sweep(
            found,
            plan.corpus,
            corpus,
            place,
            processes=processes,
            say=tell,
            judge=None if asked is None or options.again is not None else _Judge(asked),
        )
    if options.again is None:
        return sweep_report.summary(found, report, options.json)
    return sweep_report.compared(found, place, corpus.family, report, options.json)


def _versions(plan: Path) -> dict[str, str]:
    """The hash of the plan's file, for the log of decisions."""
    return {"plan": hashlib.sha256(plan.read_bytes()).hexdigest()}


def _part(found: Survey, text: str) -> Survey:
    """Every N-th run of the plan, so that no two parts share one."""
    number, of = launchers.part_of(text)
    own = [run for place, run in enumerate(found.runs) if place % of == number - 1]
    return replace(found, left=tuple(run for run in found.left if run in own))


def _job_file(options: argparse.Namespace, plan: SweepPlan, text: str) -> str:
    """The parts as a file for somebody's cluster; nothing is launched."""
    if options.parts is None:
        raise InputError("Expected --parts with --print-job: how many parts the file is to have.")
    others = (options.json, options.dry_run, options.again, options.part)
    if any(others) or Where(options.on) is not Where.LOCAL:
        raise InputError(
            "Expected --print-job without --json, --dry-run, --again, --part and --on: it prints "
            "the file alone."
        )
    _share(options.only_first)
    target, parts = Target(options.print_job), whole("--parts", options.parts)
    passed = _passed(options)
    found = manifests.job_file(
        target, options.plan, text, parts, passed, launchers.options_of(options.job)
    )
    tell(f"Save it as job.yaml and launch it: {manifests.launch_hint(target, parts)}")
    if plan.corpus.path:
        tell(
            f"The text must lie at {plan.corpus.path} where the parts run: put it under "
            f"{manifests.SHARED}, which they share, and name that in the plan."
        )
    return found.rstrip("\n")


def _passed(options: argparse.Namespace) -> list[str]:
    """The options that every part takes from the whole."""
    passed = ["--delta", options.delta]
    for name in ("only_first", "workers", "compute", "data", "epsilon"):
        value = getattr(options, name)
        passed += [] if value is None else [f"--{name.replace('_', '-')}", value]
    return passed


def _in_parts(options: argparse.Namespace, plan: SweepPlan, found: Survey, place: Place) -> str:
    """Run the sweep as parts, wait for them, and look again at what is done."""
    count = whole("--parts", options.parts)
    if count < 1:
        raise InputError("Expected --parts of at least 1, got {value}.", value=count)
    if options.again is not None or options.part is not None:
        raise InputError("Expected --parts without --part and --again: a part trains new runs.")
    log_folder = place.log_folder or data_folder()
    launcher = launchers.launcher(
        Where(options.on),
        launchers.options_of(options.job),
        place.folder,
        Shipment(log_folder=log_folder, sweeps_folder=place.folder),
    )
    path = str(options.plan.resolve())
    commands = [
        launchers.python("sweep", path, "--part", f"{number}/{count}", *_passed(options))
        for number in range(1, count + 1)
    ]
    what = {"family": "", "runs": len(found.left), "parts": count, "on": options.on}
    started = time.monotonic()
    versions = _versions(options.plan)
    with recorded("sweep", what, folder=log_folder, versions=versions):
        ended = launcher.run(commands, say=tell) if found.left else []
    after, _, _ = sweep_survey.open_sweep(plan, share=_share(options.only_first))
    stopped = {
        name: one.seconds for name, one in after.stopped.items() if one != found.stopped.get(name)
    }
    report = Report(
        trained=after.finished - found.finished,
        failed={name: why for name, why in after.failed.items() if name not in found.failed},
        busy=0,
        died=tuple(f"part {one.part}: {one.said}" for one in ended if one.code != 0),
        left=len(after.left) - len(stopped),
        stopped=False,
        seconds=time.monotonic() - started,
        needless=stopped,
    )
    return sweep_report.summary(found, report, options.json)


def _question(options: argparse.Namespace, family: str) -> Question | None:
    """The decision that orders the runs; None where the plan's order stands."""
    given = [options.compute, options.data, options.epsilon]
    if given == [None] * 3:
        return None
    if None in given:
        raise InputError(
            "Expected --compute, --data and --epsilon together: they name the decision that orders "
            "the runs."
        )
    budget = Budget(
        compute_flops=number("--compute", options.compute),
        data_budget=whole("--data", options.data),
        epsilon=number("--epsilon", options.epsilon),
        delta=number("--delta", options.delta),
    )
    return Question(budget=budget, evidence_id=family)


def _hours(options: argparse.Namespace) -> float | None:
    """The hours of this machine that may be taken; None where nothing bounds them."""
    if options.hours is None and options.money is None:
        if options.price is not None and not options.dry_run:
            raise InputError(
                "Expected --money or --dry-run with --price: an hour's price alone bounds nothing."
            )
        return None
    if options.hours is not None and options.money is not None:
        raise InputError("Expected --hours or --money, got both.")
    if options.parts is not None or options.part is not None or options.print_job is not None:
        raise InputError(
            "Expected --hours and --money without --parts, --part and --print-job: hours are those "
            "of the machine that measures them."
        )
    if options.money is not None:
        hours = hours_for(options.money, options.price)
    else:
        hours = number("--hours", options.hours)
    if not hours > 0:
        raise InputError("Expected --hours or --money above 0, got {value}.", value=f"{hours:g}")
    return hours


def _ordered(
    found: Survey,
    asked: Question,
    seconds: Sequence[float] | None,
    *,
    hours: float | None,
    processes: int,
) -> Survey:
    """The runs that are left in the scheduler's order, and said why; ``seconds``: what each takes,
    where ``hours`` bound them. A run that alone takes longer is set aside first, so that it holds
    up no other."""
    if seconds is not None and hours is not None:
        fit = [place for place, takes in enumerate(seconds) if takes <= 3600 * hours]
        if longer := len(seconds) - len(fit):
            tell(
                f"{longer} of {len(seconds)} runs wait, as each alone takes longer than "
                f"{hours:.3g} hours."
            )
        found = replace(found, left=tuple(found.left[place] for place in fit))
        seconds = [seconds[place] for place in fit]
    waiting = _waiting(found.left)
    order = schedule(asked, waiting, seconds)
    if seconds is not None and hours is not None:
        order = within(order, seconds, 3600 * hours, processes=processes)
    tell(
        f"{len(order.runs)} of {len(waiting)} runs narrow what is not known of today's plan (loss "
        f"and place), together by {order.narrowing:.0%}; {len(order.left_out)} that could hardly "
        "move it are left out."
    )
    if order.beyond:
        tell(
            f"{len(order.beyond)} more would narrow it but wait: {hours:.3g} hours end before "
            "them. Ask again when these are done, since what they show may make others needless."
        )
    for place, one in enumerate(order.runs, start=1):
        takes = "" if seconds is None else f"  {seconds[one.index] / 60:.1f} min"
        run = sweep_survey.described(found.left[one.index])
        tell(f"{place}  {run}{takes}  -{one.narrowing:.1%}")
    return replace(found, left=tuple(found.left[one.index] for one in order.runs))


class _Judge:
    """Asks, as runs come in, which of the others cannot change the decision any more."""

    def __init__(self, asked: Question) -> None:
        self._judgement = Judgement(asked)
        budget = asked.budget
        self.reason = (
            f"stopped: could not change the decision ({budget.compute_flops:g} FLOPs, "
            f"{budget.data_budget:,} people, ε = {budget.epsilon:g})"
        )

    def __call__(self, under_way: Runs, waiting: Runs) -> frozenset[int]:
        return self._judgement.needless(_waiting(under_way), _waiting(waiting))


def _waiting(runs: Runs) -> list[Waiting]:
    """Runs as the scheduler takes them."""
    return [Waiting(config=run.config, noise_batch_ratio=run.noise_batch_ratio) for run in runs]


def _read(path: Path) -> str:
    try:
        return regular.bytes_of(path, _LARGEST).decode()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            "Expected a sweep plan at {path}: {reason}.",
            path=path,
            reason=reason_of(error) if isinstance(error, OSError) else "it is no text",
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
