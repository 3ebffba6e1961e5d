"""Sentences of the Pilot page: what it can settle, how far it is, what came out, what that changes.

Pure, like :mod:`dashboard.decide.wording`. A pilot that speaks against the recommendation is told
in the same words as one that speaks for it.
"""

import time

from dashboard.pilot import labels as pilot_labels
from dashboard.pilot import provenance
from engine.api.pilots import (
    MOST_CANDIDATES,
    Account,
    Audit,
    Charge,
    Finding,
    Measured,
    Outcome,
    PilotPlan,
    Power,
    Promised,
    Saving,
    State,
    Status,
    Verdict,
)
from engine.errors import InputError
from engine.interval import Interval
from engine.text import formats, labels, pilots
from engine.text.i18n import N_, Words

_AS_GOOD = 1.05
"""Factors nearer to 1 than this count as equal."""
_NARROWED = 0.9
"""Share of its width to which a range must shrink before that is said."""
_DIGITS = (2, 3, 4)
"""Decimals of a loss: more where fewer would hide on which side of its interval it lies."""
_STATES = {
    State.PLANNED: N_("This pilot is planned and has not been started."),
    State.QUEUED: N_("The pilot is starting."),
    State.PREPARING: N_("Reading the text and building the model: training starts in a moment."),
    State.PAUSED: N_("Paused at {share}: nothing is lost, resume it whenever you like."),
    State.CANCELLED: N_("Cancelled at {share}: the ε spent until then stays spent."),
    State.FAILED: N_("Stopped at {share}."),
    State.INTERRUPTED: N_("Interrupted at {share}."),
    State.FINISHED: N_("Finished."),
    State.UNREADABLE: N_("This pilot may not be looked into: what it has spent is unknown."),
}
_OUTCOMES = {
    Outcome.CONFIRMED: N_("Confirmed: {loss} measured, {range} predicted."),
    Outcome.BETTER: N_("Better than predicted: {loss} measured, {range} predicted."),
    Outcome.WORSE: N_("Worse than predicted: {loss} measured, {range} predicted."),
    Outcome.WITHIN: N_("Measured: {loss}, inside {range}: too wide a range to confirm anything."),
}
_OUTSIDE = (Outcome.BETTER, Outcome.WORSE)
_SAVINGS = {
    (True, False): N_("The usual rule needed {factor} the compute for the same loss."),
    (True, True): N_("The usual rule needed at least {factor} the compute for the same loss."),
    (False, False): N_(
        "The usual rule was better: the recommendation needed {factor} the compute for the same "
        "loss."
    ),
    (False, True): N_(
        "The usual rule was better: the recommendation needed at least {factor} the compute for "
        "the same loss."
    ),
}
"""By whether the recommendation was the better one, and whether the factor is a lower bound."""
_UNTESTED = {
    (True, False): N_(
        "No test of the usual rule: as measured it needed {factor} the compute for the same loss, "
        "which may be chance."
    ),
    (True, True): N_(
        "No test of the usual rule: as measured it needed at least {factor} the compute for the "
        "same loss, which may be chance."
    ),
    (False, False): N_(
        "No test of the usual rule: as measured the recommendation needed {factor} the compute for "
        "the same loss, which may be chance."
    ),
    (False, True): N_(
        "No test of the usual rule: as measured the recommendation needed at least {factor} the "
        "compute for the same loss, which may be chance."
    ),
}
"""The same after a plan that was no test of them."""


def start_was_better(words: Words) -> str:
    """That a fine-tuning made nothing better."""
    return words.say(
        "The public model as it was did as well or better on the held-out text: this training "
        "added nothing. Use it as it is; with more people or a larger ε fine-tuning may add "
        "something."
    )


def offer(seconds: float, can: Power | None, words: Words) -> str:
    """Line 1 before anything was started; ``can``: what the plan can tell, once there is one."""
    time = pilot_labels.wall(seconds, words)
    if can is None or can.apart is None:
        return words.say(
            "A pilot of about {time} on this machine puts the recommendation to the test.",
            time=time,
        )
    if can.is_enough:
        return words.say(
            "A pilot of about {time} on this machine can prove or refute the recommendation.",
            time=time,
        )
    return words.say(
        "A pilot of about {time} would hardly tell the recommendation from the usual rule.",
        time=time,
    )


