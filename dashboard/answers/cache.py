"""Every cache of the dashboard, keyed by small frozen values and bounded.

Answers are shared between people who ask the same, and read-only: hence ``cache_resource``, which
hands out the object itself. A refusal (``InputError``) is raised anew each time, never kept.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import streamlit as st

from dashboard.answers.certificates import Certificates
from dashboard.answers.expected import Expected
from dashboard.answers.plane import NAMES, Plane, sparse
from engine.api.access import Person, Right, require
from engine.api.accounting import Training, TrainingEpsilon, epsilon_of
from engine.api.decisions import (
    FIRST_ITERATION,
    Answer,
    Certificate,
    CertificateRequest,
    Currency,
    Decision,
    Question,
    answers,
    correlated,
    decide,
    fitted,
    from_start,
    maps,
    search,
    to_certify,
)
from engine.api.laws import (
    Comparison,
    Diagnostics,
    Influence,
    Inspection,
    LawVersion,
    NextRuns,
    diagnose,
    influences,
    inspect,
    law_versions,
    next_run,
)
from engine.api.money import (
    Candidate,
    Cost,
    CostAssumptions,
    Curve,
    Fewer,
    Goal,
    Held,
    Least,
    Sharing,
    Use,
    inverse,
    share_privacy,
)
from engine.api.money import cost as priced
from engine.api.pilots import (
    Arm,
    Entry,
    PilotBudget,
    PilotEffect,
    PilotLaw,
    PilotPlan,
    Prepared,
    PrivacyTerms,
    TuningBasis,
    launchers,
    law_of_pilots,
    least_seconds,
    pilot_effects,
    propose,
    propose_from_start,
    tuning_basis,
)
from engine.api.pilots import starts as starts_at_hand
from engine.api.runs import (
    Asked,
    Imported,
    Listed,
    Sheet,
    Upload,
    catalogue,
    data_folder,
    import_upload,
    read_upload,
)
from engine.api.scenarios import (
    Frozen,
    Saved,
    Since,
    Standing,
    State,
    frozen,
    is_same_ground,
    saved,
    since,
    stamp_of_log,
    standings,
)
from engine.api.tables import Corrections
from engine.config import Budget, Sampling
from engine.errors import InputError

_KEPT_INFLUENCES = 16
_LONGEST_WAIT = 60.0
"""Seconds that a save waits for its certificate."""


class NotYet(Exception):  # noqa: N818 (no error: the answer waits for this certificate)
    """What was asked for waits for a certificate that is not there yet."""

    def __init__(self, promise: CertificateRequest) -> None:
        self.promise = promise
        super().__init__(promise)


@dataclass(frozen=True, kw_only=True)
class Kept:
    """Every saved scenario with its state, and a refusal for each file that is none."""

    scenarios: tuple[Saved, ...]
    refused: tuple[InputError, ...]
    standings: Mapping[str, Standing]
    """By the scenario's name; empty where the log of decisions is not whole."""
    unknown: InputError | None
    """Why states are not shown."""
    missing: tuple[str, ...]
    """Approved ones whose files are gone."""


def evidence_is_ready(evidence_id: str) -> bool:
    """Whether the law is fitted already, so that an answer, or a refusal, comes at once."""
    try:
        return _evidence_is_ready(evidence_id, fitted.state_of(evidence_id))
    except InputError:
        return True


@st.cache_resource(max_entries=8, show_spinner=False, validate=bool)
def _evidence_is_ready(evidence_id: str, state: str) -> bool:
    """Only a yes is kept."""
    return fitted.is_ready(evidence_id)


def fitted_evidence(evidence_id: str) -> fitted.FittedEvidence:
    """The law of an evidence; seconds the first time on a machine."""
    return _fitted_evidence(evidence_id, fitted.state_of(evidence_id))


@st.cache_resource(max_entries=8, show_spinner=False)
def _fitted_evidence(evidence_id: str, state: str) -> fitted.FittedEvidence:
    return fitted.fitted_evidence(evidence_id)


def inspection(evidence_id: str) -> Inspection:
    """The law of an evidence beside its runs."""
    return _inspection(evidence_id, fitted.state_of(evidence_id))


@st.cache_resource(max_entries=8, show_spinner=False)
def _inspection(evidence_id: str, state: str) -> Inspection:
    return inspect(fitted_evidence(evidence_id).fit, fitted.evidence_of(evidence_id).frame)


