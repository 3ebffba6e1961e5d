"""Widgets and the URL make one frozen :class:`Scenario`; the only use of ``st.session_state``.

The session keeps one value a field (``_values``). A widget is set from it before it is drawn and
writes back in its callback, so slider, typed entry and URL always agree and none owns the value.
The functions ``bind_…`` return the arguments that tie a widget to what it changes, to be unpacked
into the call that draws it.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, Literal, NoReturn, TypedDict, TypeVar
from urllib.parse import urlencode

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.typing import UploadedFile

from dashboard.state import assumption_table, example_session, link
from dashboard.state.link import D, T
from dashboard.state.scenario import Scenario, asked, follow_metric, with_table
from engine.api.money import Assumptions, MetricKind, load
from engine.api.scenarios import figures
from engine.api.tables import Corrections, Detected, Mark
from engine.errors import InputError
from engine.text.i18n import Words, currency_from_browser, from_browser

_REMEMBERED_LINKS = 50
_REMEMBERED_VALUES = 8
_OF_THE_WINDOW = ("lang", "tour", "view", "meeting")
"""Fields that windows of one presentation do not share."""
_TABLE = ("metric", "figures", "pairs")
"""Fields that the table of assumptions and the curve are made from."""

S = TypeVar("S")
_Field = link.Field[Any, Any]  # whichever field it is: only its key matters


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


def follow_url() -> bool:
    """Take the values of the URL on a first run, and when the URL was changed by anything but
    :func:`write_url`; True if so.

    A rerun may still carry an earlier URL of ours, so the last links are remembered; where nothing
    else is behind the browser, Back or Forward was pressed (:func:`_went_back`).
    """
    state = st.session_state
    query = _query()
    is_ours = state.pop("_anew", None) == query
    is_known = not query or query in state.get("_links", ())
    if "_values" in state and is_known and (is_ours or not _went_back(query)):
        return False
    end_example()  # A link that is opened ends an example.
    is_first = "_values" not in state and query.keys() <= {"lang"}
    state["_values"], state["_refused_link"] = link.read_all(query)
    if is_first:
        ask("first visit")
        state["_values"]["currency"] = currency_from_browser(st.context.locale)
    state["_refused"], state["_links"] = {}, deque([query], maxlen=_REMEMBERED_LINKS)
    _forget_figures()
    return True


def _query() -> dict[str, str]:
    """The address that came with this request, without what is not ours."""
    return {key: st.query_params[key] for key in link.FIELDS if key in st.query_params}


def _is_behind(query: Mapping[str, str]) -> bool:
    """Whether this is an address of ours, and not the last one. One without a scenario is none: a
    first visit begins with it, and every change of the page comes with it too."""
    links = st.session_state["_links"]
    return bool(query) and query in links and query != links[-1]


def _went_back(query: Mapping[str, str]) -> bool:
    """Whether an earlier address of ours is asked for, not left over: a request that the browser
    sent before it had the last run also brings what the widgets showed before that run."""
    state = st.session_state
    last_shown = state.get("_shown", {})
    return _is_behind(query) and all(
        state[name] == shown for name, shown in last_shown.items() if name in state
    )


def draw_anew() -> NoReturn:
    """Draw the page anew from a timer, whose request may carry an earlier address of ours; who goes
    back at that moment comes with another one."""
    st.session_state["_anew"] = _query()
    st.rerun()


def write_url() -> None:
    """Make the address bar a link to the visitor's own scenario, under an example too."""
    query = link.write_all(example_session.own(st.session_state))
    st.session_state["_drawn_in"] = language()
    st.session_state["_links"].append(query)
    if st.query_params.to_dict() != query:
        st.query_params.from_dict(query)


def address() -> str:
    """The link to copy: to the scenario on show, without a tour, from the first slide, and of no
    presentation under way."""
    return _address({"slide": 1, "tour": None, "view": None, "meeting": None})


def presenter_address(token: str) -> str:
    """The link to the presenter's own view of the presentation that is shared under ``token``."""
    return _address({"tour": None, "view": link.PRESENTER, "meeting": token})


def _address(changes: Mapping[str, link.Value]) -> str:
    shown = st.session_state["_values"] | changes
    return f"{st.context.url or ''}?{urlencode(link.write_all(shown))}"


def shared() -> dict[str, str]:
    """What windows of one presentation share: all fields but those of the window itself, and what
    was typed for the cover."""
    texts = link.write_all(st.session_state["_values"])
    found = {key: text for key, text in texts.items() if key not in _OF_THE_WINDOW}
    typed_in = {
        str(key): str(text) for key, text in st.session_state.items() if _is_cover(key) and text
    }
    return found | typed_in


