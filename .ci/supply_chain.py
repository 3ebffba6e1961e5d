"""Turn pip's report and an SBOM into files that name no address: called by .ci/supply-chain."""

import csv
import json
import sys
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LOCK, FOLDER = ROOT / "requirements.lock", ROOT / "docs" / "supply-chain"
HEAD = """\
# Every package that requirements.txt brings, with the hash of the file that was installed here:
# Linux on x86-64, Python 3.11, the CPU build of torch. Another platform or build has other files,
# hence other hashes. Made by .ci/supply-chain; use:
#   pip install --require-hashes -r requirements.lock
"""
LOGIN_LOCK, LOGIN_LICENCES = ROOT / "requirements-login.lock", FOLDER / "licences-login.csv"
LOGIN_HEAD = """\
# What requirements-login.txt brings on top of requirements.lock, with the hash of its file (Linux
# on x86-64, Python 3.11). Made by .ci/supply-chain; use:
#   pip install --require-hashes -r requirements.lock -r requirements-login.lock
"""
_LEFT_OUT = {"externalReferences", "$schema", "serialNumber", "properties", "url", "description"}


def lock(report: Any, head: str = HEAD) -> str:
    """One line a package, in order of the names."""
    lines = []
    for one in report["install"]:
        name, version = one["metadata"]["name"], one["metadata"]["version"]
        digest = one["download_info"]["archive_info"]["hashes"]["sha256"]
        lines.append(f"{name.lower().replace('_', '-')}=={version} --hash=sha256:{digest}\n")
    return head + "".join(sorted(lines))


def without_addresses(value: Any) -> Any:
    """The same SBOM without references to addresses, and without paths of this machine."""
    if isinstance(value, dict):
        return {k: without_addresses(item) for k, item in value.items() if k not in _LEFT_OUT}
    if isinstance(value, list):
        return [without_addresses(item) for item in value]
    if isinstance(value, str) and "download_url=" in value:
        return value.split("?")[0]
    return value


def licences(sbom: Any) -> list[tuple[str, str, str]]:
    """Package, version, licence as its metadata say it."""
    rows = []
    for one in sbom["components"]:
        said = [
            entry.get("expression") or entry["license"].get("id") or entry["license"]["name"]
            for entry in one.get("licenses", [])
        ]
        first = [" ".join(text.split()) for text in said]
        short = [text if len(text) < 60 else f"{text[:57]}..." for text in first]
        rows.append((one["name"], one["version"], "; ".join(dict.fromkeys(short)) or "not stated"))
    return sorted(rows)


def stated(report: Any, folder: str) -> list[tuple[str, str, str]]:
    """Package, version, licence of what a report names, as the metadata in ``folder`` say it."""
    named = {one["metadata"]["name"] for one in report["install"]}
    rows = []
    for one in distributions(path=[folder]):
        said = one.metadata
        if said["Name"] in named:
            classified = [c for c in said.get_all("Classifier", []) if c.startswith("License ::")]
            text = said["License-Expression"] or said["License"] or ""
            last = "; ".join(line.split(" :: ")[-1] for line in classified)
            short = text if 0 < len(text) < 60 else last or "not stated"
            rows.append((said["Name"].lower(), one.version, short))
    return sorted(rows)


def login(report_file: str, folder: str) -> None:
    """Write the lock and the licences of what login needs."""
    report = json.loads(Path(report_file).read_text())
    LOGIN_LOCK.write_text(lock(report, LOGIN_HEAD))
    _write_licences(LOGIN_LICENCES, stated(report, folder))


def _write_licences(path: Path, rows: list[tuple[str, str, str]]) -> None:
    with path.open("w", newline="") as file:
        table = [("package", "version", "licence"), *rows]
        csv.writer(file, lineterminator="\n").writerows(table)


def main(report_file: str, sbom_file: str, login_report_file: str, login_folder: str) -> None:
    """Write all files."""
    report = json.loads(Path(report_file).read_text())
    sbom = without_addresses(json.loads(Path(sbom_file).read_text()))
    FOLDER.mkdir(exist_ok=True)
    LOCK.write_text(lock(report))
    (FOLDER / "sbom.cdx.json").write_text(json.dumps(sbom, indent=1, sort_keys=True) + "\n")
    _write_licences(FOLDER / "licences.csv", licences(sbom))
    login(login_report_file, login_folder)


if __name__ == "__main__":
    main(*sys.argv[1:])
