"""The scenario that stands beside the current one until a scenario is chosen."""

from engine.api.scenarios import fields as grammar
from engine.config import DATA_RANGE

_FOLD = 10
"""How many times the people the comparison asks for, as the Compare page's own example does."""


def wider(values: dict[str, grammar.Value]) -> dict[str, grammar.Value]:
    """The scenario that the Compare page sets beside this one until one is chosen."""
    return values | {"data": min(_FOLD * grammar.DATA.of(values), DATA_RANGE[1])}
