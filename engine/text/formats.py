"""Numbers as people read them: three significant figures, 万 and 億 or M and B.

Pure functions of a value and a language (``ja`` or ``en``); units that are words come from the
catalogues (:mod:`dashboard.decide.wording`), not from here. :func:`parse` reads what people type.

>>> amount(220_000, "ja"), amount(49e6, "ja"), amount(1e9, "ja")
('22万', '4,900万', '10億')
>>> amount(220_000, "en"), amount(49e6, "en")
('220,000', '49M')
>>> yen(1.9e6, "ja"), yen(1.9e6, "en")
('190万円', '¥1.9M')
>>> scientific(3.8e20)
'3.8 × 10²⁰'
"""

import re
from decimal import ROUND_CEILING, ROUND_HALF_UP, Context, Decimal
from functools import cache
from html import escape
from pathlib import PurePath

from engine.errors import InputError, inert
from engine.tables.numbers import NotANumber, parse_number, typed_number

_SCALES = {
    "en": ((1e12, "T"), (1e9, "B"), (1e6, "M")),
    "ja": ((1e12, "兆"), (1e8, "億"), (1e4, "万")),
}
_TOO_LARGE_FOR_NAMES = 1e15
_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def rounded(value: float, digits: int = 3, *, up: bool = False) -> float:
    """``value`` at so many significant figures; ``up`` rounds towards the safe, larger side.

    >>> rounded(0.123456), rounded(3.99712, 4, up=True)
    (0.123, 3.998)
    """
    return float(_decimal(value, _context(digits, ROUND_CEILING if up else ROUND_HALF_UP)))


def _decimal(value: float, context: Context) -> Decimal:
    return context.create_decimal(repr(float(value)))


@cache
def _context(digits: int, rounding: str) -> Context:
    return Context(prec=digits, rounding=rounding)


def plain(value: float, digits: int = 3) -> str:
    """Grouped by thousands, no exponent, no idle zeros.

    >>> plain(11_234), plain(0.8320), plain(2.0)
    ('11,200', '0.832', '2')
    """
    text = f"{_decimal(value, _context(digits, ROUND_HALF_UP)):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def exact(value: int) -> str:
    """Every digit, grouped: for configurations that someone will type elsewhere.

    >>> exact(48_712_345)
    '48,712,345'
    """
    return f"{value:,d}"


def amount(value: float, language: str) -> str:
    """People, parameters, money: with 万/億/兆 or M/B/T.

    >>> amount(12_345, "ja"), amount(12_345, "en"), amount(3e16, "en")
    ('1.23万', '12,300', '3 × 10¹⁶')
    """
    value = rounded(value)
    if abs(value) >= _TOO_LARGE_FOR_NAMES:
        return scientific(value)
    for scale, suffix in _SCALES[language]:
        if abs(value) >= scale:
            return plain(value / scale) + suffix
    return plain(value)


def count(value: float, language: str) -> str:
    """Steps and other small counts: digits up to a million in both languages.

    >>> count(11_000, "ja"), count(2_500_000, "ja")
    ('11,000', '250万')
    """
    return plain(value) if abs(rounded(value)) < 1e6 else amount(value, language)


def yen(value: float, language: str) -> str:
    """Japanese yen.

    >>> yen(0.0063, "ja"), yen(654, "en")
    ('0.0063円', '¥654')
    """
    text = amount(value, language) if value >= 1 else plain(value, 2)
    return f"{text}円" if language == "ja" else f"¥{text}"


def usd(value: float, language: str) -> str:
    """US dollars.

    >>> usd(1.9e6, "ja"), usd(1.9e6, "en"), usd(0.0063, "en")
    ('190万ドル', '$1.9M', '$0.0063')
    """
    text = amount(value, language) if value >= 1 else plain(value, 2)
    return f"{text}ドル" if language == "ja" else f"${text}"


def storage(count: float) -> str:
    """Bytes in memory or on disk, as MB or GB of a million or a billion.

    >>> storage(867_840), storage(4.15e8), storage(3.2e10)
    ('0.868 MB', '415 MB', '32 GB')
    """
    value, unit = (count / 1e9, "GB") if count >= 1e9 else (count / 1e6, "MB")
    return f"{plain(value)} {unit}"


def scientific(value: float, digits: int = 3) -> str:
    """A power of ten as in print.

    >>> scientific(1e-8), scientific(1e19), scientific(2.5e-4), scientific(0.0)
    ('10⁻⁸', '10¹⁹', '2.5 × 10⁻⁴', '0')
    """
    if value == 0:
        return "0"
    mantissa, exponent = f"{rounded(value, digits):.{digits - 1}e}".split("e")
    power = "10" + str(int(exponent)).translate(_SUPERSCRIPTS)
    mantissa = mantissa.rstrip("0").rstrip(".")
    return power if mantissa == "1" else f"{mantissa} × {power}"


