"""The run log under crashes, races and foreign files; every kill here is a real SIGKILL."""

import dataclasses
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine import durable
from engine.durable import temporary_path
from engine.errors import InputError
from engine.runs import files
from engine.runs import log as runs_log
from engine.runs.files import compact, file_name, read
from engine.runs.folder import listing
from engine.runs.log import RunLog
from engine.runs.record import RunRecord
from tests.present import present
from tests.runs.made_runs import NOW, record

ROOT = Path(__file__).resolve().parents[2]
MIN_TIME, MAX_TIME = NOW.replace(1970, tzinfo=None), NOW.replace(2200, tzinfo=None)


def seeds(folder: Path) -> list[int]:
    """Seeds of the runs that a fresh reader sees, doubles included."""
    with RunLog(folder) as log:
        return sorted(seed_of(run) for run in log.records())


def seed_of(run: RunRecord) -> int:
    return present(run.seed)


def write(folder: Path, runs: Iterable[RunRecord]) -> Path:
    """The file of at least one run."""
    return present(files.write(folder, runs))


# --- round trip and view ------------------------------------------------------------------------

texts = st.text(st.characters(codec="utf-8"), max_size=20)
records = st.builds(
    record,
    seed=st.none() | st.integers(0, 2**63 - 1),
    note=texts,
    hardware=texts,
    learning_rate=st.none() | st.floats(1e-300, 1e300),
    noise_batch_ratio=st.floats(0, 1e300),
    cross_entropy=st.floats(1e-9, 5.8),
    compute_optimal=st.booleans(),
    sampling=st.none() | st.sampled_from(["poisson", "best"]),
    created_at=st.datetimes(MIN_TIME, MAX_TIME, timezones=st.just(UTC)),
    curve=st.lists(
        st.tuples(st.integers(0, 100), st.floats(1e-300, 1e300)), unique_by=lambda p: p[0]
    ).map(sorted),
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(records, min_size=1, max_size=4, unique_by=lambda run: run.run_id))
def test_a_record_comes_back_as_it_went_in(tmp_path_factory, runs):
    log = RunLog.open(tmp_path_factory.mktemp("log"))
    assert set(log.append(runs)) == {run.run_id for run in runs}
    assert log.records() == sorted(runs, key=lambda run: run.run_id)
    log.close()


def test_published_records_are_in_the_view_and_not_in_the_folder(tmp_path):
    published = [
        record(seed, family="paper", curve=(), sampling="best", note="σ̄ 決裁") for seed in (7, 8)
    ]
    published.append(record(9, family="paper", noise_multiplier=2.0))
    log = RunLog.open(tmp_path / "absent", published=published)
    assert log.families() == {"paper": 3}
    assert log.records("paper") == sorted(published, key=lambda run: run.run_id)
    assert not (tmp_path / "absent").exists()
    assert log.append([published[0], record(1)]) == [record(1).run_id]
    assert log.families() == {"paper": 3, "toy": 1}
    assert seeds(tmp_path / "absent") == [1]


def test_queries_see_runs_and_curves_and_bind_their_parameters(tmp_path):
    log = RunLog.open(tmp_path)
    log.append([record(1), record(2, cross_entropy=3.0)])
    frame = log.query("SELECT seed, cross_entropy FROM runs WHERE seed >= $least", least=2)
    expected = pd.DataFrame({"seed": [2], "cross_entropy": [3.0]})
    pd.testing.assert_frame_equal(frame, expected)
    curves = log.query("SELECT run_id, iteration, cross_entropy FROM curves ORDER BY ALL")
    assert len(curves) == 4
    assert sorted(curves["iteration"]) == [10, 10, 100, 100]


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM stored",
        "WITH gone AS (DELETE FROM stored RETURNING run_id) SELECT * FROM gone",
        "COPY runs TO 'stolen.csv'",
        "SELECT * FROM read_text('/etc/hostname')",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT 1; DROP VIEW runs",
        "SET enable_external_access = true",
        "ATTACH 'other.db'",
        "INSTALL httpfs",
        "SELECT * FROM nothing",
        "SELEC",
        "",
    ],
)
def test_a_query_can_change_nothing_and_read_no_other_file(tmp_path, monkeypatch, sql):
    monkeypatch.chdir(tmp_path)
    log = RunLog.open(tmp_path / "log")
    log.append([record(1)])
    with pytest.raises(InputError, match=r"Expected one SELECT|The query failed"):
        log.query(sql)
    assert [run.seed for run in log.records()] == [1]
    assert [path.name for path in tmp_path.iterdir()] == ["log"]


