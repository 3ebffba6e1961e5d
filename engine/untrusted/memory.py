"""How much memory this machine has for a process."""

import os
from contextlib import suppress
from pathlib import Path


def machine_memory() -> int | None:
    """Bytes of the machine, or of what its control group lets this process have; None where the
    system does not tell."""
    try:
        found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    except (ValueError, OSError):
        return None
    with suppress(OSError, ValueError):  # no such group, or no limit
        found.append(int(Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii")))
    return min(found)
