"""What README, ``docs/`` and the other documents say is so: links, paths, commands, figures.

Errors of the law on Table 2 are checked where they are computed (``tests/commands/test_cli.py``),
figures of the campaign in ``tests/runs/test_campaign.py``. Times are checked nowhere:
``tests/benchmarks`` measures them.
"""

import argparse
import ast
import importlib
import importlib.util
import math
import re
import shlex
import struct
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

import engine.__main__
from dashboard.glossary.terms import TERMS
from engine.access.rights import SAID, Right, Role
from engine.accounting.certificate import Certificate
from engine.accounting.domain import SMALLEST_NOISE_MULTIPLIER
from engine.accounting.mechanism import Mechanism
from engine.allocation.reach import EXTRAPOLATED, MEASURED, NEAR
from engine.allocation.space import LARGER, LONGER, REFUSED_DECADES
from engine.config import DEFAULT_DELTA
from engine.decision.fitted import EVIDENCE
from engine.law.forms import FORMS
from engine.roi.draws import DRAWS
from engine.runs.importers.published import VOCABULARY_SIZE, published_records
from engine.runs.record import RunRecord
from tests.test_architecture import DASHBOARD_MAY_IMPORT, MAY_IMPORT, imported

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = [
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/*.md", "data/*.md", "data/*/README.md")
    for path in sorted(ROOT.glob(pattern))
]
START = """```sh
pip install -r requirements.txt && python -m streamlit run dashboard/app.py
pip install -r requirements.txt -r tests/requirements.txt && python -m pytest
```"""
LONGEST_README = 120
LARGEST_PICTURE = 300_000
"""Bytes."""

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
_LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|srcset)=\"([^\"]+)\"")
_CODE = re.compile(r"`([^`\n]+)`")
_PATH = re.compile(r"(?:engine|dashboard|tests|data|docs|\.streamlit|\.ci)/[\w./-]*")
_MODULE = re.compile(r"(?:engine|dashboard)(?:\.\w+)+")
_VARIABLE = re.compile(r"KESSAI_[A-Z_]+")
_FOLDER_OF_USERS = {"data/local", "data/pilots", "data/scenarios"}
_IN_TESTS = {"KESSAI_REQUIRE_BROWSER"}
"""What the environment says to tests and CI only."""


def text_of(document: str) -> str:
    return (ROOT / document).read_text("utf-8")


def without_blocks(text: str) -> str:
    return _BLOCK.sub("", text)


def commands(document: str) -> Iterator[str]:
    """Every command in the document's shell blocks and in its sentences, one call each."""
    text = text_of(document)
    for language, body in _BLOCK.findall(text):
        if language == "sh":
            for line in body.split("\n"):
                yield from re.split(r" && | \|\| ", line)
    for code in _CODE.findall(without_blocks(text)):
        if code.startswith(("python", "pip", "bash", "ruff")):
            yield from re.split(r" && | \|\| ", code)


ENGINE_COMMANDS = sorted(
    {
        (document, command.removeprefix("python -m engine "))
        for document in DOCUMENTS
        for command in commands(document)
        if command.startswith("python -m engine ")
    }
)
OTHER_COMMANDS = sorted(
    {
        (document, command)
        for document in DOCUMENTS
        for command in commands(document)
        if re.match(r"(python|pip|bash|ruff)\b", command)
        and not re.match(r"python (-m engine |-c |- )", command)
    }
)


# --- README -------------------------------------------------------------------------------------


def test_readme_is_short_and_opens_with_the_product_the_picture_and_the_two_commands():
    text = text_of("README.md")
    assert len(text.splitlines()) <= LONGEST_README
    title, first = text.split("\n\n")[:2]
    assert title == "# Kessai 決裁" and first.startswith("Kessai helps a company decide")
    assert text.index("<picture>") < text.index(START) < text.index("## Three journeys")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_picture_is_there_in_both_colour_schemes(scheme):
    name = f"docs/images/decide-{scheme}.png"
    assert name in text_of("README.md")
    png = (ROOT / name).read_bytes()
    assert png[:8] == b"\x89PNG\r\n\x1a\n" and len(png) <= LARGEST_PICTURE
    width, height = struct.unpack(">II", png[16:24])
    assert width * 10 == height * 16


# --- links and paths ----------------------------------------------------------------------------


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document):
    for link in filter(None, (a or b for a, b in _LINK.findall(text_of(document)))):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (ROOT / document).parent / path if path else ROOT / document
        assert target.exists(), link
        assert not anchor or anchor in anchors(target.read_text("utf-8")), link


