"""Runs that all lie on the ridge of optima, with our campaign's weights of the forms beforehand.

``python -m tests.benchmarks.ridge_alone`` (LAWS of each kind, default 6; some five minutes of a
core) first says what share those weights should have: by Table 2 alone, without Table 3, how far
the larger computes are missed by weights that never saw them. Then, for laws that are known and
make evidence like Table 2, what the weights do to ranges: of the loss at the rows of Table 3, off
the ridge at other steps and sizes, and of decisions. Forms are drawn alike there, so that the
campaign's are wrong for most of these laws.
"""

import math
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from engine.decision.audit import judged
from engine.decision.audit.known_laws import SCATTER, Known, drawn_laws, known_fit, made_evidence
from engine.decision.decide import decide
from engine.decision.fitted import (
    PUBLISHED_BERT,
    capacity_of,
    evidence_of,
    forms_beforehand,
    selection_of,
)
from engine.interval import FloatArray
from engine.law.forms import form_of
from engine.law.observations import observations_of
from engine.law.selection.holdout import HeldOut, best, held_out
from engine.law.selection.stacking import FormsBeforehand, pooled_weights
from engine.law.stack import STACKED, _mean, fit_stack

_SHARES = (0.0, 0.25, 0.4, 0.5, 0.6, 0.75, 1.0)
_OFF = ((4.52e6, 128_000.0, 2.0**-15), (4.52e6, 30_000.0, 2.0**-13), (20e6, 60_000.0, 2.0**-14),
        (110e6, 4_000.0, 2.0**-16), (330e6, 10_000.0, 2.0**-17))  # fmt: skip
"""Sizes, steps and noise-batch ratios beside the ridge, Table 3's first."""


def campaigns() -> FormsBeforehand:
    """What our campaign says to Table 2 alone."""
    frame = evidence_of(PUBLISHED_BERT).frame
    off = frame["run_id"][~frame["compute_optimal"].astype(bool)].tolist()
    found = forms_beforehand(selection_of(PUBLISHED_BERT, without=off))
    assert found is not None
    return found


def shares(beforehand: FormsBeforehand) -> None:
    """Print what the larger computes of Table 2 are missed by, for each share."""
    source = evidence_of(PUBLISHED_BERT)
    frame = source.frame[source.frame["compute_optimal"].astype(bool)].reset_index(drop=True)
    rows = observations_of(frame, capacity=capacity_of(source.family))
    found = {name: best(form_of(name), rows) for name in STACKED}
    least = min(objective for _, objective, _ in found.values())
    names = [name for name in STACKED if found[name][1] <= least + 40.0]
    held = [held_out(form_of(name), rows, found[name][0]) for name in names]
    blind = [replace(one, large=()) for one in held]
    for share in _SHARES:
        known = replace(beforehand, share=share)
        unseen, seen = (pooled_weights(names, some, known) for some in (blind, held))
        large = _together(held, unseen).large
        single = _together(held, seen).single
        errors = [float(np.abs(part.errors).mean()) for part in large]
        print(
            f"share {share:.0%}",
            "larger computes " + ", ".join(f"{error:.1%}" for error in errors),
            f"mean {np.mean(errors):.2%}, single {np.abs(single.errors).mean():.2%}",
            sep=": ",
        )


def _together(held: Sequence[HeldOut], weights: FloatArray) -> HeldOut:
    some = np.flatnonzero(weights).tolist()
    return _mean([held[k] for k in some], weights[some])


def cases(one: Known, seed: int, beforehand: FormsBeforehand) -> Iterator[tuple[str, str, float]]:
    """(way, what, value) for one law: evidence on the ridge alone, with either weights."""
    frame = made_evidence(one, seed)
    frame = frame[frame["compute_optimal"].astype(bool)].reset_index(drop=True)
    plain = judged._fitted(one, frame, STACKED)
    with_it = fit_stack(frame, capacity=one.law.capacity, beforehand=beforehand)
    truth, rng = replace(plain, fit=known_fit(one.law)), np.random.default_rng([seed, 3])
    budgets = [judged._budget(rng) for _ in range(3)]
    noise = np.exp(SCATTER * rng.normal(size=len(_OFF)))
    for way, law in (("alike", plain), ("beforehand", replace(plain, fit=with_it))):
        at = tuple(np.array(part) for part in zip(*_OFF, strict=True))
        real = np.minimum(one.law.cross_entropy(*at) * noise, one.law.log_vocabulary)
        said = law.fit.law.cross_entropy(*at)
        low, high = law.fit.interval(*at)
        inside = (low <= real) & (real <= high)
        for name, some in (("Table 3", slice(0, 1)), ("others", slice(1, None))):
            yield way, f"{name} held", float(inside[some].mean())
            yield way, f"{name} error", float(np.abs(np.log(said / real))[some].mean())
            yield way, f"{name} width", float(np.log(high / low)[some].mean())
        for budget in budgets:
            true, found = decide(budget, truth), decide(budget, law)
            values, ranges = judged._true(judged._ranges(true)), judged._ranges(found)
            plan, loss = found.recommendation, found.recommendation.cross_entropy
            config = plan.config
            point = (float(config.model_size), float(config.iterations), plan.noise_batch_ratio)
            got = float(one.law.cross_entropy(*point, float(config.batch_size)))
            yield way, "decision: loss held", float(loss.low <= got <= loss.high)
            yield way, "decision: loss width", math.log(loss.high / loss.low)
            yield way, "decision: regret", got / true.recommendation.cross_entropy.value - 1.0
            for name, value in values.items():
                yield way, f"decision: {name} held", float(judged._holds(ranges[name], value))


def main(laws: int = 6) -> None:
    """Print all of it."""
    beforehand = campaigns()
    print("weights beforehand", {name: f"{w:.0%}" for name, w in beforehand.weights.items()})
    shares(beforehand)
    for outside in (False, True):
        found = defaultdict(list)
        for k, one in enumerate(drawn_laws(laws, outside=outside)):
            for way, name, value in cases(one, 100 * outside + k, beforehand):
                found[way, name].append(value)
        print("outside the forms" if outside else "inside the forms")
        for name in dict.fromkeys(name for _, name in found):
            alike, with_it = (float(np.mean(found[way, name])) for way in ("alike", "beforehand"))
            print(f"{name:<34} alike {alike:.1%}, beforehand {with_it:.1%}", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
