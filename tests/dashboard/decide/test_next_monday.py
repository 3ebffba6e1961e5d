"""The buttons of next Monday lead to the place that a step is about, not to the top of its page."""

import pytest

from dashboard.answers import decision_cache, money_cache
from dashboard.state import arrival, session
from engine.decision import next_steps
from engine.decision.next_steps import Act, Step
from engine.errors import InputError
from engine.roi.inverse import Least


@pytest.fixture
def shown(monkeypatch):
    """Parts that scrolled themselves into view."""
    parts: list[str] = []
    monkeypatch.setattr(arrival, "scroll_to", parts.append)
    return parts


def test_a_step_that_is_tried_shows_its_verdict_once(fake, app, shown, monkeypatch):
    more = (Least(name="data_budget", value=4e7),)
    monkeypatch.setattr(money_cache, "least_budgets", lambda *asked: more)
    monkeypatch.setattr(money_cache, "fewer_people", lambda *asked: None)

    def none(asked):
        raise InputError("No start can be fine-tuned near what was tried.")

    monkeypatch.setattr(decision_cache, "starts", none)
    page = app(data="20000")
    tried = next(button for button in page.button if button.label.startswith("Try "))
    assert not page.exception and shown == []
    tried.click().run()
    assert not page.exception and shown == [arrival.VERDICT]
    page.run()
    assert shown == [arrival.VERDICT]


def test_whoever_went_elsewhere_is_not_scrolled_later(fake, app, shown):
    page = app()
    page.session_state["_part"] = ("roi", arrival.STAGES)
    page.run()
    assert not page.exception and shown == [] and "_part" not in page.session_state


@pytest.mark.parametrize(
    ("act", "part"),
    [
        (Act.MEASURE, arrival.ASSUMPTIONS),
        (Act.PAIRS, arrival.PAIRS),
        (Act.GATE, arrival.STAGES),
    ],
)
def test_a_button_opens_the_part_that_it_names(fake, app, shown, monkeypatch, act, part):
    opened = []
    monkeypatch.setattr(session, "open_page", lambda *place: opened.append(place))
    steps = next_steps.next_steps

    def only(answer, *found):
        made = {step.act: step for step in steps(answer, *found)}
        gate = answer.study.staged.gates[1]
        return (made.get(act, Step(act=act, gate=gate)),)

    monkeypatch.setattr("dashboard.decide.next_steps.next_steps", only)
    page = app()
    page.button(key=f"monday:{act}").click().run()
    assert not page.exception and opened == [("roi", part)]
