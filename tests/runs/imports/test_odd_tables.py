"""Odd but honest tables, as W&B, MLflow, pandas, R, Excel and Google Sheets write them."""

import pytest

from engine.errors import InputError
from engine.loss_unit import Measure
from engine.runs.imports.settle import Status
from engine.tables.table import Skip

HEAD = "run,params,batch_size,steps,seq_len,sigma,loss\n"
ROWS = (
    "a,10000000,256,1000,128,0.5,4.1\nb,20000000,256,1000,128,0.5,3.9\n"
    "c,40000000,256,1000,128,0.5,3.7\n"
)
THREE = [("a", 10**7, 4.1), ("b", 2 * 10**7, 3.9), ("c", 4 * 10**7, 3.7)]
LINES = ROWS.split()


@pytest.fixture
def read(imported):
    def found(text: str, **asked):
        return imported(text, family="odd", **asked)

    return found


def plain(found) -> list[tuple[str, int, float]]:
    return [(one.name, round(one.settings["model_size"]), one.loss) for one in found.runs]


@pytest.mark.parametrize(
    "text",
    [
        "," + HEAD + "".join(f"{n},{line}\n" for n, line in zip((0, 5, 7), LINES, strict=True)),
        "," + HEAD + "".join(f"{n},{line}\n" for n, line in zip((2, 0, 1), LINES, strict=True)),
        HEAD.replace(",", " ")
        + "".join(f'"{n}" {line.replace(",", " ")}\n' for n, line in enumerate(LINES, 1)),
        "  run    params  batch_size  steps  seq_len  sigma  loss\n"
        + "".join(f"  {line.replace(',', '   ')}  \n" for line in LINES),
        "| run | params | batch_size | steps | seq_len | sigma | loss |\n"
        "|:--|--:|---|---|---|---|---|\n"
        + "".join(f"| {line.replace(',', ' | ')} |\n" for line in LINES),
        HEAD + ",count,examples,steps,tokens,-,nats/token\n" + ROWS,
        HEAD + "(name),(M),(examples),(k),(tokens),(-),(nats)\n"
        + "a,10,256,1,128,0.5,4.1\nb,20,256,1,128,0.5,3.9\nc,40,256,1,128,0.5,3.7\n",
        HEAD + "a,\u200b10000000,256,1000\u200b,128,0.5,4.1\n"
        + "b,\u200e20000000,256,1\u2009000,128,0.5,3.9\nc,4千万,256,1千,128,０．５,3.7\n",
        HEAD + ROWS + "Average of 3,23333333,256,1000,128,0.5,3.9\n",
        HEAD + ROWS + "平均値,23333333,256,1000,128,0.5,3.9\n"
        + "合計（3件）,7e7,768,3000,384,1.5,11.7\n",
    ],
    ids=[
        "pandas, filtered", "pandas, sorted", "R, write.table", "fixed width", "Markdown",
        "units below the header", "units that scale", "unseen characters", "Google Sheets' mean",
        "Japanese summaries",
    ],
)  # fmt: skip
def test_they_are_the_three_runs_that_a_plain_table_has(read, text):
    assert plain(read(text)) == plain(read(HEAD + ROWS)) == THREE


def test_the_unit_of_a_loss_may_stand_one_row_lower(read):
    """Read as nats, bits would be a law of losses that are 1.44 times too high."""
    found = read(HEAD + ",,,,,,bits/token\n" + ROWS)
    assert found.columns.measure is Measure.BITS_PER_TOKEN
    assert found.runs[0].loss == pytest.approx(4.1 * 0.693147, rel=1e-5)
    assert found.detected.skipped[Skip.UNITS] == (2,)
    with pytest.raises(InputError, match=r"says bits and not of what"):
        read(HEAD + ",,,,,,bits\n" + ROWS)


@pytest.mark.parametrize("word", ["pending", "see wiki", "v2"])
def test_a_first_run_without_numbers_is_no_row_of_units(read, word):
    found = read(HEAD + f"z,{word},256,1000,128,0.5,4.0\n" + ROWS)
    assert plain(found) == THREE and [one.run for one in found.refused] == ["z"]


def test_a_first_run_that_diverged_is_no_row_of_units(read):
    found = read(HEAD + "z,,,,,,diverged\n" + ROWS)
    assert found.runs[0].status is Status.DIVERGED and len(found.runs) == 4


def test_steps_without_a_name_are_asked_about_and_not_left_out(read):
    rows = "".join(f"{step},10000000,256,0.5,{5 - step / 1000}\n" for step in (100, 200, 300))
    found = read(",params,batch_size,sigma,loss\n" + rows)
    assert not found.runs and len(found.refused) == 3


def test_a_run_may_be_called_after_a_mean(read):
    found = read(HEAD + ROWS.replace("a,1", "mean-field-1,1").replace("b,2", "total,2"))
    assert [one.name for one in found.runs] == ["mean-field-1", "c"]


@pytest.mark.parametrize("cell", ["400%", "４００％", "$4", "4 円"])
def test_a_promise_is_neither_per_hundred_nor_money(read, cell):
    """400 % of what? Read as 4 it would be a promise that nobody made."""
    head = "run,params,batch_size,steps,seq_len,epsilon,delta,people,loss\n"
    found = read(head + f"a,1e7,256,1000,128,{cell},1e-8,1e7,4.1\n")
    assert not found.runs
    assert str(found.refused[0].reason).startswith("Expected epsilon without % or a currency")


def test_mlflows_search_as_a_table_has_the_names_of_its_runs(read):
    head = "run_id,status,metrics.loss,params.params,params.batch_size,params.steps,params.sigma"
    found = read(f"{head},tags.mlflow.runName\nabc,FINISHED,4.1,1e7,256,1000,0.5,sunny-fox\n")
    assert [one.name for one in found.runs] == ["sunny-fox"]


@pytest.mark.parametrize(
    "text", ["run & params & loss \\\\\na & 10000000 & 4.1 \\\\\n", "run/params/loss\na/1e7/4.1\n"]
)
def test_a_table_of_one_column_is_told_what_separates(read, text):
    with pytest.raises(InputError, match=r"with commas, semicolons or tabs|Expected every column"):
        read(text)
