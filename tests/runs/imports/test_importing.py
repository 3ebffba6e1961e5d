"""Files of many makes become runs: what is accepted, refused, derived, asked and remembered."""

import json
import math
import sqlite3
from contextlib import closing

import duckdb
import openpyxl
import pandas as pd
import pytest

from engine.errors import InputError
from engine.loss_unit import Measure
from engine.runs.imports.importing import Asked, import_file, store
from engine.runs.imports.journal import entries, measure_of
from engine.runs.imports.recorded import counts_tokens
from engine.runs.imports.settle import Flag, Status
from tests.runs.imports.conftest import WHEN

PRIVATE = """run,model_size,batch_size,iterations,sequence_length,data_budget,epsilon,delta,loss
a,10000000,4096,2000,128,1000000,4,1e-8,4.2
b,20000000,4096,2000,128,1000000,inf,,3.1
"""
CHINCHILLA = """C,N,D,loss
1.3972367362937152e+18,73824672,3154403320,3.405928
5.484159150896782e+18,552481994,1654400569,3.183878
3.023e+21,16183346311,30163322120,2.286446
"""
ROWS = [
    {"name": "x", "params": 10**7, "tokens": 2 * 10**8, "loss": 4.5, "note": "first"},
    {"name": "y", "params": 10**8, "tokens": 2 * 10**9, "loss": 3.5, "note": "second"},
]


def flags(run) -> list[Flag]:
    return [one.flag for one in run.flags]


# --- formats ------------------------------------------------------------------------------------


def _jsonl(path):
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))


def _json(path):
    path.write_text(json.dumps(ROWS))


def _parquet(path):
    pd.DataFrame(ROWS).to_parquet(path)


def _excel(path):
    book = openpyxl.Workbook()
    book.active.append(["Results of the summer"])
    book.active.append(list(ROWS[0]))
    for row in ROWS:
        book.active.append(list(row.values()))
    book.create_sheet("Notes").append(["nothing"])
    book.save(path)


def _sqlite(path):
    with closing(sqlite3.connect(path)) as base, base:
        base.execute("CREATE TABLE other (key TEXT, value TEXT)")
        base.execute("CREATE TABLE runs (name TEXT, params INT, tokens INT, loss REAL, note TEXT)")
        base.executemany("INSERT INTO runs VALUES (?,?,?,?,?)", [tuple(r.values()) for r in ROWS])


def _duckdb(path):
    with closing(duckdb.connect(str(path))) as base:
        base.execute("CREATE TABLE runs (name TEXT, params BIGINT, tokens BIGINT, loss DOUBLE)")
        for row in ROWS:
            base.execute("INSERT INTO runs VALUES (?,?,?,?)", list(row.values())[:4])


@pytest.mark.parametrize("write", [_jsonl, _json, _parquet, _excel, _sqlite, _duckdb])
def test_every_format_holds_the_same_runs(log, tmp_path, write):
    path = tmp_path / "runs.data"
    write(path)
    before = path.read_bytes()
    found = import_file(path, log, Asked(), created_at=WHEN)
    assert [(run.name, run.loss, run.status) for run in found.runs] == [
        ("x", 4.5, Status.FINISHED),
        ("y", 3.5, Status.FINISHED),
    ]
    assert [record.model_size for record in found.records] == [10**7, 10**8]
    assert path.read_bytes() == before
    assert not (log.folder / "imports").exists(), "nothing is written before it is stored"