def power(can: Power, least: float | None, words: Words) -> str:
    """What a plan can tell, and where that is little, how long it would have to be."""
    said = [_apart(can, least, words)]
    before, after = can.before, can.after
    if before and after and after.high - after.low < _NARROWED * (before.high - before.low):
        said.append(
            words.say(
                "The range of its loss would narrow from {before} to about {after}.",
                before=interval(before, words),
                after=interval(after, words),
            )
        )
    return words.joined(said)


def _apart(can: Power, least: float | None, words: Words) -> str:
    if can.apart is None:
        if can.before is None:
            return ""
        return words.say(
            "Without the usual rule beside it, it tells only whether the predicted loss holds."
        )
    chance = words.say(
        "It tells the recommendation and the usual rule apart with {chance} probability (two that "
        "are equally good: 10%, by chance).",
        chance=formats.percent(can.apart, words.language),
    )
    if can.is_enough:
        return chance
    if least is None:
        return words.joined(
            [
                chance,
                words.say(
                    "No pilot of up to an hour on this machine would reach 80%: with this text and "
                    "this promise the two differ too little."
                ),
            ]
        )
    return words.joined(
        [
            chance,
            words.say("One of about {time} would reach 80%.", time=pilot_labels.wall(least, words)),
        ]
    )


def no_law(error: InputError, words: Words) -> str:
    """That nothing can be proposed yet, and why."""
    return words.joined(
        [
            words.say(
                "A pilot is steered by a law of small trainings on public text, and this "
                "installation holds too few of them: run the sweep first (python -m engine sweep)."
            ),
            words.refusal(error),
        ]
    )


def watching(status: Status, words: Words) -> str:
    """Line 1 while it runs, or where it stopped."""
    share = _share(status, words)
    if status.state is not State.TRAINING:
        return words.say(_STATES[status.state], share=share)
    if status.is_stalled(time.time()):
        return words.say("Training: no word for more than a minute, {share} done.", share=share)
    if status.seconds_left is None:
        return words.say("Training: {share} done.", share=share)
    return words.say(
        "Training: {share} done, about {time} left.",
        share=share,
        time=pilot_labels.wall(status.seconds_left, words),
    )


def under_way(status: Status, plan: PilotPlan, words: Words) -> str:
    """Which of the trainings the figures below belong to, and where its prediction comes from."""
    if status.arm is None:
        return words.count("{n} training", "{n} trainings", plan.trainings)
    number = words.say(
        "Training {number} of {trainings}: {arm}",
        number=min(status.trainings_done + 1, plan.trainings),
        trainings=plan.trainings,
        arm=pilot_labels.arm(status.arm, words),
    )
    origin = provenance.predicted_from(plan.transfer, words)
    return number if origin is None else f"{number} · {origin}"


def _share(status: Status, words: Words) -> str:
    return f"{100 * min(max(status.progress, 0.0), 1.0):.0f}%"


def verdict(found: Verdict, words: Words) -> str:
    """Line 1 of a finished pilot: the prediction and where it came from, then the saving."""
    first = found.arms[0]
    origin = None if first.predicted is None else provenance.predicted_from(found.transfer, words)
    compared = saving(found.saving, words, is_weak=found.is_weak)
    return words.joined([outcome(first, words), origin, compared])


def outcome(measured: Measured, words: Words) -> str:
    """The measured loss against the interval that was written down before."""
    if measured.outcome is Outcome.SHORT:
        return words.say(
            "Measured: a loss of {loss}, after fewer steps than the prediction was for: it "
            "confirms nothing and refutes nothing.",
            loss=formats.loss(measured.cross_entropy),
        )
    if measured.predicted is None:
        return words.say(
            "Measured: a loss of {loss}; there was no law of this text, so nothing was predicted.",
            loss=formats.loss(measured.cross_entropy),
        )
    loss, low, high = compared(measured)
    inside = formats.between(low, high, words.language)
    return words.say(_OUTCOMES[measured.outcome], loss=loss, range=inside)


