"""One trial: the tests of one mutant, in a process forked from one that has loaded the libraries.

Forking saves the seconds that numpy, scipy and pytest take to load, for each of hundreds of
mutants. The engine is loaded by the child alone, from a copy of the repository in which one module
is changed.
"""

import json
import os
import resource
import shutil
import signal
import sys
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

_LIBRARIES = (
    "numpy",
    "scipy.fft",
    "scipy.interpolate",
    "scipy.optimize",
    "scipy.signal",
    "scipy.spatial",
    "scipy.special",
    "scipy.stats",
    "mpmath",
    "pandas",
    "pyarrow.parquet",
    "duckdb",
    "hypothesis",
    "hypothesis.strategies",
    "dp_accounting",
    "dp_accounting.pld.privacy_loss_distribution",
    "pytest",
    "torch",
    "torch.func",
)
_COPIED = ("engine", "tests", "docs", "pyproject.toml")
_MEMORY = 6 * 2**30
"""Bytes of address space: some mutants ask for grids that no machine holds."""

FITS_VARIABLE = "KESSAI_TEST_FITS"
"""Folder of fits that outlives a run of tests; without it every run fits anew."""
SURVIVED = "survived"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """``result``: "survived"; or "failed", "timeout" or "crashed", which are kills."""

    result: str
    by: str
    """The first test that failed, if one did."""
    seconds: float


def load_libraries() -> None:
    """Whatever of the libraries is installed, once, before the first fork."""
    for name in _LIBRARIES:
        with suppress(ImportError):
            import_module(name)


def copy_repository(root: Path, target: Path) -> None:
    """What tests of the engine need, with the bytecode that there is: a changed module is newer
    than its own. Large data stay where they are."""
    ignored = shutil.ignore_patterns(".*_cache")
    for name in _COPIED:
        if (root / name).is_dir():
            shutil.copytree(root / name, target / name, ignore=ignored)
        else:
            shutil.copy(root / name, target / name)
    (target / "data").symlink_to(root / "data")


def run_tests(copy: Path, tests: list[str], *, marks: str, timeout: float) -> Outcome:
    """Run ``tests`` on ``copy`` until one fails, with pytest's ``-m marks``."""
    begun = time.monotonic()
    report = copy / "report.json"
    report.unlink(missing_ok=True)
    shutil.rmtree(copy / ".hypothesis", ignore_errors=True)
    child = os.fork()
    if child == 0:
        _child(copy, tests, marks, report)
    status = _wait(child, begun + timeout)
    seconds = round(time.monotonic() - begun, 1)
    if status is None:
        return Outcome(result="timeout", by="", seconds=seconds)
    try:
        found = json.loads(report.read_text())
    except (OSError, ValueError):
        return Outcome(result="crashed", by="", seconds=seconds)
    # 5: pytest found no test with these marks.
    result = SURVIVED if found["code"] in (0, 5) else "failed"
    return Outcome(result=result, by=found["failed"], seconds=seconds)


def _wait(child: int, until: float) -> int | None:
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status
        time.sleep(0.02)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


class _FirstFailure:
    """Plugin of pytest: which test failed."""

    def __init__(self) -> None:
        self.failed = ""

    def pytest_runtest_logreport(self, report: object) -> None:
        if getattr(report, "failed", False) and not self.failed:
            self.failed = str(getattr(report, "nodeid", ""))

    pytest_collectreport = pytest_runtest_logreport


def _child(copy: Path, tests: list[str], marks: str, report: Path) -> None:
    try:
        os.setsid()
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        with (copy / "output.txt").open("w") as output:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
        os.chdir(copy)
        sys.path[:] = [str(copy), *(p for p in sys.path if p not in ("", os.getcwd()))]
        for name in [n for n in sys.modules if n.partition(".")[0] in ("engine", "tests")]:
            del sys.modules[name]
        sys.dont_write_bytecode = True
        # A fit is named by the code that made it: a changed law makes one of its own.
        os.environ[FITS_VARIABLE] = str(copy / "fits")
        import pytest

        first = _FirstFailure()
        arguments = [
            "-x",
            "-q",
            "-n0",
            "--hypothesis-seed=0",
            "-p",
            "no:cacheprovider",
            "-m",
            marks,
        ]
        # hypothesis is loaded before pytest could rewrite its assertions, which it does not need.
        arguments += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
        code = int(pytest.main([*arguments, *tests], plugins=[first]))
        report.write_text(json.dumps({"code": code, "failed": first.failed}))
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        sys.stderr.flush()
        os._exit(0)
