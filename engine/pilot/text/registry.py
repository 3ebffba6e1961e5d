"""Texts that an operator has put at the pilots' disposal, and the populations they are about.

Who reaches the dashboard chooses among these by name and types no path. A text lies under one of
the registered roots once links are resolved, and is looked at again each time it is used. Only the
command line writes the file (``python -m engine texts``, ``python -m engine population``); a
dashboard whose user may not write it cannot add a text or raise a cap.

The file is ``texts.json`` beside the folder of runs, or what KESSAI_TEXTS names.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from engine import durable
from engine.access.check import require
from engine.access.rights import LOCAL, Person, Right
from engine.decision_log import recorded
from engine.errors import InputError
from engine.pilot.plan import CorpusSource
from engine.runs.log import data_folder
from engine.untrusted.guard import attempted
from engine.untrusted.regular import whole
from engine.untrusted.texts import json_value

VARIABLE = "KESSAI_TEXTS"
"""Environment variable: the file of registered texts."""
KINDS = ("folder", "jsonl", "csv", "parquet")
"""Kinds of texts that can be registered: all that lie in files of this machine."""
LARGEST_BYTES = 256 * 2**30
"""Of a registered text, all its files together."""
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")


@dataclass(frozen=True, kw_only=True)
class Cap:
    """What all trainings on a population may promise together, by basic composition."""

    epsilon: float
    delta: float


@dataclass(frozen=True, kw_only=True)
class Text:
    """A text under its name; ``population``: whose account trainings on it are charged to."""

    source: CorpusSource
    population: str | None = None


@dataclass(frozen=True, kw_only=True)
class Registry:
    """All that is registered."""

    roots: tuple[str, ...] = ()
    texts: Mapping[str, Text] = field(default_factory=dict)
    populations: Mapping[str, Cap] = field(default_factory=dict)

    def source(self, name: str) -> CorpusSource:
        """The text ``name``, still under its roots. Raises :class:`InputError` otherwise."""
        if name not in self.texts:
            raise InputError(
                "Expected a registered text ({known}), got {name}.",
                known=", ".join(sorted(self.texts)) or "none is",
                name=name,
            )
        found = self.texts[name].source
        self._require_inside(found.path)
        return found

    def population_of(self, source: CorpusSource) -> str | None:
        """The population that a text is about, however its path is spelled; None where nobody said
        of any."""
        if not source.path:
            return None
        place = _resolved(source.path)
        for text in self.texts.values():
            registered = _resolved(text.source.path)
            if text.population and (place.is_relative_to(registered) or _same(place, registered)):
                return text.population
        return None

    def require_public(self, source: CorpusSource) -> None:
        """Raise :class:`InputError` for a text of a population: what promises nothing may not train
        on it."""
        if (population := self.population_of(source)) is not None:
            raise InputError(
                "Expected a public text, got one of the population {population}: only pilots may "
                "train on it, whose promises its account counts.",
                population=population,
            )

    def with_root(self, folder: str) -> "Registry":
        """One more root. Raises :class:`InputError` where it is no folder."""
        place = _resolved(folder)
        if not place.is_dir():
            raise InputError("Expected a folder, got none at {path}.", path=folder)
        if place.parent == place:
            raise InputError("Expected a folder that holds texts, got the whole disk.")
        return replace(self, roots=tuple(sorted({*self.roots, str(place)})))

    def with_text(self, name: str, text: Text) -> "Registry":
        """One more text, its path resolved. Raises :class:`InputError` for a name, a path or a
        population that cannot be."""
        require_name(name)
        if text.source.kind not in KINDS:
            raise InputError(
                "Expected a text of kind {expected}, got {kind}.",
                expected=", ".join(KINDS),
                kind=text.source.kind,
            )
        if text.population is not None and text.population not in self.populations:
            raise InputError(
                "Expected a population that has a cap ({known}), got {name}: set one by python -m "
                "engine population set.",
                known=", ".join(sorted(self.populations)) or "none has",
                name=text.population,
            )
        self._require_inside(text.source.path)
        source = replace(text.source, path=str(_resolved(text.source.path)))
        return replace(self, texts={**self.texts, name: replace(text, source=source)})

    def without_text(self, name: str) -> "Registry":
        """One text less. Raises :class:`InputError` where there is none of that name."""
        if name not in self.texts:
            self.source(name)
        return replace(self, texts={k: v for k, v in self.texts.items() if k != name})

    def with_population(self, name: str, cap: Cap) -> "Registry":
        """A population with its cap, or another cap. Raises :class:`InputError` for one that caps
        nothing."""
        require_name(name)
        if not (cap.epsilon > 0 and 0 < cap.delta < 1):
            raise InputError(
                "Expected a cap with epsilon above 0 and delta between 0 and 1, got {epsilon} and "
                "{delta}.",
                epsilon=f"{cap.epsilon:g}",
                delta=f"{cap.delta:g}",
            )
        return replace(self, populations={**self.populations, name: cap})

    def _require_inside(self, path: str) -> None:
        """A path under a root, a regular file or a folder, and not too large."""
        place = _resolved(path)
        if not any(place.is_relative_to(root) for root in self.roots):
            raise InputError(
                "Expected a text under one of the registered folders ({roots}), got {path}: "
                "register its folder by python -m engine texts root.",
                roots=", ".join(self.roots) or "none is",
                path=path,
            )
        if not (place.is_file() or place.is_dir()):
            raise InputError("Expected a file or a folder, got none at {path}.", path=path)
        if (size := _size(place)) > LARGEST_BYTES:
            raise InputError(
                "Expected a text of at most {most} GiB, got {size}.",
                most=LARGEST_BYTES // 2**30,
                size=f"{size / 2**30:.0f}",
            )


def registry() -> Registry:
    """What is registered; empty where there is no file. Raises :class:`InputError` for a file that
    cannot be read: what it caps would otherwise be capped no more."""
    place = registry_file()
    try:
        content = whole(place)
    except FileNotFoundError:
        return Registry()
    except OSError as error:
        raise _unusable(place, error.strerror or error) from error
    found = attempted(lambda: _parsed(json_value(content)))
    if found is None:
        raise _unusable(place, "it is not as it was written")
    return found


@contextmanager
def changing(*, by: Person = LOCAL) -> Iterator[list[Registry]]:
    """The registry in a list, to be replaced there; one writer at a time. Raises
    :class:`InputError` where the file cannot be written, and where ``by`` may not change what was
    changed: caps are one right, texts and their folders another."""
    place = registry_file()
    try:
        durable.make_folder(place.parent)
        with durable.locked(place):
            before = registry()
            held = [before]
            yield held
            if held[0] != before:
                text = json.dumps(asdict(held[0]), indent=1, sort_keys=True, ensure_ascii=False)
                what = _difference(before, held[0])
                for right in _needed(before, held[0]):
                    require(by, right, "texts-change", what, folder=data_folder())
                with recorded("texts-change", what, folder=data_folder(), by=by):
                    durable.write(place, text.encode(), mode=0o644)
    except OSError as error:
        raise _unusable(place, error.strerror or error) from error


def registry_file() -> Path:
    """KESSAI_TEXTS, else ``texts.json`` beside the folder of runs."""
    chosen = os.environ.get(VARIABLE)
    return Path(chosen) if chosen else data_folder().parent / "texts.json"


def require_name(name: str) -> None:
    """Raises :class:`InputError` for what would be no name of a file, either."""
    if not _NAME.fullmatch(name):
        raise InputError(
            "Expected a name of small letters, digits and hyphens, got {name}.", name=name or '""'
        )


def _parsed(data: Any) -> Registry:
    return Registry(
        roots=tuple(str(root) for root in data["roots"]),
        texts={
            name: Text(source=CorpusSource(**text["source"]), population=text["population"])
            for name, text in data["texts"].items()
        },
        populations={
            name: Cap(epsilon=float(cap["epsilon"]), delta=float(cap["delta"]))
            for name, cap in data["populations"].items()
        },
    )


def _difference(before: Registry, after: Registry) -> dict[str, object]:
    """What a change is, for the log: names and caps, no path."""
    names = sorted({*before.texts, *after.texts})
    caps = sorted({*before.populations, *after.populations})
    return {
        "roots": len(after.roots) - len(before.roots),
        "texts": [name for name in names if before.texts.get(name) != after.texts.get(name)],
        "caps": {
            name: asdict(after.populations[name])
            for name in caps
            if before.populations.get(name) != after.populations.get(name)
        },
    }


def _needed(before: Registry, after: Registry) -> list[Right]:
    """The rights that a change takes."""
    has_texts = (before.roots, before.texts) != (after.roots, after.texts)
    # A text that leaves its population is held back by no cap any more.
    left = any(
        text.population
        and (name not in after.texts or after.texts[name].population != text.population)
        for name, text in before.texts.items()
    )
    has_caps = left or before.populations != after.populations
    return [Right.TEXTS] * has_texts + [Right.CAP] * has_caps


def _resolved(path: str) -> Path:
    try:
        return durable.expanded(path).resolve()
    except (OSError, RuntimeError) as error:  # a loop of links
        raise InputError("Expected a file or a folder, got none at {path}.", path=path) from error


def _same(first: Path, second: Path) -> bool:
    """Whether two names are of one file."""
    try:
        return first.samefile(second)
    except OSError:
        return False


def _size(place: Path) -> int:
    if place.is_file():
        return place.stat().st_size
    return sum(one.stat().st_size for one in place.rglob("*") if one.is_file())


def _unusable(place: Path, reason: object) -> InputError:
    return InputError(
        "Expected to read and write the registered texts in {file}: {reason}. Nothing is trained "
        "on a text of your own until then.",
        file=place,
        reason=reason,
    )
