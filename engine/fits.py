"""From the run log to a fitted law, once for each state of the evidence.

A fit takes seconds and its resamples more; no slider may pay for that. So the result is kept on
disk under the hash of the evidence and of the code that made it, and read back by every process.
"""

import hashlib
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from engine import evidence as evidence_module
from engine.accounting.search import noise_multiplier
from engine.allocation.space import Space
from engine.answers import EvidenceSummary
from engine.evidence import Evidence, load_evidence
from engine.importers.published import published_records
from engine.law import fit as fit_module
from engine.law import forms
from engine.law.fit import FitResult, fit
from engine.law.validate import choose_form
from engine.runlog import RunLog

PUBLISHED_BERT = "published-bert"
"""Table 2 of McKenna et al. (2025): the strategic default."""


@dataclass(frozen=True, kw_only=True)
class FittedEvidence:
    """A law and what it rests on; all that an allocation needs to know of the evidence."""

    fit: FitResult
    space: Space
    summary: EvidenceSummary
