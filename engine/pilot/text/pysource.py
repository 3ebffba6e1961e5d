"""Texts of Python files: docstrings, or the source of functions; nothing is imported or run.

:mod:`engine.pilot.text.docstrings` runs this file as a script of its own in several processes. It
therefore imports nothing of ours: starting one takes milliseconds, wherever it was asked for.
A file that this Python cannot parse holds no texts.
"""

import ast
import gc
import inspect
import json
import sys
import textwrap
import warnings
from collections.abc import Iterator
from pathlib import Path

_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def texts(kind: str, path: str) -> list[str]:
    """The texts of one file in the order in which they stand there.

    "docstrings": those of modules, classes and functions, without their indentation.
    "python-source": functions and methods, not those inside functions, since the outer one holds
    their text; without docstrings, so that the two kinds share no text.
    """
    source = Path(path).read_bytes()
    if kind == "docstrings" and b'"""' not in source and b"'''" not in source:
        return []  # parsing is the cost, and what stands between single quotes is short
    try:
        tree = ast.parse(source)
        if kind == "docstrings":
            return list(_docstrings(tree))
        lines = source.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    except (SyntaxError, ValueError, RecursionError):
        return []
    return list(_functions(tree, lines))


def _statements(node: ast.AST, *, inside_functions: bool) -> Iterator[ast.AST]:
    """``node`` and the statements with a body below it, in order of their lines."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        yield current
        if isinstance(current, _FUNCTIONS) and not inside_functions:
            continue
        below = [
            child
            for name in ("body", "handlers", "orelse", "finalbody", "cases")
            for child in getattr(current, name, ())
            if hasattr(child, "body")
        ]
        waiting.extend(reversed(below))


def _docstring(
    node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef,
) -> ast.Constant | None:
    first = node.body[0] if node.body else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        return first.value if isinstance(first.value.value, str) else None
    return None


def _docstrings(tree: ast.Module) -> Iterator[str]:
    for node in _statements(tree, inside_functions=True):
        if isinstance(node, _DOCUMENTED) and (docstring := _docstring(node)):
            yield inspect.cleandoc(str(docstring.value))


def _functions(tree: ast.Module, lines: list[str]) -> Iterator[str]:
    for node in _statements(tree, inside_functions=False):
        if isinstance(node, _FUNCTIONS):
            docstring = _docstring(node)
            gone = _lines_of(docstring) if docstring else range(0)
            yield textwrap.dedent("\n".join(lines[n - 1] for n in _lines_of(node) if n not in gone))


def _lines_of(node: ast.stmt | ast.expr) -> range:
    """Numbers of the lines that ``node`` stands on, from 1."""
    return range(node.lineno, (node.end_lineno or node.lineno) + 1)


def main() -> None:
    """Read ``{"kind", "paths"}`` from standard input; write a JSON list of texts a path."""
    gc.disable()  # a syntax tree has no cycles, and looking for them takes half the time
    warnings.simplefilter("ignore")  # of the files' escape sequences
    task = json.load(sys.stdin)
    json.dump([texts(task["kind"], path) for path in task["paths"]], sys.stdout)


if __name__ == "__main__":
    main()
