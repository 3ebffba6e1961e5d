"""The audit of the law with its two drifts, and with either of them for everything.

``python -m tests.benchmarks.audit_drift`` (LAWS of each kind, default 16, and DECISIONS for each,
default 3; an hour of a busy core) fits laws that are known, as ``python -m engine fit
--check-coverage`` does, and counts how often each range held.
"""

import math
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from engine.decision.audit import judged
from engine.decision.audit.known_laws import SCATTER, Known, drawn_laws, known_fit, made_evidence
from engine.decision.decide import LEVEL, decide
from engine.law.stack import STACKED


def cases(one: Known, seed: int, decisions: int) -> Iterator[tuple[str, str, float]]:
    """(way, range or score, value) of so many decisions under each way of drawing errors."""
    plain = judged._fitted(one, made_evidence(one, seed), STACKED)
    fit = plain.fit
    ways = (
        ("both drifts", plain),
        ("the whole", replace(plain, fit=replace(fit, level_drift=fit.drift))),
        ("the level's", replace(plain, fit=replace(fit, drift=fit.level_drift))),
    )
    truth, rng = replace(plain, fit=known_fit(one.law)), np.random.default_rng([seed, 2])
    for _ in range(decisions):
        budget = judged._budget(rng)
        true = decide(budget, truth)
        noise = rng.normal()
        least = true.recommendation.cross_entropy.value
        target = least * math.exp(rng.uniform(0.0, judged._HIGHER))
        values = judged._true(judged._ranges(true) | judged._inverse(truth, budget, target))
        for way, law in ways:
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
