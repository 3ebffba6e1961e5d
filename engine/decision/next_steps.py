"""What to do next Monday: a few steps that follow from the verdict, each with its figures.

Pure, and without words: :mod:`engine.text.next_steps` says them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from engine.decision.answer import Answer
from engine.decision.fitted import EVIDENCE
from engine.decision.from_start import Comparison
from engine.decision.question import Question
from engine.decision.verdict import Code
from engine.errors import InputError
from engine.loss_unit import unit_of
from engine.roi.inverse import Drawn, Least
from engine.roi.metric import in_unit
from engine.roi.staging import Gate
from engine.roi.study import Study

_ASSUMPTIONS = 3
"""Assumptions that are asked for at once."""
_LEAST, _MOST = 3, 5
"""Steps that a board is shown."""
_FAR = 10.0
"""So many times the people are nobody's to gather: a public start is tried before."""


class Act(StrEnum):
    """What is to be done."""

    APPROVE = "approve"
    """Give the money that is spent until the first user."""
    TRAIN = "train"
    PILOT = "pilot"
    GATE = "gate"
    """Launch to some, and to all only if the metric is good enough."""
    MEASURE = "measure"
    """Put own figures in the place of assumptions."""
    PEOPLE = "people"
    """Gather the text of more people."""
    FEWER = "fewer"
    """Use the text of fewer people."""
    EPSILON = "epsilon"
    """Ask whether a looser promise may be made."""
    COMPUTE = "compute"
    """Plan with more compute, or with less."""
    START = "start"
    """Pilot a training that begins from a public model."""
    PAIRS = "pairs"
    """Measure what a loss is worth."""
    EVIDENCE = "evidence"
    """See what the plan would be worth by an evidence whose loss has a value."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step.

    ``amount``: JPY of :attr:`Act.APPROVE` and :attr:`Act.PILOT` (None where nobody knows what it
    is worth), people of :attr:`Act.PEOPLE` and :attr:`Act.FEWER`, ε of :attr:`Act.EPSILON`, FLOPs
    of :attr:`Act.COMPUTE`. ``gate``: what must be measured before more is done, where any outcome
    would stop it. ``names``: assumptions to replace, the one that moves the return most first; of
    :attr:`Act.EVIDENCE` that to choose.
    """

    act: Act
    amount: float | None = None
    gate: Gate | None = None
    names: tuple[str, ...] = ()
    fewer: Drawn | None = None
    """What :attr:`Act.FEWER` would be worth."""
    compute_flops: float | None = None
    """The compute that :attr:`Act.PEOPLE` goes with, where the plan's own does not do."""
    start: Comparison | None = None
    """What makes :attr:`Act.START` worth a try."""


def next_steps(
    answer: Answer,
    paying: Sequence[Least] = (),
    fewer: Drawn | None = None,
    together: Drawn | None = None,
    start: Comparison | None = None,
) -> tuple[Step, ...]:
    """Three to five steps, in their order.

    ``paying``: the least of each budget with which the plan pays in the central case, where that
    was asked (:func:`engine.roi.inverse.least_budgets`). ``fewer``: the smaller number of people
    with whom it pays, if any (:func:`engine.roi.inverse.fewer_people`). ``together``: people and
    compute with which it does, where no budget alone is enough
    (:func:`engine.roi.inverse.people_with_compute`). ``start``: public models to begin from.
    """
    study = answer.study
    if study is None:
        begun = _start(start) or (Step(act=Act.PILOT),)
        return (Step(act=Act.PAIRS), *begun, *_valued(answer.question))
    match answer.verdict.code:
        case Code.TRAIN:
            return (
                Step(act=Act.APPROVE, amount=answer.reconciliation.cash_to_approve),
                Step(act=Act.TRAIN),
                _measure(study),
                *(Step(act=Act.GATE, gate=gate) for gate in _deciding(study.staged.gates[1])),
            )
        case Code.PILOT:
            gates = _deciding(study.staged.gates[0])
            pilot = study.staged.pilot.price
            steps = (
                Step(act=Act.APPROVE, amount=pilot),
                Step(act=Act.PILOT, amount=pilot, gate=gates[0] if gates else None),
                *_other_budgets(answer, paying, together),
            )
        case Code.WAIT:
            less = () if fewer is None else (_fewer(fewer),)
            others = less or _other_budgets(answer, paying, together)
            begun = _start(start)
            steps = (*begun, *others) if _far(others, answer) else (*others, *begun)
    steps = (*steps[: _MOST - 1], _measure(study))
    if len(steps) < _LEAST and not study.curve.measured:
        return (*steps, Step(act=Act.PAIRS))
    return steps


def _fewer(found: Drawn) -> Step:
    return Step(act=Act.FEWER, amount=float(found.people), fewer=found)


def _start(found: Comparison | None) -> tuple[Step, ...]:
    return () if found is None or not found.start_pays else (Step(act=Act.START, start=found),)


def _far(steps: Sequence[Step], answer: Answer) -> bool:
    """Whether the first asks for many times the people that there are."""
    first = steps[0] if steps else None
    people = answer.question.budget.data_budget
    return first is not None and first.act is Act.PEOPLE and (first.amount or 0.0) > _FAR * people


def _valued(question: Question) -> tuple[Step, ...]:
    """Another evidence that ships, whose losses have a value by the question's own curve."""
    for evidence_id in EVIDENCE:
        if evidence_id == question.evidence_id:
            continue
        try:
            in_unit(question.curve, unit_of(evidence_id))
        except InputError:
            continue
        return (Step(act=Act.EVIDENCE, names=(evidence_id,)),)
    return ()


def _measure(study: Study) -> Step:
    """The assumptions of the table that move the return most; law and curve are no rows of it."""
    rows = [bar.name for bar in study.tornado if bar.name in study.table.values]
    return Step(act=Act.MEASURE, names=tuple(rows[:_ASSUMPTIONS]))


def _deciding(gate: Gate) -> tuple[Gate, ...]:
    """The gate, if any outcome would stop there."""
    return () if gate.threshold is None else (gate,)


def _other_budgets(
    answer: Answer, paying: Sequence[Least], together: Drawn | None
) -> tuple[Step, ...]:
    """Other compute, more people, or a looser promise, where either alone would make the plan pay;
    else people and compute together."""
    budget = answer.question.budget
    now = {"data_budget": float(budget.data_budget), "epsilon": budget.epsilon}
    acts = {"data_budget": Act.PEOPLE, "epsilon": Act.EPSILON}
    found = {least.name: least.value for least in paying}
    steps = []
    compute = found.get("compute_flops")
    if compute is not None:
        steps.append(Step(act=Act.COMPUTE, amount=compute))
    for name, act in acts.items():
        value = found.get(name)
        if value is not None and value > now[name]:
            steps.append(Step(act=act, amount=value))
    if not steps and together is not None:
        flops = together.budget.compute_flops
        steps.append(Step(act=Act.PEOPLE, amount=float(together.people), compute_flops=flops))
    return tuple(steps)
