"""A person's own figures as the text of a link: which assumptions differ from the defaults, and
measured pairs of loss and metric.

A changed row is ``name=value~low~high~distribution``, with ``~source~dated`` behind it where those
were changed too, and its unit of loss behind those where that is another one; rows are apart by
semicolons. Pairs are ``loss,metric``, apart by semicolons, with the unit of their losses before
them. Both are None where nothing is a person's own. Pure, and without a sidebar: the figures that
it holds (price, utilisation, overhead, rate) have fields of their own in a link.

>>> of = table(MetricKind.MINUTES_SAVED, "adoption=0.8~0.3~0.85~pert")
>>> of["adoption"].value, written(of, table(MetricKind.MINUTES_SAVED, None))
(0.8, 'adoption=0.8~0.3~0.85~pert')
>>> read_pairs("bits per byte\\n2.0, 4.5\\n2.5; 3.9\\n3.0 2.4")
(<Measure.BITS_PER_BYTE: 'bits-per-byte'>, ((2.0, 4.5), (2.5, 3.9), (3.0, 2.4)))
"""

import re
import unicodedata
from dataclasses import replace
from functools import lru_cache
from typing import NotRequired, TypedDict
from urllib.parse import unquote

from engine.errors import InputError
from engine.loss_unit import Measure, measure
from engine.roi.assumptions import Assumption, Assumptions, Distribution
from engine.roi.defaults import DEFAULT_ASSUMPTIONS, OF_METRIC, require_metrics, with_metric
from engine.roi.inputs import INPUTS
from engine.roi.kinds import MetricKind
from engine.roi.metric import Curve, assumed, fit_metric
from engine.tables.numbers import Ambiguous, Number, parse_number, unclear

EXAMPLE = "adoption=0.8~0.3~0.85~pert"
LONGEST = 20_000
"""Characters; enough for every row changed, with a source of 300 characters each."""
MOST_PAIRS = 100
_ROW, _PART = ";", "~"
_REMEMBERED = 64


class _Change(TypedDict):
    """The fields of one row; ``source`` and ``dated`` where one of them is a person's own."""

    value: float
    low: float
    high: float
    distribution: Distribution
    source: NotRequired[str]
    dated: NotRequired[str]
    unit: NotRequired[str]


def read(text: str) -> str:
    """The same rows in the order of the table; :class:`InputError` if ``text`` holds none."""
    changes = _changes(text)
    return _ROW.join(_line(name, changes[name]) for name in INPUTS if name in changes)


@lru_cache(maxsize=_REMEMBERED)
def table(kind: MetricKind, text: str | None) -> Assumptions:
    """The default table for a metric with these changes. Raises :class:`InputError` for figures
    that do not go together."""
    base = with_metric(DEFAULT_ASSUMPTIONS, kind)
    if text is None:
        return base
    rows = [replace(base[name], **change) for name, change in _changes(text).items()]
    own = base.changed(rows)
    require_metrics(own, kind)
    return own


def written(own: Assumptions, base: Assumptions, begins: Assumptions | None = None) -> str | None:
    """The rows of ``own`` that differ from ``base``, written for a reader that begins from
    ``begins`` (by default ``base`` too). Raises :class:`InputError` where that is more than a link
    can hold."""
    begins = begins or base
    lines = [
        _line(row.name, _change(row, begins[row.name])) for row in own.rows if row != base[row.name]
    ]
    text = _ROW.join(lines)
    if len(text) > LONGEST:
        raise InputError(
            "Expected changed assumptions of at most {most} characters in all, got {count}: "
            "shorten the sources.",
            most=LONGEST,
            count=len(text),
        )
    return text or None


def split(text: str | None) -> tuple[str | None, str | None]:
    """The changes of figures that belong to the metric, and all others."""
    lines = text.split(_ROW) if text else []
    own = [line for line in lines if line.partition("=")[0] in OF_METRIC]
    rest = [line for line in lines if line not in own]
    return _ROW.join(own) or None, _ROW.join(rest) or None


def joined(*texts: str | None) -> str | None:
    """Changes of different figures together."""
    return read(_ROW.join(filter(None, texts))) if any(texts) else None


def pairs_text(text: str) -> str | None:
    """Pairs as a link has them; None for none. Raises :class:`InputError` for a line that is
    none."""
    unit, read = read_pairs(text)
    pairs = [f"{loss:.12g},{metric:.12g}" for loss, metric in read]
    if len(pairs) == 2 and all(pair.replace(",", "").isdigit() for pair in pairs):
        pairs[0] = pairs[0].replace(",", ".0,")  # 2,8;3,1 could be two numbers
    return _ROW.join([*([str(unit)] if unit else []), *pairs]) if pairs else None


def pairs_lines(text: str | None) -> str:
    """The same as a person types them: a unit, if one was given, and a pair a line."""
    return "\n".join((text or "").replace(",", ", ").split(_ROW))


