"""What the Pilot page says: honest either way, exact where it matters, in both languages."""

import time
from dataclasses import replace

import pytest

from dashboard.answers.expected import Expected
from dashboard.pilot import charts as pilot_charts
from dashboard.pilot import entries as pilot_entries
from dashboard.pilot import facts as pilot_facts
from dashboard.pilot import labels as pilot_labels
from dashboard.pilot import provenance, revision
from dashboard.pilot import wording as pilot_wording
from dashboard.state import link
from dashboard.ui.chart import Chart
from dashboard.ui.colours import DARK, LIGHT
from engine.code_version import code_version
from engine.config import Sampling
from engine.cost import DEFAULTS
from engine.decision.pilot_law import Revision
from engine.errors import InputError
from engine.interval import Interval
from engine.pilot.audits.audit import Audit, Finding, Method
from engine.pilot.compiling import Trial
from engine.pilot.dpsgd import progress
from engine.pilot.plan import CorpusSource, Transfer
from engine.pilot.running import standing
from engine.pilot.running.folder import RESULT_FILE, folder_of
from engine.pilot.running.standing import Entry
from engine.pilot.running.status import State, Status
from engine.pilot.running.text_total import Promised
from engine.pilot.text import refusals
from engine.pilot.verdict import Outcome, Saving, verdict
from engine.text import catalogues
from engine.text.i18n import LANGUAGES, Words
from tests.dashboard import made_pilots as made

EN, JA = Words("en"), Words("ja")
PLAN = made.plan()
LETTERS = CorpusSource(kind="csv", path="letters.csv")
SMALL = "the docstrings"


def judged(plan=PLAN, **shifts):
    return verdict(plan, made.results(plan, **shifts))


def entry(plan=PLAN, state=State.FINISHED, **shifts) -> Entry:
    done = made.results(plan, **shifts) if state is State.FINISHED else []
    return Entry(
        plan_id=plan.plan_id,
        plan=plan,
        status=made.status(plan, state),
        results=tuple(done),
    )


@pytest.mark.parametrize(
    ("shift", "begin"),
    [(0.0, "Confirmed: "), (0.3, "Worse than predicted: "), (-0.3, "Better than predicted: ")],
)
def test_the_verdict_says_how_measured_and_predicted_stand(shift, begin):
    said = pilot_wording.verdict(judged(shift=shift, rule_shift=shift), EN)
    assert said.startswith(begin) and "2.90–3.14 predicted." in said
    assert "The usual rule needed" in said


def test_without_a_law_nothing_is_claimed_of_a_prediction():
    said = pilot_wording.verdict(judged(made.plan(predicted=False)), EN)
    assert "nothing was predicted" in said and "onfirmed" not in said


@pytest.mark.parametrize(
    ("factor", "at_least", "said"),
    [
        (6.2, False, "The usual rule needed 6.2× the compute for the same loss."),
        (6.2, True, "The usual rule needed at least 6.2× the compute for the same loss."),
        (0.5, False, "The usual rule was better: the recommendation needed 2× the compute"),
        (0.5, True, "The usual rule was better: the recommendation needed at least 2×"),
        (1.02, False, "The usual rule did as well with the same compute."),
        (0.98, False, "The usual rule did as well with the same compute."),
        (1.02, True, "The usual rule needed at least 1× the compute"),
    ],
)
def test_the_saving_either_way(factor, at_least, said):
    found = Saving(factor=factor, at_least=at_least, difference=0.1)
    assert (pilot_wording.saving(found, EN, is_weak=False) or "").startswith(said)
    assert pilot_wording.saving(found, JA, is_weak=False)


@pytest.mark.parametrize("at_least", [True, False])
@pytest.mark.parametrize("factor", [6.2, 0.5, 1.02, 0.98])
def test_after_a_plan_that_was_no_test_the_title_finds_nothing(factor, at_least):
    found = replace(
        judged(replace(PLAN, apart=0.39)),
        saving=Saving(factor=factor, at_least=at_least, difference=0.1),
    )
    said = pilot_wording.verdict(found, EN)
    assert "No test of the usual rule: as measured" in said and "may be chance" in said
    assert "The usual rule" not in said and "was better" not in said
    japanese = pilot_wording.verdict(found, JA)
    assert "検証になりません" in japanese and "優れていました" not in japanese


