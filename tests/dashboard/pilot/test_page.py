"""The Pilot page in every state: one start however often it is clicked, a run found again,
refits."""

import subprocess
import sys
from dataclasses import replace

import pytest
import streamlit as st

from dashboard.answers import pilot_cache
from dashboard.pilot import plan as plan_step
from engine.access.rights import LOCAL
from engine.decision import fitted
from engine.errors import InputError
from engine.pilot.dpsgd.ledger import LEDGER_FILE
from engine.pilot.plan import CorpusSource, PilotPlan
from engine.pilot.population import Charge, charge
from engine.pilot.prepared import PREPARED_FILE
from engine.pilot.running import lifecycle, standing
from engine.pilot.running.folder import folder_of, preparation_of, write_text
from engine.pilot.running.preparation import run_preparation
from engine.pilot.running.recording import record_of
from engine.pilot.running.status import State, Status, write_status
from engine.pilot.statistical_power import power
from engine.pilot.text import registry
from engine.pilot.text.corpus import load
from engine.runs import log
from tests.dashboard import made_pilots as made
from tests.pilot.text import test_nothing_leaks
from tests.present import present


def _draw():
    from dashboard.pilot import page as pilot_page
    from dashboard.state import address, session

    address.follow_url()
    pilot_page.render(session.current())


@pytest.fixture
def empty(monkeypatch, tmp_path):
    """An installation without runs and pilots."""
    monkeypatch.setenv("KESSAI_DATA", str(tmp_path / "runs"))
    monkeypatch.setenv("KESSAI_PILOTS", str(tmp_path / "pilots"))
    monkeypatch.setattr(log, "COMMITTED", tmp_path / "no campaign")
    fitted.run_log.cache_clear()
    st.cache_resource.clear()
    yield
    fitted.run_log.cache_clear()
    st.cache_resource.clear()


@pytest.fixture
def law(empty):
    """With a sweep in the run log; its hash."""
    fitted.run_log().append(made.sweep())
    return fitted.evidence_of(made.FAMILY).sha256


@pytest.fixture
def page(empty):
    """The view alone, as a browser in English would first open it."""
    from streamlit.testing.v1 import AppTest

    return AppTest.from_function(_draw, default_timeout=120)


@pytest.fixture
def held():
    """Holds the locks of pilots, as living runners do."""
    locks = []
    yield lambda folder: locks.append(folder.take_lock())
    for lock in locks:
        lock.release()


def said(page):
    return [text.value for kind in (page.markdown, page.caption, page.info) for text in kind]


def button(page, begin):
    return next(b for b in page.button if b.label.startswith(begin))


def labels(page):
    return [b.label for b in page.button]


def finished(law, **other):
    plan = made.plan(evidence_hash=law, **other)
    made.store(plan, made.status(plan, State.FINISHED, share=1.0), made.results(plan))
    return plan


def test_without_a_law_the_page_says_so_and_offers_nothing(page):
    page.run()
    assert not page.exception and not page.error
    assert page.title[0].value.startswith("A pilot of about 3 minutes on this machine")
    assert any("holds too few of them" in text for text in said(page))
    assert not page.button


def test_first_the_text_is_prepared(page, law, monkeypatch):
    asked = []
    monkeypatch.setattr(lifecycle, "prepare", lambda source, *, by: asked.append(source))
    page.run()
    assert any("no ε is spent" in text for text in said(page))
    button(page, "Prepare").click().run()
    assert asked == [made.DOCSTRINGS] and not page.exception


def test_a_start_that_reads_otherwise_is_refused_before_the_text_is_prepared(page, law):
    page.run()
    begin = next(one for one in page.selectbox if one.label == "Begin from")
    begin.set_value("docstrings-30k").run()
    assert "Prepare" in labels(page) and not page.error
    window = next(one for one in page.selectbox if one.label.startswith("Length of an example"))
    window.set_value(128).run()
    (refused,) = page.error
    assert "as the start docstrings-30k reads it" in refused.value and "64" in refused.value
    assert "Prepare" not in labels(page)