def test_an_open_log_sees_what_others_write_and_what_is_removed(tmp_path):
    log, other = RunLog.open(tmp_path), RunLog.open(tmp_path)
    before = log.version
    other.append([record(1)])
    other.append([record(2)])
    assert log.families() == {"toy": 2}
    assert log.version == other.version != before
    listing(tmp_path)[0].unlink()
    assert log.families() == {"toy": 1}


def test_only_unseen_files_are_read(tmp_path, monkeypatch):
    log = RunLog.open(tmp_path)
    log.append([record(1)])
    log.append([record(2)])
    log.run_ids()
    new = write(tmp_path / "elsewhere", [record(3)])
    calls = []

    def spied(path: Path) -> list[RunRecord]:
        calls.append(path)
        return read(path)

    monkeypatch.setattr(files, "read", spied)
    log.run_ids()
    assert calls == []
    new = new.rename(tmp_path / new.name)
    assert log.families() == {"toy": 3}
    assert calls == [new]


def test_the_version_changes_with_the_runs_only(tmp_path):
    log = RunLog.open(tmp_path)
    log.append([record(1), record(2)])
    log.append([record(3)])
    version = log.version
    assert log.compact().runs == 3
    assert log.version == version
    log.append([record(4)])
    assert log.version != version


@pytest.mark.parametrize("name", ["it's [1] * ? 決裁", "family=x", "a\\b {c}"])
def test_folder_names_need_no_care(tmp_path, name):
    folder = tmp_path / name
    write(
        tmp_path / "it's 1 x y 決裁", [record(1, note="what the first name matches as a pattern")]
    )
    log = RunLog.open(folder)
    log.append([record(1)])
    log.append([record(2), record(3)])
    assert log.compact().runs == 3
    assert {(run.family, run.note) for run in log.records()} == {("toy", "")}
    assert len(log.records()) == 3
    assert log.skipped == []


def test_the_settings_that_fence_queries_in_cannot_be_undone(tmp_path):
    sql = "SELECT name, value FROM duckdb_settings() WHERE name IN ($first, $second) ORDER BY name"
    names = {"first": "enable_external_access", "second": "lock_configuration"}
    assert RunLog.open(tmp_path).query(sql, **names)["value"].tolist() == ["false", "true"]


def test_the_folder_comes_from_the_environment_and_the_campaign_is_read_beside(
    tmp_path, monkeypatch
):
    committed, own = tmp_path / "committed", tmp_path / "own"
    write(committed, [record(1)])
    monkeypatch.setattr(runs_log, "COMMITTED", committed)
    monkeypatch.setenv("KESSAI_DATA", str(own))
    log = RunLog.open()
    assert log.append([record(1), record(2)]) == [record(2).run_id]
    assert log.families() == {"toy": 2}
    assert seeds(own) == [2]
    assert log.compact().sources == 0
    monkeypatch.setenv("KESSAI_DATA", "")
    assert RunLog.open().folder == committed


