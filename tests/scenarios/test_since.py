"""Then and now: frozen figures come back, what changed is told apart by cause, and the steps add
up."""

import json
import math
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.__main__ import main
from engine.accounting.certificate import Certificate
from engine.accounting.mechanism import Mechanism
from engine.approvals import Standing, State
from engine.decision import law_store
from engine.decision.answer import Answer, CertificateRequest, answer, certified_answer
from engine.decision.fitted import PUBLISHED_BERT, fitted_evidence, of_version, selection_of
from engine.errors import InputError
from engine.law.stack import fit_stack
from engine.roi.assumptions import Assumptions
from engine.scenarios import acts, fields, frozen_figures, saved, wording
from engine.scenarios import since as module
from engine.scenarios.frozen_figures import Frozen
from engine.scenarios.since import Cause, Since, Step, is_same_ground, since
from engine.text import quantities
from engine.text.i18n import Words
from tests.scenarios.made import AT, FIGURES, frozen_of, made_frozen

VALUES = fields.defaults()
CERTIFICATES: dict[CertificateRequest, Certificate] = {}


def certify(promise):
    if promise not in CERTIFICATES:
        CERTIFICATES[promise] = promise.certify()
    return CERTIFICATES[promise]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("KESSAI_LOG", str(tmp_path / "log"))
    monkeypatch.setenv("KESSAI_DATA", str(tmp_path / "runs"))
    monkeypatch.setenv("KESSAI_SCENARIOS", str(tmp_path / "scenarios"))
    return tmp_path / "runs"


@cache
def newest():
    return fitted_evidence(PUBLISHED_BERT)


@cache
def older():
    """The law of three runs fewer with losses 3 % higher, by one form."""
    found = selection_of(PUBLISHED_BERT).evidence
    frame = found.frame.iloc[:-3].reset_index(drop=True)
    frame = frame.assign(cross_entropy=1.03 * frame["cross_entropy"])
    less = replace(found, frame=frame, run_ids=tuple(frame["run_id"]), sha256="0" * 64)
    fit = fit_stack(frame, forms=("signal_onset",), resamples=20)
    return law_store.version_of(less, fit, newest().space, newest().coverage)


@cache
def answer_under(is_older):
    law = of_version(older()) if is_older else newest()
    return certified_answer(fields.question(VALUES), law), law


def kept(is_older=False, **changes) -> saved.Saved:
    """A scenario saved with what it answered; ``changes`` of what was frozen, hash renewed."""
    found, law = answer_under(is_older)
    then = replace(frozen_figures.freeze(found, law, at=AT), **changes)
    then = replace(then, sha256=then.expected_hash)
    history = (saved.Change(at=AT, who="", fields={}),)
    return saved.Saved(name="計画", fields=saved.texts(VALUES), history=history, frozen=then)


def with_npv(one, npv, **changes):
    then = replace(one.frozen, figures={**one.frozen.figures, "npv": npv}, **changes)
    return replace(one, frozen=replace(then, sha256=then.expected_hash))


def npv_then(one: saved.Saved) -> float:
    found = frozen_of(one).figures["npv"]
    assert isinstance(found, float)
    return found


def npv_of(found: Answer) -> float:
    assert found.study is not None
    return found.study.appraisal.npv.value


def steps_of(found: Since) -> tuple[Step, ...]:
    assert found.steps is not None
    return found.steps


def adds_up(found):
    start, end = found.then.figures["npv"], found.now["npv"]
    total = start + math.fsum(step.amount for step in found.steps)
    assert total == pytest.approx(end, rel=1e-12)
    return {step.cause: step.amount for step in found.steps}


def dearer(factor=4.0):
    """The table as it would stand with another price of a device-hour and less of a rate."""
    rows = [dict(row) for row in frozen_of(kept()).assumptions]
    for row in rows:
        if row["name"] == "price_per_device_hour":
            row |= {name: row[name] * factor for name in ("value", "low", "high")}
        if row["name"] == "adoption":
            row |= {"value": row["value"] * 0.9, "low": row["low"] * 0.9}
    return tuple(rows)


