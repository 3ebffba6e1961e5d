"""The examples in the dashboard's docstrings are true, and its modules keep to the house rules."""

import ast
import doctest
import importlib
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "dashboard"
FILES = sorted(FOLDER.rglob("*.py"))
MODULES = [
    ".".join(path.relative_to(FOLDER.parent).with_suffix("").parts)
    for path in FILES
    if path.name not in ("__init__.py", "app.py")
]


def imported(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(FOLDER)))
def test_house_rules(path):
    text, inside = path.read_text("utf-8"), path.relative_to(FOLDER).as_posix()
    assert len(text.splitlines()) < 300
    if path.name == "__init__.py":
        assert text == ""
        return
    assert ast.get_docstring(ast.parse(text))
    assert ("session_state" in text) == (inside == "scenario.py")
    assert ("@st.cache" in text) == (inside == "cache.py")
    if inside in ("charts.py", "canvas.py", "colours.py", "formats.py", "wording.py", "facts.py"):
        assert "streamlit" not in set(imported(path))
    if inside == "views/decide.py":
        assert len(text.splitlines()) < 60
    assert not any(name.split(".")[0] in ("torch", "opacus") for name in imported(path))