def test_without_the_rule_there_is_no_saving():
    plan = made.plan(with_rule=False)
    assert pilot_wording.saving(judged(plan).saving, EN, is_weak=False) is None
    assert "usual rule" not in pilot_wording.verdict(judged(plan), EN)


def test_a_loss_just_outside_its_interval_does_not_read_as_inside():
    measured = replace(
        judged().arms[0],
        predicted=Interval(value=3.0, low=2.9, high=3.1, level=0.9),
        cross_entropy=3.1004,
        outcome=Outcome.WORSE,
    )
    assert pilot_wording.compared(measured) == ("3.1004", "2.9000", "3.1000")
    assert "3.1004 measured" in pilot_wording.outcome(measured, EN)
    inside = replace(measured, cross_entropy=3.0996, outcome=Outcome.CONFIRMED)
    assert pilot_wording.compared(inside) == ("3.10", "2.90", "3.10")


def test_what_the_verdict_rests_on():
    assert "chance is not averaged out" in pilot_wording.caveats(judged(), EN)
    several = judged(made.plan(repeats=3), shift=0.3)
    assert pilot_wording.caveats(several, EN).startswith("Means of 3 trainings of each arm. Refit")
    lost = verdict(PLAN, made.results(PLAN, lost=6))
    assert "12 steps were lost to interruptions" in pilot_wording.caveats(lost, EN)


def transferred(runs, **other):
    return made.plan(source=LETTERS, transferred_runs=runs, **other)


@pytest.mark.parametrize(
    ("runs", "shift", "begin"),
    [
        (0, 0.0, "Measured: 3.03, inside 2.90–3.14: too wide a range to confirm anything. "),
        (0, 0.3, "Worse than predicted: "),
        (0, -0.3, "Better than predicted: "),
        (2, 0.0, "Confirmed: 3.03 measured, 2.90–3.14 predicted."),
    ],
)
def test_a_transferred_prediction_says_so_in_its_verdict(runs, shift, begin):
    said = pilot_wording.verdict(judged(transferred(runs), shift=shift, rule_shift=shift), EN)
    assert said.startswith(begin)
    assert (
        f"The prediction was transferred from {SMALL}, moved by {runs} runs of this text." in said
    )
    assert ("onfirmed" in said) == (runs > 0 and not shift)
    assert provenance.source_name("gpt-bytes-notes", EN) == "gpt-bytes-notes"


def test_a_plan_of_before_laws_were_transferred_names_no_source():
    said = pilot_wording.verdict(judged(made.plan(source=LETTERS, predicted=False)), EN)
    assert "nothing was predicted" in said and "transferred" not in said


@pytest.mark.parametrize("words", [EN, JA], ids=LANGUAGES)
def test_wherever_a_transferred_prediction_is_shown_it_is_called_so(words):
    plan = transferred(1)
    origin, found = provenance.transferred(plan.transfer, words), judged(plan)
    assert provenance.source_name(made.FAMILY, words) in origin and "{" not in origin
    drawn = [
        pilot_charts.watch(
            plan.arms[0], made.curve(plan.arms[0]), [], None, words, LIGHT, transfer=plan.transfer
        ),
        pilot_charts.result(plan, made.results(plan), found, words, LIGHT),
    ]
    assert all(origin in chart.alt for chart in drawn)
    shown = "".join(note.text for note in drawn[0].figure.layout.annotations)
    assert (words.say("Predicted, transferred: {range}", range="")).rstrip() in shown
    names = [trace.name for trace in drawn[1].figure.data]
    for arm in plan.arms:
        name = pilot_labels.arm(arm.name, words)
        assert words.say("{arm}: predicted, transferred", arm=name) in names
    for told in (
        provenance.what_is_predicted(plan, words),
        pilot_wording.under_way(made.status(plan, State.TRAINING), plan, words),
        "".join(pilot_facts.arms(plan, words)[words.say("Figure")]),
        "".join(pilot_facts.measured(plan, found, made.results(plan), words)[words.say("Figure")]),
        "".join(value for _, value in pilot_facts.terms(plan, DEFAULTS, words)),
        "".join(pilot_entries.history([entry(plan)], None, words)[words.say("Outcome")]),
    ):
        assert told is not None and origin in told


