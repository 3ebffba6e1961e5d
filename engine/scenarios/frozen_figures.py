"""What a scenario answered when it was saved: the figures that a board saw, and what they rest on.

All figures are those of the one :class:`engine.decision.answer.Answer`, in the engine's units, with
the hash of the evidence, the versions of law and code, the certificate, and the whole table of
assumptions as it then stood, also where it held defaults. The content has a hash of its own:
figures that were changed in the file are noticed and not shown. (Whoever writes the hash anew as
well changes the version of the scenario, which then is no longer the one that was approved.)
"""

import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from engine.accounting.certificate import Certificate
from engine.code_version import code_version
from engine.decision import law_store
from engine.decision.answer import Answer, Noise
from engine.decision.fitted import FittedEvidence, selection_of
from engine.decision.question import Question
from engine.decision.verdict import Code, Reason
from engine.errors import InputError
from engine.interval import Interval
from engine.law.version import fit_version
from engine.roi.appraise import Appraisal
from engine.roi.assumptions import Assumption, Assumptions
from engine.roi.kinds import MetricKind
from engine.scenarios import fields, figures
from engine.text import quantities

Figure = float | str | None
NEVER = "never"
"""Of months: JSON has no infinity."""


def _said(key: str) -> Callable[[Answer], Figure]:
    return lambda answer: quantities.value(key, answer)


def _of_loss(end: str) -> Callable[[Answer], Figure]:
    return lambda answer: float(getattr(answer.decision.recommendation.cross_entropy, end))


def _of_return(find: Callable[[Appraisal], Interval], end: str) -> Callable[[Answer], Figure]:
    return lambda answer: (
        None if answer.study is None else float(getattr(find(answer.study.appraisal), end))
    )


_FIGURES: Mapping[str, Callable[[Answer], Figure]] = {
    "verdict": _said("verdict"),
    "reason": lambda answer: str(answer.verdict.reason),
    "asked_for": lambda answer: answer.asked_for,
    "cash_to_approve": _said("cash_to_approve"),
    "npv": _said("npv"),
    "npv_low": _of_return(lambda found: found.npv, "low"),
    "npv_high": _of_return(lambda found: found.npv, "high"),
    "probability": _said("probability"),
    "payback": _said("payback"),
    "payback_low": _of_return(lambda found: found.payback_months, "low"),
    "payback_high": _of_return(lambda found: found.payback_months, "high"),
    "training_list_price": _said("training_list_price"),
    "total_cost": _said("total_cost"),
    "pilot_price": _said("pilot_price"),
    "odds_found": _said("odds_found"),
    "odds_guessed": _said("odds_guessed"),
    "model_size": _said("model_size"),
    "batch_size": _said("batch_size"),
    "iterations": _said("iterations"),
    "cross_entropy": _said("cross_entropy"),
    "cross_entropy_low": _of_loss("low"),
    "cross_entropy_high": _of_loss("high"),
    "level": lambda answer: answer.decision.recommendation.cross_entropy.level,
    "loss_unit": _said("loss_unit"),
    "epsilon": _said("epsilon"),
    "epsilon_certified": _said("epsilon_certified"),
    "delta": _said("delta"),
    "noise_multiplier": _said("noise_multiplier"),
}
"""Key → figure: money in JPY, times in months, losses in the unit of the evidence, ``level`` that
of the loss's range; None where there is none."""


