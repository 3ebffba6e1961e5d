"""Which tests judge the mutants of which module, the likeliest to notice and the fastest first.

First those listed here for its folder, then the module's own doctests, the test file that mirrors
it (``engine/accounting/certify.py``: ``tests/accounting/test_certify.py``) and those listed for
it. Tests that are marked ``slow`` come after all others of the same files.
"""

from pathlib import Path

FIRST: dict[str, tuple[str, ...]] = {
    "engine/accounting": (
        "tests/accounting/test_pinned.py",
        "tests/accounting/test_certificate.py",
    ),
}
ALSO: dict[str, tuple[str, ...]] = {
    "engine/accounting/domain.py": ("tests/accounting/test_certificate_properties.py",),
    "engine/accounting/grid.py": (
        "tests/accounting/test_tradeoff.py",
        "tests/accounting/test_profile.py",
    ),
    "engine/accounting/tradeoff.py": ("tests/test_risk.py",),
    "engine/accounting/certify.py": (
        "tests/accounting/test_joint.py",
        "tests/accounting/test_certificate_properties.py",
    ),
    "engine/accounting/mechanism.py": ("tests/test_risk.py",),
}


def tests_of(root: Path, module: str) -> list[str]:
    """Paths for pytest, in order."""
    path = Path(module)
    mirrored = Path("tests", *path.parent.parts[1:], f"test_{path.name}")
    first = FIRST.get(path.parent.as_posix(), ())
    wanted = [*first, module, mirrored.as_posix(), *ALSO.get(module, ())]
    return [test for test in dict.fromkeys(wanted) if (root / test).exists()]
