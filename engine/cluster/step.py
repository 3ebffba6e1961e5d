"""How long one step takes on many devices, by the best way to lay the model out over them.

A layout splits the devices into t·p·d: t share every matrix (within a node), p hold a part of the
layers each, d hold copies, or shards of one copy, and see different examples. For each layout that
fits into memory a step takes

    (computing + exchange of activations) · (1 + bubble) + exposed · exchange of gradients

- computing: (6·M + 12·L·h·S) FLOPs a token (Chowdhery et al., arXiv 2204.02311, appendix B), a
  third more where activations are computed again, at ``efficiency``·h/(h + ``narrow``) of the peak;
- activations: 4 all-reduces of S·h a layer and example among t (6 with recomputation) and a hand
  over between the p parts (Narayanan et al., arXiv 2104.04473, sections 2.3 and 3.2);
- bubble: (p − 1)/(m·v) of a replica's m examples in v interleaved chunks (the same, section 2.2);
- gradients: 4 bytes reduced and 2 gathered a parameter, once a step whatever the batch; where the
  model is sharded over d, 8 bytes a parameter for every pass. Copies in one node share its links to
  the network. Each collective also waits for its hops.

A DP-SGD step takes ``dp_overhead`` times the computing; what it exchanges is the same, since
clipped gradients are summed on the device before they leave it. Not covered: draws of a batch that
differ in size between devices, experts, long contexts that are split, and data that arrive late.

>>> from engine.cluster.machines import MACHINES
>>> training = training_of(1e9, batch_size=2048, sequence_length=1024, iterations=1000)
>>> step = best_step(training, MACHINES["NVIDIA H100"], 8, Constants(0.5, 100.0, 0.5))
>>> step.layout.data
8
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from engine.cluster.machines import Machine
from engine.cluster.ring import ring_seconds
from engine.errors import InputError

_TENSOR = (1, 2, 4, 8)
_PIPELINE = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 20, 24, 32, 35, 48, 64)
_CHUNKS = 4
"""Most interleaved chunks of a pipeline's part."""
_HOP_SECONDS = 15e-6
"""Of a collective's tree, one of log2(d): assumption, in scale with what NCCL's trees take."""
_STATE_BYTES = 16
"""A parameter with its gradient and Adam's state in mixed precision (Rajbhandari et al., arXiv
1910.02054, section 3.1)."""
_KEPT_BYTES = 18
"""Of activations a token, layer and unit of width: what attention without its scores keeps
(Korthikanti et al., arXiv 2205.05198: 34 less what selective recomputation and bf16 masks save)."""
_VOCABULARY = 50_000
"""Of the logits, whose memory a device without a pipeline holds: assumption."""
_USABLE = 0.9
"""Of a device's memory."""
_ASPECT = 100
"""Width over layers of a model whose shape is not said: LLaMA 7B has 128, 70B 102, 405B 130."""


@dataclass(frozen=True)
class Constants:
    """What is fitted: share of the peak that wide matrices reach, the width at which half of it is
    left, and the share of the gradients' exchange that computing does not hide."""

    efficiency: float
    narrow: float
    exposed: float


@dataclass(frozen=True, kw_only=True)
class Training:
    """What is trained: parameters, shape, examples a step, tokens an example, steps, and the time
    of a step's computing over that of a plain step."""

    model_size: float
    layers: int
    width: int
    batch_size: float
    sequence_length: int
    iterations: float
    dp_overhead: float = 1.0

    @property
    def flops(self) -> float:
        """6·M·B·T·S, by which compute is counted everywhere here."""
        tokens = self.batch_size * self.iterations * self.sequence_length
        return 6 * self.model_size * tokens


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How devices share the work: t, p and d, whether d hold shards of one copy, and whether
    activations are computed again."""

    tensor: int
    pipeline: int
    data: int
    sharded: bool
    recompute: bool


@dataclass(frozen=True, kw_only=True)
class Step:
    """A step's seconds and what they consist of."""

    layout: Layout
    compute: float
    activations: float
    bubble: float
    gradients: float
    """Exposed seconds."""

    @property
    def seconds(self) -> float:
        return self.compute + self.activations + self.bubble + self.gradients


def training_of(
    model_size: float,
    *,
    batch_size: float,
    sequence_length: int,
    iterations: float,
    dp_overhead: float = 1.0,
) -> Training:
    """A training of a model whose shape is not said: 12·L·h² parameters, h a hundred times L."""
    layers = max(1, round((model_size / (12 * _ASPECT**2)) ** (1 / 3)))
    return Training(
        model_size=model_size,
        layers=layers,
        width=max(1, round(math.sqrt(model_size / (12 * layers)))),
        batch_size=batch_size,
        sequence_length=sequence_length,
        iterations=iterations,
        dp_overhead=dp_overhead,
    )


