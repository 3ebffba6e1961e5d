"""The deck: the pages' own sentences and figures, one message a slide, in the scenario's language.

Pure: everything that is shown comes in, so a deck is the same for page and exports. Colours are
those of the page it is shown on; exports take the light ones.
"""

from dataclasses import dataclass

from dashboard.decide import facts, wording
from dashboard.present import (
    cover_slide,
    decision_record,
    figures,
    objections,
    options,
    request,
    speaker_notes,
    tables,
    workbook_material,
)
from dashboard.present.options import Option
from dashboard.present.speaker_notes import aside
from dashboard.roi import facts as roi_facts
from dashboard.roi import wording as roi_wording
from dashboard.ui.colours import Palette
from engine.api.decisions import Answer, Code, Comparison, StartFindings, StartWorth
from engine.api.pilots import PilotEffect
from engine.api.reports import Deck, Slide, Table, Tile
from engine.errors import InputError
from engine.text import noise, public_start, start_advice, verdict
from engine.text.i18n import Words

BUDGETS = ("compute", "data", "epsilon")


@dataclass(frozen=True, kw_only=True)
class Material:
    """Everything that a deck is made from."""

    answer: Answer
    basis: tables.Basis
    options: tuple[Option, ...] = ()
    """This scenario and those that were chosen on Compare; empty where none was."""
    start: StartFindings | None = None
    """What is known of the ways to begin."""
    pilot: PilotEffect | InputError | None = None
    """What the last pilot changed, or why nobody knows; None before one has ended."""

    @property
    def answers(self) -> list[Answer]:
        """All that figures come from."""
        return [self.answer, *(option.answer for option in self.options[1:])]


def deck(found: Material, words: Words, colours: Palette) -> Deck:
    """The whole presentation with its appendix and the decision record."""
    compared = options.table(found.options, words) if len(found.options) > 1 else None
    record = decision_record.record(
        found.answer, found.basis, words, compared, found.start, found.pilot
    )
    last = Slide(
        key="record",
        title=record.title,
        table=record.summary,
        stamps=record.approvals,
        notes=(speaker_notes.form(words),),
    )
    slides = (
        *_plan(found, words, colours),
        *options.slides(found.options, words, colours),
        *_money(found, words, colours),
        *_from_start(found.start, found.answer, words),
        *_close(found, words),
        last,
    )
    return Deck(
        language=words.language,
        title=words.say("Training a language model with differential privacy: a proposal"),
        subtitle=request.question(found.answer, words),
        slides=slides,
        appendix=_appendix(found, words),
        record=record,
        data=(tables.raw_assumptions(found.answer.question.assumptions, words),),
        footer=tables.footer(found.answer, found.basis, words),
        address=found.basis.address,
        notes_name=words.say("Notes"),
        author=found.basis.cover.author,
        day=found.basis.day,
        live=workbook_material.live(found.answer, words),
    )


def _plan(found: Material, words: Words, colours: Palette) -> tuple[Slide, ...]:
    """The question, the decision, what binds, the usual rule, privacy."""
    answer = found.answer
    decision, risk = answer.decision, answer.risk
    quality, _, saving, saturation = facts.metrics(decision, words)
    promise = decision_record.promise(answer, words)
    return (
        cover_slide.slide(answer, found.basis, words),
        Slide(
            key="summary",
            title=verdict.why(answer, words),
            tiles=tuple(
                Tile(name=str(name), value=str(value), detail=str(detail))
                for name, value, detail in tables.few_figures(answer, words).rows
            ),
            points=(verdict.ask(answer, words),),
            notes=(speaker_notes.summary(words),),
        ),
        _agenda(found, words),
        Slide(
            key="decision",
            title=wording.headline(answer, words),
            points=tuple(filter(None, [noise.sentence(answer, words)])),
            table=tables.plan_in_short(answer, words),
            notes=(
                speaker_notes.gist(decision, words),
                wording.wiggle(decision, words),
                *aside(quality.help),
            ),
            live=BUDGETS,
        ),
        Slide(
            key="binding",
            title=wording.binding(decision, words),
            points=tuple(
                filter(
                    None, (wording.hopeless(decision, words), wording.overspending(decision, words))
                )
            ),
            figure=figures.doublings(decision, words, colours),
            notes=(speaker_notes.longest(words), *aside(saturation.help)),
            live=BUDGETS,
        ),
        Slide(
            key="rule",
            title=objections.rule(decision, words),
            points=(wording.saving(decision, words),),
            figure=figures.frontier(decision, words, colours),
            notes=(speaker_notes.rule(words), *aside(saving.help)),
            live=BUDGETS,
        ),
        Slide(
            key="privacy",
            title=roi_wording.odds(risk, words),
            points=(promise, roi_wording.legal(answer, words)),
            figure=figures.odds(risk, words, colours),
            notes=(
                speaker_notes.chances(risk, words),
                *aside(roi_facts.headlines(answer, words)[-1].help),
            ),
            live=("epsilon", "data"),
        ),
    )


def _agenda(found: Material, words: Words) -> Slide:
    """What comes, in order."""
    compared = len(found.options) > 1
    worth = found.answer.study is not None
    parts = (
        words.say("The plan, and what limits it"),
        words.say("What an attacker could learn about one person"),
        *([words.say("The options side by side")] if compared else []),
        words.say("What it is worth, and what that hangs on")
        if worth
        else words.say("What it costs"),
        words.say("Likely questions, and what is not known"),
        words.say("What we conclude")
        if found.answer.verdict.code is Code.WAIT
        else words.say("What we ask for"),
    )
    return Slide(
        key="agenda",
        title=words.say("This is what we go through, in {count} parts.", count=len(parts)),
        points=tuple(f"{number}. {part}" for number, part in enumerate(parts, start=1)),
        notes=(speaker_notes.agenda(words),),
    )


