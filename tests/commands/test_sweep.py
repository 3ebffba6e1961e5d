"""``python -m engine sweep``: from a plan to records, with real trainings of four steps."""

import json
from itertools import cycle

import pytest

from engine import decision_log
from engine.__main__ import main
from engine.commands import sweep
from engine.decision.schedule import Schedule, Scheduled
from engine.pilot.running.folder import PilotFolder, pilots_folder
from engine.pilot.sweeps import gridfile
from engine.pilot.sweeps.grid import run_id
from engine.pilot.sweeps.pace import Pace
from engine.pilot.sweeps.survey import open_sweep
from engine.runs.log import RunLog

PLAN = """
[corpus]
kind = "jsonl"
path = "{path}"
public = {public}
[defaults]
batch_size = 4
sequence_length = 16
iterations = 4
warmup = 1
physical_batch_size = 4
[[grid]]
model_sizes = [3e4]
noise_batch_ratios = [0, "2^-6"]
learning_rates = ["2^-7"]
seeds = [1]
"""


@pytest.fixture
def plan(tmp_path, monkeypatch):
    """A plan of two runs on a small public text."""
    for variable, name in [
        ("KESSAI_DATA", "runs"), ("KESSAI_PILOTS", "pilots"), ("KESSAI_CACHE", "cache")
    ]:  # fmt: skip
        monkeypatch.setenv(variable, str(tmp_path / name))
    monkeypatch.delenv(decision_log.VARIABLE)  # beside these runs, not that of all tests
    text = tmp_path / "text.jsonl"
    documents = [{"text": f"Document {n} counts to {n}. " * 8} for n in range(1100)]
    text.write_text("\n".join(map(json.dumps, documents)))
    path = tmp_path / "plan.toml"
    path.write_text(PLAN.format(path=text, public="true"))
    return path


def answer(capsys, *arguments):
    assert main(["sweep", *map(str, arguments), "--json"]) == 0
    printed = capsys.readouterr()
    return json.loads(printed.out), printed.err.splitlines()


def refusal(capsys, *arguments):
    assert main(["sweep", *map(str, arguments)]) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.count("\n") == 1
    return printed.err


@pytest.mark.slow
def test_a_sweep_is_trained_once_and_its_records_are_in_the_log(plan, capsys):
    half, lines = answer(capsys, plan, "--only-first", "0.5", "--workers", "2")
    assert (half["runs"], half["trained"], half["left"]) == (1, 1, 0)
    assert len(lines) == 1 and lines[0].startswith("1/1  M=30,192  σ̄=0")
    rest, lines = answer(capsys, plan)
    assert (rest["runs"], rest["finished_before"], rest["trained"]) == (2, 1, 1)
    assert lines[0].startswith("2/2  M=30,192  σ̄=2^-6")
    again, lines = answer(capsys, plan)
    assert (again["finished_before"], again["trained"], lines) == (2, 0, [])
    records = RunLog.open().records()
    assert sorted(record.noise_batch_ratio or 0.0 for record in records) == [0.0, 2.0**-6]
    for record in records:
        assert 4.0 < record.cross_entropy < 6.0
        assert record.curve == ((4, record.cross_entropy),)
        assert (record.learning_rate, record.seed, record.epsilon) == (2.0**-7, 1, None)
    assert list((pilots_folder() / "sweeps").iterdir()) == []
    entries = decision_log.entries(RunLog.open().folder)
    done = [(entry.act, entry.what["runs"]) for entry in entries if entry.act == "sweep"]
    assert done == [("sweep", 1), ("sweep", 1)], "that it had nothing to do is nothing done"


@pytest.mark.slow
def test_a_sweep_trained_again_gives_its_losses(plan, tmp_path, capsys):
    answer(capsys, plan)
    known = {record.run_id: record.cross_entropy for record in RunLog.open().records()}
    apart = tmp_path / "apart"
    half, _ = answer(capsys, plan, "--only-first", "0.5", "--again", apart)
    (once,) = half["repeated"]
    assert once["now"] == once["before"] and half["largest_difference"] == 0
    assert half["scatter_between_seeds"] is None, "one seed each"
    assert RunLog.open(apart / "runs").records()[0].cross_entropy == once["now"]
    assert {r.run_id: r.cross_entropy for r in RunLog.open().records()} == known
    assert main(["sweep", str(plan), "--again", str(apart)]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("+0.00%") and "repeated  2 of 2 runs" in printed


@pytest.mark.slow
def test_a_dry_run_says_how_long_and_stores_nothing(plan, capsys):
    found, _ = answer(capsys, plan, "--dry-run")
    assert (found["runs"], found["finished"], len(found["left"])) == (2, 0, 2)
    size = found["left"][0]["config"]["model_size"]
    assert found["compute_flops"] == 2 * 6 * size * 4 * 4 * 16
    assert found["seconds"] > 0 and found["usd"] is None
    found, _ = answer(capsys, plan, "--dry-run", "--price", "1800")
    assert found["usd"] == pytest.approx(found["seconds"] / 2)
    assert main(["sweep", str(plan), "--dry-run", "--price", "1e9"]) == 0
    printed = capsys.readouterr().out
    assert "left      2 runs" in printed and "about 0 min" in printed
    assert "price     about " in printed and " USD" in printed
    assert not RunLog.open().folder.exists()


@pytest.mark.slow
def test_a_run_at_work_elsewhere_is_told_of(plan, capsys):
    found, corpus, place = open_sweep(gridfile.parse(plan.read_text()))
    lock = PilotFolder(path=place.folder / run_id(found.left[0], family=corpus.family)).take_lock()
    assert main(["sweep", str(plan)]) == 0
    assert "1 of 2 runs, 1 of them at work in another sweep" in capsys.readouterr().out
    assert lock is not None
    lock.release()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--only-first", "0"], "--only-first above 0 and at most 1, got 0"),
        (["--only-first", "1.5"], "--only-first above 0 and at most 1, got 1.5"),
        (["--only-first", "half"], "a number for --only-first, got half"),
        (["--workers", "0"], "--workers of at least 1, got 0"),
        (["--workers", "1.5"], "a whole number for --workers"),
    ],
)
def test_options_are_refused_in_a_sentence(plan, capsys, arguments, sentence):
    assert sentence in refusal(capsys, plan, *arguments)


