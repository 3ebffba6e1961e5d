"""Files of other programs through ``calibrate``: σ as computed apart from Kessai.

Equivalents of files that people reported to fail elsewhere: σ = 3.31658 at ε = 4 and 22.79 at
ε = 0.5 are dp_accounting's PLD at 1e-4 for these budgets.
"""

import json
import re

import pytest

from engine.__main__ import main

HEADER = "data_budget,batch_size,iterations,epsilon,delta"
ROW = "10000000,220000,11000"


def answer(capsys, tmp_path, content: bytes, *options: str) -> dict:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    assert main(["calibrate", str(path), "--json", *options]) == 0
    found: dict = json.loads(capsys.readouterr().out)
    return found


def refusal(capsys, tmp_path, content: bytes, *options: str) -> str:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    assert main(["calibrate", str(path), *options]) == 2
    return str(capsys.readouterr().err)


@pytest.mark.parametrize(
    ("content", "sigma"),
    [
        (f"{HEADER},備考\n{ROW},4,1e-8,本番\n".encode("cp932"), 3.31658),
        (f"{HEADER.replace(',', ', ')}\n{ROW.replace(',', ', ')}, 4, 1e-8\n".encode(), 3.31658),
        (f"{HEADER},,\n{ROW},4,1e-8,,\n,,,,,,\n".encode(), 3.31658),
        (f'{HEADER}\n{ROW},"0,5",1e-8\n'.encode(), 22.79),
        (f"{HEADER}\n{ROW},0.5,1e-8\n".encode("utf-16"), 22.79),
        (f"{HEADER};\r\n{ROW},0:5,0:00000001\r\n".replace(",", ";").replace(":", ",").encode(),
         22.79),
        (f"{HEADER}\n1000万,22万,11000,0.5,1e-8\n".encode(), 22.79),
    ],
)  # fmt: skip
def test_the_noise_of_a_file_however_it_was_saved(capsys, tmp_path, content, sigma):
    (row,) = answer(capsys, tmp_path, content)["rows"]
    assert row["noise_multiplier"] == pytest.approx(sigma, rel=1e-3)


def test_counts_are_echoed_exactly(capsys, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(f"{HEADER}\n12345678,1234567,1464,2.3863,1.2345678e-6\n")
    assert main(["calibrate", str(path)]) == 0
    _, line = capsys.readouterr().out.splitlines()
    assert line.startswith("12345678,1234567,1464,2.3863,1.2345678e-06,")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (f"{HEADER},epsilon\n{ROW},4,1e-8,0.5\n", "every column of a.csv once, got epsilon twice"),
        (f"{HEADER}\n{ROW},4,1e-8,99\n", "5 cells in line 2 of a.csv, got more (99)"),
        (f"{HEADER}\n{ROW},0,5,1e-8\n", "5 cells in line 2 of a.csv, got more (1e-8)"),
        (
            f'{HEADER}\n"10,000",100,200,4,1e-8\n',
            "“10,000” for data_budget in line 2: 10 with",
        ),
        (f'{HEADER}\n{ROW},"0,500",1e-8\n', "0.5 with a decimal comma, 500 with a decimal point"),
        (f"{HEADER}\n{ROW},nan,1e-8\n", "Expected a number for epsilon in line 2, got nan."),
        ("a,b\n1,2\n", "missing: data_budget, batch_size, iterations, epsilon, delta."),
        (f"{HEADER}\n", "at least one row in a.csv"),
    ],
)
def test_what_is_wrong_or_doubtful_is_one_sentence(capsys, tmp_path, content, sentence):
    found = refusal(capsys, tmp_path, content.encode())
    assert sentence in found
    assert len(found.splitlines()) == 1


def test_a_person_says_what_the_file_cannot(capsys, tmp_path):
    content = f'{HEADER}\n{ROW},"0,500",1e-8\n'.encode()
    (row,) = answer(capsys, tmp_path, content, "--decimal", "comma")["rows"]
    assert row["epsilon"] == 0.5
    assert "Expected text in utf-16" in refusal(capsys, tmp_path, content, "--encoding", "utf-16")
    assert "Expected an encoding" in refusal(capsys, tmp_path, content, "--encoding", "utf8000")


def test_how_the_file_was_read_is_told_beside_the_answer(capsys, tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(f'{HEADER}\n{ROW},"0,5",1e-8\n,,,,\n'.encode())
    assert main(["calibrate", str(path)]) == 0
    told = capsys.readouterr()
    assert len(told.out.splitlines()) == 2
    assert "Decimal comma: “0,5” in line 2 shows it. Left out: line 3 (empty)." in told.err
    path.write_text(f"{HEADER}\n{ROW},4,1e-8\n")
    assert main(["calibrate", str(path)]) == 0
    assert capsys.readouterr().err == ""
    found = answer(capsys, tmp_path, f'{HEADER}\n{ROW},"0,5",1e-8\n'.encode())["read"]
    assert (found["decimal"], found["encoding"], found["separator"]) == ("comma", "utf-8", ",")


def test_numbers_typed_as_options(capsys):
    typed = ["predict", "--model-size", "49M", "--batch-size", "220,000", "--iterations", "11,000"]
    typed += ["--data", "1千万"]
    assert main([*typed, "--epsilon", "0,500"]) == 2
    refused = capsys.readouterr().err
    assert re.search("“0,500” for --epsilon: type 0.5 or 500", refused)
    assert main([*typed, "--epsilon", "0,5", "--json"]) == 0
    told = capsys.readouterr()
    assert json.loads(told.out)
    assert "--batch-size: 220,000 is read as 220,000" in told.err


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("10000000,2.2%,11000,4,1e-8", "batch_size without % in line 2"),
        ("10000000,220000,11000,50%,1e-8", "epsilon without % in line 2"),
        ("10000000,220000,11000,$4,1e-8", "epsilon without USD in line 2"),
        ("10000000,220000,11000,$4,1e-8", "epsilon without USD in line 2"),
        ("10000000.5,220000,11000,4,1e-8", "a whole number for data_budget in line 2"),
        ("-10000000,220000,11000,4,1e-8", "Line 2: Expected data_budget between"),
    ],
)
def test_what_is_no_count_and_no_promise_is_refused_with_its_line(capsys, tmp_path, row, sentence):
    assert sentence in refusal(capsys, tmp_path, f"{HEADER}\n{row}\n".encode())


def test_delta_may_be_per_hundred(capsys, tmp_path):
    found = answer(capsys, tmp_path, f"{HEADER}\n{ROW},4,0.000001%\n".encode())
    assert found["rows"][0]["noise_multiplier"] == pytest.approx(3.31658, rel=5e-3)