def test_threads_share_a_log(tmp_path):
    log = RunLog.open(tmp_path)
    failures = []

    def work(first: int) -> None:
        try:
            for seed in range(first, first + 5):
                log.append([record(seed)])
                assert log.query("SELECT count(*) AS n FROM runs")["n"][0] >= seed - first + 1
        except (AssertionError, InputError, duckdb.Error) as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(first,)) for first in (0, 100, 200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert log.families() == {"toy": 15}


# --- writing ------------------------------------------------------------------------------------


def test_writing_twice_is_harmless_and_the_first_outcome_stays(tmp_path):
    first = write(tmp_path, [record(1)])
    status = first.stat()
    again = write(tmp_path, [record(1, cross_entropy=3.0, created_at=NOW + timedelta(1))])
    assert again == first
    assert first.stat() == status
    assert RunLog(tmp_path).append([record(1)]) == []
    assert [run.cross_entropy for run in RunLog(tmp_path).records()] == [3.5]
    assert os.listdir(tmp_path) == [first.name]


def test_a_damaged_file_of_the_same_name_is_replaced(tmp_path):
    log = RunLog(tmp_path)
    path = write(tmp_path, [record(1)])
    path.write_bytes(path.read_bytes()[:-20])
    assert len(log.skipped) == 1
    assert log.append([record(1)]) == [record(1).run_id]
    assert log.skipped == []
    assert log.families() == {"toy": 1}


def test_the_same_run_in_two_files_counts_once_and_the_earliest_wins_for_all(tmp_path):
    early = record(1, cross_entropy=3.0, created_at=NOW - timedelta(1))
    write(tmp_path, [record(1)])
    log = RunLog(tmp_path)
    assert log.records() == [record(1)]
    write(tmp_path, [early, record(2)])
    assert log.records("toy") == RunLog(tmp_path).records() != []
    assert early in log.records()
    assert len(log.records()) == 2
    assert compact(tmp_path).runs == 2
    assert early in RunLog(tmp_path).records()


def test_nothing_is_written_where_there_is_nothing(tmp_path):
    assert files.write(tmp_path, []) is None
    assert RunLog(tmp_path).append([]) == []
    assert os.listdir(tmp_path) == []


def test_a_failed_write_leaves_nothing(tmp_path, monkeypatch):
    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match=r"No space left on device\. Set KESSAI_DATA"):
        RunLog(tmp_path).append([record(1)])
    assert os.listdir(tmp_path) == []


def test_bytes_are_synced_before_the_rename_and_the_folder_after(tmp_path, monkeypatch):
    calls = []
    fsync, replace = os.fsync, os.replace

    def tell(handle: int) -> None:
        calls.append("folder" if os.path.isdir(f"/proc/self/fd/{handle}") else "file")
        if calls[-1] == "file":  # complete by then, and not in the log under its name
            assert pq.ParquetFile(f"/proc/self/fd/{handle}").metadata.num_rows == 1
            assert listing(tmp_path) == []
        fsync(handle)

    def name(temporary: Path, path: Path) -> None:
        calls.append("name")
        replace(temporary, path)

    monkeypatch.setattr(os, "fsync", tell)
    monkeypatch.setattr(os, "replace", name)
    write(tmp_path, [record(1)])
    assert calls == ["file", "name", "folder"]


