"""The tour: its example and its figures are computed, it lends and gives back, and bad links do no
harm."""

import re

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from dashboard.compare.example import wider
from dashboard.state import example_session, link, session
from dashboard.state.scenario import asked
from dashboard.tour import card as tour_card
from dashboard.tour import steps as tour_steps
from dashboard.tour.steps import EXAMPLE, STEPS
from engine.errors import InputError
from engine.scenarios import fields as grammar
from engine.scenarios import saved
from engine.text.i18n import LANGUAGES, Words

FIRST_VISIT = asked(link.defaults(), "en")


def moved(place, **values):
    """A session's state with these fields, otherwise as a first visit begins."""
    return {"_values": link.defaults() | {"lang": "ja"} | values, **place}


# --- the steps ------------------------------------------------------------------------------------


ANALYSTS = {"law", "runs"}
"""Pages that the executive's tour leaves out."""


def test_the_steps_are_the_pages_in_their_order():
    from tests.dashboard.conftest import APP

    names = re.findall(r'^    \("(\w+)", N_', APP.read_text("utf-8"), flags=re.M)
    assert set(names) >= ANALYSTS
    names = [name for name in names if name not in ANALYSTS]
    assert [step.page for step in STEPS] == names
    assert [tour_steps.number(name) for name in names] == [1, 2, 3, 4, 5, 6]
    assert [tour_steps.number(name) for name in ANALYSTS] == [None, None]
    assert link.TOUR.bounds == (1, len(STEPS))


def test_the_tour_follows_over_its_pages_and_waits_on_the_others(monkeypatch):
    shown = []
    monkeypatch.setattr(session, "value", lambda field: 4)
    monkeypatch.setattr(session, "show", lambda field, number: shown.append(number))
    assert [tour_card.under_way(page) for page in ("roi", "law")] == [STEPS[2], STEPS[3]]
    assert shown == [3, 4]


def test_the_example_is_inside_every_limit_and_sets_every_field_but_the_visitors_own():
    assert EXAMPLE.keys() == link.FIELDS.keys() - {"lang", "currency", "tour", "plane", "shown"}
    for key in grammar.BUDGETS:
        assert link.read(key, link.write(key, EXAMPLE[key])) == EXAMPLE[key]


@pytest.mark.parametrize("language", LANGUAGES)
def test_questions_and_things_to_try_are_short(language):
    words = Words(language)
    longest = 260 if language == "en" else 140
    for step in STEPS:
        assert len(words.say(step.asks, people="")) <= longest
        assert len(words.say(step.tries)) <= longest


def test_no_figure_is_typed_into_the_texts():
    texts = [text for step in STEPS for text in (step.asks, step.tries, step.button)]
    for text in texts:
        assert not re.search(r"\d", text), text


def test_the_button_moves_one_budget_inside_its_limits():
    decide, explore = STEPS[0], STEPS[1]
    assert tour_steps.tried(decide, EXAMPLE) == {"epsilon": 4.0}
    assert tour_steps.tried(explore, EXAMPLE) == {"data": 6_000_000}
    assert tour_steps.button(explore, EXAMPLE, Words("ja")) == "600万人に増やす"
    assert tour_steps.tried(decide, EXAMPLE | {"epsilon": 0.1}) == {"epsilon": 0.1}
    assert tour_steps.tried(explore, EXAMPLE | {"data": 9_000_000_000}) == {"data": 10_000_000_000}
    assert wider(EXAMPLE)["data"] == 30_000_000
    assert wider(EXAMPLE | {"data": 9_000_000_000})["data"] == 10_000_000_000


def test_what_is_made_up_is_named():
    said = tour_steps.assumptions(Words("en"))
    assert "Made up" in said and "3M people" in said and "10²⁰ FLOPs" in said and "ε = 8" in said


# --- the example session --------------------------------------------------------------------------


def test_after_the_example_scenario_table_and_pairs_are_back_and_the_chosen_language_stays():
    mine = {"figures": "adoption=0.8~0.3~0.85~pert", "pairs": "2,4.5;2.5,3.9;3,2.4"}
    state = moved({"_metrics": "mine", "pairs:minutes-saved": "b"}, data=5_000, **mine)
    example_session.begin(state, EXAMPLE)
    assert state["_values"]["data"] == 3_000_000
    assert not {"_metrics", "pairs:minutes-saved"} & state.keys()
    assert state["_values"]["figures"] is None and state["_values"]["pairs"] is None
    state["_values"]["lang"] = "en"
    state["_values"]["tour"] = 3
    assert example_session.own(state)["data"] == 5_000 and example_session.own(state)["tour"] == 3
    assert example_session.end(state)
    assert state["_values"]["data"] == 5_000 and state["_values"]["lang"] == "en"
    assert state["_values"]["tour"] is None
    assert state["_metrics"] == "mine" and mine.items() <= state["_values"].items()


