"""The one way the engine refuses an input: a sentence that can be translated.

An :class:`InputError` keeps its English template and its values apart, so that the dashboard
can look the template up in its catalogue and say the same sentence in Japanese; the command
line prints ``str(error)``. The sentence says what was expected, what came and what to do.

>>> str(InputError("Expected epsilon > 0, got {value}.", value=-1))
'Expected epsilon > 0, got -1.'
"""


class InputError(ValueError):
    """Bad input from outside: ``template`` is the message id, ``values`` fill its braces."""

    def __init__(self, template: str, /, **values: object) -> None:
        self.template = template
        self.values = values
        super().__init__(template.format(**values))

    def __reduce__(self) -> tuple[object, ...]:
        # The default would call InputError(sentence), which loses the template on its way
        # out of another process.
        return _rebuild, (type(self), self.template, self.values)


def _rebuild(kind: type[InputError], template: str, values: dict[str, object]) -> InputError:
    return kind(template, **values)
