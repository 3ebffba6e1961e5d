"""Test a recommendation by a small private training: prepare, plan, run, watch, judge.

``run`` with a budget instead of a plan's id does all of it. A pilot is a process of its own: it
goes on when this command is interrupted, but for a launcher's job, which ends with it.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from engine.commands import pilot_report as report
from engine.commands import pilot_verdict as judging
from engine.commands.options import add_json, as_json, as_table, run_action, whole
from engine.commands.pilot_following import SAYS, ended_status
from engine.commands.pilot_metrics import metrics
from engine.commands.pilot_options import (
    add_compiling,
    add_launcher,
    add_machines,
    add_mechanism,
    add_question,
    add_ranks,
    compiling_of,
    machines_of,
    ranks_here,
    require_one_question,
)
from engine.commands.pilot_proposal import people_in, plan_rows, prepared_text, proposed_for
from engine.commands.text_options import add_corpus, source_of
from engine.decision.answer import answer
from engine.decision.fitted import EVIDENCE, fitted_evidence
from engine.decision.pilot_effect import PilotEffect, effect_of, finished
from engine.decision.question import OPENING, question
from engine.errors import InputError
from engine.pilot.audits.mechanism_audit import (
    AUDIT_FILE,
    CANARIES,
    MechanismAudit,
    audit_mechanism,
    read_audit,
)
from engine.pilot.plan import PilotPlan
from engine.pilot.running import lifecycle, standing
from engine.pilot.running.folder import folder_of, pilots_folder, write_text
from engine.pilot.running.ledgers import ledger_doubt
from engine.pilot.running.status import State, TrainingResult
from engine.pilot.sweeps import launchers
from engine.pilot.sweeps.launchers import Launcher, Where
from engine.pilot.sweeps.parts import Ended
from engine.pilot.verdict import Verdict, may_climb, verdict
from engine.text.terminal import tell


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the actions and their options."""
    actions = parser.add_subparsers(metavar="ACTION", required=True)

    def action(name: str, act: Callable[[argparse.Namespace], str]) -> argparse.ArgumentParser:
        said = (act.__doc__ or "").split("\n")[0]
        found = actions.add_parser(
            name, help=said[0].lower() + said[1:].rstrip("."), description=said
        )
        found.set_defaults(act=act)
        add_json(found)
        return found

    add_corpus(action("prepare", prepare))
    planning = action("plan", plan)
    add_corpus(planning)
    add_question(planning, required=True)
    add_mechanism(planning)
    add_machines(planning)
    running = action("run", start)
    running.add_argument("plan_id", nargs="?", metavar="PLAN_ID")
    running.add_argument("--wait", action="store_true", help="follow it to its verdict")
    running.add_argument(
        "--tensorboard",
        metavar="FOLDER",
        help="write held-out losses and ε spent there while it is followed; needs TensorBoard",
    )
    running.add_argument(
        "--mlflow", metavar="URI", help="the same to a tracking store; needs MLflow"
    )
    running.add_argument(
        "--climb",
        action="store_true",
        help="where the law's reach ends a plan and its prediction held, plan and run the next "
        "one, up to ten times larger, until the budget is used; their ε adds up",
    )
    add_corpus(running)
    add_question(running, required=False)
    add_mechanism(running)
    add_ranks(running)
    add_compiling(running)
    add_launcher(running)
    for name, act in (
        ("status", status),
        ("pause", pause),
        ("resume", resume),
        ("cancel", cancel),
        ("verdict", judge),
    ):
        one = action(name, act)
        one.add_argument("plan_id", metavar="PLAN_ID")
        if act is resume:
            add_ranks(one)
            add_compiling(one)
    auditing = action("audit", audit)
    auditing.add_argument("plan_id", metavar="PLAN_ID")
    auditing.add_argument(
        "--canaries",
        default=str(CANARIES),
        metavar="N",
        help="gradients of nobody, half of which join (default: %(default)s)",
    )
    action("list", history)


run = run_action


def prepare(options: argparse.Namespace) -> str:
    """Read a text and measure this machine."""
    found = prepared_text(source_of(options), again=True)
    return _said(options, found.to_json, lambda: report.prepared_rows(found))


def plan(options: argparse.Namespace) -> str:
    """Freeze and register a plan; prepares the text where that was not done."""
    ranks = machines_of(options)
    found = proposed_for(options)
    lifecycle.register(found.plan)
    people = people_in(found.plan)
    command = None if ranks is None else lifecycle.command(found.plan, ranks)
    return _said(
        options,
        lambda: as_json(
            {
                **report.plan_document(found.plan, people, found.can, found.least),
                "command": command,
            }
        ),
        lambda: [*plan_rows(found), *([] if command is None else [("command", command)])],
    )


