"""Write decisions.json: what the search recommends for a handful of budgets.

``python -m tests.golden.make_decisions`` takes two minutes. Write it anew only when the evidence,
the law or what may be searched changes: the test which reads it tells that nothing else moved an
answer. That the search finds what an independent one does is tested in tests/allocation.
"""

import json
import tempfile
from pathlib import Path
from typing import Any

from engine.config import Budget, Sampling
from engine.decision.decide import decide
from engine.decision.fitted import EVIDENCE, FittedEvidence, fitted_evidence

PATH = Path(__file__).with_name("decisions.json")
BUDGETS = {
    "published-bert": [
        (1e17, 10**6, 1.0),
        (1e18, 10**6, 8.0),
        (3.8e20, 10**7, 4.0),
        (1e20, 10**5, 16.0),
        (1e22, 10**8, 2.0),
        (1e23, 10**9, 0.5),
    ],
    "gpt-bytes-docstrings": [
        (1e13, 10**4, 8.0),
        (1e14, 10**5, 4.0),
        (1e15, 2_000, 4.0),
        (1e16, 10**6, 2.0),
        (1e17, 10**7, 16.0),
    ],
}


def row(fitted: FittedEvidence, asked: dict[str, Any]) -> dict[str, Any]:
    """What ``asked`` holds of the question (budget and sampling), and its answer."""
    budget = Budget(
        compute_flops=asked["compute_flops"],
        data_budget=asked["data_budget"],
        epsilon=asked["epsilon"],
    )
    answer = decide(budget, fitted, sampling=Sampling(asked["sampling"]))
    best, doubling, rule = answer.recommendation, answer.doubling, answer.rule_tuned
    return asked | {
        "model_size": best.config.model_size,
        "batch_size": best.config.batch_size,
        "iterations": best.config.iterations,
        "noise_multiplier": best.noise_multiplier,
        "cross_entropy": best.cross_entropy.value,
        "saturation_flops": answer.saturation.compute_flops,
        "best_attainable": answer.saturation.best_attainable,
        "doubling_compute": doubling.compute.value,
        "doubling_data": doubling.data.value,
        "doubling_epsilon": doubling.epsilon.value,
        "rule_factor": rule.compute_factor,
        "matched_factor": rule.matched_factor,
    }


def rows() -> list[dict[str, Any]]:
    """One row a budget, evidence and sampling: plain numbers for JSON."""
    found = []
    with tempfile.TemporaryDirectory() as cache:
        for evidence in EVIDENCE:
            fitted = fitted_evidence(evidence, cache=Path(cache))
            for compute, people, epsilon in BUDGETS[evidence]:
                for sampling in Sampling:
                    asked = {
                        "evidence": evidence,
                        "compute_flops": compute,
                        "data_budget": people,
                        "epsilon": epsilon,
                        "sampling": sampling.value,
                    }
                    found.append(row(fitted, asked))
    return found


if __name__ == "__main__":
    PATH.write_text(json.dumps(rows(), indent=1) + "\n", encoding="utf-8")
