"""The certified path: an upper bound on ε for the exact configuration, from dp_accounting's PLD.

One step's privacy loss distribution is discretised pessimistically by dp_accounting ("connect the
dots", Doroshenko et al., arXiv 2207.04380), so composition can only overstate ε. Composition itself
is a floating-point FFT whose error in δ grows like T·2e-16. Where that is negligible against δ,
dp_accounting composes, and the guarantee is stated at δ less the allowance; where it is not (we
found dp_accounting's ε *below* the truth at δ = 1e-12 and T = 1e5), the same pessimistic step is
composed exponentially tilted, which keeps δ's relative precision. The certificate names which.

Fixed batches are k Gaussian mechanisms without amplification; they compose to one Gaussian of noise
σ/√k exactly.

What is not covered: floating-point noise generation, and anything done with the data outside the
training (choosing a learning rate on it, say).
"""

import math
from typing import TYPE_CHECKING

import numpy as np

from engine.accounting.certificate import Certificate
from engine.accounting.domain import SMALLEST_NOISE_MULTIPLIER, validate
from engine.accounting.mechanism import Mechanism, mechanism_of
from engine.accounting.profile import composed_epsilon_bound, subsampled_epsilon
from engine.accounting.search import beyond_table
from engine.accounting.search import noise_multiplier as searched_noise_multiplier
from engine.config import Sampling, require_integer
from engine.errors import InputError

if TYPE_CHECKING:
    from dp_accounting.pld.privacy_loss_distribution import PrivacyLossDistribution

PRIVACY_UNIT = "person"
PLD = "PLD (dp_accounting)"
TILTED_PLD = "PLD (dp_accounting step, tilted composition)"

_COARSEST_CELL = 4e-3
_FINER = 4.0
_MOST_CELLS = 600_000
"""Cells of one step's loss grid: at most about 1 GB and a few seconds an evaluation."""
_FLOAT_ERROR = 1e-15
"""Allowance in δ a composition where dp_accounting composes: about four times what we measured
against extended precision."""
_ALLOWED = 0.01
"""Share of δ that the allowance may take before composition goes tilted."""
_STEP_UP = 1.003
_ATTEMPTS = 60
_SIGNIFICANT_DIGITS = 5
_BISECTIONS = 14
_STALLS = 2
"""Refinements without gain before refining stops."""


def certify(
    *,
    data_budget: int,
    batch_size: int,
    iterations: int,
    epsilon: float,
    delta: float,
    sampling: Sampling,
) -> Certificate:
    """Noise whose certified ε at ``delta`` is at most ``epsilon``, and little more than needed.

    Starts from the search path's σ and raises it until the bound holds: usually by less than 1 %;
    by up to a half where ε is near 0.01 and T near 1e6 or δ near 1e-12, where an upper bound in
    floating point has to be generous. The certificate carries the ε that its σ really certifies.
    ``Sampling.BEST`` gives the scheme that certifies with less noise. Takes 0.02 to some thirty
    seconds, under 2 GB.

    Raises :class:`InputError` outside the domain of :mod:`engine.accounting.domain`.
    """
    validate(data_budget, batch_size, iterations, epsilon, delta)
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
    if sampling is Sampling.POISSON and beyond_table(probability, iterations):
        searched = _bisected(probability, iterations, epsilon, delta, searched)
    sigma = _round_up(max(searched, SMALLEST_NOISE_MULTIPLIER))
    for _ in range(_ATTEMPTS):
        mechanism = mechanism_of(data_budget, batch_size, iterations, sigma, sampling)
        bound, accountant = certified_epsilon(mechanism, delta, target=epsilon)
        if bound <= epsilon:
            return Certificate(
                mechanism=mechanism,
                epsilon=bound,
                delta=delta,
                accountant=accountant,
                privacy_unit=PRIVACY_UNIT,
            )
        # In the Gaussian region ε falls like 1/σ and elsewhere faster; 0.9 of that step keeps
        # from overshooting where it falls faster.
        sigma = _round_up(sigma * max(_STEP_UP, min(bound / epsilon, 1.5) ** 0.9))
    raise InputError(
        "No noise could be certified for epsilon = {epsilon} at delta = {delta}: "
        "ask for a larger epsilon, a larger delta or fewer iterations.",
        epsilon=f"{epsilon:g}",
        delta=f"{delta:g}",
    )


