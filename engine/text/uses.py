"""Which privacy for which use, in words: for the command line and for a page."""

from collections.abc import Callable

from engine.roi.uses import Share, Sharing
from engine.text import figures, formats, labels, privacy
from engine.text.i18n import N_, Words

Foreign = Callable[[str], str]
"""How a name that a person typed is made harmless: as Markdown on a page, not on a terminal."""
_ALONE = N_(
    "Only one gets a model of its own: {parts}; it promises ε ≤ {together} and earns {npv}, with a "
    "probability of {probability} of paying."
)
_TOGETHER = N_(
    "A model for each: {parts}; together they promise ε ≤ {together} and earn {npv}, with a "
    "probability of {probability} of paying."
)


def sentence(found: Sharing, words: Words, foreign: Foreign = str) -> str:
    """What each use gets, or that none is worth a model of its own."""
    if not found.shares:
        return words.say(
            "None of these uses is worth a model of its own: give them no privacy and no compute."
        )
    parts = [
        words.say(
            "“{use}” ε = {epsilon}",
            use=foreign(share.use.name),
            epsilon=privacy.upper(share.epsilon),
        )
        for share in found.shares
    ]
    said = words.say(
        _ALONE if len(found.shares) == 1 else _TOGETHER,
        parts=words.listed(parts),
        together=privacy.upper(found.epsilon),
        npv=figures.money(found.npv.value, words),
        probability=figures.chance(found.probability, words),
    )
    if not found.left_out:
        return said
    names = [words.say("“{use}”", use=foreign(use.name)) for use in found.left_out]
    return words.joined(
        [said, words.say("{uses} gets no model of its own.", uses=words.listed(names))]
    )


def one_model(found: Sharing, words: Words) -> str:
    """The other way, and which of the two earns more."""
    whole = found.one_model
    if whole is None:
        return words.say("One model for all uses is not possible with this compute.")
    said = words.say(
        "One model for all uses, trained once with all of ε = {epsilon}, would earn {npv} "
        "({probability} of paying): what is made from its answers costs no more privacy.",
        epsilon=formats.plain(found.budget.epsilon),
        npv=figures.money(whole.npv.value, words),
        probability=figures.chance(whole.probability, words),
    )
    if whole.npv.value <= 0 and found.npv.value <= 0:
        return words.joined([said, words.say("Neither way pays.")])
    if whole.npv.value > found.npv.value:
        return words.joined(
            [said, words.say("Wherever one model can serve them, that is the better way.")]
        )
    return words.joined([said, words.say("A model for each earns more.")])


def added(found: Sharing, words: Words) -> str:
    """What accounting together is worth; "" with fewer than two trainings."""
    if len(found.shares) < 2:
        return ""
    return words.say(
        "Simply added, their ε would come to {added}; certified together it is {together}, at "
        "δ = {delta}.",
        added=privacy.upper(found.added_epsilon),
        together=privacy.upper(found.epsilon),
        delta=formats.scientific(found.budget.delta),
    )


def assumed(words: Words) -> str:
    """What the shares rest on."""
    return words.say(
        "Everybody is taken to be in the text of every use, all models are learned as the evidence "
        "says, and whoever sees one model may see all. Steps and noise of all trainings are fixed "
        "before the first begins. Uses on other people share no ε: each is a scenario of its own."
    )


def columns(found: Sharing, words: Words, foreign: Foreign = str) -> dict[str, list[str]]:
    """The table of the uses: heading -> cells."""
    rows = [_cells(share, words, foreign) for share in found.shares]
    rows += [
        {
            words.say("Use"): foreign(use.name),
            words.say("People"): labels.people(use.people, words),
        }
        for use in found.left_out
    ]
    names = list(_cells(found.shares[0], words, foreign)) if found.shares else list(rows[0])
    return {name: [row.get(name, "—") for row in rows] for name in names}


def _cells(share: Share, words: Words, foreign: Foreign) -> dict[str, str]:
    work = share.plan.workload
    return {
        words.say("Use"): foreign(share.use.name),
        words.say("People"): labels.people(share.use.people, words),
        words.say("Its ε"): privacy.upper(share.epsilon),
        words.say("Net present value"): figures.money(share.npv.value, words),
        words.say("Probability that it pays"): figures.chance(share.probability, words),
        words.say("NPV if it had everything"): figures.money(share.alone, words),
        words.say("Compute (FLOPs)"): formats.scientific(work.compute_flops),
        words.say("Parameters"): formats.amount(work.model_size, words.language),
        words.say("Steps"): formats.exact(round(work.iterations)),
        words.say("Batch"): formats.exact(share.batch_size),
        words.say("Noise multiplier"): f"{share.mechanism.noise_multiplier:g}",
        words.say("Predicted loss"): formats.loss(share.plan.loss.value),
    }
