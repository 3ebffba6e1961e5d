"""What a public start is worth, in words: in people, in money, and what others reported."""

from collections.abc import Mapping, Sequence

from engine.config import Budget
from engine.decision.from_start import Comparison, Plan, Worth
from engine.decision.published_gaps import AskedGap
from engine.decision.question import Question
from engine.decision.start_worth import StartWorth, Valued, list_price
from engine.fine_tunings import Gap
from engine.roi.plan import TRANSFER
from engine.text import bounds, figures, formats, labels
from engine.text.i18n import N_, Words


def finding(found: Comparison, words: Words) -> str:
    """Whether a start pays at this promise, and what it is worth."""
    if not found.start_pays:
        return no_gain(found.budget, words)
    return words.say(
        "With {people} at ε = {epsilon} a public start {worth}: a loss of {start} instead of "
        "{nothing} nats per byte, of small models trained here.",
        **_asked(found.budget, words),
        worth=worth(found.people, words),
        start=formats.loss(found.best.cross_entropy.value),
        nothing=formats.loss(found.from_nothing.cross_entropy.value),
    )


def no_gain(budget: Budget, words: Words) -> str:
    """That no start beats a training from nothing at this promise."""
    return words.say(
        "With {people} at ε = {epsilon} no clear gain of a public start shows in what was "
        "measured here: so many people teach a small model from nothing as much.",
        **_asked(budget, words),
    )


def _asked(budget: Budget, words: Words) -> dict[str, str]:
    return {
        "people": labels.people(budget.data_budget, words),
        "epsilon": formats.plain(budget.epsilon),
    }


def worth(people: Worth, words: Words) -> str:
    """What a start was worth in people: the end of a sentence about it."""
    if people.factor is None:
        return words.say("reached what from nothing no number of people reaches")
    return words.say(
        "was worth {times} times the people", times=times(people.factor, people, words)
    )


def times(factor: float, found: Worth, words: Words) -> str:
    """The factor of a worth with its range, which is open where its end was not searched."""
    low, high = (None if one is None else formats.plain(one, 2) for one in (found.low, found.high))
    value = formats.plain(factor, 2)
    if low is None:
        return value
    inside = (
        words.say("{low} or more", low=low)
        if high is None
        else formats.between(low, high, words.language)
    )
    return formats.bracketed(value, inside, words.language)


def hint(found: Comparison, words: Words) -> str:
    """That a start would help where a training from nothing is not for now."""
    return words.say(
        "That is about training from nothing. In what was measured here a public start {worth}: "
        "see “Start from a public model?” below.",
        worth=worth(found.people, words),
    )


def in_plain_words(words: Words) -> str:
    """What fine-tuning is, to who has never heard of it."""
    return words.say(
        "We take a model that can already read and teach it our records, without letting any "
        "person's record show."
    )


def ways(found: Comparison, question: Question, words: Words) -> dict[str, list[str]]:
    """A row for each way: what moves, how it trains, its noise, loss and price, and how near that
    was measured."""
    cells = [_cells(plan, list_price(plan, question), words) for plan in found.ways]
    return _columns(cells, (*cells[0],), words)


def ways_in_short(found: Comparison, question: Question, words: Words) -> dict[str, list[str]]:
    """A row for each way: what moves, and its loss."""
    cells = [_cells(plan, list_price(plan, question), words) for plan in found.ways]
    return _columns(cells, ("start", "moves", "loss"), words)


_HEADS = {
    "start": N_("Start"),
    "moves": N_("What is trained"),
    "batch": N_("Batch (people)"),
    "steps": N_("Steps"),
    "noise": N_("Noise σ"),
    "loss": N_("Loss (nats per byte)"),
    "price": N_("Cost of the training"),
    "cash": N_("Cash to approve"),
    "npv": N_("Net present value"),
    "probability": N_("Probability that it pays"),
    "evidence": N_("Evidence"),
}


