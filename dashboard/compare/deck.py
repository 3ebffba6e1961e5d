"""The comparison as a deck of its own: what explains each difference, scenarios as columns, and the
figures as numbers. Pure.

It is no decision: it has no record, and asks for nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from dashboard.compare import wording
from dashboard.compare.side import Side
from dashboard.decide import facts
from dashboard.ui.colours import Palette
from engine.api.decisions import Explanation
from engine.api.reports import Bar, Bars, Deck, Slide, Table
from engine.api.scenarios import Standing
from engine.text import figures, quantities
from engine.text.i18n import Words


@dataclass(frozen=True, kw_only=True)
class Basis:
    """What stands behind it: the day, the versions, the link."""

    day: date
    fit_version: str
    code_version: str
    address: str


def deck(
    sides: list[Side],
    explained: list[Explanation | None],
    standings: Mapping[str, Standing],
    basis: Basis,
    words: Words,
    colours: Palette,
) -> Deck:
    """A slide for each pair, one with the net present values, and the table."""
    first, *others = sides
    slides = []
    for number, (other, found) in enumerate(zip(others, explained, strict=True), start=1):
        moved = None
        if found is not None and found.effects:
            shown = wording.effects(found, words)
            rows = tuple(zip(*shown.values(), strict=True))
            title = words.say("What each assumption moves alone")
            moved = Table(title=title, heads=tuple(shown), rows=rows)
        said = wording.headline(first, other, found, words)
        slides.append(Slide(key=f"pair_{number}", title=said, table=moved))
    heads, columns = wording.cells(sides, words, standings)
    table = Table(title=words.say("Side by side"), heads=heads, rows=tuple(columns))
    slides += _worth(sides, words, colours)
    slides.append(
        Slide(
            key="comparison",
            title=words.say("Side by side"),
            points=(wording.differences(sides, words),),
            table=table,
        )
    )
    return Deck(
        language=words.language,
        title=words.say("Comparison of scenarios"),
        subtitle=wording.headline(first, others[0], explained[0], words),
        slides=tuple(slides),
        appendix=(),
        record=None,
        data=(_numbers(sides),),
        footer=_footer(sides, basis, words),
        address=basis.address,
        notes_name=words.say("Notes"),
        day=basis.day,
    )


def _worth(sides: list[Side], words: Words, colours: Palette) -> list[Slide]:
    """The net present values as bars, the best in the colour of what is recommended; nothing where
    fewer than two are known."""
    known = [
        (each.name, each.answer, each.answer.study.appraisal.npv.value)
        for each in sides
        if each.answer is not None and each.answer.study is not None
    ]
    if len(known) < 2:
        return []
    one, unit = figures.axis_unit(max(abs(amount) for _, _, amount in known), words)
    best = max(amount for _, _, amount in known)
    bars = tuple(
        Bar(
            name=called,
            end=amount / one,
            text=quantities.with_range("npv", "npv_range", answer, words),
            colour=colours.recommendation if amount == best else colours.outside,
        )
        for called, answer, amount in known
    )
    npv = figures.name("npv", words)
    title = words.say(
        "Of these scenarios “{name}” has the highest net present value, {npv}.",
        name=next(called for called, _, amount in known if amount == best),
        npv=figures.money(best, words),
    )
    listed = "; ".join(f"{bar.name}: {bar.text}" for bar in bars)
    return [
        Slide(
            key="worth",
            title=title,
            figure=Bars(
                unit=words.say("{name} ({unit})", name=npv, unit=unit),
                alt=f"{title} {listed}",
                heads=(words.say("Scenario"), npv),
                bars=bars,
            ),
        )
    ]


def _numbers(sides: list[Side]) -> Table:
    """Every quantity of every scenario as a plain number, to calculate with: money in JPY."""
    rows = []
    for key in quantities.QUANTITIES:
        cells = [
            None if each.answer is None else quantities.value(key, each.answer) for each in sides
        ]
        rows.append((key, *("" if cell is None else cell for cell in cells)))
    heads = ("name", *(each.name for each in sides))
    return Table(title="numbers", heads=heads, rows=tuple(rows))


def _footer(sides: list[Side], basis: Basis, words: Words) -> str:
    decision = next(each.answer.decision for each in sides if each.answer is not None)
    return facts.basis_line(
        decision, basis.day.isoformat(), basis.fit_version, basis.code_version, words
    )
