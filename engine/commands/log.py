"""Show the log of decisions, or prove it whole: who saved, deleted, imported, started or cancelled
what, and when.

``verify`` has exit code 1 where a line was changed, removed or put in, and prints the hash of the
last line: note it elsewhere, and --expect proves later that all up to it still stands.
"""

import argparse
from dataclasses import asdict

from engine import decision_log
from engine.commands.options import add_json, as_json, as_table, run_action
from engine.decision.fitted import run_log


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="every entry, oldest first")
    listing.set_defaults(act=listed)
    proof = actions.add_parser("verify", help="whether every entry follows from the one before it")
    proof.add_argument(
        "--expect", default="", metavar="HASH", help="a last line's hash that was noted earlier"
    )
    proof.set_defaults(act=verified)
    for action in (listing, proof):
        add_json(action)


run = run_action


def listed(options: argparse.Namespace) -> str:
    """A line an entry: when, who, what."""
    found = decision_log.entries(run_log().folder)
    if options.json:
        return as_json([asdict(one) for one in found])
    if not found:
        return "Nothing is on record yet."
    return "\n".join(
        f"{one.number}  {one.at[:19]}  {one.user}{f' ({one.who})' if one.who else ''}  {one.act}  "
        + ", ".join(f"{name}: {value}" for name, value in one.what.items())
        for one in found
    )


def verified(options: argparse.Namespace) -> str:
    """Whether the log is whole; ``options.exit_code`` is 1 where it is not."""
    found = decision_log.verify(run_log().folder, expect=options.expect)
    options.exit_code = 0 if found.sound else 1
    if options.json:
        return as_json({"sound": found.sound, **asdict(found)})
    rows = [
        ("entries", str(found.entries)),
        ("last hash", found.head),
        ("whole", "yes" if found.sound else "no"),
    ]
    rows += [("wrong", sentence) for sentence in found.wrong]
    rows += [
        ("torn", f"line {line}, of a writer that was killed: it granted nothing")
        for line in found.torn
    ]
    return as_table(rows)