def _cells(plan: Plan, jpy: float, words: Words) -> dict[str, str]:
    """What a table says of a way whose training costs ``jpy``."""
    start, moves = _begun(plan, words)
    return {
        "start": start,
        "moves": moves,
        "batch": formats.amount(plan.config.batch_size, words.language),
        "steps": formats.amount(plan.config.iterations, words.language),
        "noise": formats.plain(plan.noise_multiplier),
        "loss": loss_of(plan, words),
        "price": figures.price(jpy, words),
        "evidence": bounds.reach_word(plan.reach, words),
    }


def _columns(
    rows: Sequence[Mapping[str, str]], names: Sequence[str], words: Words
) -> dict[str, list[str]]:
    return {words.say(_HEADS[name]): [row[name] for row in rows] for name in names}


def loss_of(plan: Plan, words: Words) -> str:
    """Its loss with the range; a bound where it trains as long as may be answered."""
    loss = plan.cross_entropy
    inside = formats.between(formats.loss(loss.low), formats.loss(loss.high), words.language)
    shown = formats.bracketed(formats.loss(loss.value), inside, words.language)
    if plan.at_edge:
        shown = words.say("at most {loss}", loss=shown)
    return shown


def price_of(plan: Plan, question: Question, words: Words) -> str:
    """What the computing of one training costs; never nothing."""
    return figures.price(list_price(plan, question), words)


def _begun(plan: Plan, words: Words) -> tuple[str, str]:
    """What it begins from, and what of it moves."""
    size = formats.amount(plan.config.model_size, words.language)
    if plan.way is None:
        return words.say("from nothing"), words.say("all {size} parameters", size=size)
    if plan.way.method.lora_rank == 0:
        return words.say("public model"), words.say("all {size} parameters", size=size)
    moves = words.say(
        "LoRA of rank {rank}: {part} of {size} parameters",
        rank=plan.way.method.lora_rank,
        part=formats.amount(plan.way.trainable_size, words.language),
        size=size,
    )
    return words.say("public model"), moves


def in_money(found: StartWorth, words: Words) -> str:
    """What the better start earns, beside a training from nothing; how near that was measured."""
    npv = found.start.npv
    return words.say(
        "Begun from a public model, the training would be worth {npv} ({chance} probability of "
        "paying) instead of {nothing} ({other}) from nothing; evidence: {reach}.",
        npv=formats.bracketed(
            figures.money(npv.value, words),
            figures.money_range(npv.low, npv.high, words),
            words.language,
        ),
        chance=figures.chance(found.start.probability, words),
        nothing=figures.money(found.nothing.npv.value, words),
        other=figures.chance(found.nothing.probability, words),
        reach=bounds.reach_word(found.reach, words),
    )


def price(found: StartWorth, words: Words) -> str:
    """What the fine-tuning costs, alone and with all around it."""
    return words.say(
        "The fine-tuning itself costs {price}, {cash} with all that is paid before the first user.",
        price=figures.price(found.start.training_list_price, words),
        cash=figures.money(found.start.cash_to_approve.value, words),
    )


def money_table(found: StartWorth, words: Words) -> dict[str, list[str]]:
    """Both ways in money: heading -> cells."""
    names = ("start", "loss", "price", "cash", "npv", "probability", "evidence")
    return _columns([_in_money(one, words) for one in (found.nothing, found.start)], names, words)


def _in_money(one: Valued, words: Words) -> dict[str, str]:
    inside = figures.money_range(one.npv.low, one.npv.high, words)
    return _cells(one.plan, one.training_list_price, words) | {
        "cash": figures.money(one.cash_to_approve.value, words),
        "npv": formats.bracketed(figures.money(one.npv.value, words), inside, words.language),
        "probability": figures.chance(one.probability, words),
    }


