"""The three budgets in a buyer's words: what a slider is called, and what each position is.

A slider has some forty positions, and Streamlit asks for the text of each several times a run: what
names them remembers what it said.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from dashboard.state import link, session, widgets
from dashboard.state.scenario import Scenario
from engine.api.money import CostAssumptions, cost
from engine.api.scenarios import fields as grammar
from engine.text import figures, formats
from engine.text.i18n import Words

_REMEMBERED_TEXTS = 256


@dataclass(frozen=True, kw_only=True)
class BudgetSlider:
    """One budget. ``naming``: another one where positions have other texts, and so a widget of its
    own, since a browser names the position that was chosen by its text."""

    field: grammar.BudgetField
    label: str
    show: Callable[[float], str]
    naming: str = ""

    def bind(self, widget: str) -> tuple[list[float], widgets.WithValue[float]]:
        """The slider's steps, and what ties it to the scenario; ``widget`` tells several apart."""
        options, shown = self._positions()
        return options, widgets.bind_value(self.field, f"{widget}{self.naming}", shown)

    def _positions(self) -> tuple[list[float], float]:
        """The steps and where the slider stands: a value between two gets one of its own."""
        now = session.budget(self.field)
        by_text: dict[str, float] = {self.show(step): step for step in link.steps(self.field)}
        shown = by_text.setdefault(self.show(now), now)
        return sorted(by_text.values()), shown


def sliders(now: Scenario, words: Words) -> dict[str, BudgetSlider]:
    """By their keys in a link: compute in money, people, ε."""
    dearest = cost(grammar.COMPUTE.bounds[1], now.question.prices).jpy
    found = (
        BudgetSlider(
            field=grammar.COMPUTE,
            label=words.say("Compute (one training)"),
            show=_price(now.question.prices, words),
            naming=f":{words.language}:{words.jpy_per_usd}:{dearest:.6g}",
        ),
        BudgetSlider(
            field=grammar.DATA,
            label=words.say("Data (people)"),
            show=_people(words.language),
        ),
        BudgetSlider(field=grammar.EPSILON, label=words.say("Privacy ε"), show=_epsilon),
    )
    return {one.field.key: one for one in found}


@lru_cache(maxsize=_REMEMBERED_TEXTS)
def _epsilon(value: float) -> str:
    return formats.plain(value)


@lru_cache
def _people(language: str) -> Callable[[float], str]:
    @lru_cache(maxsize=_REMEMBERED_TEXTS)
    def show(people: float) -> str:
        return formats.amount(people, language)

    return show


@lru_cache
def _price(prices: CostAssumptions, words: Words) -> Callable[[float], str]:
    """What so many FLOPs cost, in the reader's currency; too little for that, the FLOPs."""

    @lru_cache(maxsize=_REMEMBERED_TEXTS)
    def show(compute_flops: float) -> str:
        jpy = cost(compute_flops, prices).jpy
        if jpy < figures.coin_of(words):
            return f"{formats.scientific(compute_flops)} FLOPs"
        return figures.money(jpy, words)

    return show
