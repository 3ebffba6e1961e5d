"""What ``runs --import-results`` says of runs that diverged and of a second seed."""

import json

from engine import decision_log
from engine.__main__ import main

HEADER = "Model,Learning Rate,Iterations,Noise Batch Ratio,Cross Entropy"


def imported(capsys, monkeypatch, tmp_path, lines: list[str], *options: str) -> str:
    monkeypatch.setenv("KESSAI_DATA", str(tmp_path / "runs"))
    monkeypatch.delenv(decision_log.VARIABLE, raising=False)
    path = tmp_path / "results.csv"
    path.write_text("\n".join([HEADER, *lines]) + "\n")
    assert main(["runs", "--import-results", str(path), *options]) == 0
    return str(capsys.readouterr().out)


def measured(losses: list[object]) -> list[str]:
    return [f"BertTiny,0.01,{100 * k},0.001,{loss}" for k, loss in enumerate(losses, start=1)]


def test_diverged_runs_are_named_and_not_stored(capsys, monkeypatch, tmp_path):
    lines = measured([9, 8, "nan"])
    found = json.loads(imported(capsys, monkeypatch, tmp_path, lines, "--json"))
    assert (found["stored"], found["refused"]) == ([], [])
    (diverged,) = found["diverged"]
    assert (diverged["row"], len(diverged["run_id"])) == (4, 32)
    assert diverged["reason"] == "The training diverged: its loss is nan after 300 iterations."
    told = imported(capsys, monkeypatch, tmp_path, lines)
    assert "BertTiny, rate 0.01, σ̄ 0.001 (row 4): The training diverged" in told


def test_a_second_seed_is_stored(capsys, monkeypatch, tmp_path):
    lines = measured([9, 8, 7]) + measured([9, 8.1, 7.1])
    found = json.loads(imported(capsys, monkeypatch, tmp_path, lines, "--json"))
    assert len(found["stored"]) == 2
    (entry,) = decision_log.entries(tmp_path / "runs")
    assert (entry.act, entry.what) == ("runs-import", {"file": "results.csv", "runs": 2})
    assert found["read"]["encoding"] == "utf-8"
