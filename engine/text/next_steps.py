"""The steps of next Monday in words: who does what, with which amount, and what is measured."""

from engine.cost import cost
from engine.decision.answer import Answer
from engine.decision.next_steps import Act, Step
from engine.decision.verdict import Code
from engine.roi.staging import Gate
from engine.text import figures, formats, labels, public_start
from engine.text.i18n import N_, Words

_WHO = {
    Act.APPROVE: N_("Board"),
    Act.TRAIN: N_("Engineering"),
    Act.PILOT: N_("Engineering"),
    Act.GATE: N_("The business"),
    Act.MEASURE: N_("Finance and the business"),
    Act.PEOPLE: N_("Owners of the data"),
    Act.FEWER: N_("Owners of the data"),
    Act.EPSILON: N_("Legal"),
    Act.COMPUTE: N_("Engineering"),
    Act.START: N_("Engineering"),
    Act.PAIRS: N_("The business"),
    Act.EVIDENCE: N_("Finance and the business"),
}
_THIS, _NEXT = N_("at this meeting"), N_("before the next meeting")


def who(step: Step, words: Words) -> str:
    """Who takes the step."""
    return words.say(_WHO[step.act])


def when(step: Step, answer: Answer, words: Words) -> str:
    """By when it is done: a pilot and a training have months of their own, the rest is for the next
    meeting."""
    if step.act is Act.APPROVE:
        return words.say(_THIS)
    study = answer.study
    if study is None or step.act not in (Act.PILOT, Act.TRAIN, Act.GATE):
        return words.say(_NEXT)
    pilot, launch = study.staged.gates
    months = {
        Act.PILOT: pilot.month,
        Act.TRAIN: study.table["launch_months"].value,
        Act.GATE: launch.month,
    }[step.act]
    return words.say("by the end of month {months}", months=formats.plain(months))


def what(step: Step, answer: Answer, words: Words) -> str:
    """What is done and measured, in one or two sentences."""
    return {
        Act.APPROVE: _approve,
        Act.TRAIN: _train,
        Act.PILOT: _pilot,
        Act.GATE: _gate,
        Act.MEASURE: _measure,
        Act.PEOPLE: _people,
        Act.FEWER: _fewer,
        Act.EPSILON: _epsilon,
        Act.COMPUTE: _compute,
        Act.START: _start,
        Act.PAIRS: _pairs,
        Act.EVIDENCE: _evidence,
    }[step.act](step, answer, words)


def _approve(step: Step, answer: Answer, words: Words) -> str:
    if answer.verdict.code is Code.PILOT:
        return words.say(
            "Approve {pilot} for a pilot, and no more: the {cash} until launch are asked for again "
            "with its result.",
            pilot=figures.money(step.amount or 0.0, words),
            cash=figures.money(answer.reconciliation.cash_to_approve, words),
        )
    return words.say(
        "Approve {money} until launch, of which {training} for the training itself; running it "
        "takes {running} over {years} years.",
        running=figures.money(answer.reconciliation.running_cost, words),
        money=figures.money(step.amount or 0.0, words),
        training=figures.price(answer.reconciliation.training_list_price, words),
        years=formats.plain(answer.question.assumptions["horizon_years"].value),
    )


def _train(step: Step, answer: Answer, words: Words) -> str:
    expected = answer.decision.recommendation.cross_entropy
    return words.say(
        "Train the model as configured below: {time}. It went as forecast if the loss ends between "
        "{low} and {high}.",
        time=labels.duration(answer.decision.cost.device_hours, words),
        low=formats.loss(expected.low),
        high=formats.loss(expected.high),
    )


def _pilot(step: Step, answer: Answer, words: Words) -> str:
    if step.amount is None:
        return words.say(
            "Run a small pilot on your own text: it measures which loss to expect there, whatever "
            "that is worth."
        )
    said = words.say(
        "Run a pilot of {price} before anything else is spent.",
        price=figures.money(step.amount or 0.0, words),
    )
    if step.gate is None or step.gate.threshold is None:
        return said
    if step.gate.measured == "loss":
        goes_on = words.say(
            "Go on if the loss that it lets expect is at most {threshold}.",
            threshold=formats.loss(step.gate.threshold),
        )
    else:
        goes_on = words.say(
            "Go on if its model, tried on the task, shows {threshold} ({metric}).",
            threshold=_threshold(step.gate, words),
            metric=figures.inline("metric", words),
        )
    return words.joined([said, goes_on])


