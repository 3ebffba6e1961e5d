"""Sentences and names of the Explore page, made from a decision and its maps; pure."""

import numpy as np

from dashboard.answers.plane import NAMES, Plane
from dashboard.decide import wording
from engine.api.decisions import TOKENS_PER_PARAMETER, TOLERANCE, BudgetMap, Decision, PlanLines
from engine.api.money import CostAssumptions, cost
from engine.config import Budget
from engine.text import bounds, figures, formats, labels
from engine.text.i18n import N_, Words

TOKENS_RULE = int(TOKENS_PER_PARAMETER)
"""Tokens per parameter without privacy (Hoffmann et al. 2022, table 3)."""
_AXES = {
    "compute": N_("Compute (FLOPs)"),
    "data": N_("Data (people)"),
    "epsilon": N_("Privacy ε"),
}
_DOUBLED = {
    "compute": N_("twice the compute"),
    "data": N_("twice the people"),
    "epsilon": N_("twice the ε"),
}


def headline(answer: Decision, words: Words) -> str:
    """Which budget helps most from here, and where the ridge lies."""
    return words.joined([wording.binding(answer, words), ridge(answer, words)])


def ridge(answer: Decision, words: Words) -> str:
    if answer.saturation.compute_flops is None:
        return wording.saturation_sentence(answer.saturation, words)
    limit = bounds.saturation(answer.saturation, words)
    ratio = answer.saturation.compute_flops / answer.budget.compute_flops
    if ratio >= 1:
        return words.say(
            "Compute helps up to {limit} FLOPs, {factor} this budget.",
            limit=limit,
            factor=labels.times(ratio, words),
        )
    return words.say(
        "Compute helps up to {limit} FLOPs, which this budget has passed.", limit=limit
    )


def axis(key: str, words: Words) -> str:
    return words.say(_AXES[key])


def value(key: str, amount: float, words: Words) -> str:
    """A budget with its unit."""
    if key == "compute":
        return f"{formats.scientific(amount)} FLOPs"
    if key == "data":
        return labels.people(amount, words)
    return f"ε = {formats.plain(amount)}"


def held(plane: Plane, budget: Budget, words: Words, *, arrows: bool) -> str:
    """How to read the map: what is held, what a click does, what arrows mean."""
    third = getattr(budget, NAMES[plane.third])
    said = [
        words.say(
            "Held: {held} (its slider changes it). Click a point and it becomes the scenario.",
            held=value(plane.third, third, words),
        )
    ]
    if arrows:
        template = N_("The longer an arrow, the more it buys: to the right {right}, upwards {up}.")
        right, up = (words.say(_DOUBLED[key]) for key in (plane.x, plane.y))
        said.append(words.say(template, right=right, up=up))
    return words.joined(said)


def note(plane: Plane, found: BudgetMap, words: Words) -> str | None:
    """What the coloured quantity means, where that is not plain, and why nothing is coloured."""
    if plane.with_saving:
        meaning = words.say(
            "How many times this plan's compute the usual rule (20 tokens per parameter) needs for "
            "the same loss; blank where this is unknown, because the evidence cannot compare the "
            "rule so far.",
        )
        return words.joined([meaning, _blank(plane, found, words)])
    if plane.target is None:
        return None
    return words.say(
        "Shown is what it costs to reach this scenario's loss of {loss} with other people and "
        "another ε; blank where no compute reaches it.",
        loss=formats.loss(plane.target),
    )


def _blank(plane: Plane, found: BudgetMap, words: Words) -> str | None:
    """Said of a map of savings that has no colour at all."""
    if found.saving is None or np.isfinite(found.saving).any():
        return None
    nothing = words.say("That is so on the whole of this map, and nothing is coloured.")
    if "compute" in (plane.x, plane.y):
        return nothing
    return words.joined([nothing, words.say("A map over compute may show where it is known.")])


def ridge_name(found: BudgetMap, words: Words) -> str:
    tolerance = formats.percent(TOLERANCE, words.language)
    if found.x == "compute_flops":
        template = N_("To the right of this line, more compute buys under {tolerance}")
    else:
        template = N_("Below this line, more compute buys under {tolerance}")
    return words.say(template, tolerance=tolerance)


def alt(found: BudgetMap, plane: Plane, title: str, words: Words) -> str:
    """The map without eyes: its axes, its range, its ridge."""
    low, high = np.nanmin(found.cross_entropy), np.nanmax(found.cross_entropy)
    return words.say(
        "{title} over {x} and {y}. The best loss runs from {low} to {high}; {share} of the map "
        "lies far from what was measured. {ridge}: the dashed line.",
        title=title,
        x=axis(plane.x, words),
        y=axis(plane.y, words),
        low=formats.loss(float(low)),
        high=formats.loss(float(high)),
        share=formats.percent(float(found.outside.mean()), words.language),
        ridge=ridge_name(found, words),
    )


def points(found: BudgetMap, plane: Plane, assumptions: CostAssumptions, words: Words) -> list[str]:
    """What the pointer reads at each point, row by row."""
    one = cost(1.0, assumptions).jpy
    said = []
    for row, y in enumerate(found.y_values):
        for column, x in enumerate(found.x_values):
            place = f"{value(plane.x, x, words)} · {value(plane.y, y, words)}"
            loss = found.cross_entropy[row, column]
            if np.isnan(loss):
                nothing = words.say("No plan fits this budget.")
                said.append(f"{place}<br>{nothing}")
                continue
            detail = words.say(
                "loss {loss} · {model} parameters · {money}",
                loss=formats.loss(float(loss)),
                model=formats.amount(found.model_size[row, column], words.language),
                money=figures.money(found.compute_flops[row, column] * one, words),
            )
            note = words.say("Far from what was measured") if found.outside[row, column] else ""
            said.append("<br>".join(filter(None, (place, detail, note))))
    return said


def plans(lines: PlanLines, words: Words) -> str:
    """The small multiples in a sentence."""
    return words.say(
        "The best model size, batch and iterations along compute: one column for each number of "
        "people ({people}), one line for each ε ({epsilons}).",
        people=" · ".join(labels.people(n, words) for n in lines.data_budget),
        epsilons=" · ".join(formats.plain(e) for e in lines.epsilon),
    )


def ratio(answer: Decision, words: Words) -> str:
    """Tokens per parameter of this plan against the 20 of the non-private rule."""
    return words.say(
        "This plan shows each parameter {tokens} tokens; without privacy the rule is {rule} "
        "(Hoffmann et al. 2022).",
        tokens=formats.amount(tokens_per_parameter(answer), words.language),
        rule=TOKENS_RULE,
    )


def tokens_per_parameter(answer: Decision) -> float:
    """Of the recommended plan."""
    config = answer.recommendation.config
    return config.tokens / config.model_size
