"""The campaign that ships: whole, of one text, public, and the law that it carries."""

import json
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from engine.decision.fitted import MEASURED_GPT
from engine.law.fit import fit
from engine.law.observations import point_of
from engine.pilot import starts
from engine.pilot.learning_rate import fit_rule
from engine.pilot.sweeps import gridfile
from engine.pilot.text.docstrings import PACKAGES
from engine.runs.curves import points
from engine.runs.evidence import evidence
from engine.runs.fine_tuned import method_of, tuned_family
from engine.runs.log import COMMITTED, RunLog
from engine.runs.record import Provenance

DATA = Path(__file__).resolve().parents[2] / "data"
SHIPPED = re.compile(r"^!/data/runs/(runs-[0-9a-f]{32}\.parquet)$", re.MULTILINE)
OTHER_TEXT = "gpt-bytes-python-source"
FORM = "limits"
"""The one of which data/CAMPAIGN.md tells how it predicts."""
FINE_TUNING = "fine-tuning.toml"
PLANS = ("campaign.toml", "long-runs.toml", "batch-32.toml", "batch-512.toml")


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """The log of what comes with the source, whatever an installation has added."""
    folder = tmp_path_factory.mktemp("runs")
    for name in SHIPPED.findall((DATA.parent / ".gitignore").read_text()):
        (folder / name).write_bytes((COMMITTED / name).read_bytes())
    return RunLog.open(folder)


@pytest.fixture(scope="module")
def records(shipped):
    return shipped.records(family=MEASURED_GPT)


def assert_all_there(records, *plans, tuned=False):
    """Every run of the plans is among the records, and none else; of a plan that fine-tunes as
    well, either those runs or the others."""
    asked = Counter(
        (
            s.config.model_size,
            s.config.batch_size,
            s.config.iterations,
            s.noise_batch_ratio,
            s.learning_rate,
            s.seed,
            None if s.start is None else (s.start.name, s.start.lora_rank),
        )
        for plan in plans
        for s in gridfile.parse((DATA / plan).read_text()).settings(
            vocabulary_size=256, data_budget=units_of(records)
        )
        if (s.start is not None) is tuned
    )
    found = Counter(
        (
            r.model_size,
            r.batch_size,
            r.iterations,
            r.noise_batch_ratio,
            r.learning_rate,
            r.seed,
            None if (method := method_of(r.source)) is None else (method.start, method.lora_rank),
        )
        for r in records
    )
    assert found == asked


def units_of(records):
    (units,) = {json.loads(record.versions)["units"] for record in records}
    return units


def test_every_run_of_the_plans_is_there_and_none_else(records, shipped):
    assert_all_there(records, *PLANS)
    assert_all_there(shipped.records(family=OTHER_TEXT), "second-corpus.toml", FINE_TUNING)
    assert_all_there(shipped.records(family=tuned_family(OTHER_TEXT)), FINE_TUNING, tuned=True)


def test_fine_tunings_begin_from_the_starts_that_ship(shipped):
    for record in shipped.records(family=tuned_family(OTHER_TEXT)):
        told = json.loads(record.versions)["start"]
        start = starts.read(told["name"])
        assert (told["sha256"], record.model_size) == (start.sha256, start.card.model_size)


def test_the_documents_count_them(records, shipped):
    other = shipped.records(family=OTHER_TEXT)
    for document, said in (
        ("data/CAMPAIGN.md", f"# The campaign: {len(records)} small trainings on two CPU cores"),
        ("data/CAMPAIGN.md", f"and {len(other)} on another text"),
        ("docs/method.md", f"our own campaign of {len(records)} small trainings"),
        ("docs/pilots.md", f"{len(records)} trainings of ours on public text"),
        ("CHANGELOG.md", f"a campaign of {len(records)} runs"),
    ):
        text = (DATA.parent / document).read_text("utf-8")
        assert said in " ".join(text.split()), document


def not_needed(**_):
    raise AssertionError("every run of the campaign states its noise")