READ_ONLY = """
import os, sys
from pathlib import Path
from engine.runs.log import RunLog
from engine.runs.importers.published import published_records
from engine.durable import temporary_path
from engine.errors import InputError
from tests.runs.made_runs import record
published = published_records()
os.setgid(65534); os.setuid(65534)
log = RunLog.open(Path(sys.argv[1]), published=published)
print(log.families())
for act in (lambda: log.append([record(5)]), log.compact):
    try:
        act()
    except InputError as error:
        print(error)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become a user without permission")
def test_a_read_only_folder_answers_and_refuses_in_a_sentence(tmp_path):
    folder = tmp_path / "runs"
    write(folder, [record(1)])
    write(folder, [record(2)])
    for path in [folder, *folder.parents][:5]:  # a worker of pytest adds a folder
        path.chmod(0o755)
    child = start(READ_ONLY, folder)
    out, _ = child.communicate(timeout=60)
    lines = out.splitlines()
    assert lines[0] == "{'published-bert': 24, 'toy': 2}"
    assert len(lines) == 3
    for line in lines[1:]:
        assert line.startswith(f"Expected to write the run log {folder}: Permission denied. Set")
    assert seeds(folder) == [1, 2]


def test_a_folder_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "runs").write_text("")
    log = RunLog.open(tmp_path / "runs")
    with pytest.raises(InputError, match="Expected to read the folder of runs"):
        log.families()
    with pytest.raises(InputError, match="Expected to read the folder of runs"):
        log.append([record(1)])


# --- foreign files ------------------------------------------------------------------------------


def _foreign(folder: Path) -> dict[str, str]:
    """Put every kind of wrong file into the folder; the reason that each must be reported with."""
    good = write(folder / "elsewhere", [record(90)]).read_bytes()
    table = pq.read_table(folder / "elsewhere" / file_name([record(90).run_id]))
    shutil.rmtree(folder / "elsewhere")
    (folder / "empty.parquet").write_bytes(b"")
    (folder / "text.parquet").write_text("not parquet at all")
    (folder / "torn.parquet").write_bytes(good[: len(good) // 2])
    flipped = bytearray(good)
    flipped[60] ^= 0xFF
    (folder / "flipped.parquet").write_bytes(flipped)
    (folder / "folder.parquet").mkdir()
    os.mkfifo(folder / "pipe.parquet")
    (folder / "dangling.parquet").symlink_to(folder / "nowhere")
    pq.write_table(pa.table({"a": [1]}), folder / "columns.parquet")
    pq.write_table(
        table.set_column(table.schema.get_field_index("seed"), "seed", pa.array(["x"])),
        folder / "types.parquet",
    )
    loss = table.schema.get_field_index("cross_entropy")
    pq.write_table(table.set_column(loss, "cross_entropy", pa.array([9.9])), folder / "v.parquet")
    seed = table.schema.get_field_index("seed")
    pq.write_table(table.set_column(seed, "seed", pa.array([91])), folder / "id.parquet")
    return {
        "empty.parquet": "Expected a readable Parquet file",
        "text.parquet": "Expected a readable Parquet file",
        "torn.parquet": "Expected a readable Parquet file",
        "flipped.parquet": "Expected a readable Parquet file",
        "folder.parquet": "Expected a regular file",
        "pipe.parquet": "Expected a regular file",
        "columns.parquet": "Expected the columns of the run log, got others (without run_id",
        "types.parquet": "Expected the columns of the run log, got others (other types",
        "v.parquet": "Row 1: Expected cross_entropy of at most",
        "id.parquet": "Row 1: Expected run_id",
    }


def test_foreign_files_are_skipped_with_a_reason_and_left_alone(tmp_path):
    write(tmp_path, [record(1)])
    write(tmp_path, [record(2)])
    reasons = _foreign(tmp_path)
    (tmp_path / ".hidden.parquet").write_text("")
    (tmp_path / "notes.txt").write_text("")
    log = RunLog(tmp_path)
    assert [run.seed for run in sorted(log.records(), key=seed_of)] == [1, 2]
    skipped = {entry.path.name: str(entry.reason) for entry in log.skipped}
    assert set(skipped) == set(reasons)
    for name, reason in reasons.items():
        assert skipped[name].startswith(reason), name
    names = set(os.listdir(tmp_path))
    done = log.compact()
    assert {entry.path.name for entry in done.skipped} == set(reasons)
    assert names - set(os.listdir(tmp_path)) == {
        file_name([record(1).run_id]),
        file_name([record(2).run_id]),
    }
    assert seeds(tmp_path) == [1, 2]


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_no_damage_to_a_file_fails_a_reader_or_passes_for_another_run(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("log")
    path = write(folder, [record(1), record(2)])
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    log = RunLog(folder)
    found = log.records()
    assert found in ([], sorted([record(1), record(2)], key=lambda run: run.run_id))
    assert len(found) == 2 or len(log.skipped) == 1
    log.close()


def test_a_file_that_goes_between_listing_and_loading_is_no_failure(tmp_path, monkeypatch):
    log = RunLog(tmp_path)
    log.append([record(4)])
    assert log.families() == {"toy": 1}
    listing(tmp_path)[0].unlink()  # and one that was loaded goes at the same time
    paths = [write(tmp_path, [record(seed)]) for seed in (1, 2, 3)]

    def read_and_remove(path: Path) -> list[RunRecord]:
        found = read(path)
        if path == paths[1]:
            path.unlink()
        return found

    monkeypatch.setattr(files, "read", read_and_remove)
    assert sorted(seed_of(run) for run in log.records()) == [1, 3]
    monkeypatch.setattr(files, "read", read)
    assert log.skipped == []
    assert sorted(seed_of(run) for run in log.records()) == [1, 3]


# --- compaction ---------------------------------------------------------------------------------


def test_compaction_merges_and_a_second_one_finds_nothing(tmp_path):
    runs = [record(seed) for seed in range(5)]
    for run in runs:
        write(tmp_path, [run])
    done = compact(tmp_path)
    assert (done.sources, done.runs, done.skipped) == (5, 5, ())
    merged = present(done.merged)
    assert os.listdir(tmp_path) == [merged.name]
    assert sorted(read(merged), key=seed_of) == runs
    again = compact(tmp_path)
    assert (again.sources, again.merged) == (0, None)
    write(tmp_path, [record(5)])
    assert compact(tmp_path).runs == 6
    assert seeds(tmp_path) == list(range(6))


def test_compaction_keeps_a_source_that_has_the_merged_name(tmp_path):
    """A run stored beside the file that holds it already: the merged file is one of the sources."""
    write(tmp_path, [record(1), record(2)])
    write(tmp_path, [record(1, cross_entropy=3.0, created_at=NOW - timedelta(1))])
    merged = present(compact(tmp_path).merged)
    assert os.listdir(tmp_path) == [merged.name]
    assert sorted(run.cross_entropy for run in read(merged)) == [3.0, 3.5]


def test_an_open_reader_follows_a_compaction(tmp_path):
    log = RunLog(tmp_path)
    log.append([record(1)])
    log.append([record(2)])
    before = log.records()
    compact(tmp_path)
    assert log.records() == before
    assert log.query("SELECT count(*) AS n FROM stored")["n"][0] == 2


def test_large_files_are_left_alone(tmp_path, monkeypatch):
    large = write(tmp_path, [record(seed) for seed in range(40)])
    monkeypatch.setattr(files, "SMALL_FILE", large.stat().st_size - 1)
    write(tmp_path, [record(100)])
    write(tmp_path, [record(101)])
    assert compact(tmp_path).runs == 2
    assert large in listing(tmp_path)
    assert len(listing(tmp_path)) == 2


def test_only_stale_temporary_files_are_removed(tmp_path):
    one, several, live = (
        temporary_path(tmp_path / f"{name}.parquet") for name in ("run-a", "runs-b", "run-live")
    )
    for path in (one, several, tmp_path / ".other.tmp"):
        path.write_text("")
        os.utime(path, (0, 0))
    live.write_text("")
    compact(tmp_path)
    assert sorted(os.listdir(tmp_path)) == sorted([".other.tmp", live.name])


def test_readers_wait_while_files_are_exchanged(tmp_path):
    write(tmp_path, [record(1)])
    log, done = RunLog(tmp_path), threading.Event()

    def answer() -> None:
        log.families()
        done.set()

    with files.locked(tmp_path, exclusive=True):
        thread = threading.Thread(target=answer)
        thread.start()
        assert not done.wait(0.3)
    thread.join(timeout=10)
    assert done.is_set()
    with files.locked(tmp_path, exclusive=False):  # readers do not shut each other out
        assert RunLog(tmp_path).families() == {"toy": 1}


def test_a_merged_file_that_does_not_read_back_removes_nothing(tmp_path, monkeypatch):
    for seed in (1, 2):
        write(tmp_path, [record(seed)])
    replace = os.replace

    def damage(source: Path, target: Path) -> None:
        Path(source).write_bytes(b"PAR1 damaged")
        replace(source, target)

    monkeypatch.setattr(os, "replace", damage)
    with pytest.raises(InputError, match="nothing was removed"):
        compact(tmp_path)
    assert seeds(tmp_path) == [1, 2]


# --- deletions ----------------------------------------------------------------------------------


def losses(folder: Path) -> list[float]:
    """Of what a fresh reader sees."""
    with RunLog(folder) as log:
        return [run.cross_entropy for run in log.records()]


def test_a_deleted_run_is_gone_until_it_is_brought_back(tmp_path):
    log, reader = RunLog(tmp_path), RunLog(tmp_path)
    first, second = log.append([record(1), record(2)])
    before = log.version
    assert log.delete([first, "absent"], at=NOW, reason="mislabelled") == [first]
    assert log.run_ids() == reader.run_ids() == {second}
    assert log.version != before
    assert log.append([record(1), record(2)]) == [], "a pilot that is resumed brings nothing back"
    (row,) = reader.outlines(deleted=True)
    assert (row["run_id"], row["reason"], row["points"]) == (first, "mislabelled", 2)
    assert log.restore([first, second], at=NOW) == [first]
    assert reader.run_ids() == {first, second} and log.version == before
    assert log.outlines(deleted=True) == []


def test_a_corrected_run_comes_through_after_a_deletion(tmp_path):
    """The same ids again would meet the hidden row's file and its older ``created_at``."""
    with RunLog(tmp_path) as log:
        (name,) = log.append([record(1, cross_entropy=5.0)])
        log.delete([name], at=NOW)
        assert log.append([record(1, cross_entropy=3.0)], again=True) == [name]
        assert log.append([record(1, cross_entropy=2.0)], again=True) == [], "it is there now"
        assert losses(tmp_path) == [3.0]
        assert log.restore([name], at=NOW) == [], "what is there anew stays"
        log.delete([name], at=NOW)
        assert losses(tmp_path) == []
        assert log.restore([name], at=NOW) == [name]
        assert losses(tmp_path) == [3.0], "the row that was deleted last"


