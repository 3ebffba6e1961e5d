"""A dozen scenarios: both evidences, languages and currencies, certified and not, paying and
not."""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Case:
    """The query of a link; ``certified``: whether pages are read after their certificate came."""

    name: str
    query: dict[str, str] = field(default_factory=dict)
    certified: bool = True

    @property
    def language(self) -> str:
        """``ja`` or ``en``."""
        return self.query["lang"]


def _case(name: str, lang: str, currency: str, certified: bool = True, **query: str) -> Case:
    return Case(name=name, query={"lang": lang, "currency": currency, **query}, certified=certified)


_OURS = "gpt-bytes-docstrings"
_PER_BYTE = (
    "metric_half_loss=1.5~1.45~1.55~pert~ours~2026-11~nats-per-byte;"
    "metric_width=0.1~0.08~0.12~pert~ours~2026-11~nats-per-byte"
)
"""A step from loss to value in the unit of that evidence."""
CASES = (
    _case("default", "ja", "JPY"),
    _case("default in dollars", "en", "USD"),
    _case("default before its certificate", "en", "JPY", certified=False),
    _case("loose privacy", "ja", "JPY", epsilon="8"),
    _case("few people, nothing to gain", "ja", "JPY", compute="1e20", data="5000"),
    _case("few people in dollars", "en", "USD", compute="1e20", data="5000"),
    _case("another metric", "en", "JPY", metric="error-rate", data="3e7"),
    _case("tickets, uncertified", "ja", "USD", certified=False, metric="tickets-resolved"),
    _case("our own evidence", "en", "USD", compute="1e13", data="20000", evidence=_OURS),
    _case("our own evidence in yen", "ja", "JPY", compute="2e13", data="50000", evidence=_OURS),
    _case("many people, little compute", "en", "JPY", compute="1e18", data="1e9", epsilon="2"),
    _case(
        "banded noise that pays",
        "en",
        "JPY",
        sampling="banded",
        evidence=_OURS,
        compute="1e14",
        data="1e6",
        epsilon="1",
        figures=_PER_BYTE,
    ),
    _case("fixed batches", "ja", "USD", sampling="deterministic", data="1e8", epsilon="1"),
)