def test_the_campaign_counts_its_points(records):
    counted = evidence(records, noise_multiplier=not_needed)
    frame = counted.frame
    compute = frame["compute_flops"]
    said = (
        f"({len(frame)} points of {counted.runs} runs, "
        f"{compute.min():.1e} to {compute.max():.1e} FLOPs)"
    ).replace("e+", "e")
    assert said in " ".join((DATA / "CAMPAIGN.md").read_text("utf-8").split())


def test_runs_are_measured_on_one_public_text_and_promise_nothing(records):
    assert {record.provenance for record in records} == {Provenance.MEASURED}
    assert {json.loads(record.versions)["corpus"] for record in records} == {
        "fc259fc1bdce6ae87a6b668392187d3e9a86320bc9b36bc3a51a410211e1a90d"
    }
    for record in records:
        assert record.seed is not None and record.epsilon is None
        assert record.hardware and record.curve[-1] == (record.iterations, record.cross_entropy)


def test_the_text_was_that_of_pinned_packages():
    assert "torch" in PACKAGES and "streamlit" in PACKAGES


def test_more_noise_is_never_clearly_better(records):
    """Up to the scatter of seeds, about 1 %, on either side, and cells with a single rate."""
    by_place: dict[tuple[int, int, int], list[tuple[float, float]]] = {}
    for point in points(records):
        place = point.best.model_size, point.best.batch_size, point.iterations
        by_place.setdefault(place, []).append((point.noise_batch_ratio, point.cross_entropy))
    worst = 0.0
    for group in by_place.values():
        losses = np.array([loss for _, loss in sorted(group)])
        worst = max(worst, float(np.max(np.maximum.accumulate(losses) / losses)))
    assert worst < 1.04


def test_the_law_predicts_the_largest_runs_that_it_did_not_see(records):
    """data/CAMPAIGN.md states the errors; here only that they stay of that kind."""
    longest = [record for record in records if record.seed == 2 and record.iterations != 512]
    assert len(longest) == 16
    rest = [record for record in records if record not in longest]
    seen, unseen = (evidence(group, noise_multiplier=not_needed).frame for group in (rest, longest))
    law = fit(seen, form=FORM, resamples=0).law
    beyond = unseen[unseen["compute_flops"] > seen["compute_flops"].max()]
    assert len(beyond) >= 5
    errors = np.abs(np.log(law.cross_entropy(*point_of(beyond)) / beyond["cross_entropy"]))
    assert np.median(errors) < 0.06 and errors.max() < 0.12
    errors = np.abs(law.cross_entropy(*point_of(beyond)) / beyond["cross_entropy"] - 1)
    said = (
        f"{len(beyond)} points are predicted with a median error of {100 * np.median(errors):.1f} "
        f"%, the worst with {100 * errors.max():.1f} %"
    )
    assert said in " ".join((DATA / "CAMPAIGN.md").read_text("utf-8").split())


def test_a_law_of_two_batches_predicts_the_third_better_if_it_counts_drawing(records):
    frame = evidence(records, noise_multiplier=not_needed).frame
    third = frame[frame["batch_size"] == 128]
    assert len(third) > 50
    errors = []
    for rows in (frame, frame.assign(drawn_batch_size=np.nan)):
        law = fit(rows[rows["batch_size"] != 128], form=FORM, resamples=0).law
        asked = np.log(law.cross_entropy(*point_of(third)) / third["cross_entropy"])
        errors.append(np.abs(asked).mean())
    assert errors[0] < 0.9 * errors[1]


def test_there_is_a_rule_for_learning_rates(records):
    rule = fit_rule(records)
    assert rule.cells >= 12 and rule.spread < 0.3
    asked = {"batch_size": 256, "noise_batch_ratio": 2**-9, "iterations": 512}
    small, large = (rule.learning_rate(model_size=size, **asked) for size in (15e3, 3e5))
    assert 2**-8 <= large < small <= 2**-4