def test_a_preparation_under_way_and_one_that_failed(page, law, held):
    folder = preparation_of(made.DOCSTRINGS)
    folder.store_source(made.DOCSTRINGS)
    write_status(
        folder.status_file, Status(state=State.FAILED, reason=made.REASON, values=made.VALUES)
    )
    page.run()
    assert "No space left" in page.error[0].value and "Prepare" in labels(page)
    write_status(folder.status_file, Status(state=State.PREPARING, progress=0.3))
    held(folder)
    page.run()
    assert not page.exception and not page.error and "Prepare" not in labels(page)


def test_the_plan_stands_before_the_start_and_one_click_starts_it(page, law, monkeypatch, held):
    made.store_prepared()
    started: list[PilotPlan] = []

    def start(plan, *, by):
        assert by is LOCAL
        started.append(plan)
        held(made.store(plan, made.status(plan, State.TRAINING)))

    monkeypatch.setattr(lifecycle, "start", start)
    page.run()
    assert not page.exception and not page.error
    arms, terms = (table.value for table in page.table)
    assert list(arms.columns) == ["Figure", "Recommended", "Usual rule"]
    assert any("evidence" in str(name) for name in terms["name"])
    # The last figure follows the fit of the sweep.
    label = button(page, "Start the pilot: ").label
    assert label == "Start the pilot: 3 minutes, ¥29"
    button(page, "Start the pilot").click().run()
    (plan,) = started
    assert plan.evidence_hash == law and plan.repeats == 1 and len(plan.arms) == 2
    assert (plan.epsilon, plan.delta, plan.privacy_unit) == (4.0, 1e-8, "document")
    assert not page.exception and page.title[0].value.startswith("Training: ")


def test_a_plan_tells_the_command_of_many_gpus_and_is_written_down_for_it(page, law):
    made.store_prepared()
    page.run()
    command = next(code.value for code in page.code if "torch.distributed" in code.value)
    assert "--nnodes=8 --nproc-per-node=8" in command
    page.number_input(
        key=next(n.key for n in page.number_input if n.label == "Machines")
    ).set_value(2).run()
    command = next(code.value for code in page.code if "torch.distributed" in code.value)
    assert "--nnodes=2 --nproc-per-node=8" in command
    assert standing.entries() == ()
    button(page, "Write the plan down").click().run()
    assert not page.exception and not page.error
    (entry,) = standing.entries()
    assert entry.status.state is State.PLANNED
    assert command.endswith(f"-m engine.pilot run {folder_of(entry.plan_id).path}")


def test_the_same_question_is_the_same_plan(page, law, monkeypatch):
    made.store_prepared()
    started: list[PilotPlan] = []
    monkeypatch.setattr(lifecycle, "start", lambda plan, *, by: started.append(plan))
    for _ in range(2):
        page.query_params["pilot"] = "new"
        page.run()
        button(page, "Start the pilot").click().run()
    assert len({plan.plan_id for plan in started}) == 1


def test_a_start_that_is_refused_says_why(page, law, monkeypatch):
    def refuse(plan, *, by):
        raise InputError(made.REASON, **made.VALUES)

    made.store_prepared()
    monkeypatch.setattr(lifecycle, "start", refuse)
    page.run()
    button(page, "Start the pilot").click().run()
    assert "No space left" in page.error[0].value and not page.exception


def test_minutes_money_arms_and_repeats_make_the_plan(page, law):
    made.store_prepared()
    page.run()
    page.slider[0].set_value(10).run()
    assert page.title[0].value.startswith("A pilot of about 10 minutes")
    page.toggle[0].set_value(False).run()
    assert "Usual rule" not in page.table[0].value.columns
    next(g for g in page.button_group if g.label == "Trainings of each").set_value(3).run()
    assert any("Whoever sees all 3" in text for text in said(page))
    next(g for g in page.button_group if g.label == "Measured in").set_value("money").run()
    page.number_input[0].set_value(100.0).run()
    assert not page.exception and not page.error
    assert page.title[0].value.startswith("A pilot of about 10 minutes")
    page.number_input[0].set_value(0.5).run()
    assert len(page.error) == 1 and "between 20 and" in page.error[0].value


