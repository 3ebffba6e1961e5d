"""The process of one refit: ``python -m engine.decision.refit_process``.

It reads one line of JSON (the evidence, and the choice among its runs), fits, and prints a line for
each part that is done and a last one with the law, or with why there is none. Whoever started it
may end it at any moment (:mod:`engine.decision.refits`): a fit that was made lies in the cache
whole, and one that was not leaves nothing. When who started it is gone, its input ends, and it
ends too.
"""

import json
import os
import sys
import threading
from contextlib import redirect_stdout
from typing import IO, Any

from engine.decision import law_versions
from engine.errors import InputError
from engine.runs.imports.selection import Choice
from engine.untrusted.texts import json_value

DONE, LAW, REFUSED = "done", "law", "refused"
"""What a line holds."""


def work(asked: str, out: IO[str]) -> None:
    """Fit what the line ``asked`` says."""

    def tell(line: dict[str, Any]) -> None:
        out.write(json.dumps(line, default=str) + "\n")
        out.flush()

    what = json_value(asked)
    choice = Choice(without=tuple(what["without"]), also=tuple(what["also"]))
    try:
        found = law_versions.now(
            what["evidence"],
            choice=choice,
            progress=lambda done, of: tell({DONE: [done, of]}),
        )
    except InputError as error:
        tell({REFUSED: [error.template, error.values]})
    else:
        tell({LAW: found.to_dict()})


def _end_with_input() -> None:
    sys.stdin.read()
    os._exit(1)


if __name__ == "__main__":
    line = sys.stdin.readline()
    threading.Thread(target=_end_with_input, daemon=True).start()
    ours = sys.stdout
    with redirect_stdout(sys.stderr):  # what libraries print is no line of ours
        work(line, ours)