def test_what_a_plan_says_of_its_prediction():
    assert provenance.what_is_predicted(PLAN, EN) is None
    nothing = provenance.what_is_predicted(made.plan(predicted=False), EN)
    assert nothing == "There is no law of this text yet: nothing is predicted."
    first, second = (provenance.what_is_predicted(transferred(runs), EN) or "" for runs in (0, 1))
    assert "can refute it, not confirm it" in first and "refute" not in second
    assert second.endswith("moved by 1 run of this text.")


def test_other_code_than_the_plan_s_is_said_of_what_goes_on_and_of_what_ended(monkeypatch):
    old = made.plan(code_version="a" * 12)
    now = code_version()
    for plan, status, told in (
        (old, made.status(old, State.PAUSED), True),  # resuming would
        (old, made.status(old, State.TRAINING, code_version=now), True),
        (old, made.status(old, State.TRAINING, code_version="a" * 12), False),
        (old, made.status(old, State.FINISHED), False),  # a status of before does not know
        (PLAN, made.status(PLAN, State.PAUSED, code_version="a" * 12), False),
    ):
        said = provenance.changed_now(plan, status, EN) or ""
        assert bool(said) is told
        assert not told or (f"planned by the code {'a' * 12}" in said and now in said)
    assert provenance.changed_code(old, judged(old).other_code, EN)
    assert provenance.changed_code(PLAN, judged().other_code, EN) is None


def test_promises_add_up_and_are_rounded_up():
    said = pilot_wording.plan_promise(made.plan(repeats=2), EN)
    assert said.startswith("Each training keeps ε ≤ 4. Whoever sees all 4 is promised ε ≤ 16")
    assert "4 × 10⁻⁸" in said
    alone = pilot_wording.plan_promise(made.plan(with_rule=False), EN)
    assert alone == "Each training keeps ε ≤ 4."
    assert pilot_wording.epsilon(7.981) == "7.99"


@pytest.mark.parametrize("state", [s for s in State if s is not State.FINISHED])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_state_has_its_sentence(state, language):
    said = pilot_wording.watching(made.status(PLAN, state), Words(language))
    assert said and "{" not in said


def test_a_training_says_how_far_it_is_and_when_it_says_nothing(monkeypatch):
    status = made.status(PLAN, State.TRAINING)
    now = status.heartbeat
    monkeypatch.setattr(time, "time", lambda: now + 1)
    assert pilot_wording.watching(status, EN) == "Training: 41% done, about 3 minutes left."
    monkeypatch.setattr(time, "time", lambda: now + 300)
    assert "no word" in pilot_wording.watching(status, EN)


def test_figures_of_progress():
    shown = pilot_facts.progress(made.status(PLAN, State.TRAINING), PLAN, EN)
    assert [metric.value for metric in shown] == ["297", "412,000", "2.87", "3 minutes"]
    assert shown[2].detail == "of 3.997 for this training"
    for used, said in ((True, ", compiled: 1.25 times as fast"), (False, "")):
        trial = Trial(times=1.25, seconds=40.0, steps=900, is_used=used)
        status = replace(made.status(PLAN, State.TRAINING), compiled=trial)
        assert pilot_facts.progress(status, PLAN, EN)[1].detail == f"tokens a second{said}"
    nothing = pilot_facts.progress(Status(state=State.QUEUED), PLAN, EN)
    assert [metric.value for metric in nothing] == ["0", "–", "–", "–"]
    steps = PLAN.arms[0].settings.config.iterations
    assert nothing[0].detail == f"of {steps:,}", "what the plan says, before the runner does"


