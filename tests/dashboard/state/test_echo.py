"""What a request repeats from the browser, though a run has set it anew since, is nobody's choice.

A request brings every widget's value, and where several changed the last in it has its way: the
entry stands after the slider here, so that its old value would win.
"""

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.browser.protocol import settled, stream

QUERY = "compute=3.3e20&data=12345671&epsilon=0.7&lang=en"


def element(messages: list[ForwardMsg], kind: str, key: str):
    """The latest element of a kind whose key ends so; None if none was drawn."""
    elements = (getattr(m.delta.new_element, kind) for m in messages if m.delta.new_element)
    return next((e for e in reversed(list(elements)) if e.id.endswith(key)), None)


class Browser:
    """What a browser holds in ε's two widgets, and what it has been told of them."""

    def __init__(self, session):
        self.session = session
        first = BackMsg()
        first.rerun_script.query_string = QUERY
        messages = settled(session, first)
        entry, slider = (
            element(messages, "text_input", "epsilon:typed"),
            element(messages, "slider", "epsilon:slider"),
        )
        self.ids = entry.id, slider.id
        self.options = list(slider.options)
        self.query = QUERY
        self._hear(messages)

    def _hear(self, messages: list[ForwardMsg]) -> None:
        """Keep the address, and the fragment that is to run by itself; "" if none is."""
        for message in messages:
            if message.WhichOneof("type") == "page_info_changed":
                self.query = message.page_info_changed.query_string
        timers = [m.auto_rerun for m in messages if m.WhichOneof("type") == "auto_rerun"]
        self.timer = timers[-1].fragment_id if timers else ""

    def send(self, slider: str, typed: str, fragment: str = "") -> str | None:
        """The entry that a run with these values draws; None where it draws none."""
        messages = settled(self.session, self.request(slider, typed, fragment))
        self._hear(messages)
        entry = element(messages, "text_input", "epsilon:typed")
        return entry and (entry.value or entry.default)

    def request(self, slider: str, typed: str, fragment: str = "") -> BackMsg:
        message = BackMsg()
        run = message.rerun_script
        run.query_string, run.fragment_id, run.is_auto_rerun = self.query, fragment, bool(fragment)
        widgets = run.widget_states.widgets
        widgets.add(id=self.ids[1]).string_array_value.data.append(slider)
        widgets.add(id=self.ids[0], string_value=typed)
        return message


@pytest.fixture
def browser(dashboard):
    with stream(dashboard, Origin=dashboard.url) as session:
        yield Browser(session)


def test_a_timer_that_repeats_the_old_entry_does_not_undo_a_moved_slider(browser):
    """The entry was set by the slider's run, of which the browser had not heard yet."""
    assert browser.send("0.8", typed="0.7") == "0.8"
    assert browser.timer, "else nothing repeats the old entry"
    browser.send("0.8", typed="0.7", fragment=browser.timer)
    assert browser.send("0.8", typed="0.8") == "0.8"


def test_the_next_key_on_a_slider_wins_over_the_entry_of_the_last(browser):
    assert browser.send("0.8", typed="0.7") == "0.8"
    assert browser.send("1", typed="0.7") == "1"
    assert browser.send("1.2", typed="0.8") == "1.2"


def test_a_timer_may_be_the_first_to_bring_a_choice(browser):
    """The browser sends the timer's request with the key's value before the key's own."""
    assert browser.timer
    timer = browser.request("0.8", "0.7", browser.timer)
    browser.session.send(timer.SerializeToString())
    assert browser.send("0.8", typed="0.7") == "0.8"
    assert browser.send("0.8", typed="0.8") == "0.8"


def test_who_types_the_old_value_again_means_it(browser):
    assert browser.send("0.8", typed="0.7") == "0.8"
    assert browser.send("0.8", typed="0.8") is not None
    assert browser.send("0.8", typed="0.7") == "0.7"


def test_what_was_typed_stays_whatever_the_slider_repeats(browser):
    assert browser.send("0.7", typed="2") == "2"
    assert browser.send("0.7", typed="3") == "3"
    assert browser.send("2", typed="4") == "4"


def test_back_brings_the_earlier_link_and_a_late_request_does_not(browser):
    """Both ask for an earlier address; a late one also brings what the widgets showed then."""
    before = browser.query
    assert browser.send("0.8", typed="0.7") == "0.8"
    after, browser.query = browser.query, before
    assert browser.send("0.8", typed="0.7") == "0.8", "sent before the page had the answer"
    browser.query = before
    assert browser.send("0.8", typed="0.8") == "0.7", "Back"
    assert browser.query == before
    browser.query = after
    assert browser.send("0.7", typed="0.7") == "0.8", "Forward"
