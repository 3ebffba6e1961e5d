"""Where a training's randomness comes from: who joins a batch, which words, and the noise.

The guarantee needs noise that nobody can guess. :class:`EntropyNoise` takes who joins and which
words from the operating system (``os.urandom``: ChaCha20 in the Linux kernel), and the noise from
generators that take 256 bits (an accelerator's: 64) of the operating system before each draw. It
keeps none of it, so nothing can be replayed, not even by us. :class:`SeededNoise` is a function of
a seed, a step and a purpose: whoever has the seed subtracts the noise, so a run that uses it is
repeatable and **not private**, whatever its σ.

**The bits of the noise on the CPU**, 8 bytes a Gaussian, come from OpenSSL's generator
(``ssl.RAND_bytes``: CTR_DRBG of NIST SP 800-90A with AES-256, which cannot be run backwards from
its state), seventeen times as fast as the kernel's. Before each draw 256 new bits of the operating
system are mixed into its state, which makes it fetch as many again by itself: what one draw gave
says nothing of the next, in a copied process or a restored machine neither.

**Gaussians on the CPU**: Box and Muller (1958) in float64, uniforms on the open interval (0, 1) of
52 bits, hence never 0 or 1; rounded to float32 at the end. Values beyond 8.5 standard deviations,
which a true Gaussian takes once in 10^17 draws, do not occur.

**Gaussians on an accelerator**: torch's generator of that device (Philox 4x32-10, Salmon et al.,
SC 2011), which :class:`EntropyNoise` keys anew each step with 64 bits of the operating system.
Philox passes the statistical tests; it is not designed against a cryptanalyst.

Not covered by any certificate here: that floats are no real numbers. Mironov (CCS 2012) broke a
Laplace mechanism that released single values through the gaps between floats; against a noisy sum
of many floats no such attack is known to us, and none is excluded.
"""

import math
import os
import ssl
from enum import IntEnum
from typing import Protocol

import numpy as np
import torch

from engine.errors import InputError

_BLOCK = 1 << 16
"""Gaussians made at a time: their float64 intermediates stay in the processor's cache."""
_KEY_BYTES = 32
"""Of the operating system's, new in each draw of noise."""
_LARGEST_SEED = 2**64
_ONE = np.float64(1.0).view(np.uint64)
"""The bits of 1.0."""


class Purpose(IntEnum):
    """What a draw is for; draws of two purposes are independent. Numbers are part of a seeded run's
    meaning: never renumber."""

    UNITS = 0
    """Who joins the batch."""
    DOCUMENTS = 1
    """Which document of a unit."""
    WINDOWS = 2
    """Where in the document."""
    NOISE = 3
    """The Gaussian on the mean of clipped gradients."""
    MASKS = 4
    """Keys of the tokens that a masked model must guess, one a unit."""
    WEIGHTS = 5
    """Initial weights."""
    EVALUATION = 6
    """Which windows are evaluated. No secret: always seeded."""
    GROUPS = 7
    """Which of the groups that take turns a unit is in."""
    CUTS = 8
    """Who stays in a batch that is cut."""


class NoiseSource(Protocol):
    """Randomness by (step, purpose): one draw of each purpose a step."""

    @property
    def secret(self) -> bool:
        """Whether nobody can repeat it: the condition of every privacy guarantee."""

    def bits(self, step: int, purpose: Purpose, count: int) -> np.ndarray:
        """``count`` uniform uint64."""

    def normal(self, step: int, count: int, *, device: torch.device) -> torch.Tensor:
        """``count`` standard Gaussians, float32, on ``device``."""


class EntropyNoise:
    """The operating system's entropy, for the noise as what a generator takes in before each draw;
    ``step`` and ``purpose`` do not matter."""

    secret = True

    def bits(self, step: int, purpose: Purpose, count: int) -> np.ndarray:
        return np.frombuffer(os.urandom(8 * count), dtype=np.uint64)

    def normal(self, step: int, count: int, *, device: torch.device) -> torch.Tensor:
        if device.type != "cpu":
            (key,) = self.bits(step, Purpose.NOISE, 1)
            return _device_normal(int(key), count, device)
        ssl.RAND_add(os.urandom(_KEY_BYTES), _KEY_BYTES)
        values = torch.empty(_even(count))
        for part in values.split(_BLOCK):
            _box_muller(np.frombuffer(ssl.RAND_bytes(8 * len(part)), dtype=np.uint64), part)
        return values[:count]