def test_a_scenario_comes_back_from_its_file_with_what_it_answered(tmp_path):
    one = kept()
    file = saved.to_json(one)
    again = saved.from_json(file, source="x")
    assert again == one and again.version == one.version
    then = frozen_of(again)
    assert then.is_whole
    found, _ = answer_under(False)
    for key, figure in then.figures.items():
        if key in quantities.QUANTITIES:
            told = quantities.value(key, found)
            is_never = isinstance(told, float) and math.isinf(told)
            assert figure == told or (figure == "never" and is_never), key
    assert then.certified() == found.certificate
    assert then.question(again.values) == found.question


def test_a_file_of_before_is_the_same_version_and_says_that_nothing_is_frozen(folder):
    before = {
        "format": saved.FORMAT, "name": "計画", "fields": saved.texts(VALUES),
        "history": [{"at": AT, "who": "", "fields": {"data": ["", "1e7"]}}],
    }  # fmt: skip
    text = json.dumps(before, ensure_ascii=False, indent=2) + "\n"
    one = saved.from_json(text, source="x")
    assert one.frozen is None and saved.to_json(one) == text
    with pytest.raises(InputError, match="saved before they were kept"):
        since(one, newest(), certify, folder=folder)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("verdict", "perhaps"), ("reason", 1), ("npv", True), ("npv", "much"), ("npv", [1]),
        ("npv", float("nan")), ("model_size", {}), ("loss_unit", None), ("npv", "never"),
    ],
)  # fmt: skip
def test_figures_that_are_none_are_refused(name, value):
    data = made_frozen().to_dict()
    data["figures"] = {**data["figures"], name: value}
    with pytest.raises(ValueError):
        Frozen.from_dict(data)
    short = made_frozen().to_dict()
    del short["figures"][name]
    with pytest.raises(ValueError):
        Frozen.from_dict(short)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("law", "[click](http://x)"), ("code", ""), ("evidence_hash", "G" * 64), ("noise", "loud"),
        ("at", "\ud800"), ("assumptions", [{"value": float("nan")}]), ("certificate", "none"),
        ("certificate", {"a": "\udfff"}), ("evidence_runs", "many"), ("figures", []),
    ],
)  # fmt: skip
def test_a_hostile_file_is_no_scenario(name, value):
    content = json.loads(saved.to_json(kept()))
    content["frozen"][name] = value
    with pytest.raises(InputError, match="Expected a scenario in x"):
        saved.from_json(json.dumps(content), source="x")


@pytest.mark.parametrize("figure", [0.0, -1.5, 1e-300, 1e308, -1e308, 10**39, None])
def test_any_number_in_a_file_is_said(figure):
    numbers = {key: figure for key, value in FIGURES.items() if not isinstance(value, str)}
    for language in ("en", "ja"):
        assert wording.frozen_rows(made_frozen(figures=numbers), Words(language))


@pytest.mark.parametrize("place", ["figures", "law", "code", "evidence_hash", "assumptions", "at"])
def test_whatever_is_changed_in_the_file_is_noticed(folder, place):
    one = kept()
    data = frozen_of(one).to_dict()
    match place:
        case "figures":
            data["figures"] = {**data["figures"], "npv": 99e6}
        case "assumptions":
            data["assumptions"] = [{**data["assumptions"][0], "value": 7.0}]
        case _:
            data[place] = "f" * 12
    changed = replace(one, frozen=Frozen.from_dict(data))
    assert not frozen_of(changed).is_whole and changed.version != one.version
    with pytest.raises(InputError, match="got changed ones: they are not shown"):
        since(changed, newest(), certify, folder=folder)


def test_nothing_has_changed_on_the_same_ground(folder):
    one = kept()
    assert is_same_ground(frozen_of(one), one, frozen_figures.law_of(newest()))
    found = since(one, newest(), certify, folder=folder)
    assert found.steps == () and not found.is_changed and found.main is None
    assert all(row.then == row.now for row in wording.rows(found, Words("en")))
    assert wording.headline(found, Words("en")).startswith("Nothing has changed")


