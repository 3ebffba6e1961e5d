"""A figure with its label and what it means under it."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A figure with what it means under it."""

    label: str
    value: str
    detail: str
    help: str