def money_limits(found: StartWorth, words: Words) -> str:
    """What those figures rest on."""
    return words.say(
        "By your own step from loss to value, of models of up to {largest} parameters as they were "
        "measured here; another model on another text may lose {transfer} more or less, which the "
        "ranges hold. A larger model costs more and may earn more; nobody has measured that.",
        largest=formats.amount(found.comparison.largest_start, words.language),
        transfer=formats.percent(TRANSFER, words.language),
    )


def not_covered(words: Words) -> str:
    """What the promise of a fine-tuning leaves out."""
    return words.say(
        "The promise covers the private text alone: not the public text that the start was trained "
        "on, parts of which may be read out of the model; and whoever stands in both texts is "
        "protected in the private one only. Nobody has checked how far the two overlap."
    )


def limits(found: Comparison, evidence_id: str, words: Words) -> str:
    """What the comparison rests on, and what it does not say beside a plan by another evidence."""
    rests = words.say(
        "Measured here on {runs} trainings of models of up to {largest} parameters on the bytes of "
        "program text; none is larger from nothing. What carries over to your model is the order "
        "of the three and roughly the worth in people, not a loss: that of a public model on your "
        "text has to be measured. The promise does not cover the public text, and who stands in "
        "both is protected in yours only.",
        runs=formats.exact(found.runs),
        largest=formats.amount(found.largest_start, words.language),
    )
    batches = words.say(
        "“Measured” is said of size, steps and σ/B: no training here had batches of more than "
        "{batch}, and larger ones are taken to matter through σ/B alone.",
        batch=formats.exact(found.largest_batch),
    )
    if evidence_id == found.family:
        return words.joined([rests, batches])
    other = words.say(
        "It is another text than that of the evidence chosen in the sidebar, so its losses are not "
        "those of the plan that is recommended by that evidence."
    )
    return words.joined([rests, batches, other])


def missed(pairs: Sequence[AskedGap], words: Words) -> str:
    """That others with about so many people lost more to their promise than the law says."""
    people = sorted(one.gap.private.data_budget or 0.0 for one in pairs)
    times = sorted(one.times_too_little for one in pairs)
    return words.say(
        "Expect less of a start with so many people: others who fine-tuned on {fewest} to {most} "
        "documents lost {least} to {worst} times as much to their promise as this law says when it "
        "is asked about them, far beyond what was measured here.",
        fewest=formats.amount(people[0], words.language),
        most=formats.amount(people[-1], words.language),
        least=formats.plain(times[0], 2),
        worst=formats.plain(times[-1], 2),
    )


def reported(gaps: list[Gap], words: Words) -> dict[str, list[str]]:
    """What a promise cost others who fine-tuned public models."""
    rows = [
        (
            words.say("not printed")
            if gap.private.data_budget is None
            else formats.amount(gap.private.data_budget, words.language),
            formats.plain(gap.private.epsilon or 0.0),
            gap.private.model,
            formats.loss(gap.nats),
            gap.private.source,
        )
        for gap in gaps
    ]
    heads = (
        words.say("People or documents"),
        words.say("Privacy ε"),
        words.say("Model, method and text"),
        words.say("Cost of the promise (nats per token)"),
        words.say("Source"),
    )
    return {head: list(column) for head, column in zip(heads, zip(*rows, strict=True), strict=True)}


def spread(gaps: list[Gap], words: Words) -> str:
    """The finding of that table."""
    costs = sorted(gap.nats for gap in gaps)
    sizes = sorted(gap.private.model_size for gap in gaps)
    promised = sorted(gap.private.epsilon or 0.0 for gap in gaps)
    return words.say(
        "Others fine-tuned public models of {smallest} to {largest} parameters at ε of {least} to "
        "{most}: the promise cost them {low} to {high} nats per token against the same training "
        "without it.",
        smallest=formats.amount(sizes[0], words.language),
        largest=formats.amount(sizes[-1], words.language),
        least=formats.plain(promised[0]),
        most=formats.plain(promised[-1]),
        low=formats.loss(costs[0]),
        high=formats.loss(costs[-1]),
    )
