"""May the law of fine-tuning be asked about a published result, and what does it answer?

One answer a row of ``data/published/public_fine_tuning.csv``. A *loss* needs the start's own loss
on the text, which one source alone prints (as a row of its own); what a promise *costs relative to
the same training without it* does not (:mod:`engine.decision.published_gaps`). Either needs trained
parameters, batch and steps, and the noise, which accounting gives from people, ε and δ.

A row that is complete is asked how far it lies from what was trained here. Where the source does
not print the trained parameters, the distance is the least that any number of them would have.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from engine.accounting.search import noise_multiplier
from engine.allocation.reach import word_of
from engine.allocation.result import Word
from engine.decision.fine_tuning import tuning_law
from engine.decision.published_gaps import AskedGap, asked_gaps
from engine.fine_tunings import FineTuning, fine_tunings
from engine.interval import Interval
from engine.law.fine_tuning.points import Configurations

_FEDERATED, _START = re.compile("federated"), re.compile("base model, no fine-tuning")
_TRIED = 64
"""Numbers of trained parameters, of which the nearest counts where none is printed."""


class Asking(StrEnum):
    """What a row can be asked about."""

    COST = "cost"
    """What its promise cost beside its pair."""
    DISTANCE = "distance"
    """How far it lies alone: its pair, or the trained parameters of it, are not there."""
    PAIR = "pair"
    """Nothing by itself: it is the training without a promise that others are held to."""
    START = "start"
    """Nothing: it is the start before any step."""
    OTHER = "other"
    """Nothing: it was trained in another way (federated)."""
    LACKING = "lacking"
    """Nothing: the source prints too little."""


@dataclass(frozen=True, kw_only=True)
class PublishedRow:
    """A printed result, and what the law says of it."""

    row: FineTuning
    asking: Asking
    noise_multiplier: float | None
    """By accounting; None where it cannot be found."""
    distance: float | None
    """e-folds from the nearest training here; None where it cannot be told."""
    least: bool
    """Whether the distance is the least that it can be."""
    cost: AskedGap | None
    start_cross_entropy: float | None
    """Of the model on the text before any step, where its source prints it, nats per token."""
    loss: Interval | None
    """What the law extrapolates to where that is printed, nats per token, 90 % with its drift."""

    @property
    def reach(self) -> Word | None:
        """What the law says of it: how near it lies, None where it cannot be asked."""
        return None if self.distance is None else word_of(self.distance)

    @property
    def loss_inside(self) -> bool | None:
        """Whether the printed loss lies in that range."""
        if self.loss is None:
            return None
        return self.loss.low <= self.row.cross_entropy <= self.loss.high


def published_rows(rows: Sequence[FineTuning] | None = None) -> list[PublishedRow]:
    """An answer for each row, in the order of the file."""
    chosen = fine_tunings() if rows is None else tuple(rows)
    costs = {_key(one.gap.private): one for one in asked_gaps()}
    begun = {(r.source, r.model): r.cross_entropy for r in chosen if _START.search(r.note)}
    return [
        _answered(row, costs.get(_key(row)), begun.get((row.source, row.model))) for row in chosen
    ]


def _key(row: FineTuning) -> tuple[str, str, float]:
    return row.source, row.model, row.cross_entropy


def _answered(row: FineTuning, cost: AskedGap | None, begun: float | None) -> PublishedRow:
    asking = _asking(row, cost)
    sigma: float | None = None
    at: Configurations | None = None
    distance: float | None = None
    loss: Interval | None = None
    if row.complete and not _FEDERATED.search(row.note):
        sigma = _noise(row)
        at = _places(row, sigma, begun or row.cross_entropy)
        distance = float(tuning_law().distances(at).min())
    elif cost is not None:
        distance = cost.distance
    if at is not None and begun is not None and row.trainable_size:
        loss = tuning_law().predict(at)[0].cross_entropy
    return PublishedRow(
        row=row,
        asking=asking,
        noise_multiplier=sigma,
        distance=distance,
        least=distance is not None and row.trainable_size is None,
        cost=cost,
        start_cross_entropy=begun,
        loss=loss,
    )


def _asking(row: FineTuning, cost: AskedGap | None) -> Asking:
    if cost is not None:
        return Asking.COST
    if _START.search(row.note):
        return Asking.START
    if _FEDERATED.search(row.note):
        return Asking.OTHER
    if row.complete:
        return Asking.DISTANCE
    return Asking.LACKING if row.epsilon is None or row.private else Asking.PAIR


def _noise(row: FineTuning) -> float:
    assert row.data_budget and row.batch_size and row.iterations and row.delta and row.epsilon
    return float(
        noise_multiplier(
            data_budget=row.data_budget,
            batch_size=row.batch_size,
            iterations=row.iterations,
            epsilon=row.epsilon,
            delta=row.delta,
        )
    )


def _places(row: FineTuning, sigma: float, begun: float) -> Configurations:
    assert row.batch_size and row.iterations
    least = float(tuning_law().points.trainable_size.min())
    trained = (
        np.geomspace(least, row.model_size, _TRIED)
        if row.trainable_size is None
        else np.array([row.trainable_size])
    )
    return Configurations.of(
        start_cross_entropy=begun,
        model_size=row.model_size,
        trainable_size=trained,
        iterations=row.iterations,
        batch_size=row.batch_size,
        noise_batch_ratio=sigma / row.batch_size,
    )
