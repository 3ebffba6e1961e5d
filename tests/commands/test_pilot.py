"""``python -m engine pilot``: from a text to a verdict with real trainings, and its refusals."""

import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file

from engine.__main__ import main
from engine.commands import pilot, pilot_proposal
from engine.commands.pilot_report import upwards
from engine.law.transfer.pool import pool
from engine.pilot.audits.mechanism_audit import audit_scores
from engine.pilot.plan import CorpusSource
from engine.pilot.prepared import PREPARED_FILE
from engine.pilot.running import lifecycle, standing
from engine.pilot.running.folder import (
    PLAN_FILE,
    RESULT_FILE,
    folder_of,
    preparation_of,
    write_text,
)
from engine.pilot.running.recording import record_of
from engine.pilot.running.status import State, Status, write_status
from engine.pilot.running.versions import versions
from engine.pilot.statistical_power import Power
from engine.runs.log import RunLog
from tests.dashboard.made_pilots import charge
from tests.pilot.conftest import FAMILY, law, prepared  # noqa: F401 (fixtures)
from tests.pilot.ledgers import charged_steps
from tests.pilot.test_verdict import result
from tests.present import present

PROMISE = ["--epsilon", "8", "--delta", "1e-6"]
WORD = "confidential"


@pytest.fixture
def place(tmp_path, monkeypatch, law):  # noqa: F811
    """An installation of its own, whose law is known."""
    for variable, name in [
        ("KESSAI_DATA", "runs"), ("KESSAI_PILOTS", "pilots"), ("KESSAI_CACHE", "cache")
    ]:  # fmt: skip
        monkeypatch.setenv(variable, str(tmp_path / name))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")

    def known(family=FAMILY, vocabulary_size=None, sequence_length=None):
        if family == FAMILY:
            return law
        moved = pool(law.fit, pd.DataFrame(), vocabulary_size=vocabulary_size)
        return replace(law, fit=moved, family=family, transferred_runs=0)

    monkeypatch.setattr(pilot_proposal, "pilot_law", known)
    monkeypatch.setattr(pilot, "_effects", lambda _: [])  # no fit of the shipped evidence here
    return tmp_path


@pytest.fixture
def ready(place, prepared):  # noqa: F811
    """Docstrings, as if they had been prepared."""
    found = replace(prepared, versions=versions())
    write_text(preparation_of(found.source).path / PREPARED_FILE, found.to_json())
    return found


