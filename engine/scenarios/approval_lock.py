"""What locks a scenario: a version that was approved stays as it is, and so does one that was
superseded.

The states are lines in the log of decisions (:mod:`engine.approvals`). Every act that changes or
removes a scenario asks :func:`require_open` first, under the lock of the folder
(:mod:`engine.scenarios.acts`); nothing takes an approval back.
"""

from engine.approvals import Standing, State
from engine.errors import InputError


def is_locked(state: State) -> bool:
    """Whether a version in ``state`` stays as it is.

    >>> [state.value for state in State if is_locked(state)]
    ['approved', 'superseded']
    """
    return state in (State.APPROVED, State.SUPERSEDED)


def require_open(name: str, found: Standing) -> None:
    """Nothing while the scenario called ``name``, which stands as ``found``, may be changed.

    Raises :class:`InputError` for one that was approved, also where its file was changed since.
    """
    if found.was_changed:
        raise InputError(
            "“{name}” was approved, and its file was changed by other means since: bring the file "
            "back as it was, or save under another name.",
            name=name,
        )
    if is_locked(found.state):
        raise InputError(
            "“{name}” was approved and stays as it is: make a new version of it and change that.",
            name=name,
        )
