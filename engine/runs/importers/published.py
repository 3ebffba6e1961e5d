"""Tables of papers in ``data/published`` -> run records.

``mckenna2025_table2.csv`` is Table 2 of McKenna et al., "Scaling Laws for Differentially Private
Language Models" (arXiv 2501.18914, ICML 2025). What the columns mean and what each row says stands
in ``data/published/README.md``. The figures are rounded to two digits; that is why a row's compute
may differ from 6·M·B·T·S by up to 10 % (:data:`engine.runs.record.ROUNDING`).

The table prints no noise: evidence computes it by accounting (sampling "best", as the paper does).

``mckenna2025_table3.csv`` is Table 3 of the same paper (appendix C.4): one model, one number of
steps and one noise at four physical batches, off the ridge of optima on which Table 2 lies.
"""

import math
from datetime import UTC, datetime
from pathlib import Path

from engine.config import DEFAULT_DELTA, FLOPS_PER_PARAMETER_AND_TOKEN, Sampling
from engine.errors import InputError
from engine.runs.record import ROUNDING, Provenance, RunRecord
from engine.runs.table import Refusal, number, read_rows
from engine.tables.reader import read_file

FAMILY = "published-bert"
TABLE_2 = Path(__file__).resolve().parents[3] / "data" / "published" / "mckenna2025_table2.csv"
TABLE_3 = TABLE_2.with_name("mckenna2025_table3.csv")
SEQUENCE_LENGTH = 512
VOCABULARY_SIZE = 30_522
PHYSICAL_BATCH_SIZE = 1024

_DEFAULTS = {
    "family": FAMILY,
    "source": "McKenna et al. 2025, arXiv 2501.18914, Table 2",
    "provenance": Provenance.PUBLISHED,
    "sequence_length": SEQUENCE_LENGTH,
    "vocabulary_size": VOCABULARY_SIZE,
    "physical_batch_size": PHYSICAL_BATCH_SIZE,
    "delta": DEFAULT_DELTA,
    "privacy_unit": "person",
    "sampling": Sampling.BEST,
    "compute_optimal": True,
    "note": "Smallest compute within 1 % of the best loss; figures of two digits.",
}
_TABLE_3 = {
    "family": FAMILY,
    "source": "McKenna et al. 2025, arXiv 2501.18914, Table 3",
    "provenance": Provenance.PUBLISHED,
    "sequence_length": SEQUENCE_LENGTH,
    "vocabulary_size": VOCABULARY_SIZE,
    "learning_rate": 2.0**-8,
    "note": "Off the ridge of optima: one model, number of steps and noise at four batches.",
}
_CREATED_AT = datetime(2025, 1, 31, tzinfo=UTC)
"""Month of the preprint's number; a constant, so that every reading gives equal records."""


def published_records() -> list[RunRecord]:
    """The published records that come with Kessai; InputError if their files were damaged."""
    found = []
    for path, read in ((TABLE_2, read_table_2), (TABLE_3, read_table_3)):
        records, refusals = read(path)
        if refusals:
            raise InputError(
                "Expected {path} as it was committed, got {refusal}.",
                path=path.name,
                refusal=refusals[0],
            )
        found += records
    return found


def read_table_3(path: Path) -> tuple[list[RunRecord], list[Refusal]]:
    """Records of the table's rows, and refusals; row numbers are the file's lines.

    A row is a training without a stated guarantee: its batch is the physical one. ``accuracy`` is
    not kept.
    """
    rows = _rows(path)
    given = [
        {
            "model_size": row["model_size"],
            "iterations": row["iterations"],
            "noise_batch_ratio": row["noise_batch_ratio"],
            "batch_size": row["physical_batch_size"],
            "physical_batch_size": row["physical_batch_size"],
            "compute_flops": str(_flops(row)),
            "cross_entropy": row["cross_entropy"],
        }
        for row in rows
    ]
    return read_rows(given, created_at=_CREATED_AT, defaults=_TABLE_3, first_row=2)


def read_table_2(path: Path) -> tuple[list[RunRecord], list[Refusal]]:
    """Records of the table's rows, and refusals; row numbers are the file's lines.

    ``token_model_ratio`` (tokens seen by parameters) is checked against B·T·S / M and not kept.
    """
    rows = _rows(path)
    ratios = [row.pop("token_model_ratio", None) for row in rows]
    records, refusals = read_rows(rows, created_at=_CREATED_AT, defaults=_DEFAULTS, first_row=2)
    refused = {refusal.row_number for refusal in refusals}
    lines = (number for number in range(2, len(rows) + 2) if number not in refused)
    accepted = []
    for line, record in zip(lines, records, strict=True):
        try:
            _check_ratio(record, ratios[line - 2])
        except InputError as error:
            refusals.append(Refusal.of(line, rows[line - 2], error))
        else:
            accepted.append(record)
    return accepted, sorted(refusals, key=lambda refusal: refusal.row_number)


def _rows(path: Path) -> list[dict[str, str]]:
    table = read_file(path)
    return [{name: table.cell(row, name) for name in table.header} for row in table.rows]


def _flops(row: dict[str, str]) -> float:
    """6·M·B·T·S of a row of Table 3, which prints none."""
    counted = (row["model_size"], row["physical_batch_size"], row["iterations"])
    return FLOPS_PER_PARAMETER_AND_TOKEN * SEQUENCE_LENGTH * math.prod(map(float, counted))


def _check_ratio(record: RunRecord, text: str | None) -> None:
    if not text:
        return
    stated = number("token_model_ratio", text)
    tokens = record.batch_size * record.iterations * record.sequence_length
    expected = tokens / record.model_size
    if not abs(stated - expected) <= ROUNDING[record.provenance] * expected:
        raise InputError(
            "Expected {name} within {tolerance} of {formula} = {expected}, got {value}.",
            name="token_model_ratio",
            tolerance=f"{ROUNDING[record.provenance]:.0%}",
            formula="B·T·S / M",
            expected=f"{expected:.4g}",
            value=text,
        )
