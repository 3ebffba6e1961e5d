"""Bring the catalogues up to date with the code: ``python -m engine.text.catalogues``.

Collects every message of the dashboard and every refusal of the engine, keeps the translations that
exist, drops what is no longer said, fills English with the message itself, and lists what Japanese
lacks. A test holds the catalogues to the same :func:`collect`.
"""

import re
import sys
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from engine.text.i18n import LANGUAGES, LOCALE

_ROOT = Path(__file__).resolve().parents[2]
_REFUSALS = {"InputError": None}
_SENTENCES = {"say": None, "count": (1, 2), "N_": None, **_REFUSALS}
_HEADERS = (
    "Project-Id-Version",
    "Language",
    "Plural-Forms",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
)

MessageId = str | tuple[str, ...]


def collect() -> list[MessageId]:
    """Every message id in the code, plurals as pairs, in order of appearance."""
    found: dict[MessageId, None] = {}
    for package, keywords in (
        ("dashboard", _SENTENCES),
        ("engine/text", _SENTENCES),
        ("engine/commands", _SENTENCES),
        ("engine/scenarios", _SENTENCES),
        ("engine", _REFUSALS),
    ):
        folder = str(_ROOT / package)
        for _, _, message, _, _ in extract_from_dir(folder, keywords=keywords):
            found[message] = None
    return list(found)


def path(language: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / "kessai.po"


def read(language: str) -> Catalog:
    with path(language).open("rb") as source:
        return read_po(source, locale=language)


def updated(language: str) -> Catalog:
    """The catalogue of ``language`` as the code now needs it."""
    old, new = read(language), Catalog(locale=language, project="Kessai", version="1", fuzzy=False)
    new.header_comment = "# Updated by: python -m engine.text.catalogues"
    for message in collect():
        said = old.get(message if isinstance(message, str) else message[0])
        english = message if language == "en" else ""
        new.add(message, said.string if said and any(_forms(said)) else english)
    return new


def lacking(catalogue: Catalog) -> list[MessageId]:
    """Messages without a translation."""
    return [
        message.id if isinstance(message.id, str) else tuple(message.id)
        for message in catalogue
        if message.id and not all(_forms(message))
    ]


def main() -> int:
    """Rewrite the catalogues; 1 if a translation is missing."""
    missing = []
    for language in LANGUAGES:
        catalogue = updated(language)
        missing += [f"{language}: {message}" for message in lacking(catalogue)]
        with path(language).open("wb") as target:
            write_po(target, catalogue, width=100, omit_header=False)
        lines = path(language).read_text(encoding="utf-8").split("\n")
        kept = [line for line in lines if not _idle(line)]
        path(language).write_text("\n".join(kept), encoding="utf-8")
    sys.stdout.write("".join(f"{line}\n" for line in missing))
    return 1 if missing else 0


def _forms(message: Message) -> tuple[str, ...]:
    """The translation of each form of a message; one empty text where there is none."""
    translated = message.string or ""
    return (translated,) if isinstance(translated, str) else tuple(translated)


def _idle(line: str) -> bool:
    """Header lines that change with every run and say nothing."""
    header = re.match(r'"([A-Z][\w-]+): .*\\n"$', line)
    return header is not None and header[1] not in _HEADERS


if __name__ == "__main__":
    sys.exit(main())
