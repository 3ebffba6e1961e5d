"""A plan's promise, proved again before the first step, and what of it a number of steps spends.

A plan states σ, B/N, T and the ε that they certify. The runner believes none of it: the numbers
must belong together, and ε of the noise that will be added is computed anew.

Between a few certified points the ε shown while a training runs is read off a straight line in
logarithms. ε(T) bends upwards there for all but the first steps, so that the line overstates a
little; it is for showing. The promise is kept by the ledger, which counts steps.

Loads no torch.
"""

import math
from dataclasses import dataclass

from engine.accounting.domain import turns
from engine.errors import InputError
from engine.pilot.dpsgd.ledger import epsilon_spent
from engine.pilot.plan import Arm, PilotPlan

_SHARES = (1 / 64, 1 / 8, 1.0)
"""Of the steps: where ε is certified, besides the first step."""
_ROUNDED = 1e-9


@dataclass(frozen=True, kw_only=True)
class Spending:
    """ε at the plan's δ after so many steps of one training."""

    points: tuple[tuple[int, float], ...]
    """(compositions, certified ε), rising."""
    bands: int = 1
    """Steps of a composition: all turns of b groups, where noise is correlated over b steps."""

    def epsilon(self, charged: int) -> float:
        """ε of ``charged`` steps, at most that of the promise."""
        if charged <= 0:
            return 0.0
        count = turns(charged, self.bands)
        known = dict(self.points)
        if count in known:
            return known[count]
        above = next((k for k, point in enumerate(self.points) if point[0] > count), None)
        if above is None:
            return self.points[-1][1]
        (t0, e0), (t1, e1) = self.points[above - 1], self.points[above]
        share = math.log(count / t0) / math.log(t1 / t0)
        return math.exp(math.log(e0) + share * math.log(e1 / e0))


def is_private(arm: Arm) -> bool:
    """Whether a training of ``arm`` can keep a promise: secret noise, and some of it."""
    return arm.settings.seed is None and arm.settings.noise_batch_ratio > 0


def proved(plan: PilotPlan, arm: Arm) -> Spending | None:
    """What ``arm`` spends; None where it is not private. Takes up to some seconds.

    Raises :class:`InputError` where the arm's certificate is not one for its settings, or they do
    not keep the plan's ε.
    """
    mechanism = arm.settings.mechanism
    if mechanism is None or not is_private(arm):
        return None
    certificate = arm.certificate
    stated = {
        "noise_multiplier": (mechanism.noise_multiplier, certificate.noise_multiplier),
        "sampling_probability": (mechanism.sampling_probability, certificate.sampling_probability),
        "compositions": (mechanism.compositions, certificate.compositions),
        "bands": (mechanism.bands, certificate.bands),
        "largest_batch": (mechanism.largest_batch, certificate.mechanism.largest_batch),
        "delta": (plan.delta, certificate.delta),
    }
    for name, (ours, theirs) in stated.items():
        if not math.isclose(ours, theirs, rel_tol=_ROUNDED):
            raise InputError(
                "Expected a certificate of the arm {arm} for {name} = {ours}, got one for "
                "{theirs}: make the plan anew.",
                arm=arm.name,
                name=name,
                ours=f"{ours:g}",
                theirs=f"{theirs:g}",
            )
    if (certificate.sampling, certificate.neighbouring_relation) != (
        mechanism.sampling,
        mechanism.neighbouring_relation,
    ):
        raise InputError(
            "Expected a certificate for {asked} sampling and the relation {expected}, got one for "
            "{sampling} and {relation}: make the plan anew.",
            asked=mechanism.sampling,
            expected=mechanism.neighbouring_relation,
            sampling=certificate.sampling,
            relation=certificate.neighbouring_relation,
        )
    if certificate.privacy_unit != plan.privacy_unit:
        raise InputError(
            "Expected a certificate that protects one {expected}, got one for one {unit}: make the "
            "plan anew.",
            expected=plan.privacy_unit,
            unit=certificate.privacy_unit,
        )
    counts = sorted({1, *(max(1, int(share * mechanism.compositions)) for share in _SHARES)})
    points = tuple(
        (count, epsilon_spent(mechanism, charged=count * mechanism.bands, delta=plan.delta))
        for count in counts
    )
    # The certificate's ε is what cards and records state, so it is held to as well.
    promised = min(plan.epsilon, certificate.epsilon)
    if points[-1][1] > promised * (1 + _ROUNDED):
        raise InputError(
            "Expected noise that keeps ε ≤ {promised}, got some that spends {epsilon} in the arm "
            "{arm}: make the plan anew.",
            promised=f"{promised:g}",
            epsilon=f"{points[-1][1]:.4g}",
            arm=arm.name,
        )
    return Spending(points=points, bands=mechanism.bands)
