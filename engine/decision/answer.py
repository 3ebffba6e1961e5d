"""One :class:`Question`, one :class:`Answer`: everything that any surface may say of it.

A page, a slide, a document, a workbook and the command line only put an answer into words. It comes
in two states. *Estimated*: the noise is the search's own, an estimate that no promise rests on;
this takes a quarter of a second, so that sliders answer at once. *Certified*: an accountant has
proven the promise (:mod:`engine.accounting.accountant`, up to some seconds), and loss, return and
risk are those of the certified noise. A surface that shows an estimated answer marks it as
provisional.

>>> from engine.decision.fitted import fitted_evidence
>>> from engine.decision.question import question
>>> asked = question(3.8e20, 10_000_000, 4.0)
>>> found = answer(asked, fitted_evidence(asked.evidence_id))
>>> str(found.verdict.code), found.noise.value
('pilot', 'estimated')
"""

from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from functools import cached_property

from engine.accounting.accountant import certify
from engine.accounting.certificate import Certificate
from engine.attack_risk import (
    AttackRisk,
    Exposure,
    attack_risk,
    planned_mechanism,
    rank_plans,
)
from engine.config import Sampling
from engine.decision.decide import Decision, decide, with_noise
from engine.decision.findings import Binding, binding
from engine.decision.fitted import FittedEvidence
from engine.decision.plans import plans_of
from engine.decision.question import Question
from engine.decision.reconciliation import Reconciliation, reconciliation
from engine.decision.verdict import Code, Verdict, verdict
from engine.errors import InputError
from engine.loss_unit import unit_of
from engine.roi.appraise import Outlay, outlay_of
from engine.roi.appraise import outlay as outlay_on
from engine.roi.inverse import Held
from engine.roi.metric import Curve, in_unit
from engine.roi.plan import Plan
from engine.roi.study import Study
from engine.roi.study import study as appraised


class Noise(StrEnum):
    """What is known of the noise that an answer rests on."""

    ESTIMATED = "estimated"
    """The search's own; a certificate is being made."""
    CERTIFIED = "certified"
    REFUSED = "refused"
    """No accountant could certify the promise: ``refusal`` says why."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What is recommended, what it rests on, what it earns, what it risks, and the verdict."""

    question: Question
    decision: Decision
    """The plan; its recommendation has the certified noise where there is a certificate."""
    certificate: Certificate | None
    refusal: InputError | None
    """Why there is no certificate and never will be one; None otherwise."""
    study: Study | None
    """What it earns; None where no step leads from the evidence's unit of loss to a value."""
    unvalued: InputError | None
    """Why there is no study, and what to do; None where there is one."""
    outlay: Outlay
    """What it costs, whatever it earns."""
    risk: AttackRisk
    binding: Binding
    verdict: Verdict
    reconciliation: Reconciliation

    @cached_property
    def exposures(self) -> tuple[Exposure, ...]:
        """Plans that are as good, with what their attackers gain; worked out when asked for."""
        asked = self.question
        return rank_plans(self.decision.wiggle_room, budget=asked.budget, sampling=asked.sampling)

    @property
    def asked_for(self) -> float | None:
        """The amount that approval is asked for now, JPY: the pilot where a pilot comes first, all
        that is paid before the first user where the training does; None where nothing is."""
        if self.verdict.code is Code.TRAIN:
            return self.outlay.cash_to_approve.value
        if self.verdict.code is Code.PILOT and self.study is not None:
            return self.study.staged.pilot.price
        return None

    @property
    def noise(self) -> Noise:
        """Whether figures rest on certified noise."""
        if self.certificate is not None:
            return Noise.CERTIFIED
        return Noise.ESTIMATED if self.refusal is None else Noise.REFUSED

    @property
    def provisional(self) -> bool:
        """Whether figures may still move a little, when the certificate is there."""
        return self.noise is Noise.ESTIMATED


