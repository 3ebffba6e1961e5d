"""What this installation rests on, looked at: each line is ok, to be looked at, or broken.

"Broken" is what makes an answer wrong or impossible; "look" is what costs time, or leaves something
out, and says what to do. Nothing is written, nothing is fitted, nobody is asked over the network,
and it takes some seconds.

Not covered: whether the machine keeps its clock, and what a proxy in front of the dashboard does.
"""

from collections.abc import Callable, Iterator

from engine.doctor import installation, network, records
from engine.doctor.finding import Finding, State
from engine.errors import InputError
from engine.untrusted.guard import guarded

_WHY = "It cannot be looked at: {reason}."
NEEDED = frozenset({"python", "packages", "evidence", "law", "runs"})
"""What must be ok before the dashboard answers at once: readiness."""


def findings(*, only: frozenset[str] = frozenset()) -> list[Finding]:
    """What was found of everything, or of ``only`` these names. A look that fails is broken."""
    return [
        finding
        for name, look in LOOKS.items()
        if not only or name in only
        for finding in _looked(name, look)
    ]


def _looked(name: str, look: Callable[[], Iterator[Finding]]) -> list[Finding]:
    try:
        return guarded(lambda: list(look()), lambda reason: InputError(_WHY, reason=reason))
    except InputError as error:
        return [Finding(name=name, state=State.BROKEN, found=str(error), to_do="see the sentence")]


LOOKS: dict[str, Callable[[], Iterator[Finding]]] = {
    "python": installation.python,
    "packages": installation.packages,
    "evidence": records.evidence,
    "law": records.law,
    "runs": records.runs,
    "pilots": records.pilots,
    "scenarios": records.scenarios,
    "log": records.log,
    "folders": installation.folders,
    "font": installation.font,
    "gpu": installation.gpu,
    "network": network.network,
    "login": network.login,
}
