"""``fit --influence``: how far each run of the evidence moves the decision on a question."""

import argparse
from dataclasses import asdict

from engine.commands.options import add_delta, add_sampling, as_columns, number, whole
from engine.config import Sampling
from engine.decision import influence
from engine.decision.influence import Influence, RunInfluence, Stand
from engine.decision.question import OPENING, Question, question
from engine.errors import InputError
from engine.loss_unit import unit_of

_SHOWN = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the question and of the work."""
    parser.add_argument(
        "--influence",
        action="store_true",
        help="leave each run out: what it does to the decision (about a minute)",
    )
    parser.add_argument(
        "--influence-seconds",
        default=f"{influence.SECONDS:g}",
        metavar="S",
        help="of --influence: time for fits in full (default: %(default)s)",
    )
    add_question(parser, "of --influence and the like")


def add_question(parser: argparse.ArgumentParser, of: str) -> None:
    """The budgets of a question, as the dashboard opens with them."""
    for name, metavar, default in (
        ("--compute", "FLOPS", f"{OPENING.compute_flops:g}"),
        ("--data", "PEOPLE", str(OPENING.data_budget)),
        ("--epsilon", "ε", f"{OPENING.epsilon:g}"),
    ):
        parser.add_argument(
            name, metavar=metavar, default=default, help=f"{of} (default: %(default)s)"
        )
    add_delta(parser)
    add_sampling(parser)


def question_of(options: argparse.Namespace) -> Question:
    """What the options ask. Raises :class:`InputError`."""
    return question(
        number("--compute", options.compute),
        whole("--data", options.data),
        number("--epsilon", options.epsilon),
        delta=number("--delta", options.delta),
        evidence_id=options.evidence,
        sampling=Sampling(options.sampling),
    )


def found(options: argparse.Namespace) -> Influence:
    """The part of each run. Raises :class:`InputError`, also beside options that choose runs or
    forms: the decision rests on all of them."""
    if options.form is not None or options.without or options.also:
        raise InputError(
            "Expected --influence without --form, --without and --with: it leaves each run out by "
            "itself."
        )
    seconds = number("--influence-seconds", options.influence_seconds)
    if seconds < 0:
        raise InputError("Expected --influence-seconds of 0 or more, got {value}.", value=seconds)
    return influence.influence(question_of(options), seconds=seconds)


def document(one: Influence) -> dict[str, object]:
    """For machines; losses in the evidence's unit, money in JPY."""
    return {
        "question": asdict(one.question.budget) | {"sampling": str(one.question.sampling)},
        "loss_unit": str(unit_of(one.question.evidence_id).measure),
        "today": stand_document(one.today),
        "law": one.law,
        "law_in_use": one.law_in_use,
        "runs_in_evidence": one.of,
        "refitted": one.refitted,
        "turning": [run.run_id for run in one.turning],
        "unfit": list(one.unfit),
        "runs": [_run(run) for run in one.runs],
    }


def stand_document(stand: Stand) -> dict[str, object]:
    """Plan, loss, worth and verdict."""
    config, verdict = stand.plan.config, stand.verdict
    return {
        "model_size": config.model_size,
        "batch_size": config.batch_size,
        "iterations": config.iterations,
        "noise_multiplier": stand.plan.noise_multiplier,
        "cross_entropy": asdict(stand.plan.cross_entropy),
        "verdict": str(verdict.code),
        "reason": str(verdict.reason),
        "npv": verdict.npv,
        "probability": verdict.probability,
    }


def _run(run: RunInfluence) -> dict[str, object]:
    answered = run.without is not None
    return {
        "run_id": run.run_id,
        "model_size": run.model_size,
        "iterations": run.iterations,
        "noise_batch_ratio": run.noise_batch_ratio,
        "rows": run.rows,
        "method": str(run.method),
        "turns_verdict": run.turns,
        "loss_change": run.loss_change if answered else None,
        "regret": run.regret if answered else None,
        "without": None if run.without is None else stand_document(run.without),
        "refusal": None if run.refusal is None else str(run.refusal),
    }


def table(one: Influence) -> str:
    """The runs that move the decision most, under a line that says what was asked."""
    today = one.today
    head = (
        f"Each of {one.of} runs left out, {one.refitted} of them with a full refit. Today: "
        f"{today.verdict.code}, {_plan(today)}, loss {today.plan.cross_entropy.value:.4f}. "
        f"Runs without which the verdict is another: "
        f"{', '.join(run.run_id[:8] for run in one.turning) or 'none'}."
    )
    rows = [("without", "method", "verdict", "plan", "loss", "change", "regret")]
    for run in one.runs[:_SHOWN]:
        if run.without is None:
            rows.append((run.run_id[:8], str(run.method), "no answer", "–", "–", "–", "–"))
            continue
        rows.append(
            (
                run.run_id[:8],
                str(run.method),
                str(run.without.verdict.code),
                _plan(run.without),
                f"{run.without.plan.cross_entropy.value:.4f}",
                f"{run.loss_change:+.2%}",
                f"{run.regret:.2%}",
            )
        )
    return f"{head}\n\n{as_columns(rows)}"


def _plan(stand: Stand) -> str:
    config = stand.plan.config
    return f"{config.model_size:.3g} × {config.iterations:.3g} × {config.batch_size:.3g}"