def take_shared(texts: Mapping[str, str]) -> None:
    """Show what :func:`shared` gave in another window."""
    state = st.session_state
    query = {key: text for key, text in texts.items() if key in link.FIELDS}
    values, _ = link.read_all(query)
    state["_values"] = values | {key: state["_values"][key] for key in _OF_THE_WINDOW}
    for key in [key for key in state if _is_cover(key)]:
        state[key] = ""
    state.update({key: text for key, text in texts.items() if _is_cover(key)})
    _forget_figures()


def _is_cover(key: object) -> bool:
    return isinstance(key, str) and key.startswith("cover:")


def version_seen(token: str) -> int:
    """The version of what is shared under ``token`` that this window shows; 0: none yet."""
    seen: tuple[str, int] = st.session_state.get("_seen", ("", 0))
    return seen[1] if seen[0] == token else 0


def see_version(token: str, version: int) -> None:
    """Remember that this window shows that version."""
    st.session_state["_seen"] = (token, version)


def remember_pages(pages: Mapping[str, st.Page]) -> None:
    """Keep the pages, by their names in :data:`dashboard.app.PAGES`."""
    st.session_state["_pages"] = dict(pages)


def open_page(name: str) -> None:
    """Go to a page in the same session: the scenario goes along."""
    st.switch_page(st.session_state["_pages"][name])


def language() -> str:
    """The language chosen on the page or in the link, else the browser's."""
    return value(link.LANGUAGE) or from_browser(st.context.locale)


def current() -> Scenario:
    """The scenario as it now stands."""
    return asked(st.session_state["_values"], language())


def refused_link(words: Words) -> list[str]:
    """One sentence for every value in the link that could not be used."""
    sentences = [words.refusal(error) for error in st.session_state["_refused_link"].values()]
    return [words.say("{sentence} The default is used instead.", sentence=s) for s in sentences]


def refused_entry(key: str, words: Words) -> str | None:
    """Why the text typed into the field ``key`` is refused; the field keeps its last good value."""
    error = st.session_state["_refused"].get(key)
    return error and words.refusal(error)


def value(field: link.Field[T, D]) -> T | D:
    """The value of a field."""
    return field.of(st.session_state["_values"])


def budget(field: link.BudgetField) -> float:
    """The value of one of the three budgets."""
    return field.of(st.session_state["_values"])


def price() -> float:
    """USD per device-hour: the price set in the sidebar, else the accelerator's list price."""
    return link.price(st.session_state["_values"])


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
    renamed = state.get("_drawn_in") != language()
    if not kept and (renamed or state.get(name) != shown):
        _supersede(name, shown)
        state[name] = shown
    state["_shown"][name] = state[name]
    return {"key": name, "on_change": _take, "args": (key, name, widget == "typed")}


def bind_table() -> Bound:
    """Arguments that tie the editor of the assumptions to the scenario.

    A refused edit stays in its cell; after an accepted one the editor starts from the new table.
    """
    name = f"table:{st.session_state.get('_table_version', 0)}"
    return {"key": name, "on_change": _take_edits, "args": (name,)}


def bind_file() -> Bound:
    """Arguments that tie an uploader to the table of assumptions."""
    return {"key": "table:file", "on_change": _take_file, "args": ()}


def bind_reading(correction: Literal["decimal", "encoding"]) -> Bound:
    """Arguments that tie a select box to how an uploaded table is read; a change reads it again."""
    return {"key": f"file:{correction}", "on_change": _take_file, "args": ()}


def file_reading() -> Detected | None:
    """How the uploaded table was read; None where none was, or it leaves no choice."""
    found = st.session_state.get("_reading")
    return found if isinstance(found, Detected) else None


def show(field: link.Field[T, D], chosen: T) -> None:
    """Put a pilot (``link.NEW_PILOT`` asks for a new one), a slide or a step of the tour on show,
    also in the link."""
    st.session_state["_values"][field.key] = chosen


def bind_page(page: str, widget: str) -> Persistent:
    """Arguments that tie a widget of a page to its place; it keeps its value on other pages."""
    return {"key": f"{page}:{widget}", "persist_state": "session"}


def bind_names(options: Sequence[str]) -> Bound:
    """Arguments that tie a multiselect of saved scenarios to the link; a name that is not among
    ``options`` any more is left out."""
    state, name = st.session_state, "compare:chosen"
    shown = [each for each in link.names_of(value(link.WITH)) if each in options]
    if state.get(name) != shown:
        state[name] = shown
    return {"key": name, "on_change": _take_names, "args": (name,)}


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
            take({x: points[0]["x"], y: points[0]["y"]})
            # A new chart, on which the same point can be clicked again.
            st.session_state["_clicks"] = st.session_state.get("_clicks", 0) + 1

    return {"key": name, "on_select": take_point, "selection_mode": "points"}


