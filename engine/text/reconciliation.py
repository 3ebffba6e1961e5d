"""How one amount leads to another, line by line, in the reader's currency."""

from engine.decision.answer import Answer
from engine.text import figures, quantities
from engine.text.i18n import Words


def rows(answer: Answer, words: Words) -> list[tuple[str, str]]:
    """(name, amount): from the list price of the training to its mean over all cases; then from
    what is paid before the first user, over what it costs to run, to all spending, and with the
    damage that is only expected to the total cost, and whether that assumes a launch. Lines that
    begin with a sign are steps."""
    found, launched = answer.reconciliation, figures.as_if_launched(answer.study, words)

    def named(key: str) -> tuple[str, str]:
        return quantities.label(key, words), quantities.text(key, answer, words)

    def step(name: str, amount: float) -> tuple[str, str]:
        sign = "" if amount < 0 else "+"
        return name, f"{sign}{figures.money(amount, words)}"

    return [
        named("training_list_price"),
        step(words.say("Uncertain prices, on average"), found.prices_move),
        named("training_mean"),
        named("cash_to_approve"),
        step(quantities.label("running_cost", words), found.running_cost),
        named("spending"),
        step(quantities.label("expected_damage", words), found.expected_damage),
        named("total_cost"),
        *([(words.say("From the running cost on"), launched)] if launched else []),
    ]
