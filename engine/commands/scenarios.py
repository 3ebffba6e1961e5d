"""Saved scenarios: how they stand, what they answered then and answer now, and who decides on them.

A scenario is a draft until ``propose`` puts it before those who decide, with its figures frozen;
``approve`` locks it. ``show`` recomputes it and says what changed since, by cause.
"""

import argparse
import functools
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine import approvals
from engine.accounting.certificate import Certificate
from engine.approvals import Ruling, Standing
from engine.commands.options import (
    add_json,
    add_language,
    as_columns,
    as_json,
    as_table,
    run_action,
)
from engine.decision.answer import CertificateRequest, certified_answer
from engine.decision.fitted import fitted_evidence
from engine.decision.question import Question
from engine.errors import InputError
from engine.runs.log import data_folder
from engine.scenarios import acts, fields, frozen_figures, saved, wording
from engine.scenarios.since import Since, since
from engine.text import quantities
from engine.text.i18n import Words


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="every saved scenario with its state")
    listing.set_defaults(act=listed)
    showing = actions.add_parser("show", help="then and now, and what changed since, by cause")
    showing.add_argument("name", metavar="NAME")
    showing.set_defaults(act=shown)
    proposing = actions.add_parser(
        "propose", help="freeze the figures of a draft and put it before those who decide"
    )
    proposing.add_argument("name", metavar="NAME")
    proposing.set_defaults(act=proposed)
    for word, ruling, told in (
        ("approve", Ruling.APPROVED, "approve a proposed scenario, which locks it"),
        ("decline", Ruling.DECLINED, "decline a proposed scenario"),
    ):
        deciding = actions.add_parser(word, help=told)
        deciding.add_argument("name", metavar="NAME")
        deciding.add_argument("--reason", default="", metavar="TEXT", help="for the record")
        deciding.set_defaults(act=decided, ruling=ruling)
        add_who(deciding)
    add_who(proposing)
    for action in actions.choices.values():
        add_language(action)
        add_json(action)


def add_who(parser: argparse.ArgumentParser) -> None:
    """``--who``."""
    parser.add_argument(
        "--who", default="", metavar="NAME", help="your name, for the record (may stay empty)"
    )


run = run_action


def listed(options: argparse.Namespace) -> str:
    """A row a scenario."""
    words = Words(options.language)
    found, refused = saved.listed(_folder())
    standings = approvals.standings(data_folder())
    gone = acts.missing(found, standings)
    stands = [(one, standings.of(one.name, one.version)) for one in found]
    if options.json:
        return as_json(
            {
                "scenarios": [_named(one, standing) for one, standing in stands],
                "refused": [str(error) for error in refused],
                "missing": list(gone),
            }
        )
    if not found and not refused and not gone:
        return words.say("No scenario is saved yet.")
    rows = [
        (
            words.say("Scenario"),
            words.say("State"),
            quantities.label("verdict", words),
            quantities.label("npv", words),
            words.say("Frozen"),
        )
    ]
    for one, standing in stands:
        then = one.frozen
        texts = dict(wording.frozen_rows(then, words)) if then and then.is_whole else {}
        rows.append(
            (
                one.name,
                wording.state(standing, words),
                texts.get(quantities.label("verdict", words), "–"),
                texts.get(quantities.label("npv", words), "–"),
                then.at[:10] if then else "–",
            )
        )
    notes = [words.plain_refusal(error) for error in refused]
    notes += [wording.missing(gone, words)] if gone else []
    return "\n".join([as_columns(rows), *notes])


