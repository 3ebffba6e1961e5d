"""An OpenID Connect provider on this machine, for the tests of login: it asks no password.

Its authorization page lists the people; who is chosen comes back with a code, which is good once,
for the client's secret and the verifier of its challenge, and gives an ID token signed with RS256.
"""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

CLIENT, SECRET = "kessai", "not-so-secret"


@dataclass
class Provider:
    """A running provider. ``people``: name on its page -> claims besides those of the protocol."""

    url: str
    people: Mapping[str, Mapping[str, Any]]
    key: Any
    codes: dict[str, tuple[str, dict[str, str]]] = field(default_factory=dict)
    is_lying: bool = False
    """Whether it signs with a key that it does not publish."""

    def token(self, name: str, nonce: str) -> str:
        """The signed ID token of somebody."""
        from joserfc import jwt
        from joserfc.jwk import RSAKey

        now = int(time.time())
        claims = {"iss": self.url, "sub": f"sub-{name}", "aud": CLIENT, "iat": now}
        claims |= {"exp": now + 600, "nonce": nonce, **self.people[name]}
        key = RSAKey.generate_key(2048, {"kid": "one"}) if self.is_lying else self.key
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, key)


@contextmanager
def running_provider(people: Mapping[str, Mapping[str, Any]]) -> Iterator[Provider]:
    """Start a provider on a free port of this machine, and end it afterwards."""
    from joserfc.jwk import RSAKey

    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    provider = Provider(
        url=f"http://127.0.0.1:{server.server_address[1]}",
        people=people,
        key=RSAKey.generate_key(2048, {"kid": "one"}),
    )
    server.provider = provider  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing: pytest's output is not for it."""

    @property
    def provider(self) -> Provider:
        found: Provider = self.server.provider  # type: ignore[attr-defined]
        return found

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        url = self.provider.url
        if parts.path == "/.well-known/openid-configuration":
            self._json(
                {
                    "issuer": url,
                    "authorization_endpoint": f"{url}/authorize",
                    "token_endpoint": f"{url}/token",
                    "jwks_uri": f"{url}/keys",
                    "end_session_endpoint": f"{url}/end",
                    "response_types_supported": ["code"],
                    "id_token_signing_alg_values_supported": ["RS256"],
                }
            )
        elif parts.path == "/keys":
            self._json({"keys": [self.provider.key.as_dict(private=False)]})
        elif parts.path == "/authorize":
            links = "".join(
                f'<p><a href="/chosen?{urlencode({**query, "who": name})}">{name}</a></p>'
                for name in self.provider.people
            ).replace("&", "&amp;")
            self._answer(200, f"<title>provider</title>{links}".encode(), "text/html")
        elif parts.path == "/chosen":
            code = secrets.token_urlsafe(16)
            self.provider.codes[code] = (query["who"], query)
            back = urlencode({"code": code, "state": query["state"]})
            self._redirect(f"{query['redirect_uri']}?{back}")
        elif parts.path == "/end":
            self._redirect(query["post_logout_redirect_uri"])
        else:
            self._answer(404, b"", "text/plain")

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        form = {k: v[0] for k, v in parse_qs(self.rfile.read(length).decode()).items()}
        who, asked = self.provider.codes.pop(form.get("code", ""), ("", {}))
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        is_good = (
            self.path == "/token"
            and who
            and self.headers["Authorization"] == f"Basic {basic}"
            and form["redirect_uri"] == asked["redirect_uri"]
            and asked.get("code_challenge") == challenge
        )
        if not is_good:
            self._answer(400, b'{"error": "invalid_grant"}', "application/json")
            return
        token = self.provider.token(who, asked["nonce"])
        self._json({"access_token": "none", "token_type": "Bearer", "id_token": token})

    def _json(self, content: Mapping[str, Any]) -> None:
        self._answer(200, json.dumps(content).encode(), "application/json")

    def _redirect(self, url: str) -> None:
        self.send_response(302)
        self.send_header("Location", url)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _answer(self, status: int, content: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
