"""A fit is made once, found again, and never trusted when damaged."""

import json
import multiprocessing
from dataclasses import replace
from functools import partial

import pytest

from engine.accounting.search import noise_multiplier
from engine.decision import fitted
from engine.errors import InputError
from engine.law.stack import fit_stack
from engine.runs.imports.selection import Carries


@pytest.fixture(scope="module")
def laws():
    """The fit of each evidence, made once: these tests ask when a fit is made, not what it is."""
    return {
        len(fitted.evidence_of(name).frame): fitted.fitted_evidence(name).fit
        for name in fitted.EVIDENCE
    }


@pytest.fixture
def counted(monkeypatch, laws):
    """Number of rows of each fit that was asked for."""
    calls = []

    def fit(frame, *, capacity, progress, beforehand):
        calls.append((len(frame), capacity is not None))
        return laws[len(frame)]

    monkeypatch.setattr(fitted, "fit_stack", fit)
    return calls


def test_the_second_question_is_answered_from_disk(tmp_path, counted):
    assert not fitted.is_ready("published-bert", cache=tmp_path)
    first = fitted.fitted_evidence("published-bert", cache=tmp_path)
    assert fitted.is_ready("published-bert", cache=tmp_path)
    second = fitted.fitted_evidence("published-bert", cache=tmp_path)
    assert counted == [(23, True)]
    assert second.fit == first.fit
    assert second.coverage == first.coverage
    assert second.summary == first.summary
    assert first.summary.runs == 23
    assert len(first.summary.hash) == 64


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"law": {}}', "null"])
def test_a_damaged_file_is_made_again(tmp_path, counted, damage):
    fitted.fitted_evidence("published-bert", cache=tmp_path)
    (path,) = tmp_path.glob("*.json")
    path.write_text(damage)
    assert not fitted.is_ready("published-bert", cache=tmp_path)
    fitted.fitted_evidence("published-bert", cache=tmp_path)
    assert len(counted) == 2
    assert json.loads(path.read_text())["rows"] == 23


def test_other_noise_is_another_fit(tmp_path, counted, monkeypatch):
    """The accounting decides a fit as much as the records do."""
    fitted.fitted_evidence("published-bert", cache=tmp_path)
    monkeypatch.setattr(
        fitted, "noise_multiplier", lambda **asked: 1.01 * noise_multiplier(**asked)
    )
    assert not fitted.is_ready("published-bert", cache=tmp_path)


def test_only_a_family_with_shapes_counts_capacity(tmp_path, counted):
    for name in fitted.EVIDENCE:
        fitted.fitted_evidence(name, cache=tmp_path)
    assert [with_capacity for _, with_capacity in counted] == [True, False]


def test_other_shapes_are_another_fit(tmp_path, counted, monkeypatch):
    fitted.fitted_evidence("published-bert", cache=tmp_path)
    monkeypatch.setattr(fitted, "capacity_of", lambda family: None)
    assert not fitted.is_ready("published-bert", cache=tmp_path)


def test_an_unwritable_cache_costs_time_not_the_answer(tmp_path, counted):
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    found = fitted.fitted_evidence("published-bert", cache=blocked)
    assert found.summary.runs == 23
    assert not fitted.is_ready("published-bert", cache=blocked)


def test_an_unknown_evidence_is_refused_with_the_known(tmp_path):
    with pytest.raises(InputError, match=r"Expected an evidence among .*published-bert"):
        fitted.fitted_evidence("nope", cache=tmp_path)


def _fit_in_a_process(folder):
    with pytest.MonkeyPatch.context() as patch:
        few = partial(fit_stack, forms=("signal_share",), resamples=2)
        patch.setattr(fitted, "fit_stack", few)
        return fitted.fitted_evidence("published-bert", cache=folder).fit


def test_two_processes_make_the_same_fit_without_harm(tmp_path):
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        first, second = pool.map(_fit_in_a_process, [tmp_path, tmp_path])
    assert first == second
    assert [path.suffix for path in tmp_path.iterdir()] == [".json"]


def test_runs_of_the_ridge_alone_take_the_forms_of_our_campaign(tmp_path, laws, monkeypatch):
    """Without Table 3 nothing tells the forms apart off the ridge; with one row of it, its own
    hold-outs do."""
    given = {}

    def fit(frame, *, capacity, progress, beforehand):
        given[len(frame)] = beforehand
        return replace(laws.get(len(frame), laws[23]), beforehand=beforehand)

    monkeypatch.setattr(fitted, "fit_stack", fit)
    frame = fitted.evidence_of(fitted.PUBLISHED_BERT).frame
    off_ridge = frame["run_id"][~frame["compute_optimal"].astype(bool)].tolist()
    alone = fitted.selection_of(fitted.PUBLISHED_BERT, without=off_ridge)
    assert not fitted.is_kept(alone, cache=tmp_path)
    found = fitted.fit_selection(alone, cache=tmp_path, on_record=False)
    campaign = fitted.evidence_of(fitted.MEASURED_GPT)
    assert found.fit.beforehand == given[20]
    assert given[20].weights == laws[len(campaign.frame)].forms
    assert (given[20].evidence_id, given[20].evidence_hash, given[20].runs) == (
        campaign.id, campaign.sha256, campaign.runs,
    )  # fmt: skip
    assert fitted.is_kept(alone, cache=tmp_path)
    less = fitted.selection_of(fitted.PUBLISHED_BERT, without=off_ridge[1:])
    assert fitted.fit_selection(less, cache=tmp_path, on_record=False).fit.beforehand is None
    assert given[len(campaign.frame)] is None
    # Another campaign is another fit.
    other = replace(given[20], evidence_hash="cd" * 32)
    monkeypatch.setattr(fitted, "forms_beforehand", lambda *_, **__: other)
    assert not fitted.is_kept(alone, cache=tmp_path)


def test_runs_without_noise_need_no_word_of_our_campaign_though_all_are_optimal(
    tmp_path, laws, monkeypatch
):
    """Their law takes noise from the published runs; the campaign's fit need not be there."""
    frame = fitted.evidence_of(fitted.PUBLISHED_BERT).frame
    off_ridge = frame["run_id"][~frame["compute_optimal"].astype(bool)].tolist()
    alone = fitted.selection_of(fitted.PUBLISHED_BERT, without=off_ridge)
    noiseless = replace(alone, carries=Carries.NOISELESS)
    monkeypatch.setattr(fitted, "_pooled_fit", lambda *_: laws[23])
    fitted.fit_selection(noiseless, cache=tmp_path, on_record=False)
    assert len(list(tmp_path.iterdir())) == 1
    assert fitted.is_kept(noiseless, cache=tmp_path)


def test_one_form_asked_for_needs_no_weights(tmp_path, monkeypatch):
    asked = []

    def fit(frame, **options):
        asked.append(options)
        raise InputError("Expected no fit.")

    monkeypatch.setattr(fitted, "fit_stack", fit)
    frame = fitted.evidence_of(fitted.PUBLISHED_BERT).frame
    off_ridge = frame["run_id"][~frame["compute_optimal"].astype(bool)].tolist()
    alone = fitted.selection_of(fitted.PUBLISHED_BERT, without=off_ridge)
    with pytest.raises(InputError):
        fitted.fit_selection(alone, cache=tmp_path, form="limits")
    assert [one["forms"] for one in asked] == [("limits",)] and "beforehand" not in asked[0]
