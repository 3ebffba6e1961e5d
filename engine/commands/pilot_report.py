"""Plans, states and verdicts of pilots, as text for people and as plain values for machines."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import ROUND_CEILING, Context, Decimal
from typing import Any

from engine.accounting.domain import people_published_whole
from engine.decision.fine_tuning import lead_of
from engine.errors import InputError
from engine.loss_unit import unit_of
from engine.pilot.people import People
from engine.pilot.plan import Arm, PilotPlan, Transfer
from engine.pilot.prepared import Prepared
from engine.pilot.running.standing import Entry, other_code
from engine.pilot.running.status import State, Status
from engine.pilot.running.text_total import Promised
from engine.pilot.statistical_power import ENOUGH, Power
from engine.pilot.text.identity import Rule
from engine.text import pilots, privacy
from engine.text.i18n import Words

Rows = list[tuple[str, str]]


def prepared_rows(found: Prepared) -> Rows:
    """A text and a machine."""
    return [
        ("text", found.name),
        ("units", f"{found.units:,} to train on, {found.held_out_units:,} held out"),
        *(
            [("people", f"{counts.people:,} from {counts.spelled:,} spellings")]
            if (counts := found.identity) is not None
            else []
        ),
        ("documents", f"{found.documents:,} of {found.tokens:,} tokens"),
        ("windows", f"{found.sequence_length} tokens an example"),
        ("family", found.family),
        ("machine", found.hardware),
        *(
            (
                f"{speed.model_size:,} parameters",
                f"{found.tokens_per_second(speed.model_size):,.0f} tokens/s",
            )
            for speed in found.speeds
        ),
        *(("refused", f"{count:,} × {reason}") for reason, count in found.refused),
    ]


def plan_document(
    plan: PilotPlan, people: People, can: Power, least: float | None
) -> dict[str, Any]:
    return {
        "power": {**asdict(can), "is_enough": can.is_enough, "least_seconds": least},
        "people": asdict(people),
        "published_whole": people_published_whole(people.training, plan.delta),
        "plan_id": plan.plan_id,
        "limit": limit_document(plan),
        "expected_seconds": plan.expected_seconds,
        "plan": plan.to_dict(),
    }


def limit_document(plan: PilotPlan) -> dict[str, Any] | None:
    """What was asked and given, what ended it, and the same in a sentence."""
    if plan.limit is None:
        return None
    return {
        **asdict(plan.limit),
        "cuts": plan.limit.cuts,
        "reach_flops": plan.limit.reach_flops,
        "sentence": pilots.ended(plan, Words("en")),
    }


def plan_rows(
    plan: PilotPlan, others: Promised, people: People, can: Power, least: float | None
) -> Rows:
    """What is frozen, and what it can tell."""
    rows = [("pilot", plan.plan_id), *people_rows(people, plan)]
    for arm in plan.arms:
        rows += [(arm.name, _arm(arm)), *start_rows(plan, arm), ("", _expected(plan, arm))]
    rows += origin_rows(plan.transfer)
    rows += [
        ("windows", f"{plan.corpus.window} tokens an example"),
        *(("", said) for said in [pilots.window(plan, Words("en"))] if said),
        (
            "privacy",
            f"ε ≤ {upwards(plan.epsilon)} at δ = {plan.delta:g} for each of {plan.trainings} "
            f"trainings, per {plan.privacy_unit}; ε ≤ {upwards(plan.epsilon_total)} for all of "
            "them",
        ),
        *_mechanism(plan),
        *(("", said) for said in [pilots.several_documents(plan, Words("en"))] if said),
        *(("tokens", said) for said in [pilots.bytes_per_token(plan, Words("en"))] if said),
        *_others(others),
        *_power(can, least),
        *limit_rows(plan),
        ("time", f"about {duration(plan.expected_seconds)} on this machine"),
        ("memory", pilots.memory(plan, Words("en"))),
        ("evidence", pilots.from_imported(plan, Words("en")) or _evidence(plan)),
        *(("", said) for said in [pilots.lead(lead_of(plan), Words("en"))] if said),
    ]
    if plan.canaries:
        rows.append(
            ("canaries", f"{plan.canaries}: the recommended model's loss is no test and no record")
        )
    return rows


def _evidence(plan: PilotPlan) -> str:
    return f"{plan.evidence_id} {plan.evidence_hash[:12]}"


def limit_rows(plan: PilotPlan) -> Rows:
    """What ended the plan: the budget that was asked for, or something before it."""
    said = pilots.ended(plan, Words("en"))
    return [("limit", said)] if said else []


def _mechanism(plan: PilotPlan) -> Rows:
    """How the promise is kept, where that is not by independent noise on Poisson batches."""
    rows: Rows = []
    mechanism = plan.arms[0].certificate.mechanism
    if mechanism.bands > 1:
        rows = [
            (
                "mechanism",
                f"noise correlated over {mechanism.bands} steps (banded matrix factorisation); "
                f"each {plan.privacy_unit} is in one of {mechanism.bands} groups that take turns, "
                "drawn for it alone",
            ),
            ("", "the law knows independent noise only: nothing is predicted, nothing recorded"),
            ("", "while it trains its checkpoint holds past noise: keep the pilot's folder secret"),
        ]
    elif mechanism.largest_batch:
        rows = [("mechanism", f"truncated Poisson: batches cut at {mechanism.largest_batch:,}")]
    return rows


def _power(can: Power, least: float | None) -> Rows:
    if can.apart is None:
        return []
    rows = [
        (
            "can tell",
            f"recommendation and usual rule apart with {can.apart:.0%} probability (two equal "
            "ones: 10%, by chance)",
        )
    ]
    if not can.is_enough:
        wanted = "no pilot of up to an hour here" if least is None else f"about {duration(least)}"
        rows.append(("", f"too little to be called a test; for {ENOUGH:.0%}: {wanted}"))
    return rows


def people_rows(people: People, plan: PilotPlan) -> Rows:
    """How many people, how they were counted, and what holds where that is doubtful."""
    name = {"person": "people", "document": "documents"}.get(people.unit, people.unit)
    held = "" if people.held_out is None else f", {people.held_out:,} held out"
    rows = [(name, f"{people.training:,} to train on{held}")]
    counts = people.counts
    if counts is not None:
        off = plan.corpus.rules_off
        applied = [str(rule) for rule in Rule if rule not in off]
        rows += [
            (
                "",
                f"{counts.people:,} people from {counts.spelled:,} spellings (rules: "
                f"{', '.join(applied) or 'none'})",
            ),
            ("", f"{counts.look_alike:,} identifiers look like another one"),
        ]
    if people.two_identifiers is not None:
        rows.append(
            ("", f"a person under two identifiers: ε ≤ {upwards(people.two_identifiers)} (k = 2)")
        )
    if people.two_people is not None:
        rows.append(
            ("", f"two people under one identifier: ε ≤ {upwards(people.two_people)} (replace-one)")
        )
    words = Words("en")
    cautions = (
        privacy.published_whole(people.training, plan.delta, words, unit=people.unit),
        privacy.few_people(people.training, words, unit=people.unit),
    )
    return [*rows, *(("caution", caution) for caution in cautions if caution)]


def origin_rows(transfer: Transfer | None) -> Rows:
    """Where predictions come from that are not of this text's own law."""
    if transfer is None:
        return []
    rows = [("prediction", str(transfer))]
    if not transfer.runs:
        rows.append(("", "it says only how far texts differ: it can be refuted, not confirmed"))
    return rows