def answer(capsys, *arguments):
    assert main(["pilot", *map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def text(capsys, *arguments):
    assert main(["pilot", *map(str, arguments)]) == 0
    return capsys.readouterr().out


def refusal(capsys, *arguments):
    assert main(["pilot", *map(str, arguments)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    return printed.err.splitlines()[-1]


@pytest.mark.slow
def test_from_a_text_to_a_verdict(place, capsys):
    file = place / "text.jsonl"
    file.write_text(
        "\n".join(json.dumps({"text": f"{WORD} {n} counts to {n}. " * 8}) for n in range(1100))
    )
    corpus = ["--corpus", "jsonl", "--path", file]
    told = answer(capsys, "prepare", *corpus)
    assert (told["units"], told["held_out_units"]) == (1045, 55)
    found = answer(
        capsys,
        "run",
        *corpus,
        "--compute",
        "2e10",
        *PROMISE,
        "--keep-weights",
        "--unit",
        "document",
    )
    plan_id = found["plan_id"]
    plan = folder_of(plan_id).plan()
    assert (plan.privacy_unit, plan.delta, plan.epsilon) == ("document", 1e-6, 8.0)
    assert found["outcome"] in ("within", "better", "worse"), "no run of this text narrowed it"
    assert found["transfer"] == {"source": FAMILY, "runs": 0}
    assert [arm["arm"] for arm in found["arms"]] == ["recommended", "rule"]
    assert found["saving"]["factor"] > 0
    records = {record.run_id: record for record in RunLog.open().records(plan.family)}
    assert len(records) == 2
    for training, arm in zip(found["trainings"], plan.arms, strict=True):
        folder = folder_of(plan_id).training_folder(arm.name, 0)
        steps = arm.settings.config.iterations
        assert training["iterations"] == training["charged"] == steps
        assert charged_steps(folder / "ledger.jsonl") == steps
        assert records[training["run_id"]].epsilon == arm.certificate.epsilon <= 8.0
        assert 0.0 < training["cross_entropy"] < 5.5
        (audit,) = training["audits"]
        assert (audit["canaries"], audit["method"]) == (55, "random-split")
        assert audit["confidence"] == 0.975 and audit["lower_bound"] < 8.0
        weights = load_file(folder / "model.safetensors")
        assert sum(tensor.size for tensor in weights.values()) == arm.settings.config.model_size
        assert "ε = " in (folder / "README.md").read_text()
        assert not (folder / "checkpoint.pt").exists()
    for path in (place / "pilots").rglob("*"):
        assert path.is_dir() or WORD.encode() not in path.read_bytes()
    assert answer(capsys, "verdict", plan_id)["outcome"] == found["outcome"]
    said = text(capsys, "verdict", plan_id)
    assert "ε ≥ " in said and f"transferred from {FAMILY}, moved by 0 runs of this text" in said
    card = (folder_of(plan_id).training_folder("recommended", 0) / "README.md").read_text()
    assert "interval, transferred from gpt" in card and "moved by 0 runs of this text)" in card
    assert answer(capsys, "status", plan_id)["state"] == "finished"
    assert "finished  100%" in text(capsys, "list")


def test_a_plan_is_frozen_and_registered(ready, capsys):
    found = answer(capsys, "plan", "--minutes", "2", *PROMISE)
    plan = folder_of(found["plan_id"]).plan()
    assert [arm.name for arm in plan.arms] == ["recommended", "rule"]
    assert plan.arms[0].predicted is not None
    assert found["plan"]["arms"][0]["predicted"]["low"] == plan.arms[0].predicted.low
    assert lifecycle.poll(plan.plan_id).state is State.PLANNED
    assert answer(capsys, "plan", "--minutes", "2", *PROMISE)["plan_id"] == found["plan_id"]
    said = text(capsys, "plan", "--minutes", "2", *PROMISE)
    assert found["plan_id"] in said and "predicted" in said and "ε ≤ 8 at δ = 1e-06" in said
    (entry,) = answer(capsys, "list")
    assert (entry["plan_id"], entry["state"]) == (found["plan_id"], "planned")


def test_options_reach_the_plan(ready, capsys):
    found = answer(
        capsys, "plan", "--compute", "3e10", "--no-rule", "--repeats", "3", "--keep-weights",
        "--canaries", "40", "--unit", "document", "--epsilon", "2",
    )["plan"]  # fmt: skip
    assert len(found["arms"]) == 1
    assert (found["repeats"], found["keep_weights"], found["canaries"]) == (3, True, 40)
    assert (found["privacy_unit"], found["epsilon"], found["delta"]) == ("document", 2.0, 1e-6)


def test_the_mechanism_reaches_plan_text_and_certificate(ready, capsys):
    asked = ["plan", "--compute", "3e10", "--no-rule", *PROMISE]
    (arm,) = answer(capsys, *asked, "--bands", "4")["plan"]["arms"]
    assert arm["certificate"]["bands"] == len(arm["settings"]["strategy"]) == 4
    assert arm["predicted"] is None
    said = text(capsys, *asked, "--bands", "4")
    assert "noise correlated over 4 steps" in said and "one of 4 groups that take turns" in said
    assert "nothing is predicted" in said and "keep the pilot's folder secret" in said
    (arm,) = answer(capsys, *asked, "--sampling", "truncated-poisson")["plan"]["arms"]
    largest = arm["certificate"]["largest_batch"]
    assert arm["certificate"]["sampling"] == "truncated-poisson"
    said = text(capsys, *asked, "--sampling", "truncated-poisson")
    assert f"truncated Poisson: batches cut at {largest:,}" in said
    assert "mechanism" not in text(capsys, *asked)


def test_documents_are_not_sold_as_persons(ready, capsys):
    code = main(["pilot", "plan", "--minutes", "2", "--unit", "person"])
    assert code == 2 and "Expected --unit document" in capsys.readouterr().err
    few = replace(ready, units=143, held_out_units=32)
    write_text(preparation_of(few.source).path / PREPARED_FILE, few.to_json())
    told = text(capsys, "plan", "--minutes", "2", "--no-rule", "--epsilon", "8", "--delta", "0.01")
    assert "the data of 1 document to be" in told and "With 143 documents" in told
    assert "people" not in told and "person" not in told


def test_the_default_delta_falls_with_the_number_of_units(ready, capsys):
    many = replace(ready, units=10**7, held_out_units=2048)
    write_text(preparation_of(many.source).path / PREPARED_FILE, many.to_json())
    found = answer(capsys, "plan", "--minutes", "2", "--no-rule")["plan"]
    assert found["delta"] == pytest.approx(1e-8)


def test_a_plan_that_could_hardly_tell_is_not_called_a_test(ready, capsys, monkeypatch):
    little = Power(apart=0.42, before=None, after=None)
    monkeypatch.setattr(pilot_proposal, "power", lambda *_: little)
    assert "42% probability" in (told := text(capsys, "plan", "--minutes", "10", *PROMISE))
    assert "too little to be called a test; for 80%:" in told


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["plan", "--minutes", "3", "--price", "3"], "Expected --money with --price"),
        (["plan", "--minutes", "3", "--unit-column", "who"], "which has no columns"),
        (["plan", "--minutes", "3", "--distinct", "number"], "which has no columns"),
        (["plan", "--minutes", "3", "--text", "a", "--unit-column", "who"], "got both"),
        (["plan", "--minutes", "3", "--canaries", "1e9"], "Expected at most 32000 canaries"),
        (["run", "0123456789abcdef", "--minutes", "3"], "0123456789abcdef and --minutes"),
        (["run", "0123456789abcdef", "--run", "1e4,100,1e-3"], "0123456789abcdef and --run"),
        (["run", "0123456789abcdef", "--epsilon", "2"], "0123456789abcdef and --epsilon"),
    ],
)
def test_what_would_be_left_out_in_silence_is_refused(ready, capsys, arguments, sentence):
    present(ready)
    assert sentence in refusal(capsys, *arguments)
    assert answer(capsys, "list") == []


@pytest.mark.parametrize(
    "wrong",
    [["--repeats", "21"], ["--epsilon", "0"], ["--delta", "0.5"], ["--documents-per-person", "65"]],
)
def test_a_wrong_promise_is_refused_before_the_text_is_prepared(place, capsys, monkeypatch, wrong):
    def never(*_, **__):
        raise AssertionError("nothing is to be prepared for it")

    monkeypatch.setattr(lifecycle, "prepare", never)
    assert "Expected" in refusal(capsys, "plan", "--minutes", "3", *wrong)


def test_money_is_time_at_a_price(ready, capsys):
    money = answer(capsys, "plan", "--money", "0.1", "--price", "3", "--no-rule")
    assert money["plan_id"] == answer(capsys, "plan", "--minutes", "2", "--no-rule")["plan_id"]


def test_a_text_of_persons_is_protected_by_person(ready, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    source = CorpusSource(kind="csv", path=str(tmp_path / "a.csv"), unit_column="who")
    found = replace(ready, source=source, family="gpt-bytes-a")
    write_text(preparation_of(source).path / PREPARED_FILE, found.to_json())
    plan = answer(
        capsys, "plan", "--corpus", "csv", "--path", "a.csv", "--unit-column", "who",
        "--minutes", "2", "--no-rule",
    )["plan"]  # fmt: skip
    assert plan["privacy_unit"] == "person" and Path(plan["corpus"]["path"]).is_absolute()
    assert (plan["transferred_runs"], plan["evidence_id"]) == (0, FAMILY)
    low, high = (plan["arms"][0]["predicted"][end] for end in ("low", "high"))
    assert high > 1.5 * low


def test_a_person_s_documents_reach_plan_and_text(ready, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    source = CorpusSource(kind="csv", path=str(tmp_path / "a.csv"), unit_column="who")
    found = replace(ready, source=source, family="gpt-bytes-a")
    write_text(preparation_of(source).path / PREPARED_FILE, found.to_json())
    asked = [
        "plan", "--corpus", "csv", "--path", "a.csv", "--unit-column", "who", "--minutes", "2",
        "--no-rule", "--documents-per-person", "4",
    ]  # fmt: skip
    (arm,) = answer(capsys, *asked)["plan"]["arms"]
    assert arm["settings"]["documents"] == 4 and arm["predicted"] is None
    assert "up to 4 times the compute of a step" in text(capsys, *asked)
    assert "1 to 64 documents a person" in refusal(capsys, *asked[:-1], "65")
    assert "each document is its own unit" in refusal(
        capsys, "plan", "--minutes", "2", "--documents-per-person", "2"
    )


def test_an_audit_of_the_mechanism_is_told_and_repeated_with_the_verdict(
    ready, capsys, monkeypatch
):
    name = answer(capsys, "plan", "--minutes", "2", "--no-rule", *PROMISE)["plan_id"]
    plan = folder_of(name).plan()
    certificate = plan.arms[0].certificate
    asked = []

    def audited(settings, promise, *, count, device, report):
        asked.append((settings, promise, count, device))
        report(3, 10)
        rng = np.random.default_rng(0)
        coins = rng.random(count) < 0.5
        return audit_scores(coins + rng.normal(size=count), coins, promise, iterations=10)

    monkeypatch.setattr(pilot, "audit_mechanism", audited)
    assert main(["pilot", "audit", name, "--canaries", "200"]) == 0
    shown = capsys.readouterr()
    assert shown.err == "audit: step 3 of 10\n"
    assert "200 gradient canaries" in shown.out
    assert asked == [(plan.arms[0].settings, certificate, 200, "cpu")]
    folder_of(name).store_result("recommended", 0, result(plan, 0, 3.0).to_json())
    told = answer(capsys, "verdict", name)["mechanism"]
    assert told == answer(capsys, "audit", name, "--canaries", "200")
    assert told["one_run"]["canaries"] == 200 and "gradient canaries" in text(
        capsys, "verdict", name
    )


def transferred(ready, capsys, runs=0):
    """A plan for a text of its own, registered; its two results lie inside their intervals."""
    found = replace(ready, family="gpt-bytes-a")
    write_text(preparation_of(found.source).path / PREPARED_FILE, found.to_json())
    name = answer(capsys, "plan", "--minutes", "2", *PROMISE)["plan_id"]
    plan = replace(folder_of(name).plan(), transferred_runs=runs)
    lifecycle.register(plan)
    for k, arm in enumerate(plan.arms):
        assert arm.predicted is not None
        done = result(plan, k, arm.predicted.value)
        folder_of(plan.plan_id).store_result(arm.name, 0, done.to_json())
    return plan


@pytest.mark.parametrize(("runs", "outcome"), [(0, "within"), (2, "confirmed")])
def test_a_transferred_prediction_is_called_so_wherever_it_is_told(ready, capsys, runs, outcome):
    plan = transferred(ready, capsys, runs)
    origin = f"transferred from {FAMILY}, moved by {runs} runs of this text"
    assert answer(capsys, "verdict", plan.plan_id)["outcome"] == outcome
    told = [text(capsys, action, plan.plan_id) for action in ("verdict", "status")]
    if not runs:
        told.append(text(capsys, "plan", "--minutes", "2", *PROMISE))
    for said in told:
        assert origin in said
        assert ("it can be refuted, not confirmed" in said) == (not runs)


def test_a_family_s_own_prediction_names_no_source(ready, capsys):
    said = text(capsys, "plan", "--minutes", "2", *PROMISE)
    assert "predicted" in said and "transferred" not in said


def test_resuming_with_other_code_says_so(ready, capsys, monkeypatch):
    name = answer(capsys, "plan", "--minutes", "2", "--no-rule")["plan_id"]
    assert " code " not in text(capsys, "status", name)
    write_status(folder_of(name).status_file, Status(state=State.PAUSED, heartbeat=time.time()))
    for module in (lifecycle, standing):
        monkeypatch.setattr(module, "code_version", lambda: "b" * 12)
    monkeypatch.setattr(lifecycle, "_launch", lambda *_, **__: None)
    planned_by = folder_of(name).plan().code_version
    said = text(capsys, "resume", name)
    assert f"changed since this was planned by {planned_by}" in said and "b" * 12 in said
    found = answer(capsys, "status", name)
    assert (found["planned_by"], found["other_code"]) == (planned_by, "b" * 12)


def test_where_a_pilot_stands_is_told_though_its_plan_was_changed(ready, capsys):
    name = answer(capsys, "plan", "--minutes", "2", "--no-rule")["plan_id"]
    write_text(folder_of(name).path / PLAN_FILE, "{}")
    assert "planned" in text(capsys, "status", name)
    assert answer(capsys, "status", name)["planned_by"] is None


def test_requests_are_passed_on(ready, capsys):
    name = answer(capsys, "plan", "--minutes", "2", "--no-rule")["plan_id"]
    assert "has not begun" in refusal(capsys, "pause", name)
    assert answer(capsys, "status", name)["state"] == "planned"
    write_status(folder_of(name).status_file, Status(state=State.TRAINING, heartbeat=0.0))
    assert "does not run" in refusal(capsys, "pause", name), "its process died"
    assert answer(capsys, "cancel", name)["state"] == "cancelled"
    assert "which was cancelled: plan another" in refusal(capsys, "run", name)
    assert "1 finished trainings, found 0" in refusal(capsys, "verdict", name)


def test_a_training_that_cannot_be_read_is_not_said_to_be_missing(ready, capsys):
    name = answer(capsys, "plan", "--minutes", "2", *PROMISE)["plan_id"]
    folder, plan = folder_of(name), folder_of(name).plan()
    folder.store_result(plan.arms[0].name, 0, result(plan, 0, 2.5).to_json())
    # Nobody may read it; root may read all but a folder.
    (folder.training_folder(plan.arms[1].name, 0) / RESULT_FILE).mkdir(parents=True)
    said = refusal(capsys, "verdict", name)
    assert f"Expected to read the training {plan.arms[1].name}-0 of the pilot {name}" in said


def test_what_may_be_chance_is_not_told_as_a_saving(ready, capsys):
    name = answer(capsys, "plan", "--minutes", "2", *PROMISE)["plan_id"]
    plan = replace(folder_of(name).plan(), apart=0.39)
    lifecycle.register(plan)
    for k, loss in enumerate((2.5, 9.0)):
        done = result(plan, k, loss).to_json()
        folder_of(plan.plan_id).store_result(plan.arms[k].name, 0, done)
    assert "no test, may be chance: the 20-tokens rule" in text(capsys, "verdict", plan.plan_id)


def test_a_verdict_is_told(ready, capsys):
    name = answer(capsys, "plan", "--minutes", "2", *PROMISE)["plan_id"]
    plan = folder_of(name).plan()
    predicted = plan.arms[0].predicted
    assert predicted is not None
    for k, loss in enumerate((predicted.value, 9.0)):
        folder_of(name).store_result(plan.arms[k].name, 0, result(plan, k, loss).to_json())
    found = answer(capsys, "verdict", name)
    assert found["outcome"] == "confirmed" and found["saving"]["at_least"]
    said = text(capsys, "verdict", name)
    assert ": confirmed" in said and "at least" in said and "for all 2 trainings" in said


def _started(plan, **_):
    place = folder_of(plan.plan_id).path
    return lifecycle.Handle(name=plan.plan_id, folder=place, started=True)


def test_a_pilot_is_followed_to_its_end(ready, capsys, monkeypatch):
    name = answer(capsys, "plan", "--minutes", "2", "--no-rule")["plan_id"]
    monkeypatch.setattr(lifecycle, "start", _started)
    running = Status(
        state=State.TRAINING, arm="recommended", repeat=0, iteration=5, iterations=60,
        epsilon_spent=1.23456, curve=((5, 4.5),), seconds_left=30.0, progress=0.08,
    )  # fmt: skip
    failed = Status(state=State.FAILED, reason="It stopped: {why}.", values={"why": "tired"})
    polled = [State.PLANNED, running, failed]
    monkeypatch.setattr(lifecycle, "poll", lambda _: polled.pop(0) if polled else failed)
    polled[0] = running
    assert main(["pilot", "run", name, "--wait"]) == 2
    said = capsys.readouterr().err.splitlines()
    assert said == [
        "  8%  training  recommended 0: step 5 of 60  held-out 4.500  ε spent 1.235  30 s left",
        "It stopped: tired.",
    ]


@pytest.mark.parametrize(("held", "rungs"), [(True, 3), (False, 1)])
def test_a_climb_goes_on_while_predictions_hold(ready, capsys, monkeypatch, law, held, rungs):  # noqa: F811
    """Each rung's record moves the law's reach; the one that uses the whole budget is the last."""
    laws = [law]

    def run_at_once(plan, **_):
        """The pilot, as if it had been trained just as predicted, or far worse."""
        folder = folder_of(plan.plan_id)
        predicted = plan.arms[0].predicted
        loss = predicted.value if held else 5.0
        done = result(plan, 0, loss, run_id="ab" * 16)
        folder.store_plan(plan)
        folder.store_result("recommended", 0, done.to_json())
        write_status(folder.status_file, Status(state=State.FINISHED))
        flops = plan.arms[0].settings.config.compute_flops
        laws.append(replace(laws[-1], largest_flops=max(laws[-1].largest_flops, flops)))

    monkeypatch.setattr(pilot_proposal, "pilot_law", lambda *_, **__: laws[-1])
    monkeypatch.setattr(lifecycle, "start", run_at_once)
    # A machine to whom a week is much.
    speeds = tuple(replace(speed, seconds_per_example=1e-9) for speed in ready.speeds)
    fast = replace(ready, speeds=speeds, units=10**6)
    write_text(preparation_of(fast.source).path / PREPARED_FILE, fast.to_json())
    found = answer(capsys, "run", "--compute", "5e15", "--climb", "--no-rule")
    assert len(found) == rungs
    spent = [one["arms"][0]["compute_flops"] for one in found]
    if held:
        assert all(later > 3 * earlier for earlier, later in pairwise(spent))
        assert [one["limit"]["end"] for one in found] == ["reach", "reach", "asked"]
    assert "Expected --climb with a budget" in refusal(capsys, "run", "0" * 16, "--climb")


def test_what_was_spent_before_the_end_is_told(ready, capsys):
    name = answer(capsys, "plan", "--minutes", "2", "--no-rule")["plan_id"]
    status = Status(
        state=State.PAUSED, arm="recommended", repeat=0, iteration=50, charged=61,
        epsilon_spent=2.91831,
    )  # fmt: skip
    write_status(folder_of(name).status_file, status)
    assert "is gone: what was spent is unknown" in text(capsys, "status", name)
    charge(folder_of(name).plan(), "recommended", 0, 61)
    assert "ε ≤ 2.919 by 61 steps of recommended 0" in text(capsys, "status", name)


def test_a_verdict_after_a_weak_plan_says_how_weak_it_was(ready, capsys):
    plan = folder_of(answer(capsys, "plan", "--minutes", "2", *PROMISE)["plan_id"]).plan()
    for apart in (0.39, 0.9):
        weaker = replace(plan, apart=apart)
        lifecycle.register(weaker)
        for arm in (0, 1):
            made = result(weaker, arm, 3.0 + 0.1 * arm)
            charge(weaker, made.arm, 0, made.charged)
            folder_of(weaker.plan_id).store_result(made.arm, 0, made.to_json())
        told = answer(capsys, "verdict", weaker.plan_id)
        assert told["apart"] == apart
        sentence = "No test of the recommendation against the usual rule"
        assert sentence in (told["weak"] or "") or apart == 0.9
        assert (sentence in text(capsys, "verdict", weaker.plan_id)) is (apart == 0.39)
        assert record_of(weaker, weaker.arms[0], made).versions.count(f'"apart":{apart}') == 1
    assert told["weak"] is None
    found = answer(capsys, "plan", "--minutes", "2", "--canaries", "40", *PROMISE)["plan"]
    assert "apart" not in found, "what canaries change was not reckoned"


def test_a_ledger_that_lost_its_last_line_is_told_wherever_the_pilot_is(ready, capsys):
    name = answer(capsys, "plan", "--minutes", "2", "--no-rule", *PROMISE)["plan_id"]
    plan = folder_of(name).plan()
    made = result(plan, 0, 3.0)
    charge(plan, "recommended", 0, made.charged - 5)
    charge(plan, "recommended", 0, made.charged)
    folder_of(name).store_result("recommended", 0, made.to_json())
    told = ("status", "verdict")
    write_status(
        folder_of(name).status_file,
        Status(state=State.FINISHED, arm="recommended", repeat=0, epsilon_spent=2.9),
    )
    assert all(answer(capsys, act, name)["ledger_doubt"] is None for act in told)
    assert answer(capsys, "list")[0]["ledger_doubt"] is None
    ledger = folder_of(name).training_folder("recommended", 0) / "ledger.jsonl"
    lines = ledger.read_bytes().splitlines(keepends=True)
    ledger.write_bytes(b"".join(lines[:-1]))
    sentence = f"{name}/recommended-0/ledger.jsonl is damaged at line {len(lines)}"
    for act in told:
        assert sentence in answer(capsys, act, name)["ledger_doubt"]
        assert sentence in text(capsys, act, name)
    assert sentence in answer(capsys, "list")[0]["ledger_doubt"]
    assert sentence in text(capsys, "list")
    assert answer(capsys, "status", name)["epsilon_spent"] is None
    others = answer(capsys, "plan", "--minutes", "3", "--no-rule", *PROMISE)["plan_id"]
    said = text(capsys, "plan", "--minutes", "3", "--no-rule", *PROMISE)
    assert others in said and "1 pilot has a privacy ledger that is not whole" in said


def test_ctrl_c_leaves_the_pilot_running(ready, capsys, monkeypatch):
    name = answer(capsys, "plan", "--minutes", "2", "--no-rule")["plan_id"]
    monkeypatch.setattr(lifecycle, "start", _started)
    folder = folder_of(name)
    lock = folder.take_lock()
    write_status(folder.status_file, Status(state=State.TRAINING))

    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(time, "sleep", interrupted)
    assert main(["pilot", "run", name, "--wait"]) == 0
    printed = capsys.readouterr()
    assert "goes on by itself: python -m engine pilot status" in printed.err
    assert "training" in printed.out and folder.asked() is None
    assert lock is not None
    lock.release()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["run"], "--minutes, --compute, --money or --run, got none"),
        (["plan", "--minutes", "soon"], "a number for --minutes, got soon"),
        (["plan", "--minutes", "0"], "between 20 and 604800 seconds, got 0"),
        (["plan", "--money", "1"], "--price with --money"),
        (["plan", "--money", "1", "--price", "0"], "--price above 0, got 0"),
        (["plan", "--minutes", "2", "--repeats", "0"], "1 to 20 repeats, got 0"),
        (["plan", "--minutes", "2", "--canaries", "5"], "at least 10 canaries, got 5"),
        (["plan", "--minutes", "2", "--bands", "0"], "1 to 1024 bands, got 0"),
        (
            ["plan", "--minutes", "2", "--bands", "4", "--sampling", "truncated-poisson"],
            "correlated noise under truncated-poisson sampling",
        ),
        (["prepare", "--corpus", "csv"], "--path for a text of your own"),
        (["prepare", "--path", "x"], "none for docstrings"),
        (["status", "x"], "16 hexadecimal digits, got x"),
        (["run", "0" * 16], "found none: list the pilots"),
        (["verdict", "0" * 16], "found none: list the pilots"),
    ],
)
def test_refusals_are_one_sentence(ready, capsys, arguments, sentence):
    assert sentence in refusal(capsys, *arguments)


