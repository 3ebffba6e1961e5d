"""Look at this installation: each line ok, to be looked at, or broken, with what to do.

Covers Python and packages against their pins, evidence, law, runs, pilots and their ledgers,
folders and disks, font, GPU, and who may reach the dashboard. Exit code 1 where something is
broken. With --ready only what the dashboard needs to answer at once: exit code 1 also where the law
is not fitted yet, for the readiness probe of a container.
"""

import argparse
from dataclasses import asdict

from engine.commands.options import add_json, as_json
from engine.doctor.examination import NEEDED, findings
from engine.doctor.finding import Finding, State


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "--ready", action="store_true", help="only what is needed to answer; 0 once all is ok"
    )
    add_json(parser)


def run(options: argparse.Namespace) -> str:
    """What was found, as a table or JSON; ``options.exit_code`` says whether it is sound."""
    found = findings(only=NEEDED if options.ready else frozenset())
    options.exit_code = 1 if any(_is_in_the_way(one, options.ready) for one in found) else 0
    if options.json:
        return as_json(
            {"sound": options.exit_code == 0, "findings": [asdict(finding) for finding in found]}
        )
    width = max(len(finding.name) for finding in found)
    return "\n".join(_line(finding, width) for finding in found)


def _is_in_the_way(finding: Finding, ready: bool) -> bool:
    """Whether something is broken or, of who asks to be ready, a law still to be fitted."""
    return finding.state is State.BROKEN or (ready and finding.is_awaited)


def _line(finding: Finding, width: int) -> str:
    done = f": {finding.to_do}" if finding.to_do else ""
    return f"{finding.state:<6}  {finding.name:<{width}}  {finding.found}{done}"
