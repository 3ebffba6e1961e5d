"""The command line as a machine and as a person use it."""

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from engine.__main__ import main
from engine.commands import fit as fit_command
from engine.commands import recommend
from engine.commands.options import add_corrections
from engine.commands.question_options import add_question
from engine.commands.question_options import question as question_of
from engine.decision.answer import certified_answer
from engine.decision.fitted import fitted_evidence
from engine.decision.question import question
from engine.law.selection.form_selection import FormChoice, holdouts
from engine.pilot.running.folder import PLAN_FILE, write_text
from engine.roi.assumption_files import _ADDED_LATER, to_csv, to_toml
from engine.roi.defaults import DEFAULT_ASSUMPTIONS
from engine.roi.kinds import MetricKind
from tests.present import present

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
    assert set(found["cross_entropy"]) == {"value", "low", "high", "level", "unit"}
    assert found["cross_entropy"]["unit"] == "nats-per-token"
    for name in (
        "delta",
        "accountant",
        "compute_flops",
        "cost",
        "extrapolation",
    ):
        assert found[name] is not None
    assert found["epsilon_certified"] <= 4.0
    assert {"config", "cross_entropy", "compute_factor"} <= set(found["baseline"])
    assert set(found["doubling"]) == {"compute", "data", "epsilon"}
    assert set(found["evidence"]) == {"id", "runs", "hash"}
    assert set(found["reach"]) == {"word", "distance", "farthest"}
    assert sum(found["forms"].values()) == pytest.approx(1.0)
    config = found["config"]
    assert config["noise_batch_ratio"] == config["noise_multiplier"] / config["batch_size"]
    assert found["compute_flops"] <= 3.8e20


def test_pilots_that_cannot_be_read_keep_nobody_from_the_answer_and_are_told(
    capsys, monkeypatch, tmp_path
):
    monkeypatch.setenv("KESSAI_PILOTS", str(tmp_path))
    found = answer(capsys, *RECOMMEND)
    assert (found["last_pilot"], found["unreadable_pilots"]) == (None, 0)
    write_text(tmp_path / ("ab" * 8) / PLAN_FILE, "{}")
    assert main(RECOMMEND) == 0
    assert "1 pilot cannot be read: whether it changed anything" in capsys.readouterr().out
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("KESSAI_PILOTS", str(tmp_path / "file"))
    found = answer(capsys, *RECOMMEND)
    assert "Expected to read the folder of pilots" in found["last_pilot"]["refusal"]
    assert found["verdict"]["code"] == "pilot"


def test_recommend_tells_every_range_and_where_it_is_cut_off(capsys):
    found = answer(capsys, *RECOMMEND)
    ranges = dict(found["ranges"])
    doubling = ranges.pop("doubling")
    assert set(ranges) == {
        "model_size", "batch_size", "iterations", "saturation_compute_flops", "compute_factor",
    }  # fmt: skip
    for name, one in (*ranges.items(), *doubling.items()):
        assert set(one) == {"value", "low", "high", "level", "censored"}, name
        assert one["level"] == 0.9 and one["censored"] in (None, "above", "below")
        open_ends = {"above": "high", "below": "low"}
        if one["censored"]:
            assert one[open_ends[one["censored"]]] is None, name
        else:
            assert one["low"] <= one["value"] <= one["high"], name
    for name, one in doubling.items():
        assert {key: one[key] for key in found["doubling"][name]} == found["doubling"][name]
    saturation = ranges["saturation_compute_flops"]["value"]
    assert found["saturation_compute_flops"] == saturation


def test_an_answer_beyond_the_search_is_null_with_its_bound(capsys):
    rich = ["recommend", "--compute", "1e24", "--data", "1e9", "--epsilon", "10"]
    found = answer(capsys, *rich)
    assert found["saturation_compute_flops"] is None
    bound = found["ranges"]["saturation_compute_flops"]
    assert bound["value"] is None and bound["low"] > 1e24 and bound["censored"] == "above"
    assert found["reach"]["word"] == "extrapolated"
    assert found["extrapolation"]["support"] == "outside"


def test_recommend_in_words_carries_the_whole_promise(capsys):
    assert main(RECOMMEND) == 0
    text = capsys.readouterr().out
    # The certificate is tight from below: 4 itself, or a little less.
    assert re.search(r"ε ≤ (4|3\.99\d) at δ", text)
    for piece in ("δ = 1e-08", "per person", "add-or-remove-one", "poisson", "PLD"):
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
    assert found["reach"]["word"] == "measured"
    assert found["reach"]["distance"] < 0.7


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
    assert held["form"] == found["form"] == next(iter(found["forms"]))
    assert held["in_sample_mean"] < 0.03
    assert held["pair_mean"] < 0.06
    assert found["left_out"]["off_ridge"] < 0.15
    assert sum(found["forms"].values()) == pytest.approx(1.0)
    assert found["resamples"] == 200
    assert found["evidence"]["runs"] == 23
    assert_stated_in_the_method(found)


