"""Which of three ways to begin is recommended, what a start is worth, and where each figure of that
comparison comes from: a training, a law, an entry, or nowhere (unknown)."""

from engine.decision.from_start import Comparison, Plan
from engine.decision.question import Question
from engine.decision.start_worth import StartFindings, StartWorth
from engine.errors import InputError
from engine.text import figures, formats, labels, public_start
from engine.text.i18n import Words

InMoney = StartWorth | InputError | None
"""What a start is worth in money; why that is not known; None: no start gains anything."""


def recommendation(found: Comparison, question: Question, words: Words) -> str:
    """The way that is recommended, with all that it is trained with, its loss and its price."""
    plan = min(found.ways, key=lambda one: one.cross_entropy.value)
    said = {
        "way": _way(plan, words),
        "steps": formats.amount(plan.config.iterations, words.language),
        "batch": labels.people(plan.config.batch_size, words),
        "sigma": formats.plain(plan.noise_multiplier),
        "epsilon": formats.plain(found.budget.epsilon),
        "loss": public_start.loss_of(plan, words),
        "price": public_start.price_of(plan, question, words),
    }
    if found.start_pays or found.nothing_pays:
        first = words.say(
            "Recommended of the three: {way}, {steps} steps on batches of {batch}, noise σ = "
            "{sigma} for ε = {epsilon}. Expect a loss of {loss} nats per byte; its computing costs "
            "{price}.",
            **said,
        )
    else:
        first = words.say(
            "None of the three is clearly better, since their ranges overlap. The lowest loss has: "
            "{way}, {steps} steps on batches of {batch}, noise σ = {sigma} for ε = {epsilon}, with "
            "{loss} nats per byte; its computing costs {price}.",
            **said,
        )
    return words.joined([first, None if found.start_pays else _longer(found, words)])


def _longer(found: Comparison, words: Words) -> str | None:
    if not any(plan.at_edge for plan in found.plans):
        return None
    return words.say(
        "What a fine-tuning longer than those measured would reach is unknown: where “at most” "
        "stands, a start may do better."
    )


def _way(plan: Plan, words: Words) -> str:
    size = formats.amount(plan.config.model_size, words.language)
    if plan.way is None:
        return words.say("from nothing, a model of {size} parameters", size=size)
    if plan.way.method.lora_rank == 0:
        return words.say("a public model of {size} parameters, all of them trained", size=size)
    return words.say(
        "a public model of {size} parameters with LoRA of rank {rank}",
        size=size,
        rank=plan.way.method.lora_rank,
    )


def of_start(found: StartFindings, words: Words) -> list[str]:
    """As :func:`which_and_why`; then what might turn the recommendation."""
    said = which_and_why(found, words)
    if found.worth is not None or found.comparison is None or found.comparison.start_pays:
        return said
    return [*said, *filter(None, [_longer(found.comparison, words)])]


def which_and_why(found: StartFindings, words: Words) -> list[str]:
    """Which way to begin is recommended, or that it is unknown; then why its worth in money is
    unknown."""
    if found.worth is not None:
        return [public_start.in_money(found.worth, words)]
    refused = [] if found.refusal is None else [words.refusal(found.refusal)]
    if found.comparison is None:
        return [words.say("Whether to begin from a public model is unknown."), *refused]
    return [_in_short(found.comparison, words), *refused]


def _in_short(found: Comparison, words: Words) -> str:
    if found.nothing_pays:
        return words.say(
            "Of three ways to begin, from nothing is recommended: in small models trained here no "
            "public model came as far."
        )
    if not found.start_pays:
        return words.say(
            "Of three ways to begin none is recommended before the others: in small models trained "
            "here their ranges overlap."
        )
    low_rank = found.best.way is not None and found.best.way.method.lora_rank > 0
    way = (
        words.say("a public model with LoRA")
        if low_rank
        else words.say("a public model, all of it trained,")
    )
    if found.people.factor is None:
        return words.say(
            "Of three ways to begin, {way} is recommended: in small models trained here no number "
            "of people came as far from nothing.",
            way=way,
        )
    return words.say(
        "Of three ways to begin, {way} is recommended: in small models trained here it was worth "
        "{times} times the people.",
        way=way,
        times=public_start.times(found.people.factor, found.people, words),
    )


def worths(found: Comparison, money: InMoney, words: Words) -> str:
    """What the better start was worth in people, in ε and in money; "" where none gains."""
    if not found.start_pays:
        return ""
    return words.joined([_in_people(found, words), _in_epsilon(found, words), _money(money, words)])


def _in_people(found: Comparison, words: Words) -> str:
    if found.people.value is None or found.people.factor is None:
        return words.say(
            "In people: from nothing no number of people up to {most} gets as far.",
            most=formats.amount(found.people.searched[1], words.language),
        )
    return words.say(
        "In people: from nothing {people} would be needed, {times} times as many.",
        people=labels.people(found.people.value, words),
        times=public_start.times(found.people.factor, found.people, words),
    )


