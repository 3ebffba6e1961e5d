"""A number as people and spreadsheets write it, read by both conventions before it is believed.

A text is read once with a decimal point (thousands apart by commas) and once with a decimal comma
(thousands apart by points). Where only one reading is a number, or both are the same, that is the
number; where they differ, nobody can know, and the result says so with both values. Thousands stand
in threes, and never in a mantissa with an exponent.

Also read: percent (divided by 100), signs of currency, full-width digits, 10²⁰ and × 10^20, k M B T
and their words, 万 億 兆 with 十 百 千 before them, digits in kanji.

Not covered: grouping in other lengths (12,34,567 is refused), fractions, ranges, and the conversion
of one currency into another: the unit that stood in the text is handed on with the number.

>>> parse_number("0,5"), parse_number("1,234,567").value, parse_number("1億2千万人").value
(Number(value=0.5, unit='', decimal=<Mark.COMMA: 'comma'>), 1234567, 120000000)
>>> parse_number("1,500")
Ambiguous(text='1,500', with_point=1500, with_comma=1.5)
>>> parse_number("1,500", decimal=Mark.COMMA).value, parse_number("60 %").value
(1.5, 0.6)
"""

import math
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from engine.errors import InputError


class Mark(StrEnum):
    """What separates the whole from the fraction."""

    POINT = "point"
    COMMA = "comma"


@dataclass(frozen=True, kw_only=True)
class Number:
    """What a text says beyond doubt."""

    value: float | int
    """Finite; whole numbers up to 2⁵³ exactly, as ``int``. Percent is divided already."""
    unit: str = ""
    """"%", a currency ("JPY", "USD", "EUR", "GBP"), or the word that stood behind the number."""
    decimal: Mark | None = None
    """The mark that the text proves by its form; None where it fits both."""


@dataclass(frozen=True, kw_only=True)
class Ambiguous:
    """A text that is one number with a decimal point and another with a decimal comma."""

    text: str
    with_point: float | int
    with_comma: float | int

    @property
    def leads_with_zero(self) -> bool:
        """Whether the thousands would begin with 0, which nobody writes on purpose."""
        return _leads_with_zero(_without_unit(self.text)[0])


@dataclass(frozen=True, kw_only=True)
class NotANumber:
    """A text that is no finite number by either convention."""

    text: str


Reading = Number | Ambiguous | NotANumber

LONGEST = 200
"""Characters; a longer text is no number that anybody typed."""

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_KANJI_DIGITS = str.maketrans("〇零一二三四五六七八九壱弐参拾", "0012345678912" + "3十")
_SIGNS = str.maketrans({"−": "-", "–": "-", "△": "-", "▲": "-", "’": "'"})
_CURRENCIES = {
    "¥": "JPY", "jpy": "JPY", "円": "JPY", "yen": "JPY",
    "us$": "USD", "$": "USD", "usd": "USD", "ドル": "USD",
    "€": "EUR", "eur": "EUR", "ユーロ": "EUR",
    "£": "GBP", "gbp": "GBP",
}  # fmt: skip
CURRENCIES = frozenset(_CURRENCIES.values())
"""Units of :attr:`Number.unit` that are money."""
_WORDS = (
    "people",
    "persons",
    "person",
    "parameters",
    "parameter",
    "flops",
    "flop",
    "人",
    "名",
    "件",
)
_BEFORE = re.compile(rf"^([+-]?)({'|'.join(map(re.escape, _CURRENCIES))})(?=[+-]?[\d.,])")
_BEHIND = re.compile(rf"({'|'.join(map(re.escape, (*_CURRENCIES, *_WORDS, '%')))})$")
_SCALES = {
    "": 1, "k": 10**3, "m": 10**6, "b": 10**9, "t": 10**12,
    "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12,
}  # fmt: skip
_ENGLISH = re.compile(rf"([\d.,' _]+)(?:e([+-]?\d{{1,4}}))?({'|'.join(filter(None, _SCALES))})?")
_LARGE = {"万": 10**4, "億": 10**8, "兆": 10**12, "京": 10**16}
_SMALL = {"十": 10, "百": 100, "千": 1000}
_JAPANESE_SECTION = re.compile(rf"([^{''.join(_LARGE)}]+)([{''.join(_LARGE)}]?)")
_JAPANESE_PART = re.compile(rf"([\d.,' _]*)([{''.join(_SMALL)}]?)")
_GROUPS = {Mark.POINT: ",' _", Mark.COMMA: ".' _"}
_PLAIN = {
    mark: (
        re.compile(
            rf"(\d+|\d{{1,3}}([{re.escape(groups)}])\d{{3}}(?:\2\d{{3}})*)?(?:{re.escape(sign)}(\d*))?"
        ),
        sign,
    )
    for mark, groups, sign in (
        (Mark.POINT, _GROUPS[Mark.POINT], "."),
        (Mark.COMMA, _GROUPS[Mark.COMMA], ","),
    )
}
_EXACT = 2**53
_NOT_FINITE = {
    "nan": math.nan, "inf": math.inf, "infinity": math.inf, "∞": math.inf, "#num!": math.nan,
    "#div/0!": math.nan,
}  # fmt: skip