def compared(measured: Measured) -> tuple[str, str, str]:
    """Loss, low and high with as many decimals as it takes to see which is which."""
    if measured.predicted is None:
        raise ValueError("Expected an arm with a prediction to compare its measured loss with.")
    values = (measured.cross_entropy, measured.predicted.low, measured.predicted.high)
    texts = ("", "", "")
    for digits in _DIGITS:
        texts = (f"{values[0]:.{digits}f}", f"{values[1]:.{digits}f}", f"{values[2]:.{digits}f}")
        loss, low, high = map(float, texts)
        seen = Outcome.BETTER if loss < low else Outcome.WORSE if loss > high else None
        if seen is (measured.outcome if measured.outcome in _OUTSIDE else None):
            break
    return texts


def saving(found: Saving | None, words: Words, *, is_weak: bool) -> str | None:
    """The rule against the recommendation; None without the rule's arm. ``is_weak``: the plan was
    no test of them, so that nothing is found."""
    if found is None:
        return None
    factor = max(found.factor, 1 / found.factor)
    if factor < _AS_GOOD and not found.at_least:
        if is_weak:
            return words.say(
                "No test of the usual rule: as measured it did as well with the same compute, "
                "which may be chance."
            )
        return words.say("The usual rule did as well with the same compute.")
    said = (_UNTESTED if is_weak else _SAVINGS)[found.factor >= 1, found.at_least]
    return words.say(said, factor=labels.times(factor, words))


def caveats(found: Verdict, words: Words) -> str:
    """Line 2 of a finished pilot: what it rests on."""
    first = found.arms[0]
    lost = sum(measured.iterations_lost for measured in found.arms)
    sentences = [
        pilots.weak(found.apart, words),
        words.say("One training of each arm: chance is not averaged out.")
        if first.repeats == 1
        else words.say("Means of {n} trainings of each arm.", n=first.repeats),
        first.outcome is Outcome.WORSE
        and words.say("Refit the law below before you trust its next recommendation."),
        lost
        and words.count(
            "{n} step was lost to interruptions: its ε is paid, the model is that much worse.",
            "{n} steps were lost to interruptions: their ε is paid, the models are that much "
            "worse.",
            lost,
        ),
        pilots.excluded(found, words),
    ]
    return words.joined([sentence or None for sentence in sentences])


def promise(each: float, total: float, delta: float, trainings: int, words: Words) -> str:
    """ε of one training, and of all of them together."""
    one = words.say("Each training keeps ε ≤ {epsilon}.", epsilon=epsilon(each))
    if trainings == 1:
        return one
    more = words.say(
        "Whoever sees all {n} is promised ε ≤ {epsilon} at δ ≤ {delta} (basic composition).",
        n=trainings,
        epsilon=epsilon(total),
        delta=formats.scientific(delta),
    )
    return words.joined([one, more])


def plan_promise(plan: PilotPlan, words: Words) -> str:
    """The promise of a plan: ε of one training, and of all of them together."""
    return promise(plan.epsilon_each, plan.epsilon_total, plan.delta_total, plan.trainings, words)


def promised_before(found: Promised, words: Words) -> str | None:
    """What other pilots on the same text promised, which adds up; None where there are none."""
    unknown = found.unreadable and words.count(
        "{n} pilot cannot be read: what it promised is unknown, and not counted here.",
        "{n} pilots cannot be read: what they promised is unknown, and not counted here.",
        found.unreadable,
    )
    doubtful = found.doubtful and words.count(
        "{n} pilot has a privacy ledger that is not whole: what it spent may be more than it "
        "promised.",
        "{n} pilots have privacy ledgers that are not whole: what they spent may be more than they "
        "promised.",
        found.doubtful,
    )
    if not found.trainings:
        return unknown or None
    known = words.say(
        "Trainings of other pilots on this text: {trainings}, which together promised ε ≤ "
        "{epsilon} at δ = {delta}. For whoever sees all of them it adds up.",
        trainings=formats.exact(found.trainings),
        epsilon=epsilon(found.epsilon),
        delta=formats.scientific(found.delta),
    )
    return words.joined([known, doubtful or None, unknown or None])


