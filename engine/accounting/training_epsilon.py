"""Which ε a training had: the accountant backwards, from the noise to the bound.

A training is stated by what was done (noise multiplier, expected batch, steps, people, sampling)
and whom the promise compares with whom (the neighbouring relation). The answer is an upper bound
that holds for every data set, and a lower one: data exist on which the training is no more private.

The expected batch is what was drawn for one step of the optimiser: with gradient accumulation,
micro-batch times accumulation steps, over all devices.

Not every pair of sampling and relation has a bound. Batches in a fixed order keep their places
where a person is replaced or zeroed; where one is added or removed all later batches move, and
nothing is certified.

Noise that is correlated over b steps (``bands``; :mod:`engine.accounting.mechanism`) is certified
under Poisson sampling within b groups that take turns. σ is then that of the noise before it is
correlated, over the clipping norm times the strategy's largest column norm. The lower bound is for
an attacker who knows each person's group, and counts whole turns only.

>>> asked = Training(
...     noise_multiplier=3.4367,
...     batch_size=220_000,
...     iterations=11_000,
...     data_budget=10**7,
...     delta=1e-8,
... )
>>> found = epsilon_of(asked)
>>> found.lower <= found.certified, f"{found.certified:.2f}"
(True, '3.84')
"""

from dataclasses import dataclass, replace

from engine.accounting.accountant import PRIVACY_UNIT, certified_epsilon, lower_epsilon
from engine.accounting.domain import (
    MOST_ITERATIONS,
    group_size,
    participations,
    require_bands,
    require_groups,
    turns,
)
from engine.accounting.mechanism import Mechanism
from engine.config import (
    DATA_RANGE,
    DELTA_RANGE,
    NeighbouringRelation,
    Sampling,
    require_integer,
    require_within,
)
from engine.errors import InputError

SAMPLINGS = (
    Sampling.POISSON,
    Sampling.TRUNCATED_POISSON,
    Sampling.DETERMINISTIC,
    Sampling.WITHOUT_REPLACEMENT,
)
RELATIONS = (
    NeighbouringRelation.ADD_REMOVE,
    NeighbouringRelation.REPLACE,
    NeighbouringRelation.ZERO_OUT,
)
NOISE_RANGE = (0.1, 1e7)
MOST_EPSILON = 200
"""Above it nothing is certified, and nothing is promised either."""
USUAL_RELATION = {
    Sampling.POISSON: NeighbouringRelation.ADD_REMOVE,
    Sampling.TRUNCATED_POISSON: NeighbouringRelation.ADD_REMOVE,
    Sampling.DETERMINISTIC: NeighbouringRelation.ZERO_OUT,
    Sampling.WITHOUT_REPLACEMENT: NeighbouringRelation.REPLACE,
}
"""The relation of a sampling where none is named: the one that its literature takes."""


