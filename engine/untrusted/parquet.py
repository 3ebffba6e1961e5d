"""Parquet from elsewhere: read some rows at a time, and counted.

A file of a few kilobytes may hold one long text a million times over; neither its size nor what it
says of itself is a limit of what it unpacks to.
"""

from collections.abc import Callable
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq

from engine.untrusted.guard import Clock, most_expanded, require_cells, too_large

_ROWS = 1024
"""Rows at a time, where a cell may be of any size."""
_PLAIN_ROWS = 65_536
"""Rows at a time of numbers, truths, times, and texts that are kept once each."""


def parquet_table(
    file: IO[bytes],
    size: int,
    *,
    accept: Callable[[pa.Schema], None] | None = None,
    in_columns: bool = False,
) -> pa.Table:
    """The table of an open Parquet file of ``size`` bytes, each page's checksum verified.

    ``accept`` may refuse the schema before anything is unpacked. ``in_columns``: the caller makes
    no Python object of each cell, so that only the bytes are limited; a column of texts comes as
    a dictionary then, each text once. Raises :class:`InputError` for a
    file that unpacks to too much, and whatever the parser raises: call it under
    :func:`~engine.untrusted.guard.guarded`.
    """
    clock, most, total = Clock(), most_expanded(size), 0
    parquet = pq.ParquetFile(file, page_checksum_verification=True)
    kinds = {field.name: field.type for field in parquet.schema_arrow}
    texts = [name for name, kind in kinds.items() if pa.types.is_string(kind)]
    if in_columns and texts:
        parquet = pq.ParquetFile(file, page_checksum_verification=True, read_dictionary=texts)
    plain = in_columns and all(name in texts or _is_fixed(kind) for name, kind in kinds.items())
    if accept is not None:
        accept(parquet.schema_arrow)
    about = parquet.metadata
    if not in_columns:
        require_cells(about.num_rows * about.num_columns)
    for place in range(about.num_row_groups):
        total += about.row_group(place).total_byte_size
    if total > most:
        too_large(total, size)
    batches, total = [], 0
    for batch in parquet.iter_batches(batch_size=_PLAIN_ROWS if plain else _ROWS):
        total += batch.nbytes
        if total > most:
            too_large(total, size)
        clock.look()
        batches.append(batch)
    return pa.Table.from_batches(batches, schema=parquet.schema_arrow)


def _is_fixed(kind: pa.DataType) -> bool:
    """Whether every cell takes equally many bytes, or is kept once."""
    return bool(pa.types.is_primitive(kind) or pa.types.is_dictionary(kind))