@pytest.mark.slow
def test_a_text_that_cannot_be_read_is_refused(place, capsys):
    found = refusal(capsys, "prepare", "--corpus", "jsonl", "--path", place / "nowhere")
    assert "got nothing there: check the path" in found


def test_the_list_shows_when_each_began_and_pilots_that_cannot_be_read(ready, capsys):
    name = answer(capsys, "plan", "--minutes", "2", "--no-rule")["plan_id"]
    write_text(folder_of(name).path / PLAN_FILE, "{}")
    (entry,) = answer(capsys, "list")
    assert f"{datetime.fromtimestamp(entry['began'], UTC):%Y-%m-%d %H:%M}" in text(capsys, "list")
    said = text(capsys, "plan", "--minutes", "3", "--no-rule")
    assert "1 pilot cannot be read: what they promised is unknown" in said


@pytest.mark.parametrize("flops", ["1e17", "1e20"])
def test_a_budget_that_is_cut_is_said_to_be(ready, capsys, flops):
    said = text(capsys, "plan", "--compute", flops, "--no-rule")
    assert "Asked for were 10" in said and "The law's reach ends it" in said
    limit = answer(capsys, "plan", "--compute", flops, "--no-rule")["limit"]
    assert (limit["end"], limit["cuts"]) == ("reach", True)
    assert limit["asked_flops"] == float(flops) and limit["given_flops"] <= limit["reach_flops"]
    assert limit["sentence"] in said


def test_nothing_to_list(place, capsys):
    assert text(capsys, "list") == "There is no pilot yet.\n"
    assert answer(capsys, "list") == []


def test_epsilon_is_rounded_up():
    assert [upwards(x) for x in (3.99941, 4.0, 0.00012341)] == ["4", "4", "0.0001235"]
