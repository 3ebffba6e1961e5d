"""Which imported runs are evidence, of what, and what is missing where they are not enough."""

import itertools
from dataclasses import replace
from datetime import timedelta

import pytest

from engine.accounting.search import noise_multiplier
from engine.errors import InputError
from engine.loss_unit import Measure, unit_of
from engine.runs.importers.published import published_records
from engine.runs.imports.importing import store
from engine.runs.imports.selection import Carries, Choice, chosen, remaining, select
from engine.runs.log import RunLog
from engine.runs.removal import Chosen, delete
from tests.runs.imports.conftest import WHEN

HEAD = "run,model_size,batch_size,iterations,sequence_length,sigma,vocab_size,loss\n"


def table(sizes=(1e7, 3e7, 1e8), steps=(1000, 4000), sigmas=(0, 1, 2)) -> str:
    rows: list[str] = []
    for size, step, sigma in itertools.product(sizes, steps, sigmas):
        loss = 1.8 + 400 / size**0.34 + 9 / step**0.3 * (1 + sigma / 8)
        rows.append(f"r{len(rows)},{size:.0f},1024,{step},256,{sigma},50257,{loss:.4f}")
    return HEAD + "\n".join(rows)


def selected(log, **options):
    return select(log, "runs", noise_multiplier, **options)


def test_sizes_steps_and_noises_carry_a_law(imported, log):
    imported(table(), stored=True)
    found = selected(log)
    assert (found.carries, found.evidence.runs, found.left_out) == (Carries.LAW, 18, ())
    assert len(found.evidence.sha256) == 64


def test_runs_without_noise_carry_its_part(imported, log):
    imported(table(steps=(500, 1000, 4000), sigmas=(0,)), stored=True)
    assert selected(log).carries is Carries.NOISELESS


def test_tokens_alone_carry_the_law_of_tokens(imported, log):
    rows = [f"{size},{ratio * size},3" for size in (10**7, 10**8, 10**9) for ratio in (5, 20, 80)]
    imported("N,D,loss\n" + "\n".join(rows), stored=True)
    found = selected(log)
    assert (found.carries, found.evidence.runs) == (Carries.TOKENS, 9)


@pytest.mark.parametrize(
    "few", [{"sizes": (1e7, 3e7)}, {"sigmas": (0, 1)}, {"steps": (1000,), "sigmas": (0, 1)}]
)
def test_too_few_are_refused_with_what_is_missing(imported, log, few):
    imported(table(**few), stored=True)
    with pytest.raises(InputError, match=r"at least 8 points at 3 model sizes and 3 noise-batch"):
        selected(log)


def test_runs_are_left_out_by_name_and_by_id(imported, log):
    found = imported(table(), stored=True)
    first, second = found.runs[:2]
    less = selected(log, without=[first.name, second.run_id[:8]])
    assert {one.run for one in less.left_out} == {"r0", "r1"}
    assert less.evidence.runs == 16
    assert less.evidence.sha256 != selected(log).evidence.sha256
    with pytest.raises(InputError, match=r"behind --without, got r99"):
        selected(log, without=["r99"])


def test_suspicious_runs_are_left_out_and_named(imported, log):
    text = table().replace("r4,10000000,", "r4,10,")
    imported(text, stored=True)
    (left,) = selected(log).left_out
    assert (left.run, left.reason) == ("r4", "unit-suspect")


def test_a_suspicious_run_is_taken_in_by_name(imported, log):
    imported(table().replace("r4,10000000,", "r4,10,"), stored=True)
    found = selected(log, also=["r4"])
    assert found.left_out == () and found.is_chosen
    assert found.evidence.runs == selected(log).evidence.runs + 1
    with pytest.raises(InputError, match=r"behind --with, got r99"):
        selected(log, also=["r99"])


def test_what_a_choice_leaves_is_counted_as_the_evidence_is(imported, log):
    imported(table().replace("r4,10000000,", "r4,10,"), stored=True)
    everything = remaining(log, "runs", Choice(), noise_multiplier)
    assert (everything.runs, everything.points, everything.sizes, everything.noises) == (
        17,
        17,
        3,
        3,
    )
    assert everything.carries is Carries.LAW and everything.refusal is None
    choice = chosen(log, "runs", without=["r0", "r1"], also=["r4"])
    left = remaining(log, "runs", choice, noise_multiplier)
    found = selected(log, without=["r0", "r1"], also=["r4"])
    frame = found.evidence.frame
    assert (left.runs, left.points) == (found.evidence.runs, len(frame)) == (16, 16)
    assert left.sizes == frame["model_size"].nunique()
    assert left.noises == frame["noise_batch_ratio"].nunique()
    small = chosen(log, "runs", without=[f"r{n}" for n in range(12)])
    few = remaining(log, "runs", small, noise_multiplier)
    assert few.carries is None and few.sizes == 1
    with pytest.raises(InputError) as refused:
        selected(log, without=small.without)
    assert few.refusal == refused.value


def test_evidence_that_ships_is_held_to_the_same_counts():
    with RunLog.open(published=published_records()) as log:
        runs = [str(row["run_id"]) for row in log.outlines() if row["family"] == "published-bert"]
        whole = remaining(log, "published-bert", Choice(), noise_multiplier)
        fitted = select(log, "published-bert", noise_multiplier).evidence
        assert (whole.runs, whole.points) == (fitted.runs, len(fitted.frame))
        few = remaining(log, "published-bert", Choice(without=tuple(runs[3:])), noise_multiplier)
    assert few.refusal is not None and few.runs <= 3


def test_a_corrected_run_is_doubted_no_more(imported, log):
    """The import that brought the doubtful row still stands: it brought other runs too."""
    rows = table().splitlines()
    rows[5] = rows[5].rsplit(",", 1)[0] + ",0.0001"
    imported("\n".join(rows), name="runs.csv", family="runs", stored=True)
    (doubted,) = [one.run_id for one in selected(log).left_out]
    delete(log, Chosen(runs=(doubted,)), at=WHEN)
    right = [table().splitlines()[n] for n in (0, 5)]
    again = imported("\n".join(right), name="right.csv", family="runs")
    later = replace(again.entry, created_at=(WHEN + timedelta(days=1)).isoformat())
    store(log, replace(again, entry=later))
    found = selected(log)
    assert found.left_out == () and doubted in set(found.evidence.frame["run_id"])


def test_the_unit_is_known_wherever_the_evidence_is(imported, log):
    imported(table(), stored=True, family="per-byte", loss_unit=Measure.NATS_PER_BYTE)
    assert unit_of("per-byte").measure is Measure.NATS_PER_TOKEN
    select(log, "per-byte", noise_multiplier)
    assert unit_of("per-byte").measure is Measure.NATS_PER_BYTE


def test_an_unknown_family_is_refused_with_those_there_are(imported, log):
    imported(table(), stored=True)
    with pytest.raises(InputError, match=r"an evidence among runs, got others"):
        select(log, "others", noise_multiplier)
