"""Which code and libraries train: what a plan, a record and a preparation name.

Loads no torch, asks the installed packages' metadata only.
"""

import hashlib
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

LIBRARIES = ("torch", "opacus", "numpy")
KESSAI, EARLIER = "kessai", "kessai_earlier"
"""The code that ended a training, and those that began it, with blanks between."""


def versions() -> dict[str, str]:
    """Versions by name; libraries that are not installed are left out."""
    found = {KESSAI: code_version()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


@lru_cache(maxsize=1)
def code_version() -> str:
    """12 hexadecimal digits: hash of the engine's source, so that a plan
    names what will train it."""
    root = Path(__file__).resolve().parents[2]
    digest = hashlib.sha256()
    for source in sorted(root.rglob("*.py")):
        digest.update(source.relative_to(root).as_posix().encode())
        digest.update(source.read_bytes())
    return digest.hexdigest()[:12]
