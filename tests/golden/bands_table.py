"""bands.json in one table: what correlated noise did to the loss, and the fall of σ̄ it equals.

``python -m tests.golden.bands_table`` prints the rows of docs/mechanisms.md.
"""

import json
import math
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

PATH = Path(__file__).with_name("bands.json")


def read() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(PATH.read_text())
    return found


def best(made: dict[str, Any]) -> dict[tuple[float, int, float], dict[str, float]]:
    """(ε, bands, share of σ) -> mean and half the difference of the two seeds' losses at the best
    rate, of those tried with both seeds."""
    losses: dict[tuple[float, int, float], dict[float, list[float]]] = defaultdict(
        lambda: defaultdict(list)
    )
    errors: dict[tuple[float, int, float], float] = {}
    for run in made["runs"]:
        key = run["epsilon"], run["bands"], run["share"]
        losses[key][run["learning_rate"]].append(run["cross_entropy"])
        errors[key] = run["error"]
    found = {}
    for key, rates in losses.items():
        whole = {rate: seen for rate, seen in rates.items() if len(seen) == 2}
        if not whole:
            continue
        rate = min(whole, key=lambda rate: sum(whole[rate]))
        found[key] = {
            "rate": rate,
            "edge": float(rate in (min(whole), max(whole))),
            "loss": sum(whole[rate]) / 2,
            "half": abs(whole[rate][0] - whole[rate][1]) / 2,
            "error": errors[key],
        }
    return found


def rows(made: dict[str, Any]) -> list[str]:
    """The lines of the table, without its head."""
    found = best(made)
    lines = []
    for epsilon, bands, share in sorted(found):
        if share != 1:
            continue
        ours, alone = found[epsilon, bands, 1.0], found[epsilon, 1, 1.0]
        fewer = sorted(
            (other["loss"], math.log(kept))
            for (e, b, kept), other in found.items()
            if (e, b) == (epsilon, 1)
        )
        losses, kept_logs = [loss for loss, _ in fewer], [kept for _, kept in fewer]
        equal = math.exp(float(np.interp(ours["loss"], losses, kept_logs)))
        rate = f"2^{round(math.log2(ours['rate']))}" + (" (edge)" if ours["edge"] else "")
        lines.append(
            f"| {epsilon:g} | {bands} | {rate} | {ours['loss']:.3f} ± {ours['half']:.3f} | "
            f"{alone['loss'] - ours['loss']:.3f} | {equal:.2f} | "
            f"{ours['error'] / alone['error']:.2f} |"
        )
    return lines


if __name__ == "__main__":
    print("\n".join(rows(read())))
