"""What a timer's request repeats from the browser is nobody's choice."""

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.browser.protocol import drawn, stream

QUERY = "compute=3.3e20&data=12345671&epsilon=0.7&lang=en"


def widget(messages: list[ForwardMsg], kind: str, key: str):
    """The latest element of a kind whose key ends so."""
    elements = (getattr(m.delta.new_element, kind) for m in messages if m.delta.new_element)
    return [element for element in elements if element.id.endswith(key)][-1]


def request(typed: str, slider: str, fragment: str = "") -> BackMsg:
    """A rerun with what the browser holds in ε's two widgets."""
    message = BackMsg()
    run = message.rerun_script
    run.query_string, run.fragment_id, run.is_auto_rerun = QUERY, fragment, bool(fragment)
    run.widget_states.widgets.add(id=typed, string_value="0.7")
    run.widget_states.widgets.add(id=slider).string_array_value.data.append("0.8")
    return message


def test_a_timer_that_repeats_the_old_entry_does_not_undo_a_moved_slider(dashboard):
    """The entry was set by the slider's run, of which the browser had not heard yet."""
    with stream(dashboard, Origin=dashboard.url) as session:
        first = BackMsg()
        first.rerun_script.query_string = QUERY
        messages = list(drawn(session, first))
        entry, slider = "epsilon:typed", "epsilon:slider"
        ids = widget(messages, "text_input", entry).id, widget(messages, "slider", slider).id
        moved = list(drawn(session, request(*ids)))
        assert widget(moved, "text_input", entry).value == "0.8"
        timers = [m.auto_rerun.fragment_id for m in moved if m.WhichOneof("type") == "auto_rerun"]
        for timer in timers:
            list(drawn(session, request(*ids, fragment=timer)))
        assert timers, "else nothing repeated the old entry"
        again = BackMsg()
        again.rerun_script.query_string = QUERY
        shown = list(drawn(session, again))
    assert widget(shown, "text_input", entry).default == "0.8"
