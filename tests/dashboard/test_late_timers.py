"""Whoever turns to another page sees that page, though a timer of the one they left still asks."""

import asyncio

import pytest
from starlette.types import Message, Receive, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from dashboard.late_timers import LateTimers
from tests.browser.protocol import drawn, settled, stream

NOBODYS = "view=presenter&meeting=nobody-has-begun-this-one-0123&lang=en"
"""A presentation that is not under way: its page looks every second whether it has begun."""


def asked(page: str = "", **fields: object) -> BackMsg:
    message = BackMsg()
    message.rerun_script.page_script_hash = page
    for name, value in fields.items():
        setattr(message.rerun_script, name, value)
    return message


def test_a_page_stays_though_a_timer_of_the_one_that_was_left_asks(dashboard):
    with stream(dashboard, Origin=dashboard.url) as session:
        first = list(drawn(session, asked(page_name="present", query_string=NOBODYS)))
        left = next(m.new_session.page_script_hash for m in first if m.HasField("new_session"))
        timer = next(m.auto_rerun.fragment_id for m in first if m.HasField("auto_rerun"))
        pages = next(m.navigation.app_pages for m in first if m.HasField("navigation"))
        runs = next(one.page_script_hash for one in pages if one.url_pathname == "runs")
        late = asked(left, fragment_id=timer, is_auto_rerun=True)
        session.send(asked(runs, query_string="lang=en").SerializeToString())
        answers = settled(session, late)
    assert {m.new_session.page_script_hash for m in answers if m.HasField("new_session")} == {runs}


def heard(sent: list[ForwardMsg], asked_for: list[BackMsg | bytes]) -> list[int]:
    """Which requests reach the server from a browser that was sent some messages before."""

    async def server(_scope: object, receive: Receive, send: Send) -> None:
        for one in sent:
            await send({"type": "websocket.send", "bytes": one.SerializeToString()})
        while (message := await receive())["type"] == "websocket.receive":
            passed.append(message["bytes"])

    passed: list[bytes] = []
    raw = [one if isinstance(one, bytes) else one.SerializeToString() for one in asked_for]
    messages: list[Message] = [{"type": "websocket.receive", "bytes": one} for one in raw]
    ahead = iter([*messages, {"type": "websocket.disconnect"}])

    async def receive() -> Message:
        return next(ahead)

    async def send(_message: Message) -> None:
        return

    asyncio.run(LateTimers(server)({"type": "websocket"}, receive, send))
    return [raw.index(one) for one in passed]


def begun(page: str) -> ForwardMsg:
    message = ForwardMsg()
    message.new_session.page_script_hash = page
    return message


def turned_to(page: str) -> ForwardMsg:
    message = ForwardMsg()
    message.navigation.page_script_hash = page
    return message


@pytest.mark.parametrize(
    ("sent", "asked_for", "heard_of"),
    [
        ([begun("a")], [asked("a", fragment_id="f")], [0]),
        ([begun("a")], [asked("b", fragment_id="f")], []),
        # A click on a link turns the page at once, the script by the run that it begins.
        ([begun("a")], [asked("b"), asked("a", fragment_id="f")], [0]),
        ([begun("a"), begun("b")], [asked("a", fragment_id="f"), asked("a")], [1]),
        # A link to a page: its run begins as that of the first page, and turns to its own.
        ([begun("first"), turned_to("a")], [asked("a", fragment_id="f")], [0]),
        ([begun("first"), turned_to("a")], [asked("first", fragment_id="f")], []),
        # Before anything has begun, and where a request names no page, nobody can tell.
        ([], [asked("a", fragment_id="f"), asked("", fragment_id="g")], [0, 1]),
        ([begun("a")], [asked("", fragment_id="g")], [0]),
        # What is none of Streamlit's messages is for Streamlit to refuse.
        ([begun("a")], [b"\xff\xff no message", b"x" * 100_000], [0, 1]),
    ],
)
def test_only_fragments_of_another_page_are_late(sent, asked_for, heard_of):
    assert heard(sent, asked_for) == heard_of
