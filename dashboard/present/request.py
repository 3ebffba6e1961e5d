"""What the board is asked for, and the words around it: the question, the request, the thanks.

Which ask it is follows from the figures, not from the wish to go ahead: where a pilot is worth its
price, or the plan pays but lies outside the evidence, a pilot is asked for; where neither the plan
nor a pilot is expected to pay, nothing is. Pure, like :mod:`dashboard.decide.wording`.
"""

from enum import StrEnum

from engine.allocation.result import Support
from engine.decision.answer import Decision
from engine.roi.study import Study
from engine.text import figures, formats, labels
from engine.text.i18n import Words


class Ask(StrEnum):
    """What the board is asked for."""

    TRAIN = "train"
    PILOT = "pilot"
    NOTHING = "nothing"


def ask_for(answer: Decision, study: Study) -> Ask:
    if study.staged.pilot.net > 0:
        return Ask.PILOT
    if study.appraisal.npv.value < 0:
        return Ask.NOTHING
    return Ask.PILOT if answer.extrapolation.support is Support.OUTSIDE else Ask.TRAIN


def marked(asked: Ask, plan: str, nothing: str, words: Words) -> tuple[str, str]:
    """The names of the plan and of doing nothing, with a mark on what the ask is about."""
    match asked:
        case Ask.TRAIN:
            plan = words.say("{option} (recommended)", option=plan)
        case Ask.PILOT:
            plan = words.say("{option} (if a pilot bears it out)", option=plan)
        case Ask.NOTHING:
            nothing = words.say("{option} (recommended)", option=nothing)
    return plan, nothing


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
        "Thank you for your time. We would like to discuss whether to train a language model of "
        "our own on the data of {people}. There is a proven limit, ε = {epsilon}, on what the "
        "model can reveal about any one of them.",
        people=labels.people(answer.budget.data_budget, words),
        epsilon=formats.plain(answer.budget.epsilon),
    )


def ask(answer: Decision, study: Study, words: Words) -> str:
    """The request in one sentence."""
    found, years = study.appraisal, formats.plain(study.table["horizon_years"].value)
    match ask_for(answer, study):
        case Ask.TRAIN:
            return words.say(
                "We ask you to approve the training: {money} for the final run, {total} in all "
                "over {years} years.",
                money=labels.money(answer.cost, words),
                total=figures.money(found.total_cost.value, words),
                years=years,
            )
        case Ask.PILOT:
            return words.say(
                "We ask you to approve a pilot of {price} now, and to decide on the training when "
                "its result is there.",
                price=figures.money(study.staged.pilot.price, words),
            )
    return words.say(
        "We do not ask for approval: on these figures doing nothing is worth {npv} more.",
        npv=figures.money(-found.npv.value, words),
    )


def why(answer: Decision, study: Study, words: Words) -> str:
    """Why it is this ask and no other."""
    match ask_for(answer, study):
        case Ask.TRAIN:
            return words.say(
                "It is expected to pay, and the plan lies within reach of what has been measured."
            )
        case Ask.PILOT if study.staged.pilot.net > 0:
            return words.say("What a pilot can show is worth more than it costs.")
        case Ask.PILOT:
            return words.say("The plan lies outside the evidence: a pilot comes before the money.")
    return words.say("We come back when the largest unknown has been measured.")


def request(answer: Decision, study: Study, words: Words) -> str:
    """What a decision record begins with."""
    if ask_for(answer, study) is Ask.NOTHING:
        return words.say("We report the following; no approval is asked for.")
    return words.say("We ask for your decision on the following.")


def closing(answer: Decision, study: Study, words: Words) -> str:
    """The presenter's last words."""
    if ask_for(answer, study) is Ask.NOTHING:
        return words.say("Thank you. No decision is asked for today.")
    return words.say("Thank you. We ask for your decision.")
