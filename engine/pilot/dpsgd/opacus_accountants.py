"""Opacus's accountants beside ours: two more opinions on what a training has spent.

The promise is our certificate (:mod:`engine.accounting.accountant`); these are what an engineer who
knows Opacus would compute. Rényi accounting (Mironov et al., arXiv 1908.10530) is an upper bound,
looser by 5 to 15 %; PRV (Gopi et al., NeurIPS 2021) is near-exact. Add-or-remove-one neighbours,
Poisson sampling, like the certificate. Correlated noise is counted by the turns of one group; that
batches are cut, which is too rare to show, is not counted.
"""

import warnings
from dataclasses import dataclass

from engine.accounting.domain import turns


@dataclass(frozen=True, kw_only=True)
class OpacusEpsilon:
    """ε by Opacus for the same σ, q, steps and δ."""

    rdp: float | None
    prv: float | None
    """None where its numerics fail, as they may for very small σ or δ."""


class Riding:
    """Counts the steps of one training, apart from the ledger, as Opacus's optimizer hook would."""

    def __init__(
        self, *, noise_multiplier: float, sampling_probability: float, charged: int, bands: int = 1
    ) -> None:
        """``charged``: steps of earlier processes. ``bands``: groups that take turns."""
        self._noise_multiplier = noise_multiplier
        self._sampling_probability = sampling_probability
        self._bands = bands
        self.steps = charged

    def step(self) -> None:
        """One step begins."""
        self.steps += 1

    def epsilon(self, delta: float) -> OpacusEpsilon:
        """Of the steps so far. Takes up to some seconds."""
        return opacus_epsilon(
            noise_multiplier=self._noise_multiplier,
            sampling_probability=self._sampling_probability,
            steps=turns(self.steps, self._bands),
            delta=delta,
        )


def opacus_epsilon(
    *, noise_multiplier: float, sampling_probability: float, steps: int, delta: float
) -> OpacusEpsilon:
    """ε at ``delta`` of so many steps."""
    # Opacus takes seconds to import: a training waits for it at its end, if at all.
    from opacus.accountants import PRVAccountant, RDPAccountant

    if not steps:
        return OpacusEpsilon(rdp=0.0, prv=0.0)
    found: list[float | None] = []
    for accountant in (RDPAccountant(), PRVAccountant()):
        accountant.history = [(noise_multiplier, sampling_probability, steps)]
        with warnings.catch_warnings():
            # That the best order lies at the edge of those tried: the bound holds all the same.
            warnings.simplefilter("ignore")
            try:
                found.append(float(accountant.get_epsilon(delta)))
            except (RuntimeError, ValueError, ArithmeticError):
                found.append(None)
    return OpacusEpsilon(rdp=found[0], prv=found[1])
