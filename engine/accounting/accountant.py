"""The certified path: an upper bound on ε for the exact configuration, and a lower one beside it.

One step's privacy loss is put on a lattice such that δ can only be overstated (for the lower bound:
understated; :mod:`engine.accounting.step`), then composed exponentially tilted, which keeps δ's
relative precision down to 1e-12 (dp_accounting's own composition gave an ε *below* the truth at
δ = 1e-12 and T = 1e5), with an allowance for what floating point may have got wrong. Losses so
large that all steps together meet one with a probability below δ/10,000 count as infinite: that
keeps the lattice fine where δ is decided. Tests compare with dp_accounting's PLD.

Noise correlated over b steps, with b groups of people taking turns, is accounted as what it
dominates: independent noise on the ⌊N/b⌋ people of one group in its ⌈T/b⌉ turns
(:mod:`engine.accounting.mechanism` says what that assumes of groups).

Fixed batches are k Gaussian mechanisms without amplification; they compose to one Gaussian of noise
σ/√k exactly.

What is not covered: floating-point noise generation, and anything done with the data outside the
training (choosing a learning rate on it, say).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from engine.accounting import dominating
from engine.accounting.certificate import Certificate
from engine.accounting.domain import (
    SMALLEST_NOISE_MULTIPLIER,
    group_size,
    require_bands,
    require_groups,
    require_sampling,
    turns,
    validate,
)
from engine.accounting.gaussian import gaussian_epsilon
from engine.accounting.grid import Repeated
from engine.accounting.mechanism import Mechanism, mechanism_of
from engine.accounting.profile import composed_epsilon_bound
from engine.accounting.search import beyond_table
from engine.accounting.search import noise_multiplier as searched_noise_multiplier
from engine.accounting.step import LatticeLoss
from engine.config import DATA_RANGE, NeighbouringRelation, Sampling, require_integer
from engine.errors import InputError

PRIVACY_UNIT = "person"
PLD = "PLD (Kessai)"
GAUSSIAN = "Gaussian (exact)"

_TAIL = 1e-4
"""Share of δ that losses beyond the lattice may take, in all steps together."""
_CELLS = 250
"""Of a step's losses, at first."""
_FINER = 4.0
_REFINEMENTS = 5
_GAIN = 5e-4
"""A refinement that gains less is the last but one."""
_STEP_UP = 1.0003
_ATTEMPTS = 40
_SIGNIFICANT_DIGITS = 5
_BISECTIONS = 14
_CLOSE_NOISE = 2e-3
"""Of ln σ."""
_UP = 1 + 1e-9
"""Of a closed form in floating point."""
_SMALL = 0.01
"""Below this ε no bound need be close."""


def certify(
    *,
    data_budget: int,
    batch_size: int,
    iterations: int,
    epsilon: float,
    delta: float,
    sampling: Sampling,
    bands: int = 1,
) -> Certificate:
    """Noise whose certified ε at ``delta`` is at most ``epsilon``, and little more than needed.

    Starts from the search path's σ and raises it until the bound holds. The certificate carries
    the ε that its σ really certifies. ``Sampling.BEST`` gives the scheme that certifies with less
    noise. ``bands``: steps over which the noise is correlated, under Poisson sampling only. Takes
    0.02 to some five seconds, under 1 GB.

    Raises :class:`InputError` outside the domain of :mod:`engine.accounting.domain`, and for bands
    that no bound is known for.
    """
    validate(data_budget, batch_size, iterations, epsilon, delta)
    if bands != 1:
        return _certify_bands(
            require_integer("data_budget", data_budget),
            require_integer("batch_size", batch_size),
            require_integer("iterations", iterations),
            epsilon=float(epsilon),
            delta=float(delta),
            sampling=sampling,
            bands=require_integer("bands", bands),
        )
    schemes = (
        (Sampling.POISSON, Sampling.DETERMINISTIC) if sampling is Sampling.BEST else (sampling,)
    )
    found = [
        _certify(
            require_integer("data_budget", data_budget),
            require_integer("batch_size", batch_size),
            require_integer("iterations", iterations),
            epsilon=float(epsilon),
            delta=float(delta),
            sampling=scheme,
        )
        for scheme in schemes
    ]
    return min(found, key=lambda certificate: certificate.noise_multiplier)