def assert_stated_in_the_method(found):
    """docs/method.md prints these figures: errors to one digit, the leading forms to a per cent."""
    stated = (ROOT / "docs" / "method.md").read_text("utf-8")
    percent = {key: f"{100 * error:.1f} %" for key, error in found["left_out"].items()}
    first, second = (f"`{name}` {weight:.0%}" for name, weight in [*found["forms"].items()][:2])
    for text in (
        f"| weights | {first}, {second}, ".replace("%", " %"),
        f"| rows left out one configuration at a time, mean | {percent['configurations']} |",
        f"predicted from smaller ones, mean | {percent['largest']} |",
        f"| Table 3, predicted by Table 2 alone, mean | {percent['off_ridge']} |",
    ):
        assert text in stated


def test_runs_lists_the_published_family(capsys):
    assert answer(capsys, "runs")["families"] == {"published-bert": 24}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([*RECOMMEND[:2], "1e30", *RECOMMEND[3:]], "Expected --compute between"),
        ([*RECOMMEND[:2], "much", *RECOMMEND[3:]], "Expected a number for --compute, got much."),
        ([*RECOMMEND[:4], "1e7.5", *RECOMMEND[5:]], "Expected a number for --data, got 1e7.5."),
        ([*RECOMMEND[:4], "1234.5", *RECOMMEND[5:]], "Expected a whole number"),
        ([*RECOMMEND, "--evidence", "nope"], "Expected an evidence among published-bert"),
        ([*RECOMMEND, "--delta", "0.1"], "Expected --delta between"),
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
    assert "times outside the evidence in --model-size" in refusal(capsys, *arguments)


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
        "Expected --compute between 1e+13 and 1e+24 FLOPs, got -1: choose a value inside.\n"
    )


# --- recommend says the whole answer --------------------------------------------------------------


def refused_japanese(capsys, *arguments):
    sentence = refusal(capsys, *arguments, "--language", "ja")
    assert re.search("[ぁ-んァ-ヶ一-龠]", sentence)
    return sentence


@pytest.fixture(scope="module")
def usual():
    """The document of the usual question, made once."""
    return recommended(*RECOMMEND)


