"""What a pilot's runs change: the recommendation before and after, in a sentence and a table."""

from dashboard.pilot import provenance, wording
from engine.api.pilots import PilotPlan, Revision
from engine.text import formats, labels
from engine.text.i18n import Words


def table(found: Revision, plan: PilotPlan, words: Words) -> dict[str, list[str]]:
    """The recommendation before and after the runs of the pilot."""
    sides = ((found.before, found.before_loss), (found.after, found.after_loss))
    before, after = (
        [
            formats.exact(config.model_size),
            formats.exact(config.batch_size),
            formats.exact(config.iterations),
            wording.interval(loss, words),
            digest[:12],
        ]
        for (config, loss), digest in zip(
            sides, (plan.evidence_hash, found.evidence_hash), strict=True
        )
    )
    names = [
        words.say("Model size (parameters)"),
        words.say("Batch size (units, expected)"),
        words.say("Iterations (steps)"),
        provenance.predicted_loss(found.transfer, words),
        words.say("Hash of the evidence"),
    ]
    return {words.say("Figure"): names, words.say("Before"): before, words.say("After"): after}


def revision(found: Revision, words: Words) -> str:
    """How the decision moved."""
    if not found.moved:
        return words.say("The recommendation stays where it was.")
    if found.before.model_size != found.after.model_size:
        return words.say(
            "The recommendation moved from {before} to {after} parameters at the same compute.",
            before=formats.amount(found.before.model_size, words.language),
            after=formats.amount(found.after.model_size, words.language),
        )
    return words.say(
        "The recommendation keeps its model size and moved from {before} to {after}.",
        before=labels.steps(found.before.iterations, words),
        after=labels.steps(found.after.iterations, words),
    )


def expected_now(found: Revision, measured: float, words: Words) -> str:
    """What the law now says of the configuration that was trained."""
    return words.say(
        "Of the configuration that was trained the law now expects {now}; {measured} was measured.",
        now=wording.interval(found.same_loss, words),
        measured=formats.loss(measured),
    )


def evidence_now(found: Revision, plan: PilotPlan, words: Words) -> str:
    """What the law rests on now."""
    if found.evidence_hash == plan.evidence_hash:
        return words.say(
            "The run log holds no run beyond those that the plan rested on: only an update of "
            "Kessai can have changed the law."
        )
    if found.transfer is not None:
        return words.say(
            "The law of this text is now {origin}, of which this pilot's are {own}.",
            origin=provenance.transferred(found.transfer, words),
            own=formats.exact(found.own),
        )
    return words.say(
        "The law now rests on {runs}, of which this pilot's are {own}.",
        runs=words.count("{n} run", "{n} runs", found.runs),
        own=formats.exact(found.own),
    )


def other_family(plan: PilotPlan, words: Words) -> str:
    """What runs of a text of one's own move, and what they leave as it is."""
    return words.say(
        "These runs are of a text of its own ({family}): losses of different texts do not compare, "
        "so they move the law for that text and leave that of {source} as it is.",
        family=plan.family,
        source=provenance.source_name(plan.evidence_id, words),
    )
