"""What pages and commands both say of pilots: what ended a plan and what would move that end, and
what a verdict left out."""

import math

from engine.pilot.audits.audit import Finding
from engine.pilot.audits.mechanism_audit import MechanismAudit
from engine.pilot.fine_tuning import Lead
from engine.pilot.limit import BYTES_A_PARAMETER, RUNG, End, Limit
from engine.pilot.memory import saved
from engine.pilot.plan import WINDOW, PilotPlan, TrainingSettings
from engine.pilot.prepared import RECOMPUTING
from engine.pilot.starts import is_foreign
from engine.pilot.statistical_power import ENOUGH
from engine.pilot.verdict import Outcome, Verdict
from engine.text import formats
from engine.text.i18n import N_, Words

_PUBLIC = "docstrings"
"""The public text beside which a larger one is at hand."""

_ARMS = {"recommended": N_("Recommended"), "rule": N_("Usual rule")}

_SECONDS, _MINUTES = 90, 100
"""Up to which time is said in them."""


def wall(seconds: float, words: Words) -> str:
    """Time on the clock, as exact as an estimate can be."""
    if seconds < _SECONDS:
        text = formats.plain(max(1, round(seconds)), 2)
        return words.count("{n} second", "{n} seconds", text == "1", text)
    if seconds < _MINUTES * 60:
        text = str(round(seconds / 60))
        return words.count("{n} minute", "{n} minutes", text == "1", text)
    text = formats.plain(seconds / 3600, 2)
    return words.count("{n} hour", "{n} hours", text == "1", text)


def arm(name: str, words: Words) -> str:
    """What is trained."""
    return words.say(_ARMS[name]) if name in _ARMS else name


def next_step(plan: PilotPlan, found: Verdict, words: Words) -> str:
    """What whoever decides can do with a verdict, and what that takes of time and ε."""
    takes = {
        "time": wall(plan.expected_seconds, words),
        "epsilon": formats.plain(formats.rounded(plan.epsilon_total, 3, up=True)),
        "same": words.say(
            N_("the same people") if plan.privacy_unit == "person" else N_("the same documents")
        ),
    }
    match found.arms[0].outcome:
        case Outcome.CONFIRMED:
            return words.say(
                "What to do: rely on this law for trainings of about this size on this text; climb "
                "to larger ones a pilot at a time."
            )
        case Outcome.WITHIN:
            return words.say(
                "What to do: approve nothing on this result alone. Refit the law, then run one "
                "more pilot on this text ({time}, another ε of up to {epsilon} on "
                "{same}): its range will rest on this text, so that it can confirm.",
                **takes,
            )
        case Outcome.BETTER | Outcome.WORSE:
            return words.say(
                "What to do: plan nothing for this text by the law as it was. Refit it, then run "
                "one more pilot ({time}, another ε of up to {epsilon} on {same}): only if "
                "that is confirmed does the law hold here.",
                **takes,
            )
        case Outcome.SHORT:
            return words.say(
                "What to do: run it once more where nothing interrupts it ({time}, another ε of up "
                "to {epsilon} on {same}); this one decides nothing.",
                **takes,
            )
        case Outcome.UNPREDICTED:
            return words.say(
                "What to do: compare this loss with that of the other training or of the public "
                "model; there is no forecast that it could bear out."
            )


def weak(apart: float | None, words: Words) -> str:
    """How weak a plan was that is no test of recommendation against rule; empty where it is one,
    or compares none."""
    if apart is None or apart >= ENOUGH:
        return ""
    return words.say(
        "No test of the recommendation against the usual rule: by its plan it was to tell them "
        "apart with {chance} probability, and a test takes {enough}. What differs between them "
        "may be chance.",
        # Never rounded up to what a test takes.
        chance=formats.percent(math.floor(100 * apart) / 100, words.language),
        enough=formats.percent(ENOUGH, words.language),
    )


def excluded(found: Verdict, words: Words) -> str:
    """Which trainings are compared with nothing, and why; empty where all were whole."""
    return words.joined(
        words.say(
            "{arm} {number} lost {lost} of {steps} steps to interruptions: it is not the training "
            "that was planned, and is compared with none that is.",
            arm=arm(one.arm, words),
            number=one.repeat + 1,
            lost=formats.exact(one.iterations_lost),
            steps=formats.exact(one.iterations),
        )
        for one in found.excluded
    )


