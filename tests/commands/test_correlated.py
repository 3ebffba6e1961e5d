"""``python -m engine correlated`` and ``uses``: for people, for machines, in two languages."""

import json

from engine.__main__ import main

ASKED = ("--compute", "3.8e20", "--data", "1e7", "--epsilon", "4")


def said(capsys, *arguments, code=0):
    assert main([*arguments]) == code
    found = capsys.readouterr()
    return found.err if code else found.out


def test_correlated_noise_for_people_and_machines(capsys):
    text = said(capsys, "correlated", *ASKED)
    assert text.startswith("Noise correlated over steps would buy next to nothing here")
    assert "a lead to try, not a reason to decide" in text
    found = json.loads(said(capsys, "correlated", *ASKED, "--json"))
    assert [one["bands"] for one in found["choices"]] == [1, 4, 16, 64]
    assert found["pays"] is False and found["best"] in (4, 16, 64)
    assert found["choices"][1]["reach"]["word"] == "unknown"
    added = found["npv_added"]
    assert added["low"] <= added["value"] <= added["high"] and found["currency"] == "JPY"
    assert "In money it may add" in text
    assert "人数" in said(capsys, "correlated", *ASKED, "--language", "ja")


def test_uses_for_machines_in_dollars(capsys, tmp_path):
    file = tmp_path / "uses.csv"
    file.write_text("use,people,tasks_per_year\nsupport,1e7,1e6\nsearch,1e7,6e5\nrest,4e6,0\n")
    found = json.loads(said(capsys, "uses", str(file), *ASKED, "--json", "--currency", "USD"))
    assert found["left_out"] == ["rest"]
    assert [one["use"] for one in found["uses"]] == ["support", "search"]
    assert found["epsilon_certified"] <= 4 < found["epsilon_added"]
    # Hundreds of thousands of dollars, where yen would be tens of millions.
    assert found["currency"] == "USD" and 1e5 < found["npv"]["value"] < 1e7
    assert found["one_model"]["npv"]["value"] > found["npv"]["value"]


def test_a_file_that_is_not_there_is_one_sentence(capsys):
    assert "Could not read" in said(capsys, "uses", "nowhere.csv", *ASKED, code=2)
