"""Import in four steps: a file, what its columns say, what it would bring, and the button.

Nothing is written before the button; what is shown until then is the same import, not stored.
"""

import hashlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import streamlit as st
from streamlit.typing import UploadedFile

from dashboard.answers import law_cache, run_cache
from dashboard.runs import wording
from dashboard.state import session, visitor, widgets
from dashboard.ui import blocks, reading
from engine.api.decisions import fitted
from engine.api.runs import (
    ALIASES,
    OFFLINE_RUN,
    SCALED,
    UNUSED,
    Asked,
    Columns,
    Entry,
    Imported,
    Measure,
    Sheet,
    Upload,
    choose_columns,
    family_of,
    import_upload,
    imported_before,
    store,
)
from engine.api.tables import Corrections
from engine.errors import InputError
from engine.text import formats, run_labels, tables
from engine.text.i18n import Words

_AUTO, _NONE = "auto", "none"
_COLUMNS = 4
_MOST_DOUBTS = 10
"""Runs of which it is said in a sentence why they are doubted."""
_MOST_ROWS = 2_000
"""Runs of a file that a browser is given."""
_MOST_COUNT = 10**9


def draw(words: Words) -> None:
    """The whole panel."""
    files = _files(words)
    if not files:
        return
    key = _digest(files)
    corrections = _reading(key, words)
    try:
        sheet = run_cache.uploaded_sheet(key, corrections, files)
    except InputError as error:
        _refused(error, words)
        return
    asked = _asked(key, sheet, corrections, words)
    if asked is None:
        return
    try:
        with st.spinner(words.say("Reading the runs …")):
            found = run_cache.imported(key, asked, law_cache.evidence_version(), files, sheet)
    except InputError as error:
        _refused(error, words)
        return
    if before := imported_before(fitted.run_log(), found):
        _kept(before, words)
        return
    _preview(found, words)
    _write(found, files, asked, sheet, words)


def _refused(error: InputError, words: Words) -> None:
    st.error(wording.refusal(error, words), icon=":material/block:")


def _files(words: Words) -> tuple[Upload, ...]:
    kinds = {
        "file": words.say("A file"),
        "folder": words.say("A folder of MLflow, TensorBoard or Weights & Biases"),
    }
    kind = st.segmented_control(
        words.say("What to import"),
        list(kinds),
        format_func=kinds.__getitem__,
        default="file",
        required=True,
        **widgets.bind_page("runs", "kind"),
    )
    is_folder = kind == "folder"
    held = st.file_uploader(
        words.say("Runs of your own"),
        accept_multiple_files="directory" if is_folder else False,
        help=words.say(
            "A table of runs (CSV, JSON lines, Parquet, Excel, SQLite, DuckDB), an export of "
            "Weights & Biases, a database of MLflow or Trackio, an event file of TensorBoard, an "
            "offline run of Weights & Biases, or the public archive of McKenna et al. An MLflow "
            "server is read by the command line. Nothing is written before you press “Import”."
        ),
        key=f"runs:upload:{kind}",
    )
    files: Sequence[UploadedFile] = (
        [] if held is None else held if isinstance(held, list) else [held]
    )
    if is_folder and any(file.name.endswith(OFFLINE_RUN) for file in files):
        st.caption(
            words.say(
                "A browser leaves out the newest run where the folder has the link `latest-run` "
                "to it: delete the link first, or import the folder by the command line."
            )
        )
    return tuple(Upload(name=file.name, content=file.getvalue()) for file in files)