def certified_epsilon(
    mechanism: Mechanism, delta: float, *, target: float = 0.0
) -> tuple[float, str]:
    """Upper bound on ε at ``delta`` and the accountant that gave it.

    The loss grid is refined until the bound is at most ``target`` or refining no longer pays
    within the memory bound; every intermediate bound is valid, the smallest is returned.
    """
    probability, compositions = mechanism.sampling_probability, mechanism.compositions
    sigma = mechanism.noise_multiplier
    if probability == 1.0:
        # k Gaussians of sensitivity 1 are one Gaussian of noise σ/√k.
        sigma, compositions = sigma / math.sqrt(compositions), 1
    finest = _finest_cell(probability, sigma)
    cell, best, stalled = max(_COARSEST_CELL, finest), (math.inf, PLD), 0
    while True:
        found = _bound(probability, sigma, compositions, delta, cell)
        stalled = stalled + 1 if best[0] * 0.9995 <= found[0] < math.inf else 0
        best = min(best, found)
        if best[0] <= target or cell <= finest or stalled == _STALLS:
            return best
        cell = max(cell / _FINER, finest)


def _bound(
    probability: float, sigma: float, compositions: int, delta: float, cell: float
) -> tuple[float, str]:
    # dp_accounting takes two seconds to load: whoever certifies nothing need not wait for it.
    from dp_accounting.pld import privacy_loss_distribution

    step = privacy_loss_distribution.from_gaussian_mechanism(
        sigma,
        sampling_prob=probability,
        value_discretization_interval=cell,
        use_connect_dots=True,
    )
    allowance = _FLOAT_ERROR * compositions
    if allowance <= _ALLOWED * delta:
        composed = step.self_compose(compositions) if compositions > 1 else step
        return float(composed.get_epsilon_for_delta(delta - allowance)), PLD
    return _tilted_bound(step, compositions, delta, cell), TILTED_PLD


def _tilted_bound(
    step: "PrivacyLossDistribution",
    compositions: int,
    delta: float,
    cell: float,
) -> float:
    """The larger bound of the two directions, infinite losses of the step taken off δ."""
    bounds = []
    for pmf in {id(p): p for p in (step._pmf_remove, step._pmf_add)}.values():
        dense = pmf.to_dense_pmf()
        losses = cell * (dense._lower_loss + np.arange(dense._probs.size))
        infinity = -math.expm1(compositions * math.log1p(-dense._infinity_mass))
        if infinity >= delta:
            return math.inf
        left = delta - infinity
        bounds.append(composed_epsilon_bound(losses, dense._probs, compositions, left, cell=cell))
    return max(bounds)


def _finest_cell(probability: float, sigma: float) -> float:
    """The least cell within the memory bound: the span of a step's losses over the most cells."""
    largest = (1 + 20 * sigma) / (2 * sigma**2)
    if probability == 1.0:
        span = largest + 10 / sigma
    else:
        span = float(np.logaddexp(math.log1p(-probability), math.log(probability) + largest))
        span -= math.log1p(-probability)
    return span / _MOST_CELLS


def _bisected(
    probability: float, compositions: int, epsilon: float, delta: float, enough: float
) -> float:
    """Where the table only knows its edge, the near-exact accountant finds the noise itself."""
    low, high = math.log(SMALLEST_NOISE_MULTIPLIER), math.log(enough)
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        found = subsampled_epsilon(probability, math.exp(middle), compositions, [delta])[0]
        low, high = (low, middle) if found <= epsilon else (middle, high)
    return math.exp(high)


def _round_up(sigma: float) -> float:
    """``sigma`` to five significant digits, upwards: what is printed is what was certified."""
    scale = 10.0 ** (_SIGNIFICANT_DIGITS - 1 - math.floor(math.log10(sigma)))
    return math.ceil(sigma * scale - 1e-9) / scale