def _money(found: Material, words: Words, colours: Palette) -> tuple[Slide, ...]:
    """Payback, value, unknowns, steps."""
    answer, study = found.answer, found.answer.study
    if study is None:
        return (_unvalued(answer, words),)
    npv = roi_facts.headlines(answer, words)[0]
    slides = [
        Slide(
            key="return",
            title=roi_wording.headline(study, words),
            points=(roi_wording.second_line(study, words),),
            figure=figures.cash(study, words, colours),
            notes=(speaker_notes.paid_back(study, words), *aside(npv.help)),
            live=("data", "epsilon"),
        ),
        Slide(
            key="value",
            title=objections.value(study, words),
            figure=figures.waterfall(study, words, colours),
            notes=(speaker_notes.from_the_top(words),),
        ),
    ]
    if study.tornado:
        slides.append(
            Slide(
                key="unknowns",
                title=objections.unknown(study, words),
                points=tuple(
                    filter(
                        None, (objections.just_pays(study, words), roi_wording.centre(study, words))
                    )
                ),
                figure=figures.tornado(study, words, colours),
                notes=(speaker_notes.one_at_a_time(words),),
            )
        )
    slides.append(
        Slide(
            key="steps",
            title=objections.stepwise(study, words),
            points=(roi_wording.staged(study.staged, words),),
            table=tables.steps(study, words),
            notes=(speaker_notes.gates(words),),
        )
    )
    return tuple(slides)


def _unvalued(answer: Answer, words: Words) -> Slide:
    """What it costs, and why nothing is said of what it is worth."""
    return Slide(
        key="return",
        title=roi_wording.headline_of(answer, words),
        points=(roi_wording.second_line_of(answer, words),),
        table=tables.amounts(answer, words),
        notes=(speaker_notes.unvalued(words),),
        live=("data", "epsilon"),
    )


def _from_start(found: StartFindings | None, answer: Answer, words: Words) -> tuple[Slide, ...]:
    """Which way to begin is recommended, with its worth in money where that is known."""
    if found is None or found.comparison is None:
        return ()
    if found.worth is None:
        return (_ways(found, found.comparison, answer, words),)
    return (_valued(found.worth, words),)


def _ways(found: StartFindings, compared: Comparison, answer: Answer, words: Words) -> Slide:
    first, *why = start_advice.of_start(found, words)
    return Slide(
        key="start",
        title=first,
        points=tuple(why),
        table=tables.ways(compared, answer.question, words),
        notes=(
            public_start.in_plain_words(words),
            public_start.limits(compared, answer.question.evidence_id, words),
        ),
        live=("data", "epsilon"),
    )


def _valued(found: StartWorth, words: Words) -> Slide:
    return Slide(
        key="start",
        title=public_start.in_money(found, words),
        points=(
            public_start.in_plain_words(words),
            public_start.price(found, words),
            public_start.not_covered(words),
        ),
        table=tables.start(found, words),
        notes=(public_start.money_limits(found, words),),
        live=("data", "epsilon"),
    )


def _uncompared(found: StartFindings | None, words: Words) -> tuple[str, ...]:
    """Why the ways to begin cannot be compared, where they cannot."""
    if found is None or found.comparison is not None:
        return ()
    return (words.joined(start_advice.of_start(found, words)),)


def _close(found: Material, words: Words) -> tuple[Slide, ...]:
    """Objections, what is not known, the ask."""
    answer = found.answer
    said = objections.objections(answer, words)
    heads = (words.say("Likely question"), words.say("Our answer"))
    rows = tuple((item.question, item.answer) for item in said)
    return (
        Slide(
            key="objections",
            title=words.say("Three questions that you are likely to have."),
            table=Table(title=words.say("Questions and answers"), heads=heads, rows=rows),
            notes=(speaker_notes.questions(words),),
        ),
        Slide(
            key="caveat",
            title=wording.support(answer.decision, words),
            points=(objections.caveat(answer, words), *_uncompared(found.start, words)),
            table=tables.evidence(answer.decision, words),
            notes=(objections.caveat(answer, words),),
        ),
        Slide(
            key="ask",
            title=verdict.ask(answer, words),
            tiles=tuple(
                Tile(name=name, value=value, detail=detail)
                for name, value, detail in tables.returns(answer, words)
            ),
            points=(verdict.why(answer, words), wording.headline(answer, words)),
            notes=(request.closing(answer, words),),
        ),
    )


def _appendix(found: Material, words: Words) -> tuple[Slide, ...]:
    """What every export prints: plan, options, assumptions, privacy, basis."""
    answer = found.answer
    certificate = answer.certificate
    promise = decision_record.promise(answer, words)
    covers = words.say(
        "The guarantee covers the training mechanism. It does not cover leaks other than the "
        "model, nor choices made by looking at the data, such as a learning rate."
    )
    statement = None if certificate is None else tables.guarantee(certificate, words)

    def page(key: str, table: Table | None, *points: str, title: str | None = None) -> Slide:
        named = title or (table.title if table else "")
        return Slide(
            key=key,
            title=words.say("Appendix: {title}", title=named),
            points=points,
            table=table,
        )

    return (
        page("plan", tables.plan(answer.decision, words)),
        page("figures", tables.key_figures(answer, words)),
        page("amounts", tables.amounts(answer, words)),
        page("options", tables.options(answer, words)),
        page("assumptions", tables.assumptions(answer.question.assumptions, words)),
        page("statement", statement, promise, covers, title=words.say("Privacy statement")),
        page("attack", tables.attack(answer.risk, words)),
        page("basis", tables.basis(answer.decision, found.basis, words)),
    )
