"""Which text a pilot trains on: the one that is always there, or one that the operator registered.

Nobody types a path: whoever reaches the page could otherwise try the server's files.
"""

from dataclasses import replace

import streamlit as st

from dashboard.pilot import labels
from dashboard.state import widgets
from dashboard.ui import blocks
from engine.api.pilots import CorpusSource, registry, tokenizers
from engine.errors import InputError
from engine.text import formats
from engine.text.i18n import N_, Words
from engine.text.labels import unit

_OURS = {
    "docstrings": N_("Docstrings (always there)"),
    "python-source": N_("Functions of Python packages (always there)"),
}
_ABOUT = {
    "docstrings": N_(
        "Documentation of the installed Python packages: public English and code, no download. One "
        "document is one protected unit."
    ),
    "python-source": N_(
        "Functions of the installed Python packages: public code, no download. One function is one "
        "protected unit. The public models that ship were fine-tuned on it."
    ),
}
_WINDOWS = (16, 32, 64, 128, 256, 512, 1024)
_REGISTER = """\
python -m engine texts root /folder/of/texts
python -m engine population set customers --epsilon 8 --delta 1e-6
python -m engine texts add letters --kind jsonl --path /folder/of/texts/letters.jsonl \\
    --unit-column customer --population customers
"""


def draw(words: Words) -> CorpusSource | None:
    """The chosen text; None where it cannot be used, which is said."""
    blocks.heading(words.say("Text"))
    try:
        found = registry.registry()
    except InputError as error:
        blocks.refused(error, words)
        found = registry.Registry()
    names = [*_OURS, *sorted(found.texts)]
    name = st.selectbox(
        words.say("Text to train on"),
        names,
        format_func=lambda one: words.say(_OURS[one]) if one in _OURS else one,
        **widgets.bind_page("pilot", "source"),
    )
    with st.popover(words.say("A text of your own"), icon=":material/add:"):
        st.markdown(
            words.say(
                "Whoever runs the server registers it once on the command line, with the people "
                "that it is about and the most that may be promised about them:"
            )
        )
        st.code(_REGISTER, language="bash", wrap_lines=True)
    if name in _OURS or name not in names:
        kind = name if name in _OURS else "docstrings"
        st.caption(words.say(_ABOUT[kind]))
        return _read_by(CorpusSource(kind=kind), words)
    try:
        source = found.source(name)
    except InputError as error:
        blocks.refused(error, words)
        return None
    st.caption(
        words.say(
            "{kind}; who is protected: {unit}. The text stays on this machine: it is read here, "
            "never copied into logs, records or this page.",
            kind=words.say(labels.KINDS[source.kind]),
            unit=unit(source.unit, words),
        )
    )
    return _read_by(source, words)


def _read_by(source: CorpusSource, words: Words) -> CorpusSource:
    """The same text by the tokenizer and the window that are chosen."""
    tokenizer = _tokenizer(source, words)
    return replace(source, tokenizer=tokenizer, window=_window(source.window, words))


def _tokenizer(source: CorpusSource, words: Words) -> str:
    """Bytes, a tokenizer of public text by its name, or the one that the operator registered."""
    found, usual = tokenizers.cards(), source.tokenizer

    def label(name: str) -> str:
        if name == "bytes":
            return words.say("bytes")
        card = found.get(name)
        if card is None:
            return words.say("the one registered with the text")
        return words.say(
            "{name}: {tokens} tokens, of {text}",
            name=name,
            tokens=formats.exact(card.vocabulary_size),
            text=labels.public_text(card.public_text, words),
        )

    options = list(dict.fromkeys(["bytes", *found, usual]))
    chosen: str = st.selectbox(
        words.say("Read by"),
        options,
        index=options.index(usual),
        format_func=label,
        help=words.say(
            "A token of a tokenizer holds several bytes, so that a window shows more of a text. "
            "Tokenizers were trained on public text alone. Each is a family with losses per token: "
            "the law is carried over to it. Needs the package tokenizers on the server."
        ),
        **widgets.bind_page("pilot", f"tokenizer-{usual}-{source.kind}-{source.path}"),
    )
    return chosen


def _window(usual: int, words: Words) -> int:
    """Tokens of an example; the operator's own length is among them."""
    chosen: int = st.selectbox(
        words.say("Length of an example, in tokens"),
        sorted({*_WINDOWS, usual}),
        index=sorted({*_WINDOWS, usual}).index(usual),
        help=words.say(
            "64 bytes are 21 Japanese characters. Losses of other lengths do not compare: the law "
            "is carried over from 64, and the first pilot of a length can refute its prediction "
            "and not confirm it."
        ),
        **widgets.bind_page("pilot", f"window-{usual}"),
    )
    return chosen
