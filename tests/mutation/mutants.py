"""Mutants of a module: small changes to its code, made by cosmic-ray, that a test should notice.

cosmic-ray's operators change one operator, number, comparison, keyword or decorator at a time.
Left out are changes that say nothing about the tests: of type annotations, arithmetic turned into
bitwise operations (a TypeError on every float), code that does not compile, code that means the
same to the compiler, and doubles.

A change's name depends on its line and its function, not on line numbers, and a sample takes the
changes whose names hash lowest under the seed: other code may come and go without changing which
of the remaining ones are drawn.
"""

import ast
import hashlib
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

_BITWISE = ("RShift", "LShift", "BitOr", "BitAnd", "BitXor")


@dataclass(frozen=True, kw_only=True)
class Change:
    """A place in a module where one operator of cosmic-ray applies."""

    name: str
    """16 hexadecimal digits."""
    module: str
    """Path from the repository's root."""
    function: str
    """The innermost function or class, or "" for the module itself."""
    line: int
    operator: str
    occurrence: int
    """Of the operator in the module, as cosmic-ray counts."""


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """A module with one change."""

    change: Change
    before: str
    after: str
    """The changed line, without indentation."""
    code: str
    """The whole module, changed."""


def changes_of(root: Path, module: Path) -> list[Change]:
    """Every change of ``module``, a path under ``root``."""
    source = module.read_text(encoding="utf-8")
    relative = module.relative_to(root).as_posix()
    lines = source.split("\n")
    seen: Counter[tuple[str, ...]] = Counter()
    found = []
    for operator, occurrence, function, (line, column) in _places(source):
        text = lines[line - 1]
        key = function, operator, text.strip(), str(column - len(text) + len(text.lstrip()))
        seen[key] += 1
        name = hashlib.sha256("\n".join([relative, *key, str(seen[key])]).encode())
        found.append(
            Change(
                name=name.hexdigest()[:16],
                module=relative,
                function=function,
                line=line,
                operator=operator,
                occurrence=occurrence,
            )
        )
    return found


def sample(root: Path, changes: Iterable[Change], count: int, seed: int) -> list[Mutant]:
    """``count`` mutants of ``changes``, drawn by ``seed``; all of them where there are fewer."""

    def lot(change: Change) -> str:
        return hashlib.sha256(f"{seed} {change.name}".encode()).hexdigest()

    drawn: list[Mutant] = []
    meanings: set[tuple[str, str]] = set()
    for change in sorted(changes, key=lot):
        if len(drawn) == count:
            break
        source = (root / change.module).read_text(encoding="utf-8")
        mutant = _mutant(source, change)
        if mutant is None:
            continue
        meaning = change.module, ast.dump(ast.parse(mutant.code))
        if meaning not in meanings and meaning[1] != ast.dump(ast.parse(source)):
            meanings.add(meaning)
            drawn.append(mutant)
    return drawn


def _places(source: str) -> Iterator[tuple[str, int, str, tuple[int, int]]]:
    """(operator, occurrence, function, (line, column)) of every change but those left out."""
    # A tool of its own requirements file: whoever only collects the tests need not have it.
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.ast.ast_query import ASTQuery
    from cosmic_ray.plugins import get_operator, operator_names

    annotations = _annotations(source)
    nodes = list(ast_nodes(get_ast(source)))
    for name in operator_names():
        operator_class = get_operator(name)
        if operator_class.arguments() or _turns_bitwise(name):
            continue
        operator = operator_class()
        positions = (
            (node, start) for node in nodes for start, _ in operator.mutation_positions(node)
        )
        for occurrence, (node, start) in enumerate(positions):
            if not any(low <= start < high for low, high in annotations):
                yield name, occurrence, ASTQuery(node).get_definition_name() or "", start


def _mutant(source: str, change: Change) -> Mutant | None:
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator

    code = mutate_code(source, get_operator(change.operator)(), change.occurrence)
    if code is None:
        return None
    try:
        with warnings.catch_warnings():
            # "is" with a literal: a legitimate mutant of "==".
            warnings.simplefilter("ignore", SyntaxWarning)
            compile(code, change.module, "exec")
    except SyntaxError:
        return None
    before, after = _changed_line(source, code)
    return Mutant(change=change, before=before, after=after, code=code)


def _turns_bitwise(operator_name: str) -> bool:
    """``core/ReplaceBinaryOperator_Add_BitOr`` and its like."""
    _, _, change = operator_name.partition("ReplaceBinaryOperator_")
    before, _, after = change.partition("_")
    return after in _BITWISE and before not in _BITWISE


def _annotations(source: str) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Where type annotations stand: (line, column) of their begin and end."""
    spans = []
    for node in ast.walk(ast.parse(source)):
        annotation = (
            node.returns
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            else node.annotation
            if isinstance(node, ast.arg | ast.AnnAssign)
            else None
        )
        if annotation is not None:
            end = annotation.end_lineno or 0, annotation.end_col_offset or 0
            spans.append(((annotation.lineno, annotation.col_offset), end))
    return spans


def _changed_line(source: str, code: str) -> tuple[str, str]:
    before, after = source.split("\n"), code.split("\n")
    for one, other in zip(before, after, strict=False):
        if one != other:
            return one.strip(), other.strip() if len(before) == len(after) else ""
    return "", ""
