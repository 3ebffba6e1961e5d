"""Makes fine_pld_epsilon.csv with dp_accounting alone: ``python
tests/golden/make_fine_pld_epsilon.py``.

The interval is at most a fifteenth of a step's standard deviation and 1e-4; only δ ≥ T·1e-12
are taken: below, dp_accounting's floating-point composition has no digits left.
"""

import math
from pathlib import Path

from dp_accounting.pld import privacy_loss_distribution
from dp_accounting.pld.privacy_loss_distribution import PrivacyLossDistribution

CASES = [
    # q, σ, T: the whole domain, and the corner q < 1e-3, σ < 1.4 where one step is two-humped
    (0.022, 6.0, 11_000),
    (0.3, 100.0, 10_000),
    (0.9, 5.0, 100),
    (0.5, 2.0, 10),
    (0.01, 0.5, 10),
    (0.01, 0.3, 10),
    (0.001, 0.9, 12_000),
    (0.001, 3.0, 100_000),
    (1e-4, 0.35, 1_000),
    (1e-4, 1.0, 30_000),
    (1e-4, 0.7, 1_000),
    (1e-5, 0.5, 3_000),
    (1e-6, 0.3, 10),
    (1e-6, 0.4, 100_000),
    (1e-6, 0.45, 10_000),
]
DELTAS = [1e-10, 1e-8, 1e-6, 1e-5]


def composed(q: float, sigma: float, steps: int) -> PrivacyLossDistribution:
    """dp_accounting's pessimistic PLD of all steps."""
    spread = q * math.sqrt(math.expm1(1 / sigma**2))
    interval = min(max(spread / 40, 2e-5), 1e-4)
    step = privacy_loss_distribution.from_gaussian_mechanism(
        sigma, sampling_prob=q, value_discretization_interval=interval
    )
    return step.self_compose(steps)


def main() -> None:
    lines = [
        "# made by make_fine_pld_epsilon.py with dp_accounting 0.6.0",
        "q,sigma,T,delta,epsilon",
    ]
    for q, sigma, steps in CASES:
        pld = composed(q, sigma, steps)
        for delta in DELTAS:
            if delta < steps * 1e-12:
                continue
            found = pld.get_epsilon_for_delta(delta)
            if found > 0.01:
                lines.append(f"{q:g},{sigma:g},{steps},{delta:g},{found:.6g}")
    target = Path(__file__).with_name("fine_pld_epsilon.csv")
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
