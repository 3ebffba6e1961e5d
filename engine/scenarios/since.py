"""Then and now: what a scenario answered when it was saved, what it answers today, and why not the
same.

The net present value of then leads to that of now in steps that add up, each cause being changed
after those before it: first today's code, asked about the law, the assumptions and the certificate
of then; then today's accountant; then each assumption; the law last. What can be brought back is
what is kept: assumptions and certificate stand in the scenario's file, laws are kept as versions
(:mod:`engine.decision.law_store`). Where the law of then is not kept, or the assumptions of then
cannot be read, what they moved is one step together with the code, and says so.

The code of then is not kept and cannot run again: its step is what is left between the figure that
the file holds and what today's code makes of the same, libraries included.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from engine.accounting.certificate import Certificate
from engine.code_version import code_version
from engine.decision import law_store
from engine.decision.answer import Answer, CertificateRequest, answer, decide_on, to_certify
from engine.decision.bridge import bridge
from engine.decision.fitted import FittedEvidence, of_version
from engine.decision.question import Question
from engine.errors import InputError
from engine.law.version import fit_version
from engine.scenarios import fields
from engine.scenarios.frozen_figures import Figure, Frozen, figures_of
from engine.scenarios.saved import Saved
from engine.text import formats

Certify = Callable[[CertificateRequest], Certificate]
"""The certificate of a promise. It may raise :class:`InputError` where there can be none; whatever
else it raises ends the comparison."""
DIGITS = 3
"""Figures of money are shown with so many: what is the same in these has not changed."""


_LEAST_SHARE = 0.1
"""Of today's noise: accountants differ by per cents, and what lies further is no certificate of
theirs."""


class Cause(StrEnum):
    """Why a figure is not what it was."""

    CODE = "code"
    """The code, or what is not kept of then."""
    ACCOUNTANT = "accountant"
    ASSUMPTION = "assumption"
    EVIDENCE = "evidence"
    """The law, fitted to other runs."""
    LAW = "law"
    """The law, another version of it on the same runs."""
    LAW_AND_CODE = "law-and-code"
    """Law, accountant or code: the law of then is not kept."""
    TABLE_AND_CODE = "table-and-code"
    """Assumptions, accountant or code: the assumptions of then cannot be read."""
    ALL = "all"
    """None can be told apart."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """What a cause adds to the net present value, JPY, after those before it."""

    cause: Cause
    amount: float
    assumptions: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Since:
    """Then and now."""

    then: Frozen
    now: Mapping[str, Figure]
    """The same figures today; empty where there is no answer, for the reason in ``refused``."""
    law: str
    evidence_hash: str
    code: str
    refused: InputError | None
    steps: tuple[Step, ...] | None
    """They lead from the net present value of then to that of now, and add up; None where one of
    the two is not known."""

    @property
    def is_changed(self) -> bool:
        """Whether what a board decides on is another, beyond rounding."""
        if not self.now:
            return True
        return any(
            _rounded(self.then.figures[key]) != _rounded(self.now[key])
            for key in ("verdict", "npv", "cash_to_approve", "asked_for")
        )

    @property
    def main(self) -> Step | None:
        """The step that moves most; None where nothing moved."""
        moved = [step for step in self.steps or () if step.amount]
        return max(moved, key=lambda step: abs(step.amount), default=None)


def is_same_ground(then: Frozen, one: Saved, law: str) -> bool:
    """Whether law, code and assumptions are those of then: then the answer is too, and nothing
    needs to be computed. ``law``: the version that answers today."""
    if (then.law, then.code) != (law, code_version()):
        return False
    try:
        asked = then.question(one.values)
    except InputError:
        return False
    return asked == fields.question(one.values)


def since(one: Saved, fitted: FittedEvidence, certify: Certify, *, folder: Path) -> Since:
    """What became of a scenario with frozen figures. ``fitted``: the law that answers today;
    ``folder``: that of the runs, by which versions of laws are kept.

    Some tenths of a second for each law and assumption that changed, and what ``certify`` takes.
    Raises :class:`InputError` where nothing was frozen, and where it was changed since.
    """
    then = one.frozen
    if then is None:
        raise InputError(
            "Expected frozen figures in “{name}”, got none: it was saved before they were kept, or "
            "without an answer.",
            name=one.name,
        )
    if not then.is_whole:
        raise InputError(
            "Expected the frozen figures of “{name}” as they were saved, got changed ones: they "
            "are not shown.",
            name=one.name,
        )
    asked = fields.question(one.values).in_yen()
    now: dict[str, Figure] = {}
    refused = None
    try:
        now = figures_of(_certified(asked, fitted, certify))
    except InputError as error:
        refused = error
    return Since(
        then=then,
        now=now,
        law=fit_version(fitted.fit),
        evidence_hash=fitted.summary.hash,
        code=code_version(),
        refused=refused,
        steps=_steps(one, then, asked, now, fitted, certify, folder),
    )


def _steps(
    one: Saved,
    then: Frozen,
    asked: Question,
    now: Mapping[str, Figure],
    fitted: FittedEvidence,
    certify: Certify,
    folder: Path,
) -> tuple[Step, ...] | None:
    start, end = then.figures["npv"], now.get("npv")
    if not isinstance(start, float) or not isinstance(end, float):
        return None
    law, before = _law_of(then, fitted, folder), _asked_then(one, then)
    path: list[tuple[Cause, tuple[str, ...], float | None]] = []
    if law is not None and before is not None:
        path += _of_code(then, before, law, certify)
    elif before is not None:
        path.append((Cause.LAW_AND_CODE, (), _worth(before, fitted, certify)))
    elif law is not None:
        path.append((Cause.TABLE_AND_CODE, (), _worth(asked, law, certify)))
    if before is not None:
        path += _of_assumptions(before, asked, law or fitted, certify)
    if law is None or law is fitted:
        if not path:
            path.append((Cause.ALL, (), None))
    else:
        is_new = then.evidence_hash != fitted.summary.hash
        path.append((Cause.EVIDENCE if is_new else Cause.LAW, (), None))
    return _added_up(start, path, end)


def _of_code(
    then: Frozen, before: Question, law: FittedEvidence, certify: Certify
) -> list[tuple[Cause, tuple[str, ...], float | None]]:
    """Today's code on what was asked then, first with the certificate of then, then with its own;
    one step for both where that is of another plan."""
    try:
        found = decide_on(before, law)
    except InputError:
        return [(Cause.CODE, (), None)]
    worth = _worth(before, law, certify)
    try:
        fresh, held = certify(to_certify(before, found)), then.certified()
    except InputError:
        return [(Cause.CODE, (), worth)]
    if held is None:
        return [(Cause.CODE, (), worth)]
    as_then = replace(fresh.mechanism, noise_multiplier=held.noise_multiplier)
    is_near = _LEAST_SHARE < held.noise_multiplier / fresh.noise_multiplier < 1 / _LEAST_SHARE
    if as_then != held.mechanism or not is_near:
        return [(Cause.CODE, (), worth)]
    old = answer(before, law, decision=found, certificate=held)
    return [(Cause.CODE, (), _npv(old)), (Cause.ACCOUNTANT, (), worth)]


def _of_assumptions(
    before: Question, asked: Question, law: FittedEvidence, certify: Certify
) -> list[tuple[Cause, tuple[str, ...], float | None]]:
    if before == asked:
        return []
    found = bridge(before, asked, lambda one: _worth(one, law, certify))
    if found is None:
        return [(Cause.ASSUMPTION, (), None)]
    path: list[tuple[Cause, tuple[str, ...], float | None]] = []
    value = found.start
    for step in found.steps:
        value += step.amount
        path.append((Cause.ASSUMPTION, step.assumptions, value))
    return path


def _added_up(
    start: float, path: list[tuple[Cause, tuple[str, ...], float | None]], end: float
) -> tuple[Step, ...]:
    """Steps from one value to the next; the last one ends at ``end``, and one without a value joins
    the next: then their causes cannot be told apart."""
    steps: list[Step] = []
    waiting: list[tuple[Cause, tuple[str, ...]]] = []
    value = start
    for place, (cause, assumptions, reached) in enumerate(path):
        waiting.append((cause, assumptions))
        target = end if place == len(path) - 1 else reached
        if target is None:
            continue
        if target != value:
            causes = {each for each, _ in waiting}
            names = tuple(name for _, some in waiting for name in some)
            together = cause if len(causes) == 1 else Cause.ALL
            steps.append(Step(cause=together, assumptions=names, amount=target - value))
        value, waiting = target, []
    return tuple(steps)


def _law_of(then: Frozen, fitted: FittedEvidence, folder: Path) -> FittedEvidence | None:
    """The law of then; today's own where it is the same; None where it is not kept."""
    if then.law == fit_version(fitted.fit):
        return fitted
    try:
        kept = law_store.read(then.law, folder)
    except InputError:
        return None
    return of_version(kept) if kept.evidence_id == then.evidence_id else None


def _asked_then(one: Saved, then: Frozen) -> Question | None:
    try:
        return then.question(one.values).in_yen()
    except InputError:
        return None


def _certified(asked: Question, fitted: FittedEvidence, certify: Certify) -> Answer:
    decision = decide_on(asked, fitted)
    try:
        certificate = certify(to_certify(asked, decision))
    except InputError as error:
        return answer(asked, fitted, decision=decision, refusal=error)
    return answer(asked, fitted, decision=decision, certificate=certificate)


def _worth(asked: Question, fitted: FittedEvidence, certify: Certify) -> float | None:
    try:
        return _npv(_certified(asked, fitted, certify))
    except InputError:
        return None


def _npv(found: Answer) -> float | None:
    return None if found.study is None else float(found.study.appraisal.npv.value)


def _rounded(figure: Figure) -> Figure:
    if isinstance(figure, str) or figure is None or not math.isfinite(figure):
        return figure
    return formats.rounded(figure, DIGITS)
