"""How long a training takes on how many devices, what it costs, and how published runs judge that.

``cluster plan`` asks for the plan of a decision, ``training`` for one that is given, ``check``
shows each published large training beside the forecast, with its error.
"""

import argparse
from dataclasses import asdict, replace
from typing import Any

from engine.accelerator_prices import ACCELERATORS
from engine.cluster.calibration import Check, Spread, checks, fit, spread
from engine.cluster.forecast import COUNTS, Scale, scale
from engine.cluster.machines import MACHINES, machine_named
from engine.cluster.published import Role, large_runs
from engine.cluster.step import training_of
from engine.commands.options import (
    add_corrections,
    add_currency,
    add_json,
    add_language,
    as_json,
    number,
    run_action,
    tell_pooled,
    under_headings,
    warn_delta,
    whole,
)
from engine.commands.question_options import add_question, question
from engine.cost import DEFAULTS
from engine.decision.answer import decide_on
from engine.decision.devices import chosen_devices, on_devices
from engine.decision.fitted import fitted_evidence
from engine.decision.question import Currency
from engine.errors import InputError
from engine.text import cluster, quantities
from engine.text.i18n import Words


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the actions and their options."""
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    planning = actions.add_parser("plan", help="the plan of a decision")
    add_question(planning)
    add_corrections(planning)
    planning.set_defaults(act=plan)
    training = actions.add_parser("training", help="a training that is given")
    training.add_argument("--model-size", required=True, metavar="M", help="parameters")
    training.add_argument("--batch-size", required=True, metavar="B", help="examples a step")
    training.add_argument("--iterations", required=True, metavar="T", help="steps")
    training.add_argument("--sequence-length", required=True, metavar="S", help="tokens")
    training.add_argument("--device", required=True, choices=list(MACHINES))
    training.add_argument("--price", metavar="USD", help="of a device hour (default: the list's)")
    training.add_argument(
        "--dp-overhead",
        default=f"{DEFAULTS.dp_overhead:g}",
        metavar="F",
        help="time of a DP-SGD step over that of a plain one; 1: without privacy "
        "(default: %(default)s)",
    )
    add_currency(training)
    training.set_defaults(act=given)
    for action in (planning, training):
        action.add_argument("--devices", metavar="N", help="how many (default: the scenario's)")
        action.add_argument(
            "--recompute",
            choices=list(_RECOMPUTE),
            default="unknown",
            help="whether the software computes activations again; to say it narrows the range "
            "(default: %(default)s)",
        )
    checking = actions.add_parser("check", help="published large trainings beside the forecast")
    checking.add_argument(
        "--fit", action="store_true", help="fit the constants again (some seconds)"
    )
    checking.set_defaults(act=check)
    for action in (planning, training, checking):
        add_language(action)
        add_json(action)


run = run_action
_RECOMPUTE = {"yes": True, "no": False, "unknown": None}


def plan(options: argparse.Namespace) -> str:
    """The plan of a decision by number of devices."""
    asked = question(options)
    fitted = fitted_evidence(asked.evidence_id)
    tell_pooled(fitted)
    warn_delta(asked.budget.data_budget, asked.budget.delta, options.language)
    devices = _devices(options, chosen_devices(asked))
    again = _RECOMPUTE[options.recompute]
    found = on_devices(decide_on(asked, fitted), asked.prices, (devices,), recompute=again)
    rate = asked.prices.jpy_per_usd
    words = quantities.words_of(asked, options.language)
    return _said(found, devices, asked.prices.utilisation, rate, words, options.json)


def given(options: argparse.Namespace) -> str:
    """A given training by number of devices."""
    devices = _devices(options, 1)
    overhead = number("--dp-overhead", options.dp_overhead)
    if not overhead >= 1:
        raise InputError(
            "Expected a DP overhead of at least 1 (a plain step's time), got {value}.",
            value=overhead,
        )
    asked = {
        name: whole(f"--{name.replace('_', '-')}", getattr(options, name))
        for name in ("model_size", "batch_size", "iterations", "sequence_length")
    }
    for name, value in asked.items():
        if value < 1:
            raise InputError(
                "Expected {name} of at least {least}, got {value}.", name=name, least=1, value=value
            )
    found = scale(
        training_of(
            asked["model_size"],
            batch_size=asked["batch_size"],
            sequence_length=asked["sequence_length"],
            iterations=asked["iterations"],
            dp_overhead=overhead,
        ),
        machine_named(options.device),
        usd_per_hour=_price(options),
        counts=(*COUNTS, devices),
        recompute=_RECOMPUTE[options.recompute],
    )
    dollars = Currency(options.currency) is Currency.USD
    rate = DEFAULTS.jpy_per_usd
    words = Words(options.language, jpy_per_usd=rate if dollars else None)
    return _said(found, devices, None, rate, words, options.json)


def check(options: argparse.Namespace) -> str:
    """Every published row, and what the held-out ones say of the forecast."""
    told, untold = spread(told=True), spread(told=False)
    rows, others = checks(told=True), checks(told=False)
    again = None
    if options.fit:
        again = fit(tuple(run for run in large_runs() if run.role is Role.CALIBRATION))
    if options.json:
        return as_json(
            {
                "rows": [_checked(*both) for both in zip(rows, others, strict=True)],
                "held_out_runs": told.runs,
                "told": _spread(told),
                "untold": _spread(untold),
                "one_share_root_mean_square": told.one_share,
                "fitted_again": None if again is None else asdict(again),
            }
        )
    words = Words(options.language)
    said = [
        cluster.judged(told, untold, rows, words),
        "",
        under_headings(cluster.check_columns(rows, others, words)),
    ]
    if again is not None:
        said += ["", ", ".join(f"{name} {value:g}" for name, value in asdict(again).items())]
    return "\n".join(said)


def _devices(options: argparse.Namespace, default: int) -> int:
    devices = default if options.devices is None else whole("--devices", options.devices)
    if devices < 1:
        raise InputError("Expected at least 1 device, got {value}.", value=devices)
    return devices


def _price(options: argparse.Namespace) -> float:
    """USD of a device hour. Raises :class:`InputError` for one that no list has and none said."""
    if options.price is not None:
        price = number("--price", options.price)
        if price < 0:
            raise InputError(
                "Expected a price per device hour of at least 0 USD, got {value}.", value=price
            )
        return price
    if options.device not in ACCELERATORS:
        raise InputError(
            "Expected --price for {device}: no price of it is on file here.", device=options.device
        )
    return ACCELERATORS[options.device].price_per_hour_usd


def _said(
    found: Scale, devices: int, planned: float | None, rate: float, words: Words, machine: bool
) -> str:
    if machine:
        return as_json(_document(found, rate))
    return "\n".join(
        [
            cluster.finding(found, devices, rate, words),
            "",
            under_headings(cluster.columns(found, rate, words)),
            "",
            cluster.limits(found, planned, words),
        ]
    )


def _document(found: Scale, rate: float) -> dict[str, Any]:
    return {
        "device": found.machine.name,
        "training": asdict(found.training),
        "forecasts": [
            {
                "devices": one.devices,
                "days": asdict(one.days),
                "device_hours": asdict(one.hours),
                "usd": asdict(one.usd),
                "jpy": asdict(
                    replace(
                        one.usd,
                        value=one.usd.value * rate,
                        low=one.usd.low * rate,
                        high=one.usd.high * rate,
                    )
                ),
                "utilisation": asdict(one.utilisation),
                "step_seconds": one.step.seconds,
                "layout": asdict(one.step.layout),
                "losses": asdict(one.losses),
            }
            for one in found.forecasts
        ],
        "unusable": list(found.unusable),
        "most_devices_at_a_tenth_more": found.most.devices,
    }


def _spread(errors: Spread) -> dict[str, Any]:
    return {"factor": asdict(errors.factor), "root_mean_square": errors.root_mean_square}


def _checked(one: Check, untold: Check) -> dict[str, Any]:
    run = one.run
    return {
        "name": run.name,
        "kind": str(run.kind),
        "role": str(run.role),
        "devices": run.devices,
        "device": run.machine.name,
        "device_hours": run.device_hours,
        "forecast_hours": one.hours,
        "utilisation": run.utilisation,
        "forecast_utilisation": one.utilisation,
        "error": one.error,
        "recompute": run.recompute,
        "untold_forecast_hours": untold.hours,
        "untold_error": untold.error,
        "found_again": run.found,
        "note": run.note,
        "source": run.source,
        "url": run.url,
    }
