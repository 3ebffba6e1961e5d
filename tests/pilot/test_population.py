"""A population's account: every release counts once, whatever file it came from, or none starts."""

import json
import multiprocessing
import tomllib
from dataclasses import replace

import pytest

from engine.errors import InputError
from engine.pilot.dpsgd.ledger import LEDGER_FILE, Ledger
from engine.pilot.plan import CorpusSource
from engine.pilot.population import (
    Charge,
    account,
    account_file,
    account_for,
    charge,
    charge_of,
    charge_pilot,
)
from engine.pilot.running import lifecycle, process, standing
from engine.pilot.running.folder import folder_of
from engine.pilot.sweeps import gridfile
from engine.pilot.text.registry import Cap, Text, changing
from tests.pilot.fake_pilots import made_plan
from tests.present import present

EACH = 16.0
"""ε of a made plan: two trainings of 8, rounded up."""


@pytest.fixture
def text(tmp_path, monkeypatch):
    """A registered text of customers, of whom 40 and 1e-5 may be promised."""
    monkeypatch.setenv("KESSAI_DATA", str(tmp_path / "data" / "runs"))
    monkeypatch.setenv("KESSAI_PILOTS", str(tmp_path / "data" / "pilots"))
    monkeypatch.setattr(process, "MODULE", "tests.pilot.fake_pilots")
    path = tmp_path / "letters.jsonl"
    path.write_text("what they wrote")
    with changing() as held:
        held[0] = held[0].with_root(str(tmp_path))
        held[0] = held[0].with_population("customers", Cap(epsilon=40.0, delta=1e-5))
        source = CorpusSource(kind="jsonl", path=str(path))
        held[0] = held[0].with_text("letters", Text(source=source, population="customers"))
    return path


def plans(text, number):
    return [made_plan(text, evidence_hash=f"{k:016}") for k in range(number)]


def none():
    return []


def test_each_pilot_is_charged_whole_and_once(text):
    first, second, third = plans(text, 3)
    charge_pilot(first, none)
    charge_pilot(first, none)
    found = account("customers")
    assert [one.what for one in found.charges] == [first.plan_id]
    assert found.epsilon == first.epsilon_total == pytest.approx(EACH, rel=0.01)
    assert found.delta == pytest.approx(2e-6) and found.trainings == 2
    charge_pilot(second, none)
    with pytest.raises(InputError, match="population customers has left"):
        charge_pilot(third, none)
    assert len(account("customers").charges) == 2


@pytest.mark.parametrize("was_charged", [True, False])
def test_nothing_is_summed_while_a_ledger_is_in_doubt(text, was_charged):
    """Neither a charged pilot's nor that of one that was started before its text was registered."""
    first, second, _ = plans(text, 3)
    started = [] if was_charged else [first]
    if was_charged:
        charge_pilot(first, none)
    lifecycle.register(first)
    place = folder_of(first.plan_id).training_folder("recommended", 0)
    place.mkdir()
    with Ledger(place / LEDGER_FILE, first.arms[0].settings) as ledger:
        ledger.reserve(3)
        ledger.reserve(4)
    assert account("customers", started).epsilon == first.epsilon_total
    lines = (place / LEDGER_FILE).read_bytes().splitlines(keepends=True)
    (place / LEDGER_FILE).write_bytes(b"".join(lines[:-1]))
    with pytest.raises(InputError, match="damaged at line 3, or lines are missing"):
        account("customers", started)
    with pytest.raises(InputError, match="what was spent is unknown"):
        charge_pilot(second, lambda: started)
    (place / LEDGER_FILE).write_bytes(b"".join(lines))
    assert account("customers", started).trainings == 2


def test_added_rows_and_other_files_do_not_begin_it_anew(text):
    first, _, _ = plans(text, 3)
    charge_pilot(first, none)
    text.write_text("what they wrote, and more")
    later = made_plan(text)
    assert later.corpus_fingerprint != first.corpus_fingerprint
    charge_pilot(later, none)
    assert len(account("customers").charges) == 2


def test_delta_is_capped_too(text):
    charge("customers", Charge(what="abroad", epsilon=0.1, delta=9e-6))
    with pytest.raises(InputError, match="has left"):
        charge_pilot(plans(text, 1)[0], none)


