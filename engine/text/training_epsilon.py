"""The ε that a training had, in words: for the command line and for a page."""

from engine.accounting.training_epsilon import TrainingEpsilon
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


def upper(found: TrainingEpsilon) -> str:
    """The certified ε, rounded up."""
    return formats.plain(formats.rounded(found.certified, privacy.DIGITS, up=True), privacy.DIGITS)


def lower(found: TrainingEpsilon) -> str:
    """The lower bound, rounded down."""
    if found.lower == 0:
        return "0"
    return formats.plain(-formats.rounded(-found.lower, privacy.DIGITS, up=True), privacy.DIGITS)
