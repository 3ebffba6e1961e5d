"""The log's folder as a place: what is in it, and the sentence where it cannot be used."""

from pathlib import Path

from engine.errors import InputError


def listing(folder: Path, ending: str = ".parquet") -> list[Path]:
    """The folder's files with that ending in order of name; none where there is no folder yet.

    Raises :class:`InputError` for a folder that is there and cannot be read: it is not empty.
    """
    try:
        paths = list(folder.iterdir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise InputError(
            "Expected to read the folder of runs {folder}: {reason}. Set KESSAI_DATA to a folder "
            "that can be read.",
            folder=folder,
            reason=error.strerror or error,
        ) from error
    return sorted(p for p in paths if p.name.endswith(ending) and not p.name.startswith("."))


def unwritable(folder: Path, error: OSError) -> InputError:
    """That the log's folder cannot be written, and what to do."""
    return InputError(
        "Expected to write the run log {folder}: {reason}. Set KESSAI_DATA to a folder that "
        "can be written.",
        folder=folder,
        reason=error.strerror or error,
    )
