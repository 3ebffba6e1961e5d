"""What is said in the meeting, from the current numbers: the ask, the objections, the caveat.

Which ask it is follows from the figures, not from the wish to go ahead: outside the evidence, or where a
pilot is worth its price, a pilot is asked for; where the plan is not expected to pay, nothing is.
Pure, like :mod:`dashboard.wording`.
"""

from dataclasses import dataclass
from enum import StrEnum

from dashboard import formats, labels, roi_labels, roi_wording, wording
from dashboard.i18n import N_, Words
from engine.answers import Decision, Support
from engine.risk import AttackRisk
from engine.roi.plan import WITHOUT_PRIVACY
from engine.roi.study import Study


class Ask(StrEnum):
    """What the board is asked for."""

    TRAIN = "train"
    PILOT = "pilot"
    NOTHING = "nothing"


@dataclass(frozen=True, kw_only=True)
class Objection:
    """A likely question and its answer."""

    question: str
    answer: str


def recommended(answer: Decision, study: Study) -> bool:
    """Whether the plan is what is asked for, now or after a pilot: else doing nothing is."""
    return ask_for(answer, study) is not Ask.NOTHING


def joined(sentences: list[str], words: Words) -> str:
    return ("" if words.language == "ja" else " ").join(filter(None, sentences))


def ask_for(answer: Decision, study: Study) -> Ask:
    if study.appraisal.npv.value < 0:
        return Ask.NOTHING
    if answer.extrapolation.support is Support.OUTSIDE or study.staged.pilot.net > 0:
        return Ask.PILOT
    return Ask.TRAIN


def question(answer: Decision, words: Words) -> str:
    """What is to be decided."""
    return words.say(
        "Shall we train a language model on the data of {people}, with its privacy loss bounded by "
        "ε = {epsilon}?",
        people=labels.people(answer.budget.data_budget, words),
        epsilon=formats.plain(answer.budget.epsilon),
    )


def opening(answer: Decision, words: Words) -> str:
    return words.say(
        "Thank you for your time. We would like to discuss whether to train a language model of our "
        "own on the data of {people}. There is a proven limit, ε = {epsilon}, on what the model can "
        "reveal about any one of them.",
        people=labels.people(answer.budget.data_budget, words),
        epsilon=formats.plain(answer.budget.epsilon),
    )


def ask(answer: Decision, study: Study, words: Words) -> str:
    """The request in one sentence."""
    found, years = study.appraisal, formats.plain(study.table["horizon_years"].value)
    match ask_for(answer, study):
        case Ask.TRAIN:
            return words.say(
                "We ask you to approve the training: {money} for the final run, {total} in all over "
                "{years} years.",
                money=labels.money(answer.cost, words),
                total=roi_labels.money(found.total_cost.value, words),
                years=years,
            )
        case Ask.PILOT:
            return words.say(
                "We ask you to approve a pilot of {price} now, and to decide on the training when "
                "its result is there.",
                price=roi_labels.money(study.staged.pilot.price, words),
            )
    return words.say(
        "We do not ask for approval: on these figures doing nothing is worth {npv} more.",
        npv=roi_labels.money(-found.npv.value, words),
    )


def why(answer: Decision, study: Study, words: Words) -> str:
    """Why it is this ask and no other."""
    match ask_for(answer, study):
        case Ask.TRAIN:
            return words.say(
                "It is expected to pay, and the plan lies within reach of what has been measured."
            )
        case Ask.PILOT if answer.extrapolation.support is Support.OUTSIDE:
            return words.say("The plan lies outside the evidence: a pilot comes before the money.")
        case Ask.PILOT:
            return words.say("What a pilot can show is worth more than it costs.")
    return words.say("We come back when the largest unknown has been measured.")


def objections(
    answer: Decision, study: Study, risk: AttackRisk, words: Words
) -> tuple[Objection, ...]:
    """Three: about the return, the privacy, the compute."""
    return (
        _return(answer, study, words),
        _privacy(study, risk, words),
        Objection(
            question=words.say("Would more compute, or the usual rule, not do better?"),
            answer=joined(
                [
                    words.say(
                        "Twice the compute would lower the loss by {gain} only.",
                        gain=formats.percent(max(0, answer.doubling.compute.value), words.language),
                    ),
                    rule(answer, words),
                ],
                words,
            ),
        ),
    )


