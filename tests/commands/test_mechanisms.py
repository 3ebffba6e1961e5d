"""``python -m engine mechanisms``."""

import json

from engine.__main__ import main

ASKED = [
    "mechanisms", "--data", "25512", "--batch-size", "48", "--iterations", "192", "--epsilon", "1",
    "--delta", "1e-6",
]  # fmt: skip


def test_a_line_for_each_number_of_bands(capsys):
    assert main([*ASKED, "--model-size", "1e9", "--bands", "4", "--bandwidth", "1e12"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["bands", "1", "4"]
    assert "12 GB" in lines[2] and "0.02 s" in lines[2]


def test_machines_read_the_same(capsys):
    assert main([*ASKED, "--model-size", "1e6", "--bands", "2", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [choice["bands"] for choice in found] == [1, 2]
    assert found[1]["past_bytes"] == 4e6 and found[1]["error"] < 1


def test_groups_smaller_than_a_batch_are_refused(capsys):
    assert main([*ASKED, "--model-size", "1e6", "--batch-size", "20000", "--bands", "2"]) == 2
    assert capsys.readouterr().err.startswith("Expected groups of at least the 20000 people")