def test_the_same_name_again_counts_once_and_other_figures_under_it_are_refused(text):
    made = Charge(what="work\u202e of May", epsilon=2.0, delta=1e-8)
    charge("customers", made)
    assert charge("customers", made).trainings == 1, "as it is written down, invisible signs gone"
    for other in (replace(made, epsilon=3.0), replace(made, delta=2e-8)):
        with pytest.raises(InputError, match=r"under which ε = 2, δ = 1e-08 stand already"):
            charge("customers", other)
    assert account("customers").epsilon == 2.0


def test_the_cap_itself_may_be_reached(text):
    charge("customers", Charge(what="abroad", epsilon=40.0, delta=1e-5))
    found = account("customers")
    assert found.left == Cap(epsilon=0.0, delta=0.0)
    with pytest.raises(InputError):
        charge("customers", Charge(what="more", epsilon=1e-9, delta=0.0))


def test_what_was_started_before_its_text_was_registered_counts(text):
    first, second, third = plans(text, 3)
    found = account("customers", [first, second])
    assert found.trainings == 4 and not account_file("customers").exists()
    with pytest.raises(InputError, match="has left"):
        charge_pilot(third, lambda: [first, second])
    charge_pilot(second, lambda: [first, second])
    assert len(account("customers", [first, second]).charges) == 2


def test_no_pilot_starts_that_the_account_does_not_hold(text):
    first, second, third = plans(text, 3)
    charge("customers", Charge(what="abroad", epsilon=30.0, delta=1e-7))
    with pytest.raises(InputError, match="has left"):
        lifecycle.start(first)
    assert lifecycle.poll(first.plan_id).state == "planned"
    with pytest.raises(InputError, match="has left"):
        lifecycle.resume(first.plan_id)
    with changing() as held:
        held[0] = held[0].with_population("customers", Cap(epsilon=60.0, delta=1e-5))
    lifecycle.start(first)
    assert account("customers").holds(first.plan_id)
    lifecycle.cancel(first.plan_id)
    assert account("customers").holds(first.plan_id), "what was promised stays promised"
    found = account_for(second, standing.started_plans)
    assert found is not None and not found.admits(charge_of(third))


def test_a_runner_that_was_started_by_hand_asks_as_well(text, tmp_path):
    from engine.pilot.running.folder import folder_of
    from engine.pilot.running.runner import Workshop, run_plan
    from tests.pilot import fake_pilots

    charge("customers", Charge(what="abroad", epsilon=39.0, delta=1e-7))
    (plan,) = plans(text, 1)
    lifecycle.register(plan)
    folder = folder_of(plan.plan_id)
    workshop = Workshop(
        train=fake_pilots.train,
        load=fake_pilots.load,
        device="cpu",
        hardware="made",
        admit=lambda plan: charge_pilot(plan, none),
    )
    status = run_plan(folder, present(folder.take_lock()), workshop)
    assert status.state == "failed" and "has left" in status.sentence
    assert not (folder.training_folder("recommended", 0)).exists()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda lines: lines[1:],
        lambda lines: [lines[0].replace('"trainings":2', '"trainings":1'), lines[1]],
        lambda lines: [lines[1], lines[0]],
        lambda lines: [*lines, "{}\n"],
        lambda lines: [*lines, "\x00\n"],
        lambda lines: [lines[0], lines[1][:-9]],
    ],
)
def test_an_account_that_was_changed_starts_nothing(text, spoil):
    first, second, third = plans(text, 3)
    charge_pilot(first, none)
    charge_pilot(second, none)
    file = account_file("customers")
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(spoil(lines)))
    for ask in (
        lambda: account("customers"),
        lambda: charge_pilot(third, none),
        lambda: charge_pilot(first, none),
    ):
        with pytest.raises(InputError, match="Nothing is trained on this population"):
            ask()


