"""What every request to the dashboard passes, before Streamlit sees it.

A request is answered only under a host name of ``server.allowedHosts`` and from a page of the
same host or of ``server.corsAllowedOrigins``. Streamlit itself asks so for the WebSocket alone, and
for a page of another origin it first looks up the machine's addresses at a name server and over
HTTP; here it is refused without. Counts of sessions and memory (``/_stcore/metrics``) are served to
nobody. Each answer tells the browser to load nothing from elsewhere, to show the page in no frame
of others, and to pass the address, which holds the scenario, to nobody.

Not covered: who a person is. On this machine every user can reach the port; to serve others,
an authenticating proxy stands in front (docs/operations.md).
"""

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import config
from streamlit.web.server.starlette.starlette_websocket import is_host_allowed

ANSWERED_WITH = {
    # Streamlit's page and Plotly's maths are scripts of their own and compile others at run time.
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
        "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
        "connect-src 'self' blob: data:; worker-src 'self' blob:; frame-src 'self' blob: data:; "
        "frame-ancestors 'self'; object-src 'none'; base-uri 'self'; form-action 'self'"
    ),
    "X-Frame-Options": "SAMEORIGIN",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""Headers of every answer."""

_METRICS = "/_stcore/metrics"


class Gate:
    """ASGI middleware around the server of Streamlit."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse with 403, or 404 for the metrics, or pass on and add the headers."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(ANSWERED_WITH)
            await send(message)

        headers = Headers(scope=scope)
        host = headers.get("host")
        if not is_host_allowed(host) or not _is_of_our_page(headers.get("origin"), host):
            await _refuse(scope, receive, answer, 403, "This host or origin is not allowed.\n")
        elif scope["path"].rstrip("/").endswith(_METRICS):
            await _refuse(scope, receive, answer, 404, "Not found.\n")
        else:
            await self._app(scope, receive, answer)


def _is_of_our_page(origin: str | None, host: str | None) -> bool:
    """Whether a page of the same host asks, or one that the operator named.

    Browsers name the origin of each WebSocket and of each request of another page; without one, it
    is a command such as a health check, or somebody following a link.
    """
    if origin is None or urlsplit(origin).netloc == host:
        return True
    return origin in config.get_option("server.corsAllowedOrigins")


async def _refuse(scope: Scope, receive: Receive, send: Send, status: int, text: str) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})  # before an accept: HTTP 403
    else:
        await PlainTextResponse(text, status)(scope, receive, send)
