"""Fine-tuning from a public start: its law, a prediction, and what a start is worth.

``finetune fit`` shows the law of fine-tuning and what it predicts unseen, ``predict`` one training,
``compare`` the best from nothing, of all weights and of LoRA at one promise, ``published`` the
results that others printed.
"""

import argparse
from dataclasses import asdict
from typing import Any

import numpy as np

from engine.accounting.search import noise_multiplier
from engine.commands.finetune_published import published
from engine.commands.options import (
    add_delta,
    add_json,
    add_sampling,
    as_columns,
    as_json,
    as_table,
    number,
    run_action,
    warn_delta,
    whole,
)
from engine.config import INDEPENDENT_SAMPLINGS, Sampling
from engine.decision.fine_tuning import TUNED_TEXT, tuning_evidence, tuning_law
from engine.decision.from_start import Comparison, Plan, Worth, compare_starts
from engine.decision.published_gaps import missed_near
from engine.errors import InputError
from engine.law.fine_tuning.fit import FARTHEST, FormFit, Prediction, TuningFit, ends_of
from engine.law.fine_tuning.judge import Judgement, judge
from engine.law.fine_tuning.points import Configurations
from engine.runs.fine_tuned import Method
from engine.text import public_start
from engine.text.i18n import Words


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the actions and their options."""
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    fitting = actions.add_parser("fit", help="the law of fine-tuning, and what it misses unseen")
    fitting.add_argument(
        "--judge",
        action="store_true",
        help="fit anew without each end of the trainings, and ask about it (some seconds)",
    )
    fitting.set_defaults(act=fit)
    predicting = actions.add_parser("predict", help="the loss of one fine-tuning")
    predicting.add_argument("--start", required=True, metavar="NAME", help="see `starts list`")
    predicting.add_argument(
        "--rank", default="0", metavar="R", help="of LoRA; 0: all weights (default: %(default)s)"
    )
    predicting.add_argument("--batch", required=True, metavar="B", help="expected units a step")
    predicting.add_argument("--steps", required=True, metavar="T")
    predicting.set_defaults(act=predict)
    comparing = actions.add_parser("compare", help="from nothing, all weights, LoRA")
    comparing.set_defaults(act=compare)
    for action in (predicting, comparing):
        action.add_argument("--data", required=True, metavar="N", help="people")
        action.add_argument("--epsilon", required=True, metavar="ε")
        add_delta(action)
        add_sampling(action, INDEPENDENT_SAMPLINGS)
    publishing = actions.add_parser("published", help="what others printed, and what it cost them")
    publishing.add_argument("--rows", action="store_true", help="an answer for each printed result")
    publishing.set_defaults(act=published)
    for action in (fitting, predicting, comparing, publishing):
        add_json(action)


run = run_action


def fit(options: argparse.Namespace) -> str:
    """Forms, their weights and numbers, and what each predicted unseen."""
    law = tuning_law()
    judged = list(judge(law.points)) if options.judge else []
    if options.json:
        return as_json(
            {
                "family": TUNED_TEXT,
                "points": law.points.size,
                "configurations": len(np.unique(law.points.cell)),
                "origin": asdict(law.origin),
                "forms": [_form(one) for one in law.forms],
                "left_out": _left_out(law),
                **({"judgements": [asdict(one) for one in judged]} if options.judge else {}),
            }
        )
    rows = [
        ("points", f"{law.points.size} of {len(np.unique(law.points.cell))} configurations"),
        *((f"{one.form.name} {one.weight:.0%}", one.form.formula) for one in law.forms),
        *(
            (f"left out: {name}", f"{found['error']:.1%} (worst {found['worst']:.1%})")
            for name, found in _left_out(law).items()
        ),
    ]
    rows += [
        (
            f"without {one.left_out}",
            f"{one.median_error:.1%} median error of {one.points} points (worst "
            f"{one.worst_error:.1%}); {one.inside:.0%} inside 90 % ranges {one.width:.0%} wide"
            f"{_regret(one)}",
        )
        for one in judged
    ]
    leading = law.forms[0]
    rows += [
        (f"{name} of {leading.form.name}", f"{value:.3f} ({low:.3f} to {high:.3f})")
        for name, value, low, high in _numbers(leading)
    ]
    return as_table(rows)


def _regret(one: Judgement) -> str:
    if one.regret is None:
        return ""
    return (
        f"; following it loses {one.regret:.1%} on average of {one.choices} choices of a way "
        f"(worst {one.worst_regret:.1%})"
    )


def predict(options: argparse.Namespace) -> str:
    """The loss of one training from a start, with its range and how far it lies."""
    people, batch = number("--data", options.data), whole("--batch", options.batch)
    epsilon, steps = number("--epsilon", options.epsilon), whole("--steps", options.steps)
    delta, rank = number("--delta", options.delta), whole("--rank", options.rank)
    warn_delta(people, delta)
    way = next(
        (one for one in tuning_evidence().ways if one.method == Method(options.start, rank)), None
    )
    if way is None:
        raise InputError(
            "Expected a start and a rank that were fine-tuned here, {known}, got {start} with rank "
            "{rank}.",
            known="; ".join(
                f"{one.method.start} with {one.method.lora_rank}" for one in tuning_evidence().ways
            ),
            start=options.start[:40],
            rank=rank,
        )
    sigma = float(
        noise_multiplier(
            data_budget=people,
            batch_size=batch,
            iterations=steps,
            epsilon=epsilon,
            delta=delta,
            sampling=Sampling(options.sampling),
        )
    )
    (found,) = tuning_law().predict(
        Configurations.of(
            start_cross_entropy=way.start_cross_entropy,
            model_size=way.model_size,
            trainable_size=way.trainable_size,
            iterations=steps,
            batch_size=batch,
            noise_batch_ratio=sigma / batch,
        )
    )
    if not found.known:
        raise InputError(
            "Expected a training within {most} e-folds of those measured, got one {distance} away: "
            "its loss is unknown.",
            most=f"{FARTHEST:g}",
            distance=f"{found.distance:.1f}",
        )
    if options.json:
        return as_json({**_prediction(found), "noise_multiplier": sigma})
    loss = found.cross_entropy
    return as_table(
        [
            ("loss", f"{loss.value:.3f} nats per byte ({loss.low:.3f} to {loss.high:.3f}, 90 %)"),
            ("start", f"{way.start_cross_entropy:.3f} before any step"),
            ("noise", f"σ = {sigma:.3g}, an estimate of the search"),
            ("distance", f"{found.distance:.1f} e-folds from the nearest run"),
        ]
    )


def compare(options: argparse.Namespace) -> str:
    """From nothing, all weights and LoRA for so many people at one promise."""
    people, delta = number("--data", options.data), number("--delta", options.delta)
    warn_delta(people, delta)
    found = compare_starts(
        people,
        number("--epsilon", options.epsilon),
        delta,
        sampling=Sampling(options.sampling),
    )
    if options.json:
        return as_json(_comparison(found))
    rows = [("way", "parameters", "batch", "steps", "loss (90 %)", "reach")]
    for plan in (found.from_nothing, *found.plans):
        loss, more = plan.cross_entropy, "at most " if plan.at_edge else ""
        rows.append(
            (
                _name(plan),
                f"{plan.config.model_size:,}",
                f"{plan.config.batch_size:,}",
                f"{plan.config.iterations:,}",
                f"{more}{loss.value:.3f} ({loss.low:.3f} to {loss.high:.3f})",
                str(plan.reach),
            )
        )
    worth = as_table(
        [
            ("worth in people", _worth(found.people, "people")),
            ("worth in ε", _worth(found.epsilon, "ε")),
            ("measured on", f"{found.runs} runs of {found.family}, nats per byte"),
            *_caution(people),
        ]
    )
    return f"{as_columns(rows)}\n\n{worth}"


def _caution(people: float) -> list[tuple[str, str]]:
    missed = missed_near(people)
    return [("caution", public_start.missed(missed, Words("en")))] if missed else []


def _name(plan: Plan) -> str:
    if plan.way is None:
        return "from nothing"
    method = f"LoRA {plan.way.method.lora_rank}" if plan.way.method.lora_rank else "all weights"
    return f"{plan.way.method.start}, {method}"


def _worth(found: Worth, unit: str) -> str:
    if found.value is None:
        return f"from nothing never gets there (searched to {found.searched[1]:,.6g} {unit})"
    low = "less" if found.low is None else f"{found.low:.2g}"
    high = "more" if found.high is None else f"{found.high:.2g}"
    return (
        f"as good as {found.factor:.2g} times from nothing ({low} to {high}, 90 %; "
        f"{found.value:,.3g} {unit})"
    )


def _comparison(found: Comparison) -> dict[str, Any]:
    return {
        "data_budget": found.budget.data_budget,
        "epsilon": found.budget.epsilon,
        "delta": found.budget.delta,
        "family": found.family,
        "runs": found.runs,
        "evidence_hash": found.evidence_hash,
        "unit": "nats per byte",
        "start_pays": found.start_pays,
        "from_nothing": _plan(found.from_nothing),
        "from_start": [_plan(plan) for plan in found.plans],
        "worth": {"data": asdict(found.people), "epsilon": asdict(found.epsilon)},
        "missed_near": [one.gap.private.model for one in missed_near(found.budget.data_budget)],
    }


def _plan(plan: Plan) -> dict[str, Any]:
    return {
        "start": None if plan.way is None else plan.way.method.start,
        "lora_rank": None if plan.way is None else plan.way.method.lora_rank,
        "trainable_size": plan.config.model_size if plan.way is None else plan.way.trainable_size,
        **asdict(plan.config),
        "noise_multiplier": plan.noise_multiplier,
        "noise_batch_ratio": plan.noise_batch_ratio,
        "cross_entropy": asdict(plan.cross_entropy),
        "reach": str(plan.reach),
        "at_edge": plan.at_edge,
    }


def _prediction(found: Prediction) -> dict[str, Any]:
    return {
        "cross_entropy": asdict(found.cross_entropy),
        "share_taken": found.share_taken,
        "distance": found.distance,
    }


def _left_out(law: TuningFit) -> dict[str, dict[str, float]]:
    """Root mean square and worst error of ln L of what the stack did not see."""
    return {
        name: {"error": float(np.sqrt(np.mean(errors**2))), "worst": float(np.abs(errors).max())}
        for name, errors in ends_of(law).items()
    }


def _form(one: FormFit) -> dict[str, Any]:
    return {
        "name": one.form.name,
        "formula": one.form.formula,
        "weight": one.weight,
        "scatter": one.held_out.scatter,
        "drift": one.held_out.drift,
        "parameters": {
            name: {"value": value, "low": low, "high": high}
            for name, value, low, high in _numbers(one)
        },
    }


def _numbers(one: FormFit) -> list[tuple[str, float, float, float]]:
    low, high = np.quantile(one.resampled, (0.05, 0.95), axis=0)
    names = [parameter.name for parameter in one.form.parameters]
    return [
        (name, float(value), float(a), float(b))
        for name, value, a, b in zip(names, one.theta, low, high, strict=True)
    ]