def anchors(text: str) -> set[str]:
    """Names of the document's headings, as a page on the web gives them."""
    headings = re.findall(r"^#+ (.+)$", without_blocks(text), re.M)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_paths_exist(document):
    for code in _CODE.findall(without_blocks(text_of(document))):
        if _PATH.fullmatch(code) and "NAME" not in code and code.strip("/") not in _FOLDER_OF_USERS:
            assert (ROOT / code).exists(), code


@pytest.mark.parametrize("document", DOCUMENTS)
def test_modules_exist(document):
    for code in _CODE.findall(text_of(document)):
        if _MODULE.fullmatch(code):
            assert resolves(code), code


def resolves(dotted: str) -> bool:
    """Whether the name is a module's, or that of something in a module."""
    module, _, name = dotted.rpartition(".")
    if not module:
        return importlib.util.find_spec(dotted) is not None
    try:
        if importlib.util.find_spec(dotted) is not None:
            return True
    except ModuleNotFoundError:
        pass
    return hasattr(importlib.import_module(module), name)


# --- commands -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("document", "command"), ENGINE_COMMANDS)
def test_the_engine_takes_the_options_of_a_command(document, command):
    arguments = shlex.split(command)
    if arguments[0] == "COMMAND":  # stands for any of them
        arguments = arguments[1:]
    if len(arguments) < 2 and "--help" not in arguments:  # A command that is only named must exist.
        arguments.append("--help")
    with pytest.raises(SystemExit, match=r"^0$") if "--help" in arguments else nullcontext():
        engine.__main__.parser().parse_args(arguments)


@pytest.mark.parametrize(("document", "command"), OTHER_COMMANDS)
def test_other_commands_name_what_exists(document, command):
    program, *arguments = shlex.split(command)
    if program == "python" and arguments[0] == "-m":
        assert importlib.util.find_spec(arguments[1]) is not None
        arguments = arguments[2:]
    names = [name for name in arguments if "/" in name or name.endswith((".txt", ".py"))]
    for name in names:
        assert name.startswith("..") or (ROOT / name).exists(), command


@pytest.mark.parametrize(
    "program",
    [
        body
        for document in DOCUMENTS
        for body in re.findall(r"<<'END'\n(.*?)^END$", text_of(document), re.M | re.S)
    ],
)
def test_programs_compile_and_import_what_exists(program):
    for name in imported("documents.program", ast.parse(program)):
        assert resolves(name), name


def test_every_command_and_option_is_described():
    text = text_of("docs/command-line.md")
    for option in options(engine.__main__.parser()):
        assert f"`{option}" in text or f" {option}" in text, f"describe {option}"


def options(parser: argparse.ArgumentParser) -> set[str]:
    """Names of all commands and their options."""
    found: set[str] = set()
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, inner in action.choices.items():
                found |= {name} | options(inner)
        else:
            found.update(name for name in action.option_strings if name.startswith("--"))
    return found - {"--help"}


# --- completeness -------------------------------------------------------------------------------


@pytest.mark.parametrize("document", ["docs/architecture.md", "CONTRIBUTING.md"])
def test_every_room_of_the_dashboard_is_named(document):
    for room in DASHBOARD_MAY_IMPORT:
        assert re.search(rf"`dashboard/{room}(/|\.py)`", text_of(document)), room


def test_every_room_of_the_engine_is_named():
    for room in MAY_IMPORT.keys() - {"__main__"}:
        assert re.search(rf"`engine/{room}(/|\.py)`", text_of("docs/architecture.md")), room


def test_every_setting_is_described():
    used = set()
    for package in ("engine", "dashboard"):
        for path in (ROOT / package).rglob("*.py"):
            used |= set(_VARIABLE.findall(path.read_text("utf-8")))
    described = set(re.findall(r"^\| `(KESSAI_\w+)`", text_of("docs/operations.md"), re.M))
    assert described == used - _IN_TESTS


def test_every_setting_that_is_named_exists():
    described = set(_VARIABLE.findall(text_of("docs/operations.md")))
    for document in DOCUMENTS:
        assert set(_VARIABLE.findall(text_of(document))) <= described | _IN_TESTS, document


# --- figures ------------------------------------------------------------------------------------


def stated(document: str, pattern: str) -> list[float]:
    """The numbers that the document gives where ``pattern`` holds; at least one."""
    text = " ".join(text_of(document).split())
    found = re.findall(pattern, text)
    assert found, f"{document} says nothing like {pattern}"
    return [float(number.replace(",", "")) for number in found]