def _certify_bands(
    data_budget: int,
    batch_size: int,
    iterations: int,
    *,
    epsilon: float,
    delta: float,
    sampling: Sampling,
    bands: int,
) -> Certificate:
    """One group in its turns, which is what a person is in."""
    require_sampling(sampling, bands)
    require_bands(bands, iterations)
    require_groups(data_budget, batch_size, bands)
    if group_size(data_budget, bands) < DATA_RANGE[0]:
        raise InputError(
            "Expected groups of at least {fewest} people, got {people} people in {bands} groups: "
            "take fewer bands.",
            fewest=DATA_RANGE[0],
            people=data_budget,
            bands=bands,
        )
    found = _certify(
        group_size(data_budget, bands),
        batch_size,
        turns(iterations, bands),
        epsilon=epsilon,
        delta=delta,
        sampling=sampling,
    )
    return replace(found, mechanism=replace(found.mechanism, bands=bands))


def _certify(
    data_budget: int,
    batch_size: int,
    iterations: int,
    *,
    epsilon: float,
    delta: float,
    sampling: Sampling,
) -> Certificate:
    searched = float(
        searched_noise_multiplier(
            data_budget=data_budget,
            batch_size=batch_size,
            iterations=iterations,
            epsilon=epsilon,
            delta=delta,
            sampling=sampling,
        )
    )
    # Fixed batches have a closed form: only Poisson's answer can come from the table's edge.
    probability = batch_size / data_budget
    fixed = sampling is Sampling.DETERMINISTIC

    def asked(sigma: float) -> Mechanism:
        return mechanism_of(data_budget, batch_size, iterations, sigma, sampling)

    if not fixed and beyond_table(probability, iterations, delta):
        searched = _bisected(asked, epsilon, delta, searched)
    if searched > SMALLEST_NOISE_MULTIPLIER and not fixed:
        searched *= _STEP_UP
    sigma = rounded_up(max(searched, SMALLEST_NOISE_MULTIPLIER))
    before: tuple[float, float] | None = None
    for _ in range(_ATTEMPTS):
        mechanism = asked(sigma)
        bound, accountant = certified_epsilon(mechanism, delta, target=epsilon)
        if bound <= epsilon:
            return Certificate(
                mechanism=mechanism,
                epsilon=bound,
                delta=delta,
                accountant=accountant,
                privacy_unit=PRIVACY_UNIT,
            )
        sigma, before = rounded_up(sigma * _step(sigma, bound, epsilon, before)), (sigma, bound)
    raise InputError(
        "No noise could be certified for epsilon = {epsilon} at delta = {delta}: "
        "ask for a larger epsilon, a larger delta or fewer iterations.",
        epsilon=f"{epsilon:g}",
        delta=f"{delta:g}",
    )


def _step(sigma: float, bound: float, epsilon: float, before: tuple[float, float] | None) -> float:
    """By what to multiply σ: along the line through the last two bounds in logarithms, a little
    farther; at first as if ε fell like σ^−2, between its slow fall and its steep one."""
    if not math.isfinite(bound):
        return 1.5
    above, steepness = math.log(bound / epsilon), 2.0
    if before is not None and math.isfinite(before[1]) and before[1] > bound:
        steepness = math.log(before[1] / bound) / math.log(sigma / before[0])
    wanted = math.exp(min(above / max(steepness, 0.5), 0.4))
    return float(max(_STEP_UP, wanted * math.sqrt(_STEP_UP)))


def certified_epsilon(
    mechanism: Mechanism, delta: float, *, target: float = 0.0
) -> tuple[float, str]:
    """Upper bound on ε at ``delta`` and the accountant that gave it.

    The lattice is refined until the bound is at most ``target`` or refining no longer pays; every
    intermediate bound is valid, the smallest is returned. inf where ε may exceed 200.
    """
    mu = mechanism.gaussian_mu
    if mu is not None:
        return float(gaussian_epsilon(mu, delta)) * _UP, GAUSSIAN
    return _least_above([mechanism], 1, delta, target), PLD


def joint_epsilon(mechanisms: Sequence[Mechanism], delta: float, *, target: float = 0.0) -> float:
    """Upper bound on ε at ``delta`` for whoever sees the results of all these trainings on the same
    people; usually far below the sum of their ε. Their steps and noise are taken to be fixed
    before the first begins. Refined until it is at most ``target``, as :func:`certified_epsilon`;
    inf where ε may exceed 200.

    Raises :class:`InputError` where they do not share one neighbouring relation.
    """
    relations = {mechanism.neighbouring_relation for mechanism in mechanisms}
    if len(relations) != 1:
        raise InputError(
            "Expected trainings that share one neighbouring relation, got {relations}: what they "
            "promise together is then only known as the sum of their epsilons.",
            relations=", ".join(sorted(relations)) or "none",
        )
    mus = [mechanism.gaussian_mu for mechanism in mechanisms]
    known = [mu for mu in mus if mu is not None]
    if len(known) == len(mus):
        return float(gaussian_epsilon(math.hypot(*known), delta)) * _UP
    return _least_above(mechanisms, 1, delta, target)


