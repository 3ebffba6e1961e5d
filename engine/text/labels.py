"""Short texts for single values: amounts with their units, and names of choices.

>>> from engine.text.i18n import Words
>>> duration(410, Words("en")), duration(410, Words("ja"))
('410 GPU hours', '410 GPU 時間')
"""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.config import NeighbouringRelation, Sampling
from engine.loss_unit import LossUnit, unit_of
from engine.text import formats
from engine.text.i18n import N_, Words

_HOURS_A_YEAR = 8_766

_SAMPLING = {
    Sampling.POISSON: N_("Poisson: each person joins each batch by chance"),
    Sampling.DETERMINISTIC: N_("Fixed batches in turn"),
    Sampling.BEST: N_("Whichever needs less noise"),
    Sampling.TRUNCATED_POISSON: N_("Truncated Poisson: by chance, batches cut at a largest size"),
    Sampling.BANDED: N_("Banded noise: groups take turns, noise correlated over their steps"),
    Sampling.WITHOUT_REPLACEMENT: N_("Random batches of one size, without replacement"),
}
_RELATION = {
    NeighbouringRelation.ADD_REMOVE: N_("one person's data added or removed"),
    NeighbouringRelation.ZERO_OUT: N_("one person's data replaced by nothing"),
    NeighbouringRelation.REPLACE: N_("one person's data replaced by anybody else's"),
}
_EVIDENCE = {
    "published-bert": N_("Published BERT runs (McKenna et al. 2025)"),
    "gpt-bytes-docstrings": N_("Kessai's own runs: small GPTs on docstrings"),
    "gpt-bytes-python-source": N_("Kessai's own runs: small GPTs on functions"),
    "gpt-bytes-python-source-tuned": N_("Kessai's own runs: fine-tuned from public starts"),
}
_EVIDENCE_IN_SHORT = {
    "published-bert": N_("BERT, published 2025"),
    "gpt-bytes-docstrings": N_("Small GPTs, docstrings"),
    "gpt-bytes-python-source": N_("Small GPTs, functions"),
    "gpt-bytes-python-source-tuned": N_("GPTs from public starts"),
}
_LIMITS = {
    "published-bert": N_(
        "All runs are of one family of models (BERT) on one English corpus, at one place: another "
        "architecture, another language or training over sites was not measured."
    ),
    "gpt-bytes-docstrings": N_(
        "All runs are of one family of small models (GPT on bytes) on English documentation of "
        "code, at one place: another size, another language or training over sites was not "
        "measured."
    ),
}
_OTHER_LIMITS = N_(
    "All runs are of one family of models: another architecture, another text or training over "
    "sites was not measured."
)
_FORMS = {
    "signal_onset": N_("noise devalues steps, late onset"),
    "signal_share": N_("noise devalues steps"),
    "signal_share_pace": N_("noise devalues steps, pace by size"),
    "signal_power": N_("noise devalues steps by a power"),
    "plateau": N_("noise ends in a plateau"),
    "effective_steps": N_("power of effective steps"),
    "additive": N_("size, steps and noise add up"),
    "limits": N_("the worst of size, steps and noise decides"),
    "signal_limits": N_("the worst of size and devalued steps decides"),
    "signal_limits_plateau": N_("the worst decides, under a plateau"),
    "bounded_l2": N_("the paper's L2 under a bound"),
}
"""Registered forms of the law (:mod:`engine.law.forms`) in words."""
_FORMS_SHOWN = 3
_UNITS = {"person": N_("person"), "document": N_("document")}


def people(n: float, words: Words) -> str:
    return words.count("{n} person", "{n} people", n)


def units(n: float, unit: str, words: Words) -> str:
    """A number of people or documents, whichever ``unit`` a promise is about."""
    if unit == "person":
        return people(n, words)
    return words.count("{n} document", "{n} documents", n)


def steps(n: float, words: Words) -> str:
    return words.count("{n} step", "{n} steps", n, formats.count(n, words.language))


def duration(hours: float, words: Words) -> str:
    """Device time in the unit that needs the fewest digits."""
    if hours < 1 / 60:
        text = formats.plain(hours * 3600, 2)
        return words.count("{n} GPU second", "{n} GPU seconds", text == "1", text)
    if hours < 1:
        text = formats.plain(hours * 60, 2)
        return words.count("{n} GPU minute", "{n} GPU minutes", text == "1", text)
    if hours < 1_000:
        text = formats.plain(hours)
        return words.count("{n} GPU hour", "{n} GPU hours", text == "1", text)
    if hours < 2 * _HOURS_A_YEAR:
        text = formats.plain(hours / 24)
        return words.count("{n} GPU day", "{n} GPU days", text == "1", text)
    text = formats.amount(hours / _HOURS_A_YEAR, words.language)
    return words.count("{n} GPU year", "{n} GPU years", text == "1", text)