def recommended(*arguments):
    parser = argparse.ArgumentParser()
    recommend.add_arguments(parser)
    printed = recommend.run(parser.parse_args([*arguments[1:], "--json"]))
    return json.loads(printed, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


def tree(value):
    return {key: tree(inner) for key, inner in value.items()} if isinstance(value, dict) else None


INTERVAL = dict.fromkeys(("value", "low", "high", "level"))
CONFIG = dict.fromkeys(
    ("model_size", "batch_size", "iterations", "sequence_length", "noise_multiplier",
     "noise_batch_ratio")
)  # fmt: skip
BASELINE = {
    **dict.fromkeys(
        ("name", "compute_factor", "compute_factor_low", "compute_factor_high", "matched_factor",
         "searched_flops")
    ),
    "config": CONFIG,
    "cross_entropy": INTERVAL,
}  # fmt: skip
BEFORE = {
    **dict.fromkeys(
        ("epsilon_certified", "delta", "accountant", "sampling", "sampling_probability",
         "compositions", "neighbouring_relation", "privacy_unit", "compute_flops",
         "saturation_compute_flops", "alternative")
    ),
    "config": CONFIG,
    "cross_entropy": INTERVAL | {"unit": None},
    "cost": dict.fromkeys(
        ("device_hours", "usd", "jpy", "accelerator", "price_per_hour_usd", "utilisation",
         "dp_overhead", "jpy_per_usd")
    ),
    "baseline": BASELINE,
    "baseline_practised": BASELINE,
    "doubling": {"compute": INTERVAL, "data": INTERVAL, "epsilon": INTERVAL},
    "extrapolation": {"support": None, "decades": None},
    "evidence": dict.fromkeys(("id", "runs", "hash")),
}  # fmt: skip
"""Keys of the document before it held the whole answer: scripts rely on them."""


def test_all_keys_of_before_are_still_there_with_the_decisions_values(usual):
    shown = {key: tree(usual[key]) for key in BEFORE}
    shown["extrapolation"]["decades"] = None
    assert shown == BEFORE
    evidence = fitted_evidence("published-bert")
    found = certified_answer(question(3.8e20, 10_000_000, 4.0), evidence)
    config, proof = found.decision.recommendation.config, present(found.certificate)
    assert usual["config"] == {
        "model_size": config.model_size,
        "batch_size": config.batch_size,
        "iterations": config.iterations,
        "sequence_length": config.sequence_length,
        "noise_multiplier": proof.noise_multiplier,
        "noise_batch_ratio": proof.noise_multiplier / config.batch_size,
    }
    assert usual["epsilon_certified"] == proof.epsilon
    assert usual["compute_flops"] == config.compute_flops
    assert usual["cost"]["jpy"] == found.decision.cost.jpy
    assert usual["cross_entropy"]["value"] == found.decision.recommendation.cross_entropy.value
    assert usual["saturation_compute_flops"] == found.decision.saturation.compute_flops
    assert usual["doubling"]["data"]["value"] == found.decision.doubling.data.value


def test_the_document_says_the_verdict_and_what_binds(usual):
    assert usual["verdict"].keys() == {"code", "reason", "sentence"}
    assert usual["verdict"]["code"] == "pilot" and usual["verdict"]["reason"] == "pilot-pays"
    assert usual["verdict"]["sentence"].startswith("Pilot first: What a pilot can show")
    assert usual["binds"] == "data" and usual["noise"] == "certified"
    gains = {name: each["value"] for name, each in usual["doubling"].items()}
    assert max(gains, key=gains.__getitem__) == usual["binds"]


def test_dollars_are_yen_at_the_rate_and_nothing_else_moves(usual):
    dollars = recommended(*RECOMMEND, "--currency", "USD")
    assert (usual["return"]["currency"], dollars["return"]["currency"]) == ("JPY", "USD")
    rate = usual["cost"]["jpy_per_usd"]
    lines = ("cash_to_approve", "running_cost", "expected_damage")
    for name in ("npv", *lines, "total_cost", "legal_avoided"):
        for end in ("value", "low", "high"):
            assert dollars["return"][name][end] == pytest.approx(usual["return"][name][end] / rate)
    for name, amount in usual["return"]["reconciliation"].items():
        assert dollars["return"]["reconciliation"][name] == pytest.approx(amount / rate)
    for name, amount in usual["return"]["pilot"].items():
        expected = amount if name == "turns" else pytest.approx(amount / rate)
        assert dollars["return"]["pilot"][name] == expected
    premium = usual["return"]["privacy_premium"]
    assert dollars["return"]["privacy_premium"] == pytest.approx(premium / rate)
    breaks = [each["return"]["break_evens"] for each in (usual, dollars)]
    assert [each["name"] for each in breaks[0]] == [each["name"] for each in breaks[1]]
    money = next(each for each in breaks[0] if each["name"] == "value_per_unit")
    (shown,) = [each for each in breaks[1] if each["name"] == "value_per_unit"]
    assert shown["at"] == pytest.approx(money["at"] / rate)
    total = usual["return"]["total_cost"]["value"]
    assert sum(usual["return"][name]["value"] for name in lines) == pytest.approx(total)
    ours, theirs = (each["verdict"] for each in (usual, dollars))
    assert (ours["code"], ours["reason"]) == (theirs["code"], theirs["reason"])
    assert "¥" not in theirs["sentence"]
    in_money = ("return", "verdict")
    without = [{k: v for k, v in each.items() if k not in in_money} for each in (usual, dollars)]
    assert without[0] == without[1]


@pytest.mark.parametrize("kind", MetricKind)
def test_every_metric_has_a_return_and_the_same_plan(usual, kind):
    found = recommended(*RECOMMEND, "--metric", kind.value)
    assert found["return"]["metric"] == kind
    assert found["config"] == usual["config"] and found["cost"] == usual["cost"]
    same = found["return"]["npv"] == usual["return"]["npv"]
    assert same is (kind is MetricKind.MINUTES_SAVED)


def written(folder, name, **values):
    table = DEFAULT_ASSUMPTIONS.edited({key: {"value": value} for key, value in values.items()})
    path = folder / name
    path.write_text((to_csv if name.endswith(".csv") else to_toml)(table), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("name", ["mine.toml", "mine.csv"])
def test_a_file_of_assumptions_moves_the_return_and_its_prices_the_cost(usual, tmp_path, name):
    assert recommended(*RECOMMEND, "--assumptions", written(tmp_path, name)) == usual
    changed = written(tmp_path, name, price_per_device_hour=8.0, jpy_per_usd=160.0, adoption=0.8)
    found = recommended(*RECOMMEND, "--assumptions", changed)
    assert found["config"] == usual["config"]
    assert found["cost"]["price_per_hour_usd"] == 8.0 and found["cost"]["jpy_per_usd"] == 160.0
    price = usual["cost"]["price_per_hour_usd"]
    assert found["cost"]["usd"] == pytest.approx(usual["cost"]["usd"] * 8.0 / price)
    assert found["cost"]["jpy"] == pytest.approx(160.0 * found["cost"]["usd"])
    assert found["return"]["reconciliation"]["training_list_price"] == found["cost"]["jpy"]
    assert found["return"]["value"] > usual["return"]["value"]


def test_figures_that_an_older_table_lacks_are_named(capsys, tmp_path):
    parser = argparse.ArgumentParser()
    add_question(parser)
    add_corrections(parser)
    path = Path(written(tmp_path, "old.csv"))

    def asked():
        question_of(parser.parse_args([*RECOMMEND[1:], "--assumptions", str(path)]))
        return capsys.readouterr().err

    assert asked() == ""
    lines = path.read_text().splitlines()
    path.write_text("\n".join(line for line in lines if line.split(",")[0] not in _ADDED_LATER))
    assert ", ".join(_ADDED_LATER) in asked()


def test_a_plan_that_never_pays_back_is_null_in_json(tmp_path):
    found = recommended(
        *RECOMMEND, "--assumptions", written(tmp_path, "poor.toml", tasks_per_year=100.0)
    )
    assert found["return"]["payback_months"]["value"] is None
    assert found["verdict"]["code"] == "wait" and found["verdict"]["reason"] == "does-not-pay"
    assert found["return"]["npv"]["value"] < 0


def test_a_missing_file_is_refused(capsys, tmp_path):
    path = str(tmp_path / "none.toml")
    said = refusal(capsys, *RECOMMEND, "--assumptions", path)
    assert said == f"Could not read {path}: No such file or directory."
    assert path in refused_japanese(capsys, *RECOMMEND, "--assumptions", path)
    assert "Could not read" in refusal(capsys, *RECOMMEND, "--assumptions", str(tmp_path))


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.toml", b"just text", "Expected a TOML file"),
        ("a.toml", b"\xff\xfe\x00", "Expected a TOML file"),
        ("a.toml", b"", "Expected"),
        ("a.csv", b"a,b\n1,2\n", "Expected a table with the columns"),
        ("a.csv", b"x" * 4_100_000, "Expected a file of at most 3906 kB"),
    ],
)
def test_a_broken_file_is_refused(capsys, tmp_path, name, content, sentence):
    path = tmp_path / name
    path.write_bytes(content)
    assert sentence in refusal(capsys, *RECOMMEND, "--assumptions", str(path))
    refused_japanese(capsys, *RECOMMEND, "--assumptions", str(path))


