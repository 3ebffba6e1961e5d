"""Makes ``law.json``: what the laws said in November 2026.

``python -m tests.golden.make_law``. Their truth is tested elsewhere (known laws come back, other
optimisers agree); these values say that nothing moved unnoticed, each in a moment, without a fit of
the whole stack. Make them anew only where a change of the numbers is meant, and say in the
changelog how far they moved.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd

from engine.law import diagnostics
from engine.law.capacity import Capacity
from engine.law.correlated import correlation
from engine.law.discrepancy import Discrepancy
from engine.law.fit import FitResult, fit, redrawn
from engine.law.foresight import Point, in_turn, narrowing
from engine.law.forms import FORMS
from engine.law.inspection import inspect
from engine.law.jackknife import distances, runs_of, without_each
from engine.law.law import Law
from engine.law.linear import line_of
from engine.law.observations import observations_of
from engine.law.profile import profile
from engine.law.residuals import residuals, row_of_residual
from engine.law.solve import group_scores, huber, normal_matrix, one_step, prior_share, solve
from engine.law.stack import StackedFit, fit_stack
from engine.law.step_noise import step_noise
from engine.law.tokens import fit_tokens
from tests.golden.digest import digest, note
from tests.law.known_sweep import TRUTH, frame_of
from tests.law.made_stack import LIMITS, made_fit, made_stack
from tests.law.published_table import published_table

PATH = Path(__file__).parent / "law.json"
CAPACITY = Capacity(total=(4.5e6, 3e7, 1.1e8, 3.4e8), other=(3.9e5, 1.26e7, 8.5e7, 3.02e8))
STEPS = (64.0, 256.0, 1024.0)
POINTS = tuple(np.array([[1e7, 2e8], [3e3, 6e4], [0.0, 3e-5], [400.0, 5e3]]))


def middle(name: str) -> np.ndarray:
    """θ of a form off its priors' centres, within its box."""
    return np.array(
        [
            np.clip(one.prior[0] + 0.3 * one.prior[1], one.low + 0.01, one.high - 0.01)
            for one in FORMS[name].parameters
        ]
    )


@cache
def sweep() -> pd.DataFrame:
    return frame_of(TRUTH.cross_entropy, steps=STEPS, scatter=0.02, seed=3)


@cache
def drawn_sweep() -> pd.DataFrame:
    """One whose rows say how many examples they drew."""
    frame = sweep()
    batch = np.where(np.arange(len(frame)) % 2, 64.0, 256.0)
    return frame.assign(batch_size=batch, drawn_batch_size=batch)


@cache
def one_fit() -> FitResult:
    return fit(sweep(), form=TRUTH.form, resamples=6)


@cache
def two_fits() -> StackedFit:
    return fit_stack(sweep(), forms=("signal_onset", "additive"), resamples=10)


def shapes() -> list[Any]:
    """Losses and slopes of every form, about the reference and far from it."""
    u, v = np.array([-3.0, 0.5, 2.0, 6.0]), np.array([-2.0, 1.0, -6.0, 3.0])
    s = np.array([0.0, 0.3, 20.0, 2.0])
    found = []
    for name, form in FORMS.items():
        theta = np.stack([middle(name), middle(name) * 0.9])
        loss, slopes = form.surface(theta, u, v, s, np.log(30522), True)
        found.append([digest(loss), digest(slopes)])
        found.append(digest(form.cross_entropy(theta[0], u, v, s, np.log(256))))
        numbers = [(one.low, one.high, *one.starts, *one.prior) for one in form.parameters]
        found.append([list(one) for one in numbers])
    return found


def capacity() -> list[Any]:
    sizes = np.array([1e6, 4.5e6, 2e7, 1.1e8, 2e8, 1e10])
    return [digest(CAPACITY.of(sizes)), digest(CAPACITY.slope(sizes))]


def correlated() -> list[Any]:
    law = correlation()
    shares = [law.equal_share(x) for x in (0.05, 0.5, 1.0)]
    return [digest(law), digest(shares), law.distance(3e5, 900, 0.02)]


def tests_of_a_fit() -> list[Any]:
    with patch.object(diagnostics, "_SIMULATIONS", 12):
        own = diagnostics.diagnose(one_fit().law, sweep())
        tokens = sweep().assign(iterations=sweep()["iterations"] * 4e4)
        size, count, loss = (
            tokens[name].to_numpy(float) for name in ("model_size", "iterations", "cross_entropy")
        )
        law = fit_tokens(size, count, loss, resamples=0)
        return [digest(own), digest(diagnostics.diagnose_tokens(law, tokens))]


def surfaces() -> list[Any]:
    where = np.array([[[0.0, 1.0, 2.0], [3.0, -1.0, 0.5]]])
    return [
        digest(Discrepancy(count=7).at(where)),
        digest(Discrepancy(count=3, length=2).at(where)),
    ]


def estimate() -> list[Any]:
    found = one_fit()
    low, high = found.interval(*POINTS[:3], level=0.8)
    again = redrawn(found, sweep(), resamples=3, seed=2)
    return [
        digest(found),
        digest([low, high]),
        digest(found.discrepancy(*POINTS[:3], drift=found.drift)),
        digest(found.distance(*POINTS[:3])),
        digest(again.theta_drawn),
    ]


def published() -> list[Any]:
    """The fit of Table 2, with conditions, by two forms; capacities counted in one."""
    frame = published_table()
    found = [fit(frame, resamples=3), fit(frame, form="limits", capacity=CAPACITY, resamples=0)]
    return [digest(one) for one in found]


