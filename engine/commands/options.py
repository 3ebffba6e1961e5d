"""Options and output that several commands share."""

import argparse
import json
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

from engine import durable
from engine.config import DEFAULT_DELTA, PLANNED_SAMPLINGS, Sampling, require_integer
from engine.decision.fitted import PUBLISHED_BERT, FittedEvidence
from engine.decision.question import Currency
from engine.errors import InputError
from engine.tables.numbers import Ambiguous, Mark, parse_number, typed_number
from engine.tables.table import Corrections, Detected
from engine.text import law_figures, privacy, tables
from engine.text.i18n import LANGUAGES, Words
from engine.text.terminal import tell


def run_action(options: argparse.Namespace) -> str:
    """What the action of a command that has several says: ``act`` of the chosen subparser. Raises
    :class:`InputError`."""
    said: str = options.act(options)
    return said


def number(name: str, text: str) -> float:
    """A number as people type it: 1e7, 10_000, 3.8e20, 0,5, 1億. Raises :class:`InputError`."""
    value = typed_number(name, text).value
    if isinstance(parse_number(text), Ambiguous):
        tell(f"{name}: {text} is read as {value:,}; a fraction needs a decimal point.")
    return float(value)


def whole(name: str, text: str) -> int:
    """A whole number, 1e7 included. Raises :class:`InputError`."""
    return require_integer(name, number(name, text))


def tell_reading(found: Detected | None) -> None:
    """Say how a table was read, unless it is as programs write it."""
    if found is not None and not tables.is_plain(found):
        tell(" ".join(tables.sentences(found, Words("en"))))


def tell_pooled(fitted: FittedEvidence) -> None:
    """Say what of the law is from another evidence: the effect of noise, or the forms' weights."""
    if fitted.noise_from:
        tell(
            f"The runs of {fitted.summary.id} were trained without noise: what noise does is "
            f"pooled from {fitted.noise_from}."
        )
    if (said := law_figures.forms_beforehand(fitted.fit, Words("en"))) is not None:
        tell(said)


def reading_as_json(found: Detected) -> dict[str, object]:
    """How a table was read, for machines."""
    return {
        "encoding": found.encoding,
        "separator": found.separator,
        "decimal": found.decimal,
        "header_line": found.header_line,
        "skipped": {str(reason): list(lines) for reason, lines in found.skipped.items()},
    }


def add_corrections(parser: argparse.ArgumentParser) -> None:
    """``--decimal`` and ``--encoding``: what a person knows better than the detection."""
    parser.add_argument(
        "--decimal",
        choices=[str(mark) for mark in Mark],
        help="the file's decimal mark (default: found from its cells)",
    )
    parser.add_argument(
        "--encoding", metavar="NAME", help="the file's encoding, such as cp932 (default: found)"
    )


def corrections(options: argparse.Namespace) -> Corrections:
    """Those options as the reader takes them. Raises :class:`InputError`."""
    return Corrections(
        encoding=options.encoding,
        decimal=None if options.decimal is None else Mark(options.decimal),
    )


def write_file(path: Path, content: bytes) -> None:
    """Write what a command was asked for, whole or not at all. Raises :class:`InputError`."""
    try:
        durable.write(path, content)
    except OSError as error:
        raise InputError(
            "Could not write {file}: {reason}.",
            file=str(path),
            reason=error.strerror or "unknown error",
        ) from error


def add_json(parser: argparse.ArgumentParser) -> None:
    """``--json``."""
    parser.add_argument("--json", action="store_true", help="print JSON for machines")


def add_sampling(
    parser: argparse.ArgumentParser, choices: Sequence[Sampling] = PLANNED_SAMPLINGS
) -> None:
    """``--sampling``."""
    banded = (
        "; banded: groups take turns, noise correlated over their steps"
        if Sampling.BANDED in choices
        else ""
    )
    parser.add_argument(
        "--sampling",
        choices=[str(scheme) for scheme in choices],
        default=Sampling.POISSON,
        help=f"how batches are drawn (default: poisson, add/remove neighbours{banded})",
    )


def add_delta(parser: argparse.ArgumentParser) -> None:
    """``--delta``."""
    parser.add_argument(
        "--delta", default=str(DEFAULT_DELTA), metavar="δ", help="(default: %(default)s)"
    )


def warn_delta(data_budget: float, delta: float, language: str = "en") -> None:
    """Say on standard error what a δ of 1/N or more allows; nothing where it is smaller."""
    if sentence := privacy.published_whole(data_budget, delta, Words(language)):
        tell(sentence)


def add_evidence(parser: argparse.ArgumentParser) -> None:
    """``--evidence``."""
    parser.add_argument(
        "--evidence",
        default=PUBLISHED_BERT,
        metavar="ID",
        help="family of runs behind the law (default: %(default)s)",
    )


def add_choice(parser: argparse.ArgumentParser) -> None:
    """``--without`` and ``--with``."""
    parser.add_argument(
        "--without",
        nargs="+",
        action="extend",
        default=[],
        metavar="RUN",
        help="runs to leave out: names in their files, or ids",
    )
    parser.add_argument(
        "--with",
        dest="also",
        nargs="+",
        action="extend",
        default=[],
        metavar="RUN",
        help="runs to take in that are left out as suspicious",
    )


def add_currency(parser: argparse.ArgumentParser) -> None:
    """``--currency``."""
    parser.add_argument(
        "--currency",
        choices=[str(currency) for currency in Currency],
        default=str(Currency.JPY),
        help="of every amount of money (default: %(default)s)",
    )


def add_language(parser: argparse.ArgumentParser) -> None:
    """``--language``."""
    parser.add_argument(
        "--language",
        choices=sorted(LANGUAGES),
        default="en",
        help="of names and sentences (default: %(default)s)",
    )


def as_json(value: object) -> str:
    """Indented JSON; NaN and infinities are refused, for no standard parser reads them."""
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)


def as_table(rows: Sequence[tuple[str, str]]) -> str:
    """Two aligned columns."""
    width = max(_columns(name) for name, _ in rows)
    return "\n".join(f"{name}{' ' * (width - _columns(name))}  {value}" for name, value in rows)


def as_columns(rows: Sequence[Sequence[str]]) -> str:
    """Columns aligned on the right, under their headings."""
    widths = [max(map(_columns, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            f"{' ' * (width - _columns(cell))}{cell}"
            for cell, width in zip(row, widths, strict=True)
        )
        for row in rows
    )


def under_headings(columns: Mapping[str, Sequence[str]]) -> str:
    """A table of columns by their headings, as :func:`as_columns` writes it."""
    return as_columns([list(columns), *zip(*columns.values(), strict=True)])


def _columns(text: str) -> int:
    """Columns of a terminal: Japanese characters take two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def hours_for(money: str, price: str | None) -> float:
    """Hours of this machine that ``--money`` buys at the ``--price`` of one."""
    if price is None:
        raise InputError("Expected --price with --money: what an hour of this machine costs.")
    return number("--money", money) / hour_price(price)


def hour_price(price: str) -> float:
    """``--price`` of an hour of this machine. Raises :class:`InputError` unless above 0."""
    each = number("--price", price)
    if not each > 0:
        raise InputError("Expected --price above 0, got {value}.", value=price)
    return each
