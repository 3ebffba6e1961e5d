"""The house rules of the source: who may import whom, and where things live.

``MAY_IMPORT`` is the rule for the engine, ``DASHBOARD_MAY_IMPORT`` for the rooms of the dashboard.
A new module or package gets a line there, with what it needs and nothing more. Data flows one way
(records -> law; budget -> accounting; both -> allocation -> the decision -> what shows it).
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# --- the rules ----------------------------------------------------------------------------------

_BASE = {"config", "errors", "interval", "quantiles", "loss_unit", "untrusted", "code_version"}
_RECORDS = _BASE | {"runs"}
_QUESTION = _BASE | {"law", "accounting"}

MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "interval": {"quantiles"},
    "quantiles": set(),
    "config": {"errors"},
    "loss_unit": {"errors"},
    "untrusted": {"errors"},
    "durable": {"errors", "untrusted"},
    "code_version": set(),
    "access.rights": {"errors"},
    "decision_log": {"errors", "durable", "untrusted", "code_version", "access.rights"},
    "access": {"errors", "untrusted", "access.rights", "decision_log"},
    "approvals": {"errors", "untrusted", "access", "decision_log", "durable"},
    "tables": {"errors", "untrusted"},
    "deployments": {"errors", "tables"},
    "fine_tunings": {"errors", "tables"},
    "device_hour": {"errors", "tables"},
    # records and what stores them
    "runs": _BASE | {"durable", "accounting", "tables", "decision_log", "access"},
    # mathematics: no records, no files
    "law": _BASE,
    "accounting": _BASE,
    "attack_risk": _BASE | {"accounting", "allocation"},
    "accelerator_prices": set(),
    "cost": _BASE | {"cluster", "accelerator_prices"},
    "cluster": _BASE | {"tables"},
    "allocation": _QUESTION,
    "roi": _QUESTION | {"accelerator_prices", "cost", "attack_risk", "allocation", "tables"},
    # what puts the pieces together
    "decision": _QUESTION | _RECORDS
    | {"allocation", "cost", "attack_risk", "roi", "durable", "pilot", "deployments"}
    | {"access", "cluster", "decision_log", "fine_tunings"},
    "text": _QUESTION
    | {"allocation", "cost", "attack_risk", "roi", "runs", "decision", "deployments", "tables"}
    | {"fine_tunings", "device_hour", "pilot", "cluster"},
    "scenarios": _BASE
    | {"access", "accelerator_prices", "approvals", "cost", "decision", "decision_log", "durable"}
    | {"law", "roi", "runs", "tables", "text", "accounting"},
    "report": _QUESTION | _RECORDS | {"tables", "roi", "cost", "durable"},
    "pilot": _QUESTION | _RECORDS
    | {"durable", "allocation", "cost", "tables", "decision_log", "access"},
    "api": _QUESTION | _RECORDS
    | {"allocation", "cost", "attack_risk", "roi", "decision", "pilot", "report"}
    | {"durable", "deployments", "fine_tunings", "device_hour", "tables", "decision_log"}
    | {"access", "accelerator_prices", "approvals", "scenarios", "cluster", "leftovers"},
    "commands": _QUESTION | _RECORDS
    | {"allocation", "cost", "attack_risk", "roi", "decision", "pilot", "report", "text", "durable"}
    | {"tables", "doctor", "decision_log", "access", "fine_tunings", "device_hour", "approvals"}
    | {"accelerator_prices", "scenarios", "cluster"},
    "leftovers": {"errors", "durable", "decision_log", "pilot", "runs", "scenarios"},
    "doctor": _RECORDS
    | {"decision", "pilot", "report", "durable", "access", "approvals", "scenarios"}
    | {"decision_log"},
    "__main__": {"commands", "errors", "text"},
}  # fmt: skip
"""Module or package of the engine -> what else of the engine it may import; itself always."""

_SHARED = {"ui", "glossary", "state", "answers"}
DASHBOARD_MAY_IMPORT: dict[str, set[str]] = {
    # terms, then widgets, then state, then answers: what all pages share
    "glossary": set(),
    "ui": {"glossary"},
    "state": set(),
    "answers": {"ui", "state"},
    # a run as a person looks at it, wherever a chart leads to one
    "run_card": {"ui", "state", "answers"},
    # one room a page
    "decide": _SHARED,
    "explore": _SHARED | {"decide"},
    "roi": _SHARED,
    "pilot": _SHARED,
    "law": _SHARED | {"run_card"},
    "compare": _SHARED | {"decide", "roi"},
    "runs": _SHARED | {"run_card"},
    "tour": _SHARED | {"compare", "pilot"},
    "profile": _SHARED,
    "shell": _SHARED | {"tour", "profile"},
    "present": _SHARED | {"compare", "decide", "roi", "shell"},
    "gate": {"state"},
    "late_timers": set(),
    "warm_up": {"answers", "state", "ui"},
    "app": _SHARED
    | {
        "warm_up",
        "gate", "late_timers",
        "decide", "explore", "roi", "pilot", "law", "runs", "compare", "tour", "shell", "present",
    },
}  # fmt: skip
"""Room of the dashboard -> what other rooms it may import; itself always."""

FRONT = ("engine.api", "engine.text", "engine.config", "engine.errors", "engine.interval")
"""What of the engine the dashboard may import."""
PILOT_FRONT = {
    "engine.pilot.compiling",
    "engine.pilot.ladder", "engine.pilot.learning_rate", "engine.pilot.limit",
    "engine.pilot.memory", "engine.pilot.plan",
    "engine.pilot.people", "engine.pilot.population", "engine.pilot.statistical_power",
    "engine.pilot.text.identity",
    "engine.pilot.text.registry", "engine.pilot.text.public_tokenizers",
    "engine.pilot.prepared", "engine.pilot.propose", "engine.pilot.question",
    "engine.pilot.search", "engine.pilot.verdict", "engine.pilot.audits.audit",
    "engine.pilot.audits.mechanism_audit",
    "engine.pilot.audits.card", "engine.pilot.audits.one_run", "engine.pilot.audits.weights",
    "engine.pilot.dpsgd.ledger", "engine.pilot.dpsgd.progress",
    "engine.pilot.running.text_total", "engine.pilot.running.folder",
    "engine.pilot.running.job",
    "engine.pilot.running.ledgers",
    "engine.pilot.running.lifecycle", "engine.pilot.running.process",
    "engine.pilot.running.ranks", "engine.pilot.running.supervisor",
    "engine.pilot.running.recording", "engine.pilot.running.spending",
    "engine.pilot.running.standing",
    "engine.pilot.running.status", "engine.pilot.running.versions", "engine.pilot.sweeps.again",
    "engine.pilot.sweeps.launchers",
    "engine.pilot.sweeps.parts",
    "engine.pilot.sweeps.grid", "engine.pilot.sweeps.record",
    "engine.pilot.sweeps.gridfile", "engine.pilot.sweeps.manifests",
    "engine.pilot.sweeps.shipping",
    "engine.pilot.sweeps.survey", "engine.pilot.sweeps.sweep",
    "engine.pilot.pretraining", "engine.pilot.starts", "engine.pilot.text.docstrings",
    "engine.pilot.fine_tuning", "engine.pilot.huggingface", "engine.pilot.imported_start",
    "engine.pilot.text.corpus",
}  # fmt: skip
"""What of the pilot others may import: it loads no torch."""

ONLY_IN = {
    "duckdb": (
        "engine.runs.database",
        "engine.runs.export",
        "engine.runs.imports.databases",
        "engine.runs.query_process",
    ),
    "pyarrow": (
        "engine.runs.database",
        "engine.runs.log",
        "engine.runs.files",
        "engine.runs.arrow",
        "engine.runs.export",
        "engine.runs.queries",
        "engine.runs.query_process",
        "engine.runs.imports.databases",
        "engine.runs.imports.sheet",
        "engine.runs.imports.histories",
        "engine.runs.imports.large_texts",
        "engine.tables.columnar",
        "engine.runs.imports.tracked",
        "engine.untrusted.parquet",
        "engine.pilot.text.columnar",
    ),
    "dp_accounting": ("engine.accounting",),
    "pptx": ("engine.report",),
    "docx": ("engine.report",),
    "typst": ("engine.report.print",),
    "openpyxl": ("engine.untrusted.workbooks",),
    "xlsxwriter": ("engine.report.workbook",),
    "lxml": ("engine.report",),
    "matplotlib": ("engine.report.picture",),
    "torch": ("engine.pilot",),
    "opacus": ("engine.pilot",),
    "safetensors": ("engine.pilot", "engine.untrusted.weights"),
    "streamlit": ("dashboard",),
    "plotly": ("dashboard",),
    "dashboard": ("dashboard",),
}
"""Package -> the only places that may import it."""

SLOW_TO_LOAD = {
    "torch", "opacus", "dp_accounting", "statsmodels", "scipy.signal", "scipy.stats", "matplotlib",
}  # fmt: skip
"""A second or more each: imported in the function that needs it, or where nobody waits."""

PURE_PARTS = {
    "charts", "map_charts", "plan_charts", "attack_risk_charts", "layers", "plane", "expected",
    "canvas", "cover_slide",
    "wording", "targets_wording", "facts", "figures", "tables", "labels", "entries", "explain",
    "revision", "provenance", "request", "objections", "speaker_notes", "decision_record", "deck",
    "exports", "saved", "steps", "lookup", "terms", "privacy_terms", "link",
}  # fmt: skip
"""Parts of rooms that are words and figures: they know no widgets."""
ATTRIBUTES_ONLY_IN = {
    "session_state": "dashboard.state.*",
    "cache_data": "dashboard.answers.*_cache",
    "cache_resource": "dashboard.answers.*_cache",
}
"""Attribute of Streamlit -> pattern of the modules that may use it."""
PARSERS_ONLY_IN = {
    "json.loads": {
        "engine.untrusted.texts",
        "engine.decision_log",  # what it wrote a moment ago
        "engine.report.print.compiler",  # what Typst says of our own template
        "engine.pilot.text.docstrings",  # what a process of our own prints
    },
    "json.load": {"engine.pilot.text.pysource"},  # the same process's task
    "tomllib.loads": {"engine.untrusted.texts"},
    "np.load": {
        "engine.untrusted.archives",
        "engine.accounting.table",  # parts that it wrote a moment ago
        "engine.pilot.text.corpuscache",  # arrays whose fingerprint it checks
    },
    "pq.ParquetFile": {"engine.untrusted.parquet", "engine.pilot.text.columnar"},
    "openpyxl.load_workbook": {"engine.untrusted.workbooks"},
    "Presentation": {"engine.report.master"},
    "sqlite3.connect": {"engine.runs.imports.databases"},
    "duckdb.connect": {
        "engine.runs.imports.databases",
        "engine.runs.export",
        "engine.runs.database",
        "engine.runs.query_process",
    },
}
"""Call of a parser -> the only modules that make it, each within :mod:`engine.untrusted`'s guard or
limits."""
CATCHES_ANYTHING = {"engine.untrusted.guard"}
SQL_ONLY_IN = {
    "engine.runs.log", "engine.runs.database", "engine.runs.export",
    "engine.runs.imports.databases", "engine.runs.imports.trackers", "engine.runs.query_process",
}  # fmt: skip
NO_DRAWERS = {"utils", "util", "helpers", "helper", "common", "misc"}

SQL = re.compile(
    r"\b(SELECT\s.+\sFROM|INSERT\s+INTO|DELETE\s+FROM|CREATE\s+(TABLE|VIEW)|read_parquet)\b", re.S
)
PRIVATE = re.compile(
    r"/(?:home|root|Users|wor[k])/\w"  # somebody's folder
    # an address inside a network
    r"|\b(?:10|192\.168|172\.(?:1[6-9]|2\d|3[01]))(?:\.\d{1,3}){2,3}\b"
    r"|\b[a-z0-9-]+\.(?:internal|intranet|corp|lan)\b"  # a host inside a network
)
TEXT_FILES = {".py", ".md", ".toml", ".txt", ".csv", ".sh", ".yml", ".yaml", ".json", ".po", ""}
NOT_OURS = {
    ".git", ".venv", ".venv-ci", "__pycache__", ".pytest_cache", ".ruff_cache", ".mypy_cache",
    ".hypothesis", ".benchmarks", "dist", "node_modules",
}  # fmt: skip


# --- reading the source -------------------------------------------------------------------------


def _modules() -> dict[str, Path]:
    found = {}
    for package in ("engine", "dashboard"):
        for path in sorted((ROOT / package).rglob("*.py")):
            if not NOT_OURS.intersection(path.parts):
                found[".".join(path.relative_to(ROOT).with_suffix("").parts)] = path
    return found


MODULES = _modules()


def imported(module: str, tree: ast.AST) -> Iterator[str]:
    """Dotted names that a module imports, anywhere in it, by statement or by a literal name."""
    package = module.split(".")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            # Packages are empty here, so what is imported from one is a module of it.
            yield from (f"{base}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in ("import_module", "__import__") and isinstance(node.args[0].value, str):
                yield node.args[0].value


def _rule(path: list[str], rules: dict[str, set[str]]) -> str | None:
    """The rule's name for a module: that of its own where there is one, else of its package."""
    own = ".".join(path[:2])
    return own if own in rules else path[0] if path[0] in rules else None


