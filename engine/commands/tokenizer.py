"""Tokenizers of public text, which pilots may read private text by.

``tokenizer train NAME`` makes one, ``admit NAME FILE`` takes one in, ``list`` shows those at hand.
"""

import argparse
from dataclasses import asdict
from pathlib import Path

from engine.commands.options import add_json, as_columns, as_json, as_table, run_action, whole
from engine.commands.text_options import CORPORA
from engine.decision_log import recorded
from engine.durable import expanded
from engine.errors import InputError
from engine.pilot.plan import CorpusSource
from engine.pilot.text import public_tokenizers
from engine.pilot.text.docstrings import KINDS
from engine.pilot.text.registry import registry
from engine.runs.log import data_folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the actions and their options."""
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    training = actions.add_parser("train", help="make one of a public text (byte-level BPE)")
    training.add_argument("name", metavar="NAME", help="small letters, digits and hyphens")
    training.add_argument("--corpus", choices=CORPORA, default="docstrings", help="kind of text")
    training.add_argument("--path", default="", help="file or folder; not for those that ship")
    training.add_argument("--text-column", default="text", metavar="NAME", help="(default: text)")
    training.add_argument(
        "--public", action="store_true", help="say that a text of your own is public; needed then"
    )
    training.add_argument("--vocabulary", default="512", metavar="V", help="(default: %(default)s)")
    training.set_defaults(act=train)
    admitting = actions.add_parser("admit", help="take in one that was trained elsewhere")
    admitting.add_argument("name", metavar="NAME")
    admitting.add_argument("file", metavar="tokenizer.json")
    admitting.add_argument(
        "--public-text", required=True, metavar="TEXT", help="who trained it on which public text"
    )
    admitting.set_defaults(act=admit)
    listing = actions.add_parser("list", help="show those at hand")
    listing.set_defaults(act=show)
    for action in (training, admitting, listing):
        add_json(action)


run = run_action


def train(options: argparse.Namespace) -> str:
    """Make a tokenizer of a public text."""
    source = CorpusSource(
        kind=options.corpus,
        path=str(expanded(options.path).absolute()) if options.path else "",
        text_column=options.text_column,
    )
    if not (options.public or source.kind in KINDS):
        raise InputError(
            "Expected --public for a text of your own: a vocabulary publishes the text that it was "
            "trained on, so that may be public text only."
        )
    registry().require_public(source)
    vocabulary = whole("--vocabulary", options.vocabulary)
    what = {"name": options.name, "text": source.kind, "vocabulary": vocabulary}
    with recorded("tokenizer", what, folder=data_folder()):
        card, path = public_tokenizers.train(options.name, source, vocabulary)
    return _told(options, card, path)


def admit(options: argparse.Namespace) -> str:
    """Take in a tokenizer, with a statement of where it comes from."""
    what = {"name": options.name, "public_text": options.public_text}
    with recorded("tokenizer", what, folder=data_folder()):
        card, path = public_tokenizers.admit(
            options.name, Path(expanded(options.file)), options.public_text
        )
    return _told(options, card, path)


def show(options: argparse.Namespace) -> str:
    """The tokenizers at hand, with where they come from."""
    cards = {
        name: public_tokenizers.read_card(public_tokenizers.place_of(name))
        for name in public_tokenizers.names()
    }
    if options.json:
        return as_json([{"name": name, **asdict(card)} for name, card in cards.items()])
    rows = [
        (name, f"{card.vocabulary_size:,}", card.public_text, card.sha256[:8])
        for name, card in cards.items()
    ]
    return as_columns([("name", "tokens", "public text", "SHA-256"), *rows])


def _told(options: argparse.Namespace, card: public_tokenizers.Card, path: Path) -> str:
    if options.json:
        return as_json({"name": options.name, "path": str(path), **asdict(card)})
    return as_table(
        [
            ("name", options.name),
            ("file", str(path)),
            ("tokens", f"{card.vocabulary_size:,}"),
            ("public text", card.public_text),
            *([("documents", f"{card.documents:,}")] if card.documents else []),
        ]
    )
