"""Law: what the law rests on, how well it predicts what it did not see, where it ends."""

from collections.abc import Mapping
from datetime import UTC, datetime

import streamlit as st

from dashboard.answers import decision_cache, first_fit, law_cache, run_cache
from dashboard.glossary import lookup
from dashboard.law import (
    charts,
    fit_tests,
    influence,
    next_experiment,
    profile,
    versions,
    wording,
)
from dashboard.run_card import card
from dashboard.run_card import facts as run_facts
from dashboard.state import looked_at
from dashboard.state.scenario import Scenario
from dashboard.ui import blocks
from dashboard.ui.colours import Palette, palette
from engine.api.decisions import Decision, fitted
from engine.api.laws import Inspection
from engine.api.reports import sheet_pdf
from engine.errors import InputError
from engine.text import formats, law_figures, law_parameters, law_summary
from engine.text.i18n import Words

_SQUARE, _LOW, _MAP = 460, 300, 380
"""Heights of the charts in pixels."""


def render(scenario: Scenario) -> None:
    """Draw the page."""
    words, colours = scenario.words, palette(st.context.theme.type)
    name = scenario.question.evidence_id
    evidence = first_fit.answered(name, lambda: law_cache.fitted_evidence(name), words)
    if evidence is None:
        versions.unreadable(name, words)
        return
    inspection = law_cache.inspection(name)
    versions.current(scenario.question, words)
    st.title(law_figures.headline(evidence, inspection, words), anchor=False)
    st.markdown(law_figures.beyond(evidence, words), help=lookup.tip("extrapolation", words))
    decision = _today(scenario, words)
    if (source := law_figures.without_noise(evidence, words)) is not None:
        st.markdown(source)
    if (beforehand := law_figures.forms_beforehand(evidence.fit, words)) is not None:
        st.markdown(beforehand)
    names = run_facts.run_names(run_cache.listed(run_cache.catalogue_version()))
    points = charts.points(inspection.rows, names, words)
    left, right = st.columns([13, 8], gap="large")
    with left:
        _forms(evidence, inspection, words)
    with right:
        drawn = charts.parity(evidence, inspection, points, words, colours)
        blocks.heading(words.say("Measured against fitted"), lookup.tip("loss", words))
        blocks.plot(drawn, _SQUARE, **looked_at.bind_points("law", "parity"))
        st.caption(drawn.alt)
    _residuals(evidence, inspection, points, words, colours)
    _coverage(inspection, points, decision, words, colours)
    _one_run(points, names, words)
    _parameters(name, inspection, words)
    fit_tests.draw(name, words)
    versions.draw(scenario.question, words)
    if decision is not None:
        next_experiment.draw(scenario.question, words)
        influence.draw(scenario.question, words)
    _document(name, evidence, inspection, words)
    card.clicked("law", words)


def _document(
    name: str, evidence: fitted.FittedEvidence, inspection: Inspection, words: Words
) -> None:
    """The law on one page, to take away; made when it is asked for."""

    def made() -> law_summary.Summary:
        selection = fitted.standing_selection(name)
        today = f"{datetime.now(UTC):%Y-%m-%d}"
        return law_summary.summary(evidence, selection, inspection, words, date=today)

    def pdf() -> bytes:
        found = made()
        return sheet_pdf(found.title, found.parts, footer=found.footer, language=found.language)

    blocks.heading(words.say("The law on one page"))
    with st.container(horizontal=True):
        for label, content, ending in (
            (words.say("As PDF"), pdf, "pdf"),
            (words.say("As Markdown"), lambda: law_summary.markdown(made()).encode(), "md"),
        ):
            st.download_button(
                label,
                content,
                f"law-{name}.{ending}",
                on_click="ignore",
                icon=":material/download:",
                key=f"law:summary:{ending}",
            )


def _today(scenario: Scenario, words: Words) -> Decision | None:
    """Today's plan; a question without an answer leaves the law as it is."""
    try:
        decision = decision_cache.decision_on(scenario.question)
    except InputError as error:
        st.markdown(words.refusal(error))
        return None
    st.markdown(wording.today(decision, words), help=lookup.tip("extrapolation", words))
    return decision


def _forms(evidence: fitted.FittedEvidence, inspection: Inspection, words: Words) -> None:
    blocks.heading(words.say("Forms and what they predict unseen"), lookup.tip("law", words))
    blocks.columns(law_figures.forms(evidence, inspection, words))
    st.caption(
        words.say(
            "Errors are root mean squares, as shares of the loss. Left out: each configuration in "
            "turn, predicted by a fit without it. Forms of less than 2% weight are not listed."
        )
    )


def _residuals(
    evidence: fitted.FittedEvidence,
    inspection: Inspection,
    points: charts.Points,
    words: Words,
    colours: Palette,
) -> None:
    blocks.heading(
        words.say("What the law misses, along each input"),
        lookup.tips(words, "model_size", "iterations", "noise_batch_ratio"),
    )
    for column, along in zip(st.columns(3, gap="medium"), charts.INPUTS, strict=True):
        with column:
            drawn = charts.residuals(evidence, inspection, points, along, words, colours)
            blocks.plot(drawn, _LOW, **looked_at.bind_points("law", f"residuals:{along.name}"))
    st.caption(
        words.say(
            "Shaded: the scatter of runs left out. Points that drift away from the line along an "
            "input would mean that the forms miss something about it."
        )
    )


def _coverage(
    inspection: Inspection,
    points: charts.Points,
    decision: Decision | None,
    words: Words,
    colours: Palette,
) -> None:
    blocks.heading(words.say("Where the runs lie, and today's plan"), lookup.tip("evidence", words))
    for column, up in zip(st.columns(2, gap="medium"), (charts.STEPS, charts.NOISE), strict=True):
        with column:
            drawn = charts.coverage(inspection, points, decision, up, words, colours)
            blocks.plot(drawn, _MAP, **looked_at.bind_points("law", f"coverage:{up.name}"))
    said = [words.say("Hatched: outside what the runs cover.")]
    if (inspection.rows.noise_batch_ratio == 0).any():
        said.append(words.say("Runs without noise stand at the lower edge."))
    st.caption(words.joined(said))


def _one_run(points: charts.Points, names: Mapping[str, str], words: Words) -> None:
    """From a point to its run without a pointer; one that is clicked leads there as well."""
    runs = list(dict.fromkeys(points.runs))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            words.say("A run of these charts"),
            runs,
            index=None,
            format_func=lambda run_id: run_facts.called(run_id, names),
            placeholder=words.say("or click a point"),
            key="law:one-run",
        )
        if st.button(
            words.say("Show the run"),
            icon=":material/search:",
            key="law:one-run:show",
            disabled=chosen is None,
        ):
            looked_at.look_at("law", str(chosen))
    if points.every > 1:
        st.caption(
            words.say(
                "The charts draw each {n}th point of {all}; the other runs are found on Runs.",
                n=formats.exact(points.every),
                all=formats.exact(points.of),
            )
        )


def _parameters(name: str, inspection: Inspection, words: Words) -> None:
    blocks.heading(words.say("The numbers of the leading form"), lookup.tip("interval", words))
    blocks.columns(law_parameters.table(inspection, words))
    st.markdown(f"`{inspection.leading.formula}`")
    profile.draw(name, inspection, words)
