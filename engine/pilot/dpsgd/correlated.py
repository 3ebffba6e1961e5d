"""Noise that is correlated over b steps: C⁻¹ applied to the white noise of the steps so far.

With a banded strategy c_0 … c_{b−1} the noise of step t is

    ẑ_t = (z_t − Σ_{j=1}^{b−1} c_j·ẑ_{t−j}) / c_0

(Choquette-Choo et al., arXiv 2306.08153, algorithm 9): white noise z_t is drawn once a step and
never again, and only the last b − 1 of the ẑ are kept, one vector of the model's size each.

**The past is a secret.** Who has ẑ_t and the noisy gradient of step t has the exact gradient. It
lies in the process's memory and, while steps are left, in the checkpoint, which only its owner may
read and which is written anew without it after the last step. It is no output that ε covers.

**A gap in the steps ends it.** After a kill the steps since the checkpoint are charged and lost,
and their noise with them. Going on from the past of before would release a second time what
units of the last b − 1 steps gave, under noise that the certificate does not count. So the past is
forgotten wherever a step does not follow the last one: the noise then begins anew as at the first
step. The two parts are two strategies on different steps, each of column norm at most ‖c‖, and
every unit still joins only every b-th step, so the certificate holds.
"""

from typing import Any

import torch
from torch import Tensor


class Correlated:
    """The noise of one training; ``count`` values a step, float32, on ``device``."""

    def __init__(self, strategy: tuple[float, ...], count: int, *, device: torch.device) -> None:
        self._first = strategy[0]
        self._rest = torch.tensor(strategy[1:], dtype=torch.float32, device=device)
        self._past = torch.zeros(len(strategy) - 1, count, device=device)
        """Row t mod (b − 1) holds ẑ_t; zeros: no such step."""
        self._next = 0

    def of(self, white: Tensor, turn: int) -> Tensor:
        """The noise of step ``turn``, made of its white noise, which must be fresh."""
        if turn != self._next:
            self._past.zero_()
        rows = len(self._past)
        # c_j belongs to the row of step turn − j.
        places = (turn - 1 - torch.arange(rows, device=self._rest.device)) % rows
        weights = torch.empty_like(self._rest)
        weights[places] = self._rest
        found = torch.addmv(
            white, self._past.t(), weights, beta=1 / self._first, alpha=-1 / self._first
        )
        self._past[turn % rows] = found
        self._next = turn + 1
        return found

    def state(self) -> dict[str, Any]:
        """What :meth:`load` needs, a secret; the tensor is live."""
        return {"past": self._past, "next": self._next}

    def load(self, state: dict[str, Any]) -> None:
        """Go on from ``state``."""
        self._past.copy_(state["past"])
        self._next = state["next"]

    def forget(self) -> None:
        """The next step begins anew."""
        self._past.zero_()
        self._next = 0
