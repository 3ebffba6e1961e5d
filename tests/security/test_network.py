"""Nothing leaves the machine and nobody else is let in: the dashboard and the commands under a
guard of sockets and name look-ups, and requests as an attacker would send them.

The dashboard of all browser tests runs under the same guard: ``tests/conftest.py``.
"""

import http.client
import os
import subprocess
import sys
from pathlib import Path

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.exceptions import InvalidStatus

from tests.browser.protocol import drawn, stream
from tests.security.sockets import ATTEMPTS, guarded

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = (
    "recommend --compute 1e19 --data 1e6 --epsilon 4 --json",
    "predict --help",
    "epsilon --help",
    "fit --help",
    "runs list",
    "pilot list",
    "nonsense",
)


def asked(running, path, method="GET", **headers):
    """The answer to a plain HTTP request: its status, its headers, its body."""
    host, port = running.url.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=20)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def attempts(running) -> str:
    """What the guard wrote down so far."""
    return (running.log.parent / ATTEMPTS).read_text()


def test_a_page_of_the_same_origin_is_served_and_none_of_it_kept(dashboard):
    """What a browser keeps is referred to later, and a reference that is gone ends the page."""
    with stream(dashboard, Origin=dashboard.url) as session:
        message = BackMsg()
        message.rerun_script.query_string = "lang=en"
        message.rerun_script.page_name = "compare"
        text = "".join(str(answer) for answer in drawn(session, message))
    assert "new_element" in text and "exception {" not in text
    assert "cacheable: true" not in text


def test_another_origin_is_refused_without_a_look_up(dashboard):
    with pytest.raises(InvalidStatus) as refused, stream(dashboard, Origin="https://evil.example"):
        pass
    assert refused.value.response.status_code == 403
    status, _, body = asked(dashboard, "/", Origin="https://evil.example")
    assert (status, body) == (403, b"This host or origin is not allowed.\n")
    assert asked(dashboard, "/", Origin="null")[0] == 403
    assert attempts(dashboard) == ""


@pytest.mark.parametrize("path", ["/", "/roi", "/_stcore/health", "/_stcore/host-config"])
def test_another_host_name_is_refused_on_every_path(dashboard, path):
    """A name server of an attacker may point its own name at this machine."""
    assert asked(dashboard, path, Host="evil.example")[0] == 403
    assert asked(dashboard, path, Host="localhost:8501")[0] == 200


def test_metrics_are_closed_and_health_is_open(dashboard):
    for path in ("/_stcore/metrics", "/_stcore/metrics/", "/_stcore/metrics?families=x"):
        assert asked(dashboard, path)[0] == 404
    assert asked(dashboard, "/_stcore/health")[2] == b"ok"


def test_answers_say_what_a_browser_may_load_and_frame(dashboard):
    for path in ("/", "/_stcore/health", "/_stcore/metrics"):
        headers = {name.lower(): value for name, value in asked(dashboard, path)[1].items()}
        assert "default-src 'self'" in headers["content-security-policy"]
        assert "frame-ancestors 'self'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "SAMEORIGIN"
        assert headers["referrer-policy"] == "no-referrer"


def test_an_upload_without_a_token_is_refused(dashboard):
    assert asked(dashboard, "/_stcore/upload_file/a/b", method="PUT")[0] == 403


def test_its_address_is_of_this_machine_unless_told_otherwise(dashboard):
    text = dashboard.log.read_text()
    assert "URL: http://localhost:" in text
    assert "Network URL" not in text and "External URL" not in text


def test_commands_reach_nobody(tmp_path):
    environment, log = guarded(tmp_path)
    program = (
        "import sys, contextlib, io\nfrom engine.__main__ import main\n"
        "for line in sys.stdin.read().splitlines():\n"
        "    with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):\n"
        "        main(line.split())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        input="\n".join(COMMANDS),
        cwd=ROOT,
        env=os.environ | environment | {"KESSAI_DATA": str(tmp_path / "runs")},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert log.read_text() == ""


def test_the_guard_notices(tmp_path):
    environment, log = guarded(tmp_path)
    program = (
        "import socket, contextlib\n"
        "with contextlib.suppress(OSError): socket.getaddrinfo('example.com', 80)\n"
        "with contextlib.suppress(OSError): socket.socket(type=2).connect(('192.0.2.1', 1))\n"
        "with contextlib.suppress(OSError): socket.socket().bind(('0.0.0.0', 0))\n"
        "socket.socket().bind(('127.0.0.1', 0))\n"
    )
    subprocess.run([sys.executable, "-c", program], env=os.environ | environment, check=True)
    kinds = [line.split()[0] for line in log.read_text().splitlines()]
    assert kinds == ["socket.getaddrinfo", "socket.connect", "socket.bind"]
