"""The certified guarantee: at the top in a sentence and below in full."""

from streamlit.delta_generator import DeltaGenerator

from dashboard.decide import facts
from dashboard.ui import blocks
from engine.api.decisions import Answer, Certificate
from engine.text import privacy
from engine.text.i18n import Words


def draw(answer: Answer, promise: DeltaGenerator, statement: DeltaGenerator, words: Words) -> None:
    """Put the certificate in both places, or say that it is on its way, or why there is none."""
    if answer.refusal is not None:
        for place in (promise, statement):
            place.error(words.refusal(answer.refusal), icon=":material/block:")
    elif answer.certificate is None:
        budget = answer.question.budget
        promise.markdown(f":material/hourglass_top: {facts.pending(budget, words)}")
        statement.markdown(facts.to_come(budget, words))
    else:
        promise.markdown(
            f":green[:material/verified_user:] {_promise(answer, answer.certificate, words)}"
            + "".join(f"\n\n:material/warning: {caution}" for caution in _cautions(answer, words)),
            help=blocks.tips(words, "epsilon", "delta", "certificate"),
        )
        blocks.table(facts.guarantee(answer.certificate, words), statement)


def _promise(answer: Answer, certificate: Certificate, words: Words) -> str:
    """The guarantee, and why it is stricter than what was asked for, where it is."""
    less = privacy.why_stricter(answer.question.budget.epsilon, certificate, words)
    return words.joined([facts.promise(certificate, words), less])


def _cautions(answer: Answer, words: Words) -> list[str]:
    """What the promise allows all the same, and what so few people can show."""
    budget = answer.question.budget
    found = (
        privacy.published_whole(budget.data_budget, budget.delta, words),
        privacy.few_people(budget.data_budget, words),
    )
    return [caution for caution in found if caution]