def best_step(
    training: Training,
    machine: Machine,
    devices: int,
    constants: Constants,
    *,
    recompute: bool | None = None,
) -> Step:
    """The fastest step of all layouts that fit; ``recompute`` None: whichever is faster.

    Raises :class:`InputError` for no device, for more devices than examples a step can feed, and
    for a model that does not fit.
    """
    if devices < 1:
        raise InputError("Expected at least 1 device, got {value}.", value=devices)
    choices = (False, True) if recompute is None else (recompute,)
    steps = [
        step
        for layout in _layouts(training, machine, devices, choices)
        if (step := _step(training, machine, layout, constants)) is not None
    ]
    if not steps:
        raise InputError(
            "Expected devices that a model of {size} parameters and {batch} examples a step can "
            "use, got {devices} of {name}: each needs at least one example, and its share of the "
            "model must fit into its memory.",
            size=f"{training.model_size:.3g}",
            batch=f"{training.batch_size:.6g}",
            devices=devices,
            name=machine.name,
        )
    return min(steps, key=lambda step: step.seconds)


def utilisation(training: Training, machine: Machine, devices: int, seconds: float) -> float:
    """Share of the peak that 6·M FLOPs a token are, of a step that takes ``seconds``."""
    flops = training.flops / training.iterations
    return flops / (devices * machine.peak_flops * seconds)


def _layouts(
    training: Training, machine: Machine, devices: int, recompute: tuple[bool, ...]
) -> Iterator[Layout]:
    for tensor in _TENSOR:
        if tensor > machine.devices_in_node or devices % tensor:
            continue
        for pipeline in _PIPELINE:
            if pipeline > training.layers or devices % (tensor * pipeline):
                continue
            data = devices // (tensor * pipeline)
            if data > training.batch_size:
                continue
            plain = Layout(
                tensor=tensor, pipeline=pipeline, data=data, sharded=False, recompute=False
            )
            for again in recompute:
                yield replace(plain, recompute=again)
                if pipeline == 1 and data > 1:
                    yield replace(plain, recompute=again, sharded=True)


def _step(
    training: Training, machine: Machine, layout: Layout, constants: Constants
) -> Step | None:
    """None where it does not fit."""
    examples = training.batch_size / layout.data
    at_once = _examples_at_once(training, machine, layout)
    if at_once < 1:
        return None
    width, length = training.width, training.sequence_length
    tensor, pipeline, data = layout.tensor, layout.pipeline, layout.data
    devices = tensor * pipeline * data
    efficiency = constants.efficiency * width / (width + constants.narrow)
    token_flops = 6 * training.model_size + 12 * training.layers * width * length
    times = training.dp_overhead * (4 / 3 if layout.recompute else 1)
    compute = (
        token_flops * times * training.batch_size * length
        / (devices * machine.peak_flops * efficiency)
    )  # fmt: skip
    layers = training.layers / pipeline
    activation = 2 * length * width
    reduces = (6 if layout.recompute else 4) * examples * layers
    all_of_them = 2 * reduces * activation  # each is a reduce and a gather
    between = ring_seconds(all_of_them, tensor, machine.node_bytes_per_second)
    chunks = max(1, min(_CHUNKS, training.layers // pipeline)) if pipeline > 1 else 1
    share = (pipeline - 1) / (examples * chunks)
    one_node = devices <= machine.devices_in_node
    link = machine.node_bytes_per_second if one_node else machine.network_bytes_per_second
    handed = 2 * examples * chunks * activation / tensor / link if pipeline > 1 else 0.0
    passes = math.ceil(examples / at_once)
    return Step(
        layout=layout,
        compute=compute,
        activations=between + constants.exposed * handed,
        bubble=(compute + between) * share,
        gradients=constants.exposed * _exchange(training, machine, layout, passes),
    )


def _examples_at_once(training: Training, machine: Machine, layout: Layout) -> float:
    """How many examples' activations fit beside the model; below 1: it does not fit."""
    whole = training.model_size / (layout.tensor * layout.pipeline)
    kept = _STATE_BYTES * whole / layout.data
    if not layout.sharded:  # Weights and gradients whole; the optimiser's state is sharded.
        kept = 4 * whole + 12 * whole / layout.data
    token = training.width / layout.tensor
    layers = 2 * training.layers + _KEPT_BYTES if layout.recompute else (
        _KEPT_BYTES * training.layers
    )  # fmt: skip
    example = training.sequence_length * token * layers
    if layout.pipeline == 1:
        example += 4 * training.sequence_length * _VOCABULARY / layout.tensor
    return (_USABLE * machine.memory_bytes - kept) / example


def _exchange(training: Training, machine: Machine, layout: Layout, passes: int) -> float:
    """Seconds of a step's exchange of gradients and shards among d, were none of it hidden."""
    data = layout.data
    if data == 1:
        return 0.0
    within = max(1, machine.devices_in_node // layout.tensor)
    if layout.tensor * layout.pipeline * data <= machine.devices_in_node:
        speed = machine.node_bytes_per_second
    else:
        speed = min(machine.node_bytes_per_second, within * machine.network_bytes_per_second)
    held = training.model_size / (layout.tensor * layout.pipeline)
    hops = _HOP_SECONDS * math.log2(data) * training.layers / layout.pipeline
    if layout.sharded:
        return passes * (ring_seconds(8 * held, data, speed) + 3 * hops)
    return ring_seconds(6 * held, data, speed) + 2 * hops