@pytest.mark.parametrize("others", [1, 30])
@pytest.mark.parametrize("encodings", [("utf-8", "cp932"), ("cp932", "utf-8")])
def test_json_lines_in_two_encodings_are_named(log, tmp_path, encodings, others):
    rows = [
        {"name": f"本番の学習{n}", "N": 10**7, "D": 2e8, "loss": 4 + n} for n in range(others + 1)
    ]
    lines = [json.dumps(row, ensure_ascii=False).encode(encodings[0]) for row in rows]
    lines[-1] = lines[-1].decode(encodings[0]).encode(encodings[1])
    (tmp_path / "mixed.jsonl").write_bytes(b"\n".join(lines))
    try:
        found = import_file(tmp_path / "mixed.jsonl", log, Asked(family="mixed"), created_at=WHEN)
    except InputError as error:
        named = None if others == 1 else len(lines)  # of two lines neither is the odd one
        assert error.values.get("line") == named
    else:
        assert [one.line for one in found.refused] == [len(lines)]
        assert [run.name for run in found.runs] == [row["name"] for row in rows[:-1]]


def test_json_lines_hold_other_separators_of_lines(log, tmp_path):
    rows = [{"name": f"a\u2028b{n}", "N": 10**7, "D": 2e8, "loss": 4 + n} for n in range(2)]
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (tmp_path / "lines.jsonl").write_text(text, encoding="utf-8")
    found = import_file(tmp_path / "lines.jsonl", log, Asked(family="lines"), created_at=WHEN)
    assert len(found.runs) == 2 and not found.refused


def test_a_duckdb_file_cannot_read_other_files(log, tmp_path):
    secret, path = tmp_path / "secret.csv", tmp_path / "runs.duckdb"
    secret.write_text(CHINCHILLA)
    with closing(duckdb.connect(str(path))) as base:
        base.execute(f"CREATE VIEW runs AS SELECT * FROM read_csv('{secret}')")
    with pytest.raises(InputError, match=r"readable database"):
        import_file(path, log, Asked(), created_at=WHEN)


@pytest.mark.parametrize("content", [b"PAR1 torn", b"PK\x03\x04 torn", b"SQLite format 3\0 torn"])
def test_a_torn_file_is_refused_in_a_sentence(imported, content):
    with pytest.raises(InputError, match=r"Expected a readable"):
        imported(content, name="torn.bin")


def test_two_tables_that_both_fit_are_asked_about(log, tmp_path):
    path = tmp_path / "two.sqlite"
    _sqlite(path)
    with closing(sqlite3.connect(path)) as base, base:
        base.execute("CREATE TABLE again AS SELECT * FROM runs")
    with pytest.raises(InputError, match=r"one table of runs .* again, runs"):
        import_file(path, log, Asked(), created_at=WHEN)


def test_semicolons_and_decimal_commas(imported):
    found = imported("Name;Params;Tokens;Loss\na;20.000.000;2e8;4,25\n")
    assert [(run.loss, run.settings["model_size"]) for run in found.runs] == [(4.25, 2 * 10**7)]


# --- plain runs, and what a file does not say ---------------------------------------------------


def test_size_tokens_and_loss_are_runs_without_noise(imported, log):
    found = imported(CHINCHILLA, stored=True)
    assert [run.name for run in found.runs] == ["row 2", "row 3", "row 4"]
    assert not any(run.flags for run in found.runs)
    records = log.records("runs")
    assert len(records) == 3
    assert all(counts_tokens(record) and record.noise_batch_ratio == 0 for record in records)
    first = min(records, key=lambda record: record.model_size)
    assert first.compute_flops == pytest.approx(6 * 73824672 * 3154403320)


def test_tokens_follow_from_compute_and_compute_contradicts_a_size(imported):
    derived = imported("C,N,loss\n6e18,1e8,3.5\n")
    assert derived.runs[0].settings["tokens"] == pytest.approx(1e10)
    wrong = imported("C,N,D,loss\n6e18,1e9,1e10,3.5\n")
    assert flags(wrong.runs[0]) == [Flag.SIZE_OUTLIER]


def test_a_chart_export_is_a_curve_with_a_gap(imported):
    head = '"Step","run-a - eval/loss","run-a - eval/loss__MIN","run-a - eval/loss__MAX"\n'
    found = imported(head + '"100","4.10","4.10","4.10"\n"200","NaN","NaN","NaN"\n')
    (run,) = found.runs
    assert (run.name, run.status, flags(run)) == ("run-a", Status.FINISHED, [Flag.INCOMPLETE])
    assert (run.measured.steps.tolist(), run.measured.losses.tolist()) == ([100], [4.1])
    assert (found.refused, found.records) == ((), [])


