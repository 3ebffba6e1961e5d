"""``python -m engine epsilon``: its keys are a contract, its refusals are sentences."""

import json

import pytest

from engine.__main__ import main

ASKED = [
    "epsilon",
    "--noise-multiplier",
    "1.5",
    "--batch-size",
    "256",
    "--iterations",
    "50",
    "--data",
    "2e4",
    "--delta",
    "1e-6",
]


def answer(capsys, *arguments):
    assert main([*ASKED, *arguments, "--json"]) == 0
    printed = capsys.readouterr()
    return json.loads(printed.out), printed.err


def test_the_json_has_the_agreed_keys(capsys):
    found, said = answer(capsys)
    assert list(found) == [
        "epsilon",
        "delta",
        "relation",
        "sampling",
        "unit",
        "compositions",
        "accountant",
        "bands",
    ]
    assert found["bands"] == 1
    assert set(found["epsilon"]) == {"certified", "lower"}
    assert 0 < found["epsilon"]["lower"] <= found["epsilon"]["certified"]
    assert found["epsilon"]["certified"] == pytest.approx(found["epsilon"]["lower"], rel=0.01)
    assert (found["relation"], found["sampling"], found["unit"], found["compositions"]) == (
        "add-or-remove-one",
        "poisson",
        "person",
        50,
    )
    assert said == ""


@pytest.mark.parametrize(
    ("sampling", "relation", "told"),
    [
        ("poisson", "zero-out", "zero-out"),
        ("deterministic", None, "zero-out"),
        ("without-replacement", None, "replace-one"),
        ("truncated-poisson", None, "add-or-remove-one"),
    ],
)
def test_each_sampling_has_its_usual_relation(capsys, sampling, relation, told):
    named = () if relation is None else ("--relation", relation)
    found, _ = answer(capsys, "--sampling", sampling, *named)
    assert (found["sampling"], found["relation"]) == (sampling, told)


def test_a_pair_without_a_bound_is_refused_in_a_sentence(capsys):
    pair = ("--sampling", "deterministic", "--relation", "add-or-remove-one")
    assert main([*ASKED, *pair, "--json"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("No certified bound is known for deterministic batches")
    assert printed.err.count("\n") == 1


def test_the_table_says_where_batches_were_cut(capsys):
    assert main([*ASKED, "--sampling", "truncated-poisson", "--largest-batch", "300"]) == 0
    printed = capsys.readouterr().out
    assert "Batches cut at             300" in printed
    assert "private for each person" in printed


def test_a_delta_above_one_in_n_is_said_so(capsys):
    rest = ["--iterations", "1", "--data", "1e10", "--delta", "1e-8"]
    asked = ["epsilon", "--noise-multiplier", "1", "--batch-size", "1000", *rest]
    assert main([*asked, "--json"]) == 0
    assert "allows the data of 100 people to be published whole" in capsys.readouterr().err
    assert main(asked) == 0
    assert "allows the data of 100 people to be published whole" in capsys.readouterr().out


def test_a_batch_above_the_people_explains_what_a_batch_is(capsys):
    assert main([*ASKED, "--batch-size", "30000"]) == 2
    assert "accumulation counted" in capsys.readouterr().err


def test_help_explains_the_expected_batch(capsys):
    with pytest.raises(SystemExit):
        main(["epsilon", "--help"])
    assert "micro-batch times the accumulation steps" in " ".join(capsys.readouterr().out.split())


def test_bands_are_told_with_what_they_assume(capsys):
    found, _ = answer(capsys, "--bands", "4")
    assert (found["bands"], found["compositions"], found["sampling"]) == (4, 13, "poisson")
    alone, _ = answer(capsys)
    assert found["epsilon"]["certified"] > alone["epsilon"]["certified"], "at one noise multiplier"
    assert main([*ASKED, "--bands", "4"]) == 0
    printed = capsys.readouterr().out
    assert "Noise correlated over      4 steps" in printed
    assert "drawn for that person alone, not by cutting a list" in printed
    assert main([*ASKED, "--bands", "4", "--relation", "zero-out"]) == 0
    assert "whatever is in their data" in capsys.readouterr().out
    assert main([*ASKED, "--bands", "80"]) == 2
    assert capsys.readouterr().err.startswith("Expected 1 to 50 bands for 50 steps, got 80")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("--data", "5"), "Expected --data between 100 and 1e+10 people, got 5"),
        (("--batch-size", "1e9"), "Expected --batch-size between 1 and the "),
        (("--batch-size", "10.5"), "Expected a whole number for --batch-size, got 10.5"),
        (("--noise-multiplier", "0"), "Expected --noise-multiplier between 0.1 and "),
        (("--iterations", "0"), "Expected --iterations between 1 and "),
        (("--delta", "1"), "Expected --delta between "),
    ],
)
def test_what_is_refused_is_called_as_its_option_is(capsys, asked, said):
    assert main([*ASKED, *asked]) == 2
    refused = capsys.readouterr().err
    assert refused.startswith(said) and "_" not in refused


def test_columns_of_a_file_keep_their_names(tmp_path, capsys):
    file = tmp_path / "rows.csv"
    file.write_text("data_budget,batch_size,iterations,epsilon,delta\n5,1,100,4,1e-8\n")
    assert main(["calibrate", str(file)]) == 2
    assert "Expected data_budget between" in capsys.readouterr().err
