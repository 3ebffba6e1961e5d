"""The profile of a number of an evidence's leading form (:mod:`engine.law.profile`)."""

from engine.decision.fitted import FittedEvidence
from engine.errors import InputError
from engine.law.profile import Profile, profile
from engine.runs.imports.selection import Carries, Selection


def require_own_noise(selection: Selection) -> None:
    """Raises :class:`InputError` where the law is not of the selection's own runs alone."""
    if selection.carries is not Carries.LAW:
        raise InputError(
            "Expected an evidence whose own runs were trained with noise for a profile, got "
            "{family}.",
            family=selection.evidence.family,
        )


def profile_of(selection: Selection, fitted: FittedEvidence, name: str) -> Profile:
    """The profile of the number ``name`` of the leading form of a law fitted to ``selection``.

    Raises :class:`InputError` for a name that the form does not have, and as
    :func:`require_own_noise`.
    """
    require_own_noise(selection)
    return profile(fitted.fit.leading, selection.evidence.frame, name)
