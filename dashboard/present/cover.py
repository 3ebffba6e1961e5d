"""Who presents what to whom: what a deck's first slide and the decision
record say, if it was given."""

from dataclasses import dataclass

from engine.text.i18n import Words

LONGEST = 80
"""Characters of an entry: three small lines of the decision record."""


@dataclass(frozen=True, kw_only=True)
class Cover:
    """Entries of the presenter's; "" where nothing was given."""

    company: str = ""
    department: str = ""
    presenter: str = ""
    meeting: str = ""

    @property
    def author(self) -> str:
        """Who made it, for the properties of a file; "" where nobody was named."""
        return ", ".join(filter(None, (self.presenter, self.department, self.company)))

    def lines(self, day: str, words: Words) -> tuple[str, ...]:
        """Who and when, in up to three lines, each as it is written.

        >>> Cover(company="A", presenter="B").lines("1 May 2026", Words("en"))
        ('A', '1 May 2026', 'Presented by B')
        """
        gap = "\u3000" if words.language == "ja" else " · "
        presenter = self.presenter and words.say("Presented by {name}", name=self.presenter)
        parts = ((self.company, self.department), (self.meeting, day), (presenter,))
        return tuple(line for part in parts if (line := gap.join(filter(None, part))))
