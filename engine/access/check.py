"""The check that stands first in every action: one sentence where the right is missing, on record.

What was refused is a line in the log of decisions, "refused", with the act that was asked for. The
first of one person, right and act within :data:`QUIET_SECONDS` is: whoever asks a thousand times a
second fills no disk.
"""

import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from engine import decision_log
from engine.access.rights import SAID, Person, Right, Role
from engine.errors import InputError

QUIET_SECONDS = 10.0
"""Within which the same refusal is written once."""
_MOST_REMEMBERED = 1_000

_last: dict[tuple[str, Right, str], float] = {}
_turn = threading.Lock()


def require(
    by: Person, right: Right, act: str, what: Mapping[str, Any] | None = None, *, folder: Path
) -> None:
    """Nothing where ``by`` may. Else raises :class:`InputError`, one sentence that names the right,
    the roles that hold it and who grants them; and writes the attempt down.

    ``act`` and ``what`` are those of the log of decisions, ``folder`` the one by which it stands.
    """
    if by.may(right):
        return
    if _is_news(by, right, act):
        said = {"act": act, "right": str(right), **(what or {})}
        with suppress(InputError):  # Nothing is done in either case.
            decision_log.append("refused", said, folder=folder, by=by)
    raise _refusal(by, right)


def require_own(
    by: Person, act: str, what: Mapping[str, Any], *, made_by: str | None, folder: Path
) -> None:
    """As :func:`require`: what ``made_by`` made (a login; None where nobody knows) is deleted by
    that person, or by who may delete anybody's."""
    own = made_by == by.login
    require(by, Right.DELETE_OWN if own else Right.DELETE_ANY, act, what, folder=folder)


def refuse(
    by: Person, act: str, what: Mapping[str, Any], refusal: InputError, *, folder: Path
) -> NoReturn:
    """Raise ``refusal``, for a reason that is no right, and write the attempt down."""
    with suppress(InputError):
        said = {"act": act, "reason": refusal.template[:200], **what}
        decision_log.append("refused", said, folder=folder, by=by)
    raise refusal


def holders(right: Right) -> str:
    """The roles that hold a right, in the order of :class:`Role`."""
    return ", ".join(role for role in Role if role.may(right))


def _refusal(by: Person, right: Right) -> InputError:
    return InputError(
        "Expected the right to {right} (role: {holders}), got {who} with {roles}: ask this "
        "Kessai's administrator, who keeps the file of roles.",
        right=SAID[right],
        holders=holders(right),
        who=by.who,
        roles=", ".join(role for role in Role if role in by.roles) or InputError("no role"),
    )


def _is_news(by: Person, right: Right, act: str) -> bool:
    key, now = (by.login, right, act), time.monotonic()
    with _turn:
        is_new = now - _last.get(key, -QUIET_SECONDS) >= QUIET_SECONDS
        if is_new:
            if len(_last) >= _MOST_REMEMBERED:
                _last.clear()
            _last[key] = now
    return is_new
