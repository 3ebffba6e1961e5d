"""The verdict: train, pilot first, or wait; the one place that decides what is asked for.

It follows from the figures, not from the wish to go ahead: a pilot is asked for where it can turn
the answer and that is worth more than its price, and nowhere else; where neither the plan nor a
pilot is expected to pay, nothing is; nor where nobody knows what the plan would be worth.
"""

from dataclasses import dataclass
from enum import StrEnum

from engine.allocation.result import Support
from engine.decision.decide import Decision
from engine.roi.study import Study


class Code(StrEnum):
    """What is asked for."""

    TRAIN = "train"
    PILOT = "pilot"
    WAIT = "wait"


class Reason(StrEnum):
    """Why it is that and nothing else."""

    PAYS = "pays"
    PILOT_PAYS = "pilot-pays"
    OUTSIDE_EVIDENCE = "outside-evidence"
    """It pays, far from what was measured, and a pilot is not worth its price."""
    DOES_NOT_PAY = "does-not-pay"
    VALUE_UNKNOWN = "value-unknown"
    """No step leads from the evidence's unit of loss to a value."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What is asked for, why, and the figures that it rests on (JPY of today, a probability).

    The figures are None where the value is not known.
    """

    code: Code
    reason: Reason
    npv: float | None = None
    probability: float | None = None
    pilot_price: float | None = None


def verdict(decision: Decision, study: Study | None) -> Verdict:
    """The verdict on a plan and its return; ``study`` None: what it earns is not known.

    Nobody should pay for a training, nor for a pilot, of which nobody can say what it would be
    worth: then the answer is to wait until that is known.
    """
    if study is None:
        return Verdict(code=Code.WAIT, reason=Reason.VALUE_UNKNOWN)
    npv, pilot = study.appraisal.npv.value, study.staged.pilot
    if pilot.net > 0:
        code, reason = Code.PILOT, Reason.PILOT_PAYS
    elif npv < 0:
        code, reason = Code.WAIT, Reason.DOES_NOT_PAY
    elif decision.extrapolation.support is Support.OUTSIDE:
        code, reason = Code.TRAIN, Reason.OUTSIDE_EVIDENCE
    else:
        code, reason = Code.TRAIN, Reason.PAYS
    return Verdict(
        code=code,
        reason=reason,
        npv=npv,
        probability=study.appraisal.probability,
        pilot_price=pilot.price,
    )