def parse_number(text: str, *, decimal: Mark | None = None) -> Reading:
    """What ``text`` says; with ``decimal``, by that convention alone.

    >>> parse_number("12,34,567"), parse_number("1.234,56").value
    (NotANumber(text='12,34,567'), 1234.56)
    >>> [parse_number(text).value for text in ("3.8 × 10²⁰ FLOPs", "¥1,200,000", "二千五百万")]
    [3.8e+20, 1200000, 25000000]
    """
    if len(text) > LONGEST:
        return NotANumber(text=text)
    tidy, unit = _without_unit(text)
    readings = {mark: _value(tidy, mark) for mark in Mark}
    if decimal is not None:
        return _by(text, unit, readings, decimal)
    point, comma = readings[Mark.POINT], readings[Mark.COMMA]
    if point is None and comma is None:
        return NotANumber(text=text)
    if point is None or comma is None or point == comma:
        proven = None if point == comma else Mark.COMMA if point is None else Mark.POINT
        value = point if comma is None else comma
        assert value is not None, "one of the two readings is a number"
        return _number(text, value, unit, proven)
    if "," not in tidy or any(letter in tidy for letter in _LARGE):
        # One point and three digits behind it: programs and Japanese texts write decimals so.
        return _number(text, point, unit, Mark.POINT if _leads_with_zero(tidy) else None)
    return _doubtful(text, unit, point, comma)


def both_readings(text: str) -> Ambiguous | None:
    """The two values of a text that each convention reads otherwise; None where they agree.

    Of "1.500" :func:`parse_number` alone says 1.5; a table whose other cells prove a decimal
    comma means 1,500 by it.
    """
    if len(text) > LONGEST:
        return None
    tidy, unit = _without_unit(text)
    point, comma = (_value(tidy, mark) for mark in Mark)
    if point is None or comma is None or point == comma:
        return None
    found = _doubtful(text, unit, point, comma)
    return found if isinstance(found, Ambiguous) else None


def not_finite(text: str) -> float | None:
    """NaN or an infinity where ``text`` says one, as logs and spreadsheets write it; else None.

    >>> not_finite("-inf"), not_finite("0"), not_finite("NaN")
    (-inf, None, nan)
    """
    tidy = unicodedata.normalize("NFKC", text).strip().lower()
    sign = -1.0 if tidy.startswith("-") else 1.0
    value = _NOT_FINITE.get(tidy.lstrip("+-"))
    return None if value is None else sign * value


def typed_number(name: str, text: str) -> Number:
    """The number that a person typed alone, without a table around it: "1,500" is 1,500.

    Raises :class:`InputError` for "0,500", which could be 0.5 or 500, and for what is no number.

    >>> typed_number("epsilon", "0,5").value, typed_number("people", "1,500").value
    (0.5, 1500)
    """
    found = parse_number(text)
    if isinstance(found, Ambiguous) and not found.leads_with_zero and "e" not in text.lower():
        _, unit = _without_unit(text)
        return _number_or_raise(name, _number(text, Fraction(found.with_point), unit, None), text)
    return _number_or_raise(name, found, text)


def unclear(name: str, found: Ambiguous) -> InputError:
    """The question that an ambiguous number asks back."""
    return InputError(
        "Expected one meaning of “{value}” for {name}: type {first} or {second}.",
        value=found.text.strip()[:40],
        name=name,
        first=_shown(found.with_comma),
        second=_shown(found.with_point),
    )


UNITLESS = frozenset(["epsilon"])
"""What is no share and no money: "400%" may be meant as 4 or as 400, and is asked back."""


def _number_or_raise(name: str, found: Reading, text: str) -> Number:
    if isinstance(found, Number):
        if found.unit and name.lstrip("-") in UNITLESS:
            raise InputError(
                "Expected {name} without {unit}, got {value}: type the number alone.",
                name=name,
                unit=found.unit,
                value=text.strip()[:40],
            )
        return found
    if isinstance(found, Ambiguous):
        raise unclear(name, found)
    raise InputError(
        "Expected a number for {name}, got {value}.", name=name, value=found.text[:40] or "nothing"
    )


def _leads_with_zero(tidy: str) -> bool:
    return tidy.lstrip("+-").startswith("0")


def _shown(value: float | int) -> str:
    return str(value) if isinstance(value, int) else f"{value:.12g}"