def test_an_audit_below_the_promise_and_one_above():
    audit = Audit(
        lower_bound=0.8,
        delta=1e-8,
        confidence=0.95,
        canaries=1000,
        guesses=300,
        correct=190,
        auc=0.61,
        ceiling=5.1,
        method=Method.CANARIES,
    )
    weak = replace(audit, lower_bound=0.2)
    results = made.results(made.plan(repeats=2))
    for result, held in zip(results, (weak, None, audit.to_dict(), None), strict=True):
        object.__setattr__(result, "audit", held)
    shown = replace(entry(made.plan(repeats=2)), results=tuple(results))
    found = pilot_entries.audited(shown)
    assert [(name, a.lower_bound) for name, a, _ in found] == [("recommended", 0.8)]
    ((said, finding),) = pilot_wording.audits(found, EN)
    assert (
        finding is Finding.HELD
        and "ε ≥ 0.80 with 95% confidence" in said
        and "within the promised 4" in said
    )
    ((said, finding),) = pilot_wording.audits([("rule", audit, 0.5)], EN)
    assert finding is Finding.BROKEN and "Do not use the model" in said
    mute = replace(audit, lower_bound=0.0, ceiling=2.55, canaries=100)
    ((said, finding),) = pilot_wording.audits([("rule", mute, 3.97)], EN)
    assert finding is Finding.SILENT and "no test of the promise" in said
    near = replace(mute, lower_bound=1.239, confidence=0.975, ceiling=2.559)
    ((told, _),) = pilot_wording.audits([("rule", near, 3.97)], EN)
    assert "ε ≥ 1.23 with 97.5% confidence" in told and "have shown 2.55," in told, "never more"
    enough = mute.candidates_to_refute(3.97)
    assert enough is not None and f"at least {enough:,} units, here 100" in said
    ((said, _),) = pilot_wording.audits([("rule", mute, 60.0)], EN)
    assert "up to 100,000 units" in said
    assert pilot_entries.audited(entry()) == []


def _revision(**changes):
    first = PLAN.arms[0]
    return replace(
        Revision(
            before=first.settings.config,
            before_loss=first.predicted,
            after=replace(first.settings.config, model_size=40_000),
            after_loss=first.predicted,
            same_loss=first.predicted,
            runs=83,
            own=2,
            evidence_hash="c2" * 32,
            transfer=None,
        ),
        **changes,
    )


def test_how_the_decision_moved():
    found = _revision()
    assert "moved from 60,600 to 40,000 parameters" in revision.revision(found, EN)
    assert "83 runs, of which this pilot's are 2." in revision.evidence_now(found, PLAN, EN)
    table = revision.table(found, PLAN, EN)
    assert table["Before"][0] == "60,560" and table["After"][0] == "40,000"
    stays = _revision(after=found.before, evidence_hash=PLAN.evidence_hash)
    assert "stays where it was" in revision.revision(stays, EN)
    assert "only an update of Kessai" in revision.evidence_now(stays, PLAN, EN)
    steps = _revision(after=replace(found.before, iterations=1_000))
    assert "keeps its model size" in revision.revision(steps, EN)
    assert "3.03 was measured" in revision.expected_now(found, 3.03, EN)
    own = made.plan(source=LETTERS)
    moved = _revision(transfer=Transfer(source=made.FAMILY, runs=2))
    assert revision.evidence_now(moved, own, EN).startswith(
        f"The law of this text is now transferred from {SMALL}, moved by 2 runs of this text,"
    )
    assert f"Predicted loss, transferred from {SMALL}, moved by 2 runs" in "".join(
        revision.table(moved, own, EN)["Figure"]
    )
    assert "gpt-bytes-letters" in revision.other_family(own, EN)


def test_the_pilot_on_show():
    first, second = entry(), entry(made.plan(epsilon=8.0), State.TRAINING)
    assert pilot_entries.on_show([first, second], None) is second
    assert pilot_entries.on_show([first], None) is first
    assert pilot_entries.on_show([], None) is None
    assert pilot_entries.on_show([first, second], link.NEW_PILOT) is None
    assert pilot_entries.on_show([first, second], first.plan_id) is first
    assert pilot_entries.on_show([first], "0" * 16) is None


def test_history_says_what_became_of_each():
    gone = Entry(plan_id="0" * 16, plan=None, status=Status(state=State.PLANNED), results=())
    entries = [entry(), entry(rule_shift=-1.0), entry(state=State.CANCELLED), gone]
    shown = pilot_entries.history(entries, "Asia/Tokyo", EN)
    assert shown["Date"][0] == "2026-11-24 18:29"
    assert shown["Outcome"] == ["confirmed", "confirmed", "cancelled", "planned"]
    assert shown["Saving"][2:] == ["–", "–"]
    assert float(shown["Saving"][1].rstrip("×")) < 1 < float(shown["Saving"][0].rstrip("×"))
    for unknown in (None, "Mars/Olympus", "../etc"):
        assert pilot_entries.history(entries, unknown, EN)["Date"][0] == "2026-11-24 09:29"


