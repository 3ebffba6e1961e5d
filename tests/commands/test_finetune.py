"""``python -m engine finetune`` and ``starts``: what a stranger asks first, and bad input."""

import json

import pytest

from engine.__main__ import main
from engine.fine_tunings import fine_tunings, gaps
from engine.pilot import starts


@pytest.fixture(autouse=True)
def without_campaign():
    """Here the trainings that ship are there."""


def said(capsys, *arguments, code=0):
    assert main([*arguments]) == code
    found = capsys.readouterr()
    return found.err if code else found.out


COMPARE = ("finetune", "compare", "--data", "5000", "--epsilon", "4")
PREDICT = ("finetune", "predict", "--start", "docstrings-30k", "--data", "20000", "--epsilon", "4")


def test_a_comparison_for_people_and_for_machines(capsys):
    rows = said(capsys, *COMPARE)
    assert "from nothing" in rows and "all weights" in rows and "LoRA" in rows
    found = json.loads(said(capsys, *COMPARE, "--json"))
    assert found["start_pays"] is True and len(found["from_start"]) == 2
    assert found["worth"]["data"]["factor"] > 1
    assert found["from_nothing"]["start"] is None
    assert {"cross_entropy", "reach", "at_edge", "noise_batch_ratio"} <= found[
        "from_nothing"
    ].keys()


def test_a_prediction_lies_below_its_start(capsys):
    found = json.loads(said(capsys, *PREDICT, "--batch", "256", "--steps", "100", "--json"))
    loss = found["cross_entropy"]
    assert 0 < loss["low"] < loss["value"] < loss["high"]
    assert 0 < found["share_taken"] < 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((*PREDICT, "--batch", "256", "--steps", "9e5"), "unknown"),
        ((*PREDICT, "--batch", "256", "--steps", "100", "--rank", "7"), "rank 7"),
        ((*PREDICT, "--batch", "30000", "--steps", "100"), "batch_size"),
        (("finetune", "compare", "--data", "many", "--epsilon", "4"), "--data"),
        (("finetune", "compare", "--data", "5000", "--epsilon", "900"), "epsilon"),
        (("starts", "train", "docstrings-30k"), "a name that no start has yet"),
        (("starts", "train", "../x"), "small letters"),
        (("starts", "train", "x", "--steps", "0"), "at least 1"),
        (("starts", "train", "x", "--model-size", "10"), "parameters"),
    ],
)
def test_bad_input_is_one_sentence(capsys, arguments, sentence):
    error = said(capsys, *arguments, code=2)
    assert sentence in error and error.count("\n") == 1


def test_the_law_says_its_forms_and_what_it_missed(capsys):
    found = json.loads(said(capsys, "finetune", "fit", "--json"))
    assert sum(form["weight"] for form in found["forms"]) == pytest.approx(1)
    assert found["left_out"]["the largest starts"]["error"] < 0.05
    assert found["configurations"] >= 50


def test_the_starts_that_ship(capsys):
    found = {
        one["name"]: one for one in json.loads(said(capsys, "starts", "list", "--json"))["starts"]
    }
    assert {"docstrings-30k", "docstrings-100k", "docstrings-300k"} <= found.keys()
    for one in found.values():
        assert one["cross_entropy"] < 2


def test_a_start_is_trained_and_read_again(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("KESSAI_DATA", str(tmp_path))
    made = said(
        capsys, "starts", "train", "mine", "--model-size", "15000", "--steps", "3", "--json"
    )
    assert json.loads(made)["corpus"] == "docstrings"
    assert starts.read("mine").card.iterations == 3


def test_each_published_row_has_its_line(capsys):
    lines = said(capsys, "finetune", "published", "--rows").splitlines()
    assert [line.split()[0] for line in lines[1:38]] == [str(n) for n in range(1, 38)]
    assert all(("unknown (" in line) != ("not asked" in line) for line in lines[1:38])
    assert "a loss of 2.3" in lines[24] and "outside" in lines[24]


def test_many_people_are_warned_of_what_others_lost(capsys):
    asked = ("finetune", "compare", "--epsilon", "4", "--data")
    assert "11 to 23 times" in said(capsys, *asked, "1e6")
    assert "caution" not in said(capsys, *asked, "5000")


def test_published_gaps_are_those_of_the_sources(capsys):
    """Golden: differences of figures printed by one source for one model on one text."""
    found = json.loads(said(capsys, "finetune", "published", "--json"))
    assert (found["rows"], found["complete"]) == (37, 6)
    by_model = {one["model"]: one["gap"] for one in found["gaps"]}
    assert by_model["GPT-2, LoRA r=4, Reddit"] == pytest.approx(0.02)
    assert by_model["GPT-2, full fine-tuning, Reddit"] == pytest.approx(0.15)
    assert by_model["GPT-2 124M, full fine-tuning on Wikipedia"] == pytest.approx(0.3751)
    assert found["unknown"] == 6
    assert {one["reach"] for one in found["each"] if one["complete"]} == {"unknown"}
    assert {one["reach"] for one in found["extrapolated"]} == {"unknown"}
    assert len(gaps()) == 11 and all(gap.nats > 0 for gap in gaps())
    assert sum(row.private for row in fine_tunings()) == 19
