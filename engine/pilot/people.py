"""Whom a plan's promise is about: how many people, and what holds where identifiers are doubtful.

The promise is about units. Where one person has two identifiers, the person is a group of two
units; where two people share one identifier and one of them leaves, their unit stays and its
example is replaced. Both bounds are larger than the promise, and stated beside it.

Loads no torch.
"""

from dataclasses import dataclass, replace

from engine.accounting.accountant import certified_epsilon, group_epsilon
from engine.config import NeighbouringRelation
from engine.pilot.plan import PilotPlan
from engine.pilot.prepared import Prepared
from engine.pilot.text.identity import IdentityCounts


@dataclass(frozen=True, kw_only=True)
class People:
    """The units of a plan, and ε for one training where its people are not what they seem."""

    unit: str
    training: int
    held_out: int | None
    """None where the text is no longer prepared."""
    counts: IdentityCounts | None
    """How identifiers were counted; None where each document is a unit of its own."""
    two_identifiers: float | None
    """ε for a person who has two units."""
    two_people: float | None
    """ε for each of two people who share a unit: replacing one."""


def people_of(plan: PilotPlan, prepared: Prepared | None) -> People:
    """Who is in ``plan``; up to some seconds for the two bounds of a plan with identifiers."""
    mechanism = max(plan.arms, key=lambda arm: arm.certificate.epsilon).certificate.mechanism
    same = prepared is not None and prepared.fingerprint == plan.corpus_fingerprint
    counted = prepared.identity if prepared is not None and same else None
    named = plan.corpus.unit == "person"
    replaced = replace(mechanism, neighbouring_relation=NeighbouringRelation.REPLACE)
    return People(
        unit=plan.privacy_unit,
        training=plan.arms[0].settings.data_budget,
        held_out=prepared.held_out_units if prepared is not None and same else None,
        counts=counted,
        two_identifiers=group_epsilon(mechanism, plan.delta, 2) if named else None,
        two_people=certified_epsilon(replaced, plan.delta)[0] if named else None,
    )