def diagnostics(evidence_id: str) -> tuple[Diagnostics, ...]:
    """The tests of every form that has a say, by falling weight; a second or two."""
    return _diagnostics(evidence_id, fitted.state_of(evidence_id))


@st.cache_resource(max_entries=8, show_spinner=False)
def _diagnostics(evidence_id: str, state: str) -> tuple[Diagnostics, ...]:
    frame = fitted.evidence_of(evidence_id).frame
    return tuple(diagnose(one.law, frame) for one in fitted_evidence(evidence_id).fit.members)


def law_versions_of(evidence_id: str) -> tuple[LawVersion, ...]:
    """The kept versions of an evidence's law, oldest first."""
    return _law_versions_of(evidence_id, law_versions.stamp())


@st.cache_resource(max_entries=8, show_spinner=False)
def _law_versions_of(evidence_id: str, stamp: str) -> tuple[LawVersion, ...]:
    return law_versions.kept(evidence_id)


def law_now(evidence_id: str) -> LawVersion:
    """The law of an evidence as its runs stand, whether kept or not."""
    return _law_now(evidence_id, evidence_version())


@st.cache_resource(max_entries=8, show_spinner=False)
def _law_now(evidence_id: str, version: str) -> LawVersion:
    return law_versions.now(evidence_id)


def comparison(before: LawVersion, after: LawVersion, question: Question) -> Comparison:
    """What changed between two versions, also for the answer to a question."""
    return _comparison(before.version, after.version, _in_yen(question), before, after)


@st.cache_resource(max_entries=64, show_spinner=False)
def _comparison(
    before: str, after: str, question: Question, _before: LawVersion, _after: LawVersion
) -> Comparison:
    return law_versions.compare(_before, _after, question)


def next_runs(question: Question) -> NextRuns:
    """The runs that would narrow the range of today's plan."""
    return _next_runs(_in_yen(question), fitted.state_of(question.evidence_id))


@st.cache_resource(max_entries=64, show_spinner=False)
def _next_runs(question: Question, state: str) -> NextRuns:
    return next_run.next_runs(question)


def influence(question: Question, seconds: float, progress: influences.Progress) -> Influence:
    """What each run does to the decision; ``progress`` may end it, and then nothing is kept but
    the fits, which are on disk."""
    key = (question.evidence_id, fitted.state_of(question.evidence_id), seconds)
    kept = _influences()
    found = kept.get((_in_yen(question), *key))
    if found is None:
        found = influences.influence(question, seconds=seconds, progress=progress)
        kept[_in_yen(question), *key] = found
        while len(kept) > _KEPT_INFLUENCES:
            kept.pop(next(iter(kept)))
    return found


@st.cache_resource(max_entries=1, show_spinner=False)
def _influences() -> dict[tuple[Question, str, str, float], Influence]:
    """Filled while a page draws its progress, which a cached function may not."""
    return {}


@st.cache_resource(max_entries=256, show_spinner=False)
def _decision(
    budget: Budget,
    evidence_id: str,
    sampling: Sampling,
    assumptions: CostAssumptions,
    state: str,
) -> Decision:
    fitted = fitted_evidence(evidence_id)
    return decide.decide(budget, fitted, sampling=sampling, assumptions=assumptions)


@st.cache_resource(show_spinner=False, max_entries=1)
def certificates() -> Certificates[CertificateRequest, Certificate]:
    """The one place where certificates are made and kept, for everybody."""
    return Certificates(lambda request: request.certify())


@st.cache_resource(max_entries=512, show_spinner=False)
def cost(compute_flops: float, prices: CostAssumptions) -> Cost:
    """Price of so much compute."""
    return priced(compute_flops, prices)


def decision_on(question: Question) -> Decision:
    """The plan alone, with estimated noise, for those who compare many."""
    state = fitted.state_of(question.evidence_id)
    return _decision(
        question.budget, question.evidence_id, question.sampling, question.prices, state
    )


def request(question: Question) -> CertificateRequest:
    """The promise to certify behind the answer to ``question``."""
    return to_certify(question, decision_on(question))