def _others(others: Promised) -> Rows:
    """Other pilots on the same text, whose promises add up."""
    unknown: Rows = []
    if others.unreadable:
        pilots_read = "pilot" if others.unreadable == 1 else "pilots"
        unknown = [
            ("", f"{others.unreadable} {pilots_read} cannot be read: what they promised is unknown")
        ]
    if others.doubtful:
        have = "pilot has" if others.doubtful == 1 else "pilots have"
        unknown.append(
            (
                "",
                f"{others.doubtful} {have} a privacy ledger that is not whole: what was spent may "
                "be more than was promised",
            )
        )
    if not others.trainings:
        return unknown
    said = f"ε ≤ {upwards(others.epsilon)} at δ = {others.delta:g} for {others.trainings} trainings"
    return [
        ("", f"other pilots on this text promised {said}: for who sees all, it adds up"),
        *unknown,
    ]


def status_document(
    name: str, status: Status, plan: PilotPlan | None, doubt: InputError | None
) -> dict[str, Any]:
    other = None if plan is None else other_code(plan, status)
    return {
        "plan_id": name,
        "sentence": status.sentence,
        "planned_by": None if plan is None else plan.code_version,
        "other_code": other,
        "ledger_doubt": sentence_of(doubt),
        **asdict(status),
    }


def sentence_of(doubt: InputError | None) -> str | None:
    return None if doubt is None else str(doubt)


