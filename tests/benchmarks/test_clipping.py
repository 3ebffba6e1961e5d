"""What privacy costs in time and memory: one step of each engine beside plain AdamW.

Noise of the machine hits neighbours in time alike, so steps of all engines take turns and each is
compared with the plain step of its own round. ``extra_info`` holds the medians of these ratios and
the medians in milliseconds. A private step is clipped sum, the Gaussian noise of
private trainings (the operating system's entropy) and AdamW; "opacus ghost"
is Opacus' own second backward pass. Memory is the resident peak of a process of its own.
"""

import os
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from opacus.grad_sample import GradSampleModuleFastGradientClipping
from opacus.optimizers import DPOptimizerFastGradientClipping
from opacus.utils.fast_gradient_clipping_utils import DPTensorFastGradientClipping
from torch import Tensor

from engine.pilot.dpsgd.clipping import clipped_sum
from engine.pilot.dpsgd.model import Transformer, build, cross_entropy
from engine.pilot.dpsgd.noise import EntropyNoise
from engine.pilot.ladder import shape_for
from engine.pilot.plan import Engine

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 9
BATCH, SEQUENCE = 64, 128

Step = Callable[[], None]


def batch_of() -> tuple[Tensor, Tensor, Tensor]:
    tokens = torch.randint(256, (BATCH, SEQUENCE + 1), generator=torch.Generator().manual_seed(0))
    # Opacus' ghost norms fail on tokens that are not contiguous.
    return tokens[:, :-1].contiguous(), tokens[:, 1:].contiguous(), torch.ones(BATCH)


def fresh(size: int) -> tuple[Transformer, torch.optim.Optimizer]:
    shape = shape_for(size, sequence_length=SEQUENCE)
    model = build(shape, generator=torch.Generator().manual_seed(0))
    return model, torch.optim.AdamW(model.parameters(), lr=1e-4)


def plain_step(size: int) -> Step:
    model, optimizer = fresh(size)
    tokens, targets, _ = batch_of()

    def step() -> None:
        optimizer.zero_grad()
        cross_entropy(model(tokens), targets).mean().backward()
        optimizer.step()

    return step


def private_step(size: int, *, engine: Engine = Engine.FAST, compiled: bool = False) -> Step:
    model, optimizer = fresh(size)
    batch = batch_of()
    answer = clipped_sum(model, clip_norm=0.5, engine=engine, compiled=compiled)
    noise, count = EntropyNoise(), sum(p.numel() for p in model.parameters())

    def step() -> None:
        sums = answer(*batch).sums
        normal = noise.normal(0, count, device=torch.device("cpu"))
        parts = normal.split([total.numel() for total in sums])
        for parameter, total, part in zip(model.parameters(), sums, parts, strict=True):
            parameter.grad = total.add_(part.view_as(total)).div_(BATCH)
        optimizer.step()

    return step


def ghost_step(size: int) -> Step:
    model, inner = fresh(size)
    tokens, targets, _ = batch_of()
    hooked = GradSampleModuleFastGradientClipping(
        model, max_grad_norm=0.5, use_ghost_clipping=True, loss_reduction="mean"
    )
    optimizer = DPOptimizerFastGradientClipping(
        inner, noise_multiplier=1.0, max_grad_norm=0.5, expected_batch_size=BATCH
    )

    def step() -> None:
        optimizer.zero_grad()
        losses = cross_entropy(hooked(tokens), targets)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Full backward hook is firing")
            DPTensorFastGradientClipping(hooked, optimizer, losses, "mean").backward()
        optimizer.step()

    return step


@pytest.mark.parametrize("size", [100_000, 1_000_000])
def test_a_private_step_beside_a_plain_one(benchmark, size):
    steps = {
        "plain": plain_step(size),
        "fast": private_step(size),
        "opacus hooks": private_step(size, engine=Engine.OPACUS),
        "opacus ghost": ghost_step(size),
    }
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    for step in steps.values():
        step()
    for _ in range(ROUNDS if benchmark.enabled else 1):
        for name, step in steps.items():
            start = time.perf_counter()
            step()
            seconds[name].append(time.perf_counter() - start)
    for name, taken in seconds.items():
        ratios = [one / other for one, other in zip(taken, seconds["plain"], strict=True)]
        benchmark.extra_info[f"{name}: times plain"] = round(statistics.median(ratios), 3)
        benchmark.extra_info[f"{name}: ms"] = round(1000 * statistics.median(taken), 1)
    benchmark.pedantic(steps["fast"], rounds=3)
    if benchmark.enabled:
        assert benchmark.extra_info["fast: times plain"] <= 1.35


@pytest.mark.exhaustive
def test_a_compiled_step_beside_a_plain_one(benchmark):
    if not benchmark.enabled:
        pytest.skip("compiling takes more than a minute")
    plain, compiled = plain_step(100_000), private_step(100_000, compiled=True)
    ratios = []
    for step in (plain, compiled):
        step()
    for _ in range(ROUNDS):
        taken = []
        for step in (plain, compiled):
            start = time.perf_counter()
            step()
            taken.append(time.perf_counter() - start)
        ratios.append(taken[1] / taken[0])
    benchmark.extra_info["compiled: times plain"] = round(statistics.median(ratios), 3)
    benchmark.pedantic(compiled, rounds=3)


PEAK = """
import re, sys
from pathlib import Path
from tests.benchmarks.test_clipping import plain_step, private_step
def peak():
    return re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]
name, size = sys.argv[1], int(sys.argv[2])
step = plain_step(size) if name == "plain" else private_step(size)
before = peak()
for _ in range(4):
    step()
print(before, peak())
"""
# Not ru_maxrss: a process inherits that from the one that started it.


def peak_kibibytes(name: str, size: int) -> tuple[int, int]:
    """Resident memory before the first step, and at the peak of four of them."""
    done = subprocess.run(
        [sys.executable, "-c", PEAK, name, str(size)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    before, peak = done.stdout.split()
    return int(before), int(peak)


@pytest.mark.parametrize("size", [100_000, 1_000_000])
def test_peak_memory_beside_plain_training(benchmark, size):
    if not benchmark.enabled or not Path("/proc/self/status").exists():
        pytest.skip("measures processes of their own, on Linux")
    plain_before, plain = peak_kibibytes("plain", size)
    before, private = benchmark.pedantic(peak_kibibytes, args=("fast", size), rounds=1)
    benchmark.extra_info["process: times plain"] = round(private / plain, 3)
    benchmark.extra_info["above the idle process: times plain"] = round(
        (private - before) / (plain - plain_before), 3
    )
    assert private <= 1.3 * plain
