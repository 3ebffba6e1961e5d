"""The questions of the dashboard on the command line: ``python -m engine COMMAND --help``.

Prints a readable table, or JSON for machines with ``--json``. What is refused goes to standard
error in one sentence, with exit code 2. An answer that did not arrive has exit code 1, and so has
one that says no (doctor).
"""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

from engine.errors import InputError
from engine.text import terminal
from engine.text.i18n import FIELDS, Words

COMMANDS = (
    "recommend", "uses", "prices", "cluster", "predict", "calibrate", "epsilon", "mechanisms",
    "correlated", "fit", "transfer", "runs", "law", "pilot", "texts", "population", "access",
    "starts", "tokenizer", "finetune", "sweep", "table", "scenarios", "doctor", "log",
)  # fmt: skip
"""Modules of engine.commands, in the order of the help."""


_OPTIONS = {"compute_flops": "compute", "data_budget": "data"}
"""Fields whose options are called otherwise."""


class _Parser(argparse.ArgumentParser):
    """Refuses in one sentence, as everything else here does; usage is for --help."""

    def error(self, message: str) -> NoReturn:
        terminal.tell(f"{message[0].upper()}{message[1:]}: see {self.prog} --help.")
        self.exit(2)

    def print_help(self, file: object = None) -> None:
        """On standard output, as an answer."""
        if not terminal.say(self.format_help().rstrip("\n")):
            self.exit(1)


def parser(commands: Sequence[str] = COMMANDS) -> argparse.ArgumentParser:
    """These commands with their options; only their modules are loaded."""
    top = _Parser(prog="python -m engine", description=__doc__.split("\n")[0])
    subparsers = top.add_subparsers(metavar="COMMAND", required=True)
    for name in commands:
        command = import_module(f"engine.commands.{name}")
        description = (command.__doc__ or "").strip()
        subparser = subparsers.add_parser(
            name, help=description.split("\n")[0], description=description
        )
        command.add_arguments(subparser)
        subparser.set_defaults(run=command.run)
    return top


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    terminal.prepare()
    arguments = sys.argv[1:] if arguments is None else arguments
    asked = [name for name in arguments[:1] if name in COMMANDS]
    options = parser(asked or COMMANDS).parse_args(arguments)
    try:
        answer: str = options.run(options)
    except InputError as error:
        terminal.tell(_refusal(error, options))
        return 2
    arrived = terminal.say(answer, is_json=getattr(options, "json", False))
    return getattr(options, "exit_code", 0) if arrived else 1


def _refusal(error: InputError, options: argparse.Namespace) -> str:
    """The sentence in the language asked for; English keeps numbers as they were typed and calls a
    field by the option that it was given with."""
    language: str = getattr(options, "language", "en")
    if language != "en":
        return Words(language).plain_refusal(error)
    values = dict(error.values)
    field = values.get("name")
    option = _OPTIONS.get(str(field), str(field))
    if field in FIELDS and hasattr(options, option):
        values["name"] = f"--{option.replace('_', '-')}"
    return error.template.format(**values)


if __name__ == "__main__":
    raise SystemExit(main())
