"""What would make a plan pay that does not: budgets and figures at which it just does; pure."""

from collections.abc import Sequence

from engine.api.decisions import Answer
from engine.api.money import CURVE_INPUTS, Drawn, Least
from engine.text import figures, formats, labels
from engine.text.i18n import Words

_UNKNOWN = "—"
_WORTH = "value_per_unit"
"""What a task that is done better is worth: asked for by name."""
_FIGURES = 3
"""Figures of the table of assumptions that are named: the nearest to where they turn."""


def pays_at_the_centre(answer: Answer) -> bool:
    """Whether the plan would pay with every figure at its own value: then no least amount of
    anything is what it lacks."""
    return answer.study is not None and answer.study.appraisal.central_npv >= 0


def despite(answer: Answer, words: Words) -> str:
    """How a plan can lose that :func:`pays_at_the_centre`; "" where it does not."""
    if answer.study is None or not pays_at_the_centre(answer):
        return ""
    return words.say(
        "With every figure at its own value the plan would pay: {central}. Over all cases it does "
        "not, {mean} on average, since the ranges are not even on both sides.",
        central=figures.money(answer.study.appraisal.central_npv, words),
        mean=figures.money(answer.study.appraisal.npv.value, words),
    )


def meaning(answer: Answer, paying: Sequence[Least], words: Words) -> str:
    """What the table holds."""
    said = words.say(
        "With which value the plan just pays at the central case, each alone, all else as it is. "
        "“Out of reach”: nothing that may be asked for is enough. Probabilities are drawn for the "
        "budgets; a figure of the table has one on ROI once it is changed there."
    )
    budget = answer.question.budget
    if all(each.value is None or each.value >= getattr(budget, each.name) for each in paying):
        return said
    less = words.say(
        "Where it is less than now, the plan pays from there on, but no longer with as much as "
        "now: what is added costs or risks more than it brings."
    )
    return words.joined([said, less])


def table(
    answer: Answer, paying: Sequence[Least], words: Words, together: Drawn | None = None
) -> dict[str, list[str]]:
    """What, where it stands now, and the value at which the plan just pays."""
    rows = [*_budgets(answer, paying, words), *_together(answer, together, words)]
    rows += _figures(answer, words)
    heads = (
        words.say("What"),
        words.say("Now"),
        words.say("Just pays at"),
        words.say("Then with a probability of"),
    )
    return {head: list(column) for head, column in zip(heads, zip(*rows, strict=True), strict=True)}


def _budgets(
    answer: Answer, paying: Sequence[Least], words: Words
) -> list[tuple[str, str, str, str]]:
    budget = answer.question.budget
    shown = {
        "data_budget": (
            words.say("Data (people)"),
            float(budget.data_budget),
            lambda n: labels.people(n, words),
        ),
        "epsilon": (words.say("Privacy ε"), budget.epsilon, formats.plain),
        "compute_flops": (
            words.say("Compute (FLOPs)"),
            budget.compute_flops,
            formats.scientific,
        ),
    }
    found = {least.name: least for least in paying}
    rows = []
    for name, (label, now, show) in shown.items():
        least = found.get(name)
        if least is None or least.value is None:
            rows.append((label, show(now), words.say("out of reach"), _UNKNOWN))
            continue
        chance = least.probability
        said = _UNKNOWN if chance is None else figures.chance(chance, words)
        rows.append((label, show(now), show(formats.rounded(least.value, up=True)), said))
    return rows


def _together(answer: Answer, found: Drawn | None, words: Words) -> list[tuple[str, str, str, str]]:
    """People and compute that do together what neither does alone."""
    if found is None:
        return []

    def both(people: float, compute_flops: float) -> str:
        return words.say(
            "{people}, {flops} FLOPs",
            people=labels.people(people, words),
            flops=formats.scientific(compute_flops),
        )

    budget = answer.question.budget
    now = both(budget.data_budget, budget.compute_flops)
    then = both(found.people, found.budget.compute_flops)
    chance = figures.chance(found.probability, words)
    return [(words.say("People and compute together"), now, then, chance)]


def _figures(answer: Answer, words: Words) -> list[tuple[str, str, str, str]]:
    """Figures of the business that alone turn the answer, the nearest first; the value of a task
    whether it can or not."""
    breaks = answer.study.break_evens if answer.study else ()
    nearest = [each for each in breaks if each.name not in CURVE_INPUTS][:_FIGURES]
    rows = [
        (
            figures.name(each.name, words),
            figures.figure(each.name, each.value, words),
            figures.figure(each.name, each.at, words),
            _UNKNOWN,
        )
        for each in nearest
    ]
    if answer.study and _WORTH not in {each.name for each in nearest}:
        reached = next((each.at for each in breaks if each.name == _WORTH), None)
        at = (
            words.say("out of reach") if reached is None else figures.figure(_WORTH, reached, words)
        )
        now = figures.figure(_WORTH, answer.study.table.values[_WORTH], words)
        rows.insert(0, (figures.name(_WORTH, words), now, at, _UNKNOWN))
    return rows