def mechanism_audit(found: MechanismAudit, words: Words) -> str:
    """What gradient canaries showed of the mechanism, and how small a fault they would show."""
    values = {
        "canaries": formats.exact(found.canaries),
        "steps": formats.exact(found.iterations),
        "bound": at_least(max(found.epsilon, found.one_run.lower_bound)),
        "coins": at_least(found.one_run.lower_bound),
        "confidence": confidence(found.confidence),
        "promised": formats.plain(formats.rounded(found.promised, 3, up=True)),
        "share": formats.percent(found.noise_share, words.language),
    }
    if found.finding is Finding.BROKEN:
        return words.say(
            "The mechanism does not keep what its certificate promises: {canaries} gradient "
            "canaries, seen at each of {steps} steps, show ε ≥ {bound} with {confidence} "
            "confidence ({coins} by the coins alone), above the promised {promised}, as if it had "
            "at most {share} of the promised noise. Train nothing with it: report this as a fault "
            "of Kessai.",
            **values,
        )
    shown = words.say(
        "{canaries} gradient canaries, seen at each of {steps} steps, show ε ≥ {bound} with "
        "{confidence} confidence ({coins} by the coins alone); promised is {promised}.",
        **values,
    )
    if found.finding is Finding.SILENT:
        return words.joined(
            [shown, words.say("So few canaries could not have refuted the promise: take more.")]
        )
    seen = words.say(
        "It would have refuted noise of {seen} of the promised or less, and missing clipping; a "
        "smaller fault it cannot see, nor one in how people become units.",
        seen=formats.percent(found.least_seen or 0.0, words.language),
    )
    return words.joined([shown, seen])


def confidence(share: float) -> str:
    """A confidence in per cent, never more of it than there is.

    >>> confidence(0.95), confidence(0.975), confidence(0.9999)
    ('95%', '97.5%', '99.9%')
    """
    return f"{math.floor(1000 * share + 1e-9) / 10:g}%"


def at_least(epsilon: float) -> str:
    """A lower bound on ε, never above it."""
    return f"{math.floor(100 * epsilon) / 100:.2f}"


def window(plan: PilotPlan, words: Words) -> str:
    """That a prediction was carried over from windows of another length; empty where it was not."""
    if plan.corpus.window == WINDOW or plan.arms[0].predicted is None:
        return ""
    return words.say(
        "Its windows are of {window} tokens, those behind the law of {usual}: what that changes is "
        "taken to lie within how far texts differ, until runs of this window have spoken.",
        window=formats.exact(plan.corpus.window),
        usual=formats.exact(WINDOW),
    )


def bytes_per_token(plan: PilotPlan, words: Words) -> str:
    """What the unit of the losses is worth in bytes; empty for bytes, and where it is not known."""
    if plan.bytes_per_token is None:
        return ""
    said = words.say(
        "A token is {bytes} bytes of this text on average: divide a loss per token by that for the "
        "loss per byte.",
        bytes=formats.plain(plan.bytes_per_token, 3),
    )
    seen = plan.arms[0].predicted
    if seen is None:
        return said
    each = [value / plan.bytes_per_token for value in (seen.value, seen.low, seen.high)]
    return words.joined(
        [
            said,
            words.say(
                "Predicted is {loss} ({low} to {high}) nats per byte.",
                loss=f"{each[0]:.3f}",
                low=f"{each[1]:.3f}",
                high=f"{each[2]:.3f}",
            ),
        ]
    )


def from_imported(plan: PilotPlan, words: Words) -> str:
    """What no law knows of a pilot from an imported start; empty for any other."""
    settings = plan.arms[0].settings
    if settings.start is None or not is_foreign(settings.shape):
        return ""
    return words.say(
        "It begins from an imported model, of whose size and tokens no law knows: nothing is "
        "predicted, and its steps, rank and learning rate are those asked for, or round figures "
        "of practice."
    )


def lead(found: Lead | None, words: Words) -> str:
    """What the law of fine-tuning says of it all the same, or why it says nothing; empty where
    there is nothing to say."""
    if found is None:
        return ""
    least, most = (formats.amount(size, words.language) for size in found.model_size)
    away = formats.plain(math.exp(found.distance), 2)
    if found.cross_entropy is None:
        return words.say(
            "The law of fine-tuning says nothing either: it was measured on starts of {least} to "
            "{most} parameters, and this training lies {away} times away in size, steps and noise "
            "(at most {limit} are carried).",
            least=least,
            most=most,
            away=away,
            limit=formats.plain(math.exp(found.farthest), 2),
        )
    loss = found.cross_entropy
    inside = formats.between(formats.loss(loss.low), formats.loss(loss.high), words.language)
    return words.say(
        "Asked all the same, the law of fine-tuning says {loss} nats per token for a tuned "
        "learning rate: a lead and no prediction, as it was measured on starts of {least} to "
        "{most} parameters that read bytes, {away} times away.",
        loss=formats.bracketed(formats.loss(loss.value), inside, words.language),
        least=least,
        most=most,
        away=away,
    )


