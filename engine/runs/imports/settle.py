"""A measured run -> its settings in full, its status, and what is odd about it.

Derived where enough is known: the batch from the sampling probability and the people or from its
tokens, steps from tokens, tokens or size from the compute (C = 6·M·tokens), σ from σ̄ and B, and σ
from ε, δ, people, B and T by accounting. A stated ε is checked: accounting must grant it to the
stated σ, else the run keeps its noise and loses its promise, and says so.

Assumed where the file is silent, and told: no column of noise means no noise; Poisson sampling of
examples for a promise that names none; :data:`VOCABULARY` for the bound of the loss.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np

from engine.accounting.search import noise_multiplier
from engine.config import (
    FLOPS_PER_PARAMETER_AND_TOKEN,
    Sampling,
)
from engine.errors import InputError
from engine.runs.imports.columns import Columns
from engine.runs.imports.divergence import SMOOTHING, diverged_at
from engine.runs.imports.measured import Measured, Value
from engine.runs.imports.sheet import TABLE
from engine.runs.record import RunRecord

_SIX = FLOPS_PER_PARAMETER_AND_TOKEN
VOCABULARY = 50_257
"""Tokens, where a file says no vocabulary: GPT-2's. It decides only the bound of the loss."""
BYTES = 256
SEQUENCE_LENGTH = 512
"""Tokens an example where a file does not say: that of the published runs."""
UNDERSTATED = 0.95
"""Least share of the σ that accounting asks for a stated ε that a run may have."""
_SAME_TOKENS = 0.1
_REACHED = 0.98
_GAP = 3


class Status(StrEnum):
    """How a run ended."""

    FINISHED = "finished"
    DIVERGED = "diverged"
    CUT = "cut"


class Flag(StrEnum):
    """Why a run is suspicious."""

    SIZE_OUTLIER = "size-outlier"
    DUPLICATE = "duplicate"
    UNIT_SUSPECT = "unit-suspect"
    OUT_OF_RANGE = "out-of-range"
    NON_MONOTONE = "non-monotone"
    SEED_DISAGREEMENT = "seed-disagreement"
    INCOMPLETE = "incomplete"


@dataclass(frozen=True, kw_only=True)
class Found:
    """One flag with its reason."""

    flag: Flag
    reason: InputError


@dataclass(frozen=True, kw_only=True)
class Assumed:
    """What a person says of a whole file, or what is taken where nobody does."""

    family: str
    source: str = TABLE
    """What wrote it: a tracker's name, or :data:`TABLE`."""
    of_bytes: bool = False
    vocabulary_size: int | None = None
    """Tokens; None: :data:`VOCABULARY`, or 256 where losses are counted by the byte."""
    sequence_length: int | None = None
    """Tokens; None: :data:`SEQUENCE_LENGTH` where steps are known."""


@dataclass(frozen=True, kw_only=True)
class Settled:
    """A run as it is judged and stored."""

    measured: Measured
    settings: Mapping[str, Value]
    """Fields of a record, and ``tokens``; None where not known."""
    texts: Mapping[str, str]
    loss: float | None
    """Nats: the mean of the last measurements."""
    status: Status
    ended: InputError | None = None
    """Why it diverged or was cut."""
    flags: tuple[Found, ...] = ()
    record: RunRecord | None = None
    """None for a run that is no point of a law."""
    run_id: str = ""
    assumed: frozenset[str] = field(default=frozenset())
    """Fields that the file does not say."""

    @property
    def name(self) -> str:
        """The file's own name."""
        return self.measured.name


