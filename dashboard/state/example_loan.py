"""An example on loan: it stands where the visitor's own scenario stood, and gives the place back.

What the visitor made is set aside whole: the values of all fields, and the figures of other
metrics. Language and tour are the visitor's under the example too, so they are carried over. Works
on the session's state as a mapping that is passed in. Not covered: widgets that hold no assumption,
such as what a map shows; they stay as they are.

>>> state = {"_values": {"data": 5, "lang": "ja", "tour": 1}, "_metrics": "mine"}
>>> begin(state, {"data": 7})
>>> state["_values"], own(state)["data"]
({'data': 7, 'lang': 'ja', 'tour': 1}, 5)
>>> end(state), state["_values"], state["_metrics"]
(True, {'data': 5, 'lang': 'ja', 'tour': None}, 'mine')
>>> end(state)
False
"""

from collections.abc import Mapping, MutableMapping
from typing import Any

from dashboard.state import link
from engine.roi.kinds import MetricKind

_OWN = ("_values", "_metrics")
"""What an example takes the place of."""
_CARRIED = ("lang", "tour")
State = MutableMapping[str | int, Any]
"""The session's state, whose entries have types that only the session knows."""


def begin(state: State, example: Mapping[str, link.Value]) -> None:
    """Put the example on show; once more, and it is as it was at first."""
    set_aside = {name: state[name] for name in _OWN if name in state}
    mine = state.setdefault("_own", set_aside)
    carried = {key: state["_values"][key] for key in _CARRIED}
    state["_values"] = mine["_values"] | example | carried
    _begin_with(state, {})


def end(state: State) -> bool:
    """Bring back what was set aside; False where nothing was."""
    mine = state.pop("_own", None)
    if mine is None:
        return False
    lang = state["_values"]["lang"]
    state["_values"] = mine.pop("_values") | {"lang": lang, "tour": None}
    _begin_with(state, mine)
    return True


def own(state: State) -> dict[str, link.Value]:
    """The values of the visitor's fields, whatever is on show."""
    values = state["_values"]
    mine = state.get("_own", {"_values": values})["_values"]
    return mine | {key: values[key] for key in _CARRIED}


def _begin_with(state: State, rest: Mapping[str, object]) -> None:
    """The rest as in ``rest``; what was refused and the text areas go with the old figures."""
    for name in (*_OWN[1:], *(f"pairs:{kind}" for kind in MetricKind)):
        state.pop(name, None)
    for name, held in rest.items():
        state[name] = held
    state["_refused"] = {}
