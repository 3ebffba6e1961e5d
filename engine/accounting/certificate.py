"""The privacy guarantee of one configuration, with everything that it rests on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.accounting.mechanism import Mechanism
from engine.config import NeighbouringRelation, Sampling


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """A privacy guarantee with everything that it rests on (NIST SP 800-226, section 2).

    ``epsilon`` was computed for exactly ``mechanism`` by ``accountant``, and is at most the ε that
    was asked for.
    """

    mechanism: Mechanism
    epsilon: float
    delta: float
    accountant: str
    privacy_unit: str

    @property
    def noise_multiplier(self) -> float:
        return self.mechanism.noise_multiplier

    @property
    def sampling(self) -> Sampling:
        return self.mechanism.sampling

    @property
    def neighbouring_relation(self) -> NeighbouringRelation:
        return self.mechanism.neighbouring_relation

    @property
    def sampling_probability(self) -> float:
        """B/N under Poisson sampling, b·B/N where b groups take turns; 1 for the participations of
        deterministic batches."""
        return self.mechanism.sampling_probability

    @property
    def compositions(self) -> int:
        """Steps T under Poisson sampling, turns ⌈T/b⌉ of b groups; a person's participations for
        deterministic batches."""
        return self.mechanism.compositions

    @property
    def bands(self) -> int:
        """Steps over which noise is correlated; 1: independent noise."""
        return self.mechanism.bands

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON. The clipping norm is left out: it stands in a plan's settings."""
        mechanism = self.mechanism
        cut = {"data_budget": mechanism.data_budget, "largest_batch": mechanism.largest_batch}
        return {
            "noise_multiplier": self.noise_multiplier,
            "epsilon": self.epsilon,
            "delta": self.delta,
            "accountant": self.accountant,
            "sampling": self.sampling,
            "neighbouring_relation": self.neighbouring_relation,
            "privacy_unit": self.privacy_unit,
            "sampling_probability": self.sampling_probability,
            "compositions": self.compositions,
            # Only where they matter: the plans of before keep their ids.
            **({"bands": mechanism.bands} if mechanism.bands > 1 else {}),
            **(cut if mechanism.largest_batch else {}),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], *, clipping_norm: float = 1.0) -> "Certificate":
        """Inverse of :meth:`to_dict`. Raises KeyError, TypeError, ValueError or InputError."""
        return cls(
            mechanism=Mechanism(
                sampling=Sampling(data["sampling"]),
                neighbouring_relation=NeighbouringRelation(data["neighbouring_relation"]),
                sampling_probability=data["sampling_probability"],
                noise_multiplier=data["noise_multiplier"],
                compositions=data["compositions"],
                clipping_norm=clipping_norm,
                data_budget=data.get("data_budget", 0),
                largest_batch=data.get("largest_batch", 0),
                bands=data.get("bands", 1),
            ),
            epsilon=data["epsilon"],
            delta=data["delta"],
            accountant=data["accountant"],
            privacy_unit=data["privacy_unit"],
        )
