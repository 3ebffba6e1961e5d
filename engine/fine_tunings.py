"""Published fine-tunings of public language models, with a promise and without.

The figures stand in ``data/published/public_fine_tuning.csv`` as their sources print them. No
source prints its noise; where people, batch, steps, ε and δ are all known, accounting gives it.
Losses of different texts and tokenizers cannot be compared, but the **gap** can: what the promise
cost on one text, the loss with it less the loss without.
"""

import math
import re
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from engine.errors import InputError
from engine.tables.reader import read_file
from engine.tables.table import Row, Table

PATH = Path(__file__).parents[1] / "data" / "published" / "public_fine_tuning.csv"
_WITHOUT = "inf"
_TRAINABLE = re.compile(r"\(~?([\d.]+)([KM]) trainable\)")
_SCALES = {"K": 1e3, "M": 1e6}


@dataclass(frozen=True, kw_only=True)
class FineTuning:
    """One printed result; None: not printed."""

    source: str
    model: str
    """Model, method and text, as the source names them."""
    model_size: float
    """Parameters."""
    batch_size: float | None
    iterations: float | None
    epsilon: float | None
    """Infinite: trained without a promise. None: the start itself, or not printed."""
    delta: float | None
    data_budget: float | None
    """People, authors or documents: what the source protects."""
    cross_entropy: float
    """Nats per token."""
    note: str

    @property
    def private(self) -> bool:
        """Whether a promise is stated."""
        return self.epsilon is not None and math.isfinite(self.epsilon)

    @property
    def trainable_size(self) -> float | None:
        """Parameters that move: all of a full fine-tuning, else as the source prints them."""
        printed = _TRAINABLE.search(self.model)
        if printed is not None:
            return float(printed[1]) * _SCALES[printed[2]]
        return self.model_size if "full fine-tuning" in self.model else None

    @property
    def complete(self) -> bool:
        """Whether accounting can find the noise that the source does not print."""
        needed = (self.data_budget, self.batch_size, self.iterations, self.delta)
        return self.private and None not in needed

    @property
    def lacks(self) -> tuple[str, ...]:
        """What the source does not print of what a law of fine-tuning needs, by its column; of a
        training without a promise no people, ε and δ are needed."""
        asked = {
            "trainable_size": self.trainable_size,
            "batch_size": self.batch_size,
            "iterations": self.iterations,
        }
        if self.epsilon is None or self.private:
            asked |= {
                "epsilon": self.epsilon,
                "delta": self.delta,
                "data_budget": self.data_budget,
            }
        return tuple(name for name, value in asked.items() if value is None)


@dataclass(frozen=True, kw_only=True)
class Gap:
    """One model on one text, with the promise and without."""

    private: FineTuning
    plain: FineTuning

    @property
    def nats(self) -> float:
        """What the promise cost, nats per token."""
        return self.private.cross_entropy - self.plain.cross_entropy

    @property
    def log_ratio(self) -> float:
        """ln of the loss with the promise over that without."""
        return math.log(self.private.cross_entropy / self.plain.cross_entropy)


@lru_cache(maxsize=4)
def fine_tunings(path: Path = PATH) -> tuple[FineTuning, ...]:
    """All rows in the order of the file. Raises :class:`InputError` for one that cannot be true."""
    table = read_file(path)
    found = []
    for line in table.rows:
        one = FineTuning(
            source=table.cell(line, "source"),
            model=table.cell(line, "model"),
            model_size=float(table.number(line, "model_size")),
            batch_size=_optional(table, line, "batch_size"),
            iterations=_optional(table, line, "iterations"),
            epsilon=_optional(table, line, "epsilon"),
            delta=_optional(table, line, "delta"),
            data_budget=_optional(table, line, "data_budget"),
            cross_entropy=float(table.number(line, "loss")),
            note=table.cell(line, "note"),
        )
        if not (one.cross_entropy > 0 and one.model_size > 0):
            raise InputError("Expected a loss and a size above 0 for {name}.", name=one.model)
        found.append(one)
    return tuple(found)


def _optional(table: Table, line: Row, name: str) -> float | None:
    text = table.cell(line, name).strip()
    if not text:
        return None
    return math.inf if text == _WITHOUT else float(table.number(line, name))


def gaps(rows: tuple[FineTuning, ...] | None = None) -> list[Gap]:
    """Every result with a promise beside the one without, of the same model, method and text in the
    same source; the fewest people first. Repeats of one result count once."""
    groups: dict[tuple[str, str], list[FineTuning]] = defaultdict(list)
    for row in fine_tunings() if rows is None else rows:
        groups[row.source, row.model].append(row)
    found = {}
    for of_one in groups.values():
        plain = [row for row in of_one if row.epsilon == math.inf]
        for row in of_one:
            # Federated rows train in another way than the one without a promise.
            if row.private and plain and "federated" not in row.note:
                key = (row.source, row.model, row.cross_entropy)
                found[key] = Gap(private=row, plain=plain[0])
    return sorted(
        found.values(),
        key=lambda gap: (gap.private.data_budget or math.inf, gap.private.model_size),
    )
