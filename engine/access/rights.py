"""Who may do what: rights, the roles that hold them, and the person who asks.

Every action of the engine that changes something takes the person who asks for it, ``by``, and
checks the right itself (:func:`engine.access.check.require`): what a page shows or hides decides
nothing. Without login, and on the command line, that is one local person with every role.

Roles do not include each other: who starts pilots does not raise the cap that holds them back,
unless the file of roles gives one person both.

>>> Role.OPERATOR.may(Right.PILOT), Role.OPERATOR.may(Right.CAP)
(True, False)
>>> sorted(role for role in Role if role.may(Right.DELETE_OWN))
[<Role.ANALYST: 'analyst'>]
"""

from dataclasses import dataclass
from enum import StrEnum

from engine.errors import InputError


class Right(StrEnum):
    """What an action needs."""

    SEE = "see"
    SAVE = "save"
    PROPOSE = "propose"
    IMPORT = "import"
    ANNOTATE = "annotate"
    REFIT = "refit"
    DELETE_OWN = "delete own"
    DELETE_ANY = "delete any"
    PILOT = "pilot"
    CHARGE = "charge"
    TEXTS = "texts"
    CAP = "cap"
    DECIDE = "decide"


class Role(StrEnum):
    """What the file of roles calls people; :data:`HOLDS` says what each may."""

    VIEWER = "viewer"
    ANALYST = "analyst"
    OPERATOR = "operator"
    APPROVER = "approver"

    def may(self, right: Right) -> bool:
        """Whether this role holds a right."""
        return right in HOLDS[self]


HOLDS: dict[Role, frozenset[Right]] = {
    Role.VIEWER: frozenset({Right.SEE}),
    Role.ANALYST: frozenset(
        {
            Right.SEE,
            Right.SAVE,
            Right.PROPOSE,
            Right.IMPORT,
            Right.ANNOTATE,
            Right.REFIT,
            Right.DELETE_OWN,
        }
    ),
    Role.OPERATOR: frozenset(
        {
            Right.SEE,
            Right.ANNOTATE,
            Right.PILOT,
            Right.CHARGE,
            Right.TEXTS,
            Right.DELETE_ANY,
        }
    ),
    Role.APPROVER: frozenset({Right.SEE, Right.CAP, Right.DECIDE}),
}

SAID: dict[Right, InputError] = {
    Right.SEE: InputError("see the pages, explore and export"),
    Right.SAVE: InputError("save, change and import scenarios"),
    Right.PROPOSE: InputError("propose a scenario to those who decide"),
    Right.IMPORT: InputError("import runs"),
    Right.ANNOTATE: InputError("tag runs and write notes on them"),
    Right.REFIT: InputError("refit the law with new runs"),
    Right.DELETE_OWN: InputError(
        "delete the scenarios that one saved and the runs that one imported, and bring them back"
    ),
    Right.DELETE_ANY: InputError("delete scenarios and runs of others, and bring them back"),
    Right.PILOT: InputError("prepare, start, resume, pause and cancel pilots, which spends ε"),
    Right.CHARGE: InputError("charge a training made elsewhere to a population"),
    Right.TEXTS: InputError("register texts and their folders"),
    Right.CAP: InputError("set and raise the caps of populations"),
    Right.DECIDE: InputError("put on record that a scenario is approved or declined"),
}
"""Each right in words that fit into a sentence, translated like any refusal."""


@dataclass(frozen=True, kw_only=True)
class Person:
    """Who asks for an action."""

    who: str
    """The e-mail that the provider vouches for, else its name for this person; "" for the local
    one."""
    roles: frozenset[Role]
    login: str = ""
    """Issuer and subject of who signed in; "" for the local person."""

    def may(self, right: Right) -> bool:
        """Whether one of the roles holds a right."""
        return any(role.may(right) for role in self.roles)


LOCAL = Person(who="", roles=frozenset(Role))
"""Whoever runs commands on this machine, or reaches a dashboard without login."""
