"""Exports: the catalogue with names, flags and curves, and no cell that a spreadsheet would run."""

import csv
import io

import duckdb
import pyarrow.parquet as pq
import pytest

from engine.errors import InputError
from engine.runs.export import Kind, export, kind_of
from engine.runs.removal import Chosen, delete
from tests.runs.imports.conftest import WHEN

CURVES = "run,N,batch_size,seq_len,step,loss\n" + "".join(
    f"{run},{size},8,16,{step},{6 - step / 100}\n"
    for run, size in (("=cmd|' /C calc'!A0", 10**7), ("b", 10**8))
    for step in (100, 200)
)
DIVERGED = "run,N,D,loss\n@broken,10000000,200000000,nan\n"


@pytest.fixture
def filled(log, imported):
    imported(CURVES, stored=True, family="ours")
    imported(DIVERGED, stored=True, family="ours", name="=more.csv")
    return log


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def test_a_csv_has_a_row_a_run_and_no_formula(filled):
    content = export(filled, Kind.CSV, family="ours", with_bom=True)
    assert content.startswith(b"\xef\xbb\xbf")
    rows = rows_of(content)
    assert {row["run"] for row in rows} == {"'=cmd|' /C calc'!A0", "b", "'@broken"}
    broken = next(row for row in rows if row["run"] == "'@broken")
    assert (broken["status"], broken["cross_entropy"], broken["file"]) == (
        "diverged", "", "'=more.csv",
    )  # fmt: skip
    assert {row["loss_unit"] for row in rows} == {"nats-per-token"}
    assert not export(filled, Kind.CSV).startswith(b"\xef")


def test_parquet_and_duckdb_hold_the_curves(filled, tmp_path):
    path = tmp_path / "runs.parquet"
    path.write_bytes(export(filled, Kind.PARQUET))
    table = pq.read_table(path).to_pylist()
    by_name = {row["run"]: row for row in table}
    assert set(by_name) == {"'=cmd|' /C calc'!A0", "b", "'@broken"}
    assert by_name["b"]["curve"] == [
        {"iteration": 100, "cross_entropy": 5.0}, {"iteration": 200, "cross_entropy": 4.0},
    ]  # fmt: skip
    assert by_name["'@broken"]["model_size"] is None
    base = tmp_path / "runs.duckdb"
    base.write_bytes(export(filled, Kind.DUCKDB))
    with duckdb.connect(str(base), read_only=True) as opened:
        assert opened.execute("SELECT count(*) FROM runs").fetchall() == [(3,)]
        found = opened.execute(
            "SELECT iteration, c.cross_entropy FROM curves AS c JOIN runs USING (run_id) "
            "WHERE run = 'b' ORDER BY iteration"
        ).fetchall()
    assert found == [(100, 5.0), (200, 4.0)]


def test_an_exported_table_can_be_imported(filled, imported):
    content = export(filled, Kind.CSV, family="ours")
    back = imported(content, name="back.csv", family="again")
    assert {run.name for run in back.runs} == {"=cmd|' /C calc'!A0", "b", "@broken"}
    assert {run.record.cross_entropy for run in back.runs if run.record} == {4.0}


def test_deleted_runs_stay_behind(filled):
    delete(filled, Chosen(runs=("b",)), at=WHEN)
    assert "b" not in {row["run"] for row in rows_of(export(filled, Kind.CSV))}


def test_nothing_to_export_and_other_endings_are_refused(filled):
    with pytest.raises(InputError, match="got none of nope: families are ours"):
        export(filled, Kind.CSV, family="nope")
    with pytest.raises(
        InputError, match=r"Expected a file that ends in \.parquet, \.csv, \.duckdb"
    ):
        kind_of("runs.xlsx")
    assert kind_of("RUNS.CSV") is Kind.CSV