def import_violations(module: str, source: str) -> list[str]:
    """A sentence for each import that the rules forbid."""
    top, *rest = module.split(".")
    if not rest or rest == ["__init__"]:
        return []
    engine = top == "engine"
    rules = MAY_IMPORT if engine else DASHBOARD_MAY_IMPORT
    called = "MAY_IMPORT" if engine else "DASHBOARD_MAY_IMPORT"
    unit = _rule(rest, rules)
    if unit is None:
        return [
            f"{module} is new: add a line for {rest[0]!r} to {called} in "
            f"tests/test_architecture.py that says what of the {top} it may import."
        ]
    found = []
    for name in imported(module, ast.parse(source)):
        parts = name.split(".")
        for package, places in ONLY_IN.items():
            if parts[0] == package and not any(f"{module}.".startswith(f"{p}.") for p in places):
                found.append(f"{module} imports {package}: only {', '.join(places)} may.")
        if parts[0] == "streamlit" and is_pure(module):
            found.append(f"{module} imports streamlit: it is words or figures, not a page.")
        if len(parts) < 2:
            continue
        others = {parts[1], ".".join(parts[1:3])}
        if parts[0] == top and parts[1] != unit and not others & rules[unit]:
            found.append(f"{module} imports {name}: {called} does not let {unit!r}.")
        if (
            top == "dashboard"
            and parts[0] == "engine"
            and not f"{name}.".startswith(tuple(f"{place}." for place in FRONT))
        ):
            found.append(f"{module} imports {name}: of the engine only {', '.join(FRONT)}.")
        front = any(".".join(parts[:n]) in PILOT_FRONT for n in range(3, len(parts) + 1))
        if parts[:2] == ["engine", "pilot"] and top == "engine" and unit != "pilot" and not front:
            found.append(f"{module} imports {name}: of the pilot only {sorted(PILOT_FRONT)}.")
    return found