@dataclass(frozen=True, kw_only=True)
class Training:
    """What was done. Raises :class:`InputError` for what no training can be, or for a pair of
    sampling and relation without a bound."""

    noise_multiplier: float
    """σ: standard deviation of the noise on the summed gradients over the clipping norm."""
    batch_size: int
    """Expected examples (people) of a step of the optimiser."""
    iterations: int
    """Steps of the optimiser."""
    data_budget: int
    """People."""
    delta: float
    sampling: Sampling = Sampling.POISSON
    relation: NeighbouringRelation | None = None
    """None: :data:`USUAL_RELATION`."""
    largest_batch: int | None = None
    """Size to which truncated Poisson sampling cut a batch; None: ``batch_size``, whose bound is
    the larger one."""
    bands: int = 1
    """Steps over which noise is correlated, and groups that take turns; 1: independent noise."""

    def __post_init__(self) -> None:
        require_within("noise_multiplier", self.noise_multiplier, NOISE_RANGE)
        require_within("data_budget", self.data_budget, DATA_RANGE, unit="people")
        require_within("delta", self.delta, DELTA_RANGE)
        require_within("iterations", self.iterations, (1, MOST_ITERATIONS))
        for name in ("batch_size", "iterations", "data_budget", "bands"):
            object.__setattr__(self, name, require_integer(name, getattr(self, name)))
        if not 1 <= self.batch_size <= self.data_budget:
            raise InputError(
                "Expected {name} between 1 and the {people} people, got {value}: it is what is "
                "drawn for one step of the optimiser, accumulation counted.",
                name="batch_size",
                people=self.data_budget,
                value=self.batch_size,
            )
        if self.largest_batch is not None and self.sampling is not Sampling.TRUNCATED_POISSON:
            raise InputError(
                "Expected a largest batch for truncated-poisson sampling only, got {sampling}.",
                sampling=str(self.sampling),
            )
        require_bands(self.bands, self.iterations)
        require_groups(self.data_budget, self.batch_size, self.bands)
        if self.relation is None:
            object.__setattr__(self, "relation", USUAL_RELATION[self.sampling])
        if (self.sampling, self.relation) == (
            Sampling.DETERMINISTIC,
            NeighbouringRelation.ADD_REMOVE,
        ):
            raise InputError(
                "No certified bound is known for deterministic batches under add-or-remove-one: "
                "where a person leaves, every later batch changes. Ask for zero-out or "
                "replace-one, or draw the batches at random."
            )

    @property
    def mechanism(self) -> Mechanism:
        """What the accountants take."""
        assert self.relation is not None
        fixed = self.sampling is Sampling.DETERMINISTIC
        cut = self.sampling is Sampling.TRUNCATED_POISSON
        drawn = self.sampling is Sampling.WITHOUT_REPLACEMENT
        return Mechanism(
            sampling=self.sampling,
            neighbouring_relation=self.relation,
            sampling_probability=1.0
            if fixed
            else self.batch_size / group_size(self.data_budget, self.bands),
            noise_multiplier=self.noise_multiplier,
            compositions=participations(self.data_budget, self.batch_size, self.iterations)
            if fixed
            else turns(self.iterations, self.bands),
            data_budget=self.data_budget if cut or drawn else 0,
            largest_batch=(self.largest_batch or self.batch_size) if cut else 0,
            bands=self.bands,
        )


@dataclass(frozen=True, kw_only=True)
class TrainingEpsilon:
    """The answer, with all that it rests on (NIST SP 800-226, section 2)."""

    certified: float
    """Upper bound on ε."""
    lower: float
    """Lower bound on ε, in the worst case over data sets."""
    delta: float
    relation: NeighbouringRelation
    sampling: Sampling
    unit: str
    compositions: int
    accountant: str
    data_budget: int
    largest_batch: int
    """Where batches were cut; 0 where they were not."""
    bands: int
    """Steps over which the noise was correlated; 1: independent noise."""


def epsilon_of(training: Training) -> TrainingEpsilon:
    """ε of ``training``, from above and from below; up to some seconds.

    Raises :class:`InputError` where ε may exceed :data:`MOST_EPSILON`.
    """
    mechanism = training.mechanism
    certified, accountant = certified_epsilon(mechanism, training.delta)
    if not certified <= MOST_EPSILON:
        raise InputError(
            "Expected an epsilon of at most {most}, got a training for which no such bound exists: "
            "with so little noise nothing is promised. Check the noise multiplier (of the summed "
            "gradients, in units of the clipping norm) and the steps.",
            most=MOST_EPSILON,
        )
    # The last turn may end with the training: data that meet all of its rows need whole turns.
    whole = mechanism
    if training.bands > 1:
        whole = replace(mechanism, compositions=training.iterations // training.bands)
    return TrainingEpsilon(
        certified=certified,
        lower=min(lower_epsilon(whole, training.delta), certified),
        delta=training.delta,
        relation=mechanism.neighbouring_relation,
        sampling=mechanism.sampling,
        unit=PRIVACY_UNIT,
        compositions=mechanism.compositions,
        accountant=accountant,
        data_budget=training.data_budget,
        largest_batch=mechanism.largest_batch,
        bands=mechanism.bands,
    )
