"""Which imported runs are evidence, of what, and what is missing where they are not enough."""

import itertools
from dataclasses import replace
from datetime import timedelta

import pytest

from engine.accounting.search import noise_multiplier
from engine.errors import InputError
from engine.loss_unit import Measure, unit_of
from engine.runs.imports.importing import store
from engine.runs.imports.selection import Carries, select
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