def test_a_missing_result_is_no_verdict():
    lost = replace(entry(), results=())
    assert pilot_entries.verdict_of(lost) is None
    assert "Expected 2 finished trainings, found 0" in (pilot_entries.incomplete(lost, EN) or "")
    assert pilot_entries.incomplete(entry(), EN) is None


def test_a_training_that_cannot_be_read_is_not_said_to_be_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("KESSAI_PILOTS", str(tmp_path))
    lost = replace(entry(), results=())
    # Nobody may read it; root may read all but a folder.
    (folder_of(lost.plan_id).training_folder("rule", 0) / RESULT_FILE).mkdir(parents=True)
    said = pilot_entries.incomplete(lost, EN) or ""
    assert "Expected to read the training rule-0 of the pilot" in said and "found 0" not in said


def test_price_and_time_are_inverse():
    seconds = pilot_facts.affordable(pilot_facts.price(300.0, DEFAULTS), DEFAULTS)
    assert seconds == pytest.approx(300.0)
    assert pilot_facts.price(3600.0, DEFAULTS) == pytest.approx(600.0)


def test_the_terms_of_a_plan():
    rows = dict(pilot_facts.terms(PLAN, DEFAULTS, EN))
    assert rows["Price"] == "¥49 at $4 an hour"
    assert rows["ε of all trainings together"] == "8"
    assert rows["Plan, frozen before the first step"] == PLAN.plan_id
    assert "each document joins" in rows["Sampling"]
    arms = pilot_facts.arms(PLAN, EN)
    assert list(arms) == ["Figure", "Recommended", "Usual rule"]
    assert arms["Usual rule"][0] == "150,416"


def test_losses_with_their_errors():
    plan = made.plan(repeats=3)
    table = pilot_facts.measured(plan, judged(plan), made.results(plan), EN)
    assert table["Recommended"][0] == "3.04 ± 0.006" and table["Recommended"][3] == "3.01 ± 0.006"
    alone = pilot_facts.measured(PLAN, judged(), made.results(PLAN), EN)
    begun = replace(PLAN, start_cross_entropy=5.25)
    first = pilot_facts.measured(begun, judged(), made.results(PLAN), EN)
    assert [column[0] for column in first.values()][:2] == [
        "Loss of the public model before any step",
        "5.25",
    ]
    assert {name: cells[1:] for name, cells in first.items()} == alone
    assert "±" not in "".join(alone["Recommended"])


def test_who_is_protected():
    table = CorpusSource(kind="csv", path="letters.csv", unit_column="customer")
    assert pilot_labels.privacy_unit(table) == "person"
    assert pilot_labels.privacy_unit(replace(table, unit_column=None)) == "document"
    assert pilot_labels.privacy_unit(CorpusSource(kind="docstrings")) == "document"


def test_the_engine_s_own_sentences_can_be_translated():
    """Those that it does not raise as an InputError with a literal are listed by hand."""
    said = {catalogue_id for catalogue_id in catalogues.collect() if isinstance(catalogue_id, str)}
    assert standing.DIED in said
    stopped = progress.StoppedError.__subclasses__()
    assert {kind.sentence for kind in stopped} <= said
    reasons = [name for name in dir(refusals) if name.isupper() and not name.startswith("_")]
    texts = {getattr(refusals, n) for n in reasons if isinstance(getattr(refusals, n), str)}
    assert texts <= pilot_labels.REASONS.keys()


def test_a_reason_in_japanese():
    status = Status(state=State.INTERRUPTED, reason=standing.DIED)
    assert "チェックポイント" in pilot_labels.reason(status, JA)
    assert pilot_labels.reason(Status(state=State.PAUSED), JA) == ""
    refused = InputError(
        "The budget affords less than {steps} steps of one example: choose a larger one.", steps=64
    )
    assert "python -m engine sweep" in pilot_wording.no_law(refused, EN)


