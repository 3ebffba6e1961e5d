"""Numbered JSON files in a folder: entries that are added and never changed, in one order.

An entry is written whole or not at all (:mod:`engine.durable`) under the next free number, which
two processes cannot both take. A file that is no entry, or a damaged one, is a reason, never a
crash.
"""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from engine import durable
from engine.errors import InputError
from engine.runs import folder as places
from engine.untrusted import regular
from engine.untrusted.guard import attempted, guarded
from engine.untrusted.texts import json_value

E = TypeVar("E")
_LARGEST = 2**24
"""Bytes of an entry."""
_NAME = re.compile(r"(\d{8})\.json")


def write(place: Path, content: Mapping[str, object]) -> Path:
    """Add an entry, durably; the folder is made. Raises :class:`OSError` where it cannot."""
    text = json.dumps(content, indent=1, ensure_ascii=False).encode()
    durable.make_folder(place)
    while True:
        path = place / f"{_last(place) + 1:08d}.json"
        try:
            durable.write(path, text, replace=False, mode=0o644)
        except FileExistsError:  # another process took the number
            continue
        return path


def listing(place: Path) -> list[Path]:
    """The entries' files in their order, with whatever else has the ending .json. Raises
    :class:`InputError` where the folder is there and cannot be read."""
    return places.listing(place, ".json")


def read(path: Path, entry: Callable[[Any], E], refusal: InputError) -> E:
    """One entry, made by ``entry`` from the file's JSON; ``refusal`` where the file is none, or
    damaged. FileNotFoundError passes."""
    text = guarded(
        lambda: regular.bytes_of(path, _LARGEST), lambda _: refusal, passing=(FileNotFoundError,)
    )
    found = attempted(lambda: entry(json_value(text))) if _NAME.fullmatch(path.name) else None
    if found is None:
        raise refusal
    return found


def _last(place: Path) -> int:
    found = (_NAME.fullmatch(path.name) for path in place.iterdir())
    return max((int(name[1]) for name in found if name), default=0)