def _digest(files: Sequence[Upload]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(repr((file.name, len(file.content))).encode())
        digest.update(file.content)
    return digest.hexdigest()[:16]


def _reading(key: str, words: Words) -> Corrections:
    """How a text table is read, where a person knows better."""
    with st.expander(words.say("How the text is read")), st.container(horizontal=True):
        decimal = reading.decimal_mark(words, **widgets.bind_page("runs", f"{key}:decimal"))
        separator = st.selectbox(
            words.say("Separator of the file"),
            list(tables.SEPARATORS),
            index=None,
            format_func=lambda one: words.say(tables.SEPARATORS[one]),
            placeholder=words.say("found from its lines"),
            **widgets.bind_page("runs", f"{key}:separator"),
        )
        encoding = reading.encoding(words, **widgets.bind_page("runs", f"{key}:encoding"))
    return Corrections(encoding=encoding, separator=separator, decimal=decimal)


def _asked(key: str, sheet: Sheet, corrections: Corrections, words: Words) -> Asked | None:
    """What a person says of the file; None where it contradicts itself, which is said."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        family = st.text_input(
            words.say("Family"),
            placeholder=family_of(Path(sheet.name)),
            help=words.say(
                "Runs of one family have one architecture, one tokenizer and one text: their "
                "losses compare, and a law is fitted to them."
            ),
            **widgets.bind_page("runs", f"{key}:family"),
        )
        unit = st.selectbox(
            words.say("Unit of the losses"),
            list(Measure),
            index=None,
            format_func=words.field,
            placeholder=words.say("as the column says, else nats per token"),
            **widgets.bind_page("runs", f"{key}:unit"),
        )
        length = _whole(words.say("Tokens of an example"), f"{key}:length", words)
        vocabulary = _whole(words.say("Tokens of the vocabulary"), f"{key}:vocabulary", words)
    try:
        said = _said(key, sheet, words)
    except InputError as error:
        _refused(error, words)
        return None
    return Asked(
        family=family.strip() or None if family else None,
        said=said,
        loss_unit=None if unit is None else Measure(unit),
        sequence_length=length,
        vocabulary_size=vocabulary,
        corrections=corrections,
    )


def _whole(label: str, name: str, words: Words) -> int | None:
    value = st.number_input(
        label,
        min_value=1,
        max_value=_MOST_COUNT,
        value=None,
        step=1,
        placeholder=words.say("as the file says"),
        **widgets.bind_page("runs", name),
    )
    return None if value is None else int(value)


def _said(key: str, sheet: Sheet, words: Words) -> dict[str, str]:
    """The columns that a person names, theirs -> ours.

    Raises :class:`InputError` where a column is to be two things.
    """
    guessed = _guessed(sheet)
    said: dict[str, str] = {}
    with st.expander(words.say("Columns: correct what was guessed")):
        places = st.columns(_COLUMNS)
        for number, role in enumerate(run_labels.ROLES):
            with places[number % _COLUMNS]:
                column, ours = _role(key, role, sheet, guessed, words)
            if column is None:
                continue
            if column in said and UNUSED not in (ours, said[column]):
                raise InputError(
                    "Expected one meaning for the column {column}, got {first} and {second}.",
                    column=column,
                    first=said[column],
                    second=ours,
                )
            if said.get(column, UNUSED) == UNUSED:
                said[column] = ours
    return said


def _role(
    key: str, role: str, sheet: Sheet, guessed: Columns | None, words: Words
) -> tuple[str | None, str]:
    """The column that a person names for a role, and what it then is; (None, "") for the guess."""
    found = guessed.by_role.get(role) if guessed else None
    names = {
        _AUTO: words.say("{column} (found)", column=found) if found else words.say("none found"),
        _NONE: words.say("no column"),
    }
    options = [_AUTO, *([_NONE] if found else []), *(f"={name}" for name in sheet.header)]
    name = words.say(run_labels.ROLES[role])
    choice = st.selectbox(
        name,
        options,
        format_func=lambda one: names.get(one, one[1:]),
        **widgets.bind_page("runs", f"{key}:role:{role}"),
    )
    scale = ""
    if role in SCALED and (found or choice not in (_AUTO, _NONE)):
        scale = st.selectbox(
            words.say("{field}: counted in", field=name),
            list(wording.SCALES),
            format_func=lambda one: words.say(wording.SCALES[one]),
            label_visibility="collapsed",
            **widgets.bind_page("runs", f"{key}:scale:{role}"),
        )
    if choice == _AUTO and not (scale and found):
        return None, ""
    if choice == _NONE:
        return found, UNUSED
    column = found if choice == _AUTO else choice[1:]
    return column, role if scale in ("", "units") else f"{role}:{scale}"


def _guessed(sheet: Sheet) -> Columns | None:
    """What the names say by themselves; None where they contradict each other."""
    try:
        return choose_columns(sheet.header, {}, sheet.name)
    except InputError:
        return None


def _preview(found: Imported, words: Words) -> None:
    """What the file would bring, row by row."""
    st.markdown(f"**{formats.literally(wording.summary(found, words))}**")
    if told := wording.reading(found, words):
        st.caption(formats.literally(" ".join(told)))
    blocks.listing(wording.columns_table(found.columns, words))
    if found.columns.unused:
        st.caption(
            words.say(
                "Not used: {columns}.",
                columns=formats.literally(", ".join(found.columns.unused[: _COLUMNS * 10])),
            )
        )
    if found.runs:
        for sentence in wording.doubts(found.runs, _MOST_DOUBTS, words):
            st.markdown(f"- {formats.literally(sentence)}")
        _listed(found.runs, wording.runs_table, words)
    if found.refused:
        refused = [(one.line, one.run, one.reason) for one in found.refused]
        blocks.listing(wording.refused_table(refused, words))


def _kept(before: Entry, words: Words) -> None:
    """What this very file brought when it was imported. It is not judged again beside what the log
    holds since then: every run would be a copy of itself."""
    st.success(
        words.say("This file is in the run log as the family {family}.", family=before.family),
        icon=":material/check:",
    )
    _as_evidence(before.family, words)
    st.markdown(f"**{formats.literally(wording.kept_summary(before, words))}**")
    st.caption(
        words.say("To read the file in another way, undo the import first, below the catalogue.")
    )
    for sentence in wording.kept_doubts(before.runs, _MOST_DOUBTS, words):
        st.markdown(f"- {formats.literally(sentence)}")
    _listed(before.runs, wording.kept_table, words)
    if before.refused:
        refused = [(one.row, one.run, one.reason) for one in before.refused]
        blocks.listing(wording.refused_table(refused, words))


def _listed(
    runs: Sequence[wording.R],
    table: Callable[[Sequence[wording.R], Words], dict[str, list[object]]],
    words: Words,
) -> None:
    """The first of the runs, those that are doubted before the others, and that it is so."""
    runs = wording.doubtful_first(runs)
    if order := wording.order(runs, _MOST_ROWS, words):
        st.caption(order)
    blocks.listing(table(runs[:_MOST_ROWS], words))


def _write(
    found: Imported, files: Sequence[Upload], asked: Asked, sheet: Sheet, words: Words
) -> None:
    """The button."""
    if not found.runs:
        return
    label = words.count("Import {n} run", "Import {n} runs", len(found.runs))
    if st.button(label, icon=":material/download:", type=blocks.emphasis(), key="runs:import"):
        blocks.attempt(
            lambda: _store(files, asked, sheet),
            words.say("Imported."),
            lambda error: wording.refusal(error, words),
        )


def _as_evidence(family: str, words: Words) -> None:
    """Ask the scenario's question of these runs; or why they cannot answer it."""
    try:
        fitted.require_choice(family)
    except InputError as error:
        st.caption(wording.refusal(error, words))
        return
    st.button(
        words.say("Use as evidence"),
        icon=":material/show_chart:",
        on_click=session.take,
        args=({"evidence": family},),
    )


def _store(files: Sequence[Upload], asked: Asked, sheet: Sheet) -> None:
    """Judge it again, at this moment and beside what the log now holds, and write it."""
    log = fitted.run_log()
    found = import_upload(files, log, asked, created_at=datetime.now(UTC), sheet=sheet)
    store(log, found, by=visitor.person())


assert set(run_labels.ROLES) == set(ALIASES), "every role has a name on the page"
