"""Where a pilot's prediction comes from, and which code trained it: sentences to stand beside
figures.

Pure. A prediction for a text of one's own is transferred from another text's law: nowhere is it
shown without saying so, and by how many runs of this text that law was moved.
"""

from collections.abc import Sequence

from engine.api.decisions import MEASURED_GPT
from engine.api.pilots import PilotPlan, Status, Transfer, lead_of, other_code
from engine.text import pilots
from engine.text.i18n import N_, Words

_TEXTS = {MEASURED_GPT: N_("the docstrings")}


def source_name(family: str, words: Words) -> str:
    """The text that a family's law is of, in a word or two."""
    return words.say(_TEXTS[family]) if family in _TEXTS else family


def transferred(transfer: Transfer, words: Words) -> str:
    """Where a prediction comes from, to stand after it or in brackets."""
    source = source_name(transfer.source, words)
    runs = words.count("{n} run of this text", "{n} runs of this text", transfer.runs)
    return words.say("transferred from {source}, moved by {runs}", source=source, runs=runs)


def predicted_from(transfer: Transfer | None, words: Words) -> str | None:
    """The same as a sentence; None where the law is the text's own."""
    if transfer is None:
        return None
    return words.say("The prediction was {origin}.", origin=transferred(transfer, words))


def predicted_loss(transfer: Transfer | None, words: Words) -> str:
    """The name of the predicted loss in a table."""
    if transfer is None:
        return words.say("Predicted loss")
    return words.say("Predicted loss, {origin}", origin=transferred(transfer, words))


def what_is_predicted(plan: PilotPlan, words: Words) -> str | None:
    """What to make of a plan's predictions; None where they are of the text's own law."""
    if all(arm.predicted is None for arm in plan.arms):
        none = words.say("There is no law of this text yet: nothing is predicted.")
        imported = pilots.from_imported(plan, words)
        if imported:
            return words.joined([imported, pilots.lead(lead_of(plan), words) or None])
        return pilots.several_documents(plan, words) or none
    if plan.transfer is None:
        return None
    said = list(filter(None, [predicted_from(plan.transfer, words)]))
    if not plan.transfer.runs:
        said.append(
            words.say(
                "No run of this text has narrowed it: it says only how far texts differ, so this "
                "pilot can refute it, not confirm it. Its runs will narrow the next one."
            )
        )
    return words.joined([*said, pilots.window(plan, words) or None])


def changed_code(plan: PilotPlan, codes: Sequence[str], words: Words) -> str | None:
    """That another version of Kessai trains than planned; None where there is none."""
    if not codes:
        return None
    return words.say(
        "Kessai has changed since this pilot was planned by the code {planned}: what was not yet "
        "trained is trained by {now}, and the records name both.",
        planned=plan.code_version,
        now=", ".join(codes),
    )


def changed_now(plan: PilotPlan, status: Status, words: Words) -> str | None:
    """The same of a pilot under way, or of one that would go on now."""
    other = other_code(plan, status)
    return changed_code(plan, [other] if other else [], words)
