"""Verdicts and audits of pilots, as text for people and as plain values for machines."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from engine.commands import pilot_report as report
from engine.decision.pilot_effect import PilotEffect
from engine.errors import InputError
from engine.pilot.audits.audit import Finding
from engine.pilot.audits.mechanism_audit import MechanismAudit
from engine.pilot.plan import PilotPlan
from engine.pilot.running.status import TrainingResult
from engine.pilot.verdict import Measured, Saving, Verdict
from engine.text import pilot_effect, pilots
from engine.text.i18n import Words

_FINDINGS = {
    Finding.BROKEN: " THE PROMISE IS BROKEN",
    Finding.HELD: "",
    Finding.SILENT: ": it could not have refuted the promise",
}


def verdict_document(
    plan: PilotPlan,
    found: Verdict,
    results: Sequence[TrainingResult],
    effects: Sequence[PilotEffect],
    doubt: InputError | None,
) -> dict[str, Any]:
    """``effects``: on the opening question, one for each evidence on which it has an answer."""
    return {
        "plan_id": plan.plan_id,
        "outcome": found.outcome,
        **asdict(found),
        "next_step": pilots.next_step(plan, found, Words("en")),
        "weak": pilots.weak(found.apart, Words("en")) or None,
        "ledger_doubt": report.sentence_of(doubt),
        "limit": report.limit_document(plan),
        "decision": [pilot_effect.document(one, Words("en")) for one in effects],
        "trainings": [asdict(result) for result in results],
    }


def verdict_rows(
    plan: PilotPlan,
    found: Verdict,
    results: Sequence[TrainingResult],
    effects: Sequence[PilotEffect],
    doubt: InputError | None,
) -> report.Rows:
    """What was measured against what was written down before."""
    rows = [("pilot", plan.plan_id), ("verdict", str(found.outcome))]
    rows += [(arm.arm, _measured(plan, arm)) for arm in found.arms]
    rows.append(("next", pilots.next_step(plan, found, Words("en"))))
    rows += [("tokens", said) for said in [pilots.bytes_per_token(plan, Words("en"))] if said]
    rows += report.start_rows(plan, plan.arms[0])
    if found.start_was_better:
        rows.append(("", "the start as it was did as well or better: use it, and train nothing"))
    if any(arm.predicted is not None for arm in found.arms):
        rows += report.origin_rows(found.transfer)
    if found.other_code:
        rows.append(("code", report.changed(plan, *found.other_code)))
    if found.saving is not None:
        doubtful = "no test, may be chance: " if found.is_weak else ""
        rows.append(("saving", f"{doubtful}{_saving(found.saving)}"))
    if said := pilots.weak(found.apart, Words("en")):
        rows.append(("can tell", said))
    if said := pilots.excluded(found, Words("en")):
        rows.append(("excluded", said))
    for one in effects:
        rows += [
            ("decision", f"{one.evidence_id}: {pilot_effect.sentence(one, Words('en'))}"),
            ("", pilot_effect.transfer(one, Words("en"))),
        ]
    each, total = report.upwards(found.epsilon_each), report.upwards(found.epsilon_total)
    rows.append(
        (
            "privacy",
            f"ε ≤ {each} each, ε ≤ {total} at δ = {found.delta_total:g} for all {plan.trainings} "
            f"trainings, per {plan.privacy_unit}",
        )
    )
    if doubt is not None:
        rows.append(("ledger", str(doubt)))
    promised = {arm.name: arm.certificate.epsilon for arm in plan.arms}
    for result in results:
        name = f"{result.arm} {result.repeat}"
        for audit in result.audits:
            said = _FINDINGS[audit.finding(promised[result.arm])]
            bound, most = pilots.at_least(audit.lower_bound), pilots.at_least(audit.ceiling)
            rows.append(
                (
                    f"audit of {name}",
                    f"ε ≥ {bound} with {audit.confidence:.4g} confidence ({audit.method}; {most} "
                    f"with every guess right){said}",
                )
            )
        recorded = result.run_id or (result.reason or "").format(**result.values)
        rows.append((f"record of {name}", recorded))
    return rows


def mechanism_document(plan_id: str, found: MechanismAudit) -> dict[str, Any]:
    return {
        "plan_id": plan_id,
        "finding": str(found.finding),
        "sentence": pilots.mechanism_audit(found, Words("en")),
        **asdict(found),
    }


def mechanism_rows(plan_id: str, found: MechanismAudit) -> report.Rows:
    """What gradient canaries showed."""
    return [
        ("pilot", plan_id),
        ("mechanism", str(found.finding)),
        ("", pilots.mechanism_audit(found, Words("en"))),
    ]


def _measured(plan: PilotPlan, arm: Measured) -> str:
    error = "" if arm.standard_error is None else f" ± {arm.standard_error:.3f}"
    against = "nothing was predicted"
    if arm.predicted is not None:
        against = f"predicted {arm.predicted.low:.3f} to {arm.predicted.high:.3f}: {arm.outcome}"
    lost = f"; {arm.iterations_lost} steps lost to interruptions" if arm.iterations_lost else ""
    each = ""
    if plan.bytes_per_token is not None:
        each = f" ({arm.cross_entropy / plan.bytes_per_token:.3f} nats per byte)"
    return f"{arm.cross_entropy:.3f}{error} {report.unit_of_losses(plan)}{each}, {against}{lost}"


def _saving(saving: Saving) -> str:
    if saving.factor >= 1:
        least = "at least " if saving.at_least else ""
        return f"the 20-tokens rule takes {least}{saving.factor:.3g} times the compute for its loss"
    most = "at most " if saving.at_least else ""
    return f"none: the 20-tokens rule was better with {most}{saving.factor:.3g} of the compute"
