"""What becomes of kept answers when the law is fitted again."""

from dashboard.answers import decision_cache, law_cache, map_cache, money_cache, scenario_cache
from engine.api.access import Person, Right, require
from engine.api.laws import law_versions
from engine.api.runs import data_folder


def renew_evidence(*, by: Person) -> None:
    """Forget every answer that rests on the law of before, here; other servers on this folder find
    theirs anew, for what they rest on has another state. Raises :class:`InputError` where ``by``
    may not, and where that cannot be written."""
    require(by, Right.REFIT, "refit", folder=data_folder())
    law_versions.ask_refit(by=by)
    for one in (law_cache, decision_cache, map_cache, money_cache, scenario_cache):
        one.forget()
