"""The tool that tests the tests; the score itself is behind the ``exhaustive`` marker."""

import subprocess
import sys

import pytest

from tests.mutation.__main__ import ROOT, main
from tests.mutation.mutants import changes_of, sample
from tests.mutation.score import Score, wilson
from tests.mutation.selection import tests_of as selected
from tests.mutation.trial import copy_repository

SOURCE = '''"""A module."""

LIMIT: int | None = 3


def doubled(value: float | int) -> float | int:
    return value * 2
'''


@pytest.fixture
def module(tmp_path):
    pytest.importorskip("cosmic_ray", reason="pip install -r tests/mutation/requirements.txt")
    path = tmp_path / "engine" / "doubling.py"
    path.parent.mkdir()
    path.write_text(SOURCE)
    return path


def drawn(module, count=100, seed=1):
    root = module.parents[1]
    return sample(root, changes_of(root, module), count, seed)


def test_numbers_and_operators_change_and_annotations_do_not(module):
    found = {(mutant.change.function, mutant.after) for mutant in drawn(module)}
    operators = ("+", "-", "/", "//", "%", "**")
    assert found == {
        ("", "LIMIT: int | None = 4"),
        ("", "LIMIT: int | None = 2"),
        ("doubled", "return value * 3"),
        ("doubled", "return value * 1"),
        *(("doubled", f"return value {operator} 2") for operator in operators),
    }


def test_a_draw_is_repeatable_and_other_code_leaves_it_as_it_is(module):
    names = [mutant.change.name for mutant in drawn(module, count=5)]
    assert names == [mutant.change.name for mutant in drawn(module, count=5)]
    assert names != [mutant.change.name for mutant in drawn(module, count=5, seed=2)]
    everything = [mutant.change.name for mutant in drawn(module)]
    module.write_text(SOURCE.replace("LIMIT", "# One line more.\nLIMIT"))
    assert [mutant.change.name for mutant in drawn(module)] == everything


TRIAL = """
import sys
from pathlib import Path
from tests.mutation.trial import run_tests
limit = float(sys.argv[2])
print(run_tests(Path(sys.argv[1]), ["tests/test_made.py"], marks="not slow", timeout=limit))
"""


@pytest.mark.parametrize(
    ("body", "seconds", "outcome"),
    [
        ("pass", 120, "result='survived', by=''"),
        ("assert False", 120, "result='failed', by='tests/test_made.py::test_made'"),
        ("import time; time.sleep(60)", 0.5, "result='timeout', by=''"),
    ],
)
def test_a_mutant_is_tried_on_a_copy(tmp_path, body, seconds, outcome):
    """In a process of its own: pytest does not run inside pytest."""
    copy_repository(ROOT, tmp_path)
    (tmp_path / "tests" / "test_made.py").write_text(f"def test_made():\n    {body}\n")
    command = [sys.executable, "-c", TRIAL, str(tmp_path), str(seconds)]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert outcome in said


def test_tests_are_chosen_by_module():
    chosen = selected(ROOT, "engine/accounting/domain.py")
    assert chosen[:4] == [
        "tests/accounting/test_pinned.py",
        "tests/accounting/test_certificate.py",
        "engine/accounting/domain.py",
        "tests/accounting/test_domain.py",
    ]


def test_the_interval_of_the_share_decides():
    low, high = wilson(281, 300)
    assert low == pytest.approx(0.9032, abs=1e-4)
    assert high == pytest.approx(0.9591, abs=1e-4)
    assert Score(tried=300, killed=281, equivalent=0).enough
    assert not Score(tried=300, killed=279, equivalent=0).enough
    assert Score(tried=300, killed=270, equivalent=15).enough
    assert not Score(tried=300, killed=280, equivalent=16).enough


@pytest.mark.exhaustive
@pytest.mark.parametrize("package", ["engine/accounting"])
def test_the_tests_notice_changes(package):
    pytest.importorskip("cosmic_ray", reason="pip install -r tests/mutation/requirements.txt")
    assert main([package, "--sample", "300", "--seed", "1"]) == 0