@pytest.mark.parametrize(
    ("document", "pattern", "value"),
    [
        ("docs/method.md", r"(\d+) bounded forms compete", len(FORMS)),
        ("docs/method.md", r"up to (\d+) times beyond the largest model", LARGER),
        ("docs/method.md", r"(\d+) times beyond the most iterations", LONGER),
        ("docs/method.md", r"size a factor of\s+([\d,]+) outside", 10**REFUSED_DECADES),
        ("docs/method.md", r"\*measured\*\s+up to a factor of (\d+)", round(math.exp(MEASURED))),
        ("docs/method.md", r"\*near\* up to (\d+)", round(math.exp(NEAR))),
        ("docs/method.md", r"\*extrapolated\* up to (\d+)", round(math.exp(EXTRAPOLATED), -1)),
        ("docs/method.md", r"probability over ([\d,]+) draws", DRAWS),
        ("docs/method.md", r"([\d.]+) is guessing", round(math.log(VOCABULARY_SIZE), 1)),
        ("docs/method.md", r"is a perplexity of (\d+)", round(math.exp(2.8))),
        ("docs/command-line.md", r"`--delta` \(default ([\d.e-]+)\)", DEFAULT_DELTA),
        ("CHANGELOG.md", r"a glossary of (\d+) terms", len(TERMS)),
        ("CHANGELOG.md", r"over ([\d,]+) draws", DRAWS),
    ],
)
def test_constants_are_those_of_the_code(document, pattern, value):
    assert stated(document, pattern) == [pytest.approx(value)]


def test_published_rows_are_counted():
    (rows,) = stated("docs/method.md", r"the (\d+) compute-optimal configurations")
    assert rows == sum(record.compute_optimal for record in published_records())


def test_terms_are_names_of_the_code():
    section = text_of("docs/method.md").split("\n## ")[1]
    named = re.findall(r"`(\w+)`", section)
    assert section.startswith("Terms") and len(named) >= 10
    nouns = (RunRecord, Certificate, Mechanism)
    assert set(named) <= {field.name for noun in nouns for field in fields(noun)}


def test_evidence_is_named():
    text = text_of("docs/command-line.md")
    assert all(f"`{name}`" in text for name in EVIDENCE)


def test_the_table_of_noise_has_the_nodes_that_are_stated():
    text = " ".join(text_of("data/accounting/README.md").split())
    axes = re.findall(r"ln (q|T|ε|δ) \((\d+)(?: nodes)?, (\S+) to ([\d.e-]+)\)", text)
    names = {"q": "sampling_probability", "T": "iterations", "ε": "epsilon", "δ": "delta"}
    assert {symbol for symbol, *_ in axes} == names.keys()
    table = np.load(ROOT / "data" / "accounting" / "noise_multiplier.npz")
    for symbol, nodes, low, high in axes:
        axis = np.exp(table[f"log_{names[symbol]}"])
        assert len(axis) == int(nodes)
        assert axis[[0, -1]] == pytest.approx([float(low), float(high)], rel=0.07)
    assert np.exp(table["log_sigma"]).min() <= SMALLEST_NOISE_MULTIPLIER * 1.1


def test_the_worked_pilot_is_one_of_the_campaign():
    """The same sizes, losses and factor in both documents."""
    pilots, campaign = text_of("docs/pilots.md"), text_of("data/CAMPAIGN.md")
    row = next(line for line in campaign.splitlines() if line.startswith("| 3 | 3.2e12"))
    example = re.findall(r"^\| .* \| ([\d,]+) \| ([\d.]+ to [\d.]+) \| ([\d.]+) \|$", pilots, re.M)
    assert len(example) == 2
    for size, predicted, measured in example:
        assert size in row and f"{predicted}, {measured}" in row
    (factor,) = re.findall(r"the rule took ([\d.]+) times", pilots)
    assert row.endswith(f"| {factor} |")


def test_the_table_of_roles_is_the_engines():
    rows = re.findall(r"^\| (.+?) \| (.*?)\|$", text_of("docs/operations.md"), re.M)
    said = {what: [cell.strip() for cell in cells.split("|")] for what, cells in rows}
    for right in Right:
        found = said[str(SAID[right])]
        assert found == ["yes" if role.may(right) else "" for role in Role], right
    assert f"| what | {' | '.join(Role)} |" in text_of("docs/operations.md")
