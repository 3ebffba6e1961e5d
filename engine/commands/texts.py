"""Put texts at the pilots' disposal, by name: who reaches the dashboard chooses among these and
types no path.

``texts root FOLDER`` names a folder below which texts may lie, ``add`` registers one, ``remove``
takes it back, ``list`` shows all.
"""

import argparse
from dataclasses import asdict

from engine.commands.options import add_json, as_json, as_table, run_action
from engine.commands.text_options import add_columns, columns_of
from engine.pilot.plan import CorpusSource
from engine.pilot.text.registry import KINDS, Registry, Text, changing, registry


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the actions and their options."""
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    root = actions.add_parser("root", help="let texts lie below a folder")
    root.add_argument("folder", metavar="FOLDER")
    root.set_defaults(act=add_root)
    adding = actions.add_parser("add", help="register a text, or register it anew")
    adding.add_argument("name", metavar="NAME", help="small letters, digits and hyphens")
    adding.add_argument("--kind", choices=KINDS, required=True)
    adding.add_argument("--path", required=True, help="file or folder, below a root")
    add_columns(adding)
    adding.add_argument(
        "--population", metavar="NAME", help="whose account trainings on it are charged to"
    )
    adding.set_defaults(act=add)
    removing = actions.add_parser("remove", help="take a text back; its account stays")
    removing.add_argument("name", metavar="NAME")
    removing.set_defaults(act=remove)
    listing = actions.add_parser("list", help="show roots and texts")
    listing.set_defaults(act=show)
    for action in (root, adding, removing, listing):
        add_json(action)


run = run_action


def add_root(options: argparse.Namespace) -> str:
    """All that is registered, the root among it."""
    with changing() as held:
        held[0] = held[0].with_root(options.folder)
    return _said(held[0], options)


def add(options: argparse.Namespace) -> str:
    """All that is registered, the text among it."""
    source = CorpusSource(kind=options.kind, path=options.path, **columns_of(options))
    with changing() as held:
        held[0] = held[0].with_text(
            options.name, Text(source=source, population=options.population)
        )
    return _said(held[0], options)


def remove(options: argparse.Namespace) -> str:
    """All that is registered, the text no more."""
    with changing() as held:
        held[0] = held[0].without_text(options.name)
    return _said(held[0], options)


def show(options: argparse.Namespace) -> str:
    """All that is registered."""
    return _said(registry(), options)


def _said(found: Registry, options: argparse.Namespace) -> str:
    if options.json:
        return as_json(asdict(found))
    rows = [("root", root) for root in found.roots]
    rows += [
        (
            name,
            f"{text.source.kind}, {text.source.path}, per {text.source.unit}"
            + (f", population {text.population}" if text.population else ""),
        )
        for name, text in sorted(found.texts.items())
    ]
    return as_table(rows) if rows else "No text is registered yet."
