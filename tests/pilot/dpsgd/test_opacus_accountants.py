"""Three accountants of one mechanism, written by three groups, must agree."""

import subprocess
import sys

import pytest

from engine.accounting.accountant import certified_epsilon
from engine.accounting.mechanism import Mechanism
from engine.pilot.dpsgd.opacus_accountants import OpacusEpsilon, Riding, opacus_epsilon

CASES = [
    (0.16, 1.0, 200, 1e-5),
    (128 / 32_000, 0.7, 1_000, 1e-6),
    (1024 / 32_000, 5.0, 500, 1e-8),
]


@pytest.mark.parametrize(("q", "sigma", "steps", "delta"), CASES)
def test_opacus_and_the_certificate_agree(q, sigma, steps, delta):
    mechanism = Mechanism.poisson(sampling_probability=q, noise_multiplier=sigma, iterations=steps)
    certified, _ = certified_epsilon(mechanism, delta)
    opacus = opacus_epsilon(
        noise_multiplier=sigma, sampling_probability=q, steps=steps, delta=delta
    )
    assert opacus.rdp is not None and opacus.prv is not None
    # Rényi accounting is a looser bound; PRV is within its own error of 0.01 in ε.
    assert certified <= opacus.rdp <= 1.3 * certified
    assert abs(certified - opacus.prv) <= 0.012


def test_riding_along_counts_like_opacus_own_hook():
    from opacus.accountants import RDPAccountant

    riding = Riding(noise_multiplier=1.0, sampling_probability=0.1, charged=7)
    theirs = RDPAccountant()
    for _ in range(30):
        theirs.step(noise_multiplier=1.0, sample_rate=0.1)
    for _ in range(23):
        riding.step()
    assert riding.steps == 30
    assert riding.epsilon(1e-5).rdp == pytest.approx(theirs.get_epsilon(1e-5), rel=1e-12)


def test_nothing_is_spent_before_the_first_step():
    riding = Riding(noise_multiplier=1.0, sampling_probability=0.1, charged=0)
    assert riding.epsilon(1e-5) == OpacusEpsilon(rdp=0.0, prv=0.0)


@pytest.mark.slow
def test_opacus_is_loaded_when_asked_and_not_before():
    code = (
        "import sys, engine.pilot.dpsgd.training\n"
        "sys.exit('opacus' in sys.modules)"
    )  # fmt: skip
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