class SeededNoise:
    """numpy's Philox 4x64-10 with ``seed`` as key and (step, purpose) in its counter, so a resumed
    run repeats without knowing what was drawn before. Repeats on one device and numpy version."""

    secret = False

    def __init__(self, seed: int) -> None:
        if not 0 <= seed < _LARGEST_SEED:
            raise InputError(
                "Expected a seed from 0 to {largest}, got {value}.",
                largest=_LARGEST_SEED - 1,
                value=seed,
            )
        self.seed = seed

    def bits(self, step: int, purpose: Purpose, count: int) -> np.ndarray:
        return self._philox(step, purpose).random_raw(count)

    def normal(self, step: int, count: int, *, device: torch.device) -> torch.Tensor:
        philox = self._philox(step, Purpose.NOISE)
        if device.type != "cpu":
            return _device_normal(int(philox.random_raw()), count, device)
        return torch.from_numpy(
            np.random.Generator(philox).standard_normal(count, dtype=np.float32)
        )

    def _philox(self, step: int, purpose: Purpose) -> np.random.Philox:
        # The low words of the counter run within a draw; the high ones tell the draws apart.
        return np.random.Philox(
            key=np.array([self.seed, 0], dtype=np.uint64),
            counter=np.array([0, 0, purpose, step], dtype=np.uint64),
        )


def source(seed: int | None) -> NoiseSource:
    """``seed`` None: private."""
    return EntropyNoise() if seed is None else SeededNoise(seed)


def uniforms(bits: np.ndarray) -> np.ndarray:
    """float64 on the open interval (0, 1): the middle of one of 2^52 equal cells, which float64
    holds exactly."""
    # The 52 bits as the fraction of a number in [1, 2), less 1 and plus half a cell.
    found: np.ndarray = (np.right_shift(bits, np.uint64(12)) | _ONE).view(np.float64)
    found -= 1.0 - 2.0**-53
    return found


def box_muller(bits: np.ndarray) -> np.ndarray:
    """As many independent standard Gaussians, float64, as ``bits`` (an even number)."""
    values = torch.empty(len(bits), dtype=torch.float64)
    _box_muller(bits, values)
    return values.numpy()


def _box_muller(bits: np.ndarray, values: torch.Tensor) -> None:
    """Into ``values``, as many as ``bits``, rounded once to their precision."""
    # torch's logarithm, sine and cosine take half the time of numpy's.
    radius, angle = torch.from_numpy(uniforms(bits)).chunk(2)
    first, second = values.chunk(2)
    radius, angle = radius.log_().mul_(-2.0).sqrt_(), angle.mul_(2.0 * math.pi)
    first.copy_(angle.cos().mul_(radius))
    second.copy_(angle.sin_().mul_(radius))


def generator(noise: NoiseSource, step: int, purpose: Purpose) -> torch.Generator:
    """A torch generator for what needs no secrecy: initial weights. On the CPU, whose Mersenne
    twister takes 32 bits of the key."""
    (key,) = noise.bits(step, purpose, 1)
    return torch.Generator().manual_seed(_signed(int(key)))


def keyed_uniforms(keys: np.ndarray, shape: tuple[int, ...]) -> torch.Tensor:
    """float32 in [0, 1) of shape (keys, and ``shape``), each row a function of its key alone: for
    what needs no secrecy, masks. Whoever has some of the keys has the same rows."""
    drawn, stream = torch.empty(len(keys), *shape), torch.Generator()
    for row, key in zip(drawn, keys, strict=True):
        torch.rand(shape, generator=stream.manual_seed(_signed(int(key))), out=row)
    return drawn


def _device_normal(key: int, count: int, device: torch.device) -> torch.Tensor:
    device_generator = torch.Generator(device=device).manual_seed(_signed(key))
    return torch.randn(count, generator=device_generator, device=device)


def _signed(key: int) -> int:
    """torch takes seeds as signed 64 bits and maps them one to one."""
    return key - 2**64 if key >= 2**63 else key


def _even(count: int) -> int:
    return count + count % 2