def take(fields: Mapping[str, link.Value]) -> None:
    """Make these values the scenario's; the other fields stay."""
    state = st.session_state
    for key in fields:
        state["_refused"].pop(key, None)
        state["_refused_link"].pop(key, None)
    read = {k: v if v is None else link.read(k, link.write(k, v)) for k, v in fields.items()}
    before = {key: state["_values"][key] for key in _TABLE}
    state["_values"].update(read)
    if "figures" in read:
        _forget_figures()
        return
    follow_metric(state["_values"], state.setdefault("_metrics", {}), before["metric"])
    if {key: state["_values"][key] for key in _TABLE} != before:
        _begin_table_anew()


def begin_example(example: Mapping[str, link.Value]) -> None:
    """Show an example in place of the visitor's scenario, table and pairs, which are kept."""
    example_session.begin(st.session_state, example)
    _renew_table()


def end_example() -> None:
    """End the example and bring back the visitor's scenario; without an example, do nothing."""
    if example_session.end(st.session_state):
        _renew_table()


def fields() -> dict[str, link.Value]:
    """The value of every field, as it now stands."""
    return dict(st.session_state["_values"])


def ask(question: str) -> None:
    """Remember for this session that something was asked for, or how the session began."""
    st.session_state["_asked"] = st.session_state.get("_asked", frozenset()) | {question}


def is_asked(question: str) -> bool:
    return question in st.session_state.get("_asked", frozenset())


def bind_pairs() -> Bound:
    """Arguments that tie a text area to the measured pairs of loss and metric."""
    state, name = st.session_state, f"pairs:{_kind()}"
    if state.get(name) is None:
        state[name] = figures.pairs_lines(state["_values"]["pairs"])
    return {"key": name, "on_change": _take_pairs, "args": (name,)}


def restore_table() -> None:
    """Return to the table and curve of a first visit."""
    st.session_state["_values"] |= {"figures": None, "pairs": None}
    _forget_figures()


def _take_edits(name: str) -> None:
    figures = st.session_state[name]["edited_rows"]
    _try(
        "table",
        lambda: _keep_table(
            assumption_table.edited(current().question.assumptions, figures, current().words)
        ),
    )


def _take_file() -> None:
    file = st.session_state["table:file"]
    if isinstance(file, UploadedFile):  # None once removed; replaced meanwhile, it has no content.
        state = st.session_state
        state["_reading"] = None

        def keep() -> None:
            decimal = state.get("file:decimal")
            loaded = load(
                file.name,
                file.getvalue(),
                Corrections(
                    encoding=state.get("file:encoding"),
                    decimal=None if decimal is None else Mark(decimal),
                ),
            )
            state["_reading"] = loaded.detected
            _keep_table(loaded.table)

        _try("file", keep)


def _take_pairs(name: str) -> None:
    state, text = st.session_state, st.session_state[name] or ""

    def keep() -> None:
        pairs = figures.pairs_text(text)
        figures.curve(
            _kind(), pairs, current().question.assumptions
        )  # refuses what carries no curve
        state["_values"]["pairs"] = pairs

    _try("pairs", keep)


def _try(key: str, action: Callable[[], None]) -> None:
    """Call ``action``; remember under ``key`` the refusal that it raises."""
    try:
        action()
    except InputError as error:
        st.session_state["_refused"][key] = error
        return
    st.session_state["_refused"].pop(key, None)


def _keep_table(table: Assumptions) -> None:
    """Keep the table, also in the fields that the sidebar shows."""
    st.session_state["_values"] = with_table(st.session_state["_values"], table)
    _renew_table()
    pairs = f"pairs:{_kind()}"
    if "pairs" in st.session_state["_refused"] and pairs in st.session_state:
        _take_pairs(pairs)


def _kind() -> MetricKind:
    return MetricKind(value(link.METRIC))


def _forget_figures() -> None:
    """Forget what was set aside for other metrics: all figures have been replaced."""
    st.session_state.pop("_metrics", None)
    _begin_table_anew()


def _begin_table_anew() -> None:
    """Drop what was typed over figures and pairs that have been replaced."""
    for key in ("file", "pairs"):
        st.session_state["_refused"].pop(key, None)
    st.session_state[f"pairs:{_kind()}"] = None
    _renew_table()


def _renew_table() -> None:
    st.session_state["_refused"].pop("table", None)  # Its refused edit goes with the old editor.
    st.session_state["_table_version"] = st.session_state.get("_table_version", 0) + 1


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
    if _is_behind(_query()):
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
        _begin_table_anew()
    if key == "accelerator":
        state["_values"]["price"] = None