def test_no_loss_is_refused_with_the_option(imported):
    with pytest.raises(InputError, match=r"column of losses .* --map THEIRS=cross_entropy"):
        imported("N,D,score\n1e7,1e8,3\n")
    found = imported("N,D,score\n1e7,1e8,3\n", said={"score": "loss"})
    assert found.runs[0].loss == 3


# --- units --------------------------------------------------------------------------------------


def test_millions_are_asked_about_or_read_where_they_are_said(imported):
    with pytest.raises(
        InputError, match=r'values of at most 124 in N: say --map "N=model_size:mil'
    ):
        imported("N,D,loss\n70,1e9,4\n124,1e9,3.9\n")
    said = imported("N,D,loss\n70,1e9,4\n", said={"N": "model_size:millions"})
    named = imported("params_m,D (B),loss\n70,1,4\n")
    for found in (said, named):
        assert found.records[0].model_size == 70_000_000
        assert found.records[0].iterations == 10**9
    assert imported("N,D,loss\n70,1e9,4\n", said={"N": "model_size"}).records[0].model_size == 70


@pytest.mark.parametrize(
    ("unit", "loss", "nats"),
    [
        (Measure.BITS_PER_TOKEN, 5.0, 5.0 * math.log(2)),
        (Measure.PERPLEXITY, 50.0, math.log(50.0)),
        (Measure.BITS_PER_BYTE, 1.5, 1.5 * math.log(2)),
        (Measure.NATS_PER_BYTE, 1.5, 1.5),
        (None, 5.0, 5.0),
    ],
)
def test_losses_become_nats(imported, log, unit, loss, nats):
    found = imported(f"N,D,loss\n1e7,1e8,{loss}\n", loss_unit=unit, stored=True)
    assert found.records[0].cross_entropy == pytest.approx(nats)
    of_bytes = unit is not None and unit.of_bytes
    expected = Measure.NATS_PER_BYTE if of_bytes else Measure.NATS_PER_TOKEN
    assert measure_of(entries(log.folder), "runs") is expected
    assert found.records[0].vocabulary_size == (256 if of_bytes else 50257)


def test_a_name_says_the_unit_or_half_of_it(imported):
    assert imported("N,D,ppl\n1e7,1e8,50\n").runs[0].loss == pytest.approx(math.log(50))
    assert imported("N,D,bpb\n1e7,1e8,1\n").runs[0].loss == pytest.approx(math.log(2))
    with pytest.raises(InputError, match=r"--loss-unit bits-per-token or --loss-unit bits-per-by"):
        imported("N,D,loss_bits\n1e7,1e8,5\n")


def test_a_family_keeps_its_unit_and_published_families_their_runs(imported, log):
    imported(CHINCHILLA, stored=True)
    with pytest.raises(InputError, match=r"nats per token, as the family runs"):
        imported("N,D,loss\n1e7,1e8,1.1\n", loss_unit=Measure.NATS_PER_BYTE)


def test_examples_and_sizes_of_data_are_asked_about(imported):
    with pytest.raises(InputError, match=r"got examples in samples: say --sequence-length"):
        imported("N,samples,loss\n1e7,1e6,4\n")
    said = imported("N,samples,loss\n1e7,1e6,4\n", sequence_length=128)
    assert said.records[0].iterations == 128 * 10**6
    with pytest.raises(InputError, match=r'--map "dataset_size=tokens" or --map "dataset_size=d'):
        imported("N,dataset_size,loss\n1e7,1e9,4\n")
    tokens = imported("N,dataset_size,loss\n1e7,1e9,4\n", said={"dataset_size": "tokens"})
    assert tokens.records[0].iterations == 10**9


