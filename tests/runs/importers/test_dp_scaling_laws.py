"""The archive's format, on a synthetic file: the real one was not at hand."""

import math
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import InputError
from engine.runs.importers.dp_scaling_laws import MODEL_SIZES, read_results
from tests.runs.made_sweep import check_optimum, made_sweep

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
    found = read_results(results(tmp_path, lines), created_at=NOW)
    records = found.records
    assert (found.refusals, found.diverged) == ((), ())
    assert len(records) == 4
    assert {run.seed for run in records} == {None}
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
    expected = read_results(results(tmp_path, lines), created_at=NOW).records
    shuffled = results(tmp_path, [lines[k] for k in order])
    found = read_results(shuffled, created_at=NOW)
    assert found.refusals == ()
    assert sorted(found.records, key=lambda r: r.run_id) == sorted(expected, key=lambda r: r.run_id)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("BertHuge,0.01,200,0.001,5", "for Model, got BertHuge."),
        (",0.01,200,0.001,5", "for Model, got ."),
        ("BertTiny,fast,200,0.001,5", "Expected a number for Learning Rate in line 3, got fast."),
        ("BertTiny,0,200,0.001,5", "Expected Learning Rate above 0, got 0."),
        ("BertTiny,0.01,200.5,0.001,5", "Expected a whole number for Iterations, got 200.5."),
        ("BertTiny,0.01,-1,0.001,5", "Expected Iterations of at least 0, got -1."),
        ("BertTiny,0.01,200,-1,5", "Expected noise_batch_ratio of at least 0, got -1."),
        ("BertTiny,0.01,1e300,0.001,5", "Expected Iterations of at most"),
        ("BertTiny,0.01,200,0.001,-5", "Expected Cross Entropy above 0, got -5."),
        ("BertTiny,0.01,200,0.001,", "Expected a number for Cross Entropy in line 3, got nothing."),
        ("BertTiny,0.01,200", "Expected a number for Noise Batch Ratio in line 3, got nothing."),
        ("BertTiny,0.01,200,0.001,5,6", "5 cells in line 3 of results.csv, got more (6)"),
        ("BertTiny,0.01,100,0.001,9.0", "every measurement once, got those from row 2 on again."),
    ],
)
def test_a_bad_line_is_refused_with_its_number_and_the_others_stay(tmp_path, line, sentence):
    good = curve("BertTiny", 0.01, 0.001, [9.0])
    path = results(tmp_path, [*good, line, "BertTiny,0.01,300,0.001,8.0"])
    found = read_results(path, created_at=NOW)
    (run,), (refusal,) = found.records, found.refusals
    assert run.curve == ((100, 9.0), (300, 8.0))
    assert refusal.row_number == 3
    assert sentence in refusal.sentence


SOUND = [round(4 + 5 * 0.7**k, 4) for k in range(20)]


@pytest.mark.parametrize(
    ("tail", "line", "said"),
    [
        (["nan"] * 5, 17, "its loss is nan after 1600 iterations"),
        (["NaN", 4.0, 4.0], 19, "its loss is nan after 1800"),
        (["inf"], 21, "its loss is inf after 2000"),
        (["-Infinity"], 21, "its loss is -inf after 2000"),
        (["0"] * 3, 19, "its loss is 0 after 1800"),
        ([58.0] * 12, 21, "its loss is 58 after 2000"),
        ([9.0] * 12, 21, "its loss is 9 after 2000"),
        ([1.06 * math.log(30_522)] * 20, 21, "its loss is"),
    ],
)
def test_a_run_that_diverged_is_no_shorter_healthy_run(tmp_path, tail, line, said):
    """Equivalents of files whose beginning was stored as a run before."""
    losses = [*SOUND[: 20 - len(tail)], *tail]
    lines = curve("BertTiny", 0.01, 0.01, losses) + curve("BertMini", 0.01, 0.01, SOUND)
    found = read_results(results(tmp_path, lines), created_at=NOW)
    assert [run.model_size for run in found.records] == [MODEL_SIZES["BertMini"]]
    (diverged,) = found.diverged
    assert (diverged.run, diverged.line) == ("BertTiny, rate 0.01, σ̄ 0.01", line)
    assert said in str(diverged)
    assert found.refusals == ()