def answer(question: Question) -> Answer:
    """The answer as it now stands: certified where its certificate is known by now.

    Raises :class:`engine.errors.InputError` for a question without an answer.
    """
    promise, certificate, refusal = request(question), None, None
    try:
        certificate = certificates().known(promise)
    except InputError as error:
        refusal = error
    refused = refusal is not None
    state = fitted.state_of(question.evidence_id)
    found = _answer(_in_yen(question), certificate, refused, state, refusal)
    return _asked_as(question, certificate, refused, state, found)


def _in_yen(question: Question) -> Question:
    """Everything is computed in yen: who looks at dollars waits for nothing again."""
    return replace(question, currency=Currency.JPY)


@st.cache_resource(max_entries=64, show_spinner=False)
def _asked_as(
    question: Question,
    certificate: Certificate | None,
    refused: bool,
    state: str,
    _found: Answer,
) -> Answer:
    """The same answer, as one object, in the currency of ``question``."""
    return replace(_found, question=question)


@st.cache_resource(max_entries=64, show_spinner=False)
def _answer(
    question: Question,
    certificate: Certificate | None,
    refused: bool,  # part of the key
    state: str,  # that too
    _refusal: InputError | None,
) -> Answer:
    return answers.answer(
        question,
        fitted_evidence(question.evidence_id),
        decision=decision_on(question),
        certificate=certificate,
        refusal=_refusal,
    )


def starts(question: Question) -> from_start.Comparison:
    """From nothing and from public starts, at the people and the promise of a question.

    Raises :class:`engine.errors.InputError` where no start can be fine-tuned near what was tried.
    """
    budget = question.budget
    return from_start.compare_starts(
        budget.data_budget, budget.epsilon, budget.delta, sampling=question.sampling
    )


def more_learning(question: Question) -> correlated.More:
    """What noise correlated over steps would buy a question's plan.

    Raises :class:`engine.errors.InputError` where no such plan is possible.
    """
    return _more_learning(_in_yen(question), fitted.state_of(question.evidence_id))


@st.cache_resource(max_entries=64, show_spinner=False)
def _more_learning(question: Question, state: str) -> correlated.More:
    return correlated.more_learning(answer(question), fitted_evidence(question.evidence_id))


def budget_map(plane: Plane) -> tuple[maps.BudgetMap, maps.Doublings]:
    """A map of Explore, and what doubling buys at a few of its points."""
    return _budget_map(plane, fitted.state_of(plane.evidence_id))


@st.cache_resource(max_entries=64, show_spinner=False)
def _budget_map(plane: Plane, state: str) -> tuple[maps.BudgetMap, maps.Doublings]:
    fitted, held = fitted_evidence(plane.evidence_id), _budgets(plane.held, plane.sampling)
    x, y = NAMES[plane.x], NAMES[plane.y]
    found = maps.budget_map(
        fitted.fit,
        fitted.space,
        fitted.coverage,
        held,
        x=x,
        y=y,
        x_values=np.array(plane.x_values),
        y_values=np.array(plane.y_values),
        with_saving=plane.with_saving,
        target=plane.target,
    )
    few_x, few_y = np.meshgrid(sparse(plane.x_values, 7), sparse(plane.y_values, 5))
    at = {name: np.full(few_x.size, getattr(held, name)) for name in NAMES.values()}
    at |= {x: few_x.ravel(), y: few_y.ravel()}
    points = search.budgets(**at, delta=held.delta, sampling=held.sampling)
    return found, maps.doublings(fitted.fit, fitted.space, points, x=x, y=y)


def plan_lines(
    delta: float,
    evidence_id: str,
    sampling: Sampling,
    compute: tuple[float, ...],
    people: tuple[float, ...],
    epsilons: tuple[float, ...],
) -> maps.PlanLines:
    """The best plans along compute, for a few people and ε."""
    state = fitted.state_of(evidence_id)
    return _plan_lines(delta, evidence_id, sampling, compute, people, epsilons, state)


@st.cache_resource(max_entries=64, show_spinner=False)
def _plan_lines(
    delta: float,
    evidence_id: str,
    sampling: Sampling,
    compute: tuple[float, ...],
    people: tuple[float, ...],
    epsilons: tuple[float, ...],
    state: str,
) -> maps.PlanLines:
    fitted = fitted_evidence(evidence_id)
    return maps.plan_lines(
        fitted.fit,
        fitted.space,
        fitted.coverage,
        compute_flops=np.array(compute),
        data_budget=np.array(people),
        epsilon=np.array(epsilons),
        delta=delta,
        sampling=sampling,
    )


