"""What is said in the meeting, from the current numbers: what it earns, the objections, the caveat.

What is asked for is in :mod:`engine.text.verdict`. Pure, like :mod:`dashboard.decide.wording`.
"""

from dataclasses import dataclass

from dashboard.decide import wording
from dashboard.roi import wording as roi_wording
from engine.api.decisions import Answer, Code, Decision, findings
from engine.api.money import FittedCurve, Study
from engine.text import figures, formats, quantities, verdict
from engine.text.i18n import N_, Words


@dataclass(frozen=True, kw_only=True)
class Objection:
    """A likely question and its answer."""

    question: str
    answer: str


def objections(answer: Answer, words: Words) -> tuple[Objection, ...]:
    """Three: about the return, the privacy, the compute."""
    return (
        _return(answer, words),
        _privacy(answer, words),
        Objection(
            question=words.say("Would more compute, or the usual rule, not do better?"),
            answer=words.joined(
                [
                    words.say(
                        "Twice the compute would lower the loss by {gain} only.",
                        gain=quantities.text("doubling_compute", answer, words),
                    ),
                    rule(answer.decision, words),
                ]
            ),
        ),
    )


def _return(answer: Answer, words: Words) -> Objection:
    study = answer.study
    if study is None:
        return Objection(question=words.say("What is it worth?"), answer=verdict.why(answer, words))
    npv = study.appraisal.npv
    turns = just_pays(study, words)
    if npv.value < 0:
        because = (
            words.joined([verdict.why(answer, words), verdict.turning(answer, words)])
            if answer.verdict.code is Code.PILOT
            else words.say("Because it shows what would have to change.")
        )
        return Objection(
            question=words.say("Why is it brought up, if it does not pay?"),
            answer=words.joined([because, turns or unknown(study, words)]),
        )
    return Objection(
        question=words.say("How sure is the return?"),
        answer=words.joined(
            [
                words.say(
                    "It pays with {chance} probability; with {level} probability it is worth "
                    "{inside}.",
                    chance=figures.chance(study.appraisal.probability, words),
                    level=formats.percent(npv.level, words.language),
                    inside=figures.money_range(npv.low, npv.high, words),
                ),
                turns,
            ]
        ),
    )


def just_pays(study: Study, words: Words) -> str:
    """Where the largest unknown turns the answer, if it can; nothing said where none can.

    Nor where the central case, which break-even values are of, says otherwise than the mean over
    all cases: they would answer another question.
    """
    found = study.appraisal
    if (found.central_npv < 0) != (found.npv.value < 0):
        return ""
    at = {item.name: item for item in study.break_evens}
    for bar in study.tornado:
        item = at.get(bar.name)
        if item is not None:
            return words.say(
                "The largest unknown that can turn the answer is “{name}”: it just pays at {at}, "
                "and we assume {value}.",
                name=figures.inline(bar.name, words),
                at=figures.figure(bar.name, item.at, words),
                value=figures.figure(bar.name, item.value, words),
            )
    return ""


def _privacy(answer: Answer, words: Words) -> Objection:
    said = [roi_wording.privacy_in_all(answer.study, words), roi_wording.odds(answer.risk, words)]
    return Objection(
        question=words.say("Why accept a worse model for the sake of privacy?"),
        answer=words.joined(said),
    )


def forecast(answer: Decision, words: Words) -> str:
    """How sure the loss is."""
    expected = answer.recommendation.cross_entropy
    return words.say(
        "The loss is a forecast: with {level} probability such a run ends between {low} and "
        "{high}.",
        level=formats.percent(expected.level, words.language),
        low=formats.loss(expected.low),
        high=formats.loss(expected.high),
    )


def stepwise(study: Study, words: Words) -> str:
    """What steps with gates are good for on these figures."""
    first, second = study.staged.gates
    stops = words.say("Each step has a gate at which we can stop.")
    if study.staged.pilot.net > 0:
        return stops
    if first.passed <= 0:
        return words.say("On these figures no result of a pilot would make the plan pay.")
    if all(gate.threshold is None and gate.passed >= 1 for gate in (first, second)):
        return words.say("On these figures no result at a gate would change the decision to go on.")
    return stops


def rule(answer: Decision, words: Words) -> str:
    """The usual rule in one sentence, at its stronger setting."""
    stronger = findings.stronger_rule(answer)
    needed = wording.factor(stronger, words)
    if needed is None:
        return words.say("What compute the usual rule needs for the same loss is unknown.")
    if stronger.compute_factor is None:
        return words.say(
            "For the same loss the usual rule needs {bound} the compute, as far as the evidence "
            "goes.",
            bound=needed,
        )
    return words.say("For the same loss the usual rule needs {factor} the compute.", factor=needed)


def caveat(answer: Answer, words: Words) -> str:
    """What is not known."""
    sentences = [forecast(answer.decision, words)]
    curve = answer.question.curve
    if answer.study is None:
        sentences.append(verdict.why(answer, words))
    elif isinstance(curve, FittedCurve) and not curve.unit_stated:
        sentences.append(roi_wording.curve(answer.study, words))
    elif not curve.measured:
        sentences.append(
            words.say(
                "The step from loss to value ({metric}) is an assumption until it has been "
                "measured.",
                metric=figures.inline("metric", words),
            )
        )
    return words.joined(sentences)


def value(study: Study, words: Words) -> str:
    """From value to what is left of it."""
    parts = study.appraisal.parts
    npv = study.appraisal.npv.value
    template = (
        N_("Of {value} of value, {npv} is left when everything has been paid.")
        if npv >= 0
        else N_("The costs exceed a value of {value} by {npv}.")
    )
    return words.say(
        template,
        value=figures.money(parts["value"], words),
        npv=figures.money(abs(npv), words),
    )


def unknown(study: Study, words: Words) -> str:
    """The largest unknown, and what hangs on it; nothing where nothing is unknown."""
    if not study.tornado:
        return ""
    bar = study.tornado[0]
    low, high = sorted((bar.npv_at_low, bar.npv_at_high))
    return words.say(
        "Most hangs on “{name}”: between its two ends the plan is worth {low} to {high}.",
        name=figures.inline(bar.name, words),
        low=figures.money(low, words),
        high=figures.money(high, words),
    )