def test_a_later_record_of_a_deleted_run_counts(tmp_path):
    with RunLog(tmp_path) as log:
        (name,) = log.append([record(1, cross_entropy=5.0)])
        log.delete([name], at=NOW)
        later = record(1, cross_entropy=3.0, created_at=NOW + timedelta(seconds=1))
        assert log.append([later]) == [name]
        assert losses(tmp_path) == [3.0]


def test_compaction_keeps_what_is_deleted_and_what_came_after(tmp_path):
    with RunLog(tmp_path) as log:
        (name,) = log.append([record(1, cross_entropy=5.0)])
        log.append([record(2)])
        log.delete([name], at=NOW)
        log.append([record(1, cross_entropy=3.0)], again=True)
        assert compact(tmp_path).sources == 3
        assert losses(tmp_path) == [3.0, 3.5]
        log.delete([name], at=NOW)
        log.append([record(1, cross_entropy=2.0)], again=True)
        assert compact(tmp_path).sources == 2
        assert losses(tmp_path) == [2.0, 3.5]
        (merged,) = listing(tmp_path)
        kept = sorted(run.cross_entropy for run in read(merged))
        assert kept == [2.0, 3.0, 3.5, 5.0], "each generation may be brought back"
        log.delete([name], at=NOW)
        assert log.restore([name], at=NOW) == [name]
        assert losses(tmp_path) == [2.0, 3.5]


