"""Published deployments of differential privacy: what others promise, to which unit.

The figures stand in ``data/published/deployments.csv`` with their sources. Units differ, so the
list is a strip to look along and no ranking.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from engine.errors import InputError
from engine.tables.reader import read_file

PATH = Path(__file__).parents[1] / "data" / "published" / "deployments.csv"


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """One published ε at δ (0: pure DP), for ``unit``, with noise added centrally or locally."""

    organisation: str
    what: str
    year: int
    epsilon: float
    delta: float
    unit: str
    model: str
    source: str
    url: str


@lru_cache(maxsize=4)
def deployments(path: Path = PATH) -> tuple[Deployment, ...]:
    """All deployments, the smallest ε first.

    Raises :class:`InputError` for a row that cannot be true.
    """
    table = read_file(path)
    found = []
    for line in table.rows:
        row = {name: table.cell(line, name) for name in table.header}
        numbers = {name: table.number(line, name) for name in ("epsilon", "delta")}
        if not (numbers["epsilon"] > 0 and 0 <= numbers["delta"] < 1):
            raise InputError(
                "Expected epsilon > 0 and 0 <= delta < 1 for {name}.", name=row["what"]
            )
        found.append(
            Deployment(
                organisation=row["organisation"],
                what=row["what"],
                year=int(row["year"]),
                epsilon=numbers["epsilon"],
                delta=numbers["delta"],
                unit=row["unit"],
                model=row["model"],
                source=row["source"],
                url=row["url"],
            )
        )
    return tuple(sorted(found, key=lambda item: item.epsilon))
