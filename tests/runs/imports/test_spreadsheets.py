"""Spreadsheets as people keep them: footers, notes, words, signs and letters that were guessed at.

Each of these was read in silence as something else, or refused whole for the sake of one row.
"""

import pytest

from engine.errors import InputError
from engine.runs.imports.importing import Asked, import_file
from engine.runs.imports.settle import Status
from engine.runs.log import RunLog
from tests.runs.made_runs import NOW

HEADER = "run,model_size,batch_size,iterations,seq_len,noise_multiplier,loss"
ROWS = "a,10000000,64,1000,128,0,4.1\nb,100000000,64,1000,128,0,3.6\nc,10000000,64,4000,128,1,4.4\n"


@pytest.fixture
def read(tmp_path):
    def found(text, encoding="utf-8", **asked):
        path = tmp_path / "ours.csv"
        path.write_bytes(text.encode(encoding))
        with RunLog(tmp_path / "runs") as log:
            return import_file(path, log, Asked(family="ours", **asked), created_at=NOW)

    return found


def _names(found):
    return [run.name for run in found.runs if run.record is not None]


@pytest.mark.parametrize(
    "footer",
    ["Total,120000000,192,6000,384,1,4.2", "平均,40000000,64,2000,128,0.33,4.03",
     "Mean:,40000000,64,2000,128,0.33,4.03", "合計,120000000,192,6000,384,1,12.1"],
)  # fmt: skip
def test_a_line_that_sums_up_the_others_is_no_run(read, footer):
    found = read(f"{HEADER}\n{ROWS}{footer}\n")
    assert _names(found) == ["a", "b", "c"] and len(found.runs) == 3
    (refused,) = found.refused
    assert refused.line == 5 and "which sums up the others" in str(refused.reason)


def test_a_note_under_the_table_is_no_run_that_was_cut(read):
    found = read(f"{HEADER}\n{ROWS}\n* mean of 3 seeds\nSource: cluster A\n")
    assert len(found.runs) == 3
    assert [one.line for one in found.refused] == [6, 7]
    assert all("a note is no run" in str(one.reason) for one in found.refused)


def test_one_row_may_be_called_anything(read):
    assert _names(read(f"{HEADER}\n{ROWS.splitlines()[0].replace('a', 'total', 1)}\n")) == ["total"]


@pytest.mark.parametrize("word", ["diverged", "Diverged", "発散"])
def test_a_run_that_diverged_in_words_diverged(read, word):
    found = read(f"{HEADER}\n{ROWS}d,10000000,64,1000,128,0,{word}\n")
    assert not found.refused
    assert [run.status for run in found.runs if run.name == "d"] == [Status.DIVERGED]


@pytest.mark.parametrize("cell", ["410%", "４１０％", "$4.1", "¥4.1"])
def test_a_loss_is_neither_per_hundred_nor_money(read, cell):
    found = read(f"{HEADER}\n{ROWS}d,10000000,64,1000,128,0,{cell}\n")
    (refused,) = found.refused
    assert refused.line == 5 and "without % or a currency" in str(refused.reason)
    assert _names(found) == ["a", "b", "c"]


def test_a_share_may_be_per_hundred(read):
    found = read("run,N,batch_size,iterations,seq_len,sigma,q,loss\na,10000000,64,9,128,1,0.1%,4\n")
    assert not found.refused
    assert found.runs[0].settings["sampling_probability"] == pytest.approx(0.001)


def test_thousands_of_steps_are_thousands(read):
    found = read("run,N,batch_size,seq_len,sigma,Steps (k),loss\na,10000000,64,128,0,1.5,4.1\n")
    assert found.runs[0].settings["iterations"] == 1500
    curve = "run,N,batch_size,seq_len,sigma,step (k),loss\n" + "".join(
        f"a,10000000,64,128,0,{step},{5 - step / 10}\n" for step in (1, 2, 3)
    )
    assert found.columns.scale == {"iterations": 1000}
    assert read(curve).runs[0].measured.steps.tolist() == [1000, 2000, 3000]


def test_ten_thousands_of_people_are_ten_thousands(read):
    found = read(
        "名前,モデルサイズ(百万),バッチサイズ,反復回数,系列長,ε,δ,人数(万人),損失\n"
        "あ,10,64,1000,128,8,1e-6,100,4.6\n",
        "cp932",
    )
    (run,) = found.runs
    assert run.name == "あ" and run.settings["data_budget"] == 1_000_000
    assert run.settings["model_size"] == 10_000_000


def test_a_letter_that_names_the_size_is_no_million(read):
    table = f"{HEADER.replace('model_size', 'Model size (M)')}\n{ROWS}"
    with pytest.raises(InputError, match="what Model size \\(M\\) counts in"):
        read(table)
    assert _names(read(table, said={"Model size (M)": "model_size"})) == ["a", "b", "c"]


@pytest.mark.parametrize("name", ["noise", "Noise level", "ノイズ", "dp_sigma_x"])
def test_noise_of_an_unknown_kind_is_asked_about_and_never_none(read, name):
    table = f"{HEADER.replace('noise_multiplier', name)}\n{ROWS}"
    with pytest.raises(InputError, match=f"what {name} says of the noise"):
        read(table)
    found = read(table, said={name: "noise_multiplier"})
    assert [run.settings["noise_multiplier"] for run in found.runs] == [0, 0, 1]
    assert _names(read(table, said={name: "unused"}))


def test_half_a_seed_is_none(read):
    found = read(
        f"{HEADER},seed\na,10000000,64,1000,128,0,4.1,1.5\nb,10000000,64,1000,128,0,4.1,2\n"
    )
    assert [one.line for one in found.refused] == [2] and _names(found) == ["b"]


def test_one_impossible_setting_costs_one_row(read):
    found = read(
        "run,model_size,batch_size,iterations,seq_len,epsilon,delta,data_budget,loss\n"
        "a,10000000,64,1000,128,8,1e-6,100000,4.6\nb,10000000,64,1000,128,8,0,100000,4.6\n"
    )
    assert _names(found) == ["a"]
    assert [(one.line, str(one.reason)) for one in found.refused] == [
        (3, "Expected delta above 0, got 0.0.")
    ]


def test_a_header_alone_is_no_import(read):
    with pytest.raises(InputError, match=r"Expected rows under the header of ours\.csv, got none"):
        read(f"{HEADER}\n")