def test_a_file_of_another_metric_is_refused(capsys, tmp_path):
    arguments = [*RECOMMEND, "--assumptions", written(tmp_path, "minutes.toml")]
    arguments += ["--metric", "error-rate"]
    assert "between 0 % and 100 %, got 500 %" in refusal(capsys, *arguments)
    refused_japanese(capsys, *arguments)


def test_a_peak_of_no_accelerator_is_refused(capsys, tmp_path):
    path = written(tmp_path, "peak.toml", peak_flops=1e12)
    assert "Expected a peak of" in refusal(capsys, *RECOMMEND, "--assumptions", path)
    refused_japanese(capsys, *RECOMMEND, "--assumptions", path)


def test_the_table_speaks_japanese_and_dollars(capsys):
    arguments = [*RECOMMEND, "--language", "ja", "--alternative-model-size", "335e6"]
    assert main([*arguments, "--currency", "USD"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "パイロット先行" in lines[0] and "確率は" in lines[0]
    assert not any(sign in line for line in lines for sign in "¥円$")
    assert any("ドル" in line for line in lines)
    assert all(re.search("[ぁ-んァ-ヶ一-龠]", line) for line in lines)
    english = {"published-bert", "GPU", "PLD", "Kessai", "add-or-remove-one", "poisson"}
    english |= {"nats", "BERT", "WordPiece"}
    found = {word for line in lines for word in re.findall(r"[A-Za-z][A-Za-z_-]{2,}", line)}
    assert found <= english


def test_japanese_json_has_english_keys_and_a_japanese_sentence(usual):
    found = recommended(*RECOMMEND, "--language", "ja")
    assert found["verdict"].pop("sentence").startswith("パイロット先行")
    assert found["public_start"].pop("reason").startswith("公開モデルから始める価値は")
    said = {"verdict": "sentence", "public_start": "reason"}
    without = {
        key: {k: v for k, v in value.items() if k != said[key]} if key in said else value
        for key, value in usual.items()
    }
    assert found == without


def test_a_refusal_in_japanese_names_what_was_wrong(capsys):
    said = refused_japanese(capsys, *RECOMMEND[:2], "1e30", *RECOMMEND[3:])
    assert "計算量" in said and "10³⁰" in said
