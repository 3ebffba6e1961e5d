"""Which tests judge the mutants of which module, the likeliest to notice and the fastest first.

First those listed here for its folder, then the module's own doctests, the test file that mirrors
it (``engine/accounting/accountant.py``: ``tests/accounting/test_accountant.py``) and those listed
for it. Tests that are marked ``slow`` come after all others of the same files.
"""

from pathlib import Path

FIRST: dict[str, tuple[str, ...]] = {
    "engine/accounting": (
        "tests/accounting/test_pinned.py",
        "tests/accounting/test_certificate.py",
    ),
    "engine/allocation": (
        "tests/allocation/test_pinned.py",
        "tests/allocation/test_edges.py",
    ),
    "engine/law": ("tests/law/test_pinned.py", "tests/allocation/test_edges.py"),
}
_CLIPPING = ("tests/pilot/dpsgd/test_clipping.py", "tests/pilot/dpsgd/test_private_step.py")
ALSO: dict[str, tuple[str, ...]] = {
    "engine/accounting/domain.py": ("tests/accounting/test_certificate_properties.py",),
    "engine/accounting/grid.py": (
        "tests/accounting/test_tradeoff.py",
        "tests/accounting/test_profile.py",
    ),
    "engine/accounting/tradeoff.py": ("tests/test_attack_risk.py",),
    "engine/accounting/accountant.py": (
        "tests/accounting/test_joint.py",
        "tests/accounting/test_certificate_properties.py",
    ),
    "engine/accounting/mechanism.py": ("tests/test_attack_risk.py",),
    "engine/pilot/dpsgd/batch_sum.py": (
        "tests/pilot/dpsgd/test_private_step.py",
        "tests/pilot/dpsgd/test_clipping.py",
        "tests/pilot/dpsgd/test_training.py",
    ),
    "engine/pilot/dpsgd/clipped.py": _CLIPPING,
    "engine/pilot/dpsgd/fast_engine.py": _CLIPPING,
    "engine/pilot/dpsgd/opacus_engine.py": _CLIPPING,
    "engine/pilot/dpsgd/tape.py": _CLIPPING,
    "engine/pilot/dpsgd/gradient_canaries.py": ("tests/pilot/audits/test_mechanism_audit.py",),
    "engine/pilot/dpsgd/model.py": (
        "tests/pilot/test_huggingface.py",
        "tests/pilot/dpsgd/test_training.py",
    ),
    "engine/pilot/dpsgd/private_step.py": ("tests/pilot/dpsgd/test_correlated.py",),
    "engine/pilot/dpsgd/noise.py": ("tests/pilot/dpsgd/test_correlated.py",),
    "engine/pilot/dpsgd/progress.py": (
        "tests/pilot/dpsgd/test_training.py",
        "tests/pilot/dpsgd/test_ledger.py",
    ),
    "engine/pilot/dpsgd/sampling.py": ("tests/pilot/dpsgd/test_correlated.py",),
    "engine/pilot/dpsgd/resumption.py": (
        "tests/pilot/dpsgd/test_training.py",
        "tests/pilot/dpsgd/test_correlated.py",
    ),
    "engine/pilot/dpsgd/training.py": (
        "tests/pilot/dpsgd/test_start.py",
        "tests/pilot/dpsgd/test_correlated.py",
    ),
    "engine/allocation/points.py": ("tests/allocation/test_search.py",),
    "engine/allocation/result.py": (
        "tests/allocation/test_levers.py",
        "tests/allocation/test_reach.py",
    ),
    "engine/law/form.py": ("tests/law/test_forms.py",),
    "engine/law/residuals.py": ("tests/law/test_observations.py", "tests/law/test_solve.py"),
    "engine/law/shapes.py": ("tests/law/test_forms.py", "tests/law/test_linear.py"),
    "engine/law/version.py": ("tests/decision/test_fitted.py",),
}


def tests_of(root: Path, module: str) -> list[str]:
    """Paths for pytest, in order."""
    path = Path(module)
    mirrored = Path("tests", *path.parent.parts[1:], f"test_{path.name}")
    first = FIRST.get(path.parent.as_posix(), ())
    wanted = [*first, module, mirrored.as_posix(), *ALSO.get(module, ())]
    return [test for test in dict.fromkeys(wanted) if (root / test).exists()]
