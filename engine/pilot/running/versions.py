"""Which code and libraries train: what a plan, a record and a preparation name.

Loads no torch, asks the installed packages' metadata only.
"""

from importlib.metadata import PackageNotFoundError, version

from engine.code_version import code_version

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
