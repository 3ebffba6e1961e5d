"""Sentences of the ROI page: what it earns, how surely, what it hangs on, what an attacker gets.

Pure, like :mod:`dashboard.decide.wording`: a study of the engine and words in, text out.
"""

from engine.api.decisions import PEOPLE, Answer, AttackRisk, Exposure
from engine.api.money import (
    NO_MONEY,
    RULE,
    WITHOUT_PRIVACY,
    Comparison,
    FittedCurve,
    Gate,
    Measure,
    StagedPlan,
    Study,
)
from engine.text import figures, formats, quantities, verdict
from engine.text.i18n import N_, Words

_OTHERS = {
    RULE: N_("the usual rule's plan"),
    WITHOUT_PRIVACY: N_("the same plan without privacy"),
}
_METRIC_GATES = {
    ("pilot_metric", True): N_("go on if the pilot's metric is at most {value}"),
    ("pilot_metric", False): N_("go on if the pilot's metric is at least {value}"),
    ("metric", True): N_("go on if the metric is at most {value}"),
    ("metric", False): N_("go on if the metric is at least {value}"),
}
"""By what is measured, and whether it has to be low."""
_UNPAID = 0.5
"""Share of draws that never pay back above which payback is not the headline."""
_NEGLIGIBLE_GAP = 0.01
_RARE = 0.005
"""Share of draws that is not worth a word."""


def headline_of(answer: Answer, words: Words) -> str:
    """Line 1 of an answer: what it earns, or, where that is not known, what it costs."""
    if answer.study is not None:
        return headline(answer.study, words)
    return words.say(
        "Over {years} years {spending} would be spent; what it is worth is not known.",
        years=formats.plain(answer.question.assumptions["horizon_years"].value),
        spending=quantities.text("spending", answer, words),
    )


def second_line_of(answer: Answer, words: Words) -> str:
    """Line 2 of an answer: its worth, or why that is not known and what to do."""
    if answer.study is None:
        return verdict.why(answer, words)
    return second_line(answer.study, words)


def headline(study: Study, words: Words) -> str:
    """Line 1: payback, probability, largest unknown."""
    found = study.appraisal
    unknown = ""
    if study.tornado:
        name = figures.inline(study.tornado[0].name, words)
        unknown = words.say("The largest unknown: {name}.", name=name)
    chance = figures.chance(found.probability, words)
    if found.never_pays_back > _UNPAID:
        first = words.say(
            "It does not pay back within {years} years in most cases; "
            "it pays with {chance} probability.",
            years=formats.plain(study.table["horizon_years"].value),
            chance=chance,
        )
    else:
        first = words.say(
            "Pays back in {payback}; it pays with {chance} probability.",
            payback=figures.payback(found, words),
            chance=chance,
        )
    return words.joined([first, unknown])


def second_line(study: Study, words: Words) -> str:
    """Line 2: NPV against doing nothing, and against the usual rule."""
    npv = study.appraisal.npv
    sentences = [
        words.say(
            "Over {years} years it is worth {npv} more than doing nothing.",
            years=formats.plain(study.table["horizon_years"].value),
            npv=interval(npv.value, npv.low, npv.high, words),
        )
        if npv.value >= 0
        else words.say(
            "Over {years} years doing nothing is worth {npv} more.",
            years=formats.plain(study.table["horizon_years"].value),
            npv=interval(-npv.value, -npv.high, -npv.low, words),
        )
    ]
    sentences += [
        against(other, words) for other in study.comparisons if other.plan.name in _OTHERS
    ]
    return words.joined(sentences)


def centre(study: Study, words: Words) -> str:
    """Where the tornado's bars begin, and why that is not the headline."""
    return words.say(
        "Bars begin at the central case, {central}: every figure at its own value. The headline is "
        "the mean over all cases, {mean}: ranges are not even on both sides.",
        central=figures.money(study.appraisal.central_npv, words),
        mean=figures.money(study.appraisal.npv.value, words),
    )