def _gate(step: Step, answer: Answer, words: Words) -> str:
    assert step.gate is not None and answer.study is not None  # a gate is one of a study's
    return words.say(
        "Launch to {share} of the users first; to all from month {month} on, if the metric is "
        "{threshold}.",
        share=formats.percent(answer.study.staged.limited_share, words.language),
        month=formats.plain(step.gate.month),
        threshold=_threshold(step.gate, words),
    )


def _threshold(gate: Gate, words: Words) -> str:
    value = figures.metric(gate.threshold or 0.0, words)
    if gate.at_most:
        return words.say("at most {value}", value=value)
    return words.say("at least {value}", value=value)


def _measure(step: Step, answer: Answer, words: Words) -> str:
    names = [figures.inline(name, words) for name in step.names]
    quoted = "".join(f"「{name}」" for name in names)
    return words.say(
        "Put your own figures in the place of the assumptions that move the result most: {names}.",
        names=quoted if words.language == "ja" else ", ".join(f"“{name}”" for name in names),
    )


def _people(step: Step, answer: Answer, words: Words) -> str:
    if step.compute_flops is not None:
        return words.say(
            "Find out whether the text of {people} may be used: with so many, and compute of "
            "{compute}, the plan just pays in the central case; neither is enough alone.",
            people=labels.people(enough(step), words),
            compute=_priced(step.compute_flops, answer, words),
        )
    return words.say(
        "Find out whether the text of {people} may be used: with so many, all else as it is, the "
        "plan just pays in the central case.",
        people=labels.people(enough(step), words),
    )


def enough(step: Step) -> float:
    """The amount of a step that does what it is taken for, in three digits: less would not."""
    return formats.rounded(step.amount or 0.0, up=True)


def _fewer(step: Step, answer: Answer, words: Words) -> str:
    assert step.fewer is not None  # the step is made with it
    return words.say(
        "Use the text of {people} only: the rest cost and risk more than they add. Then the plan "
        "is worth {npv}, and pays with a probability of {chance}.",
        people=labels.people(step.fewer.people, words),
        npv=figures.money(step.fewer.npv.value, words),
        chance=figures.chance(step.fewer.probability, words),
    )


def _epsilon(step: Step, answer: Answer, words: Words) -> str:
    return words.say(
        "Ask whether ε = {epsilon} may be promised: with that, all else as it is, the plan just "
        "pays in the central case.",
        epsilon=formats.plain(enough(step)),
    )


def _compute(step: Step, answer: Answer, words: Words) -> str:
    return words.say(
        "Plan with compute of {compute} instead of {now}: with that, all else as it is, the plan "
        "just pays in the central case.",
        compute=_priced(enough(step), answer, words),
        now=_priced(answer.question.budget.compute_flops, answer, words),
    )


def _priced(compute_flops: float, answer: Answer, words: Words) -> str:
    return words.say(
        "{money} ({flops} FLOPs)",
        money=figures.money(cost(compute_flops, answer.question.prices).jpy, words),
        flops=formats.scientific(compute_flops),
    )


def _start(step: Step, answer: Answer, words: Words) -> str:
    assert step.start is not None  # the step is made with it
    return words.say(
        "Run a pilot that begins from a public model, with the same promise: in what was measured "
        "here that {worth}. Its value for your task is not known until then.",
        worth=public_start.worth(step.start.people, words),
    )


def _pairs(step: Step, answer: Answer, words: Words) -> str:
    if answer.study is not None:
        return words.say(
            "Measure what you want to improve at three models of known loss: the step from loss to "
            "value is assumed so far."
        )
    return words.say(
        "Measure what you want to improve at three models of known loss: then a loss has a value, "
        "and this page a return."
    )


def _evidence(step: Step, answer: Answer, words: Words) -> str:
    return words.say(
        "Look at the plan by “{evidence}” too: a loss of that evidence has an assumed value, and "
        "the page a return.",
        evidence=labels.evidence_name(step.names[0], words),
    )
