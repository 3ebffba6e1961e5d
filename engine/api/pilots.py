"""What a page may ask of pilots: plans, processes, results, verdicts; loads no torch.

The dashboard imports the engine through this folder only, so that what it rests on can be read
here; beside it stand the words of :mod:`engine.text` and the base types of :mod:`engine.config`.
"""

from engine.code_version import code_version
from engine.decision import pilot_effect as pilot_effects
from engine.decision import pilot_law as law_of_pilots
from engine.decision.fine_tuning import lead_of, tuning_basis
from engine.decision.pilot_effect import PilotEffect
from engine.decision.pilot_law import Revision
from engine.loss_unit import unit_of
from engine.pilot import starts
from engine.pilot.audits.audit import MOST as MOST_CANDIDATES
from engine.pilot.audits.audit import Audit, Finding
from engine.pilot.audits.mechanism_audit import MechanismAudit, read_audit
from engine.pilot.fine_tuning import TuningBasis, propose_from_start, require_reading
from engine.pilot.plan import WINDOW, Arm, CorpusSource, PilotPlan, TrainingSettings, Transfer
from engine.pilot.population import Account, Charge, account_for, charge_of
from engine.pilot.prepared import RECOMPUTING, Prepared
from engine.pilot.propose import propose
from engine.pilot.question import PilotBudget, PilotLaw, PrivacyTerms, WantedRun
from engine.pilot.running import lifecycle, standing
from engine.pilot.running.folder import Request, folder_of
from engine.pilot.running.ledgers import ledger_doubt
from engine.pilot.running.ranks import Ranks
from engine.pilot.running.standing import Entry, other_code
from engine.pilot.running.status import State, Status, TrainingResult
from engine.pilot.running.text_total import Promised, promised_on
from engine.pilot.statistical_power import ENOUGH, Power, least_seconds, of_prediction, power
from engine.pilot.text import public_tokenizers as tokenizers
from engine.pilot.text import registry
from engine.pilot.text.identity import Rule
from engine.pilot.verdict import Measured, Outcome, Saving, Verdict, verdict

__all__ = [
    "ENOUGH",
    "MOST_CANDIDATES",
    "RECOMPUTING",
    "WINDOW",
    "Account",
    "Arm",
    "Audit",
    "Charge",
    "CorpusSource",
    "Entry",
    "Finding",
    "Measured",
    "Outcome",
    "PilotBudget",
    "PilotEffect",
    "PilotLaw",
    "PilotPlan",
    "Power",
    "Prepared",
    "PrivacyTerms",
    "Promised",
    "Ranks",
    "Request",
    "Revision",
    "Rule",
    "Saving",
    "State",
    "Status",
    "TrainingResult",
    "TrainingSettings",
    "Transfer",
    "TuningBasis",
    "Verdict",
    "WantedRun",
    "account_for",
    "charge_of",
    "code_version",
    "folder_of",
    "law_of_pilots",
    "lead_of",
    "least_seconds",
    "ledger_doubt",
    "lifecycle",
    "mechanism_audit",
    "of_prediction",
    "other_code",
    "pilot_effects",
    "power",
    "promised_on",
    "propose",
    "propose_from_start",
    "registry",
    "require_reading",
    "standing",
    "starts",
    "tokenizers",
    "tuning_basis",
    "unit_of",
    "verdict",
]


def mechanism_audit(plan_id: str) -> MechanismAudit | None:
    """The last audit of a pilot's mechanism; None where none was made."""
    return read_audit(folder_of(plan_id).path)