def test_a_pilot_says_what_it_can_tell_and_is_no_test_where_that_is_little(page, law, monkeypatch):
    made.store_prepared()
    page.run()
    can = power(launchers_plan(page), pilot_cache.pilot_law(made.FAMILY))
    said_so = [text for text in said(page) if "apart with" in text]
    assert len(said_so) == 1 and f"{present(can.apart):.0%}" in said_so[0]
    monkeypatch.setattr(plan_step, "power", lambda plan, law: replace(can, apart=0.3))
    page.run()
    assert "would hardly tell" in page.title[0].value
    assert any("30%" in text and "80%" in text for text in said(page))


def launchers_plan(page):
    """The plan that the page's button would register."""
    asked: list[PilotPlan] = []

    def refuse(plan, *, by):
        asked.append(plan)
        raise InputError(made.REASON, **made.VALUES)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lifecycle, "start", refuse)
        button(page, "Start the pilot").click().run()
    return asked[0]


def registered(tmp_path, **changes):
    """A text of customers that the operator has registered."""
    path = tmp_path / "letters.csv"
    path.write_text("text,customer\nabc,1\n")
    source = CorpusSource(kind="csv", path=str(path), unit_column="customer")
    with registry.changing() as held:
        held[0] = held[0].with_root(str(tmp_path))
        held[0] = held[0].with_population("customers", registry.Cap(**changes))
        held[0] = held[0].with_text("letters", registry.Text(source=source, population="customers"))
    return source


def choose(page, text):
    next(one for one in page.selectbox if one.label == "Text to train on").set_value(text).run()


def test_a_text_of_one_s_own_is_chosen_by_name_and_no_path_is_typed(
    page, law, monkeypatch, tmp_path
):
    asked = []
    source = registered(tmp_path, epsilon=8.0, delta=1e-6)
    monkeypatch.setattr(lifecycle, "prepare", lambda source, *, by: asked.append(source))
    page.run()
    assert not page.text_input, "what can be typed can be tried"
    choose(page, "letters")
    assert any("CSV; who is protected: person" in text for text in said(page))
    assert not any(str(tmp_path) in text for text in said(page))
    button(page, "Prepare").click().run()
    assert asked == [source]


def test_windows_and_documents_are_chosen_on_the_page(page, law, monkeypatch, tmp_path):
    asked = []
    source = registered(tmp_path, epsilon=8.0, delta=1e-6)
    monkeypatch.setattr(lifecycle, "prepare", lambda source, *, by: asked.append(source))
    page.run()
    several = "Documents of a person that a step averages"
    assert several not in [group.label for group in page.button_group]  # no people in it
    choose(page, "letters")
    assert several in [group.label for group in page.button_group]
    window = next(one for one in page.selectbox if one.label.startswith("Length of an example"))
    window.set_value(256).run()
    read_by = next(one for one in page.selectbox if one.label == "Read by")
    assert "japanese-512: 512 tokens, of Japanese sentences of Kessai's own catalogue" in (
        read_by.options
    )
    read_by.set_value("japanese-512").run()
    button(page, "Prepare").click().run()
    asked_for = replace(source, window=256, tokenizer="japanese-512")
    assert asked == [asked_for] and not page.exception
    next(one for one in page.selectbox if one.label == "Read by").set_value("bytes").run()
    made.store_prepared(source)
    choose(page, "letters")
    next(one for one in page.selectbox if one.label.startswith("Length")).set_value(64).run()
    next(group for group in page.button_group if group.label == several).set_value(4).run()
    assert not page.exception and not page.error
    plan = launchers_plan(page)
    assert plan.arms[0].settings.documents == 4 and plan.arms[0].predicted is None
    assert not plan.arms[0].settings.recompute
    assert any("for the activations of 64 examples at a time." in text for text in said(page))
    seconds = plan.expected_seconds
    next(one for one in page.toggle if one.label == "Less memory, more time").set_value(True).run()
    plan = launchers_plan(page)
    assert plan.arms[0].settings.recompute and plan.expected_seconds < 1.1 * seconds
    assert any("(activation checkpointing)" in text for text in said(page))
    assert any("up to 4 of their documents" in text for text in said(page))


