"""Which runs of the catalogue a person asks for: family, source, size, status, flag, tag, text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.runs.catalogue import Listed, searchable


@dataclass(frozen=True, kw_only=True)
class RunFilter:
    """What runs must be like; None and "" are all."""

    family: str | None = None
    source: str | None = None
    """The tool or table that a run is from, or the file that it came in."""
    size: int | None = None
    """Parameters."""
    status: str | None = None
    flag: str | None = None
    tag: str | None = None
    text: str = ""
    """Looked for in names, families, files, ids, sources, tags and notes."""
    called: frozenset[str] = frozenset()
    """Families whose name, as their reader sees it, has the text (:func:`families_called`)."""


def matching(runs: Sequence[Listed], asked: RunFilter) -> list[Listed]:
    """The runs that are asked for."""
    text = searchable(asked.text)
    return [
        one
        for one in runs
        if asked.family in (None, one.family)
        and asked.status in (None, one.status)
        and (asked.size is None or asked.size == one.settings.get("model_size"))
        and (asked.source is None or asked.source in one.sources)
        and (asked.flag is None or asked.flag in one.flags)
        and (asked.tag is None or asked.tag in one.tags)
        and (not text or text in one.searched or one.family in asked.called)
    ]


def families_called(text: str, names: Mapping[str, str]) -> frozenset[str]:
    """Families that have the text in their names, which ``names`` has by identifier; none for a
    text that is empty."""
    said = searchable(text)
    return frozenset(one for one, name in names.items() if said and said in searchable(name))


def sources_of(runs: Sequence[Listed]) -> list[str]:
    """What of these runs the field ``source`` can be, by name."""
    return sorted({source for one in runs for source in one.sources})


def sizes_of(runs: Sequence[Listed]) -> list[int]:
    """Their numbers of parameters, the smallest first."""
    sizes = {one.settings.get("model_size") for one in runs}
    return sorted(size for size in sizes if isinstance(size, int))


def tags_of(runs: Sequence[Listed]) -> list[str]:
    """Their tags, by name."""
    return sorted({tag for one in runs for tag in one.tags})
