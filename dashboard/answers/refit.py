"""What becomes of kept answers when the law is fitted again."""

from dashboard.answers import decision_cache, law_cache, map_cache, money_cache, scenario_cache
from engine.api.access import Person, Right, require
from engine.api.runs import data_folder


def renew_evidence(*, by: Person) -> None:
    """Forget every answer that rests on the law of before. Raises :class:`InputError` where ``by``
    may not."""
    require(by, Right.REFIT, "refit", folder=data_folder())
    for one in (law_cache, decision_cache, map_cache, money_cache, scenario_cache):
        one.forget()
