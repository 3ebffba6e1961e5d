"""What a meeting is shown: the answers of the caches, and what they rest on today."""

from dataclasses import fields
from datetime import datetime
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard.answers import cache
from dashboard.present.cover import Cover
from dashboard.present.deck import Material
from dashboard.present.tables import Basis
from dashboard.state import link, session
from dashboard.state.scenario import Scenario
from engine.api.pilots import code_version
from engine.api.reports import fit_version


def material(now: Scenario) -> Material:
    """Everything that the deck of a scenario is made from; the certificate if it is there by now.

    Raises :class:`engine.errors.InputError` for a scenario without an answer.
    """
    return Material(
        answer=cache.answer(now.question),
        basis=Basis(
            fit_version=fit_version(cache.fitted_evidence(now.question.evidence_id).fit),
            code_version=code_version(),
            day=datetime.now(ZoneInfo(st.context.timezone or "UTC")).date(),
            address=session.address(),
            made_up=session.value(link.TOUR) is not None,
            cover=Cover(
                **{field.name: session.typed("cover", field.name) for field in fields(Cover)}
            ),
        ),
    )
