"""``fit`` and ``recommend`` on imported families: with a law of their own, or without noise."""

import itertools
import json
import math

import pytest

from engine.__main__ import main


def loss(size: float, steps: float, ratio: float) -> float:
    """A law of the signal form, nats."""
    worth = steps / (1 + (ratio * math.sqrt(size) / 2.0) ** 2)
    odds = (worth / 60) ** -0.45
    lacking = 1 / (1 + (size / 1e5) ** 0.4)
    return 1.7 + 9.1 * (1 - (1 - lacking) / (1 + odds))


def private() -> str:
    rows = ["run,model_size,batch_size,iterations,sequence_length,sigma,vocab_size,loss"]
    noises = ((0, 1024), (0.8, 1024), (2, 8192))
    grid = itertools.product((1e7, 3e7, 1e8), (1000, 4000, 16000), noises)
    for size, steps, (sigma, batch) in grid:
        value = loss(size, steps, sigma / batch)
        rows.append(f"p{len(rows)},{size:.0f},{batch},{steps},256,{sigma},50257,{value:.4f}")
    return "\n".join(rows)


def plain() -> str:
    rows = ["N,D,loss"]
    for size, ratio in itertools.product((5e7, 2e8, 1e9, 4e9), (5, 20, 80)):
        value = 1.82 + 482 / size**0.35 + 2085 / (ratio * size) ** 0.37
        rows.append(f"{size:.0f},{ratio * size:.0f},{value:.5f}")
    return "\n".join(rows)


@pytest.fixture
def command(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("KESSAI_DATA", str(tmp_path / "runs"))
    monkeypatch.setenv("KESSAI_CACHE", str(tmp_path / "cache"))

    def run(*arguments: str, code: int = 0):
        assert main(list(arguments)) == code
        said = capsys.readouterr()
        return json.loads(said.out) if "--json" in arguments and not code else said.out + said.err

    def of(text: str, family: str):
        path = tmp_path / "table.csv"
        path.write_text(text)
        run("runs", "import", str(path), "--family", family)
        return run

    return of


def test_private_runs_have_a_law_and_a_recommendation(command):
    run = command(private(), "team")
    fit = run("fit", "--evidence", "team", "--form", "signal_onset", "--json")
    assert fit["evidence"]["runs"] == 27
    assert (fit["evidence"]["unit"], fit["evidence"]["carries"]) == ("nats-per-token", "law")
    assert fit["forms"] == {"signal_onset": 1.0}
    assert fit["parameters"]["noise_size_exponent"] == pytest.approx(0.5, abs=0.1)
    (form,) = fit["fits"]
    assert (form["form"], form["weight"]) == ("signal_onset", 1.0)
    assert list(form["parameters"]) == form["covariance"]["names"]
    entropy = form["parameters"]["entropy"]
    assert entropy["low"] <= entropy["value"] <= entropy["high"] and entropy["level"] == 0.9
    assert (entropy["unit"], form["parameters"]["log_odds"]["unit"]) == ("nats-per-token", "none")
    assert form["covariance"]["matrix"][0][0] > 0
    rests = fit["provenance"]
    assert (rests["family"], rests["runs"], rests["left_out"]) == ("team", 27, 0)
    assert rests["sources"] == {"imported table": 27}
    assert [one["file"] for one in rests["imports"]] == ["table.csv"]
    assert rests["hash"] == fit["evidence"]["hash"]
    assert len(rests["law"]) == len(rests["code"]) == 12
    less = run("fit", "--evidence", "team", "--form", "signal_onset", "--without", "p1", "--json")
    assert [one["run"] for one in less["left_out_runs"]] == ["p1"]
    assert less["evidence"]["hash"] != fit["evidence"]["hash"]
    assert (less["provenance"]["left_out"], less["provenance"]["runs"]) == (1, 26)
    assert less["provenance"]["law"] != rests["law"]
    told = run("fit", "--evidence", "team", "--form", "signal_onset")
    assert f"({entropy['low']:.4g} to {entropy['high']:.4g}, 90%)" in told
    plan = "recommend", "--compute", "1e18", "--data", "1e6", "--epsilon", "4", "--evidence"
    found = run(*plan, "team", "--json")
    assert found["evidence"]["hash"] == fit["evidence"]["hash"]
    assert (found["cross_entropy"]["unit"], found["noise_from"]) == ("nats-per-token", "team")
    assert found["compute_flops"] <= 1.0001e18


def test_sizes_and_tokens_have_a_law_without_noise_and_no_plan(command):
    run = command(plain(), "hoffmann-like")
    fit = run("fit", "--evidence", "hoffmann-like", "--json")
    assert fit["form"] == "hoffmann"
    assert fit["parameters"]["E"] == pytest.approx(1.82, abs=0.02)
    assert fit["parameters"]["alpha"] == pytest.approx(0.35, abs=0.01)
    assert fit["statuses"][0].startswith("Noiseless:")
    assert (fit["evidence"]["carries"], fit["evidence"]["noise_from"]) == ("tokens", None)
    (form,) = fit["fits"]
    assert form["parameters"]["E"]["unit"] == "nats-per-token"
    assert form["parameters"]["beta"]["low"] < 0.37 < form["parameters"]["beta"]["high"]
    assert len(form["covariance"]["matrix"]) == len(form["covariance"]["names"]) == 5
    assert fit["provenance"]["runs"] == 12
    told = run("fit", "--evidence", "hoffmann-like")
    assert "alpha" in told and "12 runs, nats per token" in told
    plan = "recommend", "--compute", "1e18", "--data", "1e6", "--epsilon", "4", "--evidence"
    assert "a plan needs steps and noise" in run(*plan, "hoffmann-like", code=2)
    wrong = run("fit", "--evidence", "hoffmann-like", "--form", "limits", code=2)
    assert "Expected the form hoffmann" in wrong


@pytest.mark.slow
def test_runs_without_noise_are_pooled_with_published_noise_and_say_so(command):
    rows = private().splitlines()
    clean = "\n".join([rows[0], *(row for row in rows[1:] if row.split(",")[5] == "0")])
    run = command(clean, "clean")
    fit = run("fit", "--evidence", "clean", "--form", "signal_onset", "--json")
    assert fit["evidence"]["noise_from"] == "published-bert"
    assert fit["statuses"][0].startswith("Pooled with the law of another family")
    assert fit["fits"][0]["resamples"] == 200 and fit["provenance"]["runs"] == 9
    told = run("fit", "--evidence", "clean", "--form", "signal_onset")
    assert "what noise does is pooled from published-bert" in told
    assert "Expected a form among" in run("fit", "--evidence", "clean", "--form", "nope", code=2)