def test_a_spike_that_heals_is_not_a_divergence(tmp_path):
    lines = curve("BertTiny", 0.01, 0.01, [9.0, 11.5, *SOUND])
    assert read_results(results(tmp_path, lines), created_at=NOW).diverged == ()


def test_a_second_seed_is_a_second_run(tmp_path):
    """An equivalent of a file of which 20 lines were refused one by one."""
    other = [*SOUND[:3], *(loss + 0.01 for loss in SOUND[3:])]
    first, second = (curve("BertTiny", 0.01, 0.001, losses) for losses in (SOUND, other))
    blocks = read_results(results(tmp_path, first + second), created_at=NOW)
    assert blocks.refusals == ()
    assert [(run.seed, run.curve[-1][1]) for run in blocks.records] == [
        (None, SOUND[-1]),
        (2, other[-1]),
    ]
    assert len({run.run_id for run in blocks.records}) == 2
    by_turns = [line for pair in zip(first, second, strict=True) for line in pair]
    assert read_results(results(tmp_path, by_turns), created_at=NOW).records == blocks.records
    (alone,) = read_results(results(tmp_path, first), created_at=NOW).records
    assert alone == blocks.records[0]


def test_a_copy_of_a_run_and_mixed_runs_are_refused(tmp_path):
    first = curve("BertTiny", 0.01, 0.001, SOUND)
    twice = read_results(results(tmp_path, first + first), created_at=NOW)
    assert len(twice.records) == 1
    (refusal,) = twice.refusals
    assert (refusal.row_number, "from row 2 on again" in refusal.sentence) == (41, True)
    second = curve("BertTiny", 0.01, 0.001, [loss + 0.1 for loss in SOUND])
    mixed = read_results(results(tmp_path, [*second[::-1], *first]), created_at=NOW)
    assert mixed.records == ()
    (refusal,) = mixed.refusals
    assert "got them mixed" in refusal.sentence


def test_other_spreadsheets_of_the_archive(tmp_path):
    lines = curve("BertTiny", 0.01, 0.001, SOUND)
    (expected,) = read_results(results(tmp_path, lines), created_at=NOW).records
    text = (HEADER + "\n".join(lines)).replace(",", ";").replace(".", ",")
    path = tmp_path / "german.csv"
    path.write_bytes(text.encode("utf-16"))
    found = read_results(path, created_at=NOW)
    assert found.records == (expected,)
    assert (found.detected.separator, found.detected.decimal) == (";", "comma")


def test_the_whole_sweep_of_a_known_law_gives_its_optimum_back(tmp_path):
    """The archive's shape made small from a law: of the iterations that a compute buys for each
    model, the surface of the imported runs finds the loss of the law."""
    text, law = made_sweep(models=4, noises=5, points=64)
    (tmp_path / "results.csv").write_text(text)
    found = read_results(tmp_path / "results.csv", created_at=NOW)
    assert (len(found.records), found.refusals, found.diverged) == (4 * 5 * 3, (), ())
    check_optimum(found.records, law, models=4, noises=5, points=64)


def test_a_spreadsheets_marks_do_no_harm(tmp_path):
    path = tmp_path / "results.csv"
    lines = curve("BertTiny", 0.01, 0.001, [9.0])
    path.write_bytes(("\ufeff" + HEADER + "\n".join(lines) + "\n\n").replace("\n", "\r\n").encode())
    found = read_results(path, created_at=NOW)
    assert (len(found.records), found.refusals) == (1, ())
    path.write_bytes(HEADER.encode() + b"BertTiny,0.01,100,0.001,\xff9\n")
    assert [refusal.row_number for refusal in read_results(path, created_at=NOW).refusals] == [2]


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", HEADER.replace("Model", "Name"), "\0\n"])
def test_another_file_is_refused(tmp_path, content):
    with pytest.raises(InputError, match=r"Expected the columns|Expected a t"):
        read_results(results(tmp_path, [], header=content), created_at=NOW)


def test_a_header_alone_has_no_runs(tmp_path):
    found = read_results(results(tmp_path, []), created_at=NOW)
    assert (found.records, found.refusals, found.diverged) == ((), (), ())
