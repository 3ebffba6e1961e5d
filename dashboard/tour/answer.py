"""What the page answers, in the tour's card: from the caches that the page has just filled."""

from streamlit.delta_generator import DeltaGenerator

from dashboard.answers import cache
from dashboard.compare import example, explain
from dashboard.state import session
from dashboard.state.scenario import Scenario
from dashboard.tour import steps
from dashboard.tour.steps import Answers, Step
from engine.errors import InputError
from engine.text.i18n import Words

_WITH_MONEY = ("roi", "present")


def draw(step: Step, place: DeltaGenerator, now: Scenario, words: Words) -> None:
    """One sentence in its place; where the budgets allow no plan, it says so."""
    try:
        place.markdown(steps.answers(step, _found(step, now), words))
    except InputError:
        place.markdown(steps.without_plan(words))


def _found(step: Step, now: Scenario) -> Answers:
    asked = (now.budget, now.evidence_id, now.sampling, now.assumptions)
    decision, study, wider = cache.decision(*asked), None, None
    if step.page in _WITH_MONEY:
        study = cache.study(*asked, now.table, now.curve, cache.certified(*asked))
    if step.page == "compare":
        wider = explain.side("", example.wider(session.fields()), cache.decision).answer
    return Answers(now=now, decision=decision, study=study, wider=wider)
