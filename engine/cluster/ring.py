"""What it takes to pass numbers round a ring of devices: the one formula of every exchange.

In a reduce, and in a gather, each of n devices sends and receives (n − 1)/n of what is exchanged;
an all-reduce is both (Patarasuk and Yuan, 2009, doi 10.1016/j.jpdc.2008.09.002). The step of
:mod:`engine.cluster.step` adds hops and what computing hides; the communication of a project
(:func:`engine.cost.breakdown`) takes bytes and speed from its table, nothing hidden and no hops.

>>> ring_seconds(4e9, 4, 6e9), ring_seconds(4e9, 1, 6e9)
(0.5, 0.0)
"""

from typing import TypeVar

from engine.interval import FloatArray

N = TypeVar("N", float, FloatArray)


def ring_seconds(exchanged_bytes: N, devices: N, bytes_per_second: N) -> N:
    """Seconds of a reduce or a gather of so many bytes among ``devices``, one at least, each with
    links of so many bytes a second in one direction; numbers, or arrays that broadcast."""
    share = (devices - 1) / devices
    return exchanged_bytes * share / bytes_per_second
