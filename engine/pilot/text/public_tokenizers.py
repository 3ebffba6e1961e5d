"""Tokenizers that were trained on public text, with a card that says which.

A vocabulary is made of the text that it was trained on, word for word: one of private text would
publish it. So a pilot takes no tokenizer without a card. :func:`train` makes one of a public text
(byte-level BPE, Sennrich et al., arXiv 1508.07909, with all 256 bytes in its alphabet, so that any
text of any language comes back whole) and writes the card; :func:`admit` writes one for a file from
elsewhere, by somebody who states where it comes from. The card names the file's SHA-256: another
file beside it has none.

Those that ship lie in ``data/tokenizers``, an installation's own in ``tokenizers`` of the run log's
folder; both go by name. Not covered: whether what was called public is.

Imports the package tokenizers when it trains and not before.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from engine import durable
from engine.errors import InputError
from engine.pilot.plan import CorpusSource
from engine.pilot.text import docstrings, reading
from engine.pilot.text.refusals import Row, Tally
from engine.pilot.text.tokenizer_file import model_of
from engine.runs.folder import listing
from engine.runs.log import data_folder
from engine.untrusted.guard import attempted
from engine.untrusted.texts import json_value

SHIPPED = Path(__file__).resolve().parents[3] / "data" / "tokenizers"
LEAST, MOST = 257, 65_536
"""Tokens of a vocabulary: the 256 bytes and one more, and what 16 bits hold."""
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_CARD = ".card.json"


@dataclass(frozen=True, kw_only=True)
class Card:
    """Where a tokenizer comes from."""

    sha256: str
    """Of its file."""
    vocabulary_size: int
    public_text: str
    """Kind of the public text, or in words who trained it on what."""
    text_sha256: str = ""
    """Of that text, its documents one after the other; "" for a tokenizer from elsewhere."""
    documents: int = 0
    byte_level: bool = False
    """Whether each token is a string of bytes, spelled as byte-level BPE spells them."""

    @property
    def name(self) -> str:
        """What families of text that is read by it are called by."""
        return f"tokens-{self.sha256[:8]}"


def own_folder() -> Path:
    """Where this installation's tokenizers are written."""
    return data_folder() / "tokenizers"


def names() -> list[str]:
    """All tokenizers that go by name. Raises :class:`InputError` where a folder of them cannot be
    read."""
    folders = {SHIPPED, own_folder()}
    found = {path.name.removesuffix(_CARD) for one in folders for path in listing(one, _CARD)}
    return sorted(found)


def cards() -> dict[str, Card]:
    """The card of every tokenizer that goes by name; one without a sound card is left out."""
    found = {}
    for name in names():
        with suppress(InputError):
            found[name] = read_card(place_of(name))
    return found


def place_of(name: str) -> Path:
    """The file of a tokenizer by its name, else the path that ``name`` is."""
    if _NAME.fullmatch(name):
        for folder in (SHIPPED, own_folder()):
            if (path := folder / f"{name}.json") in listing(folder, ".json"):
                return path
    return Path(name)


def read_card(path: Path) -> Card:
    """The card beside a tokenizer's file. Raises :class:`InputError` where there is none for this
    file: whose text it may hold is then unknown."""

    def parse() -> Card:
        card = Card(**json_value(_card_of(path).read_bytes()))
        if card.sha256 != hashlib.sha256(path.read_bytes()).hexdigest() or not card.public_text:
            raise ValueError
        return card

    found = attempted(parse)
    if found is None:
        raise InputError(
            "Expected a tokenizer with a card that says which public text it was trained on, got "
            "none for {path}: a vocabulary publishes its text. Make one by python -m engine "
            "tokenizer train, or state where this one comes from by tokenizer admit.",
            path=path,
        )
    return found


def train(name: str, source: CorpusSource, vocabulary: int) -> tuple[Card, Path]:
    """Make a byte-level BPE of ``vocabulary`` tokens on a public text, under a new ``name``.

    Raises :class:`InputError` for a name that is taken, a text that cannot be read, or no package
    tokenizers. That the text is public is for the caller to ask.
    """
    _require_new(name)
    if not LEAST <= vocabulary <= MOST:
        raise InputError(
            "Expected a vocabulary of {least} to {most} tokens, got {value}: 256 of them are the "
            "bytes.",
            least=LEAST,
            most=MOST,
            value=vocabulary,
        )
    try:
        from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    except ImportError:
        raise InputError(
            "Expected the package tokenizers to train one: pip install tokenizers."
        ) from None
    model = Tokenizer(models.BPE())
    model.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    model.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    read = _Read()
    model.train_from_iterator(read.texts(source), trainer)
    if not read.documents:
        raise InputError("Expected a text with documents in it, got none.")
    content = model.to_str().encode()
    card = Card(
        sha256=hashlib.sha256(content).hexdigest(),
        vocabulary_size=model.get_vocab_size(),
        public_text=source.kind,
        text_sha256=read.digest.hexdigest(),
        documents=read.documents,
        byte_level=True,
    )
    place = own_folder() / f"{name}.json"
    keep(place, content, card)
    return card, place


def admit(name: str, path: Path, public_text: str) -> tuple[Card, Path]:
    """Take in a tokenizer from elsewhere under a new ``name``, whose maker trained it on
    ``public_text``. Raises :class:`InputError` where that is not said or the file is none."""
    _require_new(name)
    content, card = described(path, public_text)
    place = own_folder() / f"{name}.json"
    keep(place, content, card)
    return card, place


def described(path: Path, public_text: str) -> tuple[bytes, Card]:
    """A tokenizer's file and the card that states where it comes from. Raises as :func:`admit`."""
    if not public_text.strip():
        raise InputError("Expected who trained the tokenizer on which public text, got nothing.")
    content, model = model_of(path)
    card = Card(
        sha256=hashlib.sha256(content).hexdigest(),
        vocabulary_size=max(model.get_vocab(with_added_tokens=True).values(), default=0) + 1,
        public_text=public_text.strip(),
    )
    return content, card


def keep(path: Path, content: bytes, card: Card) -> None:
    """Write a tokenizer's file and its card beside it."""
    durable.make_folder(path.parent)
    durable.write(path, content)
    durable.write(_card_of(path), json.dumps(asdict(card), indent=1, sort_keys=True).encode())


class _Read:
    """Texts on their way to a trainer, counted and hashed."""

    def __init__(self) -> None:
        self.documents, self.digest = 0, hashlib.sha256()

    def texts(self, source: CorpusSource) -> Iterator[str]:
        def nothing(share: float) -> None:
            return None

        ours = source.kind in docstrings.KINDS
        rows = docstrings.rows(source.kind, nothing) if ours else reading.rows(source, nothing)
        tally = Tally()
        for row in rows:
            if isinstance(row, Row):
                tally.kept += 1
                self.documents += 1
                self.digest.update(row.text.encode() + b"\0")
                yield row.text
            else:
                tally.refuse(row)
        tally.require_mostly_sound(source.path or source.kind)


def _card_of(path: Path) -> Path:
    return path.with_name(path.name.removesuffix(".json") + _CARD)


def _require_new(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise InputError(
            "Expected a tokenizer's name of small letters, digits and hyphens, got {name}.",
            name=name or '""',
        )
    if name == "bytes" or name in names():
        raise InputError(
            "Expected a name that no tokenizer has yet, got {name}: texts were read by it.",
            name=name,
        )