def test_a_plan_that_is_not_there(tmp_path, capsys):
    assert "No such file" in refusal(capsys, tmp_path / "plan.toml")
    (tmp_path / "plan.toml").write_bytes(b"\xff")
    assert "it is no text" in refusal(capsys, tmp_path / "plan.toml")


def test_a_text_that_is_not_said_to_be_public(plan, tmp_path, capsys):
    plan.write_text(PLAN.format(path=tmp_path / "text.jsonl", public="false"))
    assert "public = true under [corpus]" in refusal(capsys, plan)


def test_a_decision_orders_the_runs_or_is_refused(plan, capsys):
    """The whole order is tested with the law in tests/decision/test_schedule.py."""
    assert "together: they name the decision" in refusal(capsys, plan, "--compute", "1e15")
    asked = ("--compute", "1e15", "--data", "1e6", "--epsilon", "2")
    # This text has no law yet, by which anything could be foreseen.
    assert "Expected" in refusal(capsys, plan, "--dry-run", *asked)


def test_runs_come_in_the_order_of_what_they_tell(plan, capsys, monkeypatch):
    def ordered(question, waiting, seconds=None):
        assert question.budget.compute_flops == 1e15 and len(waiting) == 2
        return Schedule(
            deviation=0.1,
            scatter=0.01,
            runs=(Scheduled(index=1, narrowing=0.2, deviation=0.08),),
            left_out=(0,),
        )

    before, _ = answer(capsys, plan, "--dry-run")
    monkeypatch.setattr(sweep, "schedule", ordered)
    asked = ("--compute", "1e15", "--data", "1e6", "--epsilon", "2")
    found, said = answer(capsys, plan, "--dry-run", *asked)
    assert found["left"] == before["left"][1:]
    assert said[0].startswith("1 of 2 runs narrow what is not known of today's plan (loss and ")
    assert "1 that could hardly move it are left out" in said[0]


def test_hours_or_money_end_the_order(plan, capsys, monkeypatch):
    def ordered(question, waiting, seconds):
        assert len(seconds) == len(waiting) and all(takes > 0 for takes in seconds)
        places = reversed(range(len(waiting)))
        turns = tuple(Scheduled(index=k, narrowing=0.2, deviation=0.08) for k in places)
        return Schedule(deviation=0.1, scatter=0.01, runs=turns, left_out=())

    monkeypatch.setattr(sweep, "schedule", ordered)
    asked = ("--compute", "1e15", "--data", "1e6", "--epsilon", "2")
    found, said = answer(capsys, plan, "--dry-run", *asked, "--hours", "1000")
    assert len(found["left"]) == 2 and " min  -20.0%" in said[1]
    found, said = answer(capsys, plan, "--dry-run", *asked, "--money", "1e-9", "--price", "1")
    assert found["left"] == []
    assert said[0].startswith("2 of 2 runs wait, as each alone takes longer than")

    # One run that is too long holds up none of the others.
    takes = cycle([7200.0, 600.0])
    monkeypatch.setattr(Pace, "seconds", lambda *_, **__: next(takes))
    found, said = answer(capsys, plan, "--dry-run", *asked, "--hours", "1")
    assert len(found["left"]) == 1 and said[0].startswith("1 of 2 runs wait")


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (("--hours", "1"), "nobody knows which runs tell most"),
        (("--price", "1"), "--money or --dry-run with --price"),
        (("--dry-run", "--price", "0"), "--price above 0"),
        (("--money", "1"), "--price with --money"),
        (("--money", "1", "--price", "0"), "--price above 0"),
        (("--hours", "0"), "above 0"),
        (("--hours", "1", "--money", "1", "--price", "1"), "got both"),
        (("--hours", "1", "--part", "1/2"), "without --parts"),
    ],
)
def test_budgets_that_bound_nothing_are_refused(plan, capsys, given, why):
    assert why in refusal(capsys, plan, *given)
