"""Fine-tunings of a known law, like the campaign's: three starts, four methods, four noises."""

import itertools

import numpy as np

from engine.law.fine_tuning.forms import FORMS, TuningForm
from engine.law.fine_tuning.points import Measured, Origin

ORIGIN = Origin(model_size=1e5, trainable_size=3e4, iterations=80.0, step_noise=0.01)
"""Where the known numbers are measured from."""
KNOWN = {
    "gain": -1.0,
    "gain_size": 0.1,
    "gain_share": 0.08,
    "log_steps": -0.5,
    "steps_size": 0.1,
    "steps_share": -0.1,
    "steps_exponent": 0.6,
    "log_noise": 0.5,
    "noise_size_exponent": 0.3,
    "noise_exponent": 1.0,
    "averaging": 0.35,
}


def form_called(name: str) -> TuningForm:
    return next(form for form in FORMS if form.name == name)


def theta_of(form: TuningForm) -> np.ndarray:
    return np.array([KNOWN[parameter.name] for parameter in form.parameters])


def made(form: TuningForm, *, scatter: float = 0.0, seed: int = 0) -> Measured:
    """Measured points of ``form`` with the :data:`KNOWN` numbers, scatter per configuration and
    per point."""
    rng = np.random.default_rng(seed)
    rows = []
    sizes = {30_000.0: 2.1, 100_000.0: 1.95, 300_000.0: 1.9}
    shares = (1.0, 0.4, 0.1, 0.03)
    noises = (0.0, 2.0**-10, 2.0**-8, 2.0**-6, 2.0**-4)
    for cell, ((size, start), share, noise) in enumerate(
        itertools.product(sizes.items(), shares, noises)
    ):
        common = rng.normal(0.0, scatter)
        for steps in (32, 64, 128) if cell % 5 else (32, 64, 128, 384):
            rows.append((start, size, size * share, steps, 64.0, noise, common, cell))
    columns = np.array(rows, dtype=float).T
    points = Measured(
        start_cross_entropy=columns[0],
        model_size=columns[1],
        trainable_size=columns[2],
        iterations=columns[3],
        batch_size=columns[4],
        noise_batch_ratio=columns[5],
        cross_entropy=columns[0],
        cell=columns[7],
    )
    taken = form.share_taken(theta_of(form), ORIGIN.coordinates(points))
    errors = columns[6] + rng.normal(0.0, scatter / 3, size=len(taken))
    losses = columns[0] * (1.0 - taken) * np.exp(errors)
    return Measured(**{**vars(points), "cross_entropy": losses})