def account(found: Account, asked: Charge, words: Words) -> str:
    """What a population's account holds, and whether a plan's charge fits."""
    figures = {
        "population": f"`{found.population}`",
        "spent": epsilon(found.epsilon),
        "cap": formats.plain(found.cap.epsilon),
        "asked": epsilon(asked.epsilon),
        "spent_delta": formats.scientific(found.delta),
        "cap_delta": formats.scientific(found.cap.delta),
        "asked_delta": formats.scientific(asked.delta),
    }
    if found.holds(asked.what):
        return words.say(
            "The account of {population}: ε = {spent} of {cap} and δ = {spent_delta} of "
            "{cap_delta} are promised, this pilot among them.",
            **figures,
        )
    if found.admits(asked):
        return words.say(
            "The account of {population}: ε = {spent} of {cap} and δ = {spent_delta} of "
            "{cap_delta} are promised; this pilot takes ε = {asked}, δ = {asked_delta} more.",
            **figures,
        )
    return words.say(
        "This pilot does not fit into the account of {population}: ε = {spent} of {cap} and "
        "δ = {spent_delta} of {cap_delta} are promised, and it would take ε = {asked}, "
        "δ = {asked_delta} more. Ask for a smaller ε or δ; an approver can raise the cap on the "
        "command line.",
        **figures,
    )


def covered(unit: str, words: Words) -> str:
    """What the promise is about, and what it leaves out."""
    return words.say(
        "The promise covers the trained weights, for each {unit} that is trained on. It does not "
        "cover the held-out loss nor the other figures on this page: they are for those who may "
        "see the text.",
        unit=labels.unit(unit, words),
    )


def epsilon(value: float) -> str:
    """ε, rounded up to the decimals shown."""
    return formats.plain(formats.rounded(value, 3, up=True))


def audits(found: list[tuple[str, Audit, float]], words: Words) -> list[tuple[str, Finding]]:
    """One sentence an arm, and what it says of the promise: (arm, audit, promised ε)."""
    return [
        (_audit(name, audit, promised, words), audit.finding(promised))
        for name, audit, promised in found
    ]


def _audit(name: str, audit: Audit, promised: float, words: Words) -> str:
    values = {
        "arm": pilot_labels.arm(name, words),
        "bound": pilots.at_least(audit.lower_bound),
        "confidence": pilots.confidence(audit.confidence),
        "epsilon": epsilon(promised),
        "ceiling": pilots.at_least(audit.ceiling),
    }
    finding = audit.finding(promised)
    if finding is Finding.BROKEN:
        return words.say(
            "{arm}: an attack on the model shows ε ≥ {bound} with {confidence} confidence, above "
            "the promised {epsilon}. Do not use the model: report this as a fault of Kessai.",
            **values,
        )
    if finding is Finding.HELD:
        return words.say(
            "{arm}: an attack on the model shows ε ≥ {bound} with {confidence} confidence, within "
            "the promised {epsilon}. With every guess right it would have shown {ceiling}.",
            **values,
        )
    silent = words.say(
        "{arm}: no test of the promise. The attack shows ε ≥ {bound} with {confidence} confidence; "
        "with every guess right it would have shown {ceiling}, below the promised {epsilon}.",
        **values,
    )
    enough = audit.candidates_to_refute(promised)
    if enough is None:
        further = words.say(
            "No attack of this kind on up to {most} units could refute it.",
            most=formats.exact(MOST_CANDIDATES),
        )
    else:
        further = words.say(
            "It takes an attack on at least {n} units, here {have}.",
            n=formats.exact(enough),
            have=formats.exact(audit.canaries),
        )
    return words.joined((silent, further))


def how_measured(words: Words) -> str:
    """How the saving was read, and to which side it errs."""
    return words.say(
        "The saving is read off the better training's own curve, whose noise was set for all of "
        "its steps: it is understated rather than overstated."
    )


def interval(of: Interval | None, words: Words) -> str:
    """A loss with its interval, or a dash."""
    if of is None:
        return "–"
    inside = formats.between(formats.loss(of.low), formats.loss(of.high), words.language)
    return formats.bracketed(formats.loss(of.value), inside, words.language)
