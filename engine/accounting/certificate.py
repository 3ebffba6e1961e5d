"""The privacy guarantee of one configuration, with everything that it rests on."""

from dataclasses import dataclass

from engine.config import NeighbouringRelation, Sampling


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """A privacy guarantee with everything that it rests on (NIST SP 800-226, section 2).

    ``epsilon`` was computed for exactly ``noise_multiplier`` by ``accountant``, and is at most the
    ε that was asked for.
    """

    noise_multiplier: float
    epsilon: float
    delta: float
    accountant: str
    sampling: Sampling
    neighbouring_relation: NeighbouringRelation
    privacy_unit: str
    sampling_probability: float
    """B/N under Poisson sampling; 1 for the participations of deterministic batches."""
    compositions: int
    """Steps T under Poisson sampling; participations of one person for deterministic batches."""
