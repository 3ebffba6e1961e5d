"""The guided tour: a worked example on every page, one step a page; pure.

A made-up manufacturing group asks a question, the page answers it with the figures it has just
computed, and the visitor can try one thing. Only what goes in is made up (:data:`EXAMPLE`): nothing
that comes out is typed here. Shown by :mod:`dashboard.state.example_session`, so a visitor's own
scenario survives.
"""

from dataclasses import dataclass

from dashboard.pilot import facts as pilot_facts
from dashboard.state import link
from dashboard.state.scenario import Scenario
from engine.api.decisions import Answer, Decision, StartFindings
from engine.api.money import Study
from engine.api.scenarios import fields as grammar
from engine.text import figures, formats, labels, quantities, start_advice, verdict
from engine.text.i18n import N_, Words

_LEFT = ("lang", "currency", "tour", "plane", "shown")
EXAMPLE: dict[str, grammar.Value] = {
    key: value for key, value in link.defaults().items() if key not in _LEFT
} | {
    "compute": 1e20,
    "data": 3_000_000,
    "epsilon": 8.0,
    "pilot": link.NEW_PILOT,
}
"""What the made-up group puts in. Inside the evidence, and neither a clear yes nor a clear no, so
that every budget can be seen to matter. Language and currency stay the visitor's."""
_MINUTES = 3
"""Length of the pilot that the tour speaks of."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step: the page it belongs to, what is asked there, what to try, and a button that tries
    it.

    ``sets``: the budget that the button moves, and by which factor; None where the page has a
    button of its own.
    """

    page: str
    asks: str
    tries: str
    button: str = ""
    sets: tuple[grammar.BudgetField, float] | None = None


