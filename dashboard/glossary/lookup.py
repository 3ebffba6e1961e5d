"""Every term of art in one place: its name, its symbol, what it means in plain words.

The one source of explanations on hover (``help=``) and of the list that every page opens. A
meaning says what Kessai computes, so it names our privacy units, relations and tolerances.

Sources: Dwork and Roth, *The Algorithmic Foundations of Differential Privacy* (2014), definition
2.4 for ε and δ; Abadi et al., arXiv 1607.00133, for clipping, noise and sampling; McKenna et al.,
arXiv 2501.18914, for the noise-batch ratio and saturation; :mod:`engine.decision.answer` and
:mod:`engine.attack_risk` for intervals and the attacker.

>>> from engine.text.i18n import Words
>>> tip("iterations", Words("en"))
'**Iterations T**: Steps of the training: each takes one batch and changes all parameters once.'
>>> [entry.name for entry in found("perplex", Words("en"))]
['Perplexity']
>>> tip("flux", Words("en"))
Traceback (most recent call last):
KeyError: "Expected a term of the glossary, got 'flux': add it to dashboard/glossary/terms.py."
"""

import unicodedata
from dataclasses import dataclass

from dashboard.glossary.terms import TERMS
from engine.text.i18n import LANGUAGES, Words

LISTED_ONLY = frozenset({"regret"})
"""Terms that no page shows: ``docs/method.md`` and ``python -m engine fit`` do."""


@dataclass(frozen=True, kw_only=True)
class Term:
    """A term in the page's language; ``symbol`` is "" where formulas have none."""

    name: str
    symbol: str
    meaning: str

    @property
    def headed(self) -> str:
        """Name and symbol, as at the head of an entry."""
        return f"{self.name} {self.symbol}".strip()


def term(key: str, words: Words) -> Term:
    """The term called ``key``. Raises KeyError for one that is not there."""
    if key not in TERMS:
        raise KeyError(
            f"Expected a term of the glossary, got {key!r}: add it to dashboard/glossary/terms.py."
        )
    name, symbol, meaning = TERMS[key]
    return Term(name=words.say(name), symbol=symbol, meaning=words.say(meaning))


def tip(key: str, words: Words, *more: str) -> str:
    """Markdown for a hover: the term, and after it what else there is to say, a paragraph each."""
    entry = term(key, words)
    colon = "：" if words.language == "ja" else ": "
    return "\n\n".join([f"**{entry.headed}**{colon}{entry.meaning}", *more])


def tips(words: Words, *keys: str) -> str:
    """Several terms on one hover, for the heading of a table that holds them."""
    return "\n\n".join(tip(key, words) for key in keys)


def found(text: str, words: Words) -> list[Term]:
    """Terms with ``text`` in name, symbol or meaning, in either language; all without a text.

    Those whose name or symbol holds it come first.
    """
    sought = _plain(text)
    if not sought:  # As it is in every run of a page, so it costs no comparison.
        return [term(key, words) for key in TERMS]
    named, explained = [], []
    for key in TERMS:
        here = [term(key, Words(language)) for language in LANGUAGES]
        if any(sought in _plain(entry.headed) for entry in here):
            named.append(term(key, words))
        elif any(sought in _plain(entry.meaning) for entry in here):
            explained.append(term(key, words))
    return named + explained


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