def answer(
    question: Question,
    fitted: FittedEvidence,
    *,
    decision: Decision | None = None,
    certificate: Certificate | None = None,
    refusal: InputError | None = None,
) -> Answer:
    """The answer to ``question`` under a fitted law.

    ``decision``: that of :func:`decide_on` where it is known already. ``certificate``: the answer
    to :func:`to_certify`; ``refusal``: what it raised instead.

    Raises :class:`InputError` as :func:`decide` does.
    """
    decision = decision or decide_on(question, fitted)
    if certificate is None:
        mechanism = planned_mechanism(decision.recommendation, question.budget.data_budget)
    else:
        decision = _with_noise_of(certificate, decision, fitted)
        mechanism = certificate.mechanism
    plans = plans_of(
        decision, fitted.fit, fitted.space, certified=None if certificate is None else mechanism
    )
    study, unvalued = _study(question, plans)
    outlay = outlay_of(study.appraisal) if study else outlay_on(plans[0], question.assumptions)
    return Answer(
        question=question,
        decision=decision,
        certificate=certificate,
        refusal=refusal,
        study=study,
        unvalued=unvalued,
        outlay=outlay,
        risk=attack_risk(mechanism),
        binding=binding(decision.doubling),
        verdict=verdict(decision, study),
        reconciliation=reconciliation(decision.cost, outlay),
    )


def applicable_curve(question: Question) -> Curve:
    """The step from loss to value for the losses of the question's evidence.

    Raises :class:`InputError` where it was made for another unit of loss.
    """
    return in_unit(question.curve, unit_of(question.evidence_id))


def held(question: Question, fitted: FittedEvidence, curve: Curve) -> Held:
    """What a question holds while one of its budgets varies; ``curve`` as it or
    :func:`applicable_curve` has it."""
    return Held(
        budget=question.budget,
        fit=fitted.fit,
        space=fitted.space,
        sampling=question.sampling,
        table=question.assumptions,
        curve=curve,
    )


def _study(
    question: Question, plans: tuple[Plan, ...]
) -> tuple[Study, None] | tuple[None, InputError]:
    try:
        curve = applicable_curve(question)
    except InputError as error:
        return None, error
    return appraised(plans, question.assumptions, curve), None


def decide_on(
    question: Question, fitted: FittedEvidence, *, alternative_model_size: int | None = None
) -> Decision:
    """The plan alone, with estimated noise; raises :class:`InputError` as :func:`decide`."""
    return decide(
        question.budget,
        fitted,
        sampling=question.sampling,
        assumptions=question.prices,
        alternative_model_size=alternative_model_size,
    )


@dataclass(frozen=True, kw_only=True)
class CertificateRequest:
    """What has to be certified before a promise is made: small and hashable."""

    data_budget: int
    batch_size: int
    iterations: int
    epsilon: float
    delta: float
    sampling: Sampling
    bands: int = 1

    def certify(self) -> Certificate:
        """The certificate, up to some seconds of numerics. Raises :class:`InputError`."""
        return certify(**asdict(self))


def to_certify(question: Question, decision: Decision) -> CertificateRequest:
    """The promise that stands behind an answer."""
    budget, found = question.budget, decision.recommendation
    config, banded = found.config, question.sampling is Sampling.BANDED
    return CertificateRequest(
        data_budget=budget.data_budget,
        batch_size=config.batch_size,
        iterations=config.iterations,
        epsilon=budget.epsilon,
        delta=budget.delta,
        sampling=found.sampling if banded else question.sampling,
        bands=found.bands,
    )


def certified_answer(
    question: Question, fitted: FittedEvidence, *, alternative_model_size: int | None = None
) -> Answer:
    """The answer with its certificate, however long that takes: what the command line says.

    Raises :class:`InputError` as :func:`decide` does, or where no noise can be certified.
    """
    decision = decide_on(question, fitted, alternative_model_size=alternative_model_size)
    certificate = to_certify(question, decision).certify()
    return answer(question, fitted, decision=decision, certificate=certificate)


def _with_noise_of(
    certificate: Certificate, decision: Decision, fitted: FittedEvidence
) -> Decision:
    """The loss belongs to the noise that was certified, not to the estimate that led there."""
    recommended = with_noise(
        fitted.fit,
        decision.recommendation,
        certificate.noise_multiplier,
        certificate.sampling,
    )
    return replace(decision, recommendation=recommended)