def _without_unit(text: str) -> tuple[str, str]:
    """The text in one form of digits, signs and spaces, and the unit that stood in it."""
    text = "".join(letter for letter in text if unicodedata.category(letter) != "Cf")
    raised = re.sub(r"[⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺]+", lambda run: "^" + run[0].translate(_SUPERSCRIPTS), text)
    tidy = unicodedata.normalize("NFKC", raised).lower().translate(_SIGNS).strip()
    tidy = tidy.removeprefix("'").strip()  # how a spreadsheet marks a text
    tidy = re.sub(r"\s+", " ", tidy)
    tidy = re.sub(r"(?<!\d) | (?!\d)", "", tidy)
    tidy = re.sub(r"[×x*]10(?:\^|\*\*)", "e", tidy)
    tidy = re.sub(r"^([+-]?)10(?:\^|\*\*)", r"\g<1>1e", tidy)
    tidy = re.sub(r"e ", "e", tidy)
    unit = ""
    if behind := _BEHIND.search(tidy):
        tidy, unit = tidy[: behind.start()], _CURRENCIES.get(behind[1], behind[1])
    if before := _BEFORE.match(tidy):
        unit = _CURRENCIES[before[2]]
        tidy = before[1] + tidy[before.end() :]
    return tidy.translate(_KANJI_DIGITS), unit


def _by(text: str, unit: str, readings: dict[Mark, Fraction | None], decimal: Mark) -> Reading:
    value = readings[decimal]
    if value is None:
        return NotANumber(text=text)
    other = readings[Mark.COMMA if decimal is Mark.POINT else Mark.POINT]
    found = None if other is None or other == value else _doubtful(text, unit, value, other)
    if isinstance(found, Ambiguous) and found.leads_with_zero and value > 1 > (other or 1):
        point, comma = (other, value) if decimal is Mark.COMMA else (value, other)
        return _doubtful(text, unit, point or Fraction(0), comma or Fraction(0))
    return _number(text, value, unit, None)


def _doubtful(text: str, unit: str, point: Fraction, comma: Fraction) -> Reading:
    first, second = _number(text, point, unit, None), _number(text, comma, unit, None)
    if isinstance(first, Number) and isinstance(second, Number):
        return Ambiguous(text=text, with_point=first.value, with_comma=second.value)
    return NotANumber(text=text)


def _number(text: str, value: Fraction, unit: str, decimal: Mark | None) -> Number | NotANumber:
    if unit == "%":
        value /= 100
    if value.denominator == 1 and abs(value) <= _EXACT:
        return Number(value=int(value), unit=unit, decimal=decimal)
    try:
        return Number(value=float(value), unit=unit, decimal=decimal)
    except OverflowError:
        return NotANumber(text=text)


def _value(tidy: str, mark: Mark) -> Fraction | None:
    """The value by one convention; None where it is none."""
    negative = tidy.startswith("-")
    body = tidy[1:] if tidy[:1] in ("+", "-") else tidy
    if match := _ENGLISH.fullmatch(body):
        value = _english(match[1], match[2], match[3] or "", mark)
    else:
        value = _japanese(body, mark)
    return None if value is None else -value if negative else value


def _english(mantissa: str, exponent: str | None, scale: str, mark: Mark) -> Fraction | None:
    pattern, sign = _PLAIN[mark]
    match = pattern.fullmatch(mantissa)
    if match is None or not (match[1] or match[3]):
        return None
    if (match[2] and exponent) or (sign == "," and mantissa.endswith(",")):
        return None
    whole = re.sub(r"\D", "", match[1] or "")
    fraction = match[3] or ""
    power = int(exponent or 0)
    if abs(power) > 400:
        return None
    return (
        Fraction(int(whole + fraction), 10 ** len(fraction))
        * Fraction(10) ** power
        * _SCALES[scale]
    )


def _japanese(text: str, mark: Mark) -> Fraction | None:
    """1億2千万: sections before 万, 億, 兆, each with 千, 百, 十 in falling order."""
    if not any(letter in text for letter in (*_LARGE, *_SMALL)):
        return None
    return _falling(text, _JAPANESE_SECTION, _LARGE, lambda part: _section(part, mark))


def _section(text: str, mark: Mark) -> Fraction | None:
    if not text:
        return None

    def coefficient(part: str) -> Fraction | None:
        return _english(part, None, "", mark) if part else Fraction(1)

    return _falling(text, _JAPANESE_PART, _SMALL, coefficient)


def _falling(
    text: str,
    pattern: re.Pattern[str],
    units: dict[str, int],
    value_of: Callable[[str], Fraction | None],
) -> Fraction | None:
    """The sum of parts with their units; None unless all of the text is such parts, the units
    falling."""
    total, at, last = Fraction(0), 0, math.inf
    while at < len(text):
        match = pattern.match(text, at)
        if match is None or match.end() == at:
            return None
        unit = units.get(match[2], 1)
        value = value_of(match[1])
        if value is None or unit >= last:
            return None
        total, at, last = total + value * unit, match.end(), unit
    return total
