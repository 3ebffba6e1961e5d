"""Zip files from elsewhere (Excel workbooks, npz), held to what they may unpack to.

A zip file says how much each part unpacks to, and Python's reader gives no more than that, so the
sum is known before anything is unpacked.
"""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO

import numpy as np

from engine.untrusted.guard import most_expanded, too_large


def require_unpackable(file: IO[bytes] | Path, size: int) -> None:
    """Raises :class:`InputError` for a zip file that unpacks to too much, and whatever the parser
    raises."""
    with zipfile.ZipFile(file) as archive:
        total = sum(part.file_size for part in archive.infolist())
    if total > most_expanded(size):
        too_large(total, size)


def npz_arrays(path: Path) -> Mapping[str, np.ndarray]:
    """The arrays of an npz file; loading it runs no code. Raises as :func:`require_unpackable`."""
    require_unpackable(path, path.stat().st_size)
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}