def _in_epsilon(found: Comparison, words: Words) -> str:
    if found.epsilon.value is None or found.epsilon.factor is None:
        return words.say(
            "In ε: from nothing no ε up to {most} gets as far with {people}.",
            most=formats.plain(found.epsilon.searched[1]),
            people=labels.people(found.budget.data_budget, words),
        )
    return words.say(
        "In ε: from nothing ε = {epsilon} would be needed, {times} times as much.",
        epsilon=formats.plain(found.epsilon.value, 2),
        times=public_start.times(found.epsilon.factor, found.epsilon, words),
    )


def _money(money: InMoney, words: Words) -> str:
    if isinstance(money, StartWorth):
        return words.say(
            "In money: {difference} of net present value more than from nothing (see ROI).",
            difference=formats.bracketed(
                figures.money(money.difference.value, words),
                figures.inside(money.difference, words),
                words.language,
            ),
        )
    return words.say("In money: unknown; “Where each figure comes from” below says why.")


def origins(
    found: Comparison, question: Question, money: InMoney, words: Words
) -> dict[str, list[str]]:
    """Every kind of figure in the comparison, and where it comes from or that it is unknown."""
    rows = [
        (words.say("People, ε, δ"), _entries(found, words)),
        (words.say("Size and method from a public model"), _starts(found, words)),
        (words.say("Loss, batch and steps from a public model"), _tuned(found, words)),
        (words.say("Size, loss, batch and steps from nothing"), _nothing(found, words)),
        (
            words.say("Noise σ"),
            words.say(
                "Accounting of ε for that batch and those steps; an estimate of the search, no "
                "certificate."
            ),
        ),
        (words.say("Cost of the training"), _price(question, words)),
        (
            words.say("Worth in people and in ε"),
            words.say(
                "Read off along the law from nothing, where it meets the loss of the better start; "
                "the ranges (90%) hold the errors of both laws, taken as independent."
            )
            if found.start_pays
            else words.say("None: no start gains clearly."),
        ),
        (words.say("Worth in money"), _money_origin(found, money, words)),
        (
            words.say("Loss, price and worth of a larger public model on your text"),
            words.say(
                "Unknown: nothing larger than {largest} parameters was trained here, and no "
                "published result lies near. A pilot that begins from that model measures its "
                "loss.",
                largest=formats.amount(found.largest_start, words.language),
            ),
        ),
        (
            words.say("People who stand in the public text and in yours"),
            words.say("Unknown: nobody has checked; the promise does not cover the public text."),
        ),
    ]
    heads = words.say("Figure"), words.say("Where it comes from")
    return {head: list(column) for head, column in zip(heads, zip(*rows, strict=True), strict=True)}


def _entries(found: Comparison, words: Words) -> str:
    budget = found.budget
    return words.say(
        "Your entries in the sidebar: {people}, ε = {epsilon}, δ = {delta}.",
        people=labels.people(budget.data_budget, words),
        epsilon=formats.plain(budget.epsilon),
        delta=formats.scientific(budget.delta, 1),
    )


def _starts(found: Comparison, words: Words) -> str:
    said = {
        plan.way.method.start: words.say(
            "{name}: {size} parameters, {loss} nats per byte on the private text before any step "
            "(measured)",
            name=plan.way.method.start,
            size=formats.amount(plan.way.model_size, words.language),
            loss=formats.loss(plan.way.start_cross_entropy),
        )
        for plan in found.plans
        if plan.way is not None
    }
    return words.say(
        "The public models that ship, and the ranks that were trained here. {starts}.",
        starts=words.listed(said.values()),
    )


def _tuned(found: Comparison, words: Words) -> str:
    return words.say(
        "Law of fine-tuning, of {runs} trainings on {family} (hash {hash}); a search over batch "
        "and steps near them. Errors and misses: data/FINE-TUNING.md.",
        runs=formats.exact(found.runs),
        family=found.family,
        hash=found.evidence_hash[:12],
    )


def _nothing(found: Comparison, words: Words) -> str:
    behind = found.behind_nothing
    return words.say(
        "Law from nothing, of {runs} trainings of {evidence}, carried over to the same text by "
        "{own} trainings on it (hash {hash}); models no larger than the largest start.",
        runs=formats.exact(behind.runs),
        evidence=behind.id,
        own=formats.exact(found.carried_runs),
        hash=behind.hash[:12],
    )


def _price(question: Question, words: Words) -> str:
    prices = question.prices
    return words.say(
        "6 × parameters × batch × steps × 64 bytes, at your price of {device}: {price} an hour, "
        "{used} of its peak used, {overhead} times a plain step. LoRA computes less than that; how "
        "much less was not measured.",
        device=prices.accelerator.name,
        price=figures.money(prices.accelerator.price_per_hour_usd * prices.jpy_per_usd, words),
        used=formats.percent(prices.utilisation, words.language),
        overhead=formats.plain(prices.dp_overhead),
    )


def _money_origin(found: Comparison, money: InMoney, words: Words) -> str:
    if not found.start_pays:
        return words.say("None: no start gains clearly.")
    if isinstance(money, InputError):
        return words.joined([words.say("Unknown."), words.refusal(money)])
    return words.say("ROI's draws, by your step from loss to value and your assumptions.")