def test_a_text_that_left_its_root_says_so_and_is_not_read(page, law, tmp_path):
    registered(tmp_path, epsilon=8.0, delta=1e-6)
    (tmp_path / "letters.csv").unlink()
    (tmp_path / "letters.csv").symlink_to("/etc/hostname")
    page.run()
    choose(page, "letters")
    assert "registered folders" in page.error[0].value and "Prepare" not in labels(page)
    assert "got letters.csv:" in page.error[0].value and "/" not in page.error[0].value


def test_a_registry_that_cannot_be_read_leaves_the_public_text(page, law):
    registry.registry_file().parent.mkdir(parents=True, exist_ok=True)
    registry.registry_file().write_text("{")
    page.run()
    assert "registered texts" in page.error[0].value and "Prepare" in labels(page)
    assert not page.exception


def test_a_plan_says_what_its_population_has_left(page, law, tmp_path):
    source = registered(tmp_path, epsilon=20.0, delta=1e-5)
    made.store_prepared(source)
    page.run()
    choose(page, "letters")
    assert any("The account of `customers`: ε = 0 of 20" in text for text in said(page))
    charge("customers", Charge(what="abroad", epsilon=15.0, delta=1e-9))
    page.run()
    assert any("does not fit into the account" in each.value for each in page.error)
    button(page, "Start the pilot").click().run()
    assert any("population customers has left" in each.value for each in page.error)


def test_another_text_s_plan_says_where_its_prediction_comes_from(page, law, tmp_path):
    made.store_prepared(registered(tmp_path, epsilon=99.0, delta=1e-5))
    page.run()
    choose(page, "letters")
    assert not page.exception and not page.error
    assert any("moved by 0 runs of this text" in text for text in said(page))
    assert any("refute it, not confirm it" in text for text in said(page))
    assert "–" not in list(page.table[0].value["Recommended"])


def test_few_documents_and_a_large_delta_are_said_and_not_called_people(page, law):
    few = replace(made.prepared(made.DOCSTRINGS), units=143)
    write_text(preparation_of(few.source).path / PREPARED_FILE, few.to_json())
    page.query_params["delta"] = "0.01"
    page.run()
    assert any("With 143 documents a training" in text for text in said(page))
    assert any("allows the data of 1 document to" in each.value for each in page.warning)


def test_a_run_is_found_again_and_can_be_paused_and_cancelled(page, law, held):
    plan = made.plan(evidence_hash=law)
    held(made.store(plan, made.status(plan, State.TRAINING)))
    page.run()
    assert not page.exception and page.title[0].value.startswith("Training: ")
    assert [metric.label for metric in page.metric] == ["Steps", "Speed", "ε spent", "Time left"]
    button(page, "Pause").click().run()
    assert any("Pausing after the step under way" in text for text in said(page))
    button(page, "Yes, cancel it").click().run()
    assert any("Cancelling" in text for text in said(page))
    assert not page.exception and not page.error


def test_when_it_ends_while_it_is_watched_the_verdict_comes(page, law, held):
    plan = made.plan(evidence_hash=law)
    folder = made.store(plan, made.status(plan, State.TRAINING))
    held(folder)
    page.run()
    made.store(plan, made.status(plan, State.FINISHED, share=1.0), made.results(plan))
    page.run()
    assert page.title[0].value.startswith("Confirmed: ")


@pytest.mark.parametrize(
    ("state", "title"),
    [
        (State.PAUSED, "Paused at 41%"),
        (State.FAILED, "Stopped at 41%"),
        (State.TRAINING, "Interrupted at 41%"),  # its lock is free: the process died
    ],
)
def test_what_stopped_can_be_resumed(page, law, monkeypatch, state, title):
    plan = made.plan(evidence_hash=law)
    resumed: list[str] = []
    why = {"reason": made.REASON, "values": made.VALUES} if state is State.FAILED else {}
    made.store(plan, made.status(plan, state, **why))
    monkeypatch.setattr(lifecycle, "resume", lambda plan_id, *, by: resumed.append(plan_id))
    page.run()
    assert page.title[0].value.startswith(title)
    assert len(page.error) == (title.split()[0] in ("Stopped", "Interrupted"))
    button(page, "Resume").click().run()
    assert resumed == [plan.plan_id] and not page.exception


