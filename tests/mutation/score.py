"""What the trials say: the killed share, its interval, and whether that is enough."""

import math
import tomllib
from dataclasses import dataclass
from pathlib import Path

LEAST_SHARE = 0.90
MOST_EQUIVALENT = 0.05
_EQUIVALENT = Path(__file__).parent / "equivalent"


@dataclass(frozen=True, kw_only=True)
class Score:
    """Of the mutants that were tried; equivalent ones are left out of the share."""

    tried: int
    killed: int
    equivalent: int

    @property
    def share(self) -> float:
        return self.killed / max(self.tried - self.equivalent, 1)

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the share."""
        return wilson(self.killed, self.tried - self.equivalent)

    @property
    def enough(self) -> bool:
        return self.interval[0] >= LEAST_SHARE and self.equivalent <= MOST_EQUIVALENT * self.tried

    def __str__(self) -> str:
        low, high = self.interval
        return (
            f"{self.killed} of {self.tried - self.equivalent} killed: {self.share:.1%}, "
            f"95 % interval {low:.1%} to {high:.1%}; "
            f"{self.equivalent} of {self.tried} called equivalent"
        )


def wilson(hits: int, trials: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share.

    >>> low, high = wilson(90, 100)
    >>> f"{low:.4f} {high:.4f}"
    '0.8256 0.9448'
    """
    if not trials:
        return 0.0, 1.0
    z = 1.959964
    share, spread = hits / trials, z * z / trials
    centre = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / trials + spread / (4 * trials)) / (1 + spread)
    return max(centre - half, 0.0), min(centre + half, 1.0)


def equivalent_mutants(package: str) -> dict[str, str]:
    """Name of each mutant that no test can kill -> why, from ``equivalent/<package>.toml``."""
    path = _EQUIVALENT / f"{package.strip('/').replace('/', '.')}.toml"
    if not path.exists():
        return {}
    entries = tomllib.loads(path.read_text(encoding="utf-8"))
    return {name: str(entry["why"]) for name, entry in entries.items()}
