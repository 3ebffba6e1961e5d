"""Turn pip's report and an SBOM into files that name no address: called by .ci/supply-chain."""

import csv
import json
import sys
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
_LEFT_OUT = {"externalReferences", "$schema", "serialNumber", "properties", "url", "description"}


def lock(report: Any) -> str:
    """One line a package, in order of the names."""
    lines = []
    for one in report["install"]:
        name, version = one["metadata"]["name"], one["metadata"]["version"]
        digest = one["download_info"]["archive_info"]["hashes"]["sha256"]
        lines.append(f"{name.lower().replace('_', '-')}=={version} --hash=sha256:{digest}\n")
    return HEAD + "".join(sorted(lines))


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


def main(report_file: str, sbom_file: str) -> None:
    """Write the three files."""
    report = json.loads(Path(report_file).read_text())
    sbom = without_addresses(json.loads(Path(sbom_file).read_text()))
    FOLDER.mkdir(exist_ok=True)
    LOCK.write_text(lock(report))
    (FOLDER / "sbom.cdx.json").write_text(json.dumps(sbom, indent=1, sort_keys=True) + "\n")
    with (FOLDER / "licences.csv").open("w", newline="") as file:
        rows = [("package", "version", "licence"), *licences(sbom)]
        csv.writer(file, lineterminator="\n").writerows(rows)


if __name__ == "__main__":
    main(*sys.argv[1:])