def times(factor: float, words: Words) -> str:
    """A multiple: 6.2× or 6.2倍."""
    return words.say("{n}×", n=multiple(factor, words))


def distance(e_folds: float, words: Words) -> str:
    """A distance as the factor that it is, in two digits."""
    return times(float(f"{math.exp(min(e_folds, 30.0)):.2g}"), words)


def multiple(factor: float, words: Words) -> str:
    return formats.amount(factor, words.language) if factor >= 1000 else formats.plain(factor, 2)


def evidence_name(evidence_id: str, words: Words) -> str:
    return words.say(_EVIDENCE[evidence_id]) if evidence_id in _EVIDENCE else evidence_id


def evidence_in_short(evidence_id: str, words: Words) -> str:
    """The same where there is little room."""
    said = _EVIDENCE_IN_SHORT.get(evidence_id)
    return evidence_name(evidence_id, words) if said is None else words.say(said)


def evidence_choice(evidence_id: str, words: Words) -> str:
    """The same in a narrow list: of an imported family with the unit of its losses."""
    if evidence_id in _EVIDENCE:
        return evidence_in_short(evidence_id, words)
    return words.say(
        "{family} ({unit})", family=evidence_id, unit=words.field(unit_of(evidence_id).measure)
    )


def evidence_limits(evidence_id: str, words: Words) -> str:
    """What the runs of an evidence have in common, so that nothing else was measured."""
    return words.say(_LIMITS.get(evidence_id, _OTHER_LIMITS))


def forms(weights: Mapping[str, float], words: Words) -> str:
    """The forms of a law that weigh most, with their weights.

    >>> forms({"limits": 0.75, "additive": 0.25}, Words("en"))
    '75% the worst of size, steps and noise decides · 25% size, steps and noise add up'
    """
    ranked = sorted(weights, key=lambda name: -weights[name])
    shown = ranked if len(ranked) <= _FORMS_SHOWN + 1 else ranked[:_FORMS_SHOWN]
    said = [
        words.say("{share} {form}", share=_share(weights[name], words), form=form(name, words))
        for name in shown
    ]
    if rest := ranked[len(shown) :]:
        share = _share(sum(weights[name] for name in rest), words)
        said.append(words.say("{share} {n} other forms", share=share, n=len(rest)))
    return ("・" if words.language == "ja" else " · ").join(said)


def form(name: str, words: Words) -> str:
    """A form of the law in words; one that is not registered keeps its name."""
    return words.say(_FORMS[name]) if name in _FORMS else name


def _share(weight: float, words: Words) -> str:
    return formats.percent(float(f"{weight:.2f}"), words.language)


def loss_unit(unit: LossUnit, words: Words) -> str:
    """The unit of a loss, with the tokenizer of its tokens where it counts tokens."""
    named = words.field(unit.measure)
    return formats.bracketed(named, unit.tokenizer, words.language) if unit.tokenizer else named


def expected_loss(words: Words) -> str:
    """What an axis of predicted losses shows, with its unit."""
    return words.say("Expected loss ({unit})", unit=words.field(words.loss_unit.measure))


def unit(name: str, words: Words) -> str:
    """Whose data is protected; a name that is not ours stays as it is."""
    return words.say(_UNITS[name]) if name in _UNITS else name


def moment(when: datetime, zone: str | None) -> str:
    """A moment on the reader's clock; UTC where that is unknown.

    >>> moment(datetime(2026, 11, 24, 15, 30, tzinfo=UTC), "Asia/Tokyo")
    '2026-11-25 00:30'
    """
    try:
        clock = ZoneInfo(zone) if zone else UTC
    except (ZoneInfoNotFoundError, ValueError):  # this machine has no table of zones
        clock = UTC
    return f"{when.astimezone(clock):%Y-%m-%d %H:%M}"


def sampling(name: str, words: Words) -> str:
    return words.say(_SAMPLING[Sampling(name)])


def relation(name: NeighbouringRelation, words: Words) -> str:
    return words.say(_RELATION[name])


def example(text: str, words: Words) -> str:
    """The text with a mark that what it is about is made up."""
    return words.say("Worked example: {text}", text=text)


def training(model_size: float, iterations: float, noise_batch_ratio: float, words: Words) -> str:
    """A training by its size, steps and σ̄."""
    return words.say(
        "{size} parameters, {steps}, σ/B {noise}",
        size=formats.amount(model_size, words.language),
        steps=steps(iterations, words),
        noise=formats.scientific(noise_batch_ratio, 2) if noise_batch_ratio else "0",
    )
