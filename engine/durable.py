"""Files that outlast a power cut, and the folder of what can be made again.

Flushing a file keeps its content; that it exists, or was renamed, is kept by its folder, which has
to be flushed too (fsync(2), notes). Nothing in the cache folder is evidence or a result: deleting it
costs time only.
"""

import os
from pathlib import Path

CACHE_VARIABLE = "KESSAI_CACHE"
"""Environment variable: a folder in place of the one in the user's cache folder."""


def cache_folder() -> Path:
    """The folder of fitted laws and corpora; it may not exist yet."""
    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen:
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "kessai"


def sync_folder(folder: Path) -> None:
    """Flush the names in ``folder``. Raises :class:`OSError` where it cannot be opened or written."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
