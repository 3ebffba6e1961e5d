"""JSON and TOML from elsewhere, with limits of depth, digits and text.

Both give plain values whose nesting any later code can follow, whose whole numbers fit a float and
whose texts fit a file: half a surrogate pair is none. The refusal is a ValueError too.

>>> json_value('{"a": [1, 2.5, "x"]}')
{'a': [1, 2.5, 'x']}
>>> json_value("[" * 100 + "]" * 100)
Traceback (most recent call last):
engine.errors.InputError: Expected JSON: it is nested deeper than 64 levels.
"""

import json
import re
import tomllib
from collections.abc import Callable
from typing import Any

from engine.errors import InputError
from engine.untrusted.guard import DEEPEST, LONGEST_NUMBER, guarded

_HALVES = re.compile(r"[\ud800-\udfff]|\\u[dD][89a-fA-F]")
_BEYOND = 10**LONGEST_NUMBER


def json_value(text: str | bytes, *, may_hold_halves: bool = False) -> Any:
    """The value of a JSON text. Raises :class:`InputError`.

    ``may_hold_halves``: the caller itself refuses texts with halves of characters.
    """

    def parse() -> Any:
        plain = text if isinstance(text, str) else text.decode("utf-8")
        value = json.loads(plain, parse_int=_whole)
        if not may_hold_halves and _HALVES.search(plain):
            json.dumps(value, ensure_ascii=False).encode()
        return _sound(value)

    return guarded(parse, _no_json)


def toml_document(text: str, refusal: Callable[[str], InputError] | None = None) -> dict[str, Any]:
    """The tables of a TOML text. Raises :class:`InputError`, or what ``refusal`` makes of the
    reason."""
    return guarded(
        lambda: _sound(tomllib.loads(text)),
        refusal or _no_toml,
    )


def _no_json(reason: str) -> InputError:
    return InputError("Expected JSON: {reason}.", reason=reason)


def _no_toml(reason: str) -> InputError:
    return InputError("Expected a TOML file: {reason}.", reason=reason)


def _whole(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER:
        raise _Unsound(f"it has a number of {len(digits)} digits")
    return int(digits)


class _Unsound(Exception):  # noqa: N818 (a reason, which the guard makes a sentence of)
    """What a parser takes and we do not."""


def _sound(value: Any) -> Any:
    """``value``, level by level: nothing here is recursive."""
    level: list[Any] = [[value]]
    for _ in range(DEEPEST + 1):
        inner = []
        for one in level:
            for child in one.values() if isinstance(one, dict) else one:
                if isinstance(child, (dict, list)):
                    inner.append(child)
                elif type(child) is int and not -_BEYOND < child < _BEYOND:
                    raise _Unsound(f"it has a number of more than {LONGEST_NUMBER} digits")
        if not inner:
            return value
        level = inner
    raise _Unsound(f"it is nested deeper than {DEEPEST} levels")