STEPS = (
    Step(
        page="decide",
        asks=N_(
            "A manufacturing group has text in every corner: departments' notes, e-mails, "
            "inspection reports and trouble reports of several plants, written by {people} (staff, "
            "suppliers, customers). Which model should it train on them, and what will that cost?"
        ),
        tries=N_("Make the privacy promise twice as strict and watch the verdict above."),
        button=N_("Promise ε = {value}"),
        sets=(grammar.EPSILON, 0.5),
    ),
    Step(
        page="explore",
        asks=N_(
            "Should the next effort go into more computing, into text of more people, or into "
            "talking about ε?"
        ),
        tries=N_("Click a point of the map, which makes it the scenario, or take in more people."),
        button=N_("Take in {value}"),
        sets=(grammar.DATA, 2.0),
    ),
    Step(
        page="roi",
        asks=N_("Does it pay, and how sure is that?"),
        tries=N_(
            "Open “Where from” under a figure, or change an assumption in the table at the end of "
            "the page."
        ),
    ),
    Step(
        page="pilot",
        asks=N_("Can the recommendation be tested before the money is spent?"),
        tries=N_(
            "Prepare the text that comes along: it is read and this machine is timed; nothing is "
            "trained."
        ),
    ),
    Step(
        page="compare",
        asks=N_("What would change if every subsidiary joined, with ten times the people?"),
        tries=N_("Save this scenario under a name, move a slider, and lay the two side by side."),
    ),
    Step(
        page="present",
        asks=N_("The board meets on Thursday: what is put before it?"),
        tries=N_("Turn the slides with the arrow keys, and switch on the notes."),
    ),
)
"""In the order of the tour; a step's number in a link counts from 1."""


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What the pages have computed for the scenario on show; ``wider`` is that of the
    comparison, ``start`` what is known of the ways to begin."""

    now: Scenario
    answer: Answer
    wider: Answer | None = None
    start: StartFindings | None = None

    @property
    def decision(self) -> Decision:
        """The plan of the scenario on show."""
        return self.answer.decision

    @property
    def study(self) -> Study | None:
        """What it earns, where that is known."""
        return self.answer.study


def number(page: str) -> int | None:
    """The step of a page, from 1; None where the tour does not call."""
    return next((n for n, step in enumerate(STEPS, 1) if step.page == page), None)


def is_moved(now: dict[str, grammar.Value]) -> bool:
    """Whether a budget of the example has been moved."""
    return any(now[key] != EXAMPLE[key] for key in (*grammar.BUDGETS, "delta"))


def asks(step: Step, now: Scenario, words: Words) -> str:
    """What the group asks."""
    people = labels.people(now.budget.data_budget, words)
    return _headed(words.say("Asked:"), words.say(step.asks, people=people))


def tries(step: Step, words: Words) -> str:
    """What the visitor may try."""
    return _headed(words.say("To try:"), words.say(step.tries))


def tried(step: Step, now: dict[str, grammar.Value]) -> dict[str, float]:
    """What a click on the step's button makes of the budget, inside its limits; empty without a
    button."""
    if step.sets is None:
        return {}
    field, factor = step.sets
    low, high = field.bounds
    value = min(max(formats.rounded(field.of(now) * factor), low), high)
    return {field.key: field.convert(value)}


def button(step: Step, now: dict[str, grammar.Value], words: Words) -> str:
    """The label of that button, with the value it sets."""
    ((key, value),) = tried(step, now).items()
    text = labels.people(value, words) if key == "data" else formats.plain(value)
    return words.say(step.button, value=text)


def answers(step: Step, found: Answers, words: Words) -> str:
    """What the page answers, with its current numbers."""
    said = {
        "decide": _decide,
        "explore": _explore,
        "roi": _roi,
        "pilot": _pilot,
        "compare": _compare,
        "present": _present,
    }[step.page](found, words)
    return _headed(words.say("Answered:"), said)


def without_plan(words: Words) -> str:
    """The sentence for budgets that allow no plan."""
    said = words.say("These budgets allow no plan; take the example's figures again.")
    return _headed(words.say("Answered:"), said)


def assumptions(words: Words) -> str:
    """What is made up, in one line."""
    return words.say(
        "Made up for the example: the group, {people}, {compute} FLOPs, ε = {epsilon} at δ = "
        "{delta}. All else is as on a first visit. What the pages answer is computed.",
        people=labels.people(grammar.DATA.of(EXAMPLE), words),
        compute=formats.scientific(grammar.COMPUTE.of(EXAMPLE)),
        epsilon=formats.plain(grammar.EPSILON.of(EXAMPLE)),
        delta=formats.scientific(grammar.DELTA.of(EXAMPLE)),
    )


def _headed(head: str, text: str) -> str:
    return f"**{head}** {text}"


def _decide(found: Answers, words: Words) -> str:
    config = found.decision.recommendation.config
    plan = words.say(
        "With ε = {epsilon}: {model} parameters for {money}; an attacker guesses {found} of "
        "1,000 right, without the model {guessed}; compute of the usual rule: {rule}.",
        epsilon=formats.plain(found.now.budget.epsilon),
        model=formats.amount(config.model_size, words.language),
        money=figures.price(found.decision.cost.jpy, words),
        found=quantities.text("odds_found", found.answer, words),
        guessed=quantities.text("odds_guessed", found.answer, words),
        rule=quantities.text("rule_factor", found.answer, words),
    )
    return words.joined((verdict.headline(found.answer, words), plan))


def _explore(found: Answers, words: Words) -> str:
    shown = {
        key: quantities.text(f"doubling_{key}", found.answer, words) for key in grammar.BUDGETS
    }
    return words.say(
        "Twice the people lower the loss by {data}, twice the ε by {epsilon}, twice the compute by "
        "{compute}.",
        **shown,
    )


def _roi(found: Answers, words: Words) -> str:
    said = _worth(found, words)
    if found.start is None:
        return said
    return words.joined([said, *start_advice.which_and_why(found.start, words)])


def _worth(found: Answers, words: Words) -> str:
    study = found.study
    if study is None:
        return verdict.why(found.answer, words)
    worth = study.appraisal
    return words.say(
        "Net present value over {years} years: {value}, and with {level} probability {range}; it "
        "pays with {chance} probability.",
        years=formats.plain(study.table["horizon_years"].value),
        value=figures.money(worth.npv.value, words),
        level=formats.percent(worth.npv.level, words.language),
        range=figures.money_range(worth.npv.low, worth.npv.high, words),
        chance=figures.chance(worth.probability, words),
    )


def _pilot(found: Answers, words: Words) -> str:
    price = pilot_facts.price(60.0 * _MINUTES, found.now.question.prices)
    first = words.say(
        "A pilot of {minutes} minutes on this machine takes about {price} of device time; what the "
        "law predicts is frozen before the first step.",
        minutes=_MINUTES,
        price=figures.money(price, words),
    )
    if found.study is None:
        return first
    full = words.say(
        "The one that would inform the verdict costs {pilot}, people included.",
        pilot=figures.money(found.study.staged.pilot.price, words),
    )
    return words.joined((first, full))


def _compare(found: Answers, words: Words) -> str:
    here, there = found.answer, found.wider
    if there is None:
        return words.say("With ten times the people these budgets allow no plan.")
    losses = {
        "loss": quantities.text("cross_entropy", here, words),
        "other": quantities.text("cross_entropy", there, words),
    }
    costs = [quantities.text("training_list_price", one, words) for one in (here, there)]
    if costs[0] == costs[1]:
        return words.say(
            "The expected loss would go from {loss} to {other}, at the same training cost of "
            "{money}.",
            money=costs[0],
            **losses,
        )
    return words.say(
        "The expected loss would go from {loss} to {other}, the training cost from {money} to "
        "{other_money}.",
        money=costs[0],
        other_money=costs[1],
        **losses,
    )


def _present(found: Answers, words: Words) -> str:
    if found.study is None:
        return verdict.why(found.answer, words)
    slides = words.say(
        "The slides put that to the board with these very figures, a net present value of {value} "
        "among them. Every export prints all assumptions.",
        value=figures.money(found.study.appraisal.npv.value, words),
    )
    return words.joined((verdict.headline(found.answer, words), slides))