def start(options: argparse.Namespace) -> str:
    """Run a plan, once however often asked; without a plan's id, make one and wait for it."""
    ranks, where = ranks_here(options), Where(options.on)
    launcher = _launcher(options, where)
    if options.climb:
        return _climbed(options)
    require_one_question(options)
    chosen = _told(options) if options.plan_id is None else folder_of(options.plan_id).plan()
    jobs: list[Ended] = []
    through = None if launcher is None else partial(_as_job, launcher, jobs)
    begun = lifecycle.start(chosen, ranks=ranks, compiling=compiling_of(options), through=through)
    if not begun.started and lifecycle.poll(chosen.plan_id).state is State.CANCELLED:
        raise InputError(
            "Expected a pilot that may go on, got {plan_id}, which was cancelled: plan another.",
            plan_id=chosen.plan_id,
        )
    _require_trained(chosen, jobs)
    if options.plan_id is None or options.wait or through is not None:
        return _waited(options, chosen)
    return _state(options, chosen.plan_id)


def _launcher(options: argparse.Namespace, where: Where) -> Launcher | None:
    """What runs a pilot's command elsewhere; None for a process of this machine."""
    launcher = launchers.launcher(
        where, launchers.options_of(options.job), pilots_folder() / "sweeps"
    )
    if where is Where.LOCAL:
        return None
    if options.climb or options.tensorboard or options.mlflow:
        raise InputError(
            "Expected --on without --climb, --tensorboard and --mlflow: a job is waited for, and "
            "pilot status says how far it is."
        )
    return launcher


def _as_job(launcher: Launcher, jobs: list[Ended], command: list[str]) -> None:
    """Run ``command`` as a job, to its end; how it ended joins ``jobs``."""
    tell(
        "The pilot begins when the launcher has room: pilot status, pause and cancel work from "
        "anywhere on the same folders."
    )
    jobs.extend(launcher.run([command], say=tell))


def _require_trained(chosen: PilotPlan, jobs: list[Ended]) -> None:
    """Raise :class:`InputError` where a job ended otherwise than well and the pilot's own status
    does not say why."""
    told = {State.FINISHED, State.PAUSED, State.CANCELLED, State.FAILED}
    for one in jobs:
        if one.code != 0 and lifecycle.poll(chosen.plan_id).state not in told:
            raise InputError(
                "Expected a job that runs the pilot to its end, got one that ended before it "
                "({said}): see what the launcher kept of it, then run {plan_id} again.",
                said=one.said or "without a word",
                plan_id=chosen.plan_id,
            )


def _climbed(options: argparse.Namespace) -> str:
    """One pilot after the other, each up to ten times larger: the verdicts, first to last."""
    if options.plan_id is not None:
        raise InputError(
            "Expected --climb with a budget and no plan's id, got both: each plan of a climb is "
            "made when the one before it has ended."
        )
    verdicts: list[_Judged] = []
    while True:
        chosen = _told(options)
        if verdicts and chosen.plan_id == verdicts[-1].plan.plan_id:
            break  # its own runs moved nothing: there is no next one
        lifecycle.start(chosen, ranks=ranks_here(options), compiling=compiling_of(options))
        ended = ended_status(chosen.plan_id)
        if ended is None or ended.state is not State.FINISHED:
            return _state(options, chosen.plan_id)
        verdicts.append(_judged(chosen))
        if not may_climb(chosen, verdicts[-1].found, verdicts[-1].results):
            break
    return _said(
        options,
        lambda: as_json([one.document() for one in verdicts]),
        lambda: [row for one in verdicts for row in one.rows()],
    )


def _told(options: argparse.Namespace) -> PilotPlan:
    """The plan for the options, told before it starts."""
    found = proposed_for(options)
    tell(as_table(plan_rows(found)))
    return found.plan


def status(options: argparse.Namespace) -> str:
    """Say where a pilot stands."""
    return _state(options, options.plan_id)


def pause(options: argparse.Namespace) -> str:
    """Let a pilot write a checkpoint and end its process."""
    lifecycle.pause(options.plan_id)
    return _state(options, options.plan_id)


def resume(options: argparse.Namespace) -> str:
    """Go on with a pilot that was paused, cancelled, failed or died."""
    lifecycle.resume(options.plan_id, ranks=ranks_here(options), compiling=compiling_of(options))
    return _state(options, options.plan_id)


def cancel(options: argparse.Namespace) -> str:
    """End a pilot; what it spent stays spent."""
    lifecycle.cancel(options.plan_id)
    return _state(options, options.plan_id)


