"""What a page writes beside a scenario: the name it is kept under, and when."""

from datetime import UTC, datetime

from dashboard.state import link, session
from engine.text.i18n import Words
from engine.text.labels import example


def marked(name: str, words: Words) -> str:
    """A name to keep a scenario under; the tour's example stays known as one among the others."""
    made_up = session.value(link.TOUR) is not None
    return example(name, words) if made_up and name.strip() else name


def now() -> str:
    """The moment, for a history."""
    return datetime.now(UTC).isoformat(timespec="seconds")
