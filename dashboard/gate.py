"""What every request to the dashboard passes, before Streamlit sees it.

A request is answered only under a host name of ``server.allowedHosts`` and from a page of the
same host or of ``server.corsAllowedOrigins``. Streamlit itself asks so for the WebSocket alone, and
for a page of another origin it first looks up the machine's addresses at a name server and over
HTTP; here it is refused without. Counts of sessions and memory (``/_stcore/metrics``) are served to
nobody. Each answer tells the browser to load nothing from elsewhere, to show the page in no frame
of others, and to pass the address, which holds the scenario, to nobody.

With login (:mod:`dashboard.state.visitor`), files are taken only from who signed in and has a role:
they are kept in memory before any page sees them. Pages check who somebody is by themselves
(:mod:`dashboard.shell.sign_in`), and so does each action of the engine.

Not covered: without login, who a person is. On this machine every user can reach the port; to
serve others, see docs/operations.md.
"""

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import config
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME
from streamlit.web.server.starlette.starlette_websocket import (
    _get_signed_cookie_with_chunks,
    _parse_decoded_user_cookie,
    is_host_allowed,
)

from dashboard.state import visitor
from engine.api.access import Right
from engine.errors import InputError

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
_UPLOADS = "/_stcore/upload_file/"


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
        elif _UPLOADS in scope["path"] and not _has_role(scope):
            await _refuse(scope, receive, answer, 403, "Sign in first.\n")
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


def _has_role(scope: Scope) -> bool:
    """Whether somebody may see the pages, by the cookie that Streamlit signed at the login."""
    try:
        if not visitor.has_login():
            return True
        request = HTTPConnection(scope)
        signed = _get_signed_cookie_with_chunks(request.cookies, USER_COOKIE_NAME)
        if signed is None:
            return False
        claims = _parse_decoded_user_cookie(signed, request.headers.get("origin", ""))
        return claims.get("is_logged_in") is True and visitor.of_claims(claims).may(Right.SEE)
    except InputError:
        return False


async def _refuse(scope: Scope, receive: Receive, send: Send, status: int, text: str) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})  # before an accept: HTTP 403
    else:
        await PlainTextResponse(text, status)(scope, receive, send)
