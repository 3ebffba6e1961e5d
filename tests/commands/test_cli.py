"""The command line as a machine and as a person use it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from engine.__main__ import main
from engine.commands import fit as fit_command
from engine.law.selection.form_selection import FormChoice, holdouts

ROOT = Path(__file__).parents[2]
RECOMMEND = ["recommend", "--compute", "3.8e20", "--data", "1e7", "--epsilon", "4"]


def answer(capsys, *arguments):
    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def refusal(capsys, *arguments):
    assert main(list(arguments)) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    return printed.err.strip()


def test_recommend_prints_the_agreed_document(capsys):
    found = answer(capsys, *RECOMMEND)
    assert set(found["config"]) == {
        "model_size",
        "batch_size",
        "iterations",
        "sequence_length",
        "noise_multiplier",
        "noise_batch_ratio",
    }
    assert set(found["cross_entropy"]) == {"value", "low", "high", "level"}
    for name in (
        "delta",
        "accountant",
        "compute_flops",
        "cost",
        "saturation_compute_flops",
        "extrapolation",
    ):
        assert found[name] is not None
    assert found["epsilon_certified"] <= 4.0
    assert {"config", "cross_entropy", "compute_factor"} <= set(found["baseline"])
    assert set(found["doubling"]) == {"compute", "data", "epsilon"}
    assert set(found["evidence"]) == {"id", "runs", "hash"}
    config = found["config"]
    assert config["noise_batch_ratio"] == config["noise_multiplier"] / config["batch_size"]
    assert found["compute_flops"] <= 3.8e20


def test_recommend_in_words_carries_the_whole_promise(capsys):
    assert main(RECOMMEND) == 0
    text = capsys.readouterr().out
    for piece in ("ε ≤ 3.99", "δ = 1e-08", "per person", "add-or-remove-one", "poisson", "PLD"):
        assert piece in text


def test_the_alternative_is_compared(capsys):
    found = answer(capsys, *RECOMMEND, "--alternative-model-size", "335e6")
    assert found["alternative"]["config"]["model_size"] == 335_000_000


def test_predict_agrees_with_recommend(capsys):
    config = answer(capsys, *RECOMMEND)["config"]
    found = answer(
        capsys,
        "predict",
        *("--model-size", str(config["model_size"]), "--batch-size", str(config["batch_size"])),
        *("--iterations", str(config["iterations"]), "--data", "1e7", "--epsilon", "4"),
    )
    # One is at the searched noise, the other at the certified.
    assert found["noise_multiplier"] == pytest.approx(config["noise_multiplier"], rel=0.01)
    assert found["extrapolation"]["support"] == "inside"


def test_calibrate_keeps_order_and_certifies(capsys, tmp_path):
    path = tmp_path / "asked.csv"
    path.write_text(
        "epsilon,delta,data_budget,batch_size,iterations\n"
        "4,1e-8,1e7,220000,11000\n1,1e-6,1e6,1000,100\n"
    )
    searched = answer(capsys, "calibrate", str(path))["rows"]
    certified = answer(capsys, "calibrate", str(path), "--certify")["rows"]
    assert searched[0]["noise_multiplier"] > searched[1]["noise_multiplier"]
    for row, proof, epsilon in zip(searched, certified, (4, 1), strict=True):
        assert proof["epsilon_certified"] <= epsilon
        assert proof["noise_multiplier"] == pytest.approx(row["noise_multiplier"], rel=0.02)
    assert main(["calibrate", str(path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "data_budget,batch_size,iterations,epsilon,delta,noise_multiplier"
    assert lines[2].startswith("1e+06,1000,100,1,1e-06,")


@pytest.mark.parametrize("sampling", ["poisson", "deterministic", "best"])
def test_sampling_is_taken_and_named(capsys, sampling):
    found = answer(capsys, *RECOMMEND, "--sampling", sampling)
    allowed = {"poisson", "deterministic"} if sampling == "best" else {sampling}
    assert found["sampling"] in allowed


def test_fit_reports_its_holdouts(capsys):
    found = answer(capsys, "fit")
    (held,) = found["holdouts"]
    assert held["in_sample_mean"] < 0.03
    assert held["pair_mean"] < 0.06
    assert held["regret_max"] < 0.03
    assert found["resamples"] == 200
    assert_stated_in_the_method(held)


def assert_stated_in_the_method(held):
    """docs/method.md prints these figures, to one digit."""
    stated = (ROOT / "docs" / "method.md").read_text("utf-8")
    percent = {key: f"{100 * held[key]:.1f} %" for key in held if held[key] and key != "form"}
    inside = round(held["coverage"] * held["rows"])
    for text in (
        f"| rows it was fitted to, mean | {percent['in_sample_mean']} |",
        f"mean (worst) | {percent['pair_mean']} ({percent['pair_max']}) |",
        f"predicted from smaller ones, mean | {percent['largest_mean']} |",
        f"inside their 90 % interval | {inside} of {held['rows']} |",
        f"mean (worst) | {percent['regret_mean']} ({percent['regret_max']}) |",
    ):
        assert text in stated


def test_runs_lists_the_published_family(capsys):
    assert answer(capsys, "runs")["families"] == {"published-bert": 20}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([*RECOMMEND[:2], "1e30", *RECOMMEND[3:]], "Expected compute_flops between"),
        ([*RECOMMEND[:2], "much", *RECOMMEND[3:]], "Expected a number for --compute, got much."),
        ([*RECOMMEND[:4], "1e7.5", *RECOMMEND[5:]], "Expected a number for --data, got 1e7.5."),
        ([*RECOMMEND[:4], "1234.5", *RECOMMEND[5:]], "Expected a whole number"),
        ([*RECOMMEND, "--evidence", "nope"], "Expected an evidence among published-bert"),
        ([*RECOMMEND, "--delta", "0.1"], "Expected delta between"),
        (
            ["calibrate", "missing.csv"],
            "Expected a readable CSV file, got missing.csv: there is no such file.",
        ),
    ],
)
def test_what_is_refused_takes_one_sentence_and_exit_code_2(capsys, arguments, sentence):
    assert sentence in refusal(capsys, *arguments)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("epsilon,delta\n1,1e-8\n", "missing: data_budget, batch_size, iterations"),
        ("data_budget,batch_size,iterations,epsilon,delta\n", "Expected at least one row"),
        (
            "data_budget,batch_size,iterations,epsilon,delta\n1e7,1e3,100,1,1e-8\n1e7,x,1,1,1e-8\n",
            "Expected a number for batch_size in line 3, got x.",
        ),
    ],
)
def test_bad_tables_are_refused_with_the_line(capsys, tmp_path, text, sentence):
    path = tmp_path / "asked.csv"
    path.write_text(text)
    assert sentence in refusal(capsys, "calibrate", str(path))


@pytest.mark.parametrize(
    "arguments",
    [[], ["nonsense"], ["recommend"], [*RECOMMEND, "--sampling", "foo"], [*RECOMMEND, "--what"]],
)
def test_wrong_usage_is_one_sentence_too(capsys, arguments):
    with pytest.raises(SystemExit) as refused:
        main(arguments)
    assert refused.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_prediction_absurdly_far_from_the_evidence_is_refused(capsys):
    arguments = ["predict", "--model-size", "49e16", "--batch-size", "220e3"]
    arguments += ["--iterations", "11000", "--data", "1e7", "--epsilon", "4"]
    assert "times outside the evidence in model_size" in refusal(capsys, *arguments)


def test_all_forms_stand_in_one_table(capsys, monkeypatch):
    monkeypatch.setattr(
        fit_command,
        "choose_form",
        lambda frame, **_: FormChoice(ranking=(holdouts(frame, "signal_share"),)),
    )
    assert main(["fit", "--compare-forms"]) == 0
    table = capsys.readouterr().out.split("\n\n")[1].splitlines()
    assert table[0].split()[:3] == ["form", "fitted", "left"]
    assert table[1].split()[0] == "signal_share"


def test_as_a_process_of_its_own():
    done = subprocess.run(
        [sys.executable, "-m", "engine", *RECOMMEND[:2], "-1", *RECOMMEND[3:]],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "Expected compute_flops between 1e+13 and 1e+24 FLOPs, got -1: choose a value inside.\n"
    )
