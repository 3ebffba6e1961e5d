"""The table of σ behind the search path: made once by a command, shipped, read by the search.

``ln σ`` of the Poisson-subsampled Gaussian over (ln q, ln T, ln ε, ln δ). For each (q, T) the
near-exact accountant gives the whole profile at a ladder of σ, refined until ε changes by less than
:data:`FINEST_STEP` between rungs; monotone cubic interpolation along the ladder turns that into σ
at the ε of the grid. Where no noise above :data:`LEAST_SIGMA` is needed the table holds that.

``python -m engine table`` makes it again, one row of q at a time: rows that are done are kept, so
an interrupted run goes on where it stopped.
"""

import json
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

import numpy as np

from engine.accounting import profile
from engine.accounting.profile import subsampled_epsilon
from engine.untrusted.archives import npz_arrays

PATH = Path(__file__).parents[2] / "data" / "accounting" / "noise_multiplier.npz"

SAMPLING_PROBABILITIES = 10.0 ** np.linspace(-6, 0, 61)
ITERATIONS = np.unique(np.round(10.0 ** np.linspace(0.8, 6.2, 28)).astype(int))
EPSILONS = np.geomspace(0.008, 160.0, 42)[:-1]
"""Up to 126: about twice the largest ε that may be asked for, since doubling is a question."""
DELTAS = 10.0 ** np.linspace(-12.5, -4.5, 9)
LEAST_SIGMA = 0.22
"""Below what the search ever answers (0.3), so that the answer's cell is a smooth one."""
FINEST_STEP = 0.4
_LADDER = 1.25
_CLOSEST = 1.01


@dataclass(frozen=True, kw_only=True)
class NoiseTable:
    """``log_sigma`` has shape (q, T, ε, δ); the axes are natural logarithms, ascending."""

    log_sampling_probability: np.ndarray
    log_iterations: np.ndarray
    log_epsilon: np.ndarray
    log_delta: np.ndarray
    log_sigma: np.ndarray
    provenance: str

    @cached_property
    def divisors(self) -> dict[str, np.ndarray]:
        """Of each axis, what divides the Lagrange weights of each four neighbours on it, (4, n)."""
        return {
            name: _divisors(getattr(self, name))
            for name in ("log_sampling_probability", "log_iterations", "log_epsilon", "log_delta")
        }


def _divisors(axis: np.ndarray) -> np.ndarray:
    a, b, c, d = (axis[k : axis.size - 3 + k] for k in range(4))
    return np.stack(
        [
            (a - b) * (a - c) * (a - d),
            (b - a) * (b - c) * (b - d),
            (c - a) * (c - b) * (c - d),
            (d - a) * (d - b) * (d - c),
        ]
    )


def load(path: Path = PATH) -> NoiseTable:
    """The shipped table. Raises FileNotFoundError where it is missing."""
    file = npz_arrays(path)
    return NoiseTable(
        **{
            name: file[name].astype(float)
            for name in NoiseTable.__dataclass_fields__
            if name != "provenance"
        },
        provenance=str(file["provenance"]),
    )


def build(path: Path = PATH, *, workers: int = 2, say: Callable[[str], None] = print) -> None:
    """Make the table and write it to ``path``; finished rows wait beside it until all are done."""
    parts = path.with_suffix(".parts")
    parts.mkdir(parents=True, exist_ok=True)
    missing = [i for i in range(SAMPLING_PROBABILITIES.size) if not _part(parts, i).exists()]
    say(f"{SAMPLING_PROBABILITIES.size - len(missing)} rows done, {len(missing)} to make")
    with ProcessPoolExecutor(workers) as pool:
        running = {pool.submit(_make_part, parts, i): i for i in missing}
        for count, future in enumerate(as_completed(running), start=1):
            future.result()
            say(f"row {running[future]}: {count} of {len(missing)}")
    rows = [np.load(_part(parts, i)) for i in range(SAMPLING_PROBABILITIES.size)]
    temporary = path.with_suffix(".tmp.npz")
    np.savez_compressed(
        temporary,
        log_sampling_probability=np.log(SAMPLING_PROBABILITIES),
        log_iterations=np.log(ITERATIONS),
        log_epsilon=np.log(EPSILONS),
        log_delta=np.log(DELTAS),
        log_sigma=np.stack(rows).astype(np.float32),
        provenance=_provenance(),
    )
    temporary.replace(path)
    for i in range(SAMPLING_PROBABILITIES.size):
        _part(parts, i).unlink()
    parts.rmdir()


