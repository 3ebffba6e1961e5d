"""``python -m engine cluster``: a decision's plan, a given training, and the published runs."""

import json
import re
from pathlib import Path

import pytest

from engine.__main__ import main

ASKED = ("plan", "--compute", "3.8e20", "--data", "1e7", "--epsilon", "4")
VAULT_GEMMA = (
    "training", "--model-size", "1.04e9", "--batch-size", "518e3", "--iterations", "1e5",
    "--sequence-length", "1024", "--device", "TPU v6e", "--devices", "2048",
)  # fmt: skip
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "cluster.md"


def said(capsys, *arguments, code=0):
    assert main(["cluster", *arguments]) == code
    found = capsys.readouterr()
    return found.err if code else found.out


def test_a_plan_for_people_and_machines(capsys):
    text = said(capsys, *ASKED, "--devices", "64", "--currency", "USD")
    assert text.startswith("On 64 NVIDIA H200 this training takes ")
    assert "11 published runs" in text and "1.5× that privacy makes" in text
    found = json.loads(said(capsys, *ASKED, "--devices", "64", "--json"))
    rows = {row["devices"]: row for row in found["forecasts"]}
    assert {1, 8, 64, 10_000} <= set(rows)
    one = rows[64]
    assert one["usd"]["value"] == pytest.approx(4 * one["device_hours"]["value"])
    assert one["jpy"]["high"] == pytest.approx(150 * one["usd"]["high"])
    assert one["days"]["low"] < one["days"]["value"] < one["days"]["high"]
    japanese = said(capsys, *ASKED, "--language", "ja")
    assert "台で、この学習は" in japanese and "published" not in japanese


def test_a_given_training_needs_a_price_where_none_is_on_file(capsys):
    assert "Expected --price for TPU v6e" in said(capsys, *VAULT_GEMMA, code=2)
    untold = json.loads(said(capsys, *VAULT_GEMMA, "--price", "2.7", "--json"))
    days = next(row["days"] for row in untold["forecasts"] if row["devices"] == 2048)
    assert days["low"] < 7 < days["high"]
    told = json.loads(said(capsys, *VAULT_GEMMA, "--price", "2.7", "--recompute", "no", "--json"))
    narrow = next(row["days"] for row in told["forecasts"] if row["devices"] == 2048)
    assert narrow["high"] < days["high"]
    shown = DOCUMENT.read_text("utf-8")
    for found in (days, narrow):
        ends = (f"{found[name]:.2g}" for name in ("value", "low", "high"))
        assert "{} ({}–{}) days".format(*ends) in shown
    wrong = said(capsys, *VAULT_GEMMA, "--price", "2.7", "--dp-overhead", "0.5", code=2)
    assert "DP overhead of at least 1" in wrong
    assert "at least 1 device" in said(capsys, *ASKED, "--devices", "0", code=2)


def test_the_document_has_the_table_that_the_command_makes(capsys):
    rows = {row["name"]: row for row in json.loads(said(capsys, "check", "--json"))["rows"]}
    listed = re.findall(
        r"^\| ([\w .-]+?) \| ([\d,]+) [^|]+\| ([\d,.]+) \| ([\d,.]+) \| ([+-]\d+) % "
        r"\| ([+-]\d+) % \|",
        DOCUMENT.read_text("utf-8"),
        re.M,
    )
    assert len(listed) == 11
    for name, devices, reported, predicted, error, untold in listed:
        row = rows[name]
        assert int(devices.replace(",", "")) == row["devices"]
        assert float(reported.replace(",", "")) == pytest.approx(row["device_hours"], rel=0.006)
        assert float(predicted.replace(",", "")) == pytest.approx(row["forecast_hours"], rel=0.006)
        assert int(error) == round(100 * row["error"])
        assert int(untold) == round(100 * row["untold_error"])
    text = said(capsys, "check")
    assert "24 published rows set the three constants. 11 whole runs" in text
