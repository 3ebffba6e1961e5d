"""What a page may ask of rights and decisions: who somebody is, what that person may, what was
decided.

The dashboard imports the engine through this folder only, so that what it rests on can be read
here; beside it stand the words of :mod:`engine.text` and the base types of :mod:`engine.config`.
"""

from engine.access.check import require
from engine.access.rights import LOCAL, SAID, Person, Right, Role
from engine.access.sign_in import person_of
from engine.approvals import LONGEST_REASON, Decision, Ruling, decisions

__all__ = [
    "LOCAL",
    "LONGEST_REASON",
    "SAID",
    "Decision",
    "Person",
    "Right",
    "Role",
    "Ruling",
    "decisions",
    "person_of",
    "require",
]
