"""The filter of runs: what they must be like, in a row of boxes."""

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from typing import Literal, TypedDict, TypeVar

import streamlit as st

from engine.api.runs import Listed, RunFilter, filtering
from engine.text import formats, labels, run_labels
from engine.text.i18n import Words

_ALL = ""
"""Of a box: no option is called so."""
MOST_ROWS = 2_000
"""Rows that a browser is given; the filter finds the others."""
FIELDS = ("family", "source", "size", "status", "flag", "tag", "text")
"""Names of the boxes."""
K = TypeVar("K", bound=Hashable)


class Place(TypedDict):
    """What a box asks of the page's state, which widgets do not import: a value that is kept."""

    key: str
    persist_state: Literal["session"]


def draw(
    runs: Sequence[Listed],
    bind: Callable[[str], Place],
    words: Words,
    *,
    of_families: bool = True,
) -> RunFilter:
    """The boxes, of those things that the runs differ in; ``bind`` gives the arguments of a box."""

    def one_of(label: str, name: str, options: dict[K, str]) -> K | None:
        chosen = st.selectbox(
            label,
            [_ALL, *options],
            format_func=lambda one: options.get(one) or words.say("all"),
            **bind(name),
        )
        return next((one for one in options if one == chosen), None)

    families = sorted({one.family for one in runs})
    tags = filtering.tags_of(runs)
    with st.container(horizontal=True):
        family = None
        names = {name: labels.evidence_name(name, words) for name in families}
        if of_families:
            family = one_of(words.say("Family"), "family", names)
        sources = {name: name for name in filtering.sources_of(runs)}
        source = one_of(words.say("Source"), "source", sources)
        sizes = size_names(filtering.sizes_of(runs), words)
        size = one_of(words.say("Parameters"), "size", sizes)
        status = one_of(words.say("Status"), "status", run_labels.statuses(words))
        flag = one_of(words.say("Flags"), "flag", run_labels.flags(words))
        tag = one_of(words.say("Tag"), "tag", {tag: tag for tag in tags}) if tags else None
        text = st.text_input(
            words.say("Text"),
            placeholder=words.say("name, family, file, id, source, tag or note"),
            **bind("text"),
        )
    return RunFilter(
        family=family,
        source=source,
        size=size,
        status=status,
        flag=flag,
        tag=tag,
        text=text or "",
        called=filtering.families_called(text or "", names),
    )


def size_names(sizes: Sequence[int], words: Words) -> dict[int, str]:
    """Numbers of parameters as the box has them: rounded; every digit where two would be named
    alike, since a box knows its options by their names."""
    rounded = {size: formats.amount(size, words.language) for size in sizes}
    used = Counter(rounded.values())
    return {size: formats.exact(size) if used[name] > 1 else name for size, name in rounded.items()}
