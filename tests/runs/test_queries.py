"""Anybody's SQL: what it answers, and that nothing gets out, in, or holds on."""

import math
import os
import subprocess
import threading
from types import SimpleNamespace

import duckdb
import pyarrow.parquet as pq
import pytest

from engine.errors import InputError
from engine.runs import queries, query_process
from engine.runs.export import catalogue_table
from engine.runs.log import RunLog
from engine.runs.queries import ask
from engine.runs.query_process import Refused, answer, opened
from tests.runs.made_runs import record

HUGE = "SELECT sum(sin(range)) FROM range(1000000000000)"
"""Takes hours, and no memory."""


@pytest.fixture
def log(tmp_path):
    with RunLog(tmp_path / "runs") as opened_log:
        opened_log.append([record(seed=seed, cross_entropy=3.0 + seed / 10) for seed in range(3)])
        yield opened_log


@pytest.fixture
def base(log, tmp_path):
    pq.write_table(catalogue_table(log), tmp_path / "runs.parquet")
    with opened(tmp_path / "runs.parquet") as connection:
        yield connection


def test_runs_and_curves_are_there_as_an_export_has_them(log, base):
    found = ask(log, "SELECT seed, cross_entropy FROM runs ORDER BY seed -- all\n;")
    assert list(found.by_row()) == [(0, 3.0), (1, 3.1), (2, 3.2)] and not found.more
    assert len(answer(base, query_process.EXAMPLE)) == 1
    joined = answer(
        base,
        "SELECT iteration, count(*) AS n, max(c.cross_entropy) FROM runs r "
        "JOIN curves c USING (run_id) WHERE status = 'finished' GROUP BY 1 ORDER BY 1",
    )
    assert joined.column_names == ["iteration", "n", "max(c.cross_entropy)"]
    assert [list(row.values()) for row in joined.to_pylist()] == [[10, 3, 5.0], [100, 3, 3.5]]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '/etc/passwd.csv'",
        "SELECT * FROM read_text('{runs}')",
        "SELECT * FROM read_blob('{runs}')",
        "SELECT * FROM read_parquet('{runs}')",
        "FROM '{runs}'",
        "SELECT * FROM glob('*')",
        "SELECT * FROM parquet_metadata('{runs}')",
        "SELECT * FROM read_csv('https://example.com/a.csv')",
        "SELECT * FROM duckdb_secrets()",
        "SELECT * FROM query('COPY runs TO ''{out}''')",
        "SELECT * FROM environment",
    ],
)
def test_no_select_reaches_a_file_a_network_or_python(base, tmp_path, sql):
    environment = dict(os.environ)
    assert environment, "a variable of Python that a query must not see"
    text = sql.format(runs=tmp_path / "runs.parquet", out=tmp_path / "out.csv")
    with pytest.raises(duckdb.Error):
        answer(base, text)
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("COPY runs TO '{out}'", "COPY"),
        ("ATTACH '{out}' AS other", "ATTACH"),
        ("INSTALL httpfs", "LOAD"),
        ("LOAD httpfs", "LOAD"),
        ("PRAGMA database_list", "PRAGMA"),
        ("SET enable_external_access = true", "SET"),
        ("EXPORT DATABASE '{out}'", "EXPORT"),
        ("CREATE TABLE x AS SELECT 1", "CREATE"),
        ("DROP TABLE runs", "DROP"),
        ("SELECT 1; COPY runs TO '{out}'", "SELECT, COPY"),
        ("EXPLAIN ANALYZE SELECT 1", "EXPLAIN"),
        ("-- nothing", ""),
    ],
)
def test_only_one_select_is_taken(base, tmp_path, sql, kind):
    with pytest.raises(Refused) as refused:
        answer(base, sql.format(out=tmp_path / "out"))
    assert refused.value.args == ("statement", kind)
    assert not (tmp_path / "out").exists()


def test_nothing_opens_what_was_closed(base):
    for setting in ("enable_external_access = true", "memory_limit = '64GiB'", "threads = 64"):
        with pytest.raises(duckdb.Error, match="locked"):
            base.execute(f"SET {setting}")


def test_an_answer_has_plain_cells_under_names_of_their_own(base):
    table = answer(
        base,
        "SELECT 1 AS a, 2 AS a, [1, 2] AS l, 'nan'::DOUBLE AS n, NULL AS z, true AS t, "
        "sum(seed) AS s, DATE '2026-11-29' AS d, 1.5::DECIMAL(4, 2) AS m, 'x'::BLOB AS b, "
        "170141183460469231731687303715884105727::HUGEINT AS h FROM runs",
    )
    row = {
        name: column[0].as_py()
        for name, column in zip(table.column_names, table.columns, strict=True)
    }
    assert math.isnan(row.pop("n"))
    assert row == {
        "a": 1, "a (2)": 2, "l": "[1, 2]", "z": None, "t": True, "s": 3, "d": "2026-11-29",
        "m": 1.5, "b": "b'x'", "h": pytest.approx(2.0**127),
    }  # fmt: skip


