"""The words of the Runs page: columns, statuses, flags, refusals, and what an import holds."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TypeVar

from engine.api.runs import (
    Columns,
    Entry,
    Flag,
    Imported,
    JournalRun,
    Measure,
    Rows,
    Settled,
    Status,
)
from engine.errors import InputError
from engine.text import formats, labels, run_labels, tables
from engine.text.i18n import N_, Words

R = TypeVar("R", Settled, JournalRun)
"""A run of a file that is looked at, or of one that was imported."""
SCALES = {
    "": N_("as its name says"),
    "units": N_("units"),
    "thousands": N_("thousands"),
    "millions": N_("millions"),
    "billions": N_("billions"),
}
_OPTIONS = {
    "--map": N_("“Columns”"),
    "--family": N_("“Family”"),
    "--loss-unit": N_("“Unit of the losses”"),
    "--sequence-length": N_("“Tokens of an example”"),
    "--vocabulary-size": N_("“Tokens of the vocabulary”"),
    "--decimal": N_("“Decimal mark of the file”"),
    "--encoding": N_("“Encoding of the file”"),
}
"""An option of the command line -> the field of the page that says the same."""
_MAP = re.compile(r"--map (?:THEIRS|元の列名)=([\w\\]+)")
"""How the engine asks for a column, with the role that is missing."""
_ASSUMED = {
    "noise": N_("No column says the noise: all runs count as trained without."),
    "sequence_length": N_("No column says the tokens of an example: 512 are assumed."),
    "vocabulary_size": N_(
        "No column says the vocabulary: 50,257 tokens are assumed, or 256 where losses are per "
        "byte."
    ),
    "sampling": N_("No column says the sampling: Poisson sampling of examples is assumed."),
}


def headline(families: Mapping[str, int], words: Words) -> str:
    """Line 1: how much there is."""
    return words.say(
        "{runs} of {families} are on record.",
        runs=words.count("{n} run", "{n} runs", sum(families.values())),
        families=words.count("{n} family", "{n} families", len(families)),
    )


def of_a_law(words: Words) -> str:
    """Why Law counts fewer runs of a family than this page."""
    return words.say(
        "A law may rest on fewer than are on record: it leaves out runs that are too short, "
        "published ones of very small batches, and those that look wrong. Law says on how many."
    )


def families_table(families: Mapping[str, int], words: Words) -> dict[str, list[str]]:
    """A row a family: its name, its identifier, its runs."""
    return {
        words.say("Family"): [labels.evidence_name(name, words) for name in families],
        words.say("Identifier"): [f"`{name}`" for name in families],
        words.say("Runs"): [formats.exact(count) for count in families.values()],
    }


def refusal(error: InputError, words: Words) -> str:
    """A refusal that names the fields of the page, where the engine names options."""
    return _with_fields(words.refusal(_named(error, words)), words)


def _named(error: InputError, words: Words) -> InputError:
    """With the names of the roles that are missing."""
    missing = error.values.get("missing")
    if not isinstance(missing, str):
        return error
    names = ", ".join(_role(name, words) for name in missing.split(", "))
    return InputError(error.template, **{**error.values, "missing": names})


def _with_fields(sentence: str, words: Words) -> str:
    sentence = _MAP.sub(lambda found: f"--map: {_role(found[1], words)}", sentence)
    for option, field in _OPTIONS.items():
        sentence = sentence.replace(option, words.say(field))
    return sentence


def _role(name: str, words: Words) -> str:
    plain = name.replace("\\", "")
    return words.say(run_labels.ROLES[plain]) if plain in run_labels.ROLES else name


def summary(found: Imported, words: Words) -> str:
    """How many runs a file holds, and what they are."""
    return _counted(found.entry, words)


def kept_summary(before: Entry, words: Words) -> str:
    """The same of a file that was imported, and when."""
    return words.joined(
        [
            words.say("Imported on {when}.", when=f"{before.moment:%Y-%m-%d %H:%M}"),
            _counted(before, words),
        ]
    )


def _counted(entry: Entry, words: Words) -> str:
    statuses = Counter(run.status for run in entry.runs)
    stored = sum(run.stored for run in entry.runs)
    runs = words.count("{n} run", "{n} runs", len(entry.runs))
    points = words.count("{n} point of a law", "{n} points of a law", stored)
    parts = [
        f"{words.say(name)} {statuses[status]}"
        for status, name in run_labels.STATUSES.items()
        if statuses[status]
    ]
    flagged = sum(bool(run.flags) for run in entry.runs)
    if flagged:
        parts.append(words.count("{n} with a flag", "{n} with flags", flagged))
    if entry.refused:
        parts.append(
            words.count("{n} row refused", "{n} rows refused", len(entry.refused)),
        )
    listed = ", ".join(parts)
    return words.say(
        "{runs}, {points} ({listed}). Losses: {unit}.",
        runs=runs,
        points=points,
        listed=listed,
        unit=words.field(Measure(entry.measure)),
    )


def reading(found: Imported, words: Words) -> list[str]:
    """How a file was read, what was assumed, and whose reading was taken over."""
    told = [] if found.detected is None else tables.sentences(found.detected, words)
    if found.remembered is not None:
        told.append(
            words.say(
                "Read as {file} was: it has the same columns.",
                file=found.remembered.file,
            )
        )
    assumed = {name for run in found.runs for name in run.assumed}
    return told + [words.say(text) for name, text in _ASSUMED.items() if name in assumed]


def columns_table(columns: Columns, words: Words) -> dict[str, list[str]]:
    """What each column that counts was read as."""
    pairs = [
        (column, words.say(run_labels.ROLES[role]), columns.scale.get(role, 1))
        for role, column in columns.by_role.items()
    ]
    return {
        words.say("Column"): [column for column, _, _ in pairs],
        words.say("Read as"): [role for _, role, _ in pairs],
        words.say("In"): ["" if scale == 1 else f"× {scale:,}" for _, _, scale in pairs],
    }


def doubtful_first(runs: Sequence[R]) -> list[R]:
    """Those with a flag, then those that did not finish, then the others, each as in the file."""
    return sorted(runs, key=lambda run: (not run.flags, run.status == Status.FINISHED))


def doubts(runs: Sequence[Settled], most: int, words: Words) -> list[str]:
    """Why the first runs that are doubted are, a sentence or two a run, and how many more are."""
    return _doubts([(run.name, reasons(run, words)) for run in runs if run.flags], most, words)


def kept_doubts(runs: Sequence[JournalRun], most: int, words: Words) -> list[str]:
    """:func:`doubts` of runs that were imported."""
    doubted = [run for run in runs if run.flags]
    return _doubts([(run.run, _kept_reasons(run, words)) for run in doubted], most, words)


def _doubts(doubted: Sequence[tuple[str, str]], most: int, words: Words) -> list[str]:
    said = [words.say("{run}: {reasons}", run=name, reasons=why) for name, why in doubted[:most]]
    if rest := len(doubted) - len(said):
        said.append(words.count("{n} more run", "{n} more runs", rest))
    return said


def order(runs: Sequence[R], most: int, words: Words) -> str:
    """In which order runs are listed, and how many are not; "" where there is nothing to say."""
    said = []
    if any(run.flags or run.status != Status.FINISHED for run in runs):
        said.append(words.say("Runs that are doubted, or did not finish, come first."))
    if len(runs) > most:
        said.append(words.say("The first {most} are listed.", most=formats.exact(most)))
    return words.joined(said)


def runs_table(runs: Sequence[Settled], words: Words) -> dict[str, list[object]]:
    """A row a run: what it is, and why it is doubted."""
    return {
        words.say("Row"): [run.measured.line for run in runs],
        words.say("Run"): [run.name for run in runs],
        words.say("Status"): [words.say(run_labels.STATUSES[run.status]) for run in runs],
        words.say("Flags"): [
            ", ".join(words.say(run_labels.FLAGS[one.flag]) for one in run.flags) for run in runs
        ],
        words.say("Reasons"): [reasons(run, words) for run in runs],
        words.say("Point of a law"): [run.record is not None for run in runs],
        words.say("Loss (nats)"): [run.loss for run in runs],
        words.say("Parameters"): [run.settings.get("model_size") for run in runs],
        words.say("Iterations"): [run.settings.get("iterations") for run in runs],
    }


def kept_table(runs: Sequence[JournalRun], words: Words) -> dict[str, list[object]]:
    """A row a run of an import, as it was judged then."""
    return {
        words.say("Run"): [run.run for run in runs],
        words.say("Status"): [words.say(run_labels.STATUSES[Status(run.status)]) for run in runs],
        words.say("Flags"): [
            ", ".join(words.say(run_labels.FLAGS[Flag(one)]) for one in run.flags) for run in runs
        ],
        words.say("Reasons"): [_kept_reasons(run, words) for run in runs],
        words.say("Point of a law"): [run.stored for run in runs],
    }


def _kept_reasons(run: JournalRun, words: Words) -> str:
    return " ".join(dict.fromkeys(plain_refusal(error, words) for error in run.reasons))


def reasons(run: Settled, words: Words) -> str:
    """Why a run ended as it did, and why it is doubted, in plain text."""
    errors = [*filter(None, [run.ended]), *(one.reason for one in run.flags)]
    return " ".join(dict.fromkeys(plain_refusal(error, words) for error in errors))


def plain_refusal(error: InputError, words: Words) -> str:
    """:func:`refusal` for a cell, which knows no Markdown."""
    return _with_fields(words.plain_refusal(_named(error, words)), words)


def number_columns(found: Rows) -> list[str]:
    """The columns of an answer that hold numbers and nothing else."""
    return [
        name
        for name, cells in zip(found.columns, found.cells, strict=True)
        if any(cell is not None for cell in cells)
        and all(cell is None or type(cell) in (int, float) for cell in cells)
    ]


def refused_table(
    rows: Sequence[tuple[int, str, InputError]], words: Words
) -> dict[str, list[object]]:
    """A row a refused row of the file: its number, its run, and why."""
    return {
        words.say("Row"): [line for line, _, _ in rows],
        words.say("Run"): [run for _, run, _ in rows],
        words.say("Refused because"): [plain_refusal(reason, words) for _, _, reason in rows],
    }
