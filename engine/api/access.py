"""What a page may ask of rights: who somebody is, and whether that person may.

The dashboard imports the engine through this folder only, so that what it rests on can be read
here; beside it stand the words of :mod:`engine.text` and the base types of :mod:`engine.config`.
"""

from engine.access.check import require, require_own
from engine.access.ownership import made_by
from engine.access.rights import LOCAL, Person, Right, Role
from engine.access.sign_in import person_of

__all__ = [
    "LOCAL",
    "Person",
    "Right",
    "Role",
    "made_by",
    "person_of",
    "require",
    "require_own",
]