def is_pure(module: str) -> bool:
    """Whether a module holds words and figures only."""
    room, _, part = module.rpartition(".")
    return room.startswith("dashboard") and part in PURE_PARTS


def attribute_violations(module: str, source: str) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute):
            names = [node.attr]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("streamlit"):
            names = [alias.name for alias in node.names]
        else:
            continue
        for name in names:
            if not fnmatch(module, ATTRIBUTES_ONLY_IN.get(name, module)):
                found.append(f"{module}:{node.lineno} uses {name}: {ATTRIBUTES_ONLY_IN[name]} may.")
    return found


def parser_violations(module: str, source: str) -> list[str]:
    """Parsers of files that are called, and exceptions of all kinds caught, in the wrong place."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if module not in PARSERS_ONLY_IN.get(called, {module}):
                found.append(f"{module}:{node.lineno} calls {called}: see engine/untrusted/.")
        if isinstance(node, ast.ExceptHandler) and module not in CATCHES_ANYTHING:
            caught = "" if node.type is None else ast.unparse(node.type)
            if caught in ("", "Exception") and not any(
                isinstance(inner, ast.Raise) and inner.exc is None for inner in ast.walk(node)
            ):
                found.append(f"{module}:{node.lineno} catches anything: see engine/untrusted/.")
    return found


def sql_in(source: str) -> list[str]:
    """Texts with SQL in them, docstrings and other texts that stand alone excepted."""
    tree = ast.parse(source)
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if id(node) not in alone and SQL.search(node.value)
    ]


def _text_files() -> Iterator[Path]:
    for path in ROOT.rglob("*"):
        if path.suffix in TEXT_FILES and not NOT_OURS.intersection(path.parts) and path.is_file():
            yield path


# --- the source keeps them ----------------------------------------------------------------------


@pytest.mark.parametrize("module", MODULES)
def test_imports_keep_their_direction(module):
    assert import_violations(module, MODULES[module].read_text()) == []


@pytest.mark.parametrize("module", MODULES)
def test_state_and_caches_live_in_one_place(module):
    assert attribute_violations(module, MODULES[module].read_text()) == []


@pytest.mark.parametrize("module", MODULES)
def test_parsers_stand_behind_one_guard(module):
    assert parser_violations(module, MODULES[module].read_text()) == []


@pytest.mark.parametrize("module", sorted(MODULES.keys() - SQL_ONLY_IN))
def test_sql_stands_in_the_run_log_only(module):
    assert sql_in(MODULES[module].read_text()) == []


def test_packages_are_empty():
    filled = [
        name for name, path in MODULES.items() if path.name == "__init__.py" and path.read_text()
    ]
    assert filled == [], "an __init__.py stays empty: import from the module itself"


def test_what_pages_and_commands_import_loads_nothing_slow():
    names = ", ".join(sorted([*PILOT_FRONT, "engine.commands.recommend"]))
    loaded = f"sorted({SLOW_TO_LOAD} & sys.modules.keys())"
    found = subprocess.run(
        [sys.executable, "-c", f"import sys, {names}; print({loaded})"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == "[]", "whoever opens a page would wait for it"


def test_no_module_is_a_drawer():
    drawers = [name for name in MODULES if NO_DRAWERS.intersection(name.split("."))]
    assert drawers == [], "name a module after what it holds"


def test_no_folder_is_called_pages():
    assert not (ROOT / "dashboard" / "pages").exists(), "Streamlit would list it"


def test_nothing_names_a_private_path_or_host():
    found = []
    for path in _text_files():
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), start=1):
            if PRIVATE.search(line) and path != Path(__file__):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    assert found == []


def test_the_rules_name_no_other_units_than_they_define():
    for rules in (MAY_IMPORT, DASHBOARD_MAY_IMPORT):
        for unit, allowed in rules.items():
            assert {name.split(".")[0] for name in allowed} <= rules.keys(), unit
    assert not any("runs" in MAY_IMPORT[unit] for unit in ("law", "accounting", "allocation"))


def test_rooms_are_on_floors():
    """No two rooms need each other: each stands on those below it."""
    for rules in (DASHBOARD_MAY_IMPORT, MAY_IMPORT):
        left = {unit: set(allowed) - {unit} for unit, allowed in rules.items()}
        while left:
            ground = {unit for unit, needs in left.items() if not needs & left.keys()}
            assert ground, f"in a circle: {sorted(left)}"
            left = {unit: needs for unit, needs in left.items() if unit not in ground}


# --- the checks notice what they should ---------------------------------------------------------


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("engine.config", "from engine.runs.record import RunRecord"),
        ("engine.law.fit", "from engine.runs import log"),
        ("engine.law.fit", "from ..runs.record import RunRecord"),
        ("engine.law.fit", "from .. import runs"),
        ("engine.law.fit", "def f():\n    import engine.accounting.search"),
        ("engine.law.fit", "import importlib\nimportlib.import_module('engine.runs.log')"),
        ("engine.law.fit", "from engine.decision.decide import decide"),
        ("engine.cost", "import dashboard.decide.charts"),
        ("engine.report", "import plotly.graph_objects as go"),
        ("engine.report", "from streamlit import session_state"),
        ("engine.runs.record", "import duckdb"),
        ("engine.runs.evidence", "import pyarrow.parquet"),
        ("engine.allocation.search", "from dp_accounting import pld"),
        ("engine.accounting_too", ""),
        ("engine.decision.decide", "from engine.pilot.train import step"),
        ("engine.commands.pilot", "from engine.pilot import train"),
        ("dashboard.answers.law_cache", "import torch"),
        ("dashboard.answers.law_cache", "from opacus.accountants import RDPAccountant"),
        ("dashboard.answers.law_cache", "from engine.pilot import runner"),
        ("dashboard.decide.charts", "import streamlit as st"),
        ("engine.text.formats", "from dashboard.decide import wording"),
        ("dashboard.roi.page", "from dashboard.present import deck"),
        ("dashboard.novelty", ""),
    ],
)
def test_a_forbidden_import_is_noticed(module, source):
    assert len(import_violations(module, source)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("engine.law.fit", "from engine.law import forms\nfrom .forms import FORMS\nimport numpy"),
        ("engine.law.fit", "from engine.interval import Interval"),
        ("engine.runs.database", "import duckdb\nfrom engine.runs import files"),
        (
            "engine.pilot.train",
            "import torch\nimport opacus\nfrom engine.pilot.dpsgd.model import Model",
        ),
        ("engine.commands.pilot", "from engine.pilot import plan"),
        (
            "dashboard.answers.law_cache",
            "from engine.api.pilots import PilotPlan\nimport streamlit",
        ),
        ("dashboard.decide.charts", "import plotly"),
        ("engine.__init__", ""),
    ],
)
def test_an_allowed_import_passes(module, source):
    assert import_violations(module, source) == []


def test_a_new_module_is_told_where_its_rule_goes():
    (sentence,) = import_violations("engine.novelty", "import os")
    assert "add a line for 'novelty' to MAY_IMPORT in tests/test_architecture.py" in sentence


def test_state_and_caches_elsewhere_are_noticed():
    source = "import streamlit as st\nst.session_state['a'] = 1\n@st.cache_data\ndef f(): ...\n"
    assert len(attribute_violations("dashboard.app", source)) == 2
    assert len(attribute_violations("dashboard.state.session", source)) == 1
    assert (
        len(
            attribute_violations(
                "dashboard.answers.law_cache", "from streamlit import session_state"
            )
        )
        == 1
    )
    assert attribute_violations("dashboard.answers.law_cache", "'''st.session_state'''") == []


def test_sql_is_told_from_prose():
    assert sql_in("'''SELECT a FROM b'''\nx = 'select one from the list'\n") == []
    assert len(sql_in("q = f'SELECT {a} FROM runs'\nr = 'DELETE FROM runs'\n")) >= 1
    assert len(sql_in("q = '''SELECT a\nFROM runs'''")) == 1


@pytest.mark.parametrize(
    "text", ["/home/" + "ann/x", "see /root/" + "a", "10.1" + ".2.3", "build." + "corp"]
)
def test_private_names_are_noticed(text):
    assert PRIVATE.search(text)


@pytest.mark.parametrize(
    "text", ["127.0.0.1", "0.0.0.0", "10.5 to 12", "duckdb==2.0.0", "/usr/bin"]
)
def test_public_ones_are_not(text):
    assert not PRIVATE.search(text)


def test_a_parser_elsewhere_and_a_blanket_except_are_noticed():
    source = "import json\njson.loads('1')\ntry:\n    a()\nexcept Exception:\n    b()\n"
    assert len(parser_violations("engine.law.fit", source)) == 2
    assert len(parser_violations("engine.untrusted.texts", source)) == 1
    again = "try:\n    a()\nexcept BaseException:\n    raise\nexcept ValueError:\n    b()\n"
    assert parser_violations("engine.law.fit", again) == []
