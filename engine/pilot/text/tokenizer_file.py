"""Tokenizer files as the package ``tokenizers`` writes them, read as any file from elsewhere."""

from pathlib import Path
from typing import Any

from engine.errors import InputError
from engine.untrusted import regular
from engine.untrusted.guard import guarded
from engine.untrusted.texts import json_value

_LARGEST = 2**26
"""Bytes; a vocabulary of 65,536 tokens takes some 5 MB."""


def model_of(path: Path) -> tuple[bytes, Any]:
    """The file of a tokenizer and the package's object. Raises :class:`InputError`."""
    content = _content(path)
    try:
        from tokenizers import Tokenizer as Model  # optional: bytes need no package
    except ImportError:
        raise InputError(
            "Expected the package tokenizers for {path}: pip install tokenizers, or use bytes.",
            path=path,
        ) from None
    model = guarded(lambda: Model.from_str(content.decode()), lambda _: _not_a_tokenizer(path))
    model.no_truncation()
    model.no_padding()
    return content, model


def _content(path: Path) -> bytes:
    try:
        content = regular.bytes_of(path, _LARGEST)
    except OSError as error:
        raise InputError(
            'Expected "bytes" or the path of a tokenizers JSON file, got {path}: {reason}.',
            path=path,
            reason=error.strerror or error,
        ) from None
    try:
        if "model" in json_value(content):
            return content
    except (ValueError, TypeError, RecursionError):
        pass
    raise _not_a_tokenizer(path)


def _not_a_tokenizer(path: object) -> InputError:
    return InputError(
        "Expected a tokenizer as the package tokenizers writes it, got {path}: save one with "
        "its method save, or use bytes.",
        path=path,
    )
