"""A process that is followed until it ends, or this command is interrupted: it then goes on."""

import time
from collections.abc import Callable

from engine.commands import pilot_report as report
from engine.errors import InputError
from engine.pilot.running import lifecycle
from engine.pilot.running.status import State, Status
from engine.text.terminal import tell

_LOOKS = 0.3
"""Seconds between two looks at a process that is followed."""
SAYS = 5.0
"""Seconds between two lines about one state."""


def ended_status(plan_id: str, heard: Callable[[Status], None] = lambda now: None) -> Status | None:
    """The last status of a pilot; None where this command was interrupted, which is told. Raises
    :class:`InputError` where the pilot failed."""
    ended = followed(lambda: lifecycle.poll(plan_id), heard)
    if ended is None:
        tell(f"The pilot goes on by itself: python -m engine pilot status {plan_id}")
    elif ended.state is State.FAILED:
        raise failed(ended)
    return ended


def followed(
    poll: Callable[[], Status], heard: Callable[[Status], None] = lambda now: None
) -> Status | None:
    """The last status, a line on standard error now and then; None: this command is interrupted."""
    said, at = None, 0.0
    try:
        while (now := poll()).is_running:
            heard(now)
            step = (now.state, now.arm, now.repeat)
            if step != said or time.monotonic() - at > SAYS:
                tell(report.line(now))
                said, at = step, time.monotonic()
            time.sleep(_LOOKS)
    except KeyboardInterrupt:
        return None
    return now


def failed(ended: Status) -> InputError:
    """The sentence of a process that failed."""
    return InputError(ended.reason or "The process failed.", **ended.values)