def audit(options: argparse.Namespace) -> str:
    """Audit a plan's mechanism by a training of its own on random words, seen at every step."""
    chosen, count = folder_of(options.plan_id).plan(), whole("--canaries", options.canaries)
    arm = chosen.arms[0]
    said = -SAYS

    def report_step(step: int, steps: int) -> None:
        nonlocal said
        if time.monotonic() - said > SAYS:
            said = time.monotonic()
            tell(f"audit: step {step} of {steps}")

    found = audit_mechanism(
        arm.settings, arm.certificate, count=count, device=chosen.device, report=report_step
    )
    write_text(folder_of(chosen.plan_id).path / AUDIT_FILE, found.to_json())
    return _said(
        options,
        lambda: as_json(judging.mechanism_document(chosen.plan_id, found)),
        lambda: judging.mechanism_rows(chosen.plan_id, found),
    )


def history(options: argparse.Namespace) -> str:
    """List the pilots of this installation."""
    lifecycle.sweep_stale()
    entries = standing.entries()
    if not entries and not pilots_folder().exists():
        tell(f"There is no folder of pilots {pilots_folder()} yet: the first pilot makes it.")
    if options.json:
        return as_json(report.history_document(entries))
    return as_table(report.history_rows(entries)) if entries else "There is no pilot yet."


def judge(options: argparse.Namespace) -> str:
    """Hold what was measured against what was written down before."""
    return _verdict(options, folder_of(options.plan_id).plan())


@dataclass(frozen=True, kw_only=True)
class _Judged:
    """A pilot that has ended, and what it changed."""

    plan: PilotPlan
    results: tuple[TrainingResult, ...]
    found: Verdict
    effects: list[PilotEffect]
    mechanism: MechanismAudit | None
    """Of its mechanism, where one was made."""
    doubt: InputError | None
    """Of its privacy ledgers."""

    def document(self) -> dict[str, Any]:
        document = judging.verdict_document(
            self.plan, self.found, self.results, self.effects, self.doubt
        )
        if self.mechanism is not None:
            document["mechanism"] = judging.mechanism_document(self.plan.plan_id, self.mechanism)
        return document

    def rows(self) -> report.Rows:
        rows = judging.verdict_rows(self.plan, self.found, self.results, self.effects, self.doubt)
        if self.mechanism is not None:
            rows += judging.mechanism_rows(self.plan.plan_id, self.mechanism)[1:]
        return rows


def _judged(chosen: PilotPlan) -> _Judged:
    standing.require_results(chosen)
    results = standing.results(chosen.plan_id)
    found = verdict(chosen, results)
    return _Judged(
        plan=chosen,
        results=results,
        found=found,
        effects=_effects(chosen.plan_id),
        mechanism=read_audit(folder_of(chosen.plan_id).path),
        doubt=ledger_doubt(chosen.plan_id),
    )


def _verdict(options: argparse.Namespace, chosen: PilotPlan) -> str:
    one = _judged(chosen)
    return _said(options, lambda: as_json(one.document()), one.rows)


def _effects(plan_id: str) -> list[PilotEffect]:
    """What it changed for the question that the dashboard opens with, on each evidence that
    ships."""
    entry = next((one for one in finished() if one.plan_id == plan_id), None)
    if entry is None:  # all its trainings have ended, and it was cancelled all the same
        return []
    budget, found = OPENING, []
    for evidence_id in EVIDENCE:
        asked = question(
            budget.compute_flops,
            budget.data_budget,
            budget.epsilon,
            delta=budget.delta,
            evidence_id=evidence_id,
        )
        try:
            fitted = fitted_evidence(evidence_id)
            found.append(effect_of(answer(asked, fitted), fitted, entry))
        except InputError:  # the opening question may lie too far from this evidence
            continue
    return found


def _waited(options: argparse.Namespace, chosen: PilotPlan) -> str:
    """Follow a pilot to its end: the verdict, or where it stands."""
    told = metrics(chosen.plan_id, tensorboard=options.tensorboard, mlflow=options.mlflow)
    ended = ended_status(chosen.plan_id, told.saw)
    told.ended(standing.results(chosen.plan_id))
    if ended is not None and ended.state is State.FINISHED:
        return _verdict(options, chosen)
    return _state(options, chosen.plan_id)


def _state(options: argparse.Namespace, plan_id: str) -> str:
    now, doubt = lifecycle.poll(plan_id), ledger_doubt(plan_id)
    try:
        chosen = folder_of(plan_id).plan()
    except InputError:  # where it stands is known all the same
        chosen = None
    return _said(
        options,
        lambda: as_json(report.status_document(plan_id, now, chosen, doubt)),
        lambda: report.status_rows(plan_id, now, chosen, doubt),
    )


def _said(
    options: argparse.Namespace, document: Callable[[], str], rows: Callable[[], report.Rows]
) -> str:
    return document() if options.json else as_table(rows())
