"""A pilot as a pre-registered test: everything that is fixed before the first step, and its hash.

A :class:`PilotPlan` holds the privacy promise, the arms to train and what the law predicts of each,
frozen: the runner trains what the plan says, and the verdict compares with what the plan predicted.
``plan_id`` is a hash of all of it, so a double click starts one run and a prediction cannot be
changed after the fact. The time it was made is not part of it.

Loads no torch: pages and commands import it.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from engine.accounting.certificate import Certificate
from engine.accounting.domain import group_size, largest_batch
from engine.accounting.mechanism import Mechanism, mechanism_of
from engine.config import Sampling, TrainingConfig
from engine.errors import InputError
from engine.interval import Interval
from engine.pilot.limit import Limit
from engine.pilot.shape import Shape
from engine.runs.checks import canonical_json
from engine.untrusted.guard import attempted
from engine.untrusted.texts import json_value

SOURCE = "kessai pilot 1"
"""What records of these trainings carry as source; the number rises when losses change meaning."""


_ROUNDED = 1e-12

WINDOW = 64
"""Tokens of an example, as in the trainings behind the law of pilots."""
SHORTEST_WINDOW, LONGEST_WINDOW = 16, 1024
MOST_DOCUMENTS = 64
"""Of a person that a step takes windows of, at most."""
TABLES = ("jsonl", "csv", "parquet", "huggingface")
"""Kinds of corpora that have columns."""


class Engine(StrEnum):
    """Who computes the clipped sums."""

    FAST = "fast"
    """Ours: mixed ghost and direct norms, one backward pass."""
    OPACUS = "opacus"
    """Opacus's hooks: the reference."""


class Schedule(StrEnum):
    """Learning rate over the steps after the warm-up."""

    CONSTANT = "constant"
    """Every point of the curve is then a run of that many steps, as in the paper."""
    LINEAR = "linear"
    COSINE = "cosine"


@dataclass(frozen=True, kw_only=True)
class Start:
    """Public weights that a training begins from (:mod:`engine.pilot.starts`)."""

    name: str
    sha256: str
    """Of their file."""
    lora_rank: int = 0
    """Rank of what is trained beside each linear layer of the blocks; 0: all weights move."""


@dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """One training run, all that decides its result; the privacy promise stands beside it.

    ``noise_batch_ratio`` is the standard deviation of the noise on the mean of clipped gradients,
    whose norm is at most 1; 0 trains with clipping and without noise. ``batch_size`` is the
    expected number of units a step under Poisson sampling from ``data_budget`` units. Raises
    :class:`InputError` for a sampling that no training has, or a strategy that is none.
    """

    shape: Shape
    config: TrainingConfig
    """model_size is the exact number of parameters of ``shape``."""
    data_budget: int
    noise_batch_ratio: float
    clip_norm: float
    learning_rate: float
    warmup: int
    """Steps of linear warm-up."""
    schedule: Schedule = Schedule.CONSTANT
    averaging: float = 8.0
    """η of polynomial averaging of the weights (Shamir and Zhang, ICML 2013): the curve and the
    model are those of the average. It is post-processing and costs no privacy; 0 turns it off."""
    seed: int | None = None
    """None: sampling comes from the operating system's entropy and noise from generators that take
    such entropy in before each draw (:mod:`engine.pilot.dpsgd.noise`). They cannot be repeated, the
    only way to keep a promise. A number makes the run repeatable and *not private*."""
    engine: Engine = Engine.FAST
    physical_batch_size: int = 64
    """Examples a micro-batch; changes speed, not results."""
    precision: str = "float32"
    """"float32" or "bfloat16" for the forward and backward pass; norms and sums stay float32. Or
    "float64" for all of it but the noise, to compare computations."""
    sampling: Sampling = Sampling.POISSON
    """Or truncated Poisson, whose batches never exceed :attr:`largest_batch`."""
    strategy: tuple[float, ...] = (1.0,)
    """Coefficients c_0 … c_{b−1} of a banded strategy of norm at most 1
    (:mod:`engine.accounting.strategy`): noise is correlated over b steps, and units are in b groups
    that take turns. ``noise_batch_ratio`` is then of the noise before it is correlated."""
    start: Start | None = None
    """None: from fresh weights."""
    documents: int = 1
    """k: a unit that joins a step gives the mean gradient of up to k windows, each of another of
    its documents, clipped as a whole; so its contribution is at most 1 whatever k."""
    recompute: bool = False
    """Whether the activations of a block are computed anew on the way back instead of kept: the
    same gradients in less memory and more time (:mod:`engine.pilot.dpsgd.recomputed`)."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "strategy", tuple(self.strategy))
        if self.sampling not in (Sampling.POISSON, Sampling.TRUNCATED_POISSON):
            raise InputError(
                "Expected poisson or truncated-poisson sampling for a training, got {sampling}.",
                sampling=str(self.sampling),
            )
        require_documents(self.documents)
        if self.documents > 1 and (self.engine is Engine.OPACUS or self.shape.kind != "gpt"):
            raise InputError(
                "Expected the fast engine and a decoder for several documents a person, got "
                "{engine} and {kind}.",
                engine=str(self.engine),
                kind=self.shape.kind,
            )
        if self.recompute and self.engine is Engine.OPACUS:
            raise InputError(
                "Expected the fast engine for a training that computes activations anew, got "
                "{engine}: leave one of the two out.",
                engine=str(self.engine),
            )
        norm = math.hypot(*self.strategy)
        first = self.strategy[0] if self.strategy else 0.0
        if not (first > 0 and norm <= 1 + _ROUNDED):
            raise InputError(
                "Expected a strategy whose first coefficient is above 0 and whose norm is at most "
                "1, got {first} and {norm}: the noise would not keep what its multiplier promises.",
                first=f"{first:g}",
                norm=f"{norm:g}",
            )

    @property
    def bands(self) -> int:
        """Steps over which noise is correlated; 1: independent noise."""
        return len(self.strategy)

    @property
    def compute_flops(self) -> float:
        """Of the training, all windows counted that units may give."""
        return self.documents * self.config.compute_flops

    @property
    def sampling_probability(self) -> float:
        """Of a unit, to join a step; where groups take turns, a step of its own group."""
        return self.config.batch_size / group_size(self.data_budget, self.bands)

    @property
    def largest_batch(self) -> int | None:
        """Units that a step has at most; None where nothing is cut."""
        if self.sampling is not Sampling.TRUNCATED_POISSON:
            return None
        return largest_batch(self.data_budget, self.config.batch_size)

    @property
    def mechanism(self) -> Mechanism | None:
        """What the training is to the accountant; None without noise, which promises nothing.

        Raises :class:`InputError` where no bound is known.
        """
        if self.noise_batch_ratio == 0:
            return None
        sigma = self.noise_batch_ratio * self.config.batch_size
        if self.bands == 1 and self.sampling is Sampling.POISSON:
            return Mechanism.poisson(
                sampling_probability=self.sampling_probability,
                noise_multiplier=sigma,
                iterations=self.config.iterations,
                clipping_norm=self.clip_norm,
            )
        found = mechanism_of(
            self.data_budget,
            self.config.batch_size,
            self.config.iterations,
            sigma,
            self.sampling,
            self.bands,
        )
        return replace(found, clipping_norm=self.clip_norm)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON. What is as it always was is left out: plans keep their ids."""
        content = asdict(self)
        content["shape"] = self.shape.to_dict()
        if self.sampling is Sampling.POISSON:
            del content["sampling"]
        if self.strategy == (1.0,):
            del content["strategy"]
        if self.start is None:
            del content["start"]
        if self.documents == 1:
            del content["documents"]
        if not self.recompute:
            del content["recompute"]
        return content

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "TrainingSettings":
        """Inverse of :meth:`to_dict`."""
        return cls(
            **{
                **data,
                "shape": Shape(**data["shape"]),
                "config": TrainingConfig(**data["config"]),
                "schedule": Schedule(data["schedule"]),
                "engine": Engine(data["engine"]),
                "sampling": Sampling(data.get("sampling", Sampling.POISSON)),
                "start": Start(**data["start"]) if data.get("start") else None,
            }
        )


def require_documents(count: int) -> None:
    """Raise :class:`InputError` unless a unit may give so many windows a step."""
    if not 1 <= count <= MOST_DOCUMENTS:
        raise InputError(
            "Expected 1 to {most} documents a person in a step, got {value}.",
            most=MOST_DOCUMENTS,
            value=count,
        )


@dataclass(frozen=True, kw_only=True)
class CorpusSource:
    """Where the text lies. ``kind``: "docstrings", "python-source", "folder", "jsonl", "csv",
    "parquet" or "huggingface"; the columns matter for tables only."""

    kind: str
    path: str = ""
    text_column: str = "text"
    unit_column: str | None = None
    """Column that names the person; without one, each document is its own unit."""
    tokenizer: str = "bytes"
    """"bytes", or the path of a tokenizers JSON that was not trained on this text."""
    rules_off: tuple[str, ...] = ()
    """Rules of :class:`engine.pilot.text.identity.Rule` that are not applied to persons."""
    window: int = WINDOW
    """Tokens of an example. Losses of other windows do not compare: each is a family."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "rules_off", tuple(self.rules_off))
        if not SHORTEST_WINDOW <= self.window <= LONGEST_WINDOW:
            raise InputError(
                "Expected a window of {least} to {most} tokens, got {value}.",
                least=SHORTEST_WINDOW,
                most=LONGEST_WINDOW,
                value=self.window,
            )

    @property
    def unit(self) -> str:
        """Whom a training on it can protect: a person where a table's column names one, else each
        document."""
        return "person" if self.kind in TABLES and self.unit_column else "document"


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One configuration to train, once for every seed."""

    name: str
    """"recommended" or "rule" (20 tokens a parameter)."""
    settings: TrainingSettings
    certificate: Certificate
    predicted: Interval | None
    """Held-out loss that the law expects, nats per token or byte; None in plans of before laws were
    transferred to other families."""


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """Where a prediction comes from that is not of its own family's law."""

    source: str
    """Family of the evidence."""
    runs: int
    """Runs of the predicted family that moved its law; with 0 the interval says only how far
    families differ."""

    def __str__(self) -> str:
        runs = "1 run" if self.runs == 1 else f"{self.runs} runs"
        return f"transferred from {self.source}, moved by {runs} of this text"