def memory(plan: PilotPlan, words: Words) -> str:
    """What a plan's largest training takes of memory, and what computing activations anew changes
    of memory and time."""
    largest = max((arm.settings for arm in plan.arms), key=_taken)
    values = {
        "weights": formats.storage(BYTES_A_PARAMETER * largest.config.model_size),
        "examples": formats.exact(largest.physical_batch_size),
        "times": formats.plain(RECOMPUTING, 2),
    }
    both = saved(largest)
    if both is None:
        if not largest.recompute:
            return words.say(
                "About {weights} for weights and what is kept of each; activations come on top.",
                **values,
            )
        return words.say(
            "About {weights} for weights and what is kept of each. Activations are computed anew "
            "on the way back (activation checkpointing): the same gradients and the same ε in less "
            "memory, and about {times} times the time, as measured on CPUs.",
            **values,
        )
    kept, anew = both
    values |= {"kept": formats.storage(kept), "anew": formats.storage(anew)}
    if not largest.recompute:
        return words.say(
            "About {weights} for weights and what is kept of each, and {kept} for the activations "
            "of {examples} examples at a time.",
            **values,
        )
    return words.say(
        "About {weights} for weights and what is kept of each, and {anew} instead of {kept} for "
        "the activations of {examples} examples at a time, which are computed anew on the way back "
        "(activation checkpointing): the same gradients and the same ε, and about {times} times "
        "the time, as measured on CPUs.",
        **values,
    )


def _taken(settings: TrainingSettings) -> float:
    both = saved(settings)
    activations = 0.0 if both is None else both[settings.recompute]
    return BYTES_A_PARAMETER * settings.config.model_size + activations


def several_documents(plan: PilotPlan, words: Words) -> str:
    """What averaging a person's windows costs and does not cost; empty where a step takes one."""
    documents = plan.arms[0].settings.documents
    if documents == 1:
        return ""
    return words.say(
        "A person gives each step the mean gradient of a window from each of up to {documents} of "
        "their documents, clipped as one: the same ε, and up to {documents} times the compute of "
        "a step. The law knows one window: nothing is predicted, and nothing becomes a record.",
        documents=formats.exact(documents),
    )


def ended(plan: PilotPlan, words: Words) -> str:
    """What was asked, what is given and why no more, and what would move that; empty in a plan of
    before that was said."""
    limit = plan.limit
    if limit is None:
        return ""
    if not limit.cuts:
        return _asked(limit, words)
    return words.joined([_given(limit, plan, words), _why(limit, plan, words), _moved(plan, words)])


def _asked(limit: Limit, words: Words) -> str:
    if limit.asked_flops is not None:
        return words.say(
            "The compute that was asked for ends it: {given} of {asked} FLOPs a training.",
            given=formats.scientific(limit.given_flops),
            asked=formats.scientific(limit.asked_flops),
        )
    if limit.asked_seconds is None:
        return words.say(
            "The run that was asked for: its size, steps and noise, with the batch that ε asks for "
            "this noise; {given} FLOPs a training.",
            given=formats.scientific(limit.given_flops),
        )
    return words.say(
        "The time that was asked for ends it: {given} FLOPs for the recommended training.",
        given=formats.scientific(limit.given_flops),
    )


def _given(limit: Limit, plan: PilotPlan, words: Words) -> str:
    given = formats.scientific(limit.given_flops)
    if limit.asked_flops is not None:
        return words.say(
            "Asked for were {asked} FLOPs a training; {given} are used.",
            asked=formats.scientific(limit.asked_flops),
            given=given,
        )
    return words.say(
        "Time asked for: {asked}; time used: about {used}, with {given} FLOPs for the recommended "
        "training.",
        asked=wall(limit.asked_seconds or 0.0, words),
        used=wall(plan.expected_seconds, words),
        given=given,
    )


def _why(limit: Limit, plan: PilotPlan, words: Words) -> str:
    if limit.end is End.MEMORY:
        return words.say("The memory of this machine holds no larger model.")
    if limit.end is End.REACH and _is_tuned(plan):
        return words.say(
            "The law of fine-tuning ends it: nothing was tried farther from the trainings behind "
            "it."
        )
    if limit.end is End.TEXT:
        return words.say(
            "The text ends it: each step already takes all {units} units, and under this ε more "
            "steps would cost more in noise than they teach.",
            units=formats.exact(limit.units),
        )
    return words.say(
        "The law's reach ends it: a pilot may spend {factor} times the {most} FLOPs of the largest "
        "training that the law rests on, and no more.",
        factor=formats.plain(RUNG),
        most=formats.scientific(limit.evidence_flops),
    )


def _is_tuned(plan: PilotPlan) -> bool:
    return plan.arms[0].settings.start is not None


def _moved(plan: PilotPlan, words: Words) -> str:
    limit = plan.limit
    assert limit is not None  # asked before
    if limit.end is End.MEMORY:
        return words.say("A machine with more memory would move that.")
    if limit.end is End.REACH and _is_tuned(plan):
        return words.say("Longer fine-tunings in the run log would move that.")
    if limit.end is End.REACH:
        return words.say(
            "This pilot's own result moves that: the next one may be up to {factor} times larger.",
            factor=formats.plain(RUNG),
        )
    if plan.corpus.kind == _PUBLIC:
        return words.say(
            "A larger ε would move that, or a text with more units: the functions of the same "
            "packages (python-source) are public, too, and about twice as many."
        )
    return words.say("A larger ε would move that, or a text with more units.")
