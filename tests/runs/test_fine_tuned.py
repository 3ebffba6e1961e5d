"""Records of fine-tunings: told apart, with what moved and what they began from."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.accounting.search import noise_multiplier
from engine.errors import InputError
from engine.pilot.ladder import parameter_count, shape_for, trainable_count
from engine.runs.checks import canonical_json
from engine.runs.fine_tuned import Method, method_of, tuned_family, tuned_points, tuned_source
from engine.runs.imports.selection import select
from engine.runs.log import RunLog
from engine.runs.record import Provenance, RunRecord


@given(st.from_regex(r"[a-z0-9]+(-[a-z0-9]+)*", fullmatch=True), st.integers(0, 4096))
def test_the_source_tells_start_and_method(start, rank):
    assert method_of(tuned_source(start, rank)) == Method(start, rank)


@pytest.mark.parametrize("source", ["kessai pilot 1", "kessai tuning 1 of a, lora rank", ""])
def test_other_sources_are_no_fine_tunings(source):
    assert method_of(source) is None


def record(*, rank=0, shape=None, rate=0.01, losses=(1.9, 1.8), told=True, steps=(32, 64)):
    shape = shape or shape_for(30_000)
    versions = {"width": shape.width, "depth": shape.depth, "activation": shape.activation}
    if told:
        versions["start_cross_entropy"] = 2.0
    size = parameter_count(shape)
    return RunRecord(
        family=tuned_family("gpt-bytes-test"),
        source=tuned_source("mine", rank),
        provenance=Provenance.MEASURED,
        model_size=size,
        batch_size=8,
        iterations=steps[-1],
        sequence_length=64,
        noise_batch_ratio=0.01,
        compute_flops=6.0 * size * 8 * steps[-1] * 64,
        learning_rate=rate,
        vocabulary_size=256,
        cross_entropy=losses[-1],
        curve=tuple(zip(steps, losses, strict=True)),
        versions=canonical_json(versions),
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


@pytest.mark.parametrize("activation", ["gelu", "swiglu"])
@pytest.mark.parametrize("size", [15_000, 100_000, 1_000_000])
@pytest.mark.parametrize("rank", [0, 1, 16])
def test_the_trainable_part_follows_from_the_record(size, rank, activation):
    shape = shape_for(size, activation=activation)
    (first, _) = tuned_points([record(rank=rank, shape=shape)])
    assert first.trainable_size == trainable_count(shape, rank)
    assert (first.model_size, first.start_cross_entropy) == (parameter_count(shape), 2.0)


def test_the_best_rate_counts_at_each_length_and_methods_stay_apart():
    runs = [record(rate=0.01), record(rate=0.02, losses=(1.85, 1.82))]
    points = tuned_points([*runs, record(rank=4, losses=(1.95, 1.9))])
    found = [(p.method.lora_rank, p.iterations, p.cross_entropy) for p in points]
    assert [one[:2] for one in found] == [(0, 32), (0, 64), (4, 32), (4, 64)]
    assert [one[2] for one in found] == pytest.approx([1.85, 1.8, 1.95, 1.9])


def test_a_curve_counts_from_its_first_steps_on():
    early = tuned_points([record(steps=(8, 16, 32), losses=(1.99, 1.9, 1.8))])
    assert [p.iterations for p in early] == [16, 32]


def test_they_are_no_evidence_of_a_law_from_nothing(tmp_path):
    with RunLog.open(tmp_path) as log:
        log.append([record()])
        with pytest.raises(InputError, match="runs from nothing, got gpt-bytes-test-tuned"):
            select(log, tuned_family("gpt-bytes-test"), noise_multiplier)


def test_a_record_that_does_not_say_what_it_began_from_is_refused():
    with pytest.raises(InputError, match="to say what it was fine-tuned from"):
        tuned_points([record(told=False)])
