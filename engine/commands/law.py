"""The versions of laws: which there are, what went into each, and what changed between two.

A refit of all runs and forms is kept by itself, beside the log of decisions. ``compare`` asks the
same question of two versions, or of one and of the law as its runs now stand.
"""

import argparse
from dataclasses import asdict
from pathlib import Path

from engine.commands import law_summary
from engine.commands.fit_document import beforehand_document
from engine.commands.fit_influence import add_question, question_of, stand_document
from engine.commands.options import (
    add_choice,
    add_evidence,
    add_json,
    as_columns,
    as_json,
    as_table,
    run_action,
    write_file,
)
from engine.decision import law_versions, next_run
from engine.decision.fitted import run_log
from engine.decision.influence import Stand
from engine.decision.law_store import LawVersion, unreadable
from engine.decision.law_versions import Comparison
from engine.decision.next_sweep import sweep_plan
from engine.errors import InputError
from engine.text.terminal import tell

_SHOWN = 5
"""Runs that are named in a line of text."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="every version that is kept, oldest first")
    listing.add_argument("--evidence", metavar="ID", help="of one evidence (default: all)")
    listing.set_defaults(act=listed)
    keeping = actions.add_parser("keep", help="keep the law as its runs now stand")
    add_evidence(keeping)
    add_choice(keeping)
    keeping.add_argument("--note", default="", metavar="TEXT", help="what it is, in a line")
    keeping.set_defaults(act=kept)
    comparing = actions.add_parser("compare", help="what changed from one version to another")
    comparing.add_argument("before", metavar="BEFORE", help="a version, or its first digits")
    comparing.add_argument(
        "after", metavar="AFTER", nargs="?", help="a later one (default: as the runs now stand)"
    )
    add_question(comparing, "of the question that both are asked")
    comparing.set_defaults(act=compared)
    using = actions.add_parser("use", help="let a version answer from now on, or the runs again")
    using.add_argument(
        "version", metavar="VERSION", nargs="?", help="a version, or its first digits"
    )
    add_evidence(using)
    using.add_argument(
        "--newest", action="store_true", help="no version: the law of the runs as they stand"
    )
    using.set_defaults(act=used)
    looking = actions.add_parser("next", help="the runs that would narrow today's range per yen")
    add_evidence(looking)
    add_question(looking, "of the question whose range is narrowed")
    looking.add_argument(
        "--sweep",
        type=Path,
        metavar="FILE",
        help="write the first of them as a sweep plan, which `sweep FILE` trains",
    )
    looking.set_defaults(act=looked)
    summing = actions.add_parser("summary", help="the law on one page, as Markdown or PDF")
    law_summary.add_arguments(summing)
    summing.set_defaults(act=law_summary.run)
    for action in (listing, keeping, comparing, using, looking, summing):
        add_json(action)


run = run_action


def listed(options: argparse.Namespace) -> str:
    """A row a version."""
    found, damaged = law_versions.kept(options.evidence), unreadable(run_log().folder)
    if options.json:
        versions = [version_document(one) for one in found]
        currents = [law_versions.current(name) for name in {one.evidence_id for one in found}]
        current = {one.evidence_id: one.version for one in currents if one is not None}
        return as_json({"versions": versions, "unreadable": list(damaged), "current": current})
    if not found:
        return "No version of a law is kept yet."
    rows = [("version", "kept", "evidence", "runs", "forms", "error left out", "code", "note")]
    for one in found:
        chosen = law_versions.current(one.evidence_id)
        is_current = chosen is not None and chosen.version == one.version
        error = one.fit.held.get("configurations", one.fit.scatter)
        leading = ", ".join(f"{name} {w:.0%}" for name, w in list(one.fit.forms.items())[:2])
        rows.append(
            (
                f"{'* ' if is_current else ''}{one.version}",
                one.kept_at[:16],
                one.evidence_id,
                f"{one.runs}{_chosen(one, ': ')}",
                leading,
                f"{error:.2%}",
                one.code,
                one.note or "–",
            )
        )
    text = as_columns(rows)
    text += "\n\n* answers for its evidence; without a mark the runs as they stand do."
    return f"{text}\n\nUnreadable: {', '.join(damaged)}" if damaged else text


def kept(options: argparse.Namespace) -> str:
    """The version that was kept."""
    choice = law_versions.choice_of(options.evidence, without=options.without, also=options.also)
    if choice:
        left = law_versions.remaining(options.evidence, choice)
        if left.refusal is not None:
            raise left.refusal
    made = law_versions.keep_now(options.evidence, note=options.note, choice=choice)
    if options.json:
        return as_json(version_document(made))
    runs = f"{made.runs} runs{_chosen(made, ', ')}"
    return f"Kept the law of {made.evidence_id}, {runs}, as version {made.version}."


def compared(options: argparse.Namespace) -> str:
    """What went in and out, and the answer before and after."""
    before = law_versions.named(options.before)
    options.evidence = before.evidence_id
    after = (
        law_versions.named(options.after) if options.after else law_versions.now(before.evidence_id)
    )
    found = law_versions.compare(before, after, question_of(options))
    return as_json(comparison_document(found)) if options.json else _text(found)


def used(options: argparse.Namespace) -> str:
    """Which law answers from now on."""
    if options.newest == (options.version is not None):
        raise InputError("Expected the version of a law, or --newest.")
    if options.newest:
        version, evidence_id = None, options.evidence
    else:
        version = law_versions.named(options.version)
        evidence_id = version.evidence_id
    aside = law_versions.use(evidence_id, version)
    if aside is not None:
        tell(
            f"The file of current laws was damaged: it is kept as {aside.file}. Of the other "
            f"choices in it these still stand: {', '.join(aside.kept) or 'none'}."
        )
    if options.json:
        name = None if version is None else version.version
        return as_json({"evidence": evidence_id, "current": name})
    if version is None:
        return f"The law of {evidence_id} follows its runs as they stand."
    return f"The law of {evidence_id} is version {version.version} until another is used."


def looked(options: argparse.Namespace) -> str:
    """A row a run that could be made, the most telling per yen first."""
    found = next_run.next_runs(question_of(options))
    if options.sweep is not None:
        _write_sweep(options.sweep, found)
    if options.json:
        return as_json(
            {
                "question": asdict(found.question.budget),
                "law": found.law,
                "deviation": found.deviation,
                "scatter": found.scatter,
                "least": next_run.LEAST,
                "tried": found.tried,
                "most": _candidate(found.most),
                "candidates": [_candidate(one) for one in found.candidates],
            }
        )
    head = (
        f"The loss of today's plan is known within {found.deviation:.2%} (standard deviation); "
        f"{found.scatter:.2%} is how far single runs scatter, which no run takes away."
    )
    if not found.candidates:
        most = found.most
        return (
            f"{head}\nNo run narrows that by {next_run.LEAST:.0%}: of {found.tried} the most "
            f"telling, {most.model_size:.3g} parameters and {most.iterations:.3g} steps at "
            f"σ/B {most.noise_batch_ratio:.2g}, by {most.narrowing:.1%} for "
            f"{most.cost.jpy:,.0f} JPY."
        )
    rows = [("size", "steps", "σ/B", "batch", "JPY", "narrows by")]
    rows += [
        (
            f"{one.model_size:.3g}",
            f"{one.iterations:.3g}",
            f"{one.noise_batch_ratio:.2g}",
            str(one.batch_size),
            f"{one.cost.jpy:,.0f}",
            f"{one.narrowing:.1%}",
        )
        for one in found.candidates
    ]
    return f"{head}\n\n{as_columns(rows)}"


def _write_sweep(file: Path, found: next_run.NextRuns) -> None:
    content = sweep_plan(found.first, found.question.evidence_id, found.sequence_length)
    write_file(file, content.encode())
    tell(f"The first of them is the sweep plan {file}.")


def _candidate(one: next_run.Candidate) -> dict[str, object]:
    return {
        "model_size": one.model_size,
        "iterations": one.iterations,
        "noise_batch_ratio": one.noise_batch_ratio,
        "batch_size": one.batch_size,
        "jpy": one.cost.jpy,
        "narrowing": one.narrowing,
        "narrowing_per_million_jpy": one.per_million_jpy,
    }


def version_document(one: LawVersion) -> dict[str, object]:
    """A version for machines, without the numbers of its fit."""
    return {
        "version": one.version,
        "kept_at": one.kept_at,
        "note": one.note,
        "evidence": one.evidence_id,
        "hash": one.evidence_hash,
        "runs": one.runs,
        "run_ids": list(one.run_ids),
        "without": list(one.choice.without),
        "with": list(one.choice.also),
        "noise_from": one.noise_from or None,
        "forms": one.fit.forms,
        "forms_beforehand": beforehand_document(one.fit),
        "left_out": dict(one.fit.held),
        "scatter": one.fit.scatter,
        "drift": one.fit.drift,
        "level_drift": one.fit.level_drift,
        "code": one.code,
        "libraries": dict(one.libraries),
    }


def comparison_document(found: Comparison) -> dict[str, object]:
    """What changed, for machines."""
    first, second = found.stands
    return {
        "before": version_document(found.before),
        "after": version_document(found.after),
        "added": list(found.added),
        "removed": list(found.removed),
        "weights": {
            form: {"before": before, "after": after}
            for form, (before, after) in found.weights.items()
        },
        "turns_verdict": found.turns,
        "loss_change": found.loss_change,
        "today_before": None if first is None else stand_document(first),
        "today_after": None if second is None else stand_document(second),
        "refusals": [None if one is None else str(one) for one in found.refusals],
    }


def _text(found: Comparison) -> str:
    rows = [
        ("before", _name(found.before)),
        ("after", _name(found.after)),
        ("runs added", _runs(found.added)),
        ("runs removed", _runs(found.removed)),
        *(
            (f"weight of {form}", f"{before:.0%} → {after:.0%}")
            for form, (before, after) in found.weights.items()
        ),
        ("scatter", f"{found.before.fit.scatter:.2%} → {found.after.fit.scatter:.2%}"),
    ]
    answers = zip(("today before", "today after"), found.stands, found.refusals, strict=True)
    rows += [(name, _stand(stand, refusal)) for name, stand, refusal in answers]
    if found.loss_change is not None:
        rows.append(("expected loss", f"{found.loss_change:+.2%}"))
    rows.append(("verdict", "is another" if found.turns else "stays"))
    if found.same_runs and found.before.code != found.after.code:
        rows.append(("cause", "the same runs: what differs is the code's doing"))
    return as_table(rows)


def _name(one: LawVersion) -> str:
    note = f", {one.note}" if one.note else ""
    runs = f"{one.runs} runs{_chosen(one, ': ')}"
    return f"{one.version} of {one.kept_at[:16]}, {runs}, code {one.code}{note}"


def _chosen(one: LawVersion, before: str) -> str:
    """What of its runs a person left out or took in."""
    out, taken = len(one.choice.without), len(one.choice.also)
    said = [f"{out} out"] * bool(out) + [f"{taken} in"] * bool(taken)
    return before + " ".join(said) if said else ""


def _runs(ids: tuple[str, ...]) -> str:
    if not ids:
        return "none"
    named = ", ".join(run[:8] for run in ids[:_SHOWN])
    return f"{len(ids)}: {named}{' …' if len(ids) > _SHOWN else ''}"


def _stand(stand: Stand | None, refusal: InputError | None) -> str:
    if stand is None:
        return f"no answer: {refusal}"
    config, loss = stand.plan.config, stand.plan.cross_entropy
    return (
        f"{stand.verdict.code}, {config.model_size:.3g} parameters, {config.iterations:.3g} steps, "
        f"batch {config.batch_size:.3g}, loss {loss.value:.4f} ({loss.low:.4f} to {loss.high:.4f})"
    )
