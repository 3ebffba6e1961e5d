"""Timers of a page that was left run no more.

A fragment that looks again every so often (``run_every``) is asked for by the browser, with the
page that the browser shows. Where somebody turns to another page, one such request may be under
way still: Streamlit then either turns back to the page that was left, or takes what the new page
has just drawn away again and leaves it blank. Such requests are dropped here, before Streamlit
sees them; the new page draws everything anew. What somebody typed into such a part in the moment of
leaving is dropped with them.
"""

from google.protobuf.message import DecodeError
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

_LONGEST = 16_384
"""Bytes of the server's messages: one that begins a run is far shorter."""


class LateTimers:
    """ASGI middleware around the server of Streamlit."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on but requests for fragments of a page that was left."""
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        line = _Line()

        async def received() -> Message:
            while line.is_late(message := await receive()):
                pass
            return message

        async def sent(message: Message) -> None:
            line.note(message)
            await send(message)

        await self._app(scope, received, sent)


class _Line:
    """One browser's WebSocket, and the page that was last asked for or begun on it."""

    def __init__(self) -> None:
        self._page = ""

    def is_late(self, message: Message) -> bool:
        """Whether a message of the browser asks for a fragment of another page."""
        try:
            asked = BackMsg.FromString(message.get("bytes") or b"")
        except DecodeError:  # Streamlit itself refuses it.
            return False
        if not asked.HasField("rerun_script"):
            return False
        page = asked.rerun_script.page_script_hash
        if not asked.rerun_script.fragment_id:
            self._page = page
            return False
        return page not in {"", self._page} and self._page != ""

    def note(self, message: Message) -> None:
        """Keep the page of a run that begins: the script itself may turn to another one."""
        data = message.get("bytes") or b""
        if len(data) > _LONGEST:
            return
        said = ForwardMsg.FromString(data)
        if said.HasField("new_session"):
            self._page = said.new_session.page_script_hash
        if said.HasField("navigation"):  # A link to a page begins as the first page's run.
            self._page = said.navigation.page_script_hash
