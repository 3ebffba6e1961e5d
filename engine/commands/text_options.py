"""Which text a command is to read: kind, path, columns, tokenizer, or a registered one's name."""

import argparse
from dataclasses import replace
from typing import TypedDict

from engine.commands.options import whole
from engine.durable import expanded
from engine.errors import InputError
from engine.pilot.plan import TABLES, WINDOW, CorpusSource
from engine.pilot.starts import card_of, is_foreign, tokenizer_file
from engine.pilot.text.docstrings import KINDS
from engine.pilot.text.identity import Rule
from engine.pilot.text.public_tokenizers import names
from engine.pilot.text.registry import registry

CORPORA = (*KINDS, "folder", "jsonl", "csv", "parquet", "huggingface")
TEXT_COLUMN = "text"
"""Of a table, where none is named."""


def add_corpus(parser: argparse.ArgumentParser) -> None:
    """Which text to train on."""
    parser.add_argument(
        "--corpus",
        choices=CORPORA,
        default="docstrings",
        help="kind of text (default: docstrings of the installed packages, public; python-source: "
        "their functions)",
    )
    parser.add_argument("--path", default="", help="file, folder or data set; not for these two")
    parser.add_argument(
        "--text", metavar="NAME", help="a registered text, in place of all these (`texts list`)"
    )
    add_columns(parser)


def add_columns(parser: argparse.ArgumentParser) -> None:
    """Which columns hold text and person, how persons are told apart, and the tokenizer."""
    parser.add_argument(
        "--text-column", default=TEXT_COLUMN, metavar="NAME", help="(default: %(default)s)"
    )
    parser.add_argument(
        "--unit-column", metavar="NAME", help="column that names the person (default: none)"
    )
    parser.add_argument(
        "--distinct",
        action="append",
        default=[],
        choices=[str(rule) for rule in Rule],
        metavar="RULE",
        help="do not apply this rule to the person's column, so that such spellings are different "
        "people (default: all apply: " + ", ".join(Rule) + ")",
    )
    parser.add_argument(
        "--tokenizer",
        metavar="NAME",
        help="of public text, by its name (`tokenizer list`) or its file (default: that of an "
        "imported start, else bytes)",
    )
    parser.add_argument(
        "--window",
        metavar="TOKENS",
        help="of an example; other windows than the default's are another family, to which the law "
        f"is carried over (default: that of an imported start, else {WINDOW})",
    )


class Columns(TypedDict):
    """What :func:`add_columns` asks, as arguments of a source."""

    text_column: str
    unit_column: str | None
    rules_off: tuple[str, ...]
    tokenizer: str
    window: int


def columns_of(options: argparse.Namespace) -> Columns:
    """The columns, and the tokenizer under its absolute path: without another word those that an
    imported start reads with."""
    named, window = _read_by(options) or ("bytes", WINDOW)
    tokenizer = named if options.tokenizer is None else options.tokenizer
    return Columns(
        text_column=options.text_column,
        unit_column=options.unit_column,
        rules_off=tuple(sorted(set(options.distinct))),
        tokenizer=tokenizer if tokenizer in ("bytes", *names()) else _absolute(tokenizer),
        window=window if options.window is None else whole("--window", options.window),
    )


def _read_by(options: argparse.Namespace) -> tuple[str, int] | None:
    """Tokenizer and window of the imported start that was named; None of any other, and of none."""
    start = getattr(options, "from_start", None)
    if start is None or not is_foreign(shape := card_of(start).shape):
        return None
    return str(tokenizer_file(start)), shape.sequence_length


def source_of(options: argparse.Namespace) -> CorpusSource:
    """The text, under absolute paths: a process elsewhere must find it."""
    kind, path = options.corpus, options.path
    if options.text is not None:
        if path or kind != "docstrings" or _names_columns(options):
            raise InputError(
                "Expected --text for a registered text or --corpus, --path and columns for "
                "another, got both."
            )
        return _read_otherwise(registry().source(options.text), options)
    if (kind in KINDS) == bool(path):
        raise InputError(
            "Expected --path for a text of your own and none for docstrings or python-source, got "
            "--corpus {kind} --path {path}.",
            kind=kind,
            path=path or '""',
        )
    if kind not in TABLES and _names_columns(options):
        raise InputError(
            "Expected --text-column, --unit-column and --distinct with a table (jsonl, csv, "
            "parquet or huggingface), got a text of the kind {kind}, which has no columns.",
            kind=kind,
        )
    # The name of a data set on a hub is no path.
    is_local = path and (kind != "huggingface" or expanded(path).exists())
    return CorpusSource(
        kind=kind,
        path=_absolute(path) if is_local else path,
        **columns_of(options),
    )


def _names_columns(options: argparse.Namespace) -> bool:
    return bool(options.text_column != TEXT_COLUMN or options.unit_column or options.distinct)


def _read_otherwise(source: CorpusSource, options: argparse.Namespace) -> CorpusSource:
    """The registered text, by another tokenizer or window where one was named."""
    asked = columns_of(options)
    named = _read_by(options) is not None
    if named or options.tokenizer is not None:
        source = replace(source, tokenizer=asked["tokenizer"])
    if named or options.window is not None:
        source = replace(source, window=asked["window"])
    return source


def _absolute(path: str) -> str:
    return str(expanded(path).absolute())
