"""What the page shows as figures and tables: metrics, the configuration, the guarantee.

Pure, like :mod:`dashboard.decide.wording`. The promised ε is rounded up and never above what was
asked; the noise multiplier σ is rounded up too, since more noise keeps the promise.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict

from dashboard.decide import wording
from dashboard.glossary import lookup
from dashboard.ui.metric import Metric
from engine.api.decisions import (
    EXTRAPOLATED,
    Allocation,
    Answer,
    Certificate,
    Decision,
    NamedShape,
    families,
    findings,
)
from engine.config import Budget, Sampling
from engine.interval import Range
from engine.text import bounds, figures, formats, labels
from engine.text import noise as noise_words
from engine.text.i18n import Words
from engine.text.privacy import DIGITS, noise, promised_epsilon

_SMALL_CHANGE = 100.0
"""JPY: less is no money to a board, and is left out beside the compute that it stands for."""


def metrics(answer: Decision, words: Words) -> list[Metric]:
    """The plan and its saving, as slides and tables have them."""
    quality, cost, saturation = of_plan(answer, words)
    return [quality, cost, saving(answer, words), saturation]


def of_plan(answer: Decision, words: Words) -> list[Metric]:
    """Expected loss, cost of the training, and up to where compute pays."""
    return [_quality(answer, words), _cost(answer, words), _saturation(answer, words)]


def _quality(answer: Decision, words: Words) -> Metric:
    expected = answer.recommendation.cross_entropy
    inside = formats.between(
        formats.loss(expected.low), formats.loss(expected.high), words.language
    )
    return Metric(
        label=words.say("Expected loss"),
        value=formats.loss(expected.value),
        detail=_unit_and_more(expected.value, inside, words),
        help=lookup.tip(
            "loss",
            words,
            lookup.tip("perplexity", words),
            words.say(
                "Having learnt nothing is a perplexity of {vocabulary}. One new training should "
                "land in the range with {level} probability.",
                vocabulary=formats.exact(answer.vocabulary_size),
                level=formats.percent(expected.level, words.language),
            ),
        ),
    )


def _unit_and_more(loss: float, inside: str, words: Words) -> str:
    """The range with its unit, and the loss once more as people in the field know it."""
    unit = words.field(words.loss_unit.measure)
    if words.loss_unit.measure.of_bytes:
        bits = formats.loss(loss / math.log(2.0))
        return words.say(
            "{inside} {loss_unit} · {bits} bits per byte", inside=inside, loss_unit=unit, bits=bits
        )
    perplexity = formats.plain(math.exp(loss))
    return words.say(
        "{inside} {loss_unit} · perplexity {perplexity}",
        inside=inside,
        loss_unit=unit,
        perplexity=perplexity,
    )


def _cost(answer: Decision, words: Words) -> Metric:
    cost, used = answer.cost, answer.cost.assumptions
    return Metric(
        label=words.say("Cost of the training"),
        value=figures.price(cost.jpy, words),
        detail=labels.duration(cost.device_hours, words),
        help=words.say(
            "{accelerator} at ${price} an hour, {utilisation} of its peak used, privacy making "
            "a step {overhead}× as long, {rate} yen to the dollar. Change them in the sidebar.",
            accelerator=used.accelerator.name,
            price=formats.plain(used.accelerator.price_per_hour_usd),
            utilisation=formats.percent(used.utilisation, words.language),
            overhead=formats.plain(used.dp_overhead),
            rate=formats.plain(used.jpy_per_usd, 5),
        ),
    )


def saving(answer: Decision, words: Words) -> Metric:
    """The compute that the usual rule needs for the same loss."""
    rule = findings.stronger_rule(answer)
    label = words.say("Usual rule needs")
    help_text = words.say(
        "In practice the rule is used with batches of 0.292 · C^0.3271 tokens (DeepSeek LLM 2024). "
        "McKenna et al. compare at the model sizes of their own grid, with the rule's batch tuned; "
        "Kessai follows the rule as far as its plans lie within a factor of {farthest} of a run, "
        "and gives a bound where that is not far enough. {saving}",
        farthest=formats.plain(math.exp(EXTRAPOLATED), 2),
        saving=wording.saving(answer, words),
    )
    help_text = lookup.tip("usual_rule", words, help_text)
    if rule.compute_factor is None:
        bound = bounds.short_factor(rule, words)
        return Metric(
            label=label,
            value=words.say("unknown") if bound is None else bound,
            detail=words.say("beyond what the evidence can compare")
            if bound is None
            else bounds.rule(rule, words),
            help=help_text,
        )
    extra = max(0.0, rule.compute_factor - 1) * answer.cost.jpy
    inside = wording.factor_interval(rule, words)
    return Metric(
        label=label,
        value=labels.times(rule.compute_factor, words),
        detail=words.say("{inside} the compute", inside=inside)
        if extra < _SMALL_CHANGE
        else words.say(
            "{inside} the compute · {money} more", inside=inside, money=figures.money(extra, words)
        ),
        help=help_text,
    )


def _saturation(answer: Decision, words: Words) -> Metric:
    point = answer.saturation
    tolerance = formats.percent(point.tolerance, words.language)
    if point.compute_flops is None:
        meaning = words.say(
            "The largest plans that the search may choose still lower the loss. The compute beyond "
            "which it falls by less than {tolerance} lies at this bound or above.",
            tolerance=tolerance,
        )
    else:
        meaning = words.say(
            "Beyond this compute the loss falls by less than {tolerance}, however much is spent. "
            "With {level} probability this point lies here: {range} FLOPs.",
            tolerance=tolerance,
            range=bounds.span(point.compute, lambda end: formats.scientific(end, 2), words),
            level=formats.percent(point.compute.level, words.language),
        )
    return Metric(
        label=words.say("Compute helps up to"),
        value=bounds.short_saturation(point),
        detail=words.say("FLOPs · {ratio}", ratio=wording.saturation(answer, words)),
        help=meaning,
    )


def configuration(answer: Decision, words: Words) -> list[tuple[str, str]]:
    """The recommended configuration, every digit, to copy into a training job; in brackets where
    the best plan lies over the draws of the law."""
    best, ranges = answer.recommendation, answer.plan_ranges
    config = best.config
    shapes = families.shapes_near(answer.evidence.id, config.model_size)

    def ranged(value: int, found: Range) -> str:
        inside = bounds.whole(found, words)
        exact = formats.exact(value)
        return exact if inside is None else formats.bracketed(exact, inside, words.language)

    return [
        (words.say("Model size (parameters)"), ranged(config.model_size, ranges.model_size)),
        *([(words.say("Shape (layers × width)"), _shape(shapes, words))] if shapes else []),
        (words.say("Batch size (people, expected)"), ranged(config.batch_size, ranges.batch_size)),
        *_batch_share(answer, words),
        (words.say("Iterations (steps)"), ranged(config.iterations, ranges.iterations)),
        (words.say("Sequence length (tokens)"), formats.exact(config.sequence_length)),
        *_noise(best, words),
        (words.say("Compute (FLOPs)"), formats.scientific(config.compute_flops)),
        (words.say("Tokens seen"), formats.amount(config.tokens, words.language)),
        (
            words.say("Tokens per parameter"),
            formats.amount(config.tokens / config.model_size, words.language),
        ),
    ]


def _batch_share(answer: Decision, words: Words) -> list[tuple[str, str]]:
    """The part of all people in a batch, where the guarantee does not say it: of groups that take
    turns it has the part of a group, of fixed batches none."""
    best = answer.recommendation
    if best.bands == 1 and best.sampling is Sampling.POISSON:
        return []
    share = best.config.batch_size / answer.budget.data_budget
    return [(words.say("Share of all people in a batch"), formats.percent(share, words.language))]


def _noise(best: Allocation, words: Words) -> list[tuple[str, str]]:
    """The noise-batch ratio of the law; of banded noise with what it acts like."""
    ratio = formats.scientific(best.noise_batch_ratio)
    if best.bands == 1:
        return [(words.say("Noise-batch ratio σ/B"), ratio)]
    return [
        (words.say("Steps over which noise is correlated"), formats.exact(best.bands)),
        (words.say("Acts like so much of independent noise"), noise_words.acting(best, words)),
        (words.say("Noise-batch ratio σ/B that it acts like"), ratio),
    ]


def job(answer: Answer) -> str:
    """The plan for a training job, as JSON."""
    best = answer.decision.recommendation
    certified = answer.certificate
    noise = best.noise_multiplier if certified is None else certified.noise_multiplier
    plan = asdict(best.config) | {
        "noise_multiplier": noise,
        "sampling": str(best.sampling),
        **({"bands": best.bands} if best.bands > 1 else {}),
        "epsilon": answer.question.budget.epsilon,
        "delta": answer.question.budget.delta,
        "certified": certified is not None,
        **({} if certified is None else {"epsilon_certified": certified.epsilon}),
    }
    return json.dumps(plan, indent=2)


def ranges_note(answer: Decision, words: Words) -> str:
    """What the brackets of the configuration are."""
    return words.say(
        "In brackets: where the best plan lies with {level} probability. A bound without its other "
        "end reaches the end of what may be searched.",
        level=formats.percent(answer.plan_ranges.model_size.level, words.language),
    )


def _shape(near: Sequence[NamedShape], words: Words) -> str:
    """The published shapes around a size."""
    said = [
        words.say(
            "{layers}×{width} ({size})",
            layers=shape.layers,
            width=shape.width,
            size=formats.amount(shape.total, words.language),
        )
        for shape in near
    ]
    if len(said) == 1:
        return words.say("nearest: {shape}", shape=said[0])
    return words.say("between {small} and {large}", small=said[0], large=said[1])


def pending(asked: Budget, words: Words) -> str:
    return words.say(
        "Certifying that ε stays within {epsilon} …", epsilon=formats.plain(asked.epsilon, DIGITS)
    )


def to_come(asked: Budget, words: Words) -> str:
    """What stands in place of the statement until there is a certificate."""
    return words.say(
        "{waiting} Noise, protected unit, sampling and accountant will stand here.",
        waiting=pending(asked, words),
    )


def promise(certificate: Certificate, words: Words) -> str:
    """The guarantee in one sentence."""
    return words.say(
        "Certified: ε ≤ {epsilon} (δ = {delta}) for each {unit}, "
        "with noise multiplier σ = {noise}.",
        epsilon=promised_epsilon(certificate),
        delta=formats.scientific(certificate.delta),
        unit=_unit(certificate, words),
        noise=noise(certificate),
    )


def guarantee(certificate: Certificate, words: Words) -> list[tuple[str, str]]:
    """Everything that NIST SP 800-226 wants to see beside an ε."""
    poisson = certificate.sampling is Sampling.POISSON
    share = formats.percent(certificate.sampling_probability, words.language)
    if poisson and certificate.sampling_probability < 1e-3:
        share = formats.scientific(certificate.sampling_probability)
    return [
        (words.say("Privacy loss ε, at most"), promised_epsilon(certificate)),
        (words.say("Failure probability δ"), formats.scientific(certificate.delta)),
        (words.say("Noise multiplier σ"), noise(certificate)),
        (words.say("Who is protected"), _unit(certificate, words)),
        (
            words.say("Indistinguishable data sets"),
            labels.relation(certificate.neighbouring_relation, words),
        ),
        *_correlation(certificate, words),
        (words.say("Sampling"), noise_words.sampling(certificate, words)),
        *([(_probability(certificate, words), share)] if poisson else []),
        (
            _composed(certificate, words),
            formats.exact(certificate.compositions),
        ),
        (words.say("Accountant"), certificate.accountant),
    ]


def _probability(certificate: Certificate, words: Words) -> str:
    """Of whom the sampling probability is: of everybody, or of the group whose turn it is."""
    if certificate.bands == 1:
        return words.say("Sampling probability q")
    return words.say("Sampling probability q in the group whose turn it is")


def _correlation(certificate: Certificate, words: Words) -> list[tuple[str, str]]:
    """That the noises of different steps are not independent, where they are not."""
    if certificate.bands == 1:
        return []
    return [(words.say("Noise of different steps"), noise_words.kind(certificate, words))]


def _composed(certificate: Certificate, words: Words) -> str:
    """What is counted: steps, turns of a group, or a person's participations."""
    if certificate.bands > 1:
        return words.say("Turns of a group")
    if certificate.sampling is Sampling.POISSON:
        return words.say("Steps T")
    return words.say("Times a person takes part")


def provenance(answer: Decision, words: Words) -> list[tuple[str, str]]:
    """What the answer rests on."""
    source = answer.evidence
    return [
        (words.say("Evidence"), labels.evidence_name(source.id, words)),
        (words.say("Identifier"), source.id),
        (words.say("Unit of the loss"), labels.loss_unit(words.loss_unit, words)),
        (words.say("Measured runs"), formats.exact(source.runs)),
        (words.say("Hash of the data"), source.hash[:12]),
        (words.say("Forms of the law, by weight"), labels.forms(answer.forms, words)),
    ]


def basis_line(answer: Decision, day: str, fit: str, code: str, words: Words) -> str:
    """What stands under every page of an export: day, evidence with its hash, versions."""
    return words.say(
        "Kessai · {date} · evidence {evidence} {hash} · fit {fit} · code {code}",
        date=day,
        evidence=answer.evidence.id,
        hash=answer.evidence.hash[:12],
        fit=fit,
        code=code,
    )


def _unit(certificate: Certificate, words: Words) -> str:
    return labels.unit(certificate.privacy_unit, words)
