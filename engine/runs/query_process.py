"""The process of one query: ``python -m engine.runs.query_process FOLDER``.

The folder holds ``runs.parquet`` and ``query.sql``; the process loads the runs into a DuckDB in
memory, closes every way out of it, asks, and leaves ``answer.parquet``, or ``refusal.json`` with
why not. Whoever started it may end it at any moment (:mod:`engine.runs.queries`).

What closes the ways out, each by itself enough for a file: no external access, which forbids
reading and writing any file, attaching databases and loading extensions; no look into variables of
Python; a configuration that is locked; one statement, which has to be a SELECT, in a database that
ends with the process. What holds it back: a limit of memory, two threads, no temporary files, and
the kernel's limits of address space and processor time.
"""

import json
import sys
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from engine.untrusted.confinement import hold_back

RUNS, QUERY, ANSWER, REFUSAL = "runs.parquet", "query.sql", "answer.parquet", "refusal.json"
"""Files of the folder."""
MEMORY = "1GiB"
"""What the database may hold in memory, the runs included."""
ADDRESS_SPACE = 6 * 2**30
"""Bytes that the process may map, over all threads: what a database's limit does not count."""
PROCESSOR_SECONDS = 60
MOST_ROWS = 10_000
"""Of an answer; what is beyond is left out and said so."""
MOST_BYTES = 32 * 2**20
"""Of an answer."""
EXAMPLE = """SELECT family, model_size, noise_batch_ratio, count(*) AS runs,
       avg(cross_entropy) AS mean_loss, stddev(cross_entropy) AS spread
FROM runs
WHERE status = 'finished'
GROUP BY family, model_size, noise_batch_ratio
ORDER BY family, model_size, noise_batch_ratio"""
"""A query to begin with."""
_BATCH = 1_000
_CONFIGURATION: dict[str, str | bool | int | float | list[str]] = {
    "memory_limit": MEMORY,
    "threads": 2,
    "temp_directory": "",
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
    "python_enable_replacements": False,
}


def work(folder: Path) -> None:
    """Answer, or write down why not."""
    sql = (folder / QUERY).read_text(encoding="utf-8")
    try:
        with opened(folder / RUNS) as base:
            table = answer(base, sql)
    except Refused as refused:
        (folder / REFUSAL).write_text(json.dumps(refused.args), encoding="utf-8")
    except duckdb.OutOfMemoryException as error:
        (folder / REFUSAL).write_text(json.dumps(("memory", str(error))), encoding="utf-8")
    except duckdb.Error as error:
        (folder / REFUSAL).write_text(json.dumps(("failed", str(error))), encoding="utf-8")
    else:
        pq.write_table(table, folder / ANSWER)


class Refused(Exception):  # noqa: N818 (a reason, which the asking process makes a sentence of)
    """The kind of a refusal and a word on it, for :mod:`engine.runs.queries` to say."""


def opened(runs: Path) -> duckdb.DuckDBPyConnection:
    """A database with the tables ``runs`` and ``curves`` that can reach nothing else."""
    base = duckdb.connect(":memory:", config=_CONFIGURATION)
    source = {"source": str(runs)}
    base.execute("SET TimeZone = 'UTC'")
    base.execute("CREATE TABLE runs AS SELECT * EXCLUDE (curve) FROM read_parquet($source)", source)
    base.execute(
        "CREATE TABLE curves AS SELECT run_id, unnest(curve, recursive := true) "
        "FROM read_parquet($source)",
        source,
    )
    base.execute("SET enable_external_access = false")
    base.execute("SET lock_configuration = true")
    return base


def answer(base: duckdb.DuckDBPyConnection, sql: str) -> pa.Table:
    """The first rows of one SELECT, in columns of texts, numbers and truths, each name once; the
    table's metadata say ``more`` where there are further rows."""
    statements = base.extract_statements(sql)
    kinds = [statement.type for statement in statements]
    if kinds != [duckdb.StatementType.SELECT]:
        raise Refused("statement", ", ".join(kind.name for kind in kinds))
    reader = base.sql(sql).to_arrow_reader(_BATCH)
    batches, rows, size = [], 0, 0
    for batch in reader:
        batches.append(batch)
        rows, size = rows + batch.num_rows, size + batch.nbytes
        if size > MOST_BYTES:
            raise Refused("size", f"{MOST_BYTES // 2**20}")
        if rows > MOST_ROWS:
            break
    found = pa.Table.from_batches(batches, schema=reader.schema)
    columns = [_plain(column) for column in found.slice(0, MOST_ROWS).columns]
    table = pa.table(columns, names=_each_once(found.schema.names))
    return table.replace_schema_metadata({"more": "yes"} if rows > MOST_ROWS else None)


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray | pa.Array:
    """As texts, 64-bit numbers or truths."""
    kind = column.type
    if pa.types.is_boolean(kind) or pa.types.is_string(kind) or pa.types.is_int64(kind):
        return column
    if pa.types.is_floating(kind):
        return column.cast(pa.float64())
    if pa.types.is_integer(kind) or (pa.types.is_decimal(kind) and kind.scale == 0):
        try:
            return column.cast(pa.int64())
        except pa.ArrowInvalid:  # beyond 64 bits
            return column.cast(pa.float64())
    if pa.types.is_decimal(kind):
        return column.cast(pa.float64())
    texts: list[Any] = column.to_pylist()
    return pa.array([None if one is None else str(one) for one in texts], pa.string())


def _each_once(names: list[str]) -> list[str]:
    """Names of which a second one gets a number."""
    found: list[str] = []
    for name in names:
        made, number = name, 2
        while made in found:
            made, number = f"{name} ({number})", number + 1
        found.append(made)
    return found


if __name__ == "__main__":
    hold_back(processor_seconds=PROCESSOR_SECONDS, address_space=ADDRESS_SPACE)
    work(Path(sys.argv[1]))
