"""What a page may ask of saved scenarios: their fields, files, states, and what changed since.

The dashboard imports the engine through this folder only, so that what it rests on can be read
here; beside it stand the words of :mod:`engine.text` and the base types of :mod:`engine.config`.
"""

from engine.approvals import Standing, State, standings
from engine.approvals import stamp as stamp_of_log
from engine.scenarios import acts, fields, figures, frozen_figures, saved, wording
from engine.scenarios.approval_lock import is_locked
from engine.scenarios.fields import (
    BUDGETS,
    BudgetField,
    Choice,
    D,
    Field,
    Number,
    T,
    Value,
)
from engine.scenarios.frozen_figures import Frozen
from engine.scenarios.saved import Saved
from engine.scenarios.since import Since, is_same_ground, since

__all__ = [
    "BUDGETS",
    "BudgetField",
    "Choice",
    "D",
    "Field",
    "Frozen",
    "Number",
    "Saved",
    "Since",
    "Standing",
    "State",
    "T",
    "Value",
    "acts",
    "fields",
    "figures",
    "frozen_figures",
    "is_locked",
    "is_same_ground",
    "saved",
    "since",
    "stamp_of_log",
    "standings",
    "wording",
]