def lower_epsilon(mechanism: Mechanism, delta: float) -> float:
    """Lower bound on ε at ``delta``: data exist on which the training is no more private."""
    mu = mechanism.gaussian_mu
    if mu is not None:
        return float(gaussian_epsilon(mu, delta)) / _UP
    tail = _tail(mechanism, delta)
    cell = dominating.reach(mechanism, tail) / _CELLS
    best = 0.0
    for _ in range(_REFINEMENTS):
        losses = dominating.losses_below(mechanism, cell, tail)
        found = max(
            _composed([(loss, mechanism.compositions)], delta, above=False) for loss in losses
        )
        if found <= best * (1 + _GAIN) and best > 0:
            return max(best, found)
        best = max(best, found)
        cell /= _FINER
    return best


def group_epsilon(mechanism: Mechanism, delta: float, size: int) -> float | None:
    """Upper bound on ε at ``delta`` for ``size`` people together: who they are, or one person whose
    data were counted as those of so many people. None where no bound is known."""
    if mechanism.neighbouring_relation is NeighbouringRelation.REPLACE:
        return None
    if mechanism.sampling not in (Sampling.POISSON, Sampling.DETERMINISTIC):
        return None
    if mechanism.bands > 1 and size > 1:
        return None  # people of several groups: their columns overlap
    mu = mechanism.gaussian_mu
    if mu is not None:
        return float(gaussian_epsilon(size * mu, delta)) * _UP
    return _least_above([mechanism], size, delta, 0.0)


def _least_above(mechanisms: Sequence[Mechanism], size: int, delta: float, target: float) -> float:
    """The smallest bound over finer and finer lattices, for ``size`` people together."""
    tail = _TAIL * delta / sum(mechanism.compositions for mechanism in mechanisms)
    reaches = (dominating.reach(mechanism, tail, size) for mechanism in mechanisms)
    cell, best = max(reaches) / _CELLS, math.inf
    for _ in range(_REFINEMENTS):
        found = _bound(mechanisms, size, delta, cell, tail)
        close = found >= best * (1 - _GAIN) and math.isfinite(best)
        best = min(best, found)
        if close or best <= max(target, _SMALL):
            break
        cell /= _FINER
    return best


def _bound(
    mechanisms: Sequence[Mechanism], size: int, delta: float, cell: float, tail: float
) -> float:
    """The bound of one lattice: a person who leaves, leaves all trainings."""
    steps = [dominating.losses_above(mechanism, cell, tail, size) for mechanism in mechanisms]
    times = [mechanism.compositions for mechanism in mechanisms]
    return max(
        _composed(list(zip(direction, times, strict=True)), delta)
        for direction in zip(*steps, strict=True)
    )


def _tail(mechanism: Mechanism, delta: float) -> float:
    """Probability that one step may leave beyond the lattice."""
    return _TAIL * delta / mechanism.compositions


def _composed(
    steps: Sequence[tuple[LatticeLoss, int]], delta: float, *, above: bool = True
) -> float:
    """Of each step so many times: losses of one cell."""
    spared = sum(times * math.log1p(-min(loss.infinite, 0.5)) for loss, times in steps)
    return composed_epsilon_bound(
        [Repeated(loss.losses, loss.probabilities, times) for loss, times in steps],
        delta + math.expm1(spared),
        cell=steps[0][0].cell,
        above=above,
    )


def _bisected(
    asked: Callable[[float], Mechanism], epsilon: float, delta: float, enough: float
) -> float:
    """Where the table only knows its edge, certificates find the noise themselves."""
    low, high = math.log(SMALLEST_NOISE_MULTIPLIER), math.log(enough)
    middle = low
    for _ in range(_BISECTIONS):
        found, _ = certified_epsilon(asked(math.exp(middle)), delta, target=epsilon)
        low, high = (low, middle) if found <= epsilon else (middle, high)
        if high - low < _CLOSE_NOISE:
            break
        middle = (low + high) / 2
    return math.exp(high)


def rounded_up(sigma: float) -> float:
    """``sigma`` to five significant digits, upwards: what is printed is what was certified."""
    scale = 10.0 ** (_SIGNIFICANT_DIGITS - 1 - math.floor(math.log10(sigma)))
    return math.ceil(sigma * scale - 1e-9) / scale
