"""Whether memory that is freed goes back to the system.

A training step frees what the next one asks for again. The C library gives such memory back, and
the system clears every page of it anew: a sixth of a step of a million parameters. A process that
only trains keeps it, and so holds what its largest step took.

Loads no torch.
"""

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Of ``mallopt`` in glibc's malloc.h."""
_LARGEST = 1 << 25
"""Bytes of the largest threshold that glibc takes on machines of 64 bits."""


def keep_freed_memory() -> bool:
    """From now on this process gives nothing back but single blocks beyond 32 MiB; whether its C
    library can (glibc)."""
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and all(
        # -1: no free end of the heap is large enough to be given back.
        [mallopt(_MMAP_THRESHOLD, _LARGEST), mallopt(_TRIM_THRESHOLD, -1)]
    )
