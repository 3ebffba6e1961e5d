"""The archive's ``results.csv`` made from a law that is known: what an import should give back."""

from collections.abc import Callable, Sequence

import numpy as np

from engine.interval import FloatArray
from engine.law.published.surface import fit_surface
from engine.runs.evidence import evidence
from engine.runs.importers.dp_scaling_laws import MODEL_SIZES
from engine.runs.record import RunRecord

Law = Callable[[FloatArray, FloatArray, float], FloatArray]
"""(parameters, iterations, noise-batch ratio) -> nats per token, at the best learning rate."""

_BEST_RATE = 2.0**-8


def known_law(size: FloatArray, iterations: FloatArray, noise: float) -> FloatArray:
    """Falls with size and steps, rises with noise and, through noise, with size."""
    clean = 1.4 + 40 / size**0.22 + 9 / iterations**0.3
    return clean + 900 * noise * (size / 1e7) ** 0.15 / iterations**0.1


def made_sweep(models: int = 7, noises: int = 19, points: int = 1280) -> tuple[str, Law]:
    """The file's text (models x noises x points x 3 learning rates) and its law.

    Iterations are every 100; losses have the six digits of a log, and a scatter of 0.1 %.
    """
    rng = np.random.default_rng(20260)
    iterations = 100 * np.arange(1, points + 1)
    lines = ["Model,Learning Rate,Iterations,Noise Batch Ratio,Cross Entropy"]
    for name, size in list(MODEL_SIZES.items())[:models]:
        for noise in _noises(noises):
            best = known_law(np.array(float(size)), iterations.astype(float), noise)
            for octave in (-1, 0, 1):
                loss = best * (1 + 0.02 * octave**2) * (1 + 1e-3 * rng.standard_normal(points))
                rate = _BEST_RATE * 2.0**octave
                lines += [
                    f"{name},{rate},{step},{noise},{value:.6g}"
                    for step, value in zip(iterations.tolist(), loss.tolist(), strict=True)
                ]
    return "\n".join(lines) + "\n", known_law


def check_optimum(
    records: Sequence[RunRecord], law: Law, *, models: int = 7, noises: int = 19, points: int = 1280
) -> None:
    """At several noises and budgets the surface of ``records`` names the model that the law names,
    and its loss."""
    surface = fit_surface(evidence(records, lambda **_: np.array(np.nan)).frame)
    sizes = np.array(list(MODEL_SIZES.values())[:models], dtype=float)
    every = _noises(noises)
    for noise in (every[1], every[noises // 2], every[-1]):
        for share in (0.1, 0.5, 1.0):
            iterations = share * 100 * points * sizes[0] / sizes
            inside = iterations >= 300
            found = surface.cross_entropy(sizes[inside], iterations[inside], noise)
            true = law(sizes[inside], iterations[inside], noise)
            np.testing.assert_allclose(found, true, rtol=0.01)
            assert true[np.argmin(found)] <= true.min() * 1.003


def _noises(count: int) -> list[float]:
    return [0.0, *np.geomspace(2.0**-16, 2.0**-8, count - 1).tolist()]
