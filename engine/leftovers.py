"""What killed processes left in the folders of this installation, removed when a dashboard starts.

Each write removes what is older than a day in its own folder (:mod:`engine.durable`); this looks
into those in which nobody has written since.
"""

from contextlib import suppress
from pathlib import Path

from engine import decision_log, durable
from engine.durable import DAY, cache_folder, remove_leftovers
from engine.errors import InputError
from engine.pilot.running import lifecycle
from engine.runs.log import data_folder
from engine.scenarios import saved

_DEEPEST = 2
"""Levels of folders below each of ours: laws, deletions, corpora and their parts."""


def remove() -> None:
    """Remove temporary files and folders of more than a day, and write down which pilots were
    killed. What cannot be read or removed is left."""
    runs = data_folder()
    places = [runs, saved.folder(runs), decision_log.log_folder(runs)]
    with suppress(InputError):
        places.append(cache_folder())
    for place in dict.fromkeys(places):
        for folder in _with_folders(place, _DEEPEST):
            remove_leftovers(folder, older_than=DAY)
    with suppress(OSError), durable.scratch("look"):
        pass  # which removes those of before
    with suppress(InputError, OSError):
        lifecycle.sweep_stale()


def _with_folders(place: Path, levels: int) -> list[Path]:
    found = [place]
    if levels:
        with suppress(OSError):
            for one in place.iterdir():
                if one.is_dir() and not one.is_symlink() and not one.name.startswith("."):
                    found += _with_folders(one, levels - 1)
    return found
