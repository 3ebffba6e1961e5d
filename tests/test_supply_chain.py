"""What is delivered beside the code agrees with the pins, and names no address of anybody."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDER, DEPLOY = ROOT / "docs" / "supply-chain", ROOT / "docs" / "deploy"


def pins(text: str) -> dict[str, str]:
    """Package → version, names as pip compares them, builds of one version alike."""
    found = re.findall(r"^([\w.-]+)==([^\s;+]+)", text, re.MULTILINE)
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in found}


WANTED = pins((ROOT / "requirements.txt").read_text())
LOCKED = pins((ROOT / "requirements.lock").read_text())


def sbom():
    return json.loads((FOLDER / "sbom.cdx.json").read_text())


def test_every_pin_is_locked_listed_and_licensed():
    listed = {f"{one['name']}=={one['version']}" for one in sbom()["components"]}
    licensed = {"==".join(line.split(",")[:2]) for line in licence_lines()}
    assert WANTED and WANTED.items() <= LOCKED.items(), "run .ci/supply-chain"
    assert pins("\n".join(listed)) == LOCKED
    assert pins("\n".join(licensed)) == LOCKED


def licence_lines():
    return (FOLDER / "licences.csv").read_text().splitlines()[1:]


def test_every_line_of_the_lock_has_one_hash():
    lines = [
        line for line in (ROOT / "requirements.lock").read_text().splitlines() if line[0] != "#"
    ]
    assert len(lines) == len(LOCKED) and lines == sorted(lines)
    assert all(re.fullmatch(r"\S+==\S+ --hash=sha256:[0-9a-f]{64}", line) for line in lines)


def test_what_login_needs_is_locked_and_licensed_too():
    wanted = pins((ROOT / "requirements-login.txt").read_text())
    text = (ROOT / "requirements-login.lock").read_text()
    locked, lines = pins(text), [line for line in text.splitlines() if line[0] != "#"]
    assert wanted and wanted.items() <= locked.items(), "run .ci/supply-chain"
    assert not locked.keys() & LOCKED.keys(), "on top of the other lock"
    assert all(re.fullmatch(r"\S+==\S+ --hash=sha256:[0-9a-f]{64}", line) for line in lines)
    rows = (FOLDER / "licences-login.csv").read_text().splitlines()[1:]
    assert pins("\n".join("==".join(row.split(",")[:2]) for row in rows)) == locked
    assert not any("not stated" in row for row in rows)


@pytest.mark.parametrize("file", ["sbom.cdx.json", "licences.csv"])
def test_no_address_and_no_path_of_a_machine_is_in_them(file):
    text = (FOLDER / file).read_text()
    assert not re.search(r"https?://|file:|/(home|tmp|root|opt)/", text)


def test_the_bill_of_materials_is_cyclonedx_and_says_what_needs_what():
    found = sbom()
    assert found["bomFormat"] == "CycloneDX" and found["specVersion"] >= "1.5"
    needs = {one["ref"].split("==")[0]: one.get("dependsOn", []) for one in found["dependencies"]}
    assert any("starlette" in name for name in needs["streamlit"])