def test_what_is_moved_in_the_example_is_not_the_visitors():
    state = moved({}, epsilon=2.0)
    example_session.begin(state, EXAMPLE)
    state["_values"]["epsilon"] = 1.0
    state["_metrics"] = "the example's"
    example_session.begin(state, EXAMPLE)
    assert state["_values"]["epsilon"] == 8.0 and "_metrics" not in state, "as at first"
    example_session.end(state)
    assert state["_values"]["epsilon"] == 2.0 and "_metrics" not in state


def test_a_saved_scenario_holds_no_tour():
    assert "tour" not in saved.texts(link.defaults() | {"tour": 2})


# --- the page -------------------------------------------------------------------------------------


def button(page, key):
    return page.button(key=key)


def keys(page):
    return {each.key for each in page.button}


def card(page):
    return " ".join(text.value for text in page.markdown)


@pytest.mark.usefixtures("fake")
def test_the_offer_is_there_once_and_can_be_declined(app):
    page = app()
    assert "offer:start" in keys(page) and "welcome:tour" in keys(page)
    assert "tour" not in page.query_params
    button(page, "offer:close").click().run()
    assert "offer:start" not in keys(page) and "welcome:tour" in keys(page)
    assert any("kessai_tour=answered" in part.proto.body for part in page.get("html"))


@pytest.mark.usefixtures("fake")
@pytest.mark.parametrize("query", [{"compute": "1e19"}, {"data": "1e6", "lang": "ja"}])
def test_a_shared_link_gets_no_offer_but_the_tour_stays_in_reach(app, query):
    page = app(**query)
    assert "offer:start" not in keys(page) and "welcome:tour" in keys(page)


@pytest.mark.usefixtures("fake")
def test_a_link_with_nothing_but_a_language_is_a_first_visit(app):
    assert "offer:start" in keys(app(lang="ja"))


@pytest.mark.usefixtures("fake")
def test_who_answered_the_offer_before_is_not_asked_again(app, monkeypatch):
    monkeypatch.setattr(
        type(st.context), "cookies", property(lambda self: {"kessai_tour": "answered"})
    )
    assert "offer:start" not in keys(app())


@pytest.mark.usefixtures("fake")
def test_the_tour_shows_the_example_and_gives_the_visitors_scenario_back(app):
    page = app(data="5e5", epsilon="2")
    mine = page.title[0].value
    button(page, "welcome:tour").click().run()
    assert not page.exception
    assert page.select_slider(key="data:slider").value == 3_000_000
    assert "Made up for the example" in " ".join(c.value for c in page.caption)
    assert page.query_params["data"] == "5e5", "the address stays the visitor's"
    assert page.query_params["tour"] == "1"
    button(page, "tour:leave").click().run()
    assert page.title[0].value == mine
    assert "tour" not in page.query_params and page.query_params["epsilon"] == "2"


@pytest.mark.usefixtures("fake")
def test_the_answer_carries_the_pages_current_numbers(app):
    page = app(tour="1")
    first = card(page)
    cost = next(metric.value for metric in page.metric if metric.label == "Cost of the training")
    assert f"for {cost};" in first and "ε = 8" in first
    assert page.title[0].value in first, "the verdict comes first"
    button(page, "tour:try").click().run()
    assert page.select_slider(key="epsilon:slider").value == 4
    assert "With ε = 4" in card(page)
    button(page, "tour:again").click().run()
    assert page.select_slider(key="epsilon:slider").value == 8
    assert "tour:again" not in keys(page)


@pytest.mark.usefixtures("fitted")  # before the page has so many seconds
def test_a_scenario_kept_in_the_tour_is_known_as_an_example(app, tmp_path, monkeypatch):
    monkeypatch.setenv("KESSAI_SCENARIOS", str(tmp_path))
    page = app(tour="5")
    button(page, "compare:first").click().run()
    page.text_input(key="compare:name").set_value("Plant 2").run()
    next(each for each in page.button if each.label == "Save this scenario").click().run()
    kept = [each.name for each in saved.listed(tmp_path)[0]]
    assert kept == ["Worked example: Plant 2", "Worked example: Proposal 1"]


