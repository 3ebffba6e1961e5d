"""Recommend a training configuration for a compute, data and privacy budget.

The noise is certified: ε at δ is an upper bound from the accountant that is named.
"""

import argparse
from dataclasses import replace
from typing import Any

from engine.accounting.certificate import Certificate
from engine.accounting.certify import certify
from engine.allocation.result import Baseline, Extrapolation, Support
from engine.commands.options import (
    add_delta,
    add_evidence,
    add_json,
    add_sampling,
    as_json,
    as_table,
    number,
    whole,
)
from engine.config import Budget, Sampling
from engine.decision.answer import Decision
from engine.decision.decide import allocation_at, decide
from engine.decision.fitted import fitted_evidence
from engine.interval import Interval


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("--compute", required=True, metavar="FLOPS", help="compute budget")
    parser.add_argument("--data", required=True, metavar="PEOPLE", help="people in the data")
    parser.add_argument("--epsilon", required=True, metavar="ε", help="privacy budget")
    parser.add_argument(
        "--alternative-model-size",
        metavar="PARAMETERS",
        help="also compare with a model of this size",
    )
    add_delta(parser)
    add_evidence(parser)
    add_sampling(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> str:
    """The recommendation as text or JSON. Raises :class:`InputError`."""
    budget = Budget(
        compute_flops=number("--compute", options.compute),
        data_budget=whole("--data", options.data),
        epsilon=number("--epsilon", options.epsilon),
        delta=number("--delta", options.delta),
    )
    alternative = options.alternative_model_size
    fitted = fitted_evidence(options.evidence)
    decision = decide(
        budget,
        fitted,
        sampling=Sampling(options.sampling),
        alternative_model_size=None
        if alternative is None
        else whole("--alternative-model-size", alternative),
    )
    config = decision.recommendation.config
    certificate = certify(
        data_budget=budget.data_budget,
        batch_size=config.batch_size,
        iterations=config.iterations,
        epsilon=budget.epsilon,
        delta=budget.delta,
        sampling=Sampling(options.sampling),
    )
    # The loss belongs to the noise that was certified, not to the estimate that led there.
    recommended = allocation_at(
        fitted.fit, config, certificate.noise_multiplier, certificate.sampling
    )
    decision = replace(decision, recommendation=recommended)
    if options.json:
        return as_json(document(decision, certificate))
    return as_table(rows(decision, certificate))


def document(decision: Decision, certificate: Certificate) -> dict[str, Any]:
    """The decision as plain values; noise is the certified one."""
    recommended = decision.recommendation
    config = recommended.config
    headline = decision.rule_tuned
    return {
        "config": {
            "model_size": config.model_size,
            "batch_size": config.batch_size,
            "iterations": config.iterations,
            "sequence_length": config.sequence_length,
            "noise_multiplier": certificate.noise_multiplier,
            "noise_batch_ratio": certificate.noise_multiplier / config.batch_size,
        },
        "cross_entropy": interval(recommended.cross_entropy),
        "epsilon_certified": certificate.epsilon,
        "delta": certificate.delta,
        "accountant": certificate.accountant,
        "sampling": str(certificate.sampling),
        "sampling_probability": certificate.sampling_probability,
        "compositions": certificate.compositions,
        "neighbouring_relation": str(certificate.neighbouring_relation),
        "privacy_unit": certificate.privacy_unit,
        "compute_flops": config.compute_flops,
        "cost": {
            "device_hours": decision.cost.device_hours,
            "usd": decision.cost.usd,
            "jpy": decision.cost.jpy,
            "accelerator": decision.cost.assumptions.accelerator.name,
            "price_per_hour_usd": decision.cost.assumptions.accelerator.price_per_hour_usd,
            "utilisation": decision.cost.assumptions.utilisation,
            "dp_overhead": decision.cost.assumptions.dp_overhead,
            "jpy_per_usd": decision.cost.assumptions.jpy_per_usd,
        },
        "saturation_compute_flops": decision.saturation.compute_flops,
        "baseline": baseline(headline),
        "baseline_practised": baseline(decision.rule_practised),
        "alternative": baseline(decision.alternative),
        "doubling": {
            "compute": interval(decision.doubling.compute),
            "data": interval(decision.doubling.data),
            "epsilon": interval(decision.doubling.epsilon),
        },
        "extrapolation": {
            "support": str(decision.extrapolation.support),
            "decades": decision.extrapolation.decades,
        },
        "evidence": {
            "id": decision.evidence.id,
            "runs": decision.evidence.runs,
            "hash": decision.evidence.hash,
        },
    }


def interval(value: Interval) -> dict[str, float]:
    """An interval as plain values."""
    return {"value": value.value, "low": value.low, "high": value.high, "level": value.level}


def baseline(other: Baseline | None) -> dict[str, Any] | None:
    """A baseline as plain values; ``compute_factor`` null: it never reaches the loss."""
    if other is None:
        return None
    own = other.allocation
    return {
        "name": other.name,
        "config": None
        if own is None
        else {
            "model_size": own.config.model_size,
            "batch_size": own.config.batch_size,
            "iterations": own.config.iterations,
            "sequence_length": own.config.sequence_length,
            "noise_multiplier": own.noise_multiplier,
            "noise_batch_ratio": own.noise_batch_ratio,
        },
        "cross_entropy": None if own is None else interval(own.cross_entropy),
        "compute_factor": other.compute_factor,
        "compute_factor_low": other.factor_low,
        "compute_factor_high": other.factor_high,
        "matched_factor": other.matched_factor,
        "searched_flops": other.searched_flops,
    }


def rows(decision: Decision, certificate: Certificate) -> list[tuple[str, str]]:
    """The decision as a readable table."""
    recommended, cost = decision.recommendation, decision.cost
    config, loss = recommended.config, recommended.cross_entropy
    doubling = decision.doubling
    return [
        ("model size", f"{config.model_size:,} parameters"),
        ("batch size", f"{config.batch_size:,} examples, expected"),
        ("iterations", f"{config.iterations:,}"),
        ("noise multiplier", f"{certificate.noise_multiplier:g}"),
        (
            "cross entropy",
            f"{loss.value:.3f} nats per token ({loss.low:.3f} to {loss.high:.3f}, "
            f"{loss.level:.0%})",
        ),
        (
            "privacy",
            f"ε ≤ {certificate.epsilon:.4g} at δ = {certificate.delta:g}, per "
            f"{certificate.privacy_unit}, {certificate.neighbouring_relation}, "
            f"{certificate.sampling} sampling, {certificate.accountant}",
        ),
        ("compute", f"{config.compute_flops:.3g} FLOPs"),
        (
            "cost",
            f"{cost.device_hours:,.3g} hours of {cost.assumptions.accelerator.name}, "
            f"{cost.usd:,.0f} USD, {cost.jpy:,.0f} JPY",
        ),
        ("saturation", f"{decision.saturation.compute_flops:.3g} FLOPs"),
        ("20-tokens rule, tuned", _needs(decision.rule_tuned)),
        ("20-tokens rule, as practised", _needs(decision.rule_practised)),
        *([("that model size", _needs(decision.alternative))] if decision.alternative else []),
        ("doubling compute", f"{doubling.compute.value:+.1%} better loss"),
        ("doubling data", f"{doubling.data.value:+.1%} better loss"),
        ("doubling ε", f"{doubling.epsilon.value:+.1%} better loss"),
        (
            "evidence",
            f"{decision.evidence.id}, {decision.evidence.runs} runs; "
            f"answer {where(decision.extrapolation)}",
        ),
    ]


def where(extrapolation: Extrapolation) -> str:
    """Inside, edge or outside, and by which factor in what."""
    name, decades = extrapolation.farthest
    if extrapolation.support is Support.INSIDE:
        return "inside"
    return f"{extrapolation.support}: {name} is {10**decades:.3g} times beyond it"


def _needs(other: Baseline) -> str:
    if other.compute_factor is not None:
        return f"needs {other.compute_factor:.3g} times the compute for the same loss"
    if other.matched_factor is None:
        return "never reaches this loss"
    return (
        "never reaches this loss; what it reaches at this compute, "
        f"the recommendation reaches with 1/{other.matched_factor:,.0f} of it"
    )
