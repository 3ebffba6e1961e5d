"""Tables 2 and 3 as committed: twenty-four records, and what the importer refuses."""

import hashlib
from pathlib import Path

import pytest

from engine.config import Sampling
from engine.errors import InputError
from engine.runs.importers import published
from engine.runs.importers.published import (
    TABLE_2,
    TABLE_3,
    published_records,
    read_table_2,
    read_table_3,
)
from engine.runs.record import Provenance


def test_every_row_passes_the_checks():
    records = published_records()
    assert len(records) == 24
    assert len({run.run_id for run in records}) == 24
    assert sum(run.compute_optimal for run in records) == 20
    assert {run.family for run in records} == {"published-bert"}
    assert {run.provenance for run in records} == {Provenance.PUBLISHED}


def test_a_row_of_table_2_reads_as_the_paper_prints_it():
    """Row N = 1e7, ε = 4: the paper's 49M parameters, 11,000 steps, batches of 220,000."""
    (run,) = [r for r in published_records() if (r.data_budget, r.epsilon) == (10_000_000, 4.0)]
    assert (run.model_size, run.iterations, run.batch_size) == (49_000_000, 11_000, 220_000)
    assert (run.compute_flops, run.cross_entropy) == (3.8e20, 2.81)
    assert (run.sequence_length, run.vocabulary_size, run.delta) == (512, 30_522, 1e-8)
    assert (run.sampling, run.privacy_unit) == (Sampling.BEST, "person")
    assert run.neighbouring_relation is None
    assert run.compute_optimal is True
    assert run.noise_multiplier is None
    assert run.noise_batch_ratio is None
    assert run.curve == ()


def test_the_table_is_the_one_that_was_checked_against_the_paper():
    """Changes of the facts are meant to be noticed: see data/published/README.md."""
    assert (
        hashlib.sha256(TABLE_2.read_bytes()).hexdigest()
        == "40ef1b7266a2d4621b2027b5f7c74a0998ad2d8dbd49796200460c54f9ea8b22"
    )


def test_table_3_reads_as_the_paper_prints_it():
    """Appendix C.4: BertTiny, 128,000 steps, σ/B = 2^-15, four physical batches."""
    records, refusals = read_table_3(TABLE_3)
    assert refusals == []
    assert [(run.batch_size, run.cross_entropy) for run in records] == [
        (128, 3.586),
        (512, 3.971),
        (2_048, 4.01),
        (8_192, 4.057),
    ]
    for run in records:
        assert (run.model_size, run.iterations) == (4_520_000, 128_000)
        assert run.noise_batch_ratio == 2.0**-15
        assert run.physical_batch_size == run.batch_size
        assert run.learning_rate == 2.0**-8
        assert run.epsilon is None and run.data_budget is None
        assert run.compute_optimal is False
        assert run.compute_flops == pytest.approx(6 * 4.52e6 * 128_000 * run.batch_size * 512)


def test_a_damaged_row_of_table_3_is_refused_by_its_line(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text(TABLE_3.read_text().replace("4.01,", "11.0,"))
    records, refusals = read_table_3(path)
    assert [refusal.row_number for refusal in refusals] == [4]
    assert len(records) == 3
    with pytest.raises(InputError, match="there is no such file"):
        read_table_3(tmp_path / "absent.csv")


@pytest.mark.parametrize("name", ["TABLE_2", "TABLE_3"])
def test_a_table_that_was_damaged_is_named(tmp_path, monkeypatch, name):
    path = tmp_path / "table.csv"
    path.write_text(
        getattr(published, name).read_text().replace("4520000", "-1").replace("4.6", "-")
    )
    monkeypatch.setattr(published, name, path)
    with pytest.raises(InputError, match=r"Expected table\.csv as it was committed"):
        published_records()


def test_reading_again_gives_equal_records():
    assert published_records() == published_records()


def _edited(tmp_path: Path, old: str, new: str) -> Path:
    text = TABLE_2.read_text()
    assert old in text
    path = tmp_path / "table.csv"
    path.write_text(text.replace(old, new, 1))
    return path


@pytest.mark.parametrize(
    ("old", "new", "line", "sentence"),
    [
        ("1.1e17", "1.3e17", 3, "compute_flops within 10% of 6·M·B·T·S = 1.043e+17, got 1.3e+17"),
        ("8.5e2", "9.9e2", 3, "token_model_ratio within 10% of B·T·S / M = 821.4, got 9.9e2."),
        ("8.5e2", "x", 3, "Expected a number for token_model_ratio, got x."),
        ("7.28", "10.9", 2, "at most 10.843 nats for a vocabulary of 30522, got 10.9"),
        ("7.28,", ",", 2, "Expected a value for cross_entropy, got none."),
        ("1.2e23,1.20,3.3e8,1.1e5", "1.2e23", 21, "Expected a value for model_size, got none."),
    ],
)
def test_a_damaged_row_is_refused_by_its_line_and_the_others_stay(
    tmp_path, old, new, line, sentence
):
    records, refusals = read_table_2(_edited(tmp_path, old, new))
    (refusal,) = refusals
    assert refusal.row_number == line
    if "1.20,3.3e8" not in old:
        assert sentence in refusal.sentence
    assert len(records) == 19


def test_two_kinds_of_bad_rows_are_told_in_order_and_matched_to_their_own_lines(tmp_path):
    path = _edited(tmp_path, "1.0e2\n", "9.9e9\n")  # ratio of line 2
    path.write_text(path.read_text().replace("1.1e17", "9.9e17").replace("1.1e3\n", "9.9e3\n"))
    records, refusals = read_table_2(path)
    assert [refusal.row_number for refusal in refusals] == [2, 3, 4]
    assert ["token_model" in refusal.sentence for refusal in refusals] == [True, False, True]
    assert len(records) == 17


def test_an_absent_or_undecodable_file_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match=r"got absent.csv: there is no such file"):
        read_table_2(tmp_path / "absent.csv")
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="Expected text in utf-16"):
        read_table_2(tmp_path / "bytes.csv")