def test_a_pilot_paused_by_a_free_lock_is_cancelled_at_once(page, law):
    plan = made.plan(evidence_hash=law)
    made.store(plan, made.status(plan, State.PAUSED))
    page.run()
    button(page, "Yes, cancel it").click().run()
    assert page.title[0].value.startswith("Cancelled at 41%")
    assert lifecycle.poll(plan.plan_id).state is State.CANCELLED
    assert "Resume" not in labels(page), "it was ended for good"


def test_the_verdict_and_the_refit(page, law):
    plan = finished(law)
    made.store_prepared()
    fitted.run_log().append(
        record_of(plan, arm, result)
        for arm, result in zip(plan.arms, made.results(plan), strict=True)
    )
    page.run()
    assert page.title[0].value.startswith(
        "Confirmed: 3.03 measured, 2.90–3.14 predicted. The usual"
    )
    assert not page.error and "Refit the law with these runs" in labels(page)
    assert any("None was made, or it did not end" in text for text in said(page)), "no audit"
    button(page, "Refit").click().run()
    assert not page.exception and not page.error
    moved = next(table.value for table in page.table if "Before" in table.value)
    hashes = moved.set_index("Figure").loc["Hash of the evidence"]
    assert hashes["Before"] == law[:12] != hashes["After"]
    assert any("83 runs" in text for text in said(page))


def test_a_refit_after_an_update_asks_to_prepare_again(page, law):
    finished(law)
    page.run()
    button(page, "Refit").click().run()
    assert any("Kessai has changed since" in text for text in said(page))
    assert "Prepare" in labels(page) and not page.exception


@pytest.mark.parametrize("before", [{"transferred_runs": 0}, {"predicted": False}])
def test_runs_of_a_text_of_its_own_move_its_own_law(page, law, before):
    """Also those of a plan of before laws were transferred."""
    source = CorpusSource(kind="csv", path="letters.csv")
    plan = finished(law, source=source, **before)
    made.store_prepared(source)
    fitted.run_log().append(
        record_of(plan, arm, result)
        for arm, result in zip(plan.arms, made.results(plan), strict=True)
    )
    page.run()
    begin = "Measured: 3.03, inside" if "predicted" not in before else "Measured: a loss of 3.03"
    assert page.title[0].value.startswith(begin)
    assert any("do not compare" in text for text in said(page))
    button(page, "Refit").click().run()
    assert not page.exception and not page.error
    assert any(
        "moved by 2 runs of this text, of which this pilot's are 2." in text for text in said(page)
    )
    moved = next(table.value for table in page.table if "Before" in table.value)
    hashes = moved.set_index("Figure").loc["Hash of the evidence"]
    assert hashes["Before"] == law[:12] != hashes["After"]
    assert fitted.evidence_of(made.FAMILY).sha256 == law, "the docstrings' law stays"


def test_other_code_goes_on_where_it_is_asked_to_and_is_told_before(page, law, monkeypatch):
    plan = made.plan(evidence_hash=law, code_version="a" * 12)
    resumed: list[str] = []
    made.store(plan, made.status(plan, State.PAUSED))
    monkeypatch.setattr(lifecycle, "resume", lambda plan_id, *, by: resumed.append(plan_id))
    page.run()
    assert f"planned by the code {'a' * 12}" in page.warning[0].value
    button(page, "Resume").click().run()
    assert resumed == [plan.plan_id]
    made.store(plan, made.status(plan, State.FINISHED), made.results(plan))
    page.run()
    assert "the records name both" in page.warning[0].value


def test_a_verdict_after_a_weak_plan_says_how_weak_it_was(page, law):
    finished(law, apart=0.39)
    page.run()
    (title,) = (head.value for head in page.title)
    assert "No test of the usual rule: as measured" in title
    (line,) = (head.value for head in page.header if "chance" in head.value)
    assert line.startswith("No test of the recommendation") and "39% probability" in line
    assert page.table[-1].value["Saving"].iloc[0].endswith("(no test)")


