"""How kept answers are found again."""

from collections.abc import Callable
from typing import Any

from engine.api.decisions import Certificate, Question
from engine.api.money import CostAssumptions
from engine.config import Budget

BY_TEXT: dict[str | type[Any], Callable[[Any], Any]] = {
    Question: repr,
    Budget: repr,
    CostAssumptions: repr,
    Certificate: repr,
}
"""For ``hash_funcs``: the text of a question holds every figure of it, to the last digit, and takes
0.1 ms; Streamlit's own walk through its hundred figures takes 3 ms, each time it is asked. So it is
with the parts of a question, and with a certificate."""
