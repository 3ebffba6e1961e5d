"""Reads a sweep plan in TOML.

A plan names a public text, defaults, workers, and ``[[grid]]`` blocks. Numbers may be written as
powers ("2^-8"). Blocks run in the order written, those that name the same ``round`` together.
Loads no torch.

>>> plan = parse('''
... [[grid]]
... model_sizes = [3e4]
... noise_batch_ratios = [0, "2^-8"]
... learning_rates = ["2^-7"]
... seeds = [1]
... ''')
>>> plan.corpus.kind, plan.grids[0].noise_batch_ratios
('docstrings', (0.0, 0.00390625))
"""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from engine.errors import InputError
from engine.pilot import starts
from engine.pilot.plan import CorpusSource, Engine, Start
from engine.pilot.sweeps.grid import Grid, SweepPlan
from engine.pilot.text.registry import registry
from engine.runs.checks import count, real, unexpected
from engine.untrusted.texts import toml_document

MOST_RUNS = 100_000
_POWER = re.compile(r"\s*(\d+(?:\.\d+)?)\s*\^\s*([+-]?\d+(?:\.\d+)?)\s*")
_TOP = {"interleave", "corpus", "workers", "defaults", "grid"}
_CORPUS = {"kind", "path", "text_column", "unit_column", "tokenizer", "public"}
_WORKERS = {"processes", "threads", "device"}
_DEFAULTS = {
    "batch_size": 128,
    "sequence_length": 64,
    "iterations": 1024,
    "warmup": 20,
    "physical_batch_size": 32,
    "engine": Engine.FAST,
    "precision": "float32",
}
_LISTS = ("noise_batch_ratios", "learning_rates", "seeds")
_PLACES = ("model_sizes", "starts")
"""What a block trains: fresh models of these sizes, or public starts, each by these ``lora_ranks``
(0, the default: all weights)."""


def parse(text: str) -> SweepPlan:
    """Read a plan. Raises :class:`InputError` with the first thing wrong with it."""
    document = toml_document(
        text, lambda reason: InputError("Expected a sweep plan in TOML: {reason}.", reason=reason)
    )
    _only(document, _TOP, "the plan")
    workers = _table(document, "workers", _WORKERS)
    given = _table(document, "defaults", set(_DEFAULTS))
    chosen = {**_DEFAULTS, **given}
    blocks = document.get("grid", [])
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        raise unexpected("grid", "blocks headed [[grid]]", "something else")
    if not blocks:
        raise InputError("Expected at least one [[grid]] in the plan, got none: add what to train.")
    grids = tuple(_grid(block, number, chosen) for number, block in enumerate(blocks, start=1))
    runs = sum(
        len((*grid.model_sizes, *grid.starts))
        * math.prod(len(getattr(grid, name)) for name in _LISTS)
        for grid in grids
    )
    if runs > MOST_RUNS:
        raise InputError(
            "Expected at most {most} runs in a plan, got {runs}.", most=MOST_RUNS, runs=runs
        )
    if chosen["precision"] not in ("float32", "bfloat16"):
        raise unexpected("precision", "float32 | bfloat16", chosen["precision"])
    if chosen["engine"] not in list(Engine):
        raise unexpected("engine", " | ".join(Engine), chosen["engine"])
    return SweepPlan(
        corpus=_corpus(document),
        grids=grids,
        interleave=_flag("interleave", document.get("interleave", False)),
        processes=count("processes", workers.get("processes", 1), 1, optional=False),
        threads=count("threads", workers.get("threads", 1), 1, optional=False),
        device=_text("device", workers.get("device", "cpu")),
        batch_size=count("batch_size", chosen["batch_size"], 1, optional=False),
        sequence_length=count("sequence_length", chosen["sequence_length"], 1, optional=False),
        physical_batch_size=count(
            "physical_batch_size", chosen["physical_batch_size"], 1, optional=False
        ),
        engine=Engine(chosen["engine"]),
        precision=chosen["precision"],
    )


