"""What is written for containers and proxies, read by linters and held to what Kessai needs.

Nothing is built here."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "docs" / "deploy"


def tool(name):
    """A program beside this Python, or else on the PATH."""
    found = shutil.which(
        name, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    )
    return found or pytest.skip(f"{name} is not installed")


@pytest.mark.parametrize(
    "command",
    [
        ("hadolint", "--no-color", "Dockerfile"),
        ("check-jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yaml"),
        ("caddy", "validate", "--adapter", "caddyfile", "--config", "Caddyfile"),
        ("caddy", "fmt", "--diff", "Caddyfile"),
        ("haproxy", "-c", "-f", "haproxy.cfg"),
    ],
    ids=" ".join,
)
def test_a_linter_finds_nothing(command, tmp_path):
    name, *arguments = command
    found = subprocess.run(
        [tool(name), *arguments],
        cwd=DEPLOY,
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)},
    )
    assert found.returncode == 0, found.stdout + found.stderr


def test_the_linters_notice(tmp_path):
    """What was wrong once, and what is wrong in the same places."""
    docker, compose = tmp_path / "Dockerfile", tmp_path / "compose.yaml"
    docker.write_text(
        (DEPLOY / "Dockerfile").read_text().replace("requirements-login.txt ./", "x .")
    )
    compose.write_text((DEPLOY / "compose.yaml").read_text().replace("cap_drop", "cap_dorp"))
    ran = [tool("hadolint"), str(docker)]
    assert "DL3021" in subprocess.run(ran, capture_output=True, text=True).stdout
    ran = [tool("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", str(compose)]
    assert "cap_dorp" in subprocess.run(ran, capture_output=True, text=True).stdout


def test_nothing_that_a_checkout_makes_goes_into_an_image():
    """Runs, pilots, texts and accounts of whoever builds it: all that Git leaves out."""
    left_out = (ROOT / ".dockerignore").read_text().splitlines()
    for line in (ROOT / ".gitignore").read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        sign, pattern = ("!", line[1:]) if line.startswith("!") else ("", line)
        at_the_top = pattern.startswith("/")
        assert f"{sign}{'' if at_the_top else '**/'}{pattern.strip('/')}" in left_out, line


def test_the_container_runs_as_nobody_special_and_writes_only_where_it_must():
    text = (DEPLOY / "Dockerfile").read_text()
    steps = [line.split(maxsplit=1) for line in text.splitlines() if re.match(r"[A-Z]+ ", line)]
    users = [rest for word, rest in steps if word == "USER"]
    assert users == ["10001:10001"] and "--uid 10001" in text, "a number that is not root's"
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
