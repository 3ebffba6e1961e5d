"""A law on one page: evidence, forms with weights, numbers with intervals, hold-outs, reach, hash.

The content, in one language, and its form in Markdown; :mod:`engine.report.print` sets it as PDF.
Everything comes from what the Law page shows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.code_version import code_version
from engine.decision.fitted import FittedEvidence
from engine.errors import inert
from engine.law.inspection import Inspection
from engine.law.version import fit_version
from engine.runs.imports.selection import Selection
from engine.text import formats, labels, law_figures, law_parameters
from engine.text.i18n import Words


@dataclass(frozen=True, kw_only=True)
class Part:
    """A heading with sentences and perhaps a table under it."""

    heading: str
    sentences: tuple[str, ...] = ()
    heads: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What one page says of a law."""

    title: str
    language: str
    parts: tuple[Part, ...]
    footer: str


def summary(
    fitted: FittedEvidence, selection: Selection, inspection: Inspection, words: Words, *, date: str
) -> Summary:
    """The page of a law that was fitted to ``selection``; ``date`` as the reader writes it."""
    evidence = selection.evidence
    name = labels.evidence_name(evidence.id, words)
    return Summary(
        title=words.say("The law of {evidence}", evidence=name),
        language=words.language,
        parts=(
            Part(
                heading=words.say("What it says"),
                sentences=tuple(
                    filter(
                        None,
                        [
                            law_figures.headline(fitted, inspection, words),
                            law_figures.beyond(fitted, words),
                            law_figures.without_noise(fitted, words),
                            law_figures.forms_beforehand(fitted.fit, words),
                        ],
                    )
                ),
            ),
            _evidence(selection, inspection, words),
            _table(
                words.say("Forms and what they predict unseen"),
                law_figures.forms(fitted, inspection, words),
            ),
            _table(
                words.say("The numbers of the leading form"),
                law_parameters.table(inspection, words),
                (inspection.leading.formula,),
            ),
        ),
        footer=words.say(
            "{date}. Evidence {hash}, law {law}, code {code}.",
            date=date,
            hash=evidence.sha256,
            law=fit_version(fitted.fit),
            code=code_version(),
        ),
    )


def _evidence(selection: Selection, inspection: Inspection, words: Words) -> Part:
    rows, evidence = inspection.rows, selection.evidence
    noise = rows.noise_batch_ratio[rows.noise_batch_ratio > 0]
    unit = words.field(words.loss_unit.measure)
    said = [
        words.say(
            "{runs}, {points}; losses in {unit}.",
            runs=words.count("{n} run", "{n} runs", evidence.runs),
            points=words.count("{n} point", "{n} points", len(rows.measured)),
            unit=unit,
        )
    ]
    if selection.left_out:
        said.append(
            words.count("{n} run is left out.", "{n} runs are left out.", len(selection.left_out))
        )
    ranges = [
        (
            words.say("Model size (parameters)"),
            formats.amount(rows.model_size.min(), words.language),
            formats.amount(rows.model_size.max(), words.language),
        ),
        (
            words.say("Iterations (steps)"),
            formats.amount(rows.iterations.min(), words.language),
            formats.amount(rows.iterations.max(), words.language),
        ),
        (
            words.say("Noise-batch ratio σ/B"),
            formats.scientific(noise.min(), 2) if noise.size else "0",
            formats.scientific(noise.max(), 2) if noise.size else "0",
        ),
        (
            words.say("Loss"),
            formats.loss(rows.measured.min()),
            formats.loss(rows.measured.max()),
        ),
    ]
    return Part(
        heading=words.say("What it rests on"),
        sentences=tuple(said),
        heads=(words.say("Covered by the runs"), words.say("from"), words.say("to")),
        rows=tuple(ranges),
    )


def _table(
    heading: str, columns: Mapping[str, Sequence[str]], sentences: tuple[str, ...] = ()
) -> Part:
    """Cells are for a page and may hold its bold; here they are plain."""
    rows = zip(*columns.values(), strict=True)
    plain = tuple(tuple(cell.replace("**", "") for cell in row) for row in rows)
    return Part(heading=heading, sentences=sentences, heads=tuple(columns), rows=plain)


def markdown(found: Summary) -> str:
    """The page as Markdown; marks in names stay what they are."""
    lines = [f"# {formats.literally(found.title)}", ""]
    for part in found.parts:
        lines += [f"## {formats.literally(part.heading)}", ""]
        for sentence in part.sentences:
            lines += [formats.literally(sentence), ""]
        if part.heads:
            lines.append(_row(part.heads))
            lines.append("|" + "---|" * len(part.heads))
            lines += [_row(row) for row in part.rows]
            lines.append("")
    return "\n".join([*lines, formats.literally(found.footer), ""])


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(formats.literally(inert(cell)) for cell in cells) + " |"
