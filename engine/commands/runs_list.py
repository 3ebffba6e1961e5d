"""List all runs with status and flags, or show one: ``runs list``, ``runs show RUN``."""

import argparse
from collections.abc import Mapping, Sequence
from datetime import datetime

from engine.commands.options import add_json, as_columns, as_json, as_table
from engine.decision.fitted import run_log
from engine.errors import InputError
from engine.loss_unit import Measure
from engine.runs.annotations import Said, plain_tag
from engine.runs.catalogue import Listed, catalogue, named
from engine.runs.imports import journal
from engine.runs.seeds import Group, groups

_SHOWN = (
    "model_size", "batch_size", "iterations", "sequence_length", "noise_multiplier",
    "noise_batch_ratio", "learning_rate", "epsilon", "cross_entropy",
)  # fmt: skip
_OF_CONFIGURATION = tuple(name for name in _SHOWN if name != "cross_entropy")


def add_list_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``runs list``."""
    parser.add_argument("--family", metavar="NAME", help="of one family (default: all)")
    parser.add_argument(
        "--deleted", action="store_true", help="the deleted ones, which `runs restore` brings back"
    )
    parser.add_argument("--tag", metavar="TAG", help="only runs with this tag")
    parser.add_argument(
        "--group-seeds",
        action="store_true",
        help="a line a configuration, with the mean and the spread of its seeds",
    )
    add_json(parser)


def add_show_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``runs show``."""
    parser.add_argument("wanted", metavar="RUN", help="its name, its id, or the id's beginning")
    add_json(parser)


def run_list(options: argparse.Namespace) -> str:
    """A line a run. Raises :class:`InputError` for a family that is not there."""
    log = run_log()
    found = catalogue(log, deleted=options.deleted)
    known = sorted({one.family for one in found})
    if options.family is not None and options.family not in known:
        raise InputError(
            "Expected a family among {known}, got {value}.",
            known=", ".join(known) or "none",
            value=options.family[:80],
        )
    runs = [one for one in found if options.family in (None, one.family)]
    if options.tag is not None:
        runs = [one for one in runs if require_tag(options.tag, found) in one.tags]
    past = journal.live(log)
    units = {name: journal.unit_in(past, name) for name in known}
    if options.group_seeds:
        return _grouped(groups(runs), units, as_document=options.json)
    if options.json:
        return as_json(
            {
                "runs": [_document(one, units[one.family]) for one in runs],
                "imports": [
                    {
                        "import": entry.id,
                        "family": entry.family,
                        "file": entry.file,
                        "created_at": entry.created_at,
                        "runs": len(entry.runs),
                    }
                    for entry in past
                    if options.family in (None, entry.family)
                ],
            }
        )
    return _lines(runs) if runs else "No runs."


def require_tag(said: str, runs: Sequence[Listed]) -> str:
    """A tag that is on a run. Raises :class:`InputError` for one that is on none."""
    tag, known = plain_tag(said), sorted({tag for one in runs for tag in one.tags})
    if tag not in known:
        raise InputError(
            "Expected a tag among {known}, got {value}.",
            known=", ".join(known) or "none",
            value=tag,
        )
    return tag


def run_show(options: argparse.Namespace) -> str:
    """All that is known of one run. Raises :class:`InputError` where there is none, or several."""
    log = run_log()
    one = named(catalogue(log), options.wanted)
    document = _document(one, journal.unit_in(journal.live(log), one.family), tuple(one.settings))
    curve = log.curve(one.run_id)
    if options.json:
        annotation = {
            "tags": [_said(tag) for tag in one.annotation.tags],
            "note": _said(one.annotation.note) if one.annotation.note else None,
        }
        points = [list(point) for point in curve]
        return as_json({**document, "annotation": annotation, "curve": points})
    rows = [(name, _text(value)) for name, value in document.items() if value not in (None, "", [])]
    rows += [(f"tagged {tag.text}", _written(tag)) for tag in one.annotation.tags]
    if one.annotation.note is not None:
        rows.append(("noted", _written(one.annotation.note)))
    return as_table([*rows, *((f"after {step} steps", f"{loss:.4f}") for step, loss in curve)])


def _document(one: Listed, unit: Measure, settings: Sequence[str] = _SHOWN) -> dict[str, object]:
    document: dict[str, object] = {
        "run": one.name,
        "run_id": one.run_id,
        "family": one.family,
        "status": one.status,
        "flags": list(one.flags),
        "reasons": [str(reason) for reason in one.reasons],
        "point_of_a_law": one.is_point,
        "import": one.import_id,
        "file": one.file,
        "created_at": one.created_at.isoformat(),
        "loss_unit": str(unit),
        "points": one.points,
        "tags": list(one.tags),
        "remark": one.note,
        **{name: one.settings.get(name) for name in settings},
    }
    if one.deleted_at is not None:
        document |= {
            "deleted_at": one.deleted_at.isoformat(),
            "deleted_because": one.deleted_because,
        }
    return document


def _said(said: Said) -> dict[str, str]:
    return {"text": said.text, "who": said.who, "at": said.at.isoformat()}


def _written(said: Said) -> str:
    return f"{said.at:%Y-%m-%d %H:%M}" + (f" by {said.who}" if said.who else "")


def _grouped(found: Sequence[Group], units: Mapping[str, Measure], *, as_document: bool) -> str:
    """A configuration a line, or as JSON."""
    if as_document:
        return as_json(
            {
                "configurations": [
                    {
                        "runs": [one.run_id for one in group.runs],
                        "seeds": [one.settings.get("seed") for one in group.runs],
                        "family": group.first.family,
                        "loss_unit": str(units[group.first.family]),
                        "mean_cross_entropy": group.mean,
                        "spread_cross_entropy": group.spread,
                        **{name: group.first.settings.get(name) for name in _OF_CONFIGURATION},
                    }
                    for group in found
                ]
            }
        )
    if not found:
        return "No runs."
    rows: list[tuple[str, ...]] = [
        ("run", "family", "size", "batch", "steps", "σ", "rate", "seeds", "mean", "spread")
    ]
    for group in found:
        first = group.first
        rows.append(
            (
                first.name[:40],
                first.family,
                *(
                    _text(first.settings.get(name))
                    for name in ("model_size", "batch_size", "iterations")
                ),
                _text(first.noise_multiplier),
                _text(first.settings.get("learning_rate")),
                str(len(group.runs)),
                _text(group.mean),
                _text(group.spread),
            )
        )
    return as_columns(rows)


def _lines(runs: Sequence[Listed]) -> str:
    heads = (
        "run",
        "id",
        "family",
        "status",
        "size",
        "batch",
        "steps",
        "σ",
        "loss",
        "flags",
        "tags",
    )
    gone = any(one.deleted_at for one in runs)
    rows: list[tuple[str, ...]] = [(*heads, "deleted", "because") if gone else heads]
    for one in runs:
        row = (
            one.name[:40],
            one.run_id[:12],
            one.family,
            one.status,
            *(_text(one.settings.get(name)) for name in ("model_size", "batch_size", "iterations")),
            _text(one.noise_multiplier),
            _text(one.settings.get("cross_entropy")),
            ", ".join(one.flags) or "–",
            ", ".join(one.tags) or "–",
        )
        when = one.deleted_at
        rows.append((*row, _text(when), one.deleted_because or "–") if gone else row)
    return as_columns(rows)


def _text(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, float):
        return f"{value:.5g}"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)
