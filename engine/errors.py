"""The one way the engine refuses an input: a sentence that can be translated.

An :class:`InputError` keeps its English template and its values apart, so that the dashboard
can look the template up in its catalogue and say the same sentence in Japanese; the command
line prints ``str(error)``. The sentence says what was expected, what came and what to do.

What came from outside stands in it as :func:`inert` leaves it.

>>> str(InputError("Expected epsilon > 0, got {value}.", value=-1))
'Expected epsilon > 0, got -1.'
>>> str(InputError("Expected a name, got {value}.", value="a\\u202eb\\nc"))
'Expected a name, got a�b c.'
"""

import unicodedata
from pathlib import PurePath

LONGEST_VALUE = 600
"""Characters of one value in a sentence."""


def inert(text: str) -> str:
    """Somebody's own words on one line, without what cannot be seen: signs that turn the direction
    of writing, that have no width or that steer a terminal, and halves of characters, become �."""
    if text.isprintable():
        return text
    return "".join(
        sign
        if sign.isprintable() or unicodedata.category(sign) == "Zs"
        else " "
        if sign.isspace()
        else "\ufffd"
        for sign in text
    )


class InputError(ValueError):
    """Bad input from outside: ``template`` is the message id, ``values`` fill its braces."""

    def __init__(self, template: str, /, **values: object) -> None:
        self.template = template
        self.values = {name: _shown(value) for name, value in values.items()}
        super().__init__(template.format(**self.values))

    def __eq__(self, other: object) -> bool:
        """Whether the other one says the same."""
        if not isinstance(other, InputError):
            return NotImplemented
        return type(self) is type(other) and (self.template, self.values) == (
            other.template,
            other.values,
        )

    def __hash__(self) -> int:
        return hash((self.template, str(self)))

    def __reduce__(self) -> tuple[object, ...]:
        # The default would call InputError(sentence), which loses the template on its way
        # out of another process.
        return _rebuild, (type(self), self.template, self.values)


def _shown(value: object) -> object:
    """A value as a sentence may hold it: a text clipped and inert, anything else as it is."""
    if isinstance(value, PurePath):
        value = str(value)
    if not isinstance(value, str):
        return value
    text = inert(str(value))
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


def _rebuild(kind: type[InputError], template: str, values: dict[str, object]) -> InputError:
    return kind(template, **values)
