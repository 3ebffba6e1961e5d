"""From a law and a pilot's budget to a pre-registered test.

Both arms (:mod:`engine.pilot.search`) are certified, and what the law expects of both is written
down before anything is trained. A law speaks for one family: for a text of its own it is
transferred there (:func:`engine.decision.pilot_law.pilot_law`), and the plan says from where and
by how many runs.

Where a person gives several windows a step, nothing is predicted (the law knows one): the promise
is that of one window, as their mean gradient is clipped as a whole.

Where noise is to be correlated over b steps, nothing is predicted (the law knows independent
noise). The learning rate is the rule's for independent noise of the same promise, times the rise of
a single step's noise: Adam divides by the size of a step's gradient, most of which is noise.
(docs/mechanisms.md: the best rates of a small model rose fourfold, on a grid of factors of two; the
noise by 2.5 to 4.3.)

Not covered: the privacy spent by looking at the held-out loss, which no ε here includes. A law that
was moved by earlier runs on the same text has looked at theirs.

Loads no torch.
"""

from dataclasses import replace

import numpy as np

from engine.accounting.accountant import certify
from engine.accounting.certificate import Certificate
from engine.accounting.strategy import noising, strategy
from engine.code_version import code_version
from engine.config import TrainingConfig
from engine.errors import InputError
from engine.interval import Interval
from engine.pilot.limit import Limit
from engine.pilot.plan import Arm, PilotPlan, TrainingSettings
from engine.pilot.prepared import Prepared
from engine.pilot.question import PilotBudget, PilotLaw, PrivacyTerms, require_repeats
from engine.pilot.search import Found, seconds_of, within_budget
from engine.pilot.statistical_power import power

LEVEL = 0.9
CLIP_NORM = 1.0
APART_DIGITS = 4
"""Of the probability that a plan keeps: its id does not hang on a machine's last bit."""
WARMUP = 20
"""Steps, the same for every length, so that a curve's points are trainings of their own."""


def propose(
    prepared: Prepared,
    law: PilotLaw,
    terms: PrivacyTerms,
    budget: PilotBudget,
    *,
    with_rule: bool = True,
    repeats: int = 1,
    keep_weights: bool = False,
) -> PilotPlan:
    """The plan for ``budget`` on the prepared corpus and machine.

    Raises :class:`InputError` for a law of another family, a budget that affords no step, or
    privacy terms outside the domain of :mod:`engine.accounting.domain`. Takes a few seconds, for
    two certificates.
    """
    if law.family != prepared.family:
        raise InputError(
            "Expected a law of the family {expected}, got one of {value}: losses of different "
            "texts do not compare.",
            expected=prepared.family,
            value=law.family,
        )
    if terms.documents > 1 and prepared.source.unit != "person":
        raise InputError(
            "Expected a text whose people have documents (--unit-column) for several documents a "
            "person, got one in which each document is its own unit."
        )
    require_repeats(repeats)
    chosen = within_budget(prepared, law, terms, budget, with_rule=with_rule, repeats=repeats)
    arms = tuple(_arm(name, prepared, law, terms, found) for name, found in chosen.items())
    plan = PilotPlan(
        corpus=prepared.source,
        corpus_fingerprint=prepared.fingerprint,
        bytes_per_token=None if prepared.bytes_per_token == 1 else prepared.bytes_per_token,
        family=prepared.family,
        epsilon=terms.epsilon,
        delta=terms.delta,
        privacy_unit=terms.privacy_unit,
        arms=arms,
        repeats=repeats,
        evidence_id=law.summary.id,
        evidence_hash=law.summary.hash,
        code_version=code_version(),
        expected_seconds=repeats
        * sum(seconds_of(prepared, arm.settings.config, terms.documents) for arm in arms),
        device=prepared.device,
        keep_weights=keep_weights,
        transferred_runs=law.transferred_runs,
        limit=Limit(
            end=chosen["recommended"].end,
            asked_flops=budget.compute_flops,
            asked_seconds=budget.seconds,
            given_flops=arms[0].settings.compute_flops,
            evidence_flops=law.largest_flops,
            units=prepared.units,
        ),
    )
    apart = power(plan, law).apart
    return replace(plan, apart=None if apart is None else round(apart, APART_DIGITS))


def _arm(name: str, prepared: Prepared, law: PilotLaw, terms: PrivacyTerms, found: Found) -> Arm:
    certificate = certificate_of(prepared, terms, found.config)
    ratio = certificate.noise_multiplier / found.config.batch_size
    config = found.config
    coefficients = strategy(bands=terms.bands, iterations=config.iterations)
    # Of independent noise that keeps the same promise: what the rule of the rate knows.
    independent, rise = ratio, 1.0
    if terms.bands > 1:
        alone = certificate_of(prepared, replace(terms, bands=1), config)
        independent = alone.noise_multiplier / config.batch_size
        rise = ratio / independent * float(np.linalg.norm(noising(coefficients, config.iterations)))
    settings = TrainingSettings(
        shape=found.shape,
        config=config,
        data_budget=prepared.units,
        noise_batch_ratio=ratio,
        clip_norm=CLIP_NORM,
        learning_rate=rise
        * law.rate.learning_rate(
            model_size=config.model_size,
            batch_size=config.batch_size,
            noise_batch_ratio=independent,
            iterations=config.iterations,
        ),
        warmup=WARMUP,
        precision=prepared.precision,
        physical_batch_size=prepared.physical_batch_size,
        recompute=prepared.recompute,
        sampling=terms.sampling,
        strategy=tuple(coefficients.tolist()),
        documents=terms.documents,
    )
    return Arm(
        name=name,
        settings=settings,
        certificate=certificate,
        predicted=expected(law, config, ratio) if terms.bands == terms.documents == 1 else None,
    )


def expected(law: PilotLaw, config: TrainingConfig, ratio: float) -> Interval:
    """Held-out loss of one new training on the law's family, with its interval."""
    point = config.model_size, config.iterations, ratio, config.batch_size
    low, high = law.fit.interval(*point, level=LEVEL)
    return Interval(
        value=float(law.fit.law.cross_entropy(*point)),
        low=float(low),
        high=float(high),
        level=LEVEL,
    )


def certificate_of(prepared: Prepared, terms: PrivacyTerms, config: TrainingConfig) -> Certificate:
    """The certified promise of a training. Raises :class:`InputError` where there is none."""
    certificate = certify(
        data_budget=prepared.units,
        batch_size=config.batch_size,
        iterations=config.iterations,
        epsilon=terms.epsilon,
        delta=terms.delta,
        sampling=terms.sampling,
        bands=terms.bands,
    )
    return replace(
        certificate,
        mechanism=replace(certificate.mechanism, clipping_norm=CLIP_NORM),
        privacy_unit=terms.privacy_unit,
    )
