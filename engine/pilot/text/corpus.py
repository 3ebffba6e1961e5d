"""Text as numbers: documents, and the persons whose documents they are.

A :class:`Corpus` is what a pilot trains on. A privacy unit (a person) holds one or more documents;
the data budget N counts training units. A step draws units, then one document of each, then one
window of it (:mod:`engine.pilot.dpsgd.sampling`), so that a unit contributes at most one example a
step, however much it wrote.

:func:`load` makes the arrays once and maps them into memory afterwards
(:mod:`engine.pilot.text.corpuscache`, which says what is kept of private text, and where).

**Held-out units are not protected.** The promise covers training units; the held-out ones decide
the published losses, exactly; sizes, counts and the fingerprint are exact too. Who is held out
depends on a unit's number alone, not on any text. The promise is about the training units at a
fixed split and a fixed N: "without a person" means that the person's number contributes nothing,
as if each step had left it out, not that the corpus was collected, numbered and split anew
without the row.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.config import DATA_RANGE
from engine.durable import cache_folder
from engine.errors import InputError
from engine.pilot.plan import WINDOW, CorpusSource
from engine.pilot.text import corpuscache, docstrings, reading, refusals, sources
from engine.pilot.text.corpuscache import Place, Writer
from engine.pilot.text.identity import Identities, IdentityCounts
from engine.pilot.text.refusals import SHORTEST_DOCUMENT, Progress, Refused, Row, Tally
from engine.pilot.text.tokens import Tokenizer, tokenizer_of

HELD_OUT_SHARE = 20
"""One unit in so many is held out."""
MOST_HELD_OUT = 2048
"""More would not sharpen the losses by what it costs in privacy."""

_SALT = 0x9E3779B97F4A7C15
_BATCH = 256
"""Documents tokenized at once."""
_LONGEST_BATCH = 4 * 2**20
"""Characters after which a batch ends, however few its documents."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Corpus:
    """Documents one after the other, those of a unit together."""

    name: str
    family: str
    """Whose losses are comparable: architecture, tokenizer and text."""
    tokens: np.ndarray
    """All documents, without anything between them; unsigned bytes, 16-bit or 32-bit."""
    document_starts: np.ndarray
    """Document d is ``tokens[document_starts[d]:document_starts[d + 1]]``."""
    unit_starts: np.ndarray
    """Unit u holds documents ``unit_starts[u]`` to ``unit_starts[u + 1]``, never none."""
    vocabulary_size: int
    fingerprint: str
    """SHA-256 of the arrays and the tokenizer."""
    refused: tuple[tuple[str, int], ...] = ()
    """Why rows are no documents, and how many."""
    identity: IdentityCounts | None = None
    """How people were counted; None where each document is its own unit."""
    window: int = WINDOW
    """Tokens of an example."""
    bytes_per_token: float | None = None
    """Mean over the text, exact; None where it is not known."""

    @property
    def units(self) -> int:
        return self.unit_starts.size - 1

    @property
    def documents(self) -> int:
        return self.document_starts.size - 1

    def split(self) -> tuple[np.ndarray, np.ndarray]:
        """Numbers of the training units and of the held-out ones, in order; always the same."""
        ranks = np.argsort(_scrambled(self.units), kind="stable")
        held_out = held_out_units(self.units)
        return np.sort(ranks[held_out:]), np.sort(ranks[:held_out])

    def documents_of(self, units: np.ndarray, picks01: np.ndarray) -> np.ndarray:
        """One document of each unit, chosen by a number in [0, 1): all
        alike where that is uniform."""
        first = self.unit_starts[units]
        documents: np.ndarray = first + _chosen(
            picks01, self.unit_starts[np.asarray(units) + 1] - first
        )
        return documents

    def documents_in(self, units: np.ndarray) -> np.ndarray:
        """How many documents each unit holds."""
        found: np.ndarray = self.unit_starts[np.asarray(units) + 1] - self.unit_starts[units]
        return found

    def windows(
        self, documents: np.ndarray, offsets01: np.ndarray, sequence_length: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Inputs and targets, (documents, sequence_length) int64 each.

        A target is the token that follows its input in the document, -1 behind the last one. The
        offset in [0, 1) chooses among all windows whose targets are all there; a document too short
        for one is given whole, filled up with token 0 and target -1.
        """
        first = self.document_starts[documents][:, None]
        end = self.document_starts[np.asarray(documents) + 1][:, None]
        starts = np.maximum(end - first - sequence_length, 1)  # how many windows there are
        inputs = (
            first + _chosen(np.asarray(offsets01)[:, None], starts) + np.arange(sequence_length)
        )
        last = max(self.tokens.size - 1, 0)
        tokens = self.tokens[np.minimum(inputs, last)].astype(np.int64)
        targets = self.tokens[np.minimum(inputs + 1, last)].astype(np.int64)
        return np.where(inputs < end, tokens, 0), np.where(inputs + 1 < end, targets, -1)


def held_out_units(units: int) -> int:
    """How many of so many units are held out."""
    return max(min(units // HELD_OUT_SHARE, MOST_HELD_OUT), 1)


def load(
    source: CorpusSource, *, cache: Path | None = None, progress: Progress | None = None
) -> Corpus:
    """The corpus that ``source`` names; read from its files where that was not done before.

    ``progress`` is called with the share read, in this thread. Raises :class:`InputError` for a
    source that cannot be read, that holds more broken rows than
    :data:`~engine.pilot.text.refusals.MOST_BROKEN` or too few units; never with any of the text.
    """
    report = progress or (lambda share: None)
    tokenizer = tokenizer_of(source.tokenizer)
    ours = source.kind in docstrings.KINDS
    name = source.kind if ours else sources.name(source)
    place = Place(
        folder=(cache or cache_folder()) / "corpora",
        source=f"{source.kind if ours else sources.identity(source)}\n{tokenizer.sha256}",
        state=docstrings.state(source.kind) if ours else sources.state(source),
    )
    stored = corpuscache.read(place, tokenizer.sha256)
    if stored is None:
        rows = docstrings.rows(source.kind, report) if ours else reading.rows(source, report)
        _make(place, rows, tokenizer, named=source.path or source.kind, ours=ours)
        stored = corpuscache.read(place, tokenizer.sha256)
    if stored is None:
        raise InputError(
            "Expected to read the corpus back from {folder}: the disk does not keep what is "
            "written. Set KESSAI_CACHE to another folder.",
            folder=place.folder,
        )
    report(1.0)
    return Corpus(
        name=name,
        family=_family(name, tokenizer, stored.fingerprint, ours=ours, window=source.window),
        tokens=stored.tokens,
        document_starts=stored.document_starts,
        unit_starts=stored.unit_starts,
        vocabulary_size=tokenizer.vocabulary_size,
        fingerprint=stored.fingerprint,
        refused=stored.refused,
        identity=stored.identity,
        window=source.window,
        bytes_per_token=tokenizer.bytes_per_token(stored.tokens),
    )


def _make(
    place: Place, rows: Iterable[Row | Refused], tokenizer: Tokenizer, *, named: str, ours: bool
) -> None:
    tally, identities = Tally(), Identities()
    with corpuscache.writing(place, tokenizer.dtype) as writer:
        for batch in _batches(rows):
            _add(batch, writer, tokenizer, tally, identities)
        tally.require_mostly_sound(named)
        _require_enough(writer.units, named, named_people=identities.counts() is not None)
        corpuscache.publish(
            writer,
            place,
            tokenizer_sha256=tokenizer.sha256,
            refused=tuple(tally.refused.most_common()),
            identity=identities.counts(),
            keep_other_states=ours,
        )


def _batches(rows: Iterable[Row | Refused]) -> Iterator[list[Row | Refused]]:
    """Rows to be tokenized at once: few enough, and not too long together."""
    batch: list[Row | Refused] = []
    characters = 0
    for row in rows:
        batch.append(row)
        characters += len(row.text) if isinstance(row, Row) else 0
        if len(batch) >= _BATCH or characters >= _LONGEST_BATCH:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def _add(
    batch: list[Row | Refused],
    writer: Writer,
    tokenizer: Tokenizer,
    tally: Tally,
    identities: Identities,
) -> None:
    kept = [row for row in batch if isinstance(row, Row)]
    for refused in batch:
        if isinstance(refused, Refused):
            tally.refuse(refused)
    for row, tokens in zip(kept, tokenizer.encode([row.text for row in kept]), strict=True):
        if tokens.size < SHORTEST_DOCUMENT:
            tally.refuse(Refused(reason=refusals.SHORT, place=row.place))
        else:
            writer.add(tokens, row.unit)
            if row.unit is not None and row.spelled is not None:
                identities.add(row.spelled, row.unit)
            tally.kept += 1


def _require_enough(units: int, named: str, *, named_people: bool) -> None:
    """Raise :class:`InputError` for fewer people, or documents, than a promise may be about."""
    least = DATA_RANGE[0]
    if units - held_out_units(units) >= least:
        return
    if named_people:
        raise InputError(
            "Expected at least {least} people to train on in {path}, got {units}, of whom "
            "{held_out} are held out: a promise for fewer leaves nothing to learn.",
            least=least,
            path=named,
            units=units,
            held_out=held_out_units(units),
        )
    raise InputError(
        "Expected at least {least} documents to train on in {path}, got {units}, of which "
        "{held_out} are held out: a promise for fewer leaves nothing to learn.",
        least=least,
        path=named,
        units=units,
        held_out=held_out_units(units),
    )


def _family(name: str, tokenizer: Tokenizer, fingerprint: str, *, ours: bool, window: int) -> str:
    """A user's own text is its own family: a name alone does not make losses comparable; nor do
    those of other windows, which see more or less of a text before they guess."""
    slug = "-".join(re.findall("[a-z0-9]+", name.lower()))[:24].strip("-")
    length = "" if window == WINDOW else f"w{window}"
    parts = ["gpt", tokenizer.name, slug, length, "" if ours else fingerprint[:8]]
    return "-".join(part for part in parts if part)


def _chosen(numbers01: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """A whole number below each count; a product may round up to the count itself."""
    chosen: np.ndarray = np.minimum((numbers01 * counts).astype(np.int64), counts - 1)
    return chosen


def _scrambled(count: int) -> np.ndarray:
    """A fixed number for each of 0 … count - 1 that looks random (splitmix64)."""
    mixed = (np.arange(count, dtype=np.uint64) + np.uint64(1)) * np.uint64(_SALT)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    scrambled: np.ndarray = mixed ^ (mixed >> np.uint64(31))
    return scrambled
