"""What windows share: the last change wins where it was made on what is on show, tokens are not to
be guessed, and nothing is held for ever."""

import re
import threading

import pytest

from dashboard.present.meetings import LONGEST, MOST, Meetings, new_token
from dashboard.state import link
from engine.errors import InputError


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def held(clock) -> Meetings:
    return Meetings(clock)


def test_tokens_are_long_different_and_what_a_link_reads():
    tokens = {new_token() for _ in range(200)}
    assert len(tokens) == 200 and all(re.fullmatch(r"[A-Za-z0-9_-]{32}", t) for t in tokens)
    for token in tokens:
        assert link.read("meeting", token) == token
    for wrong in ("", "short", "x" * 31, "x" * 33, "x" * 31 + "/", "あ" * 32):
        with pytest.raises(InputError, match="presenter view"):
            link.read("meeting", wrong)


def test_a_change_counts_only_on_what_is_on_show(held):
    held.begin("t", {"slide": "1"})
    assert held.begin("t", {"slide": "9"}).content == {"slide": "1"}, "a second click"
    changed = held.change("t", 1, {"slide": "2"})
    assert changed is not None and (changed.version, changed.content) == (2, {"slide": "2"})
    late = held.change("t", 1, {"slide": "7"})
    assert late is not None and late.content == {"slide": "2"}, "another window was first"
    assert held.change("other", 0, {}) is None and held.known("other") is None


def test_of_many_windows_at_once_one_wins_each_round(held):
    held.begin("t", {})
    for seen in range(1, 20):
        rounds = [
            threading.Thread(target=held.change, args=("t", seen, {"by": str(n)})) for n in range(4)
        ]
        for each in rounds:
            each.start()
        for each in rounds:
            each.join()
        now = held.known("t")
        assert now is not None and now.version == seen + 1


def test_what_was_left_is_forgotten_and_the_oldest_where_there_are_too_many(held, clock):
    held.begin("old", {})
    clock.now = LONGEST + 1
    assert held.known("old") is None
    for number in range(MOST + 1):
        clock.now += 1
        held.begin(str(number), {})
    assert held.known("0") is None and held.known("1") is not None
    assert held.known(str(MOST)) is not None


def test_the_clock_counts_from_its_start_and_can_begin_anew(held, clock):
    held.begin("t", {})
    clock.now = 75.0
    assert held.elapsed("t") == 75.0 and held.elapsed("gone") == 0.0
    held.begin_clock("t")
    clock.now = 80.0
    assert held.elapsed("t") == 5.0


def _draw():
    from dashboard.present import page as present_page
    from dashboard.state import address, session

    address.follow_url()
    present_page.render(session.current())
    address.write_url()


def _window(**query):
    from streamlit.testing.v1 import AppTest

    window = AppTest.from_function(_draw, default_timeout=120)
    for key, text in query.items():
        window.query_params[key] = text
    return window.run()


def _body(window) -> str:
    return "".join(part.proto.body for part in window.get("html"))


def _press(window, name):
    return next(each for each in window.button if each.label == name).click().run()


@pytest.fixture
def shared(monkeypatch):
    found = Meetings()
    for module in ("dashboard.present.together", "dashboard.present.presenter_view"):
        monkeypatch.setattr(f"{module}.MEETINGS", found)
    return found


def test_two_windows_turn_together_and_share_scenario_and_cover(shared):
    room = _window(slide="2", epsilon="6")
    token = room.session_state["present:meeting"]
    room.text_input(key="cover:company").set_value("ACME").run()
    assert token not in str(room.query_params), "the room does not see the presenter's address"
    early = _window(view="presenter", meeting=token)
    assert "not under way" in early.warning[0].value
    asked = {"compute": "3.8e20", "data": "1e7", "epsilon": "6", "slide": "2"}
    shared.begin(token, {**asked, "cover:company": "ACME"})
    room.run()
    presenter = _window(view="presenter", meeting=token)
    assert not presenter.exception
    assert presenter.query_params["epsilon"] == "6" and presenter.query_params["slide"] == "2"
    assert 'class="clock"' in _body(presenter) and "stage next" in _body(presenter)
    assert "let it be this one" in _body(presenter), "the notes"
    assert presenter.session_state["cover:company"] == "ACME"
    _press(presenter, "Next")
    room.run()
    assert room.query_params["slide"] == "3" and "stage here" not in _body(room)
    _press(room, "Next")
    presenter.run()
    assert presenter.query_params["slide"] == "4"