def against(other: Comparison, words: Words) -> str:
    """The recommendation against another plan."""
    gap = other.difference
    if figures.is_no_money(gap):
        return words.say(
            "Against {other}: the difference is under {nothing}.",
            other=words.say(_OTHERS[other.plan.name]),
            nothing=figures.money(NO_MONEY, words),
        )
    more = gap.value >= 0
    if other.probability_alike < _RARE:
        template = (
            N_("Against {other}: {gap} more (better with {chance} probability).")
            if more
            else N_("Against {other}: {gap} less (better with {chance} probability).")
        )
    else:
        template = (
            N_("Against {other}: {gap} more (better with {chance}, alike with {alike}).")
            if more
            else N_("Against {other}: {gap} less (better with {chance}, alike with {alike}).")
        )
    return words.say(
        template,
        other=words.say(_OTHERS[other.plan.name]),
        gap=figures.money(abs(gap.value), words),
        chance=figures.chance(other.probability_better, words),
        alike=figures.chance(other.probability_alike, words),
    )


def interval(value: float, low: float, high: float, words: Words) -> str:
    """Money with its range."""
    return formats.bracketed(
        figures.money(value, words), figures.money_range(low, high, words), words.language
    )


def curve(study: Study, words: Words) -> str:
    """Where the step from loss to value comes from."""
    if study.curve.measured:
        said = words.say("The step from loss to metric was fitted to your measured pairs.")
        if isinstance(study.curve, FittedCurve) and not study.curve.unit_stated:
            return words.joined([said, without_unit(words)])
        return said
    return words.say(
        "The step from loss to value ({metric}) is an assumption: replace it by your own figures "
        "in the table below before you decide.",
        metric=figures.inline("metric", words),
    )


def without_unit(words: Words) -> str:
    """That pairs state no unit, for what they were taken, and how to state one."""
    return words.say(
        "They do not state the unit of their losses and were taken for {unit}: write another one, "
        "such as {example}, on the first line.",
        unit=words.field(Measure.NATS_PER_TOKEN),
        example=str(Measure.BITS_PER_BYTE),
    )


def odds(risk: AttackRisk, words: Words) -> str:
    """The best attacker in natural frequencies."""
    return words.say(
        "Of {people} people, the best attacker guesses a secret right for {found} instead of "
        "{guessed}.",
        people=formats.exact(PEOPLE),
        found=quantities.odds(risk.found),
        guessed=quantities.odds(risk.guessed),
    )


def rates(risk: AttackRisk, words: Words) -> list[tuple[str, str]]:
    """What stands behind the odds."""

    def share(value: float) -> str:
        if value < 1e-3:
            return formats.scientific(value, 2)
        return formats.percent(value, words.language)

    return [
        (
            words.say("Attacker's advantage (hits less false alarms, at most)"),
            share(risk.advantage),
        ),
        (words.say("Finds of participants at 1% false alarms"), share(risk.tpr_at_1_percent)),
        (words.say("Finds of participants at 0.1% false alarms"), share(risk.tpr_at_01_percent)),
        (
            words.say("Guesses a six-digit secret (one in a million without the model)"),
            share(risk.reconstruction),
        ),
    ]


def exposures(plans: tuple[Exposure, ...], here: float, words: Words) -> str:
    """Which of the equally good plans leaks least."""
    if not plans:
        return words.say("No other plan comes as near to the best loss, so none can leak less.")
    best, worst = plans[0], plans[-1]
    template = N_(
        "Among {count} plans of equal privacy and nearly equal loss, the attacker's advantage runs "
        "from {low} to {high}; this plan: {here}. Least leaks a model of {model} parameters with "
        "batches of {batch}."
    )
    if worst.advantage - best.advantage < _NEGLIGIBLE_GAP:
        return words.say(
            "Among {count} plans of equal privacy and nearly equal loss the attacker's advantage "
            "hardly differs from this plan's {here}.",
            count=len(plans),
            here=formats.percent(here, words.language),
        )
    return words.say(
        template,
        count=len(plans),
        low=formats.percent(best.advantage, words.language),
        high=formats.percent(worst.advantage, words.language),
        here=formats.percent(here, words.language),
        model=formats.amount(best.model_size, words.language),
        batch=formats.amount(best.batch_size, words.language),
    )