def test_a_law_that_is_kept_is_told_from_the_code(folder):
    law_store.keep(older(), folder)
    one = kept(is_older=True)
    assert not is_same_ground(frozen_of(one), one, frozen_figures.law_of(newest()))
    found = since(one, newest(), certify, folder=folder)
    moved = adds_up(found)
    assert moved.keys() == {Cause.EVIDENCE} and found.is_changed
    same_runs = with_npv(one, npv_then(one) - 3e6, evidence_hash=newest().summary.hash)
    moved = adds_up(since(same_runs, newest(), certify, folder=folder))
    assert moved.keys() == {Cause.CODE, Cause.LAW}
    assert moved[Cause.CODE] == pytest.approx(3e6)


def test_a_law_that_is_not_kept_cannot_be_told_from_the_code(folder):
    found = since(kept(is_older=True), newest(), certify, folder=folder)
    assert adds_up(found).keys() == {Cause.LAW_AND_CODE}
    assert "not kept" in wording.steps(found, Words("en"))[1][0]


def test_prices_and_assumptions_are_told_apart_one_by_one(folder):
    one = kept(assumptions=dearer())
    assert not is_same_ground(frozen_of(one), one, frozen_figures.law_of(newest()))
    # What today's code makes of the assumptions of then is what was frozen then.
    asked = frozen_of(one).question(VALUES)
    then = npv_of(certified_answer(asked, newest()))
    found = since(with_npv(one, then), newest(), certify, folder=folder)
    adds_up(found)
    assert {step.cause for step in steps_of(found)} == {Cause.ASSUMPTION}
    names = {name for step in steps_of(found) for name in step.assumptions}
    assert "accelerator" in names and "adoption" in names
    said = wording.headline(found, Words("en"))
    assert "because of a change of" in said


def test_another_certificate_for_the_same_plan_is_the_accountants(folder, monkeypatch):
    one = kept()
    found, law = answer_under(False)
    looser = replace(
        found.certificate, mechanism=replace(found.certificate.mechanism, noise_multiplier=6.0)
    )
    then = answer(found.question, law, decision=found.decision, certificate=looser)
    before = with_npv(
        one, npv_of(then), certificate=frozen_figures.freeze(then, law, at=AT).certificate
    )
    moved = adds_up(since(before, newest(), certify, folder=folder))
    assert moved.keys() == {Cause.ACCOUNTANT} and moved[Cause.ACCOUNTANT] > 0
    other = Mechanism(**{**vars(looser.mechanism), "compositions": 7})
    text = replace(looser, mechanism=other).to_dict()
    plain = {name: str(v) if isinstance(v, str) else v for name, v in text.items()}
    moved = adds_up(since(with_npv(before, 1e6, certificate=plain), law, certify, folder=folder))
    assert moved.keys() == {Cause.CODE}, "a certificate of another plan says nothing of this one"


def test_assumptions_that_cannot_be_read_are_said_to_be(folder):
    rows = (*frozen_of(kept()).assumptions[1:], {"name": "of a later Kessai"})
    one = with_npv(kept(assumptions=rows), 1e6)
    with pytest.raises(InputError, match="another form"):
        frozen_of(one).question(one.values)
    moved = adds_up(since(one, newest(), certify, folder=folder))
    assert moved.keys() == {Cause.TABLE_AND_CODE}
    law_store.keep(older(), folder)
    both = replace(one, frozen=replace(one.frozen, law=older().version, evidence_hash="0"))
    both = with_npv(both, 1e6)
    moved = adds_up(since(both, newest(), certify, folder=folder))
    assert moved.keys() == {Cause.TABLE_AND_CODE, Cause.EVIDENCE}
    neither = with_npv(replace(both, frozen=replace(both.frozen, law="b" * 12)), 1e6)
    assert adds_up(since(neither, newest(), certify, folder=folder)).keys() == {Cause.ALL}


def test_what_has_no_answer_any_more_says_why(folder, monkeypatch):
    def no_plan(*_, **__):
        raise InputError("Expected a plan.")

    one = kept()
    monkeypatch.setattr(module, "decide_on", no_plan)
    found = since(one, newest(), certify, folder=folder)
    assert found.steps is None and found.is_changed and not found.now
    assert "Expected a plan." in wording.headline(found, Words("en"))
    standing = Standing(state=State.APPROVED)
    assert "has no answer any more" in wording.told(found, standing, None, Words("en"))
    assert {row.now for row in wording.rows(found, Words("en"))[:-3]} == {"—"}


