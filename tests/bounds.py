"""Certified bounds on ε that all tests and workers share: each is computed once a session."""

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

Bound = Callable[[float, float, int, float, float], tuple[float, str]]


def shared(bound: Bound, folder: Path) -> Bound:
    """``bound`` with a file in ``folder`` for each answer."""
    folder.mkdir(exist_ok=True)

    def known(
        probability: float, sigma: float, compositions: int, delta: float, cell: float
    ) -> tuple[float, str]:
        asked = (float(probability), float(sigma), int(compositions), float(delta), float(cell))
        path = folder / f"{hashlib.sha256(repr(asked).encode()).hexdigest()}.json"
        try:
            epsilon, accountant = json.loads(path.read_text())
        except FileNotFoundError:
            epsilon, accountant = bound(probability, sigma, compositions, delta, cell)
            temporary = path.with_suffix(f".{os.getpid()}")
            temporary.write_text(json.dumps([epsilon, accountant]))
            temporary.replace(path)
        return epsilon, accountant

    return known
