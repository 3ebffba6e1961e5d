"""The sentence, the table and the history of the Compare page; pure."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from dashboard.compare.side import Side
from dashboard.state import link
from engine.api.access import Decision, Ruling
from engine.api.decisions import SWAPS, Answer, Effect, Explanation, Result, differing
from engine.api.scenarios import Saved, Standing
from engine.api.scenarios import fields as grammar
from engine.api.scenarios import wording as scenarios
from engine.text import figures, formats, labels, quantities
from engine.text.i18n import N_, Words

MARK = "≠"
"""Stands before a value that differs from the first scenario's."""
_NAMES = {
    "compute": N_("Compute"),
    "data": N_("People"),
    "epsilon": N_("Privacy ε"),
    "delta": N_("Failure probability δ"),
    "sampling": N_("Sampling"),
    "evidence": N_("Evidence"),
    "accelerator": N_("Accelerator and its price"),
    "utilisation": N_("Utilisation"),
    "overhead": N_("DP overhead"),
    "rate": N_("Exchange rate"),
    "price": N_("Price of a device-hour (USD)"),
    "figures": N_("Assumptions of the return"),
    "pairs": N_("Measured pairs"),
    "metric": N_("Measured by"),
    "currency": N_("Currency"),
}
_SHOWN = 4
_EXAMPLE = N_("Example: ten times the people")


def headline(first: Side, second: Side, found: Explanation | None, words: Words) -> str:
    """One sentence: what differs, and which assumption explains most of it. The first side is the
    scenario of the sidebar."""
    names = {"second": _quoted(second.name, words)}
    if found is None or first.answer is None or second.answer is None:
        missing = first if first.answer is None else second
        return words.say(
            "{name} has no plan, so there is nothing to compare: {reason}",
            name=_quoted(missing.name, words),
            reason=words.refusal(missing.refused) if missing.refused else "",
        )
    if not found.effects:
        return words.say("{second} and this scenario rest on the same assumptions.", **names)
    loss, cost = found.main("loss"), found.main("cost")
    texts = {**names, **_results(first.answer, second.answer, words)}
    if found.loss is None:
        return words.say(
            "{second} has a loss of {loss_b} {unit_b}, this scenario {loss_a} {unit_a}: losses in "
            "different units do not compare. Its training costs {cost_b}, this scenario's "
            "{cost_a}.",
            unit_a=words.field(first.unit.measure),
            unit_b=words.field(second.unit.measure),
            **texts,
        )
    if loss is not None and cost is not None:
        return words.say(
            "{second} has a loss of {loss_b}, this scenario {loss_a}, mostly because of {loss_by}; "
            "its training costs {cost_b} instead of {cost_a}, mostly because of {cost_by}.",
            loss_by=_part(found, loss, "loss", words),
            cost_by=_part(found, cost, "cost", words),
            **texts,
        )
    if loss is not None:
        return words.say(
            "{second} has a loss of {loss_b}, this scenario {loss_a}, at the same training "
            "cost; what explains most of the difference is {loss_by}.",
            loss_by=_part(found, loss, "loss", words),
            **texts,
        )
    if cost is not None:
        return words.say(
            "Training {second} costs {cost_b}, this scenario {cost_a}, at the same loss; what "
            "explains most of the difference is {cost_by}.",
            cost_by=_part(found, cost, "cost", words),
            **texts,
        )
    return words.say(
        "{second} and this scenario differ in {count} but come to the same loss and training cost.",
        count=words.count("{n} assumption", "{n} assumptions", len(found.effects)),
        **names,
    )


def example(words: Words) -> str:
    """The name of the worked example that a first visit compares with."""
    return words.say(_EXAMPLE)


def assumption(key: str, words: Words) -> str:
    """Name of anything that two scenarios may differ in: a field, or a figure of the return."""
    return name(key, words) if key in _NAMES else figures.name(key, words)


def name(key: str, words: Words) -> str:
    return words.say(_NAMES[key])


def named(each: str, standings: Mapping[str, Standing], words: Words) -> str:
    """A saved scenario's name with its state, where that is known."""
    return scenarios.named(each, standings[each], words) if each in standings else each


def names(kept: Iterable[str], standings: Mapping[str, Standing], words: Words) -> dict[str, str]:
    """What each saved scenario is called."""
    return {each: named(each, standings, words) for each in kept}


def table(
    sides: list[Side], words: Words, standings: Mapping[str, Standing] | None = None
) -> dict[str, list[str]]:
    """Scenarios as columns with their states; what differs from the first is marked with a sign, in
    bold."""
    heads, rows = cells(sides, words, standings)
    found = {" ": [row[0] for row in rows]}
    for number, name_of in enumerate(heads[1:], start=1):
        head = formats.literally(name_of)
        shown = [
            f"**{row[number]}**" if row[number].startswith(f"{MARK} ") else row[number]
            for row in rows
        ]
        found[head if head not in found else f"{head} ({number})"] = shown
    return found


