"""Makes strategies.json with jax_privacy 2.0.0 alone.

In an environment of its own, ``pip install jax_privacy==2.0.0``, then ``python
tests/golden/make_strategies.py``; a minute or two. "error" is the squared error times the squared
column norm, as jax_privacy's ``toeplitz.loss`` has it.
"""

import functools
import json
from importlib.metadata import version
from pathlib import Path

import jax
import jax.numpy as jnp
from jax_privacy.matrix_factorization import optimization, toeplitz

jax.config.update("jax_enable_x64", True)

SIZES = [
    (64, 1),
    (64, 4),
    (64, 16),
    (64, 64),
    (300, 4),
    (300, 16),
    (1000, 1),
    (1000, 16),
    (1000, 64),
]
MOMENTA = (0.0, 0.9)
ROUNDS = 60
"""Of L-BFGS: some 15 reach its last digits."""
REDUCTIONS = {"mean": jnp.mean, "max": lambda errors: errors[-1]}


def workload(n: int, momentum: float) -> jax.Array:
    return 1 - momentum ** jnp.arange(1.0, n + 1)


def loss(coef, n, momentum, reduction):
    errors = toeplitz.per_query_error(
        strategy_coef=coef, n=n, workload_coef=workload(n, momentum), skip_checks=True
    )
    return reduction(errors) * toeplitz.sensitivity_squared(coef, n)


def case(n: int, bands: int, momentum: float, name: str) -> dict:
    start = toeplitz.optimal_max_error_strategy_coefs(bands)
    if momentum == 0:
        coef = toeplitz.optimize_banded_toeplitz(
            n, bands, reduction_fn=REDUCTIONS[name], max_optimizer_steps=ROUNDS
        )
    else:
        objective = functools.partial(loss, n=n, momentum=momentum, reduction=REDUCTIONS[name])
        coef = optimization.optimize(objective, start, max_optimizer_steps=ROUNDS)
    coef = coef / jnp.linalg.norm(coef)
    return {
        "iterations": n,
        "bands": bands,
        "momentum": momentum,
        "objective": name,
        "error": float(loss(coef, n, momentum, REDUCTIONS[name])),
        "start_error": float(loss(start, n, momentum, REDUCTIONS[name])),
        "coefficients": [float(c) for c in coef[:4]],
        "noising": [float(c) for c in toeplitz.inverse_coef(coef, n)[:8]],
    }


if __name__ == "__main__":
    cases = [
        case(n, bands, momentum, name)
        for n, bands in SIZES
        for momentum in MOMENTA
        for name in REDUCTIONS
    ]
    made = {"made_with": f"jax_privacy {version('jax_privacy')}", "cases": cases}
    path = Path(__file__).with_name("strategies.json")
    path.write_text(json.dumps(made, indent=1) + "\n")