def test_published_runs_cannot_be_deleted(tmp_path):
    with RunLog(tmp_path, published=[record(7)]) as log:
        with pytest.raises(InputError, match="come with Kessai"):
            log.delete([record(7).run_id], at=NOW)
        assert log.run_ids() == {record(7).run_id}


def test_a_damaged_deletion_hides_nothing_is_named_and_stops_compaction(tmp_path):
    with RunLog(tmp_path) as log:
        name, _ = log.append([record(1), record(2)])
        log.append([record(3)])
        log.delete([name], at=NOW)
        (path,) = (tmp_path / "deletions").iterdir()
        path.write_text(path.read_text()[:40])
        assert name in log.run_ids()
        assert [skipped.path for skipped in log.skipped] == [path]
        assert "deletion" in str(log.skipped[0].reason)
        assert compact(tmp_path).sources == 0
        path.unlink()
        assert log.skipped == []


def test_a_folder_that_cannot_be_written_refuses_a_deletion(tmp_path, monkeypatch):
    """Its own file, and before it the line in the log of decisions."""
    real = durable.write
    refused = {"deletions": r"run log .*: disk full", "log": r"log of decisions .*: disk full"}

    with RunLog(tmp_path) as log:
        (name,) = log.append([record(1)])
        for which, message in refused.items():

            def full(path: Path, *args: Any, which: str = which, **kwargs: Any) -> None:
                if (path.parent.name == "deletions") == (which == "deletions"):
                    raise OSError(28, "disk full")
                real(path, *args, **kwargs)

            monkeypatch.setattr("engine.durable.write", full)
            with pytest.raises(InputError, match=message):
                log.delete([name], at=NOW)
        assert log.run_ids() == {name}


# --- processes that die, and processes that race ------------------------------------------------