@dataclass(frozen=True, kw_only=True)
class PilotPlan:
    """A pre-registered test. ``arms[0]`` is the recommendation."""

    corpus: CorpusSource
    corpus_fingerprint: str
    """SHA-256 of the tokens and their units."""
    family: str
    epsilon: float
    delta: float
    privacy_unit: str
    arms: tuple[Arm, ...]
    repeats: int
    """Independent trainings of each arm. Each is its own release: ε is for one of them, and the
    promise for all together is stated as ``repeats`` × arms of it (basic composition)."""
    evidence_id: str
    """Family of the evidence whose law steers and predicts."""
    evidence_hash: str
    """Of all its runs, and of those that moved it."""
    code_version: str
    expected_seconds: float
    device: str
    keep_weights: bool = False
    canaries: int = 0
    """Random sequences of nobody, half of which join ``arms[0]``'s trainings, to audit them. They
    spend model capacity: that arm's loss is then no test of the prediction and no record."""
    transferred_runs: int | None = None
    """Runs of ``family`` that moved the law of ``evidence_id`` to it; None where nothing was
    transferred: the law is of this family, or the plan predicts nothing."""
    start_cross_entropy: float | None = None
    """Loss on the held-out text of the public start that ``arms[0]`` begins from; None from
    nothing."""
    limit: Limit | None = None
    """What was asked and what ended it; None in plans of before that was said."""
    bytes_per_token: float | None = None
    """Mean over the text, exact; None for bytes, and where it is not known."""
    apart: float | None = None
    """Probability with which it will tell recommendation and rule apart, as reckoned when it was
    made; None without both arms or a prediction, and in plans of before that was kept."""

    @property
    def plan_id(self) -> str:
        """16 hexadecimal digits: hash of everything above but the estimate of time."""
        content = self.to_dict()
        del content["expected_seconds"]
        return hashlib.sha256(canonical_json(content).encode()).hexdigest()[:16]

    @property
    def trainings(self) -> int:
        return len(self.arms) * self.repeats

    @property
    def epsilon_each(self) -> float:
        """The largest ε that one training certifies."""
        return max(arm.certificate.epsilon for arm in self.arms)

    @property
    def epsilon_total(self) -> float:
        """ε at :attr:`delta_total` for whoever sees all trainings: basic composition."""
        return self.repeats * sum(arm.certificate.epsilon for arm in self.arms)

    @property
    def delta_total(self) -> float:
        return self.trainings * self.delta

    @property
    def transfer(self) -> Transfer | None:
        """Where the predictions come from; None where that is their own family's law."""
        if self.transferred_runs is None:
            return None
        return Transfer(source=self.evidence_id, runs=self.transferred_runs)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        content = asdict(self)
        for arm, plain in zip(self.arms, content["arms"], strict=True):
            plain["settings"] = arm.settings.to_dict()
            plain["certificate"] = arm.certificate.to_dict()
        if not self.corpus.rules_off:
            del content["corpus"]["rules_off"]  # as plans were written before: theirs keep ids
        if self.corpus.window == WINDOW:
            del content["corpus"]["window"]
        if self.transferred_runs is None:
            # As plans were written before laws were transferred: theirs keep their ids.
            del content["transferred_runs"]
        if self.start_cross_entropy is None:
            del content["start_cross_entropy"]
        if self.limit is None:
            del content["limit"]
        if self.bytes_per_token is None:
            del content["bytes_per_token"]
        if self.apart is None:
            del content["apart"]
        return content

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> "PilotPlan":
        """Inverse of :meth:`to_json`. Raises :class:`InputError` for anything else."""

        def parse() -> PilotPlan:
            data = json_value(text)
            arms = tuple(_arm(arm) for arm in data.pop("arms"))
            limit = data.pop("limit", None)
            return cls(
                **{**data, "corpus": CorpusSource(**data["corpus"]), "arms": arms},
                limit=limit and Limit.from_dict(limit),
            )

        found = attempted(parse)
        if found is None:
            raise InputError(
                "Expected a pilot plan as Kessai writes it, got something else: make the plan anew."
            )
        return found


def _arm(data: Mapping[str, Any]) -> Arm:
    settings = TrainingSettings.from_dict(data["settings"])
    return Arm(
        name=data["name"],
        settings=settings,
        certificate=Certificate.from_dict(data["certificate"], clipping_norm=settings.clip_norm),
        predicted=data["predicted"] and Interval(**data["predicted"]),
    )