def settle(run: Measured, columns: Columns, assumed: Assumed) -> Settled:
    """The run with everything that follows. Raises :class:`InputError` for what cannot be true."""
    values = _plausible(run.values)
    vocabulary = _vocabulary(values, assumed)
    if run.steps.size and not run.steps.any():
        # Logged without a step: the loss is that of the run's end.
        run = replace(run, steps=run.steps[:0])
    elif run.steps.size:
        values["planned"] = values.get("iterations")
        values["iterations"] = int(run.steps[-1])
    elif columns.has("step"):
        values["iterations"] = values.get("iterations") or values.get("step")
    flags: list[Found] = []
    taken = _derive(values, assumed, flags)
    if not columns.has("noise_multiplier", "noise_batch_ratio", "epsilon"):
        values["noise_multiplier"], values["noise_batch_ratio"] = 0.0, 0.0
        taken.add("noise")
    _settle_noise(values, run.texts, flags, taken)
    if not (values.get("vocabulary_size") or assumed.vocabulary_size):
        taken.add("vocabulary_size")
    status, ended = _status(run, values, vocabulary)
    loss = _loss(run)
    _judge_range(run, loss, vocabulary, status, flags)
    values["vocabulary_size"] = vocabulary
    return Settled(
        measured=run,
        settings=values,
        texts=run.texts,
        loss=loss,
        status=status,
        ended=ended,
        flags=tuple(flags),
        assumed=frozenset(taken),
    )


def _plausible(stated: Mapping[str, Value]) -> dict[str, Value]:
    """The settings without NaN, which says nothing. Raises :class:`InputError` for what is no
    setting of any run."""
    values = {
        name: None if value is None or math.isnan(value) else value
        for name, value in stated.items()
    }
    for name, value in values.items():
        if value is None or (name == "epsilon" and value == math.inf):
            continue
        most = _MOST.get(name, _MOST_COUNT)
        if not abs(value) <= most:
            raise InputError(
                "Expected {name} of at most {high}, got {value}.",
                name=name,
                high=f"{most:g}",
                value=f"{value:g}",
            )
        if name == "vocabulary_size" and value < _LEAST_VOCABULARY:
            raise InputError(
                "Expected {name} of at least {low}, got {value}.",
                name=name,
                low=_LEAST_VOCABULARY,
                value=f"{value:g}",
            )
    return values


_MOST_COUNT = 1e18
_MOST = {"compute_flops": 1e36}
_LEAST_VOCABULARY = 2


def _vocabulary(values: dict[str, Value], assumed: Assumed) -> int:
    said = values.get("vocabulary_size") or assumed.vocabulary_size
    if said:
        return int(said)
    return BYTES if assumed.of_bytes else VOCABULARY