def _corpus(document: Mapping[str, Any]) -> CorpusSource:
    table = _table(document, "corpus", _CORPUS)
    known_public = table.get("kind", "docstrings") == "docstrings"
    if not _flag("public", table.pop("public", known_public)):
        raise InputError(
            "Expected public = true under [corpus]: a sweep records its seeds, which voids any "
            "promise of privacy, so it may train on public text only."
        )
    texts: dict[str, Any] = {name: _text(name, value) for name, value in table.items()}
    source = CorpusSource(**{"kind": "docstrings"} | texts)
    registry().require_public(source)
    return source


def _grid(block: Mapping[str, Any], number: int, chosen: Mapping[str, Any]) -> Grid:
    known = {*_LISTS, *_PLACES, "lora_ranks", "iterations", "warmup", "round"}
    _only(block, known, f"[[grid]] {number}")
    place = "starts" if "starts" in block else "model_sizes"
    if place == "starts" and "model_sizes" in block:
        raise unexpected(f"[[grid]] {number}", "model_sizes or starts", "both")
    values = {}
    for name in (place, *_LISTS):
        listed = block.get(name)
        if not isinstance(listed, list) or not listed:
            raise unexpected(f"{name} of [[grid]] {number}", "a list of numbers", listed or "none")
        values[name] = listed if name == "starts" else [_number(name, value) for value in listed]
    iterations = count(
        "iterations", block.get("iterations", chosen["iterations"]), 1, optional=False
    )
    warmup = count("warmup", block.get("warmup", chosen["warmup"]), 0, optional=False)
    if warmup >= iterations:
        raise InputError(
            "Expected warmup below the {iterations} iterations, got {warmup}.",
            iterations=iterations,
            warmup=warmup,
        )
    return Grid(
        round=count("round", block.get("round", number), 0, optional=False),
        model_sizes=tuple(
            real("model_sizes", v, optional=False) for v in values.get("model_sizes", ())
        ),
        starts=_starts(values.get("starts", ()), block.get("lora_ranks"), number),
        noise_batch_ratios=tuple(
            real("noise_batch_ratio", v, optional=False) for v in values["noise_batch_ratios"]
        ),
        learning_rates=tuple(
            real("learning_rate", v, optional=False) for v in values["learning_rates"]
        ),
        seeds=tuple(count("seed", v, 0, optional=False) for v in values["seeds"]),
        iterations=iterations,
        warmup=warmup,
    )


def _starts(names: Sequence[object], ranks: object, number: int) -> tuple[Start, ...]:
    """Every start by every rank, each with the weights that lie there now."""
    if ranks is not None and (not names or not isinstance(ranks, list) or not ranks):
        raise unexpected(f"lora_ranks of [[grid]] {number}", "a list of ranks beside starts", ranks)
    listed = ranks if isinstance(ranks, list) else [0]
    chosen = [count("lora_ranks", rank, 0, optional=False) for rank in listed]
    files = [starts.read(_text("starts", name)) for name in names]
    return tuple(file.begun(rank) for file in files for rank in chosen)


def _number(name: str, value: object) -> object:
    """A number, or a power as text; what is neither is left for the check that follows."""
    if not isinstance(value, str):
        return value
    power = _POWER.fullmatch(value)
    try:
        return float(power[1]) ** float(power[2]) if power else float(value)
    except (ValueError, ArithmeticError):
        raise unexpected(name, 'a number or a power like "2^-8"', value) from None


def _table(document: Mapping[str, Any], name: str, known: set[str]) -> dict[str, Any]:
    table = document.get(name, {})
    if not isinstance(table, dict):
        raise unexpected(name, f"a block headed [{name}]", table)
    _only(table, known, f"[{name}]")
    return dict(table)


def _only(table: Mapping[str, Any], known: set[str], place: str) -> None:
    strange = sorted(set(table) - known)
    if strange:
        raise InputError(
            "Expected {known} in {place}, got {name}: check its spelling.",
            known=", ".join(sorted(known)),
            place=place,
            name=strange[0],
        )


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise unexpected(name, "true or false", value)
    return value


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise unexpected(name, "a text", value)
    return value
