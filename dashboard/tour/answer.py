"""What the page answers, in the tour's card: from the caches that the page has just filled."""

from streamlit.delta_generator import DeltaGenerator

from dashboard.answers import decision_cache, law_cache
from dashboard.compare.example import wider
from dashboard.compare.side import side
from dashboard.state import session
from dashboard.state.scenario import Scenario
from dashboard.tour import steps
from dashboard.tour.steps import Answers, Step
from engine.api.decisions import start_findings
from engine.errors import InputError
from engine.text.i18n import Words


def draw(step: Step, place: DeltaGenerator, now: Scenario, words: Words) -> None:
    """One sentence in its place; where the budgets allow no plan, it says so. Nothing while the law
    is being fitted: the page waits for that, and says so."""
    if not law_cache.evidence_is_ready(now.question.evidence_id):
        return
    try:
        place.markdown(steps.answers(step, _found(step, now), words))
    except InputError:
        place.markdown(steps.without_plan(words))


def _found(step: Step, now: Scenario) -> Answers:
    beside = None
    if step.page == "compare":
        beside = side("", wider(session.fields()), decision_cache.answer).answer
    answer = decision_cache.answer(now.question)
    start = start_findings(now.question) if step.page == "roi" else None
    return Answers(now=now, answer=answer, wider=beside, start=start)
