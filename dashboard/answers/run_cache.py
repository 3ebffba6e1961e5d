"""Kept catalogue of runs, and what uploaded files would bring."""

from collections.abc import Sequence
from datetime import UTC, datetime

import streamlit as st

from engine.api.decisions import fitted
from engine.api.runs import (
    Asked,
    Imported,
    Listed,
    Sheet,
    Upload,
    catalogue,
    import_upload,
    read_upload,
)
from engine.api.tables import Corrections


@st.cache_resource(max_entries=4, show_spinner=False)
def uploaded_sheet(digest: str, corrections: Corrections, _files: Sequence[Upload]) -> Sheet:
    """The table of an uploaded file; ``digest`` stands for its content."""
    return read_upload(_files, corrections)


@st.cache_resource(max_entries=4, show_spinner=False)
def imported(
    digest: str, asked: Asked, version: str, _files: Sequence[Upload], _sheet: Sheet
) -> Imported:
    """What an uploaded file, whose table is there, would bring beside the runs of the log's
    ``version``."""
    log, now = fitted.run_log(), datetime.now(UTC)
    return import_upload(_files, log, asked, created_at=now, sheet=_sheet)


def catalogue_version() -> str:
    """Changes with the runs, their imports and what was deleted."""
    return catalogue.stamp(fitted.run_log())


@st.cache_resource(max_entries=4, show_spinner=False)
def listed(version: str, deleted: bool = False) -> list[Listed]:
    """All runs, or the deleted ones, at a :func:`catalogue_version`."""
    return catalogue.catalogue(fitted.run_log(), deleted=deleted)


@st.cache_resource(max_entries=16, show_spinner=False)
def curve(version: str, run_id: str) -> list[tuple[int, float]]:
    """The losses of a run on its way, nats, at a :func:`catalogue_version`."""
    return fitted.run_log().curve(run_id)
