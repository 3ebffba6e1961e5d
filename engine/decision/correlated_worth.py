"""What correlated noise would be worth in money: the best plan with groups against one without.

Both plans are of one coarse grid (:mod:`engine.decision.correlated`), at the same compute, people
and ε, so that they cost the same and promise the same; they meet the same future. What differs is
the loss, by what a share of σ̄ the correlated noise was measured to be equal to. The range is that
of this share; how far the law itself may err moves both plans alike.

Not covered: what a team pays to find learning rates anew, and a step's own time (1.02 times).
"""

import numpy as np

from engine.cost import Workload
from engine.decision.answer import Answer
from engine.decision.correlated import Banded, More
from engine.decision.fitted import FittedEvidence
from engine.interval import FloatArray, Interval
from engine.roi.appraise import sample
from engine.roi.plan import RECOMMENDATION, Plan, forecast
from engine.roi.study import Study


def worth(found: More, answer: Answer, fitted: FittedEvidence) -> Interval | None:
    """NPV in JPY that the best number of bands adds, its mean over the draws; None where no step
    leads from a loss to a value."""
    study = answer.study
    if study is None:
        return None
    before = _npv(found.independent, 1.0, study, answer, fitted)
    best, share = found.best, found.best.share
    value, low, high = (
        float(np.mean(_npv(best, kept, study, answer, fitted) - before))
        for kept in (share.value, share.high, share.low)
    )
    return Interval(value=value, low=min(low, value), high=max(high, value), level=share.level)


def _npv(
    choice: Banded, share: float, study: Study, answer: Answer, fitted: FittedEvidence
) -> FloatArray:
    """Of one plan whose noise acts like this share of it, over the draws."""
    config = choice.config
    ratio = choice.noise_batch_ratio * share
    plan = Plan(
        name=RECOMMENDATION,  # A run's own scatter is the same draw for both.
        workload=Workload.of(config, answer.question.budget.data_budget),
        loss=forecast(RECOMMENDATION, config, ratio, fitted.fit, fitted.space),
        advantage=study.appraisal.plan.advantage,
    )
    return sample(plan, study.table, study.curve).flows.npv