def test_what_is_too_much_is_cut_and_said_or_refused(base):
    table = answer(base, f"SELECT i FROM range({query_process.MOST_ROWS + 1}) t(i) ORDER BY i DESC")
    assert table.num_rows == query_process.MOST_ROWS and b"more" in table.schema.metadata
    assert table["i"][0].as_py() == query_process.MOST_ROWS
    exact = answer(base, f"SELECT i FROM range({query_process.MOST_ROWS}) t(i)")
    assert exact.num_rows == query_process.MOST_ROWS and not exact.schema.metadata
    with pytest.raises(Refused) as refused:
        answer(base, "SELECT repeat('x', 40000000)")
    assert refused.value.args[0] == "size"


def test_what_a_cell_says_is_inert(log):
    """A run's name, or a query, may hold signs that turn the direction of writing."""
    found = ask(log, "SELECT 'gpj' || chr(8238) || 'exe' || chr(10) || '計画' AS name, 1 AS one")
    assert list(found.by_row()) == [("gpj\ufffdexe 計画", 1)]


def test_a_query_that_takes_too_long_is_ended(log, monkeypatch):
    started, _ = _watched(monkeypatch)
    with pytest.raises(InputError, match=r"answers within 1\.5 seconds, this one took longer"):
        ask(log, HUGE, seconds=1.5)
    assert [process.returncode for process in started] == [-9]


def test_who_gives_up_ends_the_query(log, monkeypatch):
    monkeypatch.setenv("KESSAI_TEST_SECRET", "hush")
    started, environments = _watched(monkeypatch)

    def stop(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ask(log, HUGE, waiting=stop)
    assert [process.returncode for process in started] == [-9]
    assert len(ask(log, "SELECT 1")) == 1, "its turn is free again"
    assert "hush" not in repr(environments)


def test_memory_ends_in_a_sentence(log, tmp_path, monkeypatch):
    monkeypatch.setitem(query_process._CONFIGURATION, "memory_limit", "64MiB")
    pq.write_table(catalogue_table(log), tmp_path / query_process.RUNS)
    (tmp_path / query_process.QUERY).write_text("SELECT list(i) FROM range(100000000) t(i)")
    query_process.work(tmp_path)
    with pytest.raises(InputError, match="needs at most 1GiB of memory"):
        queries._answer(tmp_path, 0)


@pytest.mark.parametrize(
    ("left", "sentence"),
    [
        ({}, "needs at most 1GiB of memory"),
        ({query_process.REFUSAL: '["statement", "COPY"]'}, "one SELECT .* got COPY"),
        ({query_process.REFUSAL: '["failed", "Binder Error: no \\u202e x\\nLINE 1"]'},
         "The query failed: Binder Error: no .* x.$"),
    ],
)  # fmt: skip
def test_what_the_process_left_is_one_sentence(tmp_path, left, sentence):
    for name, text in left.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=sentence) as refused:
        queries._answer(tmp_path, -9)
    assert "\u202e" not in str(refused.value) and "\n" not in str(refused.value)


def test_no_more_than_two_at_once(log, monkeypatch):
    entered, leave = threading.Semaphore(0), threading.Event()

    def waited(*_):
        entered.release()
        leave.wait(30)
        return 1

    monkeypatch.setattr(queries, "_waited", waited)
    threads = [threading.Thread(target=_swallow, args=(log,)) for _ in range(queries.AT_ONCE)]
    for thread in threads:
        thread.start()
        entered.acquire()
    with pytest.raises(InputError, match="at most 2 queries at once"):
        ask(log, "SELECT 1")
    leave.set()
    for thread in threads:
        thread.join()


def _swallow(log):
    with pytest.raises(InputError):
        ask(log, "SELECT 1")


@pytest.mark.parametrize("sql", ["", "   ", "x" * 10_001, "SELECT '\ud800'"])
def test_what_is_no_query_starts_no_process(log, monkeypatch, sql):
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: pytest.fail("started"))
    with pytest.raises(InputError):
        ask(log, sql)


def _watched(monkeypatch):
    """The processes that are started from here on, and what environment each got."""
    started: list[subprocess.Popen[bytes]] = []
    environments: list[dict[str, str]] = []
    real = subprocess.Popen

    def popen(*arguments, **options):
        process = real(*arguments, **options)
        environments.append(options["env"])
        started.append(process)
        return process

    monkeypatch.setattr(queries, "subprocess", SimpleNamespace(Popen=popen, DEVNULL=-3))
    return started, environments
