"""Who is who in a unit column: one text for all spellings of an identifier, in every source.

Two spellings of one person that count as two break the promise: the person is then in two units,
and ε is that of a group of two (:func:`engine.accounting.accountant.group_epsilon`). Two people who
count as one break it as well, and less: under adding or removing one *unit* the merged unit is
protected as a whole, but when one of the two leaves, the unit stays and its example is replaced.
What holds for each of them is the bound for replacing one, which is larger: 1.1 times where few
take part, twice where all do. So rules merge only what is the same identifier written in another
way; what looks alike beyond that is counted and left apart.

Counts leave this module, identifiers never do.

>>> person("１２.0"), person(12), person(" 1.2e1 ")
('12', '12', '12')
>>> person("Ann@Example.ORG"), person("Ann"), person("N/A")
('ann@example.org', 'Ann', None)
"""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum


class Rule(StrEnum):
    """What is taken to be the same identifier written in another way."""

    WIDTH = "width"
    """Full-width and half-width letters and digits, composed and decomposed ones (NFKC)."""
    INVISIBLE = "invisible"
    """Characters without width, such as U+200B and U+FEFF."""
    SPACE = "space"
    """Space around it."""
    NUMBER = "number"
    """12, 12.0 and 1.2e1. A number with leading zeros stays as it is."""
    MAIL_CASE = "mail-case"
    """Upper and lower case in what is a mail address."""
    UUID = "uuid"
    """Upper and lower case in a UUID, and braces around it."""
    HYPHEN = "hyphen"
    """Hyphens, dashes and minus signs of other shapes, such as U+2010 and U+2212."""
    NULL_WORD = "null-word"
    """nan, null, none, -, なし, N/A and the like name nobody, nor do several of them in a row."""


_NULL_WORDS = frozenset({
    "nan", "null", "none", "nil", "na", "n/a", "n.a.", "#n/a", "#na", "<na>", "<null>", "<none>",
    "(null)", "(none)", "(nan)", "[null]", "undefined", "unknown", "missing", "empty", "nat",
    "-", "--", "---", "—", "–", "―", "ー", "‐", "_", ".", "?", "??",
    "無", "無し", "なし", "ナシ", "無記名", "匿名", "不明", "未登録",
    "未設定", "未入力", "未記入", "該当なし", "該当無し", "(なし)", "不詳", "無名", "名無し",
    "空", "空欄", "空白",
    "\\n", "(blank)", "(empty)", "blank", "anonymous", "anonym", "n.d.", "n. a.", "..", "...", "…",
    "#value!", "#ref!", "#name?", "#div/0!", "#null!", "#num!",
    "unbekannt", "keine", "k.a.", "leer", "aucun", "inconnu", "anonyme", "vide",
    "ninguno", "desconocido", "anónimo", "vacío", "desconhecido", "anônimo", "sconosciuto",
    "无", "未知", "空值", "不详", "匿名用户", "無資料", "없음", "알 수 없음", "익명",
    "нет", "неизвестно",
})  # fmt: skip
_NO_LETTERS = re.compile(r"[-_.?*/#~=+!:,;…–—\s]+")
_JOINTS = re.compile(r"[\s,;|/_]+")
_SHORT = frozenset({"na", "空", "无", "無"})
"""Null words that name nobody alone, but twice may be a name: "Na Na"."""
_UUID = re.compile(r"\{?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\}?", re.IGNORECASE | re.ASCII)
_HYPHENS = dict.fromkeys([*range(0x2010, 0x2016), 0x2212, 0xFE58, 0xFE63, 0xFF0D], "-")
_MIDNIGHT = re.compile(r"(?<=\d)[ T]00:00(?::00(?:\.0+)?)?Z?$")
_NUMBER = re.compile(r"[+-]?(?:0|[1-9]\d*)(?:\.\d*)?(?:[eE][+-]?\d{1,2})?", re.ASCII)
_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")


def person(value: object, *, off: Collection[str] = ()) -> str | None:
    """One text for equal identifiers; None where ``value`` names nobody. ``off``: rules not
    applied."""
    text = spelled(value)
    if text is None:
        return None
    if Rule.WIDTH not in off:
        text = unicodedata.normalize("NFKC", text)
    if Rule.INVISIBLE not in off:
        text = "".join(c for c in text if unicodedata.category(c) not in ("Cf", "Cc"))
    bare = text.strip()
    if Rule.SPACE not in off:
        text = bare
    if not bare or (Rule.NULL_WORD not in off and _names_nobody(_folded(bare))):
        return None
    if Rule.HYPHEN not in off:
        text, bare = text.translate(_HYPHENS), bare.translate(_HYPHENS)
    if Rule.UUID not in off and _UUID.fullmatch(bare):
        text = bare.casefold().strip("{}")
    if Rule.NUMBER not in off and _NUMBER.fullmatch(bare):
        text = _number(bare)
    if Rule.MAIL_CASE not in off and _MAIL.fullmatch(bare):
        text = text.casefold()
    return text


def _names_nobody(text: str) -> bool:
    """Whether it is a null word, a run of signs, or several null words, as where two empty columns
    were joined: "null null", "nan_nan"."""
    if text in _NULL_WORDS or _NO_LETTERS.fullmatch(text):
        return True
    parts = [part for part in _JOINTS.split(text) if part]
    return len(parts) > 1 and all(part in _NULL_WORDS - _SHORT for part in parts)


def _folded(text: str) -> str:
    return text.translate(_HYPHENS).casefold()


def spelled(value: object) -> str | None:
    """The value as it came, as a text."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    if isinstance(value, float):
        if not math.isfinite(value):  # how tables say that there is none
            return None
        return repr(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, (dict, list, bool)) or value is None:  # yes and no name nobody
        return None
    return str(value)


def _number(text: str) -> str:
    """A whole number without its point, another one without zeros at its end."""
    number = Decimal(text)
    if number == number.to_integral_value():
        return str(int(number))
    return format(number.normalize(), "f")


@dataclass(frozen=True, kw_only=True)
class IdentityCounts:
    """How many people a text has, as it spells them and as they are counted."""

    spelled: int
    """Different identifiers as they came."""
    people: int
    """Different identifiers after the rules, whose rows were kept."""
    look_alike: int
    """Of these, how many look like another one: equal but for case, leading zeros, space, marks,
    the tag of a mail address or the midnight of a date. They may be one person under two names."""


@dataclass
class Identities:
    """Counts identifiers while a text is read; holds hashes of them, and drops them at the end."""

    _spelled: set[int] = field(default_factory=set)
    _people: set[int] = field(default_factory=set)
    _alike: Counter[int] = field(default_factory=Counter)

    def add(self, came: str, named: str) -> None:
        """One row of the person ``named``, whose identifier ``came`` so."""
        self._spelled.add(hash(came))
        if hash(named) not in self._people:
            self._people.add(hash(named))
            self._alike[hash(_loose(named))] += 1

    def counts(self) -> IdentityCounts | None:
        """What was counted; None where no row named a person."""
        if not self._people:
            return None
        return IdentityCounts(
            spelled=len(self._spelled),
            people=len(self._people),
            look_alike=sum(count for count in self._alike.values() if count > 1),
        )


def _loose(named: str) -> str:
    text = unicodedata.normalize("NFKC", named)
    text = _MIDNIGHT.sub("", text).casefold().removeprefix("mailto:").strip("<>")
    if _MAIL.fullmatch(text):
        local, _, domain = text.partition("@")
        text = f"{local.partition('+')[0]}@{domain}"
    letters = "".join(c for c in text if c.isalnum())
    return letters.lstrip("0") or letters
