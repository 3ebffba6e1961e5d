"""``python -m engine texts`` and ``population``: the only way in for texts of one's own."""

import json

import pytest

from engine.__main__ import main
from engine.commands.text_options import source_of
from engine.pilot.text.registry import registry


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("KESSAI_DATA", str(tmp_path / "data" / "runs"))
    monkeypatch.setenv("KESSAI_PILOTS", str(tmp_path / "data" / "pilots"))
    (tmp_path / "letters.csv").write_text("text,customer\na,1\n")
    return tmp_path


def said(capsys, *arguments, code=0):
    assert main([*arguments]) == code
    found = capsys.readouterr()
    return found.err if code else found.out


def test_a_text_and_its_population_from_nothing(place, capsys):
    path = str(place / "letters.csv")
    assert "No text" in said(capsys, "texts", "list")
    assert "No population" in said(capsys, "population", "list")
    said(capsys, "texts", "root", str(place))
    said(capsys, "population", "set", "customers", "--epsilon", "8", "--delta", "1e-6")
    adding = ["texts", "add", "letters", "--kind", "csv", "--path", path]
    adding += ["--unit-column", "customer", "--population", "customers", "--json"]
    found = json.loads(said(capsys, *adding))
    assert found["texts"]["letters"]["source"]["unit_column"] == "customer"
    assert "per person, population customers" in said(capsys, "texts", "list")
    charging = ["population", "charge", "customers", "--epsilon", "2.5", "--delta", "1e-8"]
    for _ in range(2):
        said(capsys, *charging, "--what", "training of May")
    (one,) = json.loads(said(capsys, "population", "list", "--json"))
    assert one["spent"] == {"epsilon": 2.5, "delta": 1e-8, "trainings": 1}
    assert one["left"]["epsilon"] == 5.5 and one["cap"] == {"epsilon": 8.0, "delta": 1e-6}
    shown = said(capsys, "population", "show", "customers")
    assert "ε ≤ 2.5 of 8" in shown and "training of May" in shown
    assert "ε ≤ 2.5 of 8" in said(capsys, "population", "list")
    refused = said(capsys, *charging, "--what", "b", "--epsilon", "6", code=2)
    assert "ε = 5.5" in refused and "population set" in refused
    assert "No text" not in said(capsys, "texts", "list")
    assert "letters.csv" not in said(capsys, "texts", "remove", "letters")
    assert "2.5" in said(capsys, "population", "show", "customers"), "an account stays"


def test_a_pilot_takes_a_registered_text_by_name(place, capsys):
    said(capsys, "texts", "root", str(place))
    said(capsys, "texts", "add", "letters", "--kind", "csv", "--path", str(place / "letters.csv"))
    from engine.__main__ import parser

    options = parser(["pilot"]).parse_args(["pilot", "prepare", "--text", "letters"])
    assert source_of(options) == registry().texts["letters"].source
    asked = ["pilot", "prepare", "--text", "letters", "--corpus", "csv", "--path", "x"]
    assert "got both" in said(capsys, *asked, code=2)
    assert "registered text (letters)" in said(capsys, "pilot", "prepare", "--text", "x", code=2)
