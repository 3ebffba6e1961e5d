"""Shapes of a family: what is printed of BERT agrees with what we count ourselves."""

import pytest

from engine.decision.fitted import EVIDENCE, PUBLISHED_BERT, capacity_of, evidence_of
from engine.pilot.ladder import BERT_SIZES, parameter_count
from engine.runs.families import shapes_of

BERT = shapes_of(PUBLISHED_BERT)


def test_sizes_rise_from_the_smallest_to_the_largest_published():
    assert [shape.total for shape in BERT] == sorted(shape.total for shape in BERT)
    sizes = evidence_of(PUBLISHED_BERT).frame["model_size"]
    assert BERT[0].total == pytest.approx(sizes.min(), rel=0.02)
    assert BERT[-1].total >= sizes.max()


@pytest.mark.parametrize("shape", BERT, ids=lambda shape: shape.name)
def test_shapes_are_those_that_a_pilot_builds(shape):
    built = BERT_SIZES[shape.name.removeprefix("Bert").lower()]
    assert (built.depth, built.width) == (shape.layers, shape.width)
    assert parameter_count(built) == pytest.approx(shape.total, rel=0.03)
    # 12·layers·width² leaves biases and norms out, under 2 % of the blocks.
    rest = (built.vocabulary_size + built.sequence_length + built.width) * built.width
    assert shape.other == pytest.approx(parameter_count(built) - rest, rel=0.12)


def test_capacity_is_that_of_the_shapes():
    capacity = capacity_of(PUBLISHED_BERT)
    assert capacity is not None
    assert capacity.of([shape.total for shape in BERT]) == pytest.approx(
        [shape.other for shape in BERT]
    )
    assert BERT[0].other == pytest.approx(0.39e6, rel=0.01)


def test_families_without_shapes_count_everything():
    assert shapes_of("nobody") == ()
    assert [capacity_of(name) is None for name in EVIDENCE] == [False, True]
