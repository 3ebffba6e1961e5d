"""Statistical tests allow six standard errors: a true generator fails one in 10^9 runs."""

import os
import ssl
from typing import Any

import numpy as np
import pytest
import torch

from engine.errors import InputError
from engine.pilot.dpsgd import noise
from engine.pilot.dpsgd.noise import EntropyNoise, Purpose, SeededNoise, box_muller, uniforms

CPU = torch.device("cpu")
SOURCES = [EntropyNoise(), SeededNoise(7)]


def test_uniforms_never_reach_their_ends():
    ends = uniforms(np.array([0, 2**12 - 1, 2**64 - 1], dtype=np.uint64))
    assert ends[0] == ends[1] == 2.0**-53, "the lowest 12 bits are not used"
    assert ends[2] == 1 - 2.0**-53
    assert 0 < ends.min() < ends.max() < 1


def test_box_muller_is_its_formula():
    half = np.uint64(2**63)  # a uniform of one half and 2^-53
    first, second = box_muller(np.array([half, half], dtype=np.uint64))
    assert first == pytest.approx(-np.sqrt(2 * np.log(2)))
    assert second == pytest.approx(0, abs=1e-9)


def test_box_muller_reaches_far_and_stays_finite():
    most = box_muller(np.array([0, 0], dtype=np.uint64))
    assert most[0] == pytest.approx(8.57, abs=0.01)
    assert np.isfinite(box_muller(np.full(2, 2**64 - 1, dtype=np.uint64))).all()


@pytest.mark.parametrize("source", SOURCES, ids=["entropy", "seeded"])
@pytest.mark.parametrize("count", [0, 1, 5, noise._BLOCK, noise._BLOCK + 1])
def test_any_number_of_gaussians(source, count):
    values = source.normal(3, count, device=CPU)
    assert values.shape == (count,) and values.dtype == torch.float32
    assert len(np.unique(values.numpy())) >= 0.99 * count


@pytest.mark.parametrize("source", SOURCES, ids=["entropy", "seeded"])
def test_gaussians_have_the_moments_and_tails_of_a_gaussian(source):
    n = 400_000
    z = source.normal(0, n, device=CPU).numpy().astype(float)
    # Standard errors of the first four moments of n standard Gaussians: 1, 2, 15, 96 over n.
    for power, (expected, variance) in {1: (0, 1), 2: (1, 2), 3: (0, 15), 4: (3, 96)}.items():
        assert abs((z**power).mean() - expected) < 6 * np.sqrt(variance / n), power
    for limit, share in {1: 0.3173105, 2: 0.0455003, 3: 0.0026998, 4: 6.334e-5}.items():
        seen = (np.abs(z) > limit).mean()
        assert abs(seen - share) < 6 * np.sqrt(share / n), limit


