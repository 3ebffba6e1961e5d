"""Resamples of a law beside a loop of ``scipy.optimize.curve_fit`` over the same draws.

Both minimise the weighted residuals of one form with its priors, from the same first guess; ours is
robust besides (Huber), which curve_fit's plain least squares is not. The ratio stands in the
benchmark's extra_info (``--benchmark-json FILE``), by processor time, which a busy machine leaves
alone. As many draws as a law takes are fitted, the loop fits some of them; the ratio is that of the
time a draw.
"""

import time

import numpy as np
import pytest
from scipy.optimize import curve_fit

from engine.decision.fitted import MEASURED_GPT, PUBLISHED_BERT, capacity_of, evidence_of
from engine.law.forms import form_of
from engine.law.observations import observations_of
from engine.law.residuals import residuals, row_of_residual
from engine.law.selection.holdout import best, resample

RESAMPLES, LOOPED = 200, 40
_EVALUATIONS = 20_000
"""Of the peer at most: on some processors its usual number is not enough for a draw or two."""


@pytest.mark.parametrize(
    ("evidence", "form"), [(PUBLISHED_BERT, "signal_onset"), (MEASURED_GPT, "limits")]
)
def test_resamples_against_a_loop_of_curve_fit(benchmark, evidence, form):
    shape, capacity = form_of(form), capacity_of(evidence)
    observations = observations_of(evidence_of(evidence).frame, capacity=capacity)
    theta = best(shape, observations)[0]
    mean, width = np.array([p.prior for p in shape.parameters]).T
    low, high = np.array([(p.low, p.high) for p in shape.parameters]).T
    rows = row_of_residual(observations)

    spent: list[float] = []

    def resampled():
        began = time.process_time()
        drawn = resample(shape, observations, theta, RESAMPLES, 0)
        spent.append(time.process_time() - began)
        return drawn

    ours = benchmark.pedantic(resampled, rounds=3, warmup_rounds=1)
    weights = ours[1]

    def model(_, *values):
        point = np.array(values)
        return np.concatenate(
            [residuals(shape, point[None], observations)[0], (point - mean) / width]
        )

    began, found = time.process_time(), []
    for drawn in weights[:LOOPED]:
        sigma = np.concatenate([1 / np.sqrt(np.maximum(drawn[rows], 1e-12)), np.ones(len(mean))])
        target = np.zeros(len(sigma))
        start = np.clip(theta, low + 1e-9, high - 1e-9)
        found.append(
            curve_fit(
                model,
                np.arange(1.0),
                target,
                p0=start,
                sigma=sigma,
                bounds=(low, high),
                max_nfev=_EVALUATIONS,
            )[0]
        )
    loop = time.process_time() - began
    if benchmark.stats is not None:  # None where benchmarks run without being timed
        benchmark.extra_info["times faster"] = round(loop / LOOPED / (min(spent) / RESAMPLES), 1)
    # The same problem: on the draws' mean both end at the same law within its scatter.
    at = observations.u, observations.v, observations.s, observations.log_vocabulary
    one, other = (
        np.log(shape.cross_entropy(np.array(thetas), *at)).mean(axis=0)
        for thetas in (ours[0][:LOOPED], found)
    )
    assert np.sqrt(np.mean((one - other) ** 2)) < 0.02
