"""The account of a population: what all trainings on its data have promised, and the cap.

``population set NAME --epsilon 8 --delta 1e-6`` gives one a cap, ``charge`` writes down a training
made elsewhere, ``show`` and ``list`` say what is spent. Pilots are charged by themselves.
"""

import argparse
from dataclasses import asdict

from engine.commands.options import add_json, as_json, as_table, number, run_action
from engine.commands.pilot_report import upwards
from engine.pilot.population import Account, Charge, account, charge
from engine.pilot.running.standing import started_plans
from engine.pilot.text.registry import Cap, changing, registry


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the actions and their options."""
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    setting = actions.add_parser("set", help="give a population a cap, or another one")
    charging = actions.add_parser("charge", help="write down a training made elsewhere, once")
    for action in (setting, charging):
        action.add_argument("name", metavar="NAME", help="small letters, digits and hyphens")
        action.add_argument("--epsilon", required=True, metavar="ε")
        action.add_argument("--delta", required=True, metavar="δ")
    charging.add_argument(
        "--what", required=True, metavar="TEXT", help="what it was; the same again counts once"
    )
    showing = actions.add_parser("show", help="all charges of a population")
    showing.add_argument("name", metavar="NAME")
    listing = actions.add_parser("list", help="every population: spent, cap, left")
    for action, act in (
        (setting, set_cap),
        (charging, add_charge),
        (showing, show),
        (listing, list_all),
    ):
        action.set_defaults(act=act)
        add_json(action)


run = run_action


def set_cap(options: argparse.Namespace) -> str:
    """The account under its new cap."""
    cap = Cap(epsilon=number("--epsilon", options.epsilon), delta=number("--delta", options.delta))
    with changing() as held:
        held[0] = held[0].with_population(options.name, cap)
    return show(options)


def add_charge(options: argparse.Namespace) -> str:
    """The account with the charge in it."""
    made = Charge(
        what=options.what,
        epsilon=number("--epsilon", options.epsilon),
        delta=number("--delta", options.delta),
    )
    charge(options.name, made, started_plans())
    return show(options)


def show(options: argparse.Namespace) -> str:
    """One account and its charges."""
    found = account(options.name, started_plans())
    if options.json:
        return as_json(_document(found))
    rows = [(found.population, _line(found))]
    rows += [
        (
            one.what,
            f"ε ≤ {upwards(one.epsilon)}, δ = {one.delta:.3g}, trainings: {one.trainings}"
            + (f", {one.at}" if one.at else ", never charged, but started"),
        )
        for one in found.charges
    ]
    return as_table(rows)


def list_all(options: argparse.Namespace) -> str:
    """A line a population."""
    plans = started_plans()
    found = [account(name, plans) for name in sorted(registry().populations)]
    if options.json:
        return as_json([_document(one) for one in found])
    rows = [(one.population, _line(one)) for one in found]
    return as_table(rows) if rows else "No population has an account yet."


def _document(found: Account) -> dict[str, object]:
    return {
        "population": found.population,
        "cap": asdict(found.cap),
        "spent": {"epsilon": found.epsilon, "delta": found.delta, "trainings": found.trainings},
        "left": asdict(found.left),
        "charges": [asdict(one) for one in found.charges],
    }


def _line(found: Account) -> str:
    return (
        f"ε ≤ {upwards(found.epsilon)} of {found.cap.epsilon:g}, δ = {found.delta:.3g} of "
        f"{found.cap.delta:.3g}, trainings: {found.trainings}"
    )
