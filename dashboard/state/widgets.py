"""Widgets and the fields or pages that they belong to.

A widget is set from the session before it is drawn and writes back in its callback, so slider,
typed entry and URL always agree and none owns the value. The functions ``bind_…`` return the
arguments that tie a widget to what it changes, to be unpacked into the call that draws it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, Literal, TypedDict, TypeVar

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from dashboard.state import address, link, session
from dashboard.state.scenario import follow_metric
from engine.api.scenarios import fields as grammar
from engine.errors import InputError

_REMEMBERED_VALUES = 8

S = TypeVar("S")
_Field = grammar.Field[Any, Any]  # whichever field it is: only its key matters


class Bound(TypedDict):
    """Arguments of a widget with a callback: its key, and what a change calls."""

    key: str
    on_change: Callable[..., None]
    args: tuple[object, ...]


class WithValue(Bound, Generic[S]):
    """Arguments of a slider, a text input or a number input, which begins with ``value``."""

    value: S


class WithDefault(Bound, Generic[S]):
    """Arguments of a segmented control, which begins with ``default``."""

    default: S


class WithIndex(Bound):
    """Arguments of a select box, which begins with the option at ``index``."""

    index: int


class Persistent(TypedDict):
    """Arguments of a widget that keeps its value on other pages."""

    key: str
    persist_state: Literal["session"]


class Clicks(TypedDict):
    """Arguments of a chart that can be clicked."""

    key: str
    on_select: Callable[[], None]
    selection_mode: Literal["points"]


def bind_value(field: _Field, widget: str, shown: S) -> WithValue[S]:
    """Arguments that tie a slider, text input or number input to a field; it now shows ``shown``.

    ``widget`` tells several widgets of one field apart. ``"typed"`` is a text input: what is typed
    is read by the field, and stays there when it is refused.
    """
    bound = _bound(field.key, widget, shown)
    return {**bound, "value": st.session_state[bound["key"]]}


def bind_default(field: _Field, shown: S) -> WithDefault[S]:
    """Arguments that tie a segmented control to a field; it now shows ``shown``."""
    bound = _bound(field.key, "choice", shown)
    return {**bound, "default": st.session_state[bound["key"]]}


def bind_index(field: _Field, options: Sequence[S], shown: S) -> WithIndex:
    """Arguments that tie a select box with these options to a field; it now shows ``shown``."""
    return {**_bound(field.key, "choice", shown), "index": options.index(shown)}


def _bound(key: str, widget: str, shown: object) -> Bound:
    """Set the widget to ``shown``; its key and its callback.

    A widget that shows it already is left alone, since setting it again would undo keys pressed
    meanwhile; but in another language its options have other names, and it must be set anew.

    Every widget gets what it shows as the argument of its default too (``value``, ``default`` or
    ``index``): a browser that missed the run in which the widget was set, because the next one
    overtook it, would otherwise take the lowest value for a choice of the user's and send it back.
    """
    state, name = st.session_state, f"{key}:{widget}"
    state.setdefault("_shown", {})
    kept = widget == "typed" and key in state["_refused"] and name in state
    if widget == "typed" and not kept:  # A page without the field drops what stood in it.
        state["_refused"].pop(key, None)
    renamed = state.get("_drawn_in") != session.language()
    if not kept and (renamed or state.get(name) != shown):
        _supersede(name, shown)
        state[name] = shown
    state["_shown"][name] = state[name]
    return {"key": name, "on_change": _take, "args": (key, name, widget == "typed")}


def bind_page(page: str, widget: str) -> Persistent:
    """Arguments that tie a widget of a page to its place; it keeps its value on other pages."""
    return {"key": f"{page}:{widget}", "persist_state": "session"}


def bind_named(page: str, widget: str, names: Mapping[str, str]) -> Persistent:
    """Arguments as :func:`bind_page` has them, of a select box whose options may be named anew.

    ``names`` is what each option is called now. A browser keeps the name that it has drawn of what
    is chosen until the box is set, and "proposed" stayed in the name of what was approved.
    """
    bound = bind_page(page, widget)
    state, name = st.session_state, bound["key"]
    if _are_renamed(name, names) and state.get(name) in names:
        state[name] = state[name]
    return bound


def bind_names(names: Mapping[str, str]) -> Bound:
    """Arguments that tie a multiselect of saved scenarios to the link, each with what it is called
    now; one that is not among them any more is left out."""
    state, name = st.session_state, "compare:chosen"
    shown = [each for each in link.names_of(session.value(link.WITH)) if each in names]
    if _are_renamed(name, names) or state.get(name) != shown:
        state[name] = shown
    return {"key": name, "on_change": _take_names, "args": (name,)}


def _are_renamed(name: str, names: Mapping[str, str]) -> bool:
    """Whether any option of a widget is called otherwise than when it was drawn last."""
    drawn = st.session_state.setdefault("_names", {})
    before, drawn[name] = drawn.get(name), dict(names)
    return bool(before is not None and before != names)


def _take_names(name: str) -> None:
    chosen = st.session_state[name]
    st.session_state["_values"][link.WITH.key] = "\n".join(chosen) or None


def typed(page: str, widget: str) -> str:
    """The text of a field of :func:`bind_page`, also before it is drawn; "" if nothing was
    typed."""
    return str(st.session_state.get(f"{page}:{widget}") or "").strip()


def type_into(page: str, widget: str, value: str | float | bool) -> None:
    """Put a value into a field of :func:`bind_page` of a page that is not on show."""
    st.session_state[f"{page}:{widget}"] = value


def is_flipped(page: str, switch: str) -> bool:
    """Whether a switch of a page is on; it keeps its state on other pages."""
    return bool(st.session_state.get(f"_{page}:{switch}", False))


def flip(page: str, switch: str) -> None:
    """Turn a switch of a page on, or off again."""
    st.session_state[f"_{page}:{switch}"] = not is_flipped(page, switch)


def bind_map(x: str, y: str) -> Clicks:
    """Arguments that make a click on a chart the scenario's ``x`` and ``y``, fields of a link."""
    name = f"map:{st.session_state.get('_clicks', 0)}"

    def take_point() -> None:
        points = st.session_state[name].selection.points
        if points:
            session.take({x: points[0]["x"], y: points[0]["y"]})
            # A new chart, on which the same point can be clicked again.
            st.session_state["_clicks"] = st.session_state.get("_clicks", 0) + 1

    return {"key": name, "on_select": take_point, "selection_mode": "points"}