def shown(options: argparse.Namespace) -> str:
    """Then and now side by side, and the steps between them."""
    one = _of_name(options.name)
    standing = acts.standing(one)
    words = quantities.words_of(fields.question(one.values), options.language)
    if one.frozen is None and not options.json:
        return "\n".join([wording.plain_standing(standing, words),
                          wording.nothing_frozen(standing, words)])  # fmt: skip
    found = None if one.frozen is None else since_of(one)
    if options.json:
        return as_json(document(one, standing, found))
    assert found is not None, "a scenario without frozen figures was answered above"
    table = [
        (words.say("Figure"), words.say("Then"), words.say("Now")),
        *((row.name, row.then, row.now) for row in wording.rows(found, words)),
    ]
    parts = [
        wording.plain_standing(standing, words),
        wording.headline(found, words),
        as_columns(table),
    ]
    if bridge := wording.steps(found, words):
        parts.append(as_table(bridge))
    return "\n\n".join(parts)


def proposed(options: argparse.Namespace) -> str:
    """The version that was proposed."""
    one = _of_name(options.name)
    at = datetime.now(UTC).isoformat(timespec="seconds")
    made = acts.proposed(
        _folder(), one, frozen_now(fields.question(one.values), at=at), who=options.who, at=at
    )
    return _said(made, options)


def decided(options: argparse.Namespace) -> str:
    """How the scenario stands then."""
    one = _of_name(options.name)
    acts.decided(_folder(), one, options.ruling, reason=options.reason, who=options.who)
    return _said(one, options)


def frozen_now(asked: Question, *, at: str) -> frozen_figures.Frozen:
    """What a question answers now, certified, for a scenario's file; its law is kept. Raises
    :class:`InputError` where it has no answer."""
    fitted = fitted_evidence(asked.evidence_id)
    found = certified_answer(asked, fitted)
    frozen_figures.keep_law(fitted, data_folder())
    return frozen_figures.freeze(found, fitted, at=at)


def since_of(one: saved.Saved) -> Since:
    """Then and now of a scenario, however long the certificates take."""

    @functools.cache
    def certify(promise: CertificateRequest) -> Certificate:
        return promise.certify()

    return since(one, fitted_evidence(one.evidence_id), certify, folder=data_folder())


def document(one: saved.Saved, standing: Standing, found: Since | None) -> dict[str, Any]:
    """A scenario then and now, for machines."""
    said: dict[str, Any] = {**_named(one, standing), "fields": dict(one.fields), "then": None,
                            "now": None, "changed": None, "steps": None}  # fmt: skip
    if found is None:
        return said
    return said | {
        "then": found.then.to_dict(),
        "now": {
            "figures": dict(found.now) or None,
            "law": found.law,
            "evidence_hash": found.evidence_hash,
            "code": found.code,
            "refused": None if found.refused is None else str(found.refused),
        },
        "changed": found.is_changed,
        "steps": None
        if found.steps is None
        else [
            {"cause": str(step.cause), "assumptions": list(step.assumptions), "jpy": step.amount}
            for step in found.steps
        ],
    }


def _said(one: saved.Saved, options: argparse.Namespace) -> str:
    standing = acts.standing(one)
    if options.json:
        return as_json(_named(one, standing))
    words = Words(options.language)
    return f"{one.name}: {wording.plain_standing(standing, words)}"


def _named(one: saved.Saved, standing: Standing) -> dict[str, Any]:
    decision, then = standing.decision, one.frozen
    return {
        "name": one.name,
        "version": one.version,
        "state": str(standing.state),
        "was_changed": standing.was_changed,
        "superseded_by": standing.superseded_by or None,
        "decision": None if decision is None else asdict(decision),
        "replaces": None if one.replaces is None else one.replaces[0],
        "frozen": None
        if then is None
        else {"at": then.at, "is_whole": then.is_whole, "law": then.law, "code": then.code},
    }


def _of_name(name: str) -> saved.Saved:
    found = {one.name: one for one in saved.listed(_folder())[0]}
    if name not in found:
        raise InputError(
            "Expected the name of a saved scenario, got {value}: scenarios list shows them.",
            value=name[: saved.LONGEST_NAME],
        )
    return found[name]


def _folder() -> Path:
    return saved.folder(data_folder())