def test_a_chart_of_several_runs_is_a_curve_each(imported):
    head = '"trainer/global_step","a - val_loss","a - val_loss__MIN","b - x - val_loss"\n'
    found = imported(head + "100,4.1,4.0,\n200,NaN,NaN,3.9\n300,4.0,3.9,3.8\n")
    assert [(run.name, run.measured.steps.tolist()) for run in found.runs] == [
        ("a", [100, 300]),
        ("b - x", [200, 300]),
    ]


# --- noise and promises -------------------------------------------------------------------------


def test_sigma_follows_from_a_promise_and_infinite_epsilon_is_no_noise(imported):
    private, plain = imported(PRIVATE).records
    assert private.noise_multiplier == pytest.approx(0.9, rel=0.5)
    assert private.noise_batch_ratio == pytest.approx(private.noise_multiplier / 4096)
    assert (private.epsilon, private.privacy_unit) == (4, "example")
    assert (plain.noise_multiplier, plain.epsilon) == (0, None)


def test_a_promise_that_the_noise_does_not_keep_is_found(imported):
    head = "model_size,batch_size,iterations,data_budget,epsilon,delta,sigma,loss\n"
    kept, broken = (
        imported(f"{head}1e7,4096,2000,1e6,1,1e-8,{sigma},4\n").runs[0] for sigma in (4, 0.5)
    )
    assert (flags(kept), kept.record.epsilon) == ([], 1)
    assert flags(broken) == [Flag.UNIT_SUSPECT]
    assert (broken.record.epsilon, broken.record.noise_multiplier) == (None, 0.5)


def test_a_promise_without_its_delta_makes_no_noise(imported):
    found = imported(
        "model_size,batch_size,iterations,data_budget,epsilon,loss\n1e7,64,99,1e6,1,4\n"
    )
    assert flags(found.runs[0]) == [Flag.INCOMPLETE]
    assert found.runs[0].record is None
    assert "delta" in str(found.runs[0].flags[0].reason)


def test_n_is_the_people_where_m_is_the_size(imported):
    found = imported("M,N,B,T,S,sigma,loss\n1e7,1e6,4096,2000,128,1,4\n")
    assert (found.records[0].model_size, found.records[0].data_budget) == (10**7, 10**6)


# --- status -------------------------------------------------------------------------------------

HISTORY = "run,step,params,batch_size,loss\n"


def history(losses, name="a", end=""):
    return (
        HISTORY
        + "".join(f"{name},{100 * k},1e7,64,{loss}\n" for k, loss in enumerate(losses, start=1))
        + end
    )


@pytest.mark.parametrize("tail", ["nan", "inf", "0", "#NUM!", "NaN"])
def test_what_stores_write_for_a_divergence_makes_the_run_diverged(imported, log, tail):
    found = imported(history([6, 5, 4, tail]), stored=True)
    assert [run.status for run in found.runs] == [Status.DIVERGED]
    assert log.records("runs") == [], "its sound beginning is no shorter healthy run"
    assert entries(log.folder)[0].runs[0].status == "diverged"


def test_a_finite_blow_up_diverges_and_a_rise_is_named(imported):
    down = [6 - 0.1 * k for k in range(20)]
    blown = imported(history([*down, 40, 41, 42, 43, 44, 45]))
    assert blown.runs[0].status is Status.DIVERGED
    risen = imported(history([*down, 4.3, 4.5, 4.7, 4.8, 4.9]))
    assert (risen.runs[0].status, flags(risen.runs[0])) == (Status.FINISHED, [Flag.NON_MONOTONE])
    assert flags(imported(history(down)).runs[0]) == []