def _supersede(name: str, shown: object) -> None:
    """Remember what a widget showed and held, now that it is to be set to ``shown``."""
    state = st.session_state
    older = state.setdefault("_superseded", {})
    held = [values[name] for values in (state["_shown"], state) if name in values]
    past = [*older.get(name, ()), *held]
    older[name] = [value for value in past if value != shown][-_REMEMBERED_VALUES:]


def _is_echo(name: str) -> bool:
    """Whether the browser only repeats what a run has set anew since, and nobody chose it.

    Every request brings the values of all widgets as the browser held them when it was sent. Where
    a run has set a field's other widget meanwhile (the entry beside a slider), the old value comes
    back, and Streamlit takes the difference for a choice. It is none where a timer brings it, where
    an earlier address comes with it, or where something else was chosen in the same request: a
    person acts on one widget at a time.
    """
    state = st.session_state
    if not _is_superseded(name, state[name]):
        return False
    context = get_script_run_ctx()
    if context is not None and context.fragment_ids_this_run:
        return True
    if address.is_behind(address.requested()):
        return True
    return any(
        other != name
        and other in state
        and state[other] != shown
        and not _is_superseded(other, state[other])
        for other, shown in state["_shown"].items()
    )


def _is_superseded(name: str, value: object) -> bool:
    return value in st.session_state.get("_superseded", {}).get(name, ())


def _take(key: str, name: str, typed: bool) -> None:
    if _is_echo(name):
        return
    state = st.session_state
    try:
        chosen = link.read(key, state[name]) if typed else state[name]
    except InputError as error:
        state["_refused"][key] = error
        return
    state["_refused"].pop(key, None)
    state["_refused_link"].pop(key, None)
    if chosen is None:  # A segmented control can be emptied by a second click: nothing changes.
        return
    before = state["_values"]["metric"]
    state["_values"][key] = chosen
    if key == "metric":
        follow_metric(state["_values"], state.setdefault("_metrics", {}), before)
        session.begin_table_anew()
    if key == "accelerator":
        state["_values"]["price"] = None


def tell_next(name: str, value: object) -> None:
    """Keep what a press of a button found, for the page that is drawn anew after it."""
    st.session_state[f"_told:{name}"] = value


def told(name: str) -> Any:
    """What :func:`tell_next` kept, once; None where it kept nothing."""
    return st.session_state.pop(f"_told:{name}", None)