@dataclass(frozen=True, kw_only=True)
class Frozen:
    """An answer as it was."""

    at: str
    """ISO 8601, UTC."""
    figures: Mapping[str, Figure]
    assumptions: tuple[Mapping[str, Any], ...]
    """Rows of the table, the prices included, as plain values."""
    evidence_id: str
    evidence_hash: str
    evidence_runs: int
    law: str
    """Version of the law, the hash of its fit."""
    code: str
    noise: str
    """One of :class:`engine.decision.answer.Noise`."""
    certificate: Mapping[str, Any] | None
    """As :meth:`engine.accounting.certificate.Certificate.to_dict` writes it."""
    sha256: str = ""
    """Of the rest, as JSON with sorted keys."""

    @property
    def content(self) -> dict[str, Any]:
        """All but the hash, as plain values."""
        return {name: value for name, value in asdict(self).items() if name != "sha256"}

    @property
    def expected_hash(self) -> str:
        """What :attr:`sha256` must be."""
        text = json.dumps(self.content, sort_keys=True, ensure_ascii=False, allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()

    @cached_property
    def is_whole(self) -> bool:
        """Whether it is as it was written."""
        return self.sha256 == self.expected_hash

    @property
    def is_estimated(self) -> bool:
        """Whether its certificate was still to come."""
        return self.noise == Noise.ESTIMATED

    @property
    def versions(self) -> dict[str, str]:
        """What the log of decisions names beside an act."""
        return {"evidence": self.evidence_hash, "law": self.law, "frozen": self.sha256}

    def is_as(self, other: "Frozen") -> bool:
        """Whether all but the moment is the same."""
        return {**self.content, "at": ""} == {**other.content, "at": ""}

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; :meth:`from_dict` gives an equal one back."""
        return {**self.content, "sha256": self.sha256}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Frozen":
        """Inverse of :meth:`to_dict`. The file may hold anything: so may this raise, and a figure
        that a later Kessai added is kept."""
        known = {str(name): _figure(str(name), found) for name, found in data["figures"].items()}
        if not _FIGURES.keys() <= known.keys():
            raise ValueError("a figure is missing")
        Code(str(known["verdict"])), Reason(str(known["reason"]))
        certificate = data["certificate"]
        if not all(_HASH.fullmatch(str(data[name])) for name in _HASHES):
            raise ValueError("a version is no hash")
        found = cls(
            **{name: str(data[name]) for name in _TEXTS},
            figures=known,
            assumptions=tuple(dict(row) for row in data["assumptions"]),
            evidence_runs=int(data["evidence_runs"]),
            certificate=None if certificate is None else dict(certificate),
        )
        # What could not be written again, or has no hash, cannot be kept either.
        json.dumps(found.to_dict(), ensure_ascii=False, allow_nan=False).encode()
        Noise(found.noise)
        return found

    def certified(self) -> Certificate | None:
        """The certificate; None where there was none. Raises :class:`InputError` where today's code
        cannot read it."""
        if self.certificate is None:
            return None
        try:
            return Certificate.from_dict(self.certificate)
        except (KeyError, TypeError, ValueError) as error:
            raise _unreadable(InputError("the certificate")) from error

    def question(self, values: Mapping[str, fields.Value]) -> Question:
        """What was asked then: the scenario's fields with the assumptions and prices of then, also
        where they were defaults. Raises :class:`InputError` where today's code cannot read them."""
        now = fields.question(values)
        try:
            table = Assumptions(rows=tuple(Assumption(**row) for row in self.assumptions))
        except (KeyError, TypeError, ValueError) as error:
            raise _unreadable(InputError("the table of assumptions")) from error
        device = replace(
            now.prices.accelerator,
            peak_flops=table["peak_flops"].value,
            price_per_hour_usd=table["price_per_device_hour"].value,
        )
        prices = replace(
            now.prices,
            accelerator=device,
            utilisation=table["utilisation"].value,
            dp_overhead=table["dp_overhead"].value,
            jpy_per_usd=table["jpy_per_usd"].value,
        )
        kind = MetricKind(fields.METRIC.of(values))
        curve = figures.curve(kind, fields.PAIRS.of(values), table)
        return replace(now, prices=prices, assumptions=table, curve=curve)


_HASHES = ("evidence_hash", "law", "code", "sha256")
_HASH = re.compile(r"[0-9a-f]{1,64}")
_WORDS = {"verdict", "reason", "loss_unit"}
"""Figures that are words."""
_TEXTS = ("at", "evidence_id", "evidence_hash", "law", "code", "noise", "sha256")


def figures_of(answer: Answer) -> dict[str, Figure]:
    """Every figure of an answer that is frozen."""
    return {key: _plain(find(answer)) for key, find in _FIGURES.items()}


def freeze(answer: Answer, fitted: FittedEvidence, *, at: str) -> Frozen:
    """An answer under a fitted law, for its scenario's file. ``at``: ISO 8601, UTC."""
    found = Frozen(
        at=at,
        figures=figures_of(answer),
        assumptions=tuple(_row(row) for row in answer.question.assumptions.rows),
        evidence_id=fitted.summary.id,
        evidence_hash=fitted.summary.hash,
        evidence_runs=fitted.summary.runs,
        law=fit_version(fitted.fit),
        code=code_version(),
        noise=str(answer.noise),
        certificate=None
        if answer.certificate is None
        else {name: _text(value) for name, value in answer.certificate.to_dict().items()},
    )
    return replace(found, sha256=found.expected_hash)


def law_of(fitted: FittedEvidence) -> str:
    """The version of a law."""
    return fit_version(fitted.fit)


def keep_law(fitted: FittedEvidence, folder: Path) -> None:
    """Keep the law that figures rest on, so that it can be asked again when another one stands.

    Nothing where it is kept already, and where the runs have moved on since it was fitted. Raises
    :class:`InputError` where it cannot be written.
    """
    try:
        law_store.read(fit_version(fitted.fit), folder)
    except InputError:
        evidence = selection_of(fitted.summary.id).evidence
        if evidence.sha256 == fitted.summary.hash:
            made = law_store.version_of(
                evidence, fitted.fit, fitted.space, fitted.coverage, noise_from=fitted.noise_from
            )
            law_store.keep(made, folder)


def is_certified(found: Frozen) -> bool:
    """Whether its figures rest on certified noise."""
    return found.noise == Noise.CERTIFIED


def _row(row: Assumption) -> dict[str, Any]:
    return {name: _text(value) for name, value in asdict(row).items()}


def _text(value: Any) -> Any:
    """A word of an enumeration as the word itself."""
    return str(value) if isinstance(value, str) else value


def _plain(value: Figure) -> Figure:
    if isinstance(value, float) and math.isinf(value):
        return NEVER
    return _text(value)  # type: ignore[no-any-return]


def _figure(key: str, value: Any) -> Figure:
    """A figure as a file has it; raises :class:`ValueError` for what it cannot be."""
    is_never = value == NEVER and key.startswith("payback")
    is_word = isinstance(value, str) and (key in _WORDS or is_never)
    if is_word or (value is None and key not in _WORDS):
        return value  # type: ignore[no-any-return]
    if key in _WORDS:
        raise ValueError("a figure is no word")
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("a figure is no number")
    return value


def _unreadable(what: InputError) -> InputError:
    return InputError(
        "Expected {what} of then as this version of Kessai writes it, got another form.",
        what=what,
    )