def test_a_run_ends_where_its_plan_or_its_file_says(imported):
    head = "run,step,total_steps,params,batch_size,loss\n"
    short = "".join(f"a,{k}00,1000,1e7,64,{6 - k / 10}\n" for k in range(1, 6))
    assert imported(head + short).runs[0].status is Status.CUT
    killed = imported("run,N,D,state,loss\na,1e7,1e8,crashed,4\nb,1e7,2e8,finished,3.9\n")
    assert [run.status for run in killed.runs] == [Status.CUT, Status.FINISHED]
    silent = imported(history([6, 5, 4, 3.9, "", "", "", "", "", ""]))
    assert silent.runs[0].status is Status.CUT
    assert [len(found.records) for found in (killed, silent)] == [1, 0]
    assert flags(killed.runs[0]) == flags(silent.runs[0]) == [Flag.INCOMPLETE]


def test_a_gap_is_no_divergence(imported):
    (run,) = imported(history([6, "", 5, "", 4])).runs
    assert (run.status, run.measured.steps.tolist()) == (Status.FINISHED, [100, 300, 500])


def test_a_second_time_is_another_run_and_a_restart_is_not(imported):
    twice = imported(history([6, 5, 4]) + history([6.1, 5.1, 4.1])[len(HISTORY) :])
    assert [run.name for run in twice.runs] == ["a", "a #2"]
    assert [run.record.seed for run in twice.runs] == [None, 2]
    again = history([6, 5, 4, 3.9, 3.8], end="a,500,1e7,64,3.81\na,600,1e7,64,3.7\n")
    (run,) = imported(again).runs
    assert run.measured.losses.tolist() == [6, 5, 4, 3.9, 3.81, 3.7]


# --- rows ---------------------------------------------------------------------------------------


def test_a_row_that_is_none_is_refused_and_the_others_stay(imported):
    found = imported("run,N,D,loss\na,1e7,1e8,4\nb,many,1e8,4\nc,1e7,2e8,3.9,7\n")
    assert [run.name for run in found.runs] == ["a"]
    assert [(one.line, one.run) for one in found.refused] == [(3, "b"), (4, "row 4")]
    assert "many" in str(found.refused[0].reason)


def test_two_columns_for_one_thing_are_asked_about(imported):
    with pytest.raises(InputError, match=r"one column for cross_entropy, got eval/loss and eval_l"):
        imported("N,D,eval/loss,eval_loss\n1e7,1e8,4,4.1\n")
    with pytest.raises(InputError, match=r"before the = of --map, got size"):
        imported(CHINCHILLA, said={"size": "model_size"})
    with pytest.raises(InputError, match=r"behind the = of --map, got colour"):
        imported(CHINCHILLA, said={"N": "colour"})


def test_the_mapping_is_remembered_by_the_columns(imported):
    text = "weights,D,score\n1e7,1e8,4\n"
    said = {"weights": "model_size", "score": "loss"}
    imported(text, said=said, loss_unit=Measure.BITS_PER_TOKEN, stored=True)
    later = imported(text.replace("1e8", "2e8"), name="next.csv", family="runs")
    assert later.remembered is not None and later.remembered.file == "runs.csv"
    assert later.runs[0].loss == pytest.approx(4 * math.log(2))


def test_importing_twice_adds_nothing(imported, log):
    imported(CHINCHILLA, stored=True)
    again = imported(CHINCHILLA, name="renamed.csv", family="runs")
    assert [flags(run) for run in again.runs] == [[Flag.DUPLICATE]] * 3
    assert {run.run_id for run in again.runs} == {record.run_id for record in log.records("runs")}
    assert store(log, again) == []


@pytest.mark.parametrize("value", ["inf", "1e400", "-inf", "1e30"])
@pytest.mark.parametrize("column", ["N", "D", "vocab_size", "seed", "batch_size", "steps"])
def test_a_setting_that_no_run_has_is_refused_with_its_row(imported, column, value):
    cells = {"N": "1e7", "D": "1e8", "vocab_size": "500", "seed": "1", "loss": "4", column: value}
    found = imported(",".join(cells) + "\n" + ",".join(cells.values()))
    assert [one.line for one in found.refused] == [2]
    assert found.runs == ()
