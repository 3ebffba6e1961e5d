import subprocess
from importlib.metadata import Distribution, PackageNotFoundError, PathDistribution
from pathlib import Path

import pytest

from engine.errors import InputError
from engine.pilot.text import docstrings, refusals
from engine.pilot.text.refusals import Refused, Row


def _install(site, name, version, files):
    """A distribution as pip leaves it, without pip."""
    info = site / f"{name}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    for path, content in files.items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_text(content)
    (info / "RECORD").write_text("".join(f"{path},,\n" for path in [*files, "gone.py"]))


@pytest.fixture
def site(tmp_path, monkeypatch):
    """Two packages that are asked for, and some that are not."""
    doc = {name: f'"""{name} ' + "text " * 50 + '"""\n' for name in ("one", "two", "three", "same")}
    _install(tmp_path, "alpha", "1.0", {
        "alpha/z.py": doc["one"],
        "alpha/a.py": doc["two"] + "def f():\n    " + doc["same"] + '\ndef g():\n    """Short."""',
        "alpha/tests/t.py": doc["three"],
        "alpha/data.txt": doc["three"],
    })  # fmt: skip
    _install(tmp_path, "beta", "2.0", {"tests.py": doc["same"]})
    for name in ("gamma", "unasked"):
        _install(tmp_path, name, "9", {f"{name}.py": doc["three"]})
    by_name = {path.name.split("-")[0]: path for path in tmp_path.glob("*.dist-info")}

    def find(name: str) -> Distribution:
        if name not in by_name:
            raise PackageNotFoundError(name)
        return PathDistribution(by_name[name])

    monkeypatch.setattr(docstrings, "distribution", find)
    monkeypatch.setattr(docstrings, "PACKAGES", ("alpha", "beta"))
    return tmp_path


def _collect(kind="docstrings"):
    shares: list[float] = []
    return list(docstrings.rows(kind, shares.append)), shares


def test_only_the_named_packages_are_read(site):
    assert [d.metadata["Name"] for d in docstrings.distributions()] == ["alpha", "beta"]


def test_a_missing_package_is_refused_for_the_text_would_be_another(site, monkeypatch):
    monkeypatch.setattr(docstrings, "PACKAGES", ("alpha", "absent"))
    with pytest.raises(InputError, match=r"package absent among those installed.*pip install"):
        docstrings.distributions()


def test_every_named_package_is_pinned():
    pins = (Path(__file__).parents[3] / "requirements.txt").read_text()
    for name in docstrings.PACKAGES:
        assert f"\n{name}==" in pins, f"{name} would make the text differ between installations"


def test_documents_come_by_distribution_path_and_line(site):
    rows, shares = _collect()
    kept = [row for row in rows if isinstance(row, Row)]
    assert [row.text.split()[0] for row in kept] == ["two", "same", "one"]
    assert {row.unit for row in kept} == {None}
    assert [row for row in rows if isinstance(row, Refused)] == [
        Refused(reason=refusals.SHORT, place=3),
        Refused(reason=refusals.REPEATED, place=5),
    ]
    assert shares[-1] == 1.0 and shares == sorted(shares)


def test_chunks_do_not_change_the_corpus(site, monkeypatch):
    at_once = _collect()
    monkeypatch.setattr(docstrings, "_CHUNK", 1)
    one_by_one = _collect()
    assert at_once[0] == one_by_one[0]
    assert len(one_by_one[1]) == 3


def test_the_length_is_in_bytes(site):
    texts = ["é" * (docstrings.SHORTEST // 2), "x" * docstrings.SHORTEST]
    (site / "alpha" / "z.py").write_text("".join(f'class A:\n    """{t}"""\n' for t in texts))
    (site / "alpha" / "a.py").write_text(f'"""{"x" * (docstrings.SHORTEST - 1)}"""')
    assert [row.text for row in _collect()[0] if isinstance(row, Row)][:2] == texts


def test_the_state_tells_versions_and_kinds_apart(site):
    before = docstrings.state("docstrings")
    assert before.splitlines() == ["docstrings", "2", "alpha==1.0", "beta==2.0"]
    assert docstrings.state("python-source") != before


def test_a_process_that_dies_is_refused(site, monkeypatch):
    dead = subprocess.CompletedProcess([], -9, stdout="", stderr="")
    monkeypatch.setattr(subprocess, "run", lambda *a, **k: dead)
    with pytest.raises(InputError, match="ended with code -9"):
        _collect()