def foresight() -> list[Any]:
    stack = two_fits()
    plan: Point = np.array([2e5]), np.array([900.0]), np.array([2.0**-8]), np.array([64.0])
    runs: Point = (
        np.array([1e5, 5e5, 3e4]),
        np.array([500.0, 2e3, 90.0]),
        np.array([1e-3, 4e-3, 0.0]),
        np.full(3, 64.0),
    )
    prices = np.array([1.0, 30.0, 0.2])
    return [
        digest(narrowing(stack, sweep(), plan, runs)),
        digest(narrowing(stack, None, plan, runs)),
        digest(in_turn(stack, sweep(), plan, runs, prices)),
    ]


def inspection() -> list[Any]:
    found = inspect(two_fits(), sweep())
    return [digest(found), digest(found.rows.residual), digest(found.leading)]


def left_out() -> list[Any]:
    stack, frame = two_fits(), sweep()
    runs = runs_of(frame)
    found = without_each(stack, frame, [runs[0], runs[5]])
    return [digest(distances(stack, frame)), digest(found)]


def lines() -> list[Any]:
    found = []
    observations = observations_of(published_table(), capacity=CAPACITY)
    for name in FORMS:
        law = Law(
            form=name,
            theta=tuple(middle(name).tolist()),
            vocabulary_size=observations.vocabulary_size,
            reference=observations.reference,
        )
        line = line_of(law, observations)
        found.append(None if line is None else [digest(line[0]), digest(line[1])])
    return found


def observations() -> list[Any]:
    """What rows say: optima, capacities, drawn batches, a reference from elsewhere."""
    frame = published_table()
    own = observations_of(drawn_sweep())
    pooled = observations_of(
        drawn_sweep().iloc[4:9].drop(columns="run_id"),
        reference=own.reference,
        counts_drawing=False,
    )
    edges = frame.assign(compute_flops=np.nan)
    found = [observations_of(frame, capacity=CAPACITY), own, pooled, observations_of(edges)]
    return [[digest(one), one.least_noise] for one in found]


def profiled() -> list[Any]:
    found = [profile(one_fit(), sweep(), name) for name in ("steps_exponent", "entropy")]
    return [[digest(one), digest(one.interval)] for one in found]


def missed() -> list[Any]:
    """Residuals of every kind, and what solvers make of them."""
    seen = observations_of(published_table(), capacity=CAPACITY)
    found: list[Any] = [digest(row_of_residual(seen)), digest(huber(np.array([-5.0, 0.3, 1.3])))]
    for name in ("signal_onset", "limits"):
        form, theta = FORMS[name], middle(name)
        found.append(digest(residuals(form, np.stack([theta, 1.02 * theta]), seen)))
        parts = np.arange(len(seen.u)) % 5
        found.append(digest(one_step(form, seen, theta, parts, 5)))
        found.append(digest(normal_matrix(form, seen, theta)))
        found.append(digest(group_scores(form, seen, theta)))
        rows = np.linspace(0.0, 2.0, len(seen.u))
        found.append(digest(prior_share(form, seen, theta, weights=rows)))
    return found


def solved() -> list[Any]:
    """A few steps, a whole way, and priors, widths and shifts of one's own."""
    seen, form = observations_of(sweep()), FORMS["signal_onset"]
    starts = np.stack([middle("signal_onset"), middle("signal_onset") * 0.8])
    weights = np.stack([np.ones(len(seen.u)), np.linspace(0, 2, len(seen.u))])
    precision = np.diag(np.linspace(0.5, 4.0, starts.shape[1]))
    return [
        digest(solve(form, seen, starts, weights, iterations=3)),
        digest(
            solve(
                form,
                seen,
                starts,
                weights,
                centres=starts + 0.1,
                precision=precision,
                shifts=0.01 * weights,
            )
        ),
    ]


def stacks() -> list[Any]:
    found, held = (
        two_fits(),
        made_stack(
            made_fit(draws=3, capacity=CAPACITY),
            made_fit("limits", LIMITS, draws=2, capacity=CAPACITY),
            weights=(0.7, 0.3),
        ),
    )
    return [
        digest(found),
        digest(held.law.cross_entropy(*POINTS)),
        digest(held.resampled_cross_entropy(*POINTS)),
        digest([list(held.forms.items()), held.leading.law.form, held.draws]),
        digest(held.interval(*POINTS)),
    ]


def tokens() -> list[Any]:
    size, count = (x.ravel() for x in np.meshgrid([1e7, 1e8, 1e9], [1e9, 1e10, 1e11]))
    loss = (1.8 + 480 / size**0.35 + 2000 / count**0.37) * np.exp(0.01 * np.cos(np.arange(9)))
    law = fit_tokens(size, count, loss, resamples=3, seed=4)
    return [digest(law), digest(law.cross_entropy(size, count))]


def drawing() -> list[Any]:
    return [digest(step_noise(np.array([0.0, 1e-4]), np.array([1e5, 1e8]), np.array([64.0, 9.0])))]


SECTIONS: dict[str, Callable[[], Any]] = {
    "shapes": shapes,
    "capacity": capacity,
    "drawing": drawing,
    "surfaces": surfaces,
    "lines": lines,
    "observations": observations,
    "missed": missed,
    "correlated": correlated,
    "solved": solved,
    "tokens": tokens,
    "estimate": estimate,
    "stacks": stacks,
    "inspection": inspection,
    "foresight": foresight,
    "left_out": left_out,
    "profiled": profiled,
    "tests_of_a_fit": tests_of_a_fit,
    "published": published,
}


if __name__ == "__main__":
    note(PATH, SECTIONS)