def test_what_is_prepared_and_what_was_left_out():
    said = pilot_facts.prepared(made.prepared(), "document", EN)
    assert said.startswith("Docstrings: 32,000 documents to train on and 1,680 held out")
    assert (
        pilot_facts.left_out(made.prepared(), EN) == "Left out: 214 too short, 1,067 said before."
    )
    assert pilot_facts.left_out(replace(made.prepared(), refused=()), EN) is None


@pytest.mark.parametrize("words", [EN, JA], ids=LANGUAGES)
@pytest.mark.parametrize("colours", [LIGHT, DARK])
def test_charts_and_what_they_say_without_eyes(words, colours):
    arm = PLAN.arms[0]
    drawn = pilot_charts.watch(
        arm, made.curve(arm, upto=0.4), [made.curve(arm)], None, words, colours
    )
    assert isinstance(drawn, Chart) and "2.90" in drawn.alt
    kinds = {trace.name: trace for trace in drawn.figure.data}
    assert kinds["diamond"].error_y.array[0] == pytest.approx(
        arm.predicted.high - arm.predicted.value
    )
    empty = pilot_charts.watch(made.plan(predicted=False).arms[0], (), [], None, words, colours)
    assert "–" in empty.alt
    found = judged()
    end = pilot_charts.result(PLAN, made.results(PLAN), found, words, colours)
    assert pilot_wording.verdict(found, words) in end.alt
    gap = next(trace for trace in end.figure.data if trace.name == "saving")
    assert gap.x[1] / gap.x[0] == pytest.approx(found.saving.factor)
    assert gap.y[0] == pytest.approx(found.arms[1].cross_entropy)


def test_the_gap_when_the_rule_was_better_lies_at_the_recommendation_s_loss():
    found = judged(rule_shift=-1.0)
    drawn = pilot_charts.result(PLAN, made.results(PLAN, rule_shift=-1.0), found, EN, LIGHT)
    gap = next(trace for trace in drawn.figure.data if trace.name == "saving")
    assert found.saving.factor < 1
    assert gap.y[0] == pytest.approx(found.arms[0].cross_entropy)
    assert gap.x[1] / gap.x[0] == pytest.approx(1 / found.saving.factor)


def test_the_law_s_band_is_drawn_in_the_arm_s_colour():
    import numpy as np

    steps = np.array([64.0, 128.0, 145.0])
    expected = Expected(iterations=steps, value=steps, low=steps - 1, high=steps + 1)
    arm = PLAN.arms[1]
    drawn = pilot_charts.watch(arm, made.curve(arm), [], expected, EN, LIGHT)
    band = drawn.figure.data[0]
    assert band.fillcolor == LIGHT.faint(LIGHT.rule)


def test_promises_on_one_text_add_up_in_words():
    found = Promised(trainings=4, epsilon=15.9312, delta=4e-8)
    assert pilot_wording.promised_before(found, EN) == (
        "Trainings of other pilots on this text: 4, which together promised ε ≤ 16 at δ = 4 × "
        "10⁻⁸. For whoever sees all of them it adds up."
    )
    none = Promised(trainings=0, epsilon=0.0, delta=0.0)
    assert pilot_wording.promised_before(none, EN) is None


@pytest.mark.parametrize(
    ("change", "english", "japanese"),
    [
        (
            {"bands": 4},
            "Poisson within one of 4 groups that take turns; noise correlated over 4 steps",
            "4ステップにわたり相関",
        ),
        (
            {
                "sampling": Sampling.TRUNCATED_POISSON,
                "data_budget": 32_000,
                "largest_batch": 233,
            },
            "each document joins each batch by chance; batches cut at 233",
            "233件で打ち切り",
        ),
        ({}, "Poisson: each document joins each batch by chance", "確率的に加わる"),
    ],
)
def test_the_mechanism_of_a_plan_is_told(change, english, japanese):
    arm = PLAN.arms[0]
    mechanism = replace(arm.certificate.mechanism, **change)
    certificate = replace(arm.certificate, mechanism=mechanism)
    plan = replace(PLAN, arms=(replace(arm, certificate=certificate), *PLAN.arms[1:]))
    assert english in dict(pilot_facts.terms(plan, DEFAULTS, EN))["Sampling"]
    assert any(japanese in value for _, value in pilot_facts.terms(plan, DEFAULTS, JA))
