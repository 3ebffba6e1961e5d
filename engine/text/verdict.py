"""The verdict in words: what is asked for, and why; the same on pages, slides and command line."""

from engine.decision.answer import Answer
from engine.decision.verdict import Code, Reason
from engine.text import figures, formats
from engine.text.i18n import N_, Words

_NAMES = {
    Code.TRAIN: N_("Train"),
    Code.PILOT: N_("Pilot first"),
    Code.WAIT: N_("Not now"),
}
_WHY = {
    Reason.PAYS: N_("It is expected to pay, and the plan lies near what has been measured."),
    Reason.PILOT_PAYS: N_("What a pilot can show is worth more than it costs."),
    Reason.OUTSIDE_EVIDENCE: N_(
        "It is expected to pay, far from what has been measured; a pilot would not pay for itself."
    ),
    Reason.DOES_NOT_PAY: N_(
        "Neither the plan nor a pilot is expected to pay; we come back when what it lacks is there."
    ),
}


def name(code: Code, words: Words) -> str:
    """The verdict in a word or two."""
    return words.say(_NAMES[code])


def headline(answer: Answer, words: Words) -> str:
    """The verdict with its probability and what it is worth: the one sentence to remember."""
    said, study = name(answer.verdict.code, words), answer.study
    if study is None:
        return words.say("{verdict}: what the plan is worth is not known.", verdict=said)
    chance = figures.chance(study.appraisal.probability, words)
    npv = study.appraisal.npv.value
    match answer.verdict.code:
        case Code.TRAIN:
            return words.say(
                "{verdict}: it pays with {chance} probability and is worth {npv} more than doing "
                "nothing.",
                verdict=said,
                chance=chance,
                npv=figures.money(npv, words),
            )
        case Code.PILOT:
            return words.say(
                "{verdict}, for {price}: the training would pay with {chance} probability.",
                verdict=said,
                price=figures.money(study.staged.pilot.price, words),
                chance=chance,
            )
    return words.say(
        "{verdict}: it would pay with {chance} probability, and doing nothing is worth {npv} more.",
        verdict=said,
        chance=chance,
        npv=figures.money(-npv, words),
    )


def ask(answer: Answer, words: Words) -> str:
    """The request in one sentence."""
    found = answer.verdict
    if answer.study is None:
        return words.say("We do not ask for approval: what the plan is worth is not known.")
    if found.code is Code.TRAIN:
        return words.say(
            "We ask you to approve the training: {money} for the final run, {total} in all over "
            "{years} years.",
            money=figures.price(answer.reconciliation.training_list_price, words),
            total=figures.money(answer.reconciliation.spending, words),
            years=formats.plain(answer.question.assumptions["horizon_years"].value),
        )
    if found.code is Code.PILOT:
        return words.say(
            "We ask you to approve a pilot of {price} now, and to decide on the training when "
            "its result is there.",
            price=figures.money(answer.study.staged.pilot.price, words),
        )
    return words.say(
        "We do not ask for approval: on these figures doing nothing is worth {npv} more.",
        npv=figures.money(-answer.study.appraisal.npv.value, words),
    )


def why(answer: Answer, words: Words) -> str:
    """Why it is this ask and no other."""
    if answer.unvalued is not None:
        return words.plain_refusal(answer.unvalued)
    if answer.study is not None and answer.verdict.reason is Reason.PILOT_PAYS:
        pilot = answer.study.staged.pilot
        return words.say(
            "What a pilot can show is worth {worth}, more than its price of {price}.",
            worth=figures.money(pilot.value, words),
            price=figures.money(pilot.price, words),
        )
    return words.say(_WHY[answer.verdict.reason])


def turning(answer: Answer, words: Words) -> str | None:
    """How a pilot comes by its worth, so that it can be told from the plan's own probability: how
    often it turns the decision, and what that gains; None where no pilot is asked for."""
    if answer.study is None or answer.verdict.code is not Code.PILOT:
        return None
    staged = answer.study.staged
    turns, gain = staged.pilot.turns, staged.pilot.gain_if_turned
    if turns is None or gain is None:
        return None
    template = (
        N_(
            "That is so because it turns the decision in {chance} of the cases: it shows that the "
            "training would not pay, and leaving it then saves {gain} on average."
        )
        if staged.npv_at_once > 0
        else N_(
            "That is so although the plan as it stands is not expected to pay: in {chance} of the "
            "cases the pilot shows that it would, and going on then earns {gain} on average. In "
            "all others no more than the pilot's price is spent."
        )
    )
    return words.say(
        template,
        chance=figures.chance(turns, words),
        gain=figures.money(gain, words),
    )


def reason(code: str, words: Words) -> str:
    """The reason of a verdict by its code, for one that stands in a file."""
    found = Reason(code)
    if found is Reason.VALUE_UNKNOWN:
        return words.say("What the plan is worth is not known.")
    return words.say(_WHY[found])


def sentence(answer: Answer, words: Words) -> str:
    """The verdict, its reason and, where it is known, its probability."""
    if answer.study is None:
        name_of = name(answer.verdict.code, words)
        return words.say("{verdict}: {why}", verdict=name_of, why=why(answer, words))
    return words.say(
        "{verdict}: {why} It pays with {chance} probability.",
        verdict=name(answer.verdict.code, words),
        why=why(answer, words),
        chance=figures.chance(answer.study.appraisal.probability, words),
    )
