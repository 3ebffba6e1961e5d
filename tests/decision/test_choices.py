"""Which families may be chosen: imported ones with enough runs, as the log now stands."""

import itertools
from datetime import UTC, datetime

import pytest

from engine.decision import fitted
from engine.errors import InputError
from engine.loss_unit import Measure, unit_of
from engine.runs import log as runs_log
from engine.runs.imports.importing import Asked, import_file, store
from engine.runs.removal import Chosen, delete, restore

NOISES = ((0, 1024), (0.8, 1024), (2, 8192))
NOW = datetime(2026, 11, 29, tzinfo=UTC)


def table(sizes=(1e7, 3e7, 1e8), noises=NOISES, shift: float = 0.0) -> str:
    rows = ["run,model_size,batch_size,iterations,sequence_length,sigma,vocab_size,loss"]
    for size, steps, (sigma, batch) in itertools.product(sizes, (1000, 4000, 16000), noises):
        value = 9 - size**0.02 - steps**0.1 + 1000 * sigma / batch + shift
        rows.append(f"p{len(rows)},{size:.0f},{batch},{steps},256,{sigma},50257,{value:.4f}")
    return "\n".join(rows)


PLAIN = "N,D,loss\n" + "\n".join(
    f"{size:.0f},{ratio * size:.0f},{1.8 + 482 / size**0.35 + 2085 / (ratio * size) ** 0.37:.4f}"
    for size, ratio in itertools.product((5e7, 2e8, 1e9, 4e9), (5, 20, 80))
)


@pytest.fixture
def imported(monkeypatch, tmp_path):
    monkeypatch.setenv("KESSAI_DATA", str(tmp_path / "runs"))
    monkeypatch.setattr(runs_log, "COMMITTED", tmp_path / "no campaign")
    fitted.run_log.cache_clear()

    def read(text: str, family: str, unit: Measure | None = None) -> None:
        path = tmp_path / f"{family}.csv"
        path.write_text(text)
        log, asked = fitted.run_log(), Asked(family=family, loss_unit=unit)
        store(log, import_file(path, log, asked, created_at=NOW))

    yield read
    fitted.run_log.cache_clear()


def test_a_family_with_enough_runs_joins_with_its_unit(imported):
    assert fitted.choices() == fitted.EVIDENCE
    imported(table(), "team", Measure.NATS_PER_BYTE)
    assert fitted.choices() == (*fitted.EVIDENCE, "team")
    assert unit_of("team").measure is Measure.NATS_PER_BYTE
    fitted.require_choice("team")


def test_runs_without_noise_are_a_choice_and_sizes_and_tokens_are_none(imported):
    imported(table(noises=NOISES[:1]), "clean")
    imported(PLAIN, "plain")
    assert fitted.choices() == (*fitted.EVIDENCE, "clean")
    with pytest.raises(InputError, match="a plan needs steps and noise"):
        fitted.require_choice("plain")


def test_too_few_sizes_noises_and_unknown_families_say_why(imported):
    imported(table(sizes=(1e7, 3e7)), "two-sizes")
    imported(table(noises=NOISES[1:]), "two-noises")
    assert fitted.choices() == fitted.EVIDENCE
    with pytest.raises(InputError, match=r"at least 8 points at 3 model sizes .*\(2, 3\)"):
        fitted.require_choice("two-sizes")
    with pytest.raises(InputError, match=r"3 noise-batch ratios in two-noises.*\(3, 2\)"):
        fitted.require_choice("two-noises")
    with pytest.raises(InputError, match="Expected an evidence among"):
        fitted.require_choice("nobody")


def test_a_deleted_family_is_no_choice_says_why_and_comes_back(imported):
    imported(table(), "team")
    delete(fitted.run_log(), Chosen(family="team"), at=NOW)
    assert fitted.choices() == fitted.EVIDENCE
    with pytest.raises(InputError, match="The runs of team were deleted: bring them back"):
        fitted.require_choice("team")
    restore(fitted.run_log(), Chosen(family="team"), at=NOW)
    assert fitted.choices() == (*fitted.EVIDENCE, "team")


def test_a_choice_is_judged_as_its_law_is(imported):
    """By the same rule, though one reads outlines and the other records."""
    texts = {"team": table(), "clean": table(noises=NOISES[:1]), "few": table(sizes=(1e7,))}
    for family, text in texts.items():
        imported(text, family)
    for family in texts:
        try:
            fitted.selection_of(family)
            carries = True
        except InputError:
            carries = False
        assert (family in fitted.choices()) is carries


def test_the_state_of_a_family_changes_with_its_own_runs_alone(imported):
    imported(table(), "team")
    before = fitted.state_of("team")
    imported(table(shift=0.1), "other")
    assert fitted.state_of("team") == before != ""
    first = fitted.run_log().records("team")[0].run_id
    delete(fitted.run_log(), Chosen(runs=(first,)), at=NOW)
    assert fitted.state_of("team") not in ("", before)
    restore(fitted.run_log(), Chosen(runs=(first,)), at=NOW)
    assert fitted.state_of("team") == before
    assert fitted.state_of(fitted.PUBLISHED_BERT) == ""


def test_a_pooled_law_is_ready_once_it_was_fitted(imported, tmp_path, monkeypatch):
    monkeypatch.setattr(fitted, "STACKED", ("signal_share",))
    imported(table(noises=NOISES[:1]), "clean")
    assert not fitted.is_ready("clean", cache=tmp_path)
    found = fitted.fitted_evidence("clean", cache=tmp_path)
    assert found.noise_from == fitted.PUBLISHED_BERT
    assert fitted.is_ready("clean", cache=tmp_path)


def test_a_folder_that_cannot_be_read_adds_no_choice(imported, monkeypatch):
    imported(table(), "team")

    def barred(*_: object) -> str:
        raise InputError("Permission denied")

    monkeypatch.setattr(fitted, "stamp", barred)
    assert fitted.choices() == fitted.EVIDENCE