@pytest.mark.parametrize("kept", [0, 1, None])
def test_lines_lost_at_the_end_are_noticed(text, kept):
    """Each line that is left follows from the one before it; the head counts the others."""
    for name in "abc":
        charge("customers", Charge(what=name, epsilon=1.0, delta=0.0, trainings=1))
    place = account_file("customers")
    content = place.read_bytes()
    if kept is None:
        place.unlink()
    else:
        place.write_bytes(b"".join(content.splitlines(keepends=True)[:kept]))
    with pytest.raises(InputError, match="lines are missing"):
        account("customers")
    with pytest.raises(InputError, match="lines are missing"):
        charge("customers", Charge(what="d", epsilon=1.0, delta=0.0, trainings=1))
    place.write_bytes(content)
    assert account("customers").epsilon == 3.0


@pytest.mark.parametrize("head", [b"", b"[1]", b'{"lines": 0, "hash": ""}', b'{"lines": 1}'])
def test_a_head_that_was_changed_starts_nothing(text, head):
    charge("customers", Charge(what="a", epsilon=1.0, delta=0.0, trainings=1))
    place = account_file("customers")
    place.with_name(f"{place.name}.head").write_bytes(head)
    with pytest.raises(InputError, match="lines are missing"):
        account("customers")


def test_an_account_of_before_heads_goes_on_and_one_line_more_than_the_head_is_whole(text):
    charge("customers", Charge(what="a", epsilon=1.0, delta=0.0, trainings=1))
    head = account_file("customers").with_name("customers.jsonl.head")
    first = head.read_bytes()
    head.unlink()
    charge("customers", Charge(what="b", epsilon=1.0, delta=0.0, trainings=1))
    assert json.loads(head.read_bytes())["lines"] == 2
    head.write_bytes(first)  # as where a kill came between the two files
    assert account("customers").epsilon == 2.0


def test_an_account_that_cannot_be_written_starts_nothing(text):
    account_file("customers").parent.parent.mkdir(parents=True, exist_ok=True)
    account_file("customers").parent.write_text("no folder")
    with pytest.raises(InputError, match="Nothing is trained on this population"):
        lifecycle.start(plans(text, 1)[0])


def test_texts_of_nobody_have_no_account(text, tmp_path):
    other = tmp_path / "public.jsonl"
    other.write_text("said to all")
    charge_pilot(made_plan(other), lambda: pytest.fail("nobody asks for all pilots"))
    assert account_for(made_plan(other), none) is None
    with pytest.raises(InputError, match="population that has a cap"):
        account("staff")


@pytest.mark.parametrize("figures", [(0.0, 1e-6), (-1.0, 1e-6), (1.0, 1.0), (float("nan"), 0.0)])
def test_a_training_made_elsewhere_has_a_promise(text, figures):
    with pytest.raises(InputError, match="Expected a training"):
        charge("customers", Charge(what="abroad", epsilon=figures[0], delta=figures[1]))


def _charge_some(which):
    for k in range(10):
        charge("customers", Charge(what=f"{which}-{k}", epsilon=0.25, delta=1e-9))


def test_two_processes_lose_no_charge(text):
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_charge_some, args=(k,)) for k in range(3)]
    for one in processes:
        one.start()
    for one in processes:
        one.join()
    assert [one.exitcode for one in processes] == [0, 0, 0]
    found = account("customers")
    assert len(found.charges) == 30 and found.epsilon == 7.5


def test_the_file_holds_no_text_of_anybody(text):
    charge("customers", Charge(what="a‮b\n", epsilon=1.0, delta=1e-9))
    (line,) = account_file("customers").read_text().splitlines()
    assert "what they wrote" not in line and "‮" not in json.loads(line)["what"]


def test_a_sweep_promises_nothing_and_so_takes_no_text_of_people(text):
    plan = f"""
[corpus]
kind = "jsonl"
path = "{text}"
public = true
"""
    with pytest.raises(InputError, match="only pilots may train"):
        gridfile._corpus(tomllib.loads(plan))


def test_the_same_plan_under_another_name_of_the_file_is_the_same_people(text):
    link = text.with_name("again.jsonl")
    link.symlink_to(text)
    (plan,) = plans(text, 1)
    linked = replace(plan, corpus=replace(plan.corpus, path=str(link)))
    charge_pilot(linked, none)
    assert account("customers").trainings == 2