def _budgets(budget: Budget, sampling: Sampling) -> search.Budgets:
    return search.budgets(
        budget.compute_flops,
        budget.data_budget,
        budget.epsilon,
        delta=budget.delta,
        sampling=sampling,
    )


def least_budgets(question: Question, goal: Goal, target: float) -> tuple[Least, ...]:
    """The least of each budget that reaches a target, the others held."""
    return _least_budgets(_in_yen(question), goal, target, fitted.state_of(question.evidence_id))


@st.cache_resource(max_entries=64, show_spinner=False)
def _least_budgets(question: Question, goal: Goal, target: float, state: str) -> tuple[Least, ...]:
    curve = question.curve if goal is Goal.LOSS else answers.applicable_curve(question)
    return inverse.least_budgets(_held(question, curve), goal, target)


def fewer_people(question: Question, npv: float) -> Fewer | None:
    """Fewer people with whom the plan pays and is worth more than ``npv``, JPY."""
    return _fewer_people(_in_yen(question), npv, fitted.state_of(question.evidence_id))


@st.cache_resource(max_entries=64, show_spinner=False)
def _fewer_people(question: Question, npv: float, state: str) -> Fewer | None:
    return inverse.fewer_people(_held(question, answers.applicable_curve(question)), npv)


def best_epsilon(question: Question) -> Candidate:
    """The ε that earns most, legal risk included."""
    return _best_epsilon(_in_yen(question), fitted.state_of(question.evidence_id))


@st.cache_resource(max_entries=64, show_spinner=False)
def _best_epsilon(question: Question, state: str) -> Candidate:
    return inverse.best_epsilon(_held(question, answers.applicable_curve(question)))[0]


def best_people(question: Question) -> Candidate:
    """How many of the people earn most."""
    return _best_people(_in_yen(question), fitted.state_of(question.evidence_id))


@st.cache_resource(max_entries=64, show_spinner=False)
def _best_people(question: Question, state: str) -> Candidate:
    return inverse.best_people(_held(question, answers.applicable_curve(question)))[0]


def sharing(question: Question, uses: tuple[Use, ...]) -> Sharing:
    """What each of several uses would get of the people's privacy and of the compute."""
    return _sharing(_in_yen(question), uses, fitted.state_of(question.evidence_id))


@st.cache_resource(max_entries=32, show_spinner=False)
def _sharing(question: Question, uses: tuple[Use, ...], state: str) -> Sharing:
    return share_privacy(uses, _held(question, answers.applicable_curve(question)))


@st.cache_resource(max_entries=512, show_spinner=False)
def training_epsilon(training: Training) -> TrainingEpsilon:
    """The ε that a training had; up to some seconds."""
    return epsilon_of(training)


def unreadable_pilots() -> int:
    """Pilots that nobody can tell anything of. Raises :class:`engine.errors.InputError` where none
    can be read."""
    return _unreadable_pilots(launchers.stamp())


@st.cache_resource(max_entries=1, show_spinner=False)
def _unreadable_pilots(stamp: str) -> int:
    return pilot_effects.unreadable()


def pilot_effect(now: Answer) -> PilotEffect | None:
    """What the last pilot changed for an answer; None where none has ended."""
    return _effect_of(now, None)


def effect_of_pilot(now: Answer, plan_id: str) -> PilotEffect | None:
    """What one pilot changed for an answer; None where it has not ended."""
    return _effect_of(now, plan_id)


def _effect_of(now: Answer, plan_id: str | None) -> PilotEffect | None:
    pilots = _finished_pilots(launchers.stamp())
    chosen = tuple(one for one in pilots if plan_id in (None, one.plan_id))
    if not chosen:
        return None
    law = fitted_evidence(now.question.evidence_id)
    names = tuple(one.plan_id for one in chosen)
    key = (_in_yen(now.question), now.provisional, names, law.summary.hash, catalogue_version())
    return _pilot_effect(key, now, law, chosen)


@st.cache_resource(max_entries=1, show_spinner=False)
def _finished_pilots(stamp: str) -> tuple[Entry, ...]:
    return pilot_effects.finished()


