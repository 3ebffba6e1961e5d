"""What a page may ask of money: prices, assumptions, metrics, studies, inverse questions.

The dashboard imports the engine through this folder only, so that what it rests on can be read
here; beside it stand the words of :mod:`engine.text` and the base types of :mod:`engine.config`.
"""

from engine.accelerator_prices import ACCELERATORS
from engine.cost import DEFAULTS, ONCE, Cost, CostAssumptions, cost, federated_bytes
from engine.device_hour import OwnedMachine, offers_for
from engine.loss_unit import Measure, measure
from engine.roi import inverse
from engine.roi.appraise import NO_MONEY, Comparison
from engine.roi.assumption_files import Loaded, load, to_csv, to_toml
from engine.roi.assumptions import Assumption, Assumptions, Distribution
from engine.roi.defaults import (
    DEFAULT_ASSUMPTIONS,
    OF_METRIC,
    require_metrics,
    with_costs,
    with_metric,
)
from engine.roi.inputs import INPUTS
from engine.roi.inverse import Drawn, Goal, Held, Least
from engine.roi.kinds import METRICS, MetricKind
from engine.roi.metric import CURVE_INPUTS, AssumedCurve, Curve, FittedCurve, assumed, fit_metric
from engine.roi.plan import RULE, TRANSFER, WITHOUT_PRIVACY, Plan
from engine.roi.staging import Gate, StagedPlan
from engine.roi.study import Study
from engine.roi.trace import INPUTS_OF, PARTS_OF, PLAN_INPUTS, inputs_of
from engine.roi.uses import Sharing, Use, share_privacy

__all__ = [
    "ACCELERATORS",
    "CURVE_INPUTS",
    "DEFAULTS",
    "DEFAULT_ASSUMPTIONS",
    "INPUTS",
    "INPUTS_OF",
    "METRICS",
    "NO_MONEY",
    "OF_METRIC",
    "ONCE",
    "PARTS_OF",
    "PLAN_INPUTS",
    "RULE",
    "TRANSFER",
    "WITHOUT_PRIVACY",
    "AssumedCurve",
    "Assumption",
    "Assumptions",
    "Comparison",
    "Cost",
    "CostAssumptions",
    "Curve",
    "Distribution",
    "Drawn",
    "FittedCurve",
    "Gate",
    "Goal",
    "Held",
    "Least",
    "Loaded",
    "Measure",
    "MetricKind",
    "OwnedMachine",
    "Plan",
    "Sharing",
    "StagedPlan",
    "Study",
    "Use",
    "assumed",
    "cost",
    "federated_bytes",
    "fit_metric",
    "inputs_of",
    "inverse",
    "load",
    "measure",
    "offers_for",
    "require_metrics",
    "share_privacy",
    "to_csv",
    "to_toml",
    "with_costs",
    "with_metric",
]
