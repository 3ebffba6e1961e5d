"""Histories in typed columns are the runs that the same rows are, read one by one."""

import math
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import InputError
from engine.loss_unit import Measure
from engine.runs.imports.columns import choose_columns
from engine.runs.imports.histories import histories_in_columns
from engine.runs.imports.importing import Asked, import_file
from engine.runs.imports.measured import Measured, measured_runs
from engine.runs.imports.settle import Status
from engine.runs.imports.sheet import of_columns
from tests.benchmarks.runs_at_scale import Made
from tests.runs.imports.conftest import WHEN

LOSSES = st.one_of(
    st.none(), st.sampled_from([0.0, math.nan, math.inf]), st.floats(0.5, 12.0, width=32)
)
ROW = st.fixed_dictionaries(
    {
        "run": st.sampled_from(["a", "b", "c", None, "-"]),
        "step": st.integers(-1, 6),
        "eval/loss": LOSSES,
        "params": st.sampled_from([10_000_000, 20_000_000]),
        "lr": st.sampled_from(["1e-3", "0.002", "", None]),
        "sigma": st.sampled_from([0.0, 0.5, None]),
        "seed": st.sampled_from([0, 1, None]),
        "tokens": st.sampled_from([10**6, 2 * 10**6, None]),
        "status": st.sampled_from(["finished", "failed", None]),
    }
)
KINDS = {
    "step": pa.int64(), "eval/loss": pa.float64(), "params": pa.int64(), "seed": pa.int64(),
    "sigma": pa.float64(), "tokens": pa.int64(),
}  # fmt: skip


def columns_of(rows: list[dict]) -> pa.Table:
    return pa.table(
        {
            name: pa.array([row[name] for row in rows], KINDS.get(name, pa.string()))
            for name in rows[0]
        }
    )


def plain(run: Measured) -> tuple:
    values = {name: value for name, value in run.values.items() if value is not None}
    return (
        run.name, run.line, values, dict(run.texts), run.steps.tolist(),
        [repr(loss) for loss in run.losses.tolist()], run.reached,
    )  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(
    st.lists(ROW, min_size=1, max_size=24),
    st.booleans(),
    st.sampled_from([None, Measure.BITS_PER_TOKEN, Measure.PERPLEXITY]),
)
def test_columns_and_rows_give_the_same_runs(rows, in_order, measure):
    if in_order:
        rows = sorted(rows, key=lambda row: (str(row["run"]), row["step"]))
    sheet = of_columns("runs.parquet", columns_of(rows))
    columns = choose_columns(sheet.header, {}, sheet.name, measure)
    found = histories_in_columns(sheet, columns)
    runs, refused = measured_runs(sheet, columns)
    if found is None:  # a perplexity of at most 1 has its row refused
        assert measure is Measure.PERPLEXITY and refused
        return
    assert not refused
    ours, theirs = list(map(plain, found)), list(map(plain, runs))
    if measure is not None:  # a logarithm of numpy's and of C's may differ in the last digit
        for a, b in zip(ours, theirs, strict=True):
            assert np.allclose([float(x) for x in a[5]], [float(x) for x in b[5]], equal_nan=True)
        ours, theirs = [(*a[:5], a[6]) for a in ours], [(*b[:5], b[6]) for b in theirs]
    assert ours == theirs


ROWS = [
    {"run": name, "step": step, "eval/loss": 5.0 - step, "params": 10**7, "sigma": 0.5}
    for name in "ab"
    for step in range(1, 4)
]


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("sigma", ["0.5"] * 5 + ["half"]),
        ("seed", [0.5] * 6),
        ("run", ["a", "a", "a", "mean", "mean", "mean"]),
        ("eval/loss", ["4.1"] * 6),
        ("step", [1, 2, 3, 1, 2, None]),
    ],
)
def test_a_cell_that_is_none_is_left_to_the_rows(column, values):
    rows = [{**row, column: value} for row, value in zip(ROWS, values, strict=True)]
    table = pa.table({name: [row[name] for row in rows] for name in rows[0]})
    sheet = of_columns("runs.parquet", table)
    columns = choose_columns(sheet.header, {}, sheet.name)
    assert histories_in_columns(sheet, columns) is None


def test_sizes_that_are_no_counts_are_asked_about_in_columns_too():
    table = pa.table({"run": ["a"] * 3, "step": [1, 2, 3], "loss": [4.0, 3.0, 2.0], "N": [124] * 3})
    sheet = of_columns("runs.parquet", table)
    with pytest.raises(InputError, match=r"Expected model_size as a count"):
        histories_in_columns(sheet, choose_columns(sheet.header, {}, sheet.name))


def test_the_rows_of_columns_are_those_of_the_table():
    table = pa.table({"run": ["a", "b", None], "step": [1, 2, 3]})
    sheet = of_columns("runs.parquet", table)
    assert [row.cells for row in sheet.rows] == [("a", 1), ("b", 2), (None, 3)]
    assert [row.line for row in sheet.rows] == [1, 2, 3]
    assert list(sheet.rows[1:]) == list(sheet.rows)[1:] and sheet.rows[-1] == list(sheet.rows)[2]
    assert replace(sheet, columns=None).number(sheet.rows[0], "step") == 1


def test_planted_errors_among_hundreds_of_runs_and_nothing_else(log, tmp_path):
    """Each slip of a hand in a store of hundreds is named, and no sound run is."""
    made = Made(720, 20)
    made.sizes, made.losses = made.sizes.copy(), made.losses.copy()
    made.sizes[100] *= 10
    made.sizes[207] //= 10
    made.losses[301] /= math.log(2)
    made.losses[404, 12:] = math.nan
    made.losses[410, 12:] = 60.0
    made.sizes[510] = 4
    for column in (made.sizes, made.sigmas, made.rates, made.seeds, made.losses):
        column[611] = column[610]
    path = tmp_path / "runs.parquet"
    made.parquet(path)
    asked = Asked(family="team", vocabulary_size=50_257)
    found = import_file(path, log, asked, created_at=WHEN)
    flags = {run.name: {str(one.flag) for one in run.flags} for run in found.runs if run.flags}
    assert flags == {
        "run-00100": {"size-outlier"},
        "run-00207": {"size-outlier"},
        "run-00301": {"unit-suspect", "seed-disagreement"},
        "run-00410": {"out-of-range"},
        "run-00510": {"unit-suspect"},
        "run-00611": {"duplicate"},
    }
    diverged = [run.name for run in found.runs if run.status is Status.DIVERGED]
    assert diverged == ["run-00404", "run-00410"] and len(found.records) == 720 - 3