@pytest.mark.parametrize("state", [State.PAUSED, State.FINISHED])
def test_a_ledger_that_lost_a_line_is_told_and_nothing_is_green(page, law, state):
    plan = made.plan(evidence_hash=law)
    done = made.results(plan) if state is State.FINISHED else ()
    folder = made.store(plan, made.status(plan, state, share=0.5), done)
    place = folder.training_folder("recommended", 0) / LEDGER_FILE
    lines = place.read_bytes().splitlines(keepends=True)
    page.run()
    assert not page.error
    place.write_bytes(b"".join(lines[:-1]))
    page.run()
    (refused,) = page.error
    assert "what was spent is unknown" in refused.value and plan.plan_id in refused.value
    assert not any("verified_user" in sentence for sentence in said(page))
    assert "2.87" not in str([metric.value for metric in page.metric])
    assert "its privacy ledger is not whole" in page.table[-1].value.to_string()


def test_what_is_not_in_the_run_log_is_said(page, law):
    plan = made.plan(evidence_hash=law)
    results = [
        replace(r, run_id=None, reason=made.REASON, values=made.VALUES) for r in made.results(plan)
    ]
    made.store(plan, made.status(plan, State.FINISHED, share=1.0), results)
    page.run()
    assert len(page.warning) == 2 and "is not in the run log" in page.warning[0].value


def test_history_shows_another_pilot_and_a_new_one(page, law):
    first, second = finished(law), finished(law, epsilon=8.0, predicted=False)
    page.query_params["pilot"] = first.plan_id
    page.run()
    assert page.title[0].value.startswith("Confirmed")
    page.selectbox[0].set_value(second.plan_id).run()
    assert page.title[0].value.startswith("Measured: ")
    button(page, "Plan another pilot").click().run()
    assert page.title[0].value.startswith("A pilot of about")
    assert not page.exception and not page.error


def test_while_one_runs_a_second_is_warned_of(page, law, held):
    plan = made.plan(evidence_hash=law)
    held(made.store(plan, made.status(plan, State.TRAINING)))
    page.query_params["pilot"] = "new"
    page.run()
    assert any("a second one would slow both down" in text for text in said(page))
    button(page, "Watch it").click().run()
    assert page.title[0].value.startswith("Training: ")


@pytest.mark.parametrize("wrong", ["0123456789abcdef", "lots"])
def test_a_link_to_no_pilot_says_so(page, law, wrong):
    page.query_params["pilot"] = wrong
    page.run()
    assert not page.exception and page.title[0].value.startswith("A pilot of about")
    assert bool(page.error) == (wrong != "lots")  # the frame refuses what is no id


def test_a_plan_that_was_changed_proves_nothing(page, law):
    plan = finished(law)
    path = folder_of(plan.plan_id).path / "plan.json"
    path.write_text(path.read_text().replace('"epsilon": 4.0', '"epsilon": 2.0'))
    page.run()
    assert not page.exception and "was changed since it was frozen" in page.error[0].value
    assert page.title[0].value.startswith("A pilot of about")


@pytest.mark.parametrize("state", [State.PAUSED, State.FINISHED, None])
def test_in_japanese(page, law, state):
    made.store_prepared()
    plan = made.plan(evidence_hash=law)
    if state is not None:
        done = made.results(plan) if state is State.FINISHED else ()
        made.store(plan, made.status(plan, state), done)
    page.query_params["lang"] = "ja"
    page.run()
    assert not page.exception and not page.error
    texts = [*said(page), *labels(page), *(t.value for t in page.title)]
    assert all("{" not in text for text in texts)
    assert not any(label.isascii() for label in labels(page))


def test_the_page_loads_no_torch():
    check = "import sys, dashboard.pilot.page; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


def test_a_plan_says_what_other_pilots_on_its_text_promised(page, law):
    earlier = finished(law)
    page.run()
    assert not any("other pilots on this text" in text for text in said(page))
    second = made.plan(evidence_hash=law, repeats=2)
    made.store(second, made.status(second, State.CANCELLED, share=0.3))
    assert second.plan_id != earlier.plan_id
    page.run()
    assert any("Trainings of other pilots on this text: " in text for text in said(page))