@pytest.mark.usefixtures("fake")
def test_a_link_into_the_tour_gives_back_the_links_scenario(app):
    page = app(tour="1", data="7e5")
    assert page.select_slider(key="data:slider").value == 3_000_000
    button(page, "tour:leave").click().run()
    assert page.select_slider(key="data:slider").value == 700_000


@pytest.mark.usefixtures("fake")
def test_another_link_opened_meanwhile_ends_the_tour(app):
    page = app(tour="1", data="7e5")
    page.query_params.clear()
    page.query_params["data"] = "9e5"
    page.run()
    assert page.select_slider(key="data:slider").value == 900_000
    assert page.query_params["data"] == "9e5", "and not the scenario of before"
    assert "tour:leave" not in keys(page) and "tour" not in page.query_params


@pytest.mark.usefixtures("fake")
def test_the_link_to_copy_leads_to_what_is_on_show_without_the_tour(app):
    page = app(tour="1", data="7e5")
    assert "data=3e6" in page.sidebar.code[0].value and "tour" not in page.sidebar.code[0].value


@pytest.mark.usefixtures("fake")
def test_a_language_chosen_in_the_tour_stays_after_it(app):
    page = app(tour="1", lang="en")
    page.segmented_control(key="lang:choice").set_value("ja").run()
    assert "**問い：**" in card(page)
    button(page, "tour:leave").click().run()
    assert page.query_params["lang"] == "ja"


@pytest.mark.usefixtures("fake")
@pytest.mark.parametrize("text", ["0", "7", "-1", "1e9", "nan", "next", ""])
def test_a_step_that_does_not_exist_is_refused_in_a_sentence_and_the_scenario_stays(app, text):
    page = app(tour=text, data="7e5")
    assert not page.exception
    assert len(page.error) == 1 and "the step of the tour" in page.error[0].value
    assert page.select_slider(key="data:slider").value == 700_000
    assert "tour:leave" not in keys(page) and "tour" not in page.query_params


@pytest.mark.usefixtures("fake")
def test_budgets_without_a_plan_say_so_in_the_card(app):
    page = app(tour="1", lang="en")
    page.text_input(key="data:typed").set_value("1000").run()
    page.text_input(key="epsilon:typed").set_value("0.1").run()
    assert "These budgets allow no plan" in card(page) and not page.exception
    button(page, "tour:again").click().run()
    assert "With ε = 8:" in card(page)


# --- every answer, by the real engine -------------------------------------------------------------


def _answers(page_name, language):
    from dashboard.state import address, session
    from dashboard.tour import answer as tour_answer
    from dashboard.tour import steps as tour_steps

    address.follow_url()
    session.begin_example(tour_steps.EXAMPLE)
    now = session.current()
    import streamlit as st

    step = next(step for step in tour_steps.STEPS if step.page == page_name)
    from dataclasses import replace

    now = replace(now, language=language)
    tour_answer.draw(step, st.empty(), now, now.words)


@pytest.mark.usefixtures("fitted")
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.page)
def test_every_step_answers_with_figures(step, language):
    page = AppTest.from_function(_answers, default_timeout=120, args=(step.page, language)).run()
    assert not page.exception
    said = page.markdown[0].value
    assert re.search(r"\d", said) and said.startswith(
        "**Answered:" if language == "en" else "**答え："
    )
    assert len(said) < 270


def test_a_comparison_without_a_plan_says_so(answered):
    found = tour_steps.Answers(now=FIRST_VISIT, answer=answered(), wider=None)
    said = tour_steps.answers(STEPS[4], found, Words("en"))
    assert said == "**Answered:** With ten times the people these budgets allow no plan."


def test_a_cheaper_comparison_names_both_costs(answered):
    cheaper, more = answered(compute_flops=1e19), answered(data_budget=20_000_000)
    found = tour_steps.Answers(now=FIRST_VISIT, answer=answered(), wider=cheaper)
    assert "the training cost from" in tour_steps.answers(STEPS[4], found, Words("en"))
    same = tour_steps.Answers(now=FIRST_VISIT, answer=answered(), wider=more)
    assert "at the same training cost" in tour_steps.answers(STEPS[4], same, Words("en"))


def test_steps_outside_are_refused_by_the_link():
    with pytest.raises(InputError, match="between 1 and 6"):
        link.read("tour", "9")
