"""The decision without each run: approximately and in full, ranked by what it moves."""

import json
from dataclasses import replace

import pytest

from engine.__main__ import main
from engine.commands import fit_influence
from engine.commands.fit_document import diagnostics_document
from engine.commands.options import as_json
from engine.decision import influence as subject
from engine.decision.answer import answer
from engine.decision.fitted import MEASURED_GPT, fit_selection, fitted_evidence, selection_of
from engine.decision.influence import Method, influence
from engine.decision.question import question
from engine.errors import InputError
from engine.law.jackknife import distances, without_each

MOST = 12
ASKED = question(1e15, 200_000, 8.0, evidence_id=MEASURED_GPT)


@pytest.fixture(scope="module")
def told():
    return []


@pytest.fixture(scope="module")
def found(told):
    """Of a dozen runs, with time enough to begin one fit in full, and not a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subject, "MOST_RUNS", MOST)
        yield influence(ASKED, seconds=0.2, progress=lambda done, of: told.append((done, of)))


def test_the_runs_of_most_weight_are_asked_and_the_first_fitted_in_full(found, told):
    frame = selection_of(MEASURED_GPT).evidence.frame
    moved = distances(fitted_evidence(MEASURED_GPT).fit, frame)
    assert {one.run_id for one in found.runs} == set(sorted(moved, key=lambda r: -moved[r])[:MOST])
    assert (found.of, len(found.runs), found.unfit) == (42, MOST, ())
    assert 1 <= found.refitted < 4
    for one in found.runs:
        assert one.rows == (frame["run_id"] == one.run_id).sum()
    ends = [done for done, _ in told]
    assert ends == sorted(ends) and told[-1] == (2 * MOST, 2 * MOST)


def test_runs_are_ranked_by_what_they_move(found):
    shifts = [one.shift for one in found.runs]
    assert shifts == sorted(shifts, reverse=True)
    assert abs(found.runs[0].loss_change) > 3 * abs(found.runs[-1].loss_change)
    # By the law of all runs no other plan of the same budget is better, but for rounding.
    assert min(one.regret for one in found.runs) > -1e-4


def test_a_fit_in_full_is_that_of_the_evidence_without_the_run(found):
    one = next(run for run in found.runs if run.method is Method.REFITTED)
    selection = selection_of(MEASURED_GPT)
    frame = selection.evidence.frame
    less = frame[frame["run_id"] != one.run_id].reset_index(drop=True)
    kept = replace(selection, evidence=replace(selection.evidence, frame=less))
    expected = answer(ASKED, fit_selection(kept, on_record=False))
    assert one.without.plan == expected.decision.recommendation
    assert one.without.verdict == expected.verdict
    today = answer(ASKED, fitted_evidence(MEASURED_GPT)).decision.recommendation
    change = expected.decision.recommendation.cross_entropy.value / today.cross_entropy.value - 1
    assert one.loss_change == pytest.approx(change) and found.today.plan == today


def test_the_approximation_is_close_to_a_refit(found):
    """Within 0.4 % of the loss at the plan, where the run moves it by some 1 %."""
    one = next(run for run in found.runs if run.method is Method.REFITTED)
    fit, frame = fitted_evidence(MEASURED_GPT).fit, selection_of(MEASURED_GPT).evidence.frame
    (same,) = without_each(fit, frame, [one.run_id])
    plan = one.without.plan
    point = plan.config.model_size, plan.config.iterations, plan.noise_batch_ratio
    expected = plan.cross_entropy.value
    assert abs(one.loss_change) > 0.004
    approximate = float(same.fit.law.cross_entropy(*point, plan.config.batch_size))
    assert approximate == pytest.approx(expected, rel=0.004)


def test_a_run_without_which_there_is_no_answer_turns_the_verdict(monkeypatch):
    calls = []

    def refusing(asked, fitted):
        calls.append(fitted)
        if len(calls) == 4:
            raise InputError("Expected more.")
        return answer(asked, fitted)

    monkeypatch.setattr(subject, "answer", refusing)
    monkeypatch.setattr(subject, "is_kept", lambda selection: False)
    monkeypatch.setattr(subject, "MOST_RUNS", 5)
    found = influence(ASKED, seconds=0.0)
    assert len(found.runs) == 5 < found.of
    (first,) = found.turning
    assert found.runs[0] is first and first.without is None
    assert str(first.refusal) == "Expected more."


def test_what_the_progress_raises_ends_it():
    class StoppedError(Exception):
        pass

    def stop(done, of):
        if done == 2:
            raise StoppedError

    with pytest.raises(StoppedError):
        influence(ASKED, progress=stop)


def test_the_command_says_it_for_machines(found, capsys):
    said = json.loads(as_json(fit_influence.document(found)))
    assert [one["run_id"] for one in said["runs"]] == [one.run_id for one in found.runs]
    assert said["today"]["model_size"] == found.today.plan.config.model_size
    assert said["runs_in_evidence"] == 42 and said["refitted"] == found.refitted
    assert found.runs[0].run_id[:8] in fit_influence.table(found)
    assert main(["fit", "--influence", "--form", "limits"]) == 2
    assert "without --form" in capsys.readouterr().err
    assert main(["fit", "--influence", "--with", found.runs[0].run_id]) == 2
    assert "and --with: it leaves each run out" in capsys.readouterr().err
    assert main(["fit", "--influence", "--influence-seconds", "-1"]) == 2


def test_the_tests_of_every_form_are_in_the_document():
    fitted, selection = fitted_evidence(MEASURED_GPT), selection_of(MEASURED_GPT)
    leading, *_ = found = json.loads(as_json(diagnostics_document(fitted, selection)))
    assert [one["form"] for one in found] == list(fitted.fit.forms)
    assert leading["runs"] == 42 and leading["rows"] == len(selection.evidence.frame)
    assert {test["kind"] for test in leading["tests"]} == {"breusch-pagan", "reset"}
    assert all(test["sentence"] and test["outcome"] for test in leading["tests"])
