"""A session of the dashboard without a browser: Streamlit's own messages over its WebSocket."""

from collections.abc import Iterator

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.browser.server import Dashboard

_QUIET_SECONDS = 1.0


def stream(running: Dashboard, token: str = "", **headers: str) -> ClientConnection:
    """The WebSocket on which a browser asks for pages; ``token``: that of its cookie against
    requests of others, without which no cookie says who it is."""
    url = running.url.replace("http", "ws") + "/_stcore/stream"
    return connect(
        url,
        subprotocols=[Subprotocol(one) for one in ("streamlit", token) if one],
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


def settled(session: ClientConnection, message: BackMsg) -> list[ForwardMsg]:
    """All that the server sends for a request, and for the runs that this run asked for."""
    answers = list(drawn(session, message))
    while True:
        try:
            data = session.recv(timeout=_QUIET_SECONDS if _is_complete(answers) else 120)
        except TimeoutError:
            return answers
        answers.append(ForwardMsg.FromString(data))


def _is_complete(answers: list[ForwardMsg]) -> bool:
    """Whether no run has begun since the last one ended."""
    kinds = [answer.WhichOneof("type") for answer in reversed(answers)]
    begun = kinds.index("new_session") if "new_session" in kinds else len(kinds)
    return "script_finished" in kinds[:begun]
