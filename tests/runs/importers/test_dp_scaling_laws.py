"""The archive's format, on a synthetic file: the real one was not at hand."""

import math
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import InputError
from engine.runs.importers.dp_scaling_laws import MODEL_SIZES, read_results

NOW = datetime(2026, 11, 23, tzinfo=UTC)
HEADER = "Model,Learning Rate,Iterations,Noise Batch Ratio,Cross Entropy\n"


def results(tmp_path: Path, lines: list[str], header: str = HEADER) -> Path:
    path = tmp_path / "results.csv"
    path.write_text(header + "".join(f"{line}\n" for line in lines))
    return path


def curve(model: str, rate: float, ratio: float, losses: list[float]) -> list[str]:
    return [f"{model},{rate},{100 * k},{ratio},{x}" for k, x in enumerate(losses, start=1)]


def test_a_run_is_one_model_rate_and_noise_with_its_curve(tmp_path):
    losses = [9.0 - 0.1 * k for k in range(12)]
    lines = curve("BertTiny", 2**-7, 2**-10, losses) + curve("BertTiny", 2**-8, 2**-10, [8.0])
    lines += curve("BertTiny", 2**-7, 0, [7.0]) + curve("BertMega", 2**-7, 2**-10, [6.0])
    records, refusals = read_results(results(tmp_path, lines), created_at=NOW)
    assert refusals == []
    assert len(records) == 4
    first = records[0]
    assert first.curve == tuple((100 * k, x) for k, x in enumerate(losses, start=1))
    assert first.cross_entropy == pytest.approx(sum(losses[-10:]) / 10, rel=1e-12)
    assert (first.model_size, first.iterations, first.learning_rate) == (4_500_000, 1200, 2**-7)
    assert (first.noise_batch_ratio, first.noise_multiplier) == (2**-10, 1.0)
    assert (first.batch_size, first.sequence_length) == (1024, 512)
    assert first.compute_flops == 6 * 4_500_000 * 1024 * 1200 * 512
    assert first.epsilon is None
    assert first.compute_optimal is False
    assert records[2].noise_multiplier == 0.0
    assert records[3].model_size == 778_000_000
    assert len({run.run_id for run in records}) == 4


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(8)))
def test_lines_may_come_in_any_order(tmp_path, order):
    lines = curve("BertMini", 0.01, 0.001, [9, 8, 7, 6]) + curve("BertBase", 0.01, 0, [5, 4, 3, 2])
    expected, _ = read_results(results(tmp_path, lines), created_at=NOW)
    shuffled = results(tmp_path, [lines[k] for k in order])
    records, refusals = read_results(shuffled, created_at=NOW)
    assert refusals == []
    assert sorted(records, key=lambda r: r.run_id) == sorted(expected, key=lambda r: r.run_id)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("BertHuge,0.01,200,0.001,5", "for Model, got BertHuge."),
        (",0.01,200,0.001,5", "for Model, got ."),
        ("BertTiny,fast,200,0.001,5", "Expected a number for Learning Rate, got fast."),
        ("BertTiny,0,200,0.001,5", "Expected Learning Rate above 0, got 0."),
        ("BertTiny,0.01,200.5,0.001,5", "Expected a whole number for Iterations, got 200.5."),
        ("BertTiny,0.01,-1,0.001,5", "Expected Iterations of at least 0, got -1."),
        ("BertTiny,0.01,200,-1,5", "Expected noise_batch_ratio of at least 0, got -1."),
        ("BertTiny,0.01,200,0.001,nan", "Expected a finite number for Cross Entropy, got nan."),
        ("BertTiny,0.01,200,0.001,", "Expected a number for Cross Entropy, got ."),
        ("BertTiny,0.01,200", "Expected a number for Noise Batch Ratio, got ."),
        ("BertTiny,0.01,200,0.001,5,6", "Expected 5 cells, got 1 more."),
        ("BertTiny,0.01,100,0.001,5", "one measurement of iteration 100, got that of row 2 again."),
    ],
)
def test_a_bad_line_is_refused_with_its_number_and_the_others_stay(tmp_path, line, sentence):
    good = curve("BertTiny", 0.01, 0.001, [9.0])
    path = results(tmp_path, [*good, line, "BertTiny,0.01,300,0.001,8.0"])
    (run,), (refusal,) = read_results(path, created_at=NOW)
    assert run.curve == ((100, 9.0), (300, 8.0))
    assert refusal.row_number == 3
    assert sentence in refusal.sentence


def test_a_diverged_run_is_refused_as_a_whole_under_its_last_line(tmp_path):
    worse = 1.06 * math.log(30_522)
    lines = curve("BertTiny", 0.01, 0.01, [worse] * 3) + curve("BertMini", 0.01, 0.01, [9.0])
    (run,), (refusal,) = read_results(results(tmp_path, lines), created_at=NOW)
    assert run.model_size == MODEL_SIZES["BertMini"]
    assert refusal.row_number == 4
    assert refusal.row["Model"] == "BertTiny"
    assert "the training diverged" in refusal.sentence


def test_a_spreadsheets_marks_do_no_harm(tmp_path):
    path = tmp_path / "results.csv"
    lines = curve("BertTiny", 0.01, 0.001, [9.0])
    path.write_bytes(("\ufeff" + HEADER + "\n".join(lines) + "\n\n").replace("\n", "\r\n").encode())
    records, refusals = read_results(path, created_at=NOW)
    assert (len(records), refusals) == (1, [])
    path.write_bytes(HEADER.encode() + b"BertTiny,0.01,100,0.001,\xff9\n")
    assert [refusal.row_number for refusal in read_results(path, created_at=NOW)[1]] == [2]


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", HEADER.replace("Model", "Name"), "\0\n"])
def test_another_file_is_refused(tmp_path, content):
    with pytest.raises(InputError, match=r"Expected the columns|Expected to read"):
        read_results(results(tmp_path, [], header=content), created_at=NOW)


def test_a_header_alone_has_no_runs(tmp_path):
    assert read_results(results(tmp_path, []), created_at=NOW) == ([], [])