def test_neighbours_and_halves_of_a_block_are_uncorrelated():
    n = 64 * noise._BLOCK
    z = EntropyNoise().normal(0, n, device=CPU).numpy().astype(float)
    halves = z.reshape(-1, 2, noise._BLOCK // 2)
    for a, b in [(z[:-1], z[1:]), (halves[:, 0].ravel(), halves[:, 1].ravel())]:
        assert abs((a * b).mean()) < 6 / np.sqrt(a.size)
        assert abs((a**2 * b**2).mean() - 1) < 6 * np.sqrt(8 / a.size), "nor are their sizes"


def test_entropy_does_not_repeat_and_is_secret():
    a, b = (EntropyNoise().bits(1, Purpose.UNITS, 4) for _ in range(2))
    assert not (a == b).any()
    assert EntropyNoise().secret and not SeededNoise(1).secret


def test_each_draw_of_noise_begins_with_new_entropy_of_the_operating_system(monkeypatch):
    heard: list[tuple[Any, ...]] = []
    urandom, add, drawn = os.urandom, ssl.RAND_add, ssl.RAND_bytes

    def mixed(new, entropy):
        heard.append(("mixed", new, entropy))
        add(new, entropy)

    def made(count):
        heard.append(("drawn", count))
        return drawn(count)

    def asked(count):
        heard.append(("asked", count))
        return urandom(count)

    monkeypatch.setattr(os, "urandom", asked)
    monkeypatch.setattr(ssl, "RAND_add", mixed)
    monkeypatch.setattr(ssl, "RAND_bytes", made)
    for _ in range(2):
        EntropyNoise().normal(0, 10, device=CPU)
    assert [kind for kind, *_ in heard] == ["asked", "mixed", "drawn"] * 2
    assert heard[0] == ("asked", 32) and heard[2] == ("drawn", 80), "64 bits for each Gaussian"
    (_, first, bits), (_, second, _) = heard[1], heard[4]
    assert len(first) == len(second) == bits == 32 and first != second


def test_copies_of_a_process_draw_other_noise():
    EntropyNoise().normal(0, 10, device=CPU)
    read, write = os.pipe()
    for _ in range(2):
        child = os.fork()
        if child == 0:
            os.write(write, EntropyNoise().normal(0, 4, device=CPU).numpy().tobytes())
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
    drawn = np.frombuffer(os.read(read, 32), dtype=np.float32).tolist()
    os.close(read)
    os.close(write)
    assert len({*drawn, *EntropyNoise().normal(0, 4, device=CPU).tolist()}) == 12


def test_a_seed_repeats_by_step_and_purpose_whatever_was_drawn_before():
    source, again = SeededNoise(5), SeededNoise(5)
    source.normal(1, 100, device=CPU)
    assert torch.equal(source.normal(4, 9, device=CPU), again.normal(4, 9, device=CPU))
    draws = [
        SeededNoise(seed).bits(step, purpose, 2).tolist()
        for seed in (0, 5, 2**64 - 1)
        for step in (0, 1, 2**32)
        for purpose in Purpose
    ]
    assert len({tuple(draw) for draw in draws}) == len(draws)


def test_long_draws_of_one_step_do_not_run_into_the_next():
    # The counter's low words run; two draws that overlapped would share their values.
    first, second = (SeededNoise(5).bits(step, Purpose.UNITS, 50_000) for step in (0, 1))
    assert not set(first.tolist()) & set(second.tolist())


def test_a_seed_means_the_same_in_every_version():
    """Golden: of numpy 2.4.6. A change here orphans every seeded record."""
    assert SeededNoise(5).bits(3, Purpose.WINDOWS, 2).tolist() == [
        11141985558462394319,
        15870504233770550634,
    ]


def test_purposes_keep_their_numbers():
    assert {purpose.name: int(purpose) for purpose in Purpose} == {
        "UNITS": 0,
        "DOCUMENTS": 1,
        "WINDOWS": 2,
        "NOISE": 3,
        "MASKS": 4,
        "WEIGHTS": 5,
        "EVALUATION": 6,
        "GROUPS": 7,
        "CUTS": 8,
    }


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_a_seed_outside_64_bits_is_refused(seed):
    with pytest.raises(InputError, match=r"Expected a seed from 0 to .*, got"):
        SeededNoise(seed)


def test_source_is_private_without_a_seed_only():
    assert isinstance(noise.source(None), EntropyNoise)
    seeded = noise.source(0)
    assert isinstance(seeded, SeededNoise) and seeded.seed == 0


@pytest.mark.parametrize("key", [0, 1, 2**63 - 1, 2**63, 2**64 - 1])
def test_torch_takes_any_key(key):
    assert torch.isfinite(noise._device_normal(key, 1, CPU)).all()
    assert noise._signed(key) % 2**64 == key
    assert -(2**63) <= noise._signed(key) < 2**63


def test_generators_repeat():
    one, two = (noise.generator(SeededNoise(3), 0, Purpose.WEIGHTS) for _ in range(2))
    assert torch.equal(torch.rand(3, generator=one), torch.rand(3, generator=two))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an accelerator")
@pytest.mark.parametrize("source", SOURCES, ids=["entropy", "seeded"])
def test_gaussians_on_an_accelerator(source):
    device = torch.device("cuda")
    z = source.normal(0, 1_000_000, device=device)
    assert z.device.type == "cuda" and z.dtype == torch.float32
    assert abs(float(z.mean())) < 6e-3 and abs(float(z.var()) - 1) < 6 * np.sqrt(2e-6)
    assert torch.equal(z, source.normal(0, 1_000_000, device=device)) != source.secret
    keys = (0, 2**32, 2**63)  # the CPU's generator would drop the high half of a key
    assert len({float(noise._device_normal(key, 1, device)) for key in keys}) == 3