def read_pairs(text: str) -> tuple[Measure | None, tuple[tuple[float, float], ...]]:
    """The unit of the losses, None where it is not stated, and the pairs.

    A first line without a digit is the unit. Then loss and metric, apart by a comma, semicolon,
    tab or space: one pair a line, or, as in a link, pairs without blanks apart by semicolons.
    """
    # Digits and commas may be of full width, as one types them in Japanese.
    text = unicodedata.normalize("NFKC", text)
    unit, text = _unit_before(text)
    if re.fullmatch(r"\d+,\d+;\d+,\d+", text):
        raise InputError(
            "Expected one meaning of “{value}”: type a decimal point, or each pair on a line.",
            value=text[:40],
        )
    lines = text.split(_ROW) if re.fullmatch(r"[^\s;]+,[^\s;]+(;[^\s;]+,[^\s;]+)*", text) else None
    lines = lines or list(filter(None, map(str.strip, text.splitlines())))
    if len(lines) > MOST_PAIRS:
        raise InputError(
            "Expected at most {most} pairs, got {count}: keep those that matter.",
            most=MOST_PAIRS,
            count=len(lines),
        )
    pairs = []
    for line in lines:
        parts = [part for part in _between_pair(line) if part]
        found = [parse_number(part) for part in parts]
        if doubtful := [number for number in found if isinstance(number, Ambiguous)]:
            raise unclear("pairs", doubtful[0])
        numbers = [float(number.value) for number in found if isinstance(number, Number)]
        if len(numbers) != 2 or len(found) != 2:
            raise InputError(
                "Expected a loss and a metric on each line, such as 2.8, 3.1; got “{value}”.",
                value=line[:40],
            )
        pairs.append((numbers[0], numbers[1]))
    return unit, tuple(pairs)


def _unit_before(text: str) -> tuple[Measure | None, str]:
    """The unit that a first line or part without a digit states, and the pairs behind it."""
    stated = re.match(r"\s*([^\d\n;]*[^\d\s;][^\d\n;]*)(?:[\n;]|$)", text)
    return (measure(stated[1]), text[stated.end() :]) if stated else (None, text)


def _between_pair(line: str) -> list[str]:
    """The parts of a line: a comma separates them only where nothing clearer does, since it may be
    a decimal mark ("2,8 3,1")."""
    for separator in (r"[;\t、]", r",\s+", r"\s+"):
        if re.search(separator, line.strip(" ,;、")):
            return re.split(rf"\s*{separator}\s*", line.strip(" ,;、"))
    return line.split(",")


@lru_cache(maxsize=_REMEMBERED)
def curve(kind: MetricKind, text: str | None, own: Assumptions) -> Curve:
    """The curve through the pairs in ``text``; the assumed one if there are none.

    The ceiling is the table's metric of a perfect model. Raises :class:`InputError` for a table or
    pairs with values that the metric cannot have.
    """
    require_metrics(own, kind)
    unit, pairs = read_pairs(text or "")
    if not pairs:
        return assumed(kind, own)
    return fit_metric(kind, pairs, own["metric_ceiling"].value, stated=unit)


def _changes(text: str) -> dict[str, _Change]:
    if len(text) > LONGEST:
        raise _no_changes(text)
    found: dict[str, _Change] = {}
    for line in text.split(_ROW):
        name, _, content = line.partition("=")
        parts = content.split(_PART)
        if name not in INPUTS or name in found or len(parts) not in (4, 6, 7):
            raise _no_changes(line)
        try:
            value, low, high = map(float, parts[:3])
        except ValueError:
            raise _no_changes(line) from None
        change: _Change = {
            "value": value,
            "low": low,
            "high": high,
            "distribution": _distribution(name, parts[3]),
        }
        if len(parts) > 4:
            change["source"], change["dated"] = map(unquote, parts[4:6])
        if len(parts) == 7:
            change["unit"] = parts[6]
        replace(DEFAULT_ASSUMPTIONS[name], **change)  # refuses what no figure can be
        found[name] = change
    return found


def _distribution(name: str, text: str) -> Distribution:
    try:
        return Distribution(text)
    except ValueError:
        raise InputError(
            "Expected fixed, pert or lognormal for {name}, got {value}.", name=name, value=text
        ) from None


def _change(row: Assumption, base: Assumption) -> _Change:
    change: _Change = {
        "value": row.value,
        "low": row.low,
        "high": row.high,
        "distribution": row.distribution,
    }
    if (row.source, row.dated, row.unit) != (base.source, base.dated, base.unit):
        change["source"], change["dated"] = row.source, row.dated
    if row.unit != base.unit:
        change["unit"] = row.unit
    return change


def _line(name: str, change: _Change) -> str:
    numbers = (change["value"], change["low"], change["high"])
    parts = [repr(float(number)).removesuffix(".0") for number in numbers]
    parts.append(change["distribution"].value)
    if "source" in change:
        parts += [_escaped(change["source"]), _escaped(change["dated"])]
    if "unit" in change:
        parts.append(change["unit"])
    return f"{name}={_PART.join(parts)}"


def _escaped(text: str) -> str:
    """The text with the separators of this grammar percent-encoded; ``unquote`` reverses it."""
    return re.sub(f"[%{_ROW}{_PART}]", lambda match: f"%{ord(match[0]):02X}", text)


def _no_changes(text: str) -> InputError:
    return InputError(
        "Expected changed assumptions such as {example}, got “{value}”: copy the link again.",
        example=EXAMPLE,
        value=text[:40],
    )
