"""Every module says what it holds, and the examples in the dashboard's docstrings are true.

The examples of the engine run as doctests of their own (``testpaths`` in ``pyproject.toml``).
"""

import ast
import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = [
    path
    for package in ("dashboard", "engine")
    for path in sorted((ROOT / package).rglob("*.py"))
    if path.name != "__init__.py"
]
EXAMPLES = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in FILES
    if path.is_relative_to(ROOT / "dashboard") and path.name != "app.py"
]


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_module_says_what_it_holds(path):
    docstring = ast.get_docstring(ast.parse(path.read_text("utf-8")))
    assert docstring