def row(sampling_probability: float) -> np.ndarray:
    """ln σ at one q, shape (T, ε, δ)."""
    return np.stack([_plane(min(sampling_probability, 1.0), int(t)) for t in ITERATIONS])


def _plane(q: float, iterations: int) -> np.ndarray:
    """ln σ at one (q, T), shape (ε, δ)."""
    # Slow to load, and needed only where the table is made.
    from scipy.interpolate import PchipInterpolator

    sigmas, epsilons = _ladder(q, iterations)
    log_sigma, wanted = np.log(sigmas), np.log(EPSILONS)
    plane = np.full((EPSILONS.size, DELTAS.size), np.log(LEAST_SIGMA))
    for column in range(DELTAS.size):
        epsilon = epsilons[:, column]
        known = np.isfinite(epsilon) & (epsilon > 0)
        # ε falls along the ladder; interpolation wants it strictly ascending.
        x, y = np.log(epsilon[known])[::-1], log_sigma[known][::-1]
        ascending = np.concatenate([[True], np.diff(np.maximum.accumulate(x)) > 1e-9])[: x.size]
        x, y = x[ascending], y[ascending]
        if x.size < 2:
            continue
        found = PchipInterpolator(x, y, extrapolate=False)(wanted)
        # Below the smallest ε of the ladder: the first rung with ε = 0, one per cent higher.
        found[wanted < x[0]] = log_sigma[min(np.flatnonzero(known)[-1] + 1, sigmas.size - 1)]
        # Above the largest even the least noise is enough, unless ε there is beyond counting.
        least = -np.inf if np.isfinite(epsilon[0]) else y[-1]
        found[wanted > x[-1]] = least
        plane[:, column] = np.maximum(found, np.log(LEAST_SIGMA))
    return plane


def _ladder(q: float, iterations: int) -> tuple[np.ndarray, np.ndarray]:
    """σ ascending from :data:`LEAST_SIGMA` and ε there, shape (σ, δ),
    fine enough to interpolate."""
    sigmas = [LEAST_SIGMA]
    rows = [subsampled_epsilon(q, LEAST_SIGMA, iterations, DELTAS)]
    while np.nanmax(rows[-1]) > EPSILONS[0] * 0.9:
        sigmas.append(sigmas[-1] * _LADDER)
        rows.append(subsampled_epsilon(q, sigmas[-1], iterations, DELTAS))
    k = 0
    while k < len(sigmas) - 1:
        if sigmas[k + 1] / sigmas[k] > _CLOSEST and _far(rows[k], rows[k + 1]):
            middle = float(np.sqrt(sigmas[k] * sigmas[k + 1]))
            sigmas.insert(k + 1, middle)
            rows.insert(k + 1, subsampled_epsilon(q, middle, iterations, DELTAS))
        else:
            k += 1
    return np.array(sigmas), np.array(rows)


def _far(left: np.ndarray, right: np.ndarray) -> bool:
    """Whether two rungs lie too far apart in ln ε at any δ, within the range of the table."""
    left, right = (np.clip(e, EPSILONS[0] * 0.8, EPSILONS[-1] * 1.2) for e in (left, right))
    return bool(np.max(np.abs(np.log(left) - np.log(right))) > FINEST_STEP)


def _part(parts: Path, index: int) -> Path:
    return parts / f"{index:03d}.npy"


def _make_part(parts: Path, index: int) -> None:
    temporary = parts / f"{index:03d}.{os.getpid()}.tmp.npy"
    np.save(temporary, row(float(SAMPLING_PROBABILITIES[index])))
    temporary.replace(_part(parts, index))


def _provenance() -> str:
    return json.dumps(
        {
            "command": "python -m engine table",
            "method": profile.__name__,
            "relation": "add-or-remove-one, Poisson sampling",
            "numpy": version("numpy"),
            "scipy": version("scipy"),
        }
    )
