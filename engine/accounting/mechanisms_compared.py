r"""What each mechanism would take and give for one training: planned, not tried.

For each number of bands b, at one promise (ε, δ) and one configuration: the certified noise, the
error that it leaves in the workload (prefix sums, or with momentum), the memory of the past noises,
and the time to correlate them.

- **error**: root of σ²·(mean expected squared error of the workload under C⁻¹z, ‖c‖ = 1), over that
  of independent noise at the same ε. 1/error is by how much σ̄ of independent noise would have to
  fall to leave the same error. It is no loss: an optimiser that divides by the size of its steps,
  like Adam, does not add noise up linearly.
- **memory**: b − 1 past noises of the model's size in float32, beside weights and moments; over d
  devices that hold a share each, a d-th.
- **time** a step: the past is read once, the noise written twice; what counts is the memory's
  bandwidth. Gradients are not in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.accounting.accountant import certify
from engine.accounting.strategy import error, strategy
from engine.config import Sampling
from engine.errors import InputError

FLOAT_BYTES = 4
USUAL_BANDS = (1, 4, 16, 64)


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One mechanism for one training."""

    bands: int
    noise_multiplier: float
    epsilon: float
    """Certified."""
    compositions: int
    sampling_probability: float
    error: float
    """Of the workload, over that of independent noise; below 1 is better."""
    past_bytes: float
    """Memory of past noises, all devices together."""
    seconds_per_step: float
    """To correlate a step's noise, at the stated bandwidth."""


def choices(
    *,
    data_budget: int,
    batch_size: int,
    iterations: int,
    epsilon: float,
    delta: float,
    model_size: float,
    bandwidth: float,
    momentum: float = 0.0,
    bands: Sequence[int] = USUAL_BANDS,
) -> tuple[Choice, ...]:
    """Every number of ``bands`` at the same promise; one band, independent noise, comes first.

    ``bandwidth``: bytes a second of all devices' memory together. Takes some seconds each.

    Raises :class:`InputError` outside the domain of the accounting, for bands whose groups are
    smaller than a batch, and for a size or bandwidth that is not above 0.
    """
    for name, value in (("model_size", model_size), ("bandwidth", bandwidth)):
        if not value > 0:
            raise InputError("Expected {name} above 0, got {value}.", name=name, value=f"{value:g}")
    found: list[Choice] = []
    alone = 0.0
    for count in sorted({1, *bands}):
        certificate = certify(
            data_budget=data_budget,
            batch_size=batch_size,
            iterations=iterations,
            epsilon=epsilon,
            delta=delta,
            sampling=Sampling.POISSON,
            bands=count,
        )
        coefficients = strategy(bands=count, iterations=iterations, momentum=momentum)
        spread = error(coefficients, iterations=iterations, momentum=momentum) ** 0.5
        left = certificate.noise_multiplier * spread
        alone = alone or left
        past = (count - 1) * FLOAT_BYTES * model_size
        moved = past + 2 * FLOAT_BYTES * model_size if count > 1 else 0.0
        found.append(
            Choice(
                bands=count,
                noise_multiplier=certificate.noise_multiplier,
                epsilon=certificate.epsilon,
                compositions=certificate.compositions,
                sampling_probability=certificate.sampling_probability,
                error=left / alone,
                past_bytes=past,
                seconds_per_step=moved / bandwidth,
            )
        )
    return tuple(found)
