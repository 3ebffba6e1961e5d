"""What incidents with people's data may cost by law, and how much of it privacy leaves.

By expectation: probability of an incident a year, times its fixed cost and the damages of the
people exposed. The amounts and their sources are assumptions (:mod:`engine.roi.defaults`).
"""

from collections.abc import Mapping

import numpy as np

from engine.interval import FloatArray
from engine.roi.plan import Plan


def incident_loss_per_year(plan: Plan, figures: Mapping[str, FloatArray]) -> FloatArray:
    """Legal loss to be expected in a year of use without privacy, JPY: it grows with the people
    whose data the model was trained on."""
    exposed = plan.workload.data_budget * figures["people_exposed"]
    damage = figures["incident_cost"] + exposed * figures["damages_per_person"]
    return figures["incident_probability"] * damage


def risk_left(plan: Plan, figures: Mapping[str, FloatArray]) -> FloatArray:
    """Share of the legal risk that is left: the drop is that of the attacker's advantage."""
    if plan.advantage is None:
        return np.ones(1)
    return np.minimum(plan.advantage / figures["advantage_without_dp"], 1.0)