def status_rows(
    name: str, status: Status, plan: PilotPlan | None, doubt: InputError | None
) -> Rows:
    """Where a pilot stands; ``plan`` None where its file cannot be read."""
    rows = [
        ("pilot", name),
        ("state", str(status.state)),
        ("trainings", f"{status.trainings_done} of {status.trainings or '?'} done"),
        ("progress", f"{status.progress:.0%}"),
    ]
    if status.ranks > 1:
        machines = f" on {status.nodes} machines" if status.nodes > 1 else ""
        rows.append(("processes", f"{status.ranks} that train together{machines}"))
    if status.is_running or status.iteration:
        rows.append(("now", line(status)))
    if status.epsilon_spent is not None and not status.is_running:
        rows.append(
            (
                "spent",
                f"ε ≤ {upwards(status.epsilon_spent)} by {status.charged:,} steps of {status.arm} "
                f"{status.repeat}, as its ledger has them",
            )
        )
    if doubt is not None:
        rows.append(("ledger", str(doubt)))
    if status.compiled is not None:
        rows.append(("compiled", status.compiled.sentence))
    if status.sentence:
        rows.append(("reason", status.sentence))
    if plan is None:
        return rows
    other = other_code(plan, status)
    if other is not None:
        rows.append(("code", changed(plan, other)))
    if any(arm.predicted for arm in plan.arms):
        rows += origin_rows(plan.transfer)
    return rows


def changed(plan: PilotPlan, *codes: str) -> str:
    return (
        f"Kessai has changed since this was planned by {plan.code_version}: what was not yet "
        f"trained is trained by {', '.join(codes)}, and its records name both"
    )


def line(status: Status) -> str:
    """A running pilot in one line."""
    parts = [f"{status.progress:4.0%}  {status.state}"]
    if status.state is State.TRAINING and status.arm is not None:
        parts.append(
            f"{status.arm} {status.repeat}: step {status.iteration} of {status.iterations}"
        )
        if status.curve:
            parts.append(f"held-out {status.curve[-1][1]:.3f}")
        if status.epsilon_spent is not None:
            parts.append(f"ε spent {upwards(status.epsilon_spent)}")
    if status.seconds_left is not None:
        parts.append(f"{duration(status.seconds_left)} left")
    return "  ".join(parts)


def history_document(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    return [
        {
            "plan_id": entry.plan_id,
            "began": entry.began,
            "state": entry.status.state,
            "progress": entry.status.progress,
            "trainings_done": len(entry.results),
            "ledger_doubt": sentence_of(entry.ledger_doubt),
            "plan": None if entry.plan is None else entry.plan.to_dict(),
        }
        for entry in entries
    ]


def history_rows(entries: Sequence[Entry]) -> Rows:
    """A line a pilot, with when it began (UTC)."""
    rows = []
    for entry in entries:
        what = "its plan cannot be read or was changed"
        if entry.plan is not None:
            plan = entry.plan
            what = f"{plan.corpus.kind}, ε ≤ {upwards(plan.epsilon)}, {plan.trainings} trainings"
        day = f"{datetime.fromtimestamp(entry.began, UTC):%Y-%m-%d %H:%M}" if entry.began else "?"
        state = f"{entry.status.state}  {entry.status.progress:.0%}"
        doubt = "" if entry.ledger_doubt is None else f"  {entry.ledger_doubt}"
        rows.append((entry.plan_id, f"{day}  {state}  {what}{doubt}"))
    return rows


def duration(seconds: float) -> str:
    """Minutes, or seconds where there are few."""
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def upwards(value: float) -> str:
    """Four digits, never below the value."""
    exact = Decimal(repr(float(value)))
    return f"{float(Context(prec=4, rounding=ROUND_CEILING).create_decimal(exact)):g}"


def _arm(arm: Arm) -> str:
    config = arm.settings.config
    return (
        f"{config.model_size:,} parameters, {config.iterations:,} steps of {config.batch_size:,} "
        f"examples, {arm.settings.compute_flops:.3g} FLOPs, noise multiplier "
        f"{arm.certificate.noise_multiplier:g}, learning rate {arm.settings.learning_rate:.3g}"
    )


def start_rows(plan: PilotPlan, arm: Arm) -> Rows:
    """What an arm is fine-tuned from; nothing where it begins from nothing."""
    start = arm.settings.start
    if start is None or plan.start_cross_entropy is None:
        return []
    method = f"LoRA of rank {start.lora_rank}" if start.lora_rank else "all weights"
    before = f"{plan.start_cross_entropy:.3f} {unit_of_losses(plan)} before"
    return [("", f"from {start.name}, {method}; {before}")]


def _expected(plan: PilotPlan, arm: Arm) -> str:
    seen = arm.predicted
    if seen is None:
        return "nothing is predicted"
    return (
        f"predicted {seen.value:.3f} {unit_of_losses(plan)} ({seen.low:.3f} to {seen.high:.3f}, "
        f"{seen.level:.0%})"
    )


def unit_of_losses(plan: PilotPlan) -> str:
    return unit_of(plan.family).measure.phrase