REACHED = st.one_of(st.none(), st.floats(-1e9, 1e9))


@settings(max_examples=200, deadline=None)
@given(
    st.floats(-1e9, 1e9),
    st.lists(st.tuples(st.sampled_from(Cause), st.just(("rate",)), REACHED), min_size=1),
    st.floats(-1e9, 1e9),
)
def test_whatever_the_way_the_steps_lead_from_end_to_end(start, path, end):
    steps = module._added_up(start, path, end)
    total = math.fsum([start, *(step.amount for step in steps)])
    assert total == pytest.approx(end, rel=1e-12, abs=1e-4)
    known = [reached for _, _, reached in path[:-1] if reached is not None]
    assert len(steps) <= 1 + len(known) and all(step.amount for step in steps)
    alone = {cause for cause, _, _ in path}
    assert all(step.cause in alone or step.cause is Cause.ALL for step in steps)


@pytest.mark.parametrize(
    ("npv", "is_changed"), [(1.0004, False), (1.02, True)], ids=["rounding", "more"]
)
def test_rounding_is_no_change(folder, npv, is_changed):
    one = kept()
    shown = module._rounded(npv_then(one))
    found = since(with_npv(one, shown * npv), newest(), certify, folder=folder)
    assert found.is_changed is is_changed


def test_the_law_behind_frozen_figures_is_kept_once(folder):
    frozen_figures.keep_law(newest(), folder)
    frozen_figures.keep_law(newest(), folder)
    assert [one.version for one in law_store.versions(folder)] == [frozen_figures.law_of(newest())]


@pytest.mark.parametrize("language", ["en", "ja"])
def test_every_figure_is_said_as_everywhere(language):
    found, _ = answer_under(False)
    words = quantities.words_of(found.question, language)
    said = dict(wording.frozen_rows(frozen_of(kept()), words))
    for key in ("verdict", "cash_to_approve", "probability", "payback", "model_size", "batch_size",
                "iterations", "epsilon_certified", "noise_multiplier", "odds_found", "delta",
                "training_list_price", "total_cost"):  # fmt: skip
        assert said[quantities.label(key, words)] == quantities.text(key, found, words), key
    npv = quantities.with_range("npv", "npv_range", found, words)
    assert said[quantities.label("npv", words)] == npv


def test_the_command_shows_then_and_now(folder, tmp_path, capsys):
    law_store.keep(older(), folder)
    one = kept(is_older=True)
    acts.added(tmp_path / "scenarios", one)

    def told(*arguments):
        assert main(["scenarios", *arguments]) == 0
        return capsys.readouterr().out

    assert "Draft" in told("list")
    found = json.loads(told("show", "計画", "--json"))
    total = found["then"]["figures"]["npv"] + sum(step["jpy"] for step in found["steps"])
    assert total == pytest.approx(found["now"]["figures"]["npv"], rel=1e-12)
    assert [step["cause"] for step in found["steps"]] == ["evidence"]
    text = told("show", "計画")
    assert "Net present value then" in text and "Law: fitted to other runs" in text
    assert "Proposed" in told("propose", "計画", "--who", "Abe")
    assert json.loads(told("approve", "計画", "--json"))["state"] == "approved"
    assert "承認済み" in told("list", "--language", "ja")
    assert "Nothing has changed" in told("show", "計画")
    for act in ("propose", "decline"):
        assert main(["scenarios", act, "計画"]) == 2
        assert "make a new version" in capsys.readouterr().err
    assert main(["scenarios", "show", "another"]) == 2


def test_prices_of_then_need_no_device_of_today():
    rows = [dict(row) for row in frozen_of(kept()).assumptions]
    for row in rows:
        if row["name"] == "peak_flops":
            row |= dict.fromkeys(("value", "low", "high"), 1000000000000000.0)
    then = frozen_of(kept(assumptions=tuple(rows)))
    asked = then.question(VALUES)
    assert asked.prices.accelerator.peak_flops == 1e15
    assert isinstance(asked.assumptions, Assumptions)