@st.cache_resource(max_entries=64, show_spinner=False)
def _pilot_effect(
    key: tuple[object, ...],
    _now: Answer,
    _law: fitted.FittedEvidence,
    _pilots: tuple[Entry, ...],
) -> PilotEffect | None:
    return pilot_effects.last_effect(_now, _law, _pilots)


def pilot_law(
    family: str = fitted.MEASURED_GPT,
    vocabulary_size: int | None = None,
    sequence_length: int | None = None,
) -> PilotLaw:
    """The law that steers pilots on a family's text, as the run log now stands."""
    return _pilot_law(fitted.run_log().version, family, vocabulary_size, sequence_length)


@st.cache_resource(max_entries=8, show_spinner=False)
def _pilot_law(
    version: str, family: str, vocabulary_size: int | None, sequence_length: int | None
) -> PilotLaw:
    return law_of_pilots.pilot_law(family, vocabulary_size, sequence_length)


@st.cache_resource(max_entries=64, show_spinner=False)
def pilot_plan(
    prepared: Prepared,
    _law: PilotLaw,
    evidence_hash: str,
    terms: PrivacyTerms,
    budget: PilotBudget,
    with_rule: bool,
    repeats: int,
    keep_weights: bool,
) -> PilotPlan:
    """What would be tested; seconds, for the certificates. ``evidence_hash`` stands for the law."""
    return propose(
        prepared,
        _law,
        terms,
        budget,
        with_rule=with_rule,
        repeats=repeats,
        keep_weights=keep_weights,
    )


def pilot_from_start(
    prepared: Prepared, start: str, terms: PrivacyTerms, budget: PilotBudget, *, repeats: int
) -> PilotPlan:
    """What would be tested from a public start. Raises :class:`engine.errors.InputError` where it
    cannot be."""
    basis, file = tuning_basis(), starts_at_hand.read(start)
    return _pilot_from_start(
        prepared, file, file.sha256, basis, basis.evidence_hash, terms, budget, repeats
    )


@st.cache_resource(max_entries=32, show_spinner=False)
def _pilot_from_start(
    prepared: Prepared,
    _start: starts_at_hand.StartFile,
    sha256: str,
    _basis: TuningBasis,
    evidence_hash: str,
    terms: PrivacyTerms,
    budget: PilotBudget,
    repeats: int,
) -> PilotPlan:
    return propose_from_start(prepared, _start, _basis, terms, budget, repeats=repeats)


@st.cache_resource(max_entries=64, show_spinner=False)
def least_pilot_seconds(
    prepared: Prepared, _law: PilotLaw, evidence_hash: str, terms: PrivacyTerms, repeats: int
) -> float | None:
    """The least time in which a pilot would tell its arms apart. ``evidence_hash`` stands for the
    law."""
    return least_seconds(prepared, _law, terms, repeats=repeats)


@st.cache_resource(max_entries=32, show_spinner=False)
def pilot_expected(plan: PilotPlan, arm: Arm) -> Expected | None:
    """What the law expects of an arm on its way; None where another law than the plan's stands."""
    if arm.predicted is None:
        return None
    try:
        shape = arm.settings.shape
        law = pilot_law(plan.family, shape.vocabulary_size, shape.sequence_length)
    except InputError:
        return None
    if (law.summary.id, law.summary.hash) != (plan.evidence_id, plan.evidence_hash):
        return None
    config, first = arm.settings.config, FIRST_ITERATION
    steps = np.unique(np.geomspace(min(first, config.iterations), config.iterations, 40).round())
    point = (config.model_size, steps, arm.settings.noise_batch_ratio, config.batch_size)
    value = law.fit.law.cross_entropy(*point)
    if not math.isclose(value[-1], arm.predicted.value, rel_tol=1e-6):
        return None  # The same evidence, fitted by another version of Kessai.
    low, high = law.fit.interval(*point, level=arm.predicted.level)
    return Expected(iterations=steps, value=value, low=low, high=high)


@st.cache_resource(max_entries=16, show_spinner=False)
def pilot_revision(plan: PilotPlan, prepared: Prepared, version: str) -> law_of_pilots.Revision:
    """How the decision moves with the runs of the log's ``version``."""
    return law_of_pilots.revise(plan, prepared)


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


def scenario_folder() -> Path:
    """Where scenarios are saved, beside the run log."""
    return saved.folder(fitted.run_log().folder)