def test_a_plan_that_is_cut_says_what_ended_it_before_it_starts(page, law):
    """On a machine that is too fast for what the law allows, in time that is then not taken."""
    fast = replace(
        made.prepared(),
        speeds=tuple(
            replace(speed, seconds_per_example=1e-9, seconds_per_step=1e-6)
            for speed in made.prepared().speeds
        ),
    )
    write_text(preparation_of(made.DOCSTRINGS).path / PREPARED_FILE, fast.to_json())
    page.run()
    assert not page.exception and not page.error
    (cut,) = [each.value for each in page.warning]
    assert "Time asked for: 3 minutes; time used: about" in cut and "The law's reach ends it" in cut
    assert "seconds" in page.title[0].value, "of the time that it takes"


def test_a_finished_pilot_says_what_it_changed_for_the_decision(page, law):
    """Decide rests on another evidence here: the sentence claims nothing."""
    finished(law)
    page.run()
    assert not page.exception
    assert any("changed nothing the decision rests on" in text for text in said(page))
    assert any("takes nothing from it" in text for text in said(page))
    assert not any("the Decide page follows it" in text for text in said(page))


def _handed_over():
    import streamlit as st

    from dashboard.pilot import page as pilot_page
    from dashboard.state import address, session, wanted_run
    from engine.api.pilots import WantedRun

    address.follow_url()
    if "handed" not in st.session_state:
        st.session_state["handed"] = True
        run = WantedRun(model_size=300_000, iterations=900, noise_batch_ratio=1 / 128)
        wanted_run.hand_over(run, session.current().question.evidence_id)
    pilot_page.render(session.current())


@pytest.mark.parametrize("moved", ["evidence", "law"])
def test_a_run_of_the_law_is_planned_until_evidence_or_law_is_another(law, monkeypatch, moved):
    from streamlit.testing.v1 import AppTest

    page = AppTest.from_function(_handed_over, default_timeout=120).run()

    def measure():
        return next(g for g in page.button_group if g.label == "Measured in")

    assert measure().value == "run" and measure().options[-1] == "The run taken over from Law"
    assert page.title[0].value == "Train the run that the law asks for."
    assert any("900 steps" in text for text in said(page))
    if moved == "law":
        monkeypatch.setattr(fitted, "state_of", lambda evidence_id: "another")
    else:
        page.session_state["_values"]["evidence"] = fitted.MEASURED_GPT
    page.run()
    assert not page.exception and not page.error
    assert measure().value == "minutes" and len(measure().options) == 2
    assert page.title[0].value.startswith("A pilot of about 3 minutes")


@pytest.mark.parametrize("kind", ["jsonl, most rows broken", "jsonl, names as columns"])
def test_the_page_of_a_text_that_was_refused_quotes_nothing_of_it(page, law, tmp_path, kind):
    """No text comes in by the browser: what the page knows is what the preparation wrote."""
    path = tmp_path / "letters.jsonl"
    path.write_bytes(test_nothing_leaks.REFUSED[kind])
    source = CorpusSource(kind="jsonl", path=str(path), unit_column="author")
    with registry.changing() as held:
        held[0] = held[0].with_root(str(tmp_path))
        held[0] = held[0].with_population("customers", registry.Cap(epsilon=8.0, delta=1e-6))
        held[0] = held[0].with_text("letters", registry.Text(source=source, population="customers"))
    folder = preparation_of(source)
    folder.store_source(source)
    lock = present(folder.take_lock())
    run_preparation(
        folder, lock, test_nothing_leaks.CPU, load=lambda source, progress: load(source),
        measure=lambda *_: (), begin=lambda _: {},
    )  # fmt: skip
    lock.release()
    page.run()
    choose(page, "letters")
    assert not page.exception
    (refusal,) = [error.value for error in page.error]
    assert "letters.jsonl" in refusal
    elements = [*page.error, *page.warning, *page.code, *page.text]
    shown = [*said(page), *labels(page), *(element.value for element in elements)]
    assert not test_nothing_leaks.planted_in("\n".join(shown).encode())
