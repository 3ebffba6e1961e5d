"""What a page may ask of saved scenarios: their fields, files, states, and what changed since.

The dashboard imports the engine through this folder only, so that what it rests on can be read
here; beside it stand the words of :mod:`engine.text` and the base types of :mod:`engine.config`.
"""

from engine.approvals import Standing, State, standings
from engine.approvals import stamp as stamp_of_log
from engine.scenarios import acts, fields, figures, frozen_figures, saved, wording
from engine.scenarios.approval_lock import is_locked
from engine.scenarios.fields import (
    ACCELERATOR,
    ACCELERATORS,
    BUDGET_FIELDS,
    BUDGETS,
    COMPUTE,
    CURRENCY,
    DATA,
    DELTA,
    EPSILON,
    EVIDENCE,
    FIGURES,
    METRIC,
    OVERHEAD,
    PAIRS,
    PRICE,
    RATE,
    SAMPLING,
    UTILISATION,
    BudgetField,
    Choice,
    D,
    Field,
    Figures,
    Number,
    T,
    Value,
    assumptions,
    budget,
    own_figures,
    price,
)
from engine.scenarios.frozen_figures import Frozen
from engine.scenarios.saved import Saved
from engine.scenarios.since import Since, is_same_ground, since

__all__ = [
    "ACCELERATOR",
    "ACCELERATORS",
    "BUDGETS",
    "BUDGET_FIELDS",
    "COMPUTE",
    "CURRENCY",
    "DATA",
    "DELTA",
    "EPSILON",
    "EVIDENCE",
    "FIGURES",
    "METRIC",
    "OVERHEAD",
    "PAIRS",
    "PRICE",
    "RATE",
    "SAMPLING",
    "UTILISATION",
    "BudgetField",
    "Choice",
    "D",
    "Field",
    "Figures",
    "Frozen",
    "Number",
    "Saved",
    "Since",
    "Standing",
    "State",
    "T",
    "Value",
    "acts",
    "assumptions",
    "budget",
    "fields",
    "figures",
    "frozen_figures",
    "is_locked",
    "is_same_ground",
    "own_figures",
    "price",
    "saved",
    "since",
    "stamp_of_log",
    "standings",
    "wording",
]
