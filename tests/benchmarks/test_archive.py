"""The whole of the paper's archive: 7 sizes x 19 noises x 1,280 steps x 3 rates, 510,720 rows."""

from datetime import UTC, datetime

import pytest

from engine.runs.importers.dp_scaling_laws import Imported, read_results
from tests.runs.made_sweep import check_optimum, made_sweep


@pytest.mark.slow
def test_the_archive_and_its_surface(benchmark, tmp_path_factory, request):
    """Import, evidence and surface together; the target is 5 s."""
    if not request.config.getoption("benchmark_enable"):
        pytest.skip("half a million rows: only where benchmarks are asked for")
    path = tmp_path_factory.mktemp("archive") / "results.csv"
    text, law = made_sweep()
    path.write_text(text)

    def imported_and_checked() -> Imported:
        found = read_results(path, created_at=datetime.now(UTC))
        check_optimum(found.records, law)
        return found

    found = benchmark.pedantic(imported_and_checked, rounds=3)
    assert len(found.records) == 7 * 19 * 3
    assert sum(len(run.curve) for run in found.records) == 510_720
    assert (found.refusals, found.diverged) == ((), ())