KILL = """
import itertools, os, signal, sys
from pathlib import Path
import pandas  # which Arrow loads at its first table: once, not in every child
from engine.runs import deletions, files
from tests.runs.made_runs import NOW, record

root, act, before = Path(sys.argv[1]), sys.argv[2], [int(seed) for seed in sys.argv[3].split(",")]

def arm(fatal, moment):
    calls = 0
    def deadly(function):
        def call(*args):
            nonlocal calls
            calls += 1
            mine = calls == fatal
            if mine and moment == "before":
                os.kill(os.getpid(), signal.SIGKILL)
            result = function(*args)
            if mine:
                os.kill(os.getpid(), signal.SIGKILL)
            return result
        return call
    for name in ("open", "fsync", "replace", "link", "unlink"):
        setattr(os, name, deadly(getattr(os, name)))

def perform(fatal, moment):
    folder = root / f"{fatal}-{moment}"
    for seed in before:
        files.write(folder, [record(seed)])
    arm(fatal, moment)
    if act == "write":
        files.write(folder, [record(10), record(11)])
    elif act == "delete":
        runs = {record(1).run_id: NOW, record(2).run_id: NOW}
        deletions.write(folder, deletions.Entry(act="delete", at=NOW, runs=runs))
    else:
        files.compact(folder)

# A process for each death, forked from this one, which never starts a thread of its own.
for fatal, moment in itertools.product(range(1, 40), ("before", "after")):
    child = os.fork()
    if child == 0:
        perform(fatal, moment)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(fatal, moment, status, flush=True)
    if status != -signal.SIGKILL:
        break
"""


def start(script: str, *arguments: object) -> subprocess.Popen:
    """A Python process that imports from this repository."""
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


def _die_at_every_point(tmp_path: Path, act: str, before: set[int], after: set[int]) -> int:
    """Run ``act`` once for each system call it makes, killed there; returns how many those were."""
    child = start(KILL, tmp_path, act, ",".join(map(str, sorted(before))))
    out, _ = child.communicate(timeout=100)
    *deaths, last = [line.split() for line in out.splitlines()]
    assert last[1:] == ["before", "0"], "the last process has no call left to die at, and ends well"
    for fatal, moment, status in deaths:
        assert int(status) == -signal.SIGKILL
        folder = tmp_path / f"{fatal}-{moment}"
        assert seeds(folder) in (sorted(before), sorted(after)), (fatal, moment)
        log = RunLog(folder)
        assert log.skipped == []
        # Whoever comes next finishes the work, and no lock stands in the way.
        if act == "write":
            write(folder, [record(10), record(11)])
        elif act == "delete":
            log.delete([record(1).run_id, record(2).run_id], at=NOW)
        else:
            compact(folder)
        assert sorted(seed_of(run) for run in log.records()) == sorted(after)
        written = {"compact": 1, "write": len(before) + 1, "delete": len(before)}
        assert len(listing(folder)) == written[act]
        log.close()
    return len(deaths) // 2


@pytest.mark.slow
def test_a_writer_killed_anywhere_leaves_all_or_nothing(tmp_path):
    # open, fsync, replace of the file; open and fsync of the folder
    assert _die_at_every_point(tmp_path, "write", {1}, {1, 10, 11}) == 5


@pytest.mark.slow
def test_a_compaction_killed_anywhere_loses_and_doubles_nothing(tmp_path):
    # lock; open, fsync, replace; two folder syncs of two calls; a removal for each of 3 sources
    assert _die_at_every_point(tmp_path, "compact", {1, 2, 3}, {1, 2, 3}) == 11


@pytest.mark.slow
def test_a_deletion_killed_anywhere_hides_all_or_nothing(tmp_path):
    # open and fsync of the folder that the first deletion's is made in; open, fsync, link, unlink
    # of the file; open and fsync of its folder
    assert _die_at_every_point(tmp_path, "delete", {1, 2, 3}, {3}) == 8


DELETER = """
import sys
from pathlib import Path
from engine.runs.log import RunLog
from tests.runs.made_runs import NOW, record
log, act = RunLog.open(Path(sys.argv[1])), sys.argv[2]
for seed in range(int(sys.argv[3]), int(sys.argv[3]) + 20):
    if act == "delete":
        assert log.delete([record(seed).run_id], at=NOW) == [record(seed).run_id]
    else:
        while not log.restore([record(seed).run_id], at=NOW):
            pass
"""


