"""Several trainings on the same people: what they promise together."""

import dp_accounting
import pytest
from dp_accounting.pld import PLDAccountant

from engine.accounting.accountant import certified_epsilon, joint_epsilon
from engine.accounting.mechanism import Mechanism, mechanism_of
from engine.config import Sampling
from engine.errors import InputError


def _poisson(probability: float, noise: float, steps: int) -> Mechanism:
    return Mechanism.poisson(
        sampling_probability=probability, noise_multiplier=noise, iterations=steps
    )


ALIKE = [_poisson(0.01, 1.0, 1_000), _poisson(0.02, 1.5, 2_000)]
UNLIKE = [_poisson(0.3, 20.0, 100), _poisson(1e-3, 0.6, 100)]
WITH_A_GAUSSIAN = [_poisson(1e-4, 0.7, 1_000), _poisson(0.05, 3.0, 3_000), _poisson(1, 30, 100)]


@pytest.mark.parametrize(
    ("mechanisms", "delta"), [(ALIKE, 1e-8), (UNLIKE, 1e-9), (WITH_A_GAUSSIAN, 1e-6)]
)
def test_another_accountant_finds_the_same(mechanisms, delta):
    found = joint_epsilon(mechanisms, delta)
    other = PLDAccountant(value_discretization_interval=1e-4)
    other.compose(dp_accounting.ComposedDpEvent([each.event() for each in mechanisms]))
    assert found == pytest.approx(other.get_epsilon(delta), rel=2e-4)
    alone = [certified_epsilon(each, delta)[0] for each in mechanisms]
    assert max(alone) < found < sum(alone)


def test_two_halves_are_the_whole_and_order_is_nothing():
    half, whole = _poisson(1e-3, 0.8, 500), _poisson(1e-3, 0.8, 1_000)
    assert joint_epsilon([half, half], 1e-8) == pytest.approx(certified_epsilon(whole, 1e-8)[0])
    assert joint_epsilon(ALIKE, 1e-8) == pytest.approx(joint_epsilon(ALIKE[::-1], 1e-8))


def test_gaussians_add_up_exactly():
    parts = [Mechanism.deterministic(noise_multiplier=2.0, participations=n) for n in (9, 16)]
    whole = Mechanism.deterministic(noise_multiplier=2.0, participations=25)
    assert joint_epsilon(parts, 1e-8) == certified_epsilon(whole, 1e-8)[0]


def test_what_has_no_bound_is_refused():
    cut = mechanism_of(10_000, 100, 50, 1.0, Sampling.DETERMINISTIC)
    with pytest.raises(InputError, match="share one neighbouring relation"):
        joint_epsilon([ALIKE[0], cut], 1e-8)
    with pytest.raises(InputError, match="got none"):
        joint_epsilon([], 1e-8)
