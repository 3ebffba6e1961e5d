"""A guard of sockets and name look-ups for processes that tests start.

:func:`guarded` gives the environment in which every Python process, its children too, writes down
each attempt to reach, ask for, or listen to anything but this machine, and is refused it.
"""

import os
from pathlib import Path

ATTEMPTS = "attempts.log"

_HOOK = """
import os, sys, traceback

LOG = os.environ["KESSAI_TEST_SOCKETS"]
HERE = {"127.0.0.1", "::1", "localhost"}

def watch(event, arguments):
    if event in ("socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg"):
        address = arguments[1]
        asked = address[0] if isinstance(address, tuple) else None  # else a socket of this machine
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        asked = arguments[0]
    elif event == "urllib.Request":
        asked = arguments[0].split("/")[2].rsplit(":", 1)[0]
    else:
        return
    asked = asked.decode() if isinstance(asked, bytes) else asked
    if asked is None or asked in HERE:
        return
    with open(LOG, "a") as log:
        log.write(f"{event} {asked!r}: {' '.join(sys.argv)[:200]}\\n")
    raise OSError(f"the guard of the tests refuses {event} {asked!r}")

sys.addaudithook(watch)
"""


def guarded(folder: Path) -> tuple[dict[str, str], Path]:
    """Environment of a guarded process, and the file that then holds a line an attempt."""
    hooks, log = folder / "hooks", folder / ATTEMPTS
    hooks.mkdir()
    (hooks / "sitecustomize.py").write_text(_HOOK)
    log.touch()
    path = os.pathsep.join(filter(None, [str(hooks), os.environ.get("PYTHONPATH")]))
    return {"PYTHONPATH": path, "KESSAI_TEST_SOCKETS": str(log)}, log