def scenarios() -> Kept:
    """All that is saved, with states as the log of decisions says."""
    place = scenario_folder()
    return _scenarios(place, saved.stamp(place), stamp_of_log(data_folder()))


@st.cache_resource(max_entries=4, show_spinner=False)
def _scenarios(place: Path, stamp: str, log: str) -> Kept:
    found, refused = saved.listed(place)
    try:
        book, unknown = standings(data_folder()), None
    except InputError as error:
        book, unknown = None, error
    return Kept(
        scenarios=tuple(found),
        refused=tuple(refused),
        standings={}
        if book is None
        else {one.name: book.of(one.name, one.version) for one in found},
        unknown=unknown,
        missing=() if book is None else saved.missing(found, book),
    )


def approved() -> list[tuple[Saved, Standing]]:
    """The scenarios that are approved and not superseded, the last decision first."""
    kept = scenarios()
    found = [
        (one, kept.standings[one.name])
        for one in kept.scenarios
        if one.name in kept.standings and kept.standings[one.name].state is State.APPROVED
    ]
    return sorted(found, key=lambda pair: _decided_at(pair[1]), reverse=True)


def _decided_at(standing: Standing) -> str:
    return "" if standing.decision is None else standing.decision.at


def frozen_now(question: Question, *, at: str) -> Frozen:
    """What a question answers, for its scenario's file; waits for the certificate, and keeps the
    law that it rests on. Raises :class:`InputError` where it has no answer."""
    promise, desk = request(question), certificates()
    desk.ask(promise)
    desk.wait(_LONGEST_WAIT, promise)
    found, fitted_law = answer(question), fitted_evidence(question.evidence_id)
    frozen.keep_law(fitted_law, data_folder())
    return frozen.freeze(found, fitted_law, at=at)


def then_and_now(one: Saved) -> Since:
    """What became of a scenario with frozen figures. Raises :class:`NotYet` where it waits for a
    certificate, and :class:`InputError` where nothing was frozen, or it was changed."""
    state = fitted.state_of(one.evidence_id)
    return _then_and_now(one.version, state, law_versions.stamp(), one)


@st.cache_resource(max_entries=64, show_spinner=False)
def _then_and_now(version: str, state: str, laws: str, _one: Saved) -> Since:
    law = fitted_evidence(_one.evidence_id)
    return since(_one, law, _certified, folder=data_folder())


def _certified(promise: CertificateRequest) -> Certificate:
    found = certificates().known(promise)
    if found is None:
        raise NotYet(promise)
    return found


def is_as_then(one: Saved) -> bool:
    """Whether law, code and assumptions are those that its frozen figures rest on, or nobody can
    tell before a law has been fitted; costs next to nothing."""
    evidence_id = one.evidence_id
    if one.frozen is None or not one.frozen.is_whole or not evidence_is_ready(evidence_id):
        return True
    return _is_as_then(one.version, fitted.state_of(evidence_id), one)


@st.cache_resource(max_entries=256, show_spinner=False)
def _is_as_then(version: str, state: str, _one: Saved) -> bool:
    law = fitted_evidence(_one.evidence_id)
    then = _one.frozen
    return then is None or is_same_ground(then, _one, frozen.law_of(law))


def evidence_version() -> str:
    """Changes with the run log."""
    return fitted.run_log().version


def renew_evidence(*, by: Person) -> None:
    """Forget every answer that rests on the law of before. Raises :class:`InputError` where ``by``
    may not."""
    require(by, Right.REFIT, "refit", folder=data_folder())
    for kept in (
        _evidence_is_ready,
        _fitted_evidence,
        _inspection,
        _diagnostics,
        _influences,
        _law_now,
        _next_runs,
        _decision,
        _more_learning,
        _answer,
        _asked_as,
        _then_and_now,
        _is_as_then,
        _least_budgets,
        _best_epsilon,
        _fewer_people,
        _best_people,
        _sharing,
        _budget_map,
        _plan_lines,
    ):
        kept.clear()


def _held(question: Question, curve: Curve) -> Held:
    fitted = fitted_evidence(question.evidence_id)
    return Held(
        budget=question.budget,
        fit=fitted.fit,
        space=fitted.space,
        sampling=question.sampling,
        table=question.assumptions,
        curve=curve,
    )
