"""Kept answers to questions, and the certificates behind them."""

from dataclasses import replace

import streamlit as st

from dashboard.answers import law_cache
from dashboard.answers.certificates import Certificates
from dashboard.answers.keys import BY_TEXT
from engine.api.accounting import Training, TrainingEpsilon, epsilon_of
from engine.api.decisions import (
    Answer,
    Certificate,
    CertificateRequest,
    Decision,
    Question,
    Scale,
    answers,
    correlated,
    correlated_worth,
    decide,
    devices,
    fitted,
    from_start,
    to_certify,
)
from engine.api.money import CostAssumptions
from engine.config import Budget, Sampling
from engine.errors import InputError
from engine.interval import Interval


@st.cache_resource(max_entries=256, show_spinner=False, hash_funcs=BY_TEXT)
def _decision(
    budget: Budget,
    evidence_id: str,
    sampling: Sampling,
    assumptions: CostAssumptions,
    state: str,
) -> Decision:
    fitted = law_cache.fitted_evidence(evidence_id)
    return decide.decide(budget, fitted, sampling=sampling, assumptions=assumptions)


@st.cache_resource(show_spinner=False, max_entries=1)
def certificates() -> Certificates[CertificateRequest, Certificate]:
    """The one place where certificates are made and kept, for everybody."""
    return Certificates(lambda request: request.certify())


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
    # Who looks at dollars waits for nothing again.
    found = _answer(question.in_yen(), certificate, refused, state, refusal)
    return _asked_as(question, certificate, refused, state, found)


@st.cache_resource(max_entries=256, show_spinner=False, hash_funcs=BY_TEXT)
def _asked_as(
    question: Question,
    certificate: Certificate | None,
    refused: bool,
    state: str,
    _found: Answer,
) -> Answer:
    """The same answer, as one object, in the currency of ``question``."""
    return replace(_found, question=question)


@st.cache_resource(max_entries=256, show_spinner=False, hash_funcs=BY_TEXT)
def _answer(
    question: Question,
    certificate: Certificate | None,
    refused: bool,  # part of the key
    state: str,  # that too
    _refusal: InputError | None,
) -> Answer:
    return answers.answer(
        question,
        law_cache.fitted_evidence(question.evidence_id),
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
    return _more_learning(question.in_yen(), fitted.state_of(question.evidence_id))


@st.cache_resource(max_entries=256, show_spinner=False, hash_funcs=BY_TEXT)
def _more_learning(question: Question, state: str) -> correlated.More:
    return correlated.more_learning(
        answer(question), law_cache.fitted_evidence(question.evidence_id)
    )


def worth_of_correlation(answer: Answer, found: correlated.More) -> Interval | None:
    """NPV in JPY that it would add to ``answer``; None where no loss has a value."""
    state = fitted.state_of(answer.question.evidence_id)
    return _worth(answer.question.in_yen(), answer.certificate, state, found, answer)


@st.cache_resource(max_entries=256, show_spinner=False, hash_funcs=BY_TEXT)
def _worth(
    question: Question,
    certificate: Certificate | None,
    state: str,
    _found: correlated.More,
    _answer: Answer,
) -> Interval | None:
    return correlated_worth.worth(_found, _answer, law_cache.fitted_evidence(question.evidence_id))


@st.cache_resource(max_entries=512, show_spinner=False)
def training_epsilon(training: Training) -> TrainingEpsilon:
    """The ε that a training had; up to some seconds."""
    return epsilon_of(training)


def on_devices(question: Question) -> Scale:
    """The plan's time and price by number of devices, the scenario's own among them.

    Raises :class:`engine.errors.InputError` for a device whose networks are not known.
    """
    return _on_devices(
        question.budget,
        question.evidence_id,
        question.sampling,
        question.prices,
        devices.chosen_devices(question),
        fitted.state_of(question.evidence_id),
    )


@st.cache_resource(max_entries=256, show_spinner=False, hash_funcs=BY_TEXT)
def _on_devices(
    budget: Budget,
    evidence_id: str,
    sampling: Sampling,
    prices: CostAssumptions,
    chosen: int,
    state: str,
) -> Scale:
    found = _decision(budget, evidence_id, sampling, prices, state)
    return devices.on_devices(found, prices, (chosen,))


def forget() -> None:
    """Drop what rests on the law of before."""
    for kept in (_decision, _more_learning, _worth, _answer, _asked_as, _on_devices):
        kept.clear()
