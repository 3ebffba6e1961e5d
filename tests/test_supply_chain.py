"""What is delivered beside the code agrees with the pins, and names no address of anybody."""

import json
import re
from pathlib import Path

import pytest
import yaml

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


def test_the_container_runs_as_nobody_special_and_writes_only_where_it_must():
    text = (DEPLOY / "Dockerfile").read_text()
    steps = [line.split(maxsplit=1) for line in text.splitlines() if re.match(r"[A-Z]+ ", line)]
    users = [rest for word, rest in steps if word == "USER"]
    assert users == ["kessai"] and "useradd" in text
    assert [word for word, _ in steps].index("USER") > max(
        place for place, (word, _) in enumerate(steps) if word in ("COPY", "RUN")
    ), "the checkout is root's"
    copied = [rest.split() for word, rest in steps if word == "COPY"]
    names = [one for words in copied for one in words[:-1] if not one.startswith("--")]
    assert "requirements-login.txt" in names and all((ROOT / one).exists() for one in names)


def test_compose_mounts_and_builds_what_is_there():
    found = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    board, proxy = found["services"]["dashboard"], found["services"]["proxy"]
    built = board["build"]
    assert (DEPLOY / built["context"]).resolve() == ROOT and (ROOT / built["dockerfile"]).exists()
    assert board["read_only"] and board["cap_drop"] == ["ALL"] and "ports" not in board
    assert {mount.split(":")[0] for mount in board["volumes"]} >= set(found["volumes"])
    inside = [mount.split(":")[1] for mount in board["volumes"]]
    assert board["environment"]["KESSAI_ACCESS"] in inside, "the file of roles"
    assert "/kessai/.streamlit/secrets.toml" in inside, "where Streamlit looks for a login"
    served = (DEPLOY / "Caddyfile").read_text()
    prefix = board["command"][board["command"].index("--server.baseUrlPath") + 1]
    host = board["command"][board["command"].index("--server.allowedHosts") + 1]
    assert f"/{prefix}/*" in served and host in served
    assert proxy["ports"] == ["443:443"]
