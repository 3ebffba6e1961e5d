"""The audit of the law with drift as it is, and without what the draws already differ by.

``python -m tests.benchmarks.audit_drift`` (LAWS of each kind, default 16, and DECISIONS for each,
default 3; an hour of a busy core) fits laws that are known, as ``python -m engine fit
--check-coverage`` does, and counts how often each range held. The variance of every held-out
prediction over resamples of its own fit is taken from its linearisation, that over the forms from
their weights; the lesser drift is the least that explains the rest of the errors.
"""

import math
import sys
from collections import defaultdict
from dataclasses import replace
from functools import partial
from unittest.mock import patch

import numpy as np

from engine.decision.audit import judged
from engine.decision.audit.known_laws import SCATTER, Known, drawn_laws, known_fit, made_evidence
from engine.decision.decide import LEVEL, decide
from engine.interval import BoolArray, FloatArray
from engine.law import fit as fits
from engine.law.discrepancy import LENGTH, Discrepancy
from engine.law.forms import form_of
from engine.law.observations import Observations
from engine.law.selection.holdout import HeldOut, LeftOut, held_out
from engine.law.solve import group_scores, normal_matrix, prior_precision
from engine.law.stack import STACKED, StackedFit

SHORTER = 4.0
"""e-folds over which errors are alike, in the third way."""
LEAST_DRIFT = 0.005


def spread(form_name: str, observations: Observations, part: LeftOut) -> FloatArray:
    """(k,) standard deviation of ln L of each held-out prediction, over resamples of its fit."""
    form = form_of(form_name)
    box = np.array([(p.low, p.high) for p in form.parameters]).T
    found = np.empty(len(part.rows))
    thetas, which = np.unique(part.theta, axis=0, return_inverse=True)
    for number, theta in enumerate(thetas):
        those = which.ravel() == number
        kept = np.ones(len(observations.u), dtype=bool)
        kept[part.rows[those]] = False
        free = (theta > box[0] + 1e-9) & (theta < box[1] - 1e-9)
        seen = _rows(observations, kept)
        scores = group_scores(form, seen, theta)
        across = scores.T @ scores + prior_precision(form)
        inverse = np.linalg.inv(normal_matrix(form, seen, theta)[np.ix_(free, free)])
        u, v, s = (x[~kept] for x in (observations.u, observations.v, observations.s))
        loss, slopes = form.loss_and_gradient(theta[None], u, v, s, observations.log_vocabulary)
        by = np.stack(np.broadcast_arrays(*slopes), axis=-1)[0][:, free] / loss[0][:, None]
        covariance = inverse @ across[np.ix_(free, free)] @ inverse
        # Left-out rows of one fit come in the order of the frame.
        found[those] = np.sqrt(np.einsum("kp,pq,kq->k", by, covariance, by))
    return found


def lesser_drift(fit: StackedFit, held: dict[str, tuple[Observations, HeldOut]]) -> float:
    """The drift that is left when the draws' own differences are taken out."""
    weights = np.array(fit.weights)[:, None]
    errors, variances, distances = [], [], []
    parts = [held[one.law.form][1].far for one in fit.members]
    for number, first in enumerate(parts[0]):
        missed = np.stack([far[number].errors for far in parts])
        spreads = np.stack([
            spread(one.law.form, held[one.law.form][0], far[number])
            for one, far in zip(fit.members, parts, strict=True)
        ])  # fmt: skip
        mean = (weights * missed).sum(axis=0)
        errors.append(mean)
        variances.append((weights * (spreads**2 + (missed - mean) ** 2)).sum(axis=0))
        distances.append(first.distances)
    error, variance, distance = map(np.concatenate, (errors, variances, distances))
    for drift in np.geomspace(LEAST_DRIFT, 1.0, 400):
        explained = fit.scatter**2 + variance + (drift * distance) ** 2
        if (error**2 / explained).sum() <= len(error):
            return float(drift)
    return 1.0


def _rows(observations: Observations, kept: BoolArray) -> Observations:
    """The kept rows with all that each says."""
    best, enough = kept[observations.optimal], kept[observations.saturated]
    changed = {
        name: getattr(observations, name)[kept]
        for name in ("u", "v", "s", "log_loss", "log_compute", "groups", "optimal", "saturated")
    }
    changed |= {
        name: getattr(observations, name)[best]
        for name in ("size_slope", "slope_batch", "slope_iterations", "smallest", "largest",
                     "longest")
    }  # fmt: skip
    first, second, third = (probe[:, enough] for probe in observations.probes)
    return replace(observations, **changed, probes=(first, second, third))


def fitted(one: Known, seed: int):
    """The evidence that the law makes, fitted, and every form's hold-outs."""
    held: dict[str, tuple[Observations, HeldOut]] = {}

    def told(form, observations, theta):
        held[form.name] = observations, held_out(form, observations, theta)
        return held[form.name][1]

    with patch("engine.law.stack.held_out", told):
        return judged._fitted(one, made_evidence(one, seed), STACKED), held


def cases(one: Known, seed: int, decisions: int):
    """(way, range or score, value) of so many decisions under each way of drawing errors."""
    plain, held = fitted(one, seed)
    lesser = replace(plain, fit=replace(plain.fit, drift=lesser_drift(plain.fit, held)))
    ways = (
        ("as it is", plain, LENGTH),
        ("lesser drift", lesser, LENGTH),
        ("and shorter waves", lesser, SHORTER),
    )
    truth, rng = replace(plain, fit=known_fit(one.law)), np.random.default_rng([seed, 2])
    for _ in range(decisions):
        budget = judged._budget(rng)
        true = decide(budget, truth)
        noise = rng.normal()
        least = true.recommendation.cross_entropy.value
        target = least * math.exp(rng.uniform(0.0, judged._HIGHER))
        values = judged._true(judged._ranges(true) | judged._inverse(truth, budget, target))
        for way, law, length in ways:
            with patch.object(fits, "Discrepancy", partial(Discrepancy, length=length)):
                found = decide(budget, law)
                ranges = judged._ranges(found) | judged._inverse(law, budget, target)
            plan, loss = found.recommendation, found.recommendation.cross_entropy
            shape = plan.config.model_size, plan.config.iterations
            at = (*map(float, shape), plan.noise_batch_ratio, float(plan.config.batch_size))
            real = float(one.law.cross_entropy(*at)) * math.exp(SCATTER * noise)
            real = min(real, one.law.log_vocabulary)
            outside = max(loss.low - real, real - loss.high, 0.0)
            yield way, "loss", float(outside == 0.0)
            yield way, "score", (loss.high - loss.low + 2 / (1 - LEVEL) * outside) / real
            for name, value in values.items():
                yield way, name, float(judged._holds(ranges[name], value))


def main(laws: int = 16, decisions: int = 3) -> None:
    """Print how often each range held, inside the forms and outside."""
    # Seeds of the whole audit, whose first laws of either kind these are.
    for number, outside in enumerate((False, True)):
        found = defaultdict(list)
        for k, one in enumerate(drawn_laws(20, outside=outside)[:laws]):
            for way, name, value in cases(one, 20 * number + k, decisions):
                found[way, name].append(value)
        print("outside the forms" if outside else "inside the forms")
        for (way, name), shares in found.items():
            print(f"{way:<18} {name:<17} {np.mean(shares):.1%}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