@pytest.mark.slow
def test_processes_that_delete_and_restore_at_once_lose_no_act(tmp_path):
    write(tmp_path, map(record, range(40)))
    first = [start(DELETER, tmp_path, "delete", 0), start(DELETER, tmp_path, "delete", 20)]
    first.append(start(DELETER, tmp_path, "restore", 0))
    for process in first:
        process.communicate(timeout=100)
        assert process.returncode == 0
    assert seeds(tmp_path) == list(range(20))
    assert len(list((tmp_path / "deletions").iterdir())) == 60


WRITER = """
import sys
from pathlib import Path
from engine.runs.log import RunLog
from tests.runs.made_runs import record
log = RunLog.open(Path(sys.argv[1]))
first = int(sys.argv[2])
for seed in range(first, first + 15):
    log.append([record(seed)])
    print(seed, flush=True)
"""
COMPACTOR = """
import random, sys, time
from pathlib import Path
from engine.runs.files import compact
done = 0
while not (Path(sys.argv[1]) / "stop").exists():
    done += compact(Path(sys.argv[1])).merged is not None
    time.sleep(random.uniform(0, 0.02))  # the processors are the writers', too
print(done)
"""
READER = """
import random, sys, time
from pathlib import Path
from engine.runs.log import RunLog
folder, fresh = Path(sys.argv[1]), sys.argv[2] == "fresh"
log, least, answers = RunLog(folder), 0, 0
while not (folder / "stop").exists():
    if fresh:
        log.close()
        log = RunLog(folder)
    seen = log.query("SELECT seed FROM runs")["seed"].tolist()
    assert len(seen) == len(set(seen)), "doubled"
    assert len(seen) >= least, f"lost: {least} -> {len(seen)}"
    assert log.skipped == [], log.skipped
    least, answers = len(seen), answers + 1
    time.sleep(random.uniform(0, 0.02))
print(answers)
"""


@pytest.mark.slow
def test_writers_readers_and_compactions_at_once_lose_and_double_nothing(tmp_path):
    folder = tmp_path / "log"
    folder.mkdir()
    # The writers overlap in 5 runs, so that the same run is written by both.
    writers = [start(WRITER, folder, first) for first in (0, 10)]
    others = [start(COMPACTOR, folder), start(COMPACTOR, folder)]
    others += [start(READER, folder, kind) for kind in ("fresh", "kept")]
    for writer in writers:
        out, _ = writer.communicate(timeout=100)
        assert len(out.splitlines()) == 15
        assert writer.returncode == 0
    time.sleep(0.3)
    (folder / "stop").touch()
    for other in others:
        out, _ = other.communicate(timeout=60)
        assert other.returncode == 0
        assert int(out) >= 1
    assert seeds(folder) == list(range(25))


@pytest.mark.slow
def test_a_compactor_killed_at_random_beside_a_writer_loses_nothing(tmp_path):
    folder = tmp_path / "log"
    folder.mkdir()
    writer = start(WRITER, folder, 0)
    kills = 0
    while writer.poll() is None:
        victim = start(COMPACTOR, folder)
        time.sleep(0.6 + 0.13 * (kills % 5))
        victim.kill()
        victim.communicate()
        kills += 1
    writer.communicate()
    assert writer.returncode == 0
    assert kills >= 1
    assert seeds(folder) == list(range(15))


def test_what_was_announced_survives_a_kill_of_its_writer(tmp_path):
    writer = start(WRITER, tmp_path, 0)
    announced = [int(present(writer.stdout).readline()) for _ in range(3)]
    writer.kill()
    writer.communicate()
    assert set(announced) <= set(seeds(tmp_path))


def test_duckdb_answers_what_pyarrow_reads(tmp_path):
    """DuckDB 2.0.0 gives wrong results on pandas and Arrow objects; ours come through Parquet."""
    runs = [record(seed, learning_rate=None if seed % 3 else 0.1) for seed in range(200)]
    path = write(tmp_path, runs)
    ours = {run.run_id: run for run in read(path)}
    assert {run.run_id: run for run in RunLog(tmp_path).records()} == ours
    assert ours == {run.run_id: run for run in runs}
    assert dataclasses.asdict(ours[runs[3].run_id]) == dataclasses.asdict(runs[3])
