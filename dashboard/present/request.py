"""The words around what the board is asked for: the question, the thanks, the mark in the options.

What is asked for is the verdict (:mod:`engine.decision.verdict`), in the words of
:mod:`engine.text.verdict`. Pure.
"""

from engine.api.decisions import Answer, Code
from engine.text import labels, privacy
from engine.text.i18n import N_, Words


def marked(code: Code, plan: str, nothing: str, words: Words) -> tuple[str, str]:
    """The names of the plan and of doing nothing, with a mark on what the ask is about."""
    match code:
        case Code.TRAIN:
            plan = words.say("{option} (recommended)", option=plan)
        case Code.PILOT:
            plan = words.say("{option} (if a pilot bears it out)", option=plan)
        case Code.WAIT:
            nothing = words.say("{option} (recommended)", option=nothing)
    return plan, nothing


def question(answer: Answer, words: Words) -> str:
    """What is to be decided."""
    return _of(
        answer,
        N_(
            "Shall we train a language model on the data of {people}, with its privacy loss "
            "bounded by ε = {epsilon}?"
        ),
        words,
    )


def subject(answer: Answer, words: Words) -> str:
    """The same as a form names it: no sentence."""
    return _of(
        answer,
        N_(
            "Training a language model on the data of {people}, with its privacy loss bounded by "
            "ε = {epsilon}"
        ),
        words,
    )


def _of(answer: Answer, template: str, words: Words) -> str:
    budget = answer.question.budget
    return words.say(
        template,
        people=labels.people(budget.data_budget, words),
        epsilon=privacy.bound(budget.epsilon, answer.certificate, words),
    )


def opening(answer: Answer, words: Words) -> str:
    """The presenter's first words."""
    budget = answer.question.budget
    return words.say(
        "Thank you for your time. We would like to discuss whether to train a language model of "
        "our "
        "own on the data of {people}. There is a proven limit, ε = {epsilon}, on what the model "
        "can "
        "reveal about any one of them.",
        people=labels.people(budget.data_budget, words),
        epsilon=privacy.bound(budget.epsilon, answer.certificate, words),
    )


def request(answer: Answer, words: Words) -> str:
    """What a decision record begins with."""
    if answer.verdict.code is Code.WAIT:
        return words.say("We report the following; no approval is asked for.")
    return words.say("We ask for your decision on the following.")


def closing(answer: Answer, words: Words) -> str:
    """The presenter's last words."""
    if answer.verdict.code is Code.WAIT:
        return words.say("Thank you. No decision is asked for today.")
    return words.say("Thank you. We ask for your decision.")
