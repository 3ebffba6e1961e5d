"""The six figures that a board asks for: cash, worth, payback, legal risk, odds, compute; pure."""

import math

from dashboard.decide import facts
from dashboard.glossary import lookup
from dashboard.ui.metric import Metric
from engine.api.decisions import Answer, Code
from engine.api.money import federated_bytes
from engine.text import figures, formats, quantities, verdict
from engine.text.i18n import Words


def metrics(answer: Answer, words: Words) -> list[Metric]:
    """In the order in which a board asks for them."""
    return [
        _cash(answer, words),
        _worth(answer, words),
        _payback(answer, words),
        _legal(answer, words),
        _odds(answer, words),
        facts.saving(answer.decision, words),
    ]


def sites(answer: Answer, words: Words) -> str | None:
    """What training over several sites sends and costs; None where all text is in one place."""
    figure = answer.question.assumptions
    links = figure["federated_links"].value
    if links == 0:
        return None
    config = answer.decision.recommendation.config
    sent = federated_bytes(
        config.iterations, config.model_size, links, figure["bytes_per_parameter"].value
    )
    return words.say(
        "{n} sites train together: {terabytes} TB between them in the final run, {money} on "
        "average, which is in the costs.",
        n=formats.exact(round(links)),
        terabytes=formats.plain(float(sent) / 1e12, 2),
        money=figures.money(answer.outlay.costs["communication"], words),
    )


def _cash(answer: Answer, words: Words) -> Metric:
    """What is asked for now; beside it, what would follow."""
    cash, running = answer.outlay.cash_to_approve, answer.outlay.running_cost
    years = formats.plain(answer.question.assumptions["horizon_years"].value)
    later = words.say(
        "training and launch would take {cash}, running it {running} over {years} years",
        cash=figures.money(cash.value, words),
        running=figures.money(running.value, words),
        years=years,
    )
    detail = later
    if answer.verdict.code is Code.TRAIN:
        detail = words.say(
            "{inside} · then {running} to run it over {years} years",
            inside=figures.money_range(cash.low, cash.high, words),
            running=figures.money(running.value, words),
            years=years,
        )
    return Metric(
        label=words.say("To approve now"),
        value=figures.money(answer.asked_for or 0.0, words),
        detail=detail,
        help=words.say(
            "What is paid before the first user, mean over all cases, not discounted: training, "
            "search, pilots, data and people. Serving and operation follow. Expected legal damage "
            "is in neither: nobody pays it until it happens."
        ),
    )


def _worth(answer: Answer, words: Words) -> Metric:
    study = answer.study
    if study is None:
        return _unknown("npv", answer, words)
    npv = study.appraisal.npv
    return Metric(
        label=quantities.label("npv", words),
        value=quantities.text("npv", answer, words),
        detail=words.say(
            "{inside} · pays with {chance}",
            inside=figures.money_range(npv.low, npv.high, words),
            chance=quantities.text("probability", answer, words),
        ),
        help=lookup.tip("npv", words, lookup.tip("interval", words)),
    )


def _payback(answer: Answer, words: Words) -> Metric:
    study = answer.study
    if study is None:
        return _unknown("payback", answer, words)
    found = study.appraisal
    time, never = found.payback_months, figures.chance(found.never_pays_back, words)
    return Metric(
        label=quantities.label("payback", words),
        value=figures.months(time.value, words),
        detail=words.say("may never pay back: {chance}", chance=never)
        if math.isinf(time.low)
        else words.say(
            "{low} at the soonest · may never pay back: {chance}",
            low=figures.months(time.low, words),
            chance=never,
        ),
        help=words.say(
            "Median of all cases and where the middle {level} of them begin: months from now until "
            "what came in has covered what was spent. It is not discounted: where money now is "
            "worth more than money later, fewer cases pay than pay back.",
            level=formats.percent(time.level, words.language),
        ),
    )


def _unknown(key: str, answer: Answer, words: Words) -> Metric:
    return Metric(
        label=quantities.label(key, words),
        value=quantities.text(key, answer, words),
        detail=words.say("no value is known for this loss"),
        help=verdict.why(answer, words),
    )


def _legal(answer: Answer, words: Words) -> Metric:
    avoided = answer.outlay.legal_avoided
    share = figures.launched_in(answer.study, words)
    inside = figures.inside(avoided, words)
    if quantities.text("legal_avoided", answer, words) == figures.money(0.0, words):
        inside = words.say("the promise allows as much as attacks reach without it")
    elif share is not None:
        inside = words.say(
            "{inside} · if launched, as in {share} of the cases", inside=inside, share=share
        )
    return Metric(
        label=quantities.label("legal_avoided", words),
        value=quantities.text("legal_avoided", answer, words),
        detail=inside,
        help=words.say(
            "Present value of the legal damage that the privacy promise avoids, against the same "
            "training without it. It is no part of the net present value."
        ),
    )


def _odds(answer: Answer, words: Words) -> Metric:
    label, value, detail = quantities.attack(answer.risk, words)
    tip = lookup.tips(words, "odds", "advantage")
    return Metric(label=label, value=value, detail=detail, help=tip)
