"""Say who may do what on a dashboard with login: what each role holds, and whom the file of roles
names.

``access roles`` lists the rights of each role, ``check`` reads the file (``access.toml`` beside the
folder of runs, or KESSAI_ACCESS) and lists who has which role, or says what is wrong with it.
"""

import argparse
import stat
from pathlib import Path

from engine.access.check import holders
from engine.access.rights import HOLDS, SAID, Right, Role
from engine.access.roles_file import read, roles_file
from engine.commands.options import add_json, as_json, as_table, run_action
from engine.runs.log import data_folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the actions and their options."""
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    roles = actions.add_parser("roles", help="what each role may do")
    roles.set_defaults(act=show_roles)
    check = actions.add_parser("check", help="who has which role, or what is wrong with the file")
    check.set_defaults(act=check_file)
    for action in (roles, check):
        add_json(action)


run = run_action


def show_roles(options: argparse.Namespace) -> str:
    """A line a right: its words, and the roles that hold it."""
    if options.json:
        return as_json({role: [right for right in Right if right in HOLDS[role]] for role in Role})
    return as_table([(str(SAID[right]), holders(right)) for right in Right])


def check_file(options: argparse.Namespace) -> str:
    """Who has which role. Raises :class:`InputError` for a file that gives nobody any."""
    path = roles_file(data_folder())
    found = read(path)
    looks = _looks(path)
    if options.json:
        return as_json(
            {
                "file": str(path),
                "default": sorted(found.default),
                "hours": found.hours,
                "claim": found.claim,
                "accepts_unverified": found.accepts_unverified,
                "people": {who: sorted(roles) for who, roles in sorted(found.people.items())},
                "groups": {who: sorted(roles) for who, roles in sorted(found.groups.items())},
                "look": looks,
            }
        )
    rows = [
        ("file", str(path)),
        ("whoever signs in", ", ".join(sorted(found.default)) or "no role"),
        ("a sign-in lasts", f"{found.hours:g} hours"),
        ("unverified e-mails", "accepted" if found.accepts_unverified else "refused"),
    ]
    rows += [(who, ", ".join(sorted(roles))) for who, roles in sorted(found.people.items())]
    rows += [
        (f"group {name} (claim {found.claim})", ", ".join(sorted(roles)))
        for name, roles in sorted(found.groups.items())
    ]
    rows += [("look", sentence) for sentence in looks]
    return as_table(rows)


def _looks(path: Path) -> list[str]:
    """What lets somebody else write the file."""
    return [
        f"{place} can be written by others: who may write it gives out every role"
        for place in (path, path.parent)
        if (mode := place.stat().st_mode) & stat.S_IWOTH and not mode & stat.S_ISVTX
    ]
