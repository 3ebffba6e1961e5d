"""Public starts: models trained on public text, from which a private training may begin.

``starts train NAME`` makes one (not private, seed recorded), ``import FOLDER NAME`` takes one from
a folder in Hugging Face format, ``list`` shows those at hand, ``export PLAN_ID FOLDER`` writes what
a pilot made of an imported one.
"""

import argparse
from dataclasses import asdict

from engine.commands.options import (
    add_json,
    as_columns,
    as_json,
    as_table,
    number,
    run_action,
    whole,
)
from engine.commands.text_options import add_corpus, source_of
from engine.decision_log import recorded
from engine.durable import expanded
from engine.errors import InputError
from engine.pilot import starts
from engine.pilot.imported_start import IMPORTED, export_trained, import_folder
from engine.pilot.plan import LONGEST_WINDOW, CorpusSource
from engine.pilot.pretraining import Pretraining, pretrain
from engine.pilot.text.docstrings import KINDS
from engine.pilot.text.registry import registry
from engine.runs.log import data_folder
from engine.text.terminal import tell

_WINDOW = 128


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the actions and their options."""
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    training = actions.add_parser("train", help="train a start on a public text")
    training.add_argument("name", metavar="NAME", help="small letters, digits and hyphens")
    add_corpus(training)
    training.add_argument(
        "--public", action="store_true", help="say that a text of your own is public; needed then"
    )
    training.add_argument("--model-size", default="1e5", metavar="M", help="(default: %(default)s)")
    training.add_argument("--batch", default="64", metavar="B", help="(default: %(default)s)")
    training.add_argument("--steps", default="2000", metavar="T", help="(default: %(default)s)")
    training.add_argument(
        "--learning-rate", default="0.0078125", metavar="R", help="(default: 2^-7)"
    )
    training.add_argument("--seed", default="1", metavar="N", help="(default: %(default)s)")
    training.set_defaults(act=train)
    importing = actions.add_parser(
        "import", help="take a public model from a folder in Hugging Face format"
    )
    importing.add_argument("folder", metavar="FOLDER", help="config, safetensors, tokenizer.json")
    importing.add_argument("name", metavar="NAME", help="small letters, digits and hyphens")
    importing.add_argument(
        "--window",
        default=str(_WINDOW),
        metavar="TOKENS",
        help=f"of an example, up to {LONGEST_WINDOW} (default: %(default)s)",
    )
    importing.set_defaults(act=import_)
    exporting = actions.add_parser(
        "export", help="write what a pilot made of an imported start, as peft loads it"
    )
    exporting.add_argument("plan_id", metavar="PLAN_ID")
    exporting.add_argument("folder", metavar="FOLDER", help="a new one")
    exporting.set_defaults(act=export)
    listing = actions.add_parser("list", help="show the starts at hand")
    listing.set_defaults(act=show)
    for action in (training, importing, exporting, listing):
        add_json(action)


run = run_action


def train(options: argparse.Namespace) -> str:
    """Train a start, a line now and then on standard error; where it comes from."""
    asked = Pretraining(
        corpus=_public(options),
        model_size=number("--model-size", options.model_size),
        batch_size=whole("--batch", options.batch),
        iterations=whole("--steps", options.steps),
        learning_rate=number("--learning-rate", options.learning_rate),
        seed=whole("--seed", options.seed),
    )
    if asked.iterations < 1 or asked.batch_size < 1:
        raise InputError(
            "Expected --steps and --batch of at least 1, got {steps} and {batch}.",
            steps=asked.iterations,
            batch=asked.batch_size,
        )
    what = {"name": options.name, "text": asked.corpus.kind}
    with recorded("start", what, folder=data_folder()):
        card, path = pretrain(
            options.name, asked, report=lambda step, loss: tell(f"step {step:,}: loss {loss:.4f}")
        )
    if options.json:
        return as_json({"name": options.name, "path": str(path), **_told(card)})
    return as_table([("name", options.name), ("file", str(path)), *_rows(card)])


def import_(options: argparse.Namespace) -> str:
    """Keep the model of a folder as a start; how a text has to be read for it."""
    folder, window = expanded(options.folder), whole("--window", options.window)
    with recorded("start", {"name": options.name, "text": IMPORTED}, folder=data_folder()):
        card, path = import_folder(folder, options.name, window=window)
    tokenizer = starts.tokenizer_file(options.name)
    if options.json:
        told = {"name": options.name, "path": str(path), "tokenizer_file": str(tokenizer)}
        return as_json({**told, **_told(card)})
    return as_table(
        [
            ("name", options.name),
            ("file", str(path)),
            *_rows(card),
            ("read texts with", f"--tokenizer {tokenizer} --window {window}"),
        ]
    )


def export(options: argparse.Namespace) -> str:
    """Write an adapter, or the whole model, with its card and tokenizer."""
    folder = expanded(options.folder)
    with recorded("start", {"name": options.plan_id, "text": "export"}, folder=data_folder()):
        files = export_trained(options.plan_id, folder)
    if options.json:
        return as_json({"folder": str(folder), "files": list(files)})
    return as_table([("folder", str(folder)), ("files", ", ".join(files))])


def _public(options: argparse.Namespace) -> CorpusSource:
    """The text to train on, which whoever has the start may read out of it."""
    source = source_of(options)
    if not (options.public or source.kind in KINDS):
        raise InputError(
            "Expected --public for a text of your own: a start promises nothing to anybody, so it "
            "may be trained on public text only."
        )
    registry().require_public(source)
    return source


def show(options: argparse.Namespace) -> str:
    """The starts at hand with where they come from."""
    found = [starts.read(name) for name in starts.names()]
    if options.json:
        return as_json(
            {"starts": [{"name": s.name, "sha256": s.sha256, **_told(s.card)} for s in found]}
        )
    if not found:
        return "There is no start yet: `python -m engine starts train NAME` makes one."
    heading = ("name", "parameters", "public text", "tokens", "its loss there")
    return as_columns(
        [
            heading,
            *(
                (
                    one.name,
                    f"{one.card.model_size:,}",
                    one.card.corpus,
                    f"{one.card.tokens:.3g}" if one.card.tokens else "not told",
                    _loss(one.card),
                )
                for one in found
            ),
        ]
    )


def _told(card: starts.Card) -> dict[str, object]:
    return {**asdict(card), "model_size": card.model_size, "tokens": card.tokens}


def _rows(card: starts.Card) -> list[tuple[str, str]]:
    return [
        ("parameters", f"{card.model_size:,}"),
        ("public text", card.corpus),
        ("tokens", f"{card.tokens:,}" if card.tokens else "not told"),
        ("tokenizer", card.tokenizer),
        ("loss, held out", _loss(card)),
    ]


def _loss(card: starts.Card) -> str:
    return "not told" if card.cross_entropy is None else f"{card.cross_entropy:.4f} nats"
