"""What a test expects to be there although its type allows None."""

from typing import TypeVar

T = TypeVar("T")


def present(value: T | None) -> T:
    """``value``; fails the test where it is None."""
    assert value is not None
    return value
