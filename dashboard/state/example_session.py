"""An example session: it replaces the visitor's own scenario for a while, and is undone as a whole.

The visitor's values of all fields and figures of other metrics are set aside and brought back.
Language and tour stay the visitor's under the example, so they are carried over.
The functions work on the session's state, which is passed in. Not covered: widgets that hold no
assumption, such as what a map shows; they stay as they are.

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

from engine.api.money import MetricKind
from engine.api.scenarios import fields as grammar

_OWN = ("_values", "_metrics")
"""The entries of the session's state that an example replaces."""
_CARRIED = ("lang", "tour")
State = MutableMapping[str | int, Any]
"""The session's state, whose entries have types that only the session knows."""


def begin(state: State, example: Mapping[str, grammar.Value]) -> None:
    """Show the example; called again, it shows the example as it was at first."""
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


def own(state: State) -> dict[str, grammar.Value]:
    """The visitor's own values, also while an example is shown."""
    values = state["_values"]
    mine = state.get("_own", {"_values": values})["_values"]
    return mine | {key: values[key] for key in _CARRIED}


def _begin_with(state: State, rest: Mapping[str, object]) -> None:
    """Set the other entries to ``rest``; refused entries and text areas of the old figures are
    dropped."""
    for name in (*_OWN[1:], *(f"pairs:{kind}" for kind in MetricKind)):
        state.pop(name, None)
    for name, held in rest.items():
        state[name] = held
    state["_refused"] = {}