def _return(answer: Decision, study: Study, words: Words) -> Objection:
    npv = study.appraisal.npv
    if npv.value < 0:
        return Objection(
            question=words.say("Why is it brought up, if it does not pay?"),
            answer=joined(
                [
                    words.say("Because it shows what would have to change."),
                    just_pays(study, words),
                ],
                words,
            ),
        )
    return Objection(
        question=words.say("How sure is the return?"),
        answer=joined(
            [
                words.say(
                    "It pays with {chance} probability; with {level} probability it is worth {inside}.",
                    chance=roi_labels.chance(study.appraisal.probability, words),
                    level=formats.percent(npv.level, words.language),
                    inside=roi_labels.money_range(npv.low, npv.high, words),
                ),
                just_pays(study, words),
            ],
            words,
        ),
    )


def just_pays(study: Study, words: Words) -> str:
    """Where the largest unknown turns the answer, if it can; nothing said where none can."""
    at = {item.name: item for item in study.break_evens}
    for bar in study.tornado:
        item = at.get(bar.name)
        if item is not None and item.at is not None:
            return words.say(
                "The largest unknown that can turn the answer is “{name}”: it just pays at {at}, "
                "and we assume {value}.",
                name=roi_labels.inline(bar.name, words),
                at=roi_labels.figure(bar.name, item.at, words),
                value=roi_labels.figure(bar.name, item.value, words),
            )
    return ""


def _privacy(study: Study, risk: AttackRisk, words: Words) -> Objection:
    other = next((c for c in study.comparisons if c.plan.name == WITHOUT_PRIVACY), None)
    said = []
    if other is not None:
        template = (
            N_("On these figures privacy pays for itself: the plan is worth {gap} more with it.")
            if other.difference.value >= 0
            else N_(
                "On these figures privacy costs {gap} of net present value, legal risk included: "
                "that is the price of a promise that can be proven."
            )
        )
        gap = roi_labels.money(abs(other.difference.value), words)
        said.append(words.say(template, gap=gap))
    said.append(roi_wording.odds(risk, words))
    return Objection(
        question=words.say("Why accept a worse model for the sake of privacy?"),
        answer=joined(said, words),
    )


def forecast(answer: Decision, words: Words) -> str:
    """How sure the loss is."""
    expected = answer.recommendation.cross_entropy
    return words.say(
        "The loss is a forecast: with {level} probability such a run ends between {low} and {high}.",
        level=formats.percent(expected.level, words.language),
        low=formats.loss(expected.low),
        high=formats.loss(expected.high),
    )


def stepwise(study: Study, words: Words) -> str:
    """What steps with gates are good for on these figures."""
    first, second = study.staged.gates
    if first.threshold is None and second.threshold is None and study.staged.pilot.net <= 0:
        if first.passed > 0:
            return words.say(
                "On these figures no result at a gate would change the decision to go on."
            )
        return words.say("On these figures no result of a pilot would make the plan pay.")
    return words.say("Each step has a gate at which we can stop.")


def rule(answer: Decision, words: Words) -> str:
    """The usual rule in one sentence, at its stronger setting."""
    stronger = wording.stronger(answer)
    if stronger.compute_factor is None:
        return words.say("The usual rule never reaches this loss at this privacy.")
    return words.say(
        "For the same loss the usual rule needs {factor} the compute.",
        factor=wording.factor(stronger, words),
    )


def caveat(answer: Decision, study: Study, words: Words) -> str:
    """What is not known."""
    sentences = [forecast(answer, words)]
    if not study.curve.measured:
        sentences.append(
            words.say(
                "The step from loss to value ({metric}) is an assumption until it has been measured.",
                metric=roi_labels.inline("metric", words),
            )
        )
    return joined(sentences, words)


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
        value=roi_labels.money(parts["value"], words),
        npv=roi_labels.money(abs(npv), words),
    )


def unknown(study: Study, words: Words) -> str:
    """The largest unknown, and what hangs on it."""
    bar = study.tornado[0]
    low, high = sorted((bar.npv_at_low, bar.npv_at_high))
    return words.say(
        "Most hangs on “{name}”: between its two ends the plan is worth {low} to {high}.",
        name=roi_labels.inline(bar.name, words),
        low=roi_labels.money(low, words),
        high=roi_labels.money(high, words),
    )
