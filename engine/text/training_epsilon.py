"""The ε that a training had, in words: for the command line and for a page."""

from engine.accounting.training_epsilon import TrainingEpsilon
from engine.config import NeighbouringRelation
from engine.text import formats, labels, privacy
from engine.text.i18n import Words


def rows(found: TrainingEpsilon, words: Words) -> list[tuple[str, str]]:
    """Name and text of each figure, the sentence first."""
    lines = [
        ("", sentence(found, words)),
        (words.say("Certified ε (upper bound)"), upper(found)),
        (words.say("ε is at least"), lower(found)),
        (words.say("δ"), f"{found.delta:g}"),
        (words.say("Neighbouring relation"), labels.relation(found.relation, words)),
        (words.say("Sampling"), labels.sampling(found.sampling, words)),
        (words.say("Privacy unit"), labels.unit(found.unit, words)),
        (words.say("Compositions"), formats.exact(found.compositions)),
        (words.say("Accountant"), found.accountant),
    ]
    if found.largest_batch:
        lines.append((words.say("Batches cut at"), formats.exact(found.largest_batch)))
    if found.bands > 1:
        lines += [
            (
                words.say("Noise correlated over"),
                words.count("{n} step", "{n} steps", found.bands, formats.exact(found.bands)),
            ),
            (words.say("It assumes"), assumptions(found, words)),
        ]
    whole = privacy.published_whole(found.data_budget, found.delta, words)
    if whole:
        lines.append((words.say("Caution"), whole))
    return lines


def sentence(found: TrainingEpsilon, words: Words) -> str:
    """The answer in one sentence."""
    return words.say(
        "This training was (ε = {epsilon}, δ = {delta}) private for each {unit}; no smaller ε "
        "than {lower} could be promised for it.",
        epsilon=upper(found),
        delta=f"{found.delta:g}",
        unit=labels.unit(found.unit, words),
        lower=lower(found),
    )


def assumptions(found: TrainingEpsilon, words: Words) -> str:
    """What the bound for correlated noise assumes of groups, for its neighbouring relation."""
    if found.relation is NeighbouringRelation.ADD_REMOVE:
        return words.say(
            "People are in {bands} groups that take turns step by step and stay the same for the "
            "whole training; each person's group was drawn for that person alone, not by cutting a "
            "list into equal parts; the strategy has no more than {bands} bands, and the lower "
            "bound is for an attacker who knows the groups.",
            bands=formats.exact(found.bands),
        )
    return words.say(
        "People are in {bands} groups that take turns step by step and stay the same for the whole "
        "training, whatever is in their data; who replaces a person has that person's place; the "
        "strategy has no more than {bands} bands, and the lower bound is for an attacker who knows "
        "the groups.",
        bands=formats.exact(found.bands),
    )


def upper(found: TrainingEpsilon) -> str:
    """The certified ε, rounded up."""
    return privacy.upper(found.certified)


def lower(found: TrainingEpsilon) -> str:
    """The lower bound, rounded down."""
    if found.lower == 0:
        return "0"
    return formats.plain(-formats.rounded(-found.lower, privacy.DIGITS, up=True), privacy.DIGITS)