def _loss(run: Measured) -> float | None:
    if not run.losses.size:
        return None
    tail = run.losses[-min(SMOOTHING, max(run.losses.size // 10, 1)) :]
    with np.errstate(invalid="ignore"):
        return float(tail.mean())


def positive(values: Mapping[str, Value], *names: str) -> list[float] | None:
    """The numbers of these names where all are known and positive."""
    found = [values.get(name) for name in names]
    numbers = [float(value) for value in found if value is not None and 0 < value < math.inf]
    return numbers if len(numbers) == len(names) else None


def _fill(values: dict[str, Value], name: str, value: float) -> None:
    if values.get(name) is None:
        values[name] = value


def _derive(values: dict[str, Value], assumed: Assumed, flags: list[Found]) -> set[str]:
    """Fill what follows from other figures; the names of what was assumed."""
    taken: set[str] = set()
    if assumed.sequence_length is not None:
        _fill(values, "sequence_length", assumed.sequence_length)
    for name, needed, derived in _DERIVED:
        if found := positive(values, *needed):
            _fill(values, name, derived(*found))
    if positive(values, "batch_size", "iterations") and values.get("sequence_length") is None:
        values["sequence_length"] = SEQUENCE_LENGTH
        taken.add("sequence_length")
    _check_tokens(values, flags, taken)
    _check_compute(values, flags, taken)
    return taken


def _rounded(value: float) -> float:
    return max(round(value), 1)


_DERIVED: tuple[tuple[str, tuple[str, ...], Callable[..., float]], ...] = (
    ("batch_size", ("sampling_probability", "data_budget"), lambda q, n: _rounded(q * n)),
    ("batch_size", ("batch_tokens", "sequence_length"), lambda b, s: _rounded(b / s)),
    ("sequence_length", ("batch_tokens", "batch_size"), lambda t, b: _rounded(t / b)),
    ("tokens", ("examples", "sequence_length"), lambda e, s: e * s),
    ("tokens", ("compute_flops", "model_size"), lambda c, m: c / (_SIX * m)),
    ("model_size", ("compute_flops", "tokens"), lambda c, d: _rounded(c / (_SIX * d))),
    ("iterations", ("examples", "batch_size"), lambda e, b: _rounded(e / b)),
    (
        "iterations",
        ("tokens", "batch_size", "sequence_length"),
        lambda d, b, s: _rounded(d / b / s),
    ),
    (
        "batch_size",
        ("tokens", "iterations", "sequence_length"),
        lambda d, t, s: _rounded(d / t / s),
    ),
    (
        "sequence_length",
        ("tokens", "batch_size", "iterations"),
        lambda d, b, t: _rounded(d / b / t),
    ),
)
"""What follows, of what, and how, in order: earlier ones feed later ones."""


def _check_tokens(values: dict[str, Value], flags: list[Found], taken: set[str]) -> None:
    """Tokens against B·T·S; where they are B·T, examples were counted."""
    stated = positive(values, "tokens")
    parts = positive(values, "batch_size", "iterations", "sequence_length")
    if parts is None:
        return
    product = math.prod(parts)
    if stated is not None and "sequence_length" not in taken:
        examples = parts[0] * parts[1]
        if not _near(stated[0], product) and "planned" not in values:
            words = {"expected": f"{product:.3g}", "value": f"{stated[0]:.3g}"}
            reason = (
                InputError(
                    "Expected tokens near B·T·S = {expected}, got {value}: it looks like examples.",
                    **words,
                )
                if _near(stated[0], examples)
                else InputError("Expected tokens near B·T·S = {expected}, got {value}.", **words)
            )
            flags.append(Found(flag=Flag.UNIT_SUSPECT, reason=reason))
    values["tokens"] = product


def _check_compute(values: dict[str, Value], flags: list[Found], taken: set[str]) -> None:
    """A stated C against 6·M·tokens: a factor of ten is a slip in the size, or in a unit."""
    found = positive(values, "compute_flops", "model_size", "tokens")
    if found is None or "sequence_length" in taken:
        return
    expected = _SIX * found[1] * found[2]
    off = math.log10(found[0]) - math.log10(_SIX * found[1]) - math.log10(found[2])
    if abs(off) < math.log10(2.5):
        return
    whole = abs(off - round(off / 3) * 3) < 0.2 and abs(off) > 2
    reason = InputError(
        "Expected compute_flops near 6·M·tokens = {expected}, got {value}: a size, a count of "
        "tokens or a unit is wrong.",
        expected=f"{expected:.3g}",
        value=f"{found[0]:.3g}",
    )
    flags.append(Found(flag=Flag.UNIT_SUSPECT if whole else Flag.SIZE_OUTLIER, reason=reason))


def _near(value: float, expected: float) -> bool:
    return abs(value - expected) <= _SAME_TOKENS * expected


def _settle_noise(
    values: dict[str, Value], texts: Mapping[str, str], flags: list[Found], taken: set[str]
) -> None:
    epsilon = values.get("epsilon")
    if epsilon is not None and math.isinf(epsilon):
        values["epsilon"] = None
        values["noise_multiplier"], values["noise_batch_ratio"] = 0.0, 0.0
        return
    sigma, ratio, batch = (
        values.get(n) for n in ("noise_multiplier", "noise_batch_ratio", "batch_size")
    )
    if ratio is None and sigma is not None and batch:
        values["noise_batch_ratio"] = sigma / batch
    if sigma is None and ratio is not None and batch:
        values["noise_multiplier"] = ratio * batch
    if epsilon is None:
        return
    needed = _accounted(values, texts)
    if isinstance(needed, InputError):
        values["epsilon"] = None
        flags.append(Found(flag=Flag.INCOMPLETE, reason=needed))
        return
    if not texts.get("sampling"):
        taken.add("sampling")
    sigma = values.get("noise_multiplier")
    if sigma is None:
        values["noise_multiplier"] = needed
        values["noise_batch_ratio"] = needed / float(batch or 1)
    elif sigma < UNDERSTATED * needed:
        values["epsilon"] = None
        reason = InputError(
            "Expected a noise_multiplier of at least {needed} for the stated ε = {epsilon}, got "
            "{value}: the promise does not hold for this noise, batch, steps and people.",
            needed=f"{needed:.4g}",
            epsilon=f"{epsilon:g}",
            value=f"{sigma:g}",
        )
        flags.append(Found(flag=Flag.UNIT_SUSPECT, reason=reason))


def _accounted(values: Mapping[str, Value], texts: Mapping[str, str]) -> float | InputError:
    """σ that accounting asks for the stated ε, or what is missing for that."""
    needs = ("epsilon", "delta", "data_budget", "batch_size", "iterations")
    missing = [name for name in needs if not values.get(name)]
    if missing:
        return InputError(
            "Expected {missing} beside epsilon: a guarantee says nothing without.",
            missing=", ".join(missing),
        )
    numbers = {name: float(values[name] or 0) for name in needs}
    try:
        found = noise_multiplier(**numbers, sampling=sampling_of(texts))
    except InputError as error:
        return error
    return float(found)


def sampling_of(texts: Mapping[str, str]) -> Sampling:
    """The sampling that a file says; Poisson where it says none it knows."""
    said = texts.get("sampling", "").casefold().replace("_", "-").replace(" ", "-")
    plans = (Sampling.POISSON, Sampling.DETERMINISTIC, Sampling.BEST, Sampling.TRUNCATED_POISSON)
    return next((plan for plan in plans if plan == said), Sampling.POISSON)


_CUT = ("crash", "fail", "kill", "running", "preempt", "abort", "cancel", "stopped", "scheduled")


def _status(
    run: Measured, values: Mapping[str, Value], vocabulary: int
) -> tuple[Status, InputError | None]:
    said = run.texts.get("status", "").casefold()
    if run.losses.size and (at := diverged_at(run.losses, vocabulary)) is not None:
        if run.steps.size:
            return Status.DIVERGED, InputError(
                "The training diverged: its loss is {value} after {iterations} iterations.",
                value=f"{run.losses[at]:g}",
                iterations=int(run.steps[at]),
            )
        return Status.DIVERGED, InputError(
            "The training diverged: its loss is {value}.", value=f"{run.losses[at]:g}"
        )
    if "diverge" in said or said == "nan":
        return Status.DIVERGED, InputError("The training diverged, as its file says.")
    if not run.losses.size:
        return Status.CUT, InputError("No loss of this run is recorded.")
    planned, reached = values.get("planned"), values.get("iterations")
    if planned and reached and reached < _REACHED * planned:
        return Status.CUT, InputError(
            "The training ended after {reached} of {planned} iterations.",
            reached=int(reached),
            planned=int(planned),
        )
    if any(word in said for word in _CUT):
        return Status.CUT, InputError("Its file says {status}.", status=said)
    if run.reached is not None and _ends_early(run, run.reached):
        return Status.CUT, InputError(
            "Its losses end at step {last}, its file goes on to step {reached}.",
            last=int(run.steps[-1]),
            reached=run.reached,
        )
    return Status.FINISHED, None


def _ends_early(run: Measured, reached: int) -> bool:
    """Whether the file goes on for several measurements after the last one that there is."""
    if run.steps.size < _GAP:
        return False
    return reached - int(run.steps[-1]) > _GAP * float(np.median(np.diff(run.steps)))


def _judge_range(
    run: Measured, loss: float | None, vocabulary: int, status: Status, flags: list[Found]
) -> None:
    """A loss within [0, ln V]; a little more is what an untrained model has."""
    if loss is None or not math.isfinite(loss):
        return
    lost = status is Status.DIVERGED and not run.losses.all()
    if loss < 0 or (loss > math.log(vocabulary) and not lost):
        reason = InputError(
            "Expected a loss between 0 and ln(vocabulary) = {highest} nats, got {value}.",
            highest=f"{math.log(vocabulary):.2f}",
            value=f"{loss:g}",
        )
        flags.append(Found(flag=Flag.OUT_OF_RANGE, reason=reason))
