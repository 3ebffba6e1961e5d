"""A step's time: known answers by hand, what must rise and fall, and layouts that fit."""

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.cluster.machines import MACHINES
from engine.cluster.step import Constants, best_step, training_of, utilisation
from engine.errors import InputError

H100 = MACHINES["NVIDIA H100"]
CONSTANTS = Constants(efficiency=0.5, narrow=0.0, exposed=1.0)


def small(batch_size=4096, **changes):
    one = training_of(1e9, batch_size=batch_size, sequence_length=1024, iterations=100)
    return replace(one, **changes)


def test_one_device_computes_and_exchanges_nothing():
    training = small(layers=20, width=2000)
    step = best_step(training, H100, 1, CONSTANTS)
    flops = (6 * 1e9 + 12 * 20 * 2000 * 1024) * 4096 * 1024
    assert step.seconds == pytest.approx(flops / (989e12 * 0.5))
    assert (step.activations, step.bubble, step.gradients) == (0, 0, 0)
    share = utilisation(training, H100, 1, step.seconds)
    assert share == pytest.approx(0.5 * 6e9 / (6e9 + 12 * 20 * 2000 * 1024))


def test_copies_exchange_six_bytes_a_parameter_once_a_step_and_wait_for_their_hops():
    training = small(layers=20, width=2000)
    one_node = best_step(training, H100, 8, CONSTANTS)
    hops = 15e-6 * 20 * 2
    assert one_node.layout.data == 8
    assert one_node.gradients == pytest.approx(6e9 * 7 / 8 / 450e9 + 3 * hops)
    # Eight copies in a node share its eight links to the network.
    many = best_step(training, H100, 64, CONSTANTS)
    assert many.layout.data == 64
    assert many.gradients == pytest.approx(6e9 * 63 / 64 / 400e9 + 6 * hops)
    slow = best_step(training, replace(H100, network_bytes_per_second=5e9), 64, CONSTANTS)
    assert slow.gradients > 9 * (many.gradients - 6 * hops)


def test_privacy_makes_the_computing_longer_and_the_exchange_no_larger():
    plain = best_step(small(), H100, 64, CONSTANTS)
    private = best_step(small(dp_overhead=1.5), H100, 64, CONSTANTS)
    assert private.compute == pytest.approx(1.5 * plain.compute)
    assert private.gradients == plain.gradients


def test_computing_activations_again_takes_a_third_more_and_less_memory():
    kept = best_step(small(), H100, 8, CONSTANTS, recompute=False)
    again = best_step(small(), H100, 8, CONSTANTS, recompute=True)
    assert again.compute == pytest.approx(4 / 3 * kept.compute)
    assert best_step(small(), H100, 8, CONSTANTS).layout.recompute is False
    tight = replace(H100, memory_bytes=18.2e9)
    assert best_step(small(), tight, 1, CONSTANTS).layout.recompute is True


def test_a_large_model_is_laid_out_over_matrices_layers_or_shards():
    large = replace(small(), model_size=175e9, layers=96, width=12_288, batch_size=1536)
    step = best_step(large, H100, 1024, CONSTANTS)
    layout = step.layout
    assert layout.tensor * layout.pipeline * layout.data == 1024
    held = 16 * 175e9 / (1024 if layout.sharded else layout.tensor * layout.pipeline)
    assert held < 80e9 * 4 and (layout.tensor > 1 or layout.sharded)
    with pytest.raises(InputError, match="its share of the model must fit"):
        best_step(large, H100, 8, CONSTANTS)


def test_shards_of_one_copy_are_gathered_for_every_pass_over_its_layers():
    """Layers that cannot be dealt out, and memory for shards alone: examples in several passes."""
    training = small(layers=1, width=9000, batch_size=64)
    tight = replace(H100, memory_bytes=3.2e9, devices_in_node=1)
    step = best_step(training, tight, 8, CONSTANTS, recompute=False)
    assert step.layout.sharded and step.layout.data == 8
    example = (18 * 9000 + 4 * 50_000) * 1024
    passes = math.ceil(64 / 8 / ((0.9 * 3.2e9 - 16 * 1e9 / 8) / example))
    assert passes == 4
    assert step.gradients == pytest.approx(passes * (8e9 * 7 / 8 / 50e9 + 3 * 3 * 15e-6))


@settings(max_examples=25, deadline=None)
@given(
    model_size=st.floats(1e7, 1e11),
    batch_size=st.integers(1024, 500_000),
    nodes=st.sampled_from([1, 2, 4, 16, 128]),
)
def test_more_devices_are_faster_and_never_cheaper_for_free(model_size, batch_size, nodes):
    training = training_of(model_size, batch_size=batch_size, sequence_length=512, iterations=100)
    try:
        few = best_step(training, H100, 8 * nodes, CONSTANTS)
    except InputError:
        return
    share = utilisation(training, H100, 8 * nodes, few.seconds)
    assert 0 < share <= CONSTANTS.efficiency
    # A network twice as fast never slows a step; twice the peak neither.
    faster = replace(H100, network_bytes_per_second=100e9)
    assert best_step(training, faster, 8 * nodes, CONSTANTS).seconds <= few.seconds
    stronger = replace(H100, peak_flops=2 * 989e12)
    assert best_step(training, stronger, 8 * nodes, CONSTANTS).seconds < few.seconds


def test_what_cannot_be_used_is_refused():
    with pytest.raises(InputError, match="at least 1 device"):
        best_step(small(), H100, 0, CONSTANTS)
    with pytest.raises(InputError, match="each needs at least one example"):
        best_step(small(batch_size=8), H100, 10_007, CONSTANTS)


def test_a_shape_of_the_size_asked_for():
    for size in (1e7, 1e9, 7e10):
        training = small() if size == 1e9 else training_of(
            size, batch_size=8, sequence_length=128, iterations=1
        )  # fmt: skip
        assert 12 * training.layers * training.width**2 == pytest.approx(size, rel=0.02)
        assert math.log(training.width / training.layers) == pytest.approx(math.log(100), abs=0.4)