def legal(answer: Answer, words: Words) -> str:
    """The third indicator: what privacy avoids, by the drop of the attacker's advantage."""
    avoided = answer.outlay.legal_avoided
    template = N_("Expected legal cost avoided by privacy: {avoided}.")
    share = figures.launched_in(answer.study, words)
    if share is not None:
        template = N_(
            "Expected legal cost avoided by privacy where the model is launched, which is in "
            "{share} of the cases: {avoided}."
        )
    said = words.say(
        template,
        share=share,
        avoided=formats.bracketed(
            figures.money(avoided.value, words),
            figures.inside(avoided, words),
            words.language,
        ),
    )
    return words.joined([said, advantages(answer, words), privacy_in_all(answer.study, words)])


def advantages(answer: Answer, words: Words) -> str:
    """What the attacker's advantage falls from and to; a loose promise allows more than attacks
    reach without any."""
    leak = answer.outlay.plan.advantage
    promised = 1.0 if leak is None else leak
    measured = answer.question.assumptions["advantage_without_dp"]
    template = N_(
        "It falls with the attacker's advantage, {without} without privacy and {with_privacy} "
        "under this plan."
    )
    if promised >= measured.value:
        template = N_(
            "This plan promises an attacker's advantage of at most {with_privacy}. Without privacy "
            "attacks reached {without} ({low}–{high}): only where they reach more than the promise "
            "allows does it avoid anything."
        )
    return words.say(
        template,
        without=formats.percent(measured.value, words.language),
        low=formats.percent(measured.low, words.language),
        high=formats.percent(measured.high, words.language),
        with_privacy=formats.percent(promised, words.language),
    )


def privacy_in_all(study: Study | None, words: Words) -> str:
    """What the promise costs or gains in all: one amount wherever it is said; "" if unknown."""
    premium = None if study is None else study.premium
    if premium is None:
        return ""
    template = (
        N_("On these figures privacy pays for itself: the plan is worth {gap} more with it.")
        if premium <= 0
        else N_(
            "On these figures privacy costs {gap} of net present value, legal risk included: "
            "that is the premium for a promise that can be proven."
        )
    )
    return words.say(template, gap=figures.money(abs(premium), words))


def gate(step: Gate, words: Words) -> str:
    """What must be measured to go on."""
    if step.threshold is None:
        if step.passed <= 0:
            return words.say("no result would go on")
        if step.passed >= 1:
            return words.say("go on whatever is measured")
        return words.say("go on if with all that was measured it is expected to pay")
    if step.measured == "loss":
        return words.say("go on if the loss is at most {loss}", loss=formats.loss(step.threshold))
    value = figures.metric(step.threshold, words)
    return words.say(_METRIC_GATES[step.measured, step.at_most], value=value)


def staged(plan: StagedPlan, words: Words) -> str:
    """Whether the detour through stages pays."""
    gain = plan.npv_staged - max(plan.npv_at_once, 0.0)
    worth = figures.money(plan.pilot.value, words)
    price = figures.money(plan.pilot.price, words)
    first = (
        words.say("A pilot first is worth {worth} and costs {price}.", worth=worth, price=price)
        if plan.pilot.net > 0
        else words.say(
            "A pilot would be worth {worth} and cost {price}: on these figures nothing it could "
            "show would change the decision enough.",
            worth=worth,
            price=price,
        )
    )
    second = (
        words.say("With both gates the plan gains {gain}.", gain=figures.money(gain, words))
        if gain > 0
        else words.say(
            "Going slowly through both gates costs {cost} against deciding at once.",
            cost=figures.money(-gain, words),
        )
    )
    third = (
        words.say(
            "That is the limited launch, which holds full use up for longer than its gate is "
            "worth; the pilot alone is worth its price."
        )
        if plan.pilot.net > 0 and gain <= 0
        else None
    )
    return words.joined([first, second, third])