def loss(value: float) -> str:
    """A cross entropy: two decimals, zeros kept, so that a column of them compares.

    >>> loss(2.8)
    '2.80'
    """
    return f"{value:.2f}"


def percent(fraction: float, language: str) -> str:
    """Two significant figures; what is tiny is said to be so.

    >>> percent(0.0612, "ja"), percent(0.004, "en"), percent(0.00004, "en"), percent(0.00004, "ja")
    ('6.1%', '0.4%', 'under\xa00.01%', '0.01%未満')
    >>> percent(-0.31, "ja")
    '−31%'
    """
    if abs(fraction) < 1e-4:
        # A column that breaks there would leave a figure that says something else.
        return "0.01%未満" if language == "ja" else "under\N{NO-BREAK SPACE}0.01%"
    return f"{plain(fraction * 100, 2)}%".replace("-", "−")


def between(low: str, high: str, language: str) -> str:
    """A range.

    >>> between("2.70", "2.93", "ja"), between("2.70", "2.93", "en")
    ('2.70〜2.93', '2.70–2.93')
    >>> between("-0.03", "-0.01", "en")
    '-0.03 to -0.01'
    """
    if language == "ja":
        return f"{low}〜{high}"
    return f"{low} to {high}" if high[:1] in ("-", "−") else f"{low}–{high}"


def bracketed(value: str, inside: str, language: str) -> str:
    """A value and its interval after it.

    >>> bracketed("2.81", "2.70〜2.93", "ja"), bracketed("2.81", "2.70–2.93", "en")
    ('2.81(2.70〜2.93)', '2.81 (2.70–2.93)')
    """
    return f"{value}({inside})" if language == "ja" else f"{value} ({inside})"


def link_text(value: float) -> str:
    """The shortest text that reads back as exactly ``value``; no ``+``, which a URL turns to space.

    >>> link_text(3.8e20), link_text(10_000_000), link_text(150.0), link_text(1e-8)
    ('3.8e20', '1e7', '150', '1e-8')
    """
    if 1e-3 <= value < 1e4:
        return repr(float(value)).removesuffix(".0")
    text = next(text for digits in range(1, 18) if float(text := f"{value:.{digits}g}") == value)
    return re.sub(r"e\+?(-?)0*(\d)", r"e\1\2", text)


def parse(text: str, *, name: str, example: str) -> float:
    """What a person meant by ``text``; :class:`InputError` in one sentence if that is unclear.

    >>> [parse(t, name="n", example="1") for t in ("3.8e20", "10万", "22万人", "1億2千万", "10M")]
    [3.8e+20, 100000.0, 220000.0, 120000000.0, 10000000.0]
    >>> parse("3.8 × 10²⁰ FLOPs", name="n", example="1"), parse("0,5", name="n", example="1")
    (3.8e+20, 0.5)
    """
    if isinstance(parse_number(text), NotANumber):
        raise InputError(
            "Expected a number such as {example} for {name}, got “{value}”: type it again.",
            name=name,
            example=example,
            value=text[:40],
        )
    return float(typed_number(name, text).value)


def literally(text: str) -> str:
    """Somebody's own words in Markdown, as they are: no formats, no links, nothing unseen.

    >>> print(literally("*A* :red[B] $5"))
    \\*A\\* \\:red\\[B\\] \\$5
    """
    text = re.sub(r"([\\`*_\[\]$~#<>|&]|:(?=\w))", r"\\\1", inert(text))
    # An address in plain text becomes a link too, unless it is no address any more.
    return re.sub(
        r"(:(?=//)|\bwww(?=\.)|@(?=\w))", lambda part: f"{part[0]}\u2060", text, flags=re.IGNORECASE
    )


def in_chart(text: str) -> str:
    """Somebody's own words in a chart, which knows a little HTML, as they are.

    >>> print(in_chart("<b>a_1</b> & *b*"))
    &lt;b&gt;a_1&lt;/b&gt; &amp; *b*
    """
    return escape(inert(text))


def without_folders(text: str) -> str:
    """Files and folders of this machine by their last names: pages show no more of where they lie.

    >>> without_folders("/srv/my texts/letters.csv, /srv/b")
    'letters.csv, b'
    >>> without_folders("no such file: '/srv/my texts/a.csv' (see /var/log/b, https://c.example/d)")
    "no such file: 'a.csv' (see b, https://c.example/d)"
    """
    text = ", ".join(
        PurePath(part).name or part if part.startswith(("/", "~/")) else part
        for part in text.split(", ")
    )
    return re.sub(r"""(?<=['"])~?/[^'"]*/|(?<![^\s(=])~?/(?:[^\s/]+/)+""", "", text)
