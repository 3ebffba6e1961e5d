"""How kept answers are found again."""

from collections.abc import Callable
from typing import Any

from engine.api.decisions import Question

BY_TEXT: dict[str | type[Any], Callable[[Any], Any]] = {Question: repr}
"""For ``hash_funcs``: the text of a question holds every figure of it, to the last digit, and takes
0.1 ms; Streamlit's own walk through its hundred figures takes 3 ms, each time it is asked."""
