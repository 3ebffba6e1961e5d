"""A session of the dashboard without a browser: Streamlit's own messages over its WebSocket."""

from collections.abc import Iterator

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.browser.server import Dashboard


def stream(running: Dashboard, **headers: str) -> ClientConnection:
    """The WebSocket on which a browser asks for pages."""
    url = running.url.replace("http", "ws") + "/_stcore/stream"
    return connect(
        url,
        subprotocols=[Subprotocol("streamlit")],
        max_size=None,
        open_timeout=60,
        proxy=None,
        additional_headers=headers,
    )


def drawn(session: ClientConnection, message: BackMsg) -> Iterator[ForwardMsg]:
    """All that the server sends for a request to run, until that run is complete."""
    session.send(message.SerializeToString())
    while True:
        answer = ForwardMsg()
        answer.ParseFromString(session.recv(timeout=120))
        yield answer
        if answer.WhichOneof("type") == "script_finished":
            return