def cells(
    sides: list[Side], words: Words, standings: Mapping[str, Standing] | None = None
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Names of the columns, and the rows, each with its name before it: plain texts, with the sign
    before what differs from the first."""
    results = _results_shown(words)
    names = [name(key, words) for key in SWAPS]
    names += [label for label, _ in results]
    columns: list[list[str]] = []
    for each in sides:
        own = [_assumption(each, key, words) for key in SWAPS]
        own += [write(each.answer) if each.answer else "—" for _, write in results]
        first = columns[0] if columns else own
        marked = [c if c == f else f"{MARK} {c}" for c, f in zip(own, first, strict=False)]
        columns.append([*marked, _state(each, standings or {}, words)])
    heads = (" ", *(each.name for each in sides))
    return heads, list(zip([*names, words.say("State")], *columns, strict=True))


def _state(each: Side, standings: Mapping[str, Standing], words: Words) -> str:
    """Of a saved scenario; what is on show alone has none, whatever it is called."""
    known = each.is_saved and each.name in standings
    return scenarios.state(standings[each.name], words) if known else "—"


def effects(found: Explanation, words: Words) -> dict[str, list[str]]:
    """Every assumption that differs, the strongest first, and what it moves alone."""
    ranked = sorted(found.effects, key=lambda e: -(abs(e.loss or 0) + abs(e.cost or 0)))
    return {
        words.say("Assumption"): [name(e.assumption, words) for e in ranked],
        words.say("Moves the loss by"): [
            words.say("another unit")
            if found.loss is None and e.assumption == "evidence"
            else _change(e.loss, words)
            for e in ranked
        ],
        words.say("Moves the training cost by"): [_change(e.cost, words) for e in ranked],
    }


def left_out(sides: list[Side], drawn: list[Side], words: Words) -> str | None:
    """Which scenarios the figure does not show, since their loss is in another unit."""
    shown = [each.name for each in drawn]
    names = [each.name for each in sides if each.answer is not None and each.name not in shown]
    if not names:
        return None
    return words.say(
        "Not drawn, since the loss is in another unit: {names}.",
        names=", ".join(_quoted(name, words) for name in names),
    )


def history(
    scenario: Saved, zone: str | None, words: Words, *, claimed: int | None = 0
) -> dict[str, list[str]]:
    """Who changed what when, on the reader's clock, the last first. ``claimed``: how many of the
    first entries a file from elsewhere says of itself; None: all of them."""
    entries = list(reversed(scenario.history))
    own = 0 if claimed is None else len(entries) - claimed
    return {
        words.say("When"): [scenarios.moment(entry.at, zone) for entry in entries],
        words.say("Who"): [
            name if place < own else words.say("{who} (as the file claims)", who=name)
            for place, entry in enumerate(entries)
            for name in [formats.literally(entry.who) or "—"]
        ],
        words.say("What changed"): [
            words.say("Saved for the first time")
            if entry is scenario.history[0]
            else words.say("Its figures were frozen anew")
            if not entry.fields
            else "; ".join(
                f"{name(key, words)}: {_changed(before)} → {_changed(after)}"
                for key, (before, after) in entry.fields.items()
                if key in _NAMES
            )
            for entry in entries
        ],
    }


def rulings(words: Words) -> dict[Ruling, str]:
    """Names of what can be decided."""
    return {Ruling.APPROVED: words.say("Approve"), Ruling.DECLINED: words.say("Decline")}


def decisions(
    found: Sequence[Decision], version: str, zone: str | None, words: Words
) -> dict[str, list[str]]:
    """Who decided what on which version when, the last first."""
    last_first = list(reversed(found))
    names = {
        Ruling.APPROVED: words.say("Approved"),
        Ruling.DECLINED: words.say("Declined"),
    }
    return {
        words.say("When"): [scenarios.moment(one.at, zone) for one in last_first],
        words.say("Who"): [scenarios.decider(one, words) for one in last_first],
        words.say("Decision"): [names[one.ruling] for one in last_first],
        words.say("Version"): [
            words.say("as it stands") if one.version == version else words.say("an earlier one")
            for one in last_first
        ],
        words.say("Reason"): [formats.literally(one.reason) or "—" for one in last_first],
    }


def _results(first: Answer, second: Answer, words: Words) -> dict[str, str]:
    return {
        "loss_a": _said("cross_entropy", first, words),
        "loss_b": _said("cross_entropy", second, words),
        "cost_a": _said("training_list_price", first, words),
        "cost_b": _said("training_list_price", second, words),
    }


def _part(found: Explanation, effect: Effect, result: Result, words: Words) -> str:
    share = found.share(effect, result)
    if len(found.effects) == 1 or share > 0.995:
        return _in_sentence(effect, words)
    return words.say(
        "{name} ({share} of it alone)",
        name=_in_sentence(effect, words),
        share=formats.percent(share, words.language),
    )


def _in_sentence(effect: Effect, words: Words) -> str:
    if effect.assumption == "accelerator":
        return words.say("the accelerator and its price")
    return words.field(link.FIELDS[effect.assumption].name)


def _quoted(text: str, words: Words) -> str:
    return words.say("“{text}”", text=formats.literally(text))


def _change(move: float | None, words: Words) -> str:
    if move is None:
        return words.say("no plan half-way")
    relative = math.expm1(move)
    if abs(relative) < 5e-5:
        return "0%"
    if relative > 1:
        return labels.times(1 + relative, words)
    return f"{'+' if relative > 0 else '−'}{formats.percent(abs(relative), words.language)}"


def _changed(text: str) -> str:
    """What a field was or is; changed assumptions take a line each, and only the first few."""
    lines = text.split(";")
    return (
        formats.literally("; ".join(lines[:_SHOWN]) + (" …" if len(lines) > _SHOWN else "")) or "—"
    )


def _assumption(each: Side, key: str, words: Words) -> str:
    values, plain = (
        each.values,
        {f.key: f for f in (grammar.EPSILON, grammar.OVERHEAD, grammar.RATE)},
    )
    if key in plain:
        return formats.plain(plain[key].of(values), 5)
    match key:
        case "compute":
            return f"{formats.scientific(grammar.COMPUTE.of(values))} FLOPs"
        case "data":
            return labels.people(grammar.DATA.of(values), words)
        case "delta":
            return formats.scientific(grammar.DELTA.of(values))
        case "sampling":
            return labels.sampling(grammar.SAMPLING.of(values), words)
        case "evidence":
            return labels.evidence_name(grammar.EVIDENCE.of(values), words)
        case "accelerator":
            device = grammar.ACCELERATORS[grammar.ACCELERATOR.of(values)].name
            price = formats.plain(grammar.price(values))
            return words.say("{device}, ${price} an hour", device=device, price=price)
        case "utilisation":
            return formats.percent(grammar.UTILISATION.of(values), words.language)
        case _:
            return _own_figures(values, words)


def _said(key: str, answer: Answer, words: Words) -> str:
    """The quantity as the scenario's own pages say it: dollars at its own rate of exchange."""
    return quantities.text(key, answer, _own(answer, words))


def _own(answer: Answer, words: Words) -> Words:
    rate = answer.question.assumptions["jpy_per_usd"].value if words.jpy_per_usd else None
    return replace(words, jpy_per_usd=rate)


def _results_shown(words: Words) -> tuple[tuple[str, Callable[[Answer], str]], ...]:
    """Rows of the table that follow from the assumptions: the plan, then the money."""

    def row(key: str) -> tuple[str, Callable[[Answer], str]]:
        return quantities.label(key, words), lambda answer: _said(key, answer, words)

    def with_range(key: str, inside: str) -> tuple[str, Callable[[Answer], str]]:
        return quantities.label(key, words), lambda answer: quantities.with_range(
            key, inside, answer, _own(answer, words)
        )

    return (
        with_range("cross_entropy", "cross_entropy_range"),
        row("loss_unit"),
        row("training_list_price"),
        row("model_size"),
        row("batch_size"),
        row("iterations"),
        row("rule_factor"),
        (
            quantities.label("saturation_compute_flops", words),
            lambda answer: f"{_said('saturation_compute_flops', answer, words)} FLOPs",
        ),
        row("binds"),
        row("verdict"),
        with_range("npv", "npv_range"),
        row("probability"),
        row("payback"),
        with_range("total_cost", "total_cost_range"),
    )


def _own_figures(values: Mapping[str, grammar.Value], words: Words) -> str:
    """By which metric, and how much of it is a person's own."""
    changed = grammar.FIGURES.of(values)
    own = len(changed.split(";")) if changed else 0
    said = [figures.kind(grammar.METRIC.of(values), words)]
    if own:
        said.append(words.count("{n} figure changed", "{n} figures changed", own))
    if grammar.PAIRS.of(values):
        said.append(words.say("measured pairs"))
    return " · ".join(said)


def differences(sides: list[Side], words: Words) -> str:
    """How to read the table."""
    names = sorted(
        {key for each in sides[1:] for key in differing(sides[0].question, each.question)}
    )
    return words.say(
        "{mark} marks what differs from the first column. Different assumptions: {names}.",
        mark=MARK,
        names=", ".join(name(key, words) for key in SWAPS if key in names) or "—",
    )
