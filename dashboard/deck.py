"""The deck: the pages' own sentences and figures, one message a slide, in the scenario's language.

Pure: everything that is shown comes in, so a deck is the same for page and exports. Colours are those of
the page it is shown on; exports take the light ones.
"""

from dataclasses import dataclass

from dashboard import (
    asking,
    decision_record,
    deck_figures,
    deck_tables,
    facts,
    meeting,
    roi_facts,
    roi_wording,
    spoken,
    wording,
)
from dashboard.colours import Palette
from dashboard.i18n import Words
from dashboard.spoken import aside
from engine.answers import Certificate, Decision
from engine.report.deck import Deck, Slide, Table
from engine.risk import AttackRisk
from engine.roi.study import Study

BUDGETS = ("compute", "data", "epsilon")


@dataclass(frozen=True, kw_only=True)
class Material:
    """Everything that a deck is made from."""

    answer: Decision
    study: Study
    risk: AttackRisk
    certificate: Certificate | None
    basis: deck_tables.Basis


def deck(found: Material, words: Words, colours: Palette) -> Deck:
    """The whole presentation with its appendix and the decision record."""
    record = decision_record.record(
        found.answer, found.study, found.risk, found.certificate, found.basis, words
    )
    last = Slide(
        key="record",
        title=record.title,
        table=record.summary,
        stamps=record.approvals,
        notes=(words.say("The form to print and stamp is among the exports."),),
    )
    slides = (
        *_plan(found, words, colours),
        *_money(found, words, colours),
        *_close(found, words),
        last,
    )
    return Deck(
        language=words.language,
        title=words.say("Training a language model with differential privacy: a proposal"),
        subtitle=asking.question(found.answer, words),
        slides=slides,
        appendix=_appendix(found, words),
        record=record,
        data=(deck_tables.raw_assumptions(found.study.table, words),),
        footer=deck_tables.footer(found.answer, found.basis, words),
        address=found.basis.address,
        notes_name=words.say("Notes"),
    )


def _plan(found: Material, words: Words, colours: Palette) -> tuple[Slide, ...]:
    """The question, the decision, what binds, the usual rule, privacy."""
    answer, risk = found.answer, found.risk
    quality, _, saving, saturation = facts.metrics(answer, words)
    promise = decision_record.promise(answer, found.certificate, words)
    return (
        Slide(
            key="question",
            title=asking.question(answer, words),
            points=(
                *found.basis.cover.lines(deck_tables.day(found.basis.day, words), words),
                asking.ask(answer, found.study, words),
                roi_wording.headline(found.study, words),
            ),
            notes=(asking.opening(answer, words),),
        ),
        Slide(
            key="decision",
            title=wording.decision(answer, words),
            table=deck_tables.few_figures(answer, found.study, risk, words),
            notes=(spoken.gist(answer, words), wording.wiggle(answer, words), *aside(quality.help)),
            live=BUDGETS,
        ),
        Slide(
            key="binding",
            title=wording.binding(answer, words),
            points=tuple(
                filter(None, (wording.hopeless(answer, words), wording.overspending(answer, words)))
            ),
            figure=deck_figures.doublings(answer, words, colours),
            notes=(spoken.longest(words), *aside(saturation.help)),
            live=BUDGETS,
        ),
        Slide(
            key="rule",
            title=meeting.rule(answer, words),
            points=(wording.saving(answer, words),),
            figure=deck_figures.frontier(answer, words, colours),
            notes=(spoken.rule(words), *aside(saving.help)),
            live=BUDGETS,
        ),
        Slide(
            key="privacy",
            title=roi_wording.odds(risk, words),
            points=(promise, roi_wording.legal(found.study, words)),
            figure=deck_figures.odds(risk, words, colours),
            notes=(
                spoken.chances(risk, words),
                *aside(roi_facts.headlines(found.study, risk, words)[3].help),
            ),
            live=("epsilon", "data"),
        ),
    )


def _money(found: Material, words: Words, colours: Palette) -> tuple[Slide, ...]:
    """Payback, value, unknowns, steps."""
    study = found.study
    npv = roi_facts.headlines(study, found.risk, words)[0]
    slides = [
        Slide(
            key="return",
            title=roi_wording.headline(study, words),
            points=(roi_wording.second_line(study, words),),
            figure=deck_figures.cash(study, words, colours),
            notes=(spoken.paid_back(study, words), *aside(npv.help)),
            live=("data", "epsilon"),
        ),
        Slide(
            key="value",
            title=meeting.value(study, words),
            figure=deck_figures.waterfall(study, words, colours),
            notes=(spoken.from_the_top(words),),
        ),
    ]
    if study.tornado:
        slides.append(
            Slide(
                key="unknowns",
                title=meeting.unknown(study, words),
                points=tuple(
                    filter(
                        None, (meeting.just_pays(study, words), roi_wording.centre(study, words))
                    )
                ),
                figure=deck_figures.tornado(study, words, colours),
                notes=(
                    words.say("One figure moves at a time; all others stay at their own value."),
                ),
            )
        )
    slides.append(
        Slide(
            key="steps",
            title=meeting.stepwise(found.answer, study, words),
            points=(roi_wording.staged(study.staged, words),),
            table=deck_tables.steps(study, words),
            notes=(words.say("A gate is written down before anything is measured."),),
        )
    )
    return tuple(slides)


def _close(found: Material, words: Words) -> tuple[Slide, ...]:
    """Objections, what is not known, the ask."""
    answer, study = found.answer, found.study
    said = meeting.objections(answer, study, found.risk, words)
    heads = (words.say("Likely question"), words.say("Our answer"))
    rows = tuple((item.question, item.answer) for item in said)
    return (
        Slide(
            key="objections",
            title=words.say("Three questions that you are likely to have."),
            table=Table(title=words.say("Questions and answers"), heads=heads, rows=rows),
            notes=(spoken.questions(words),),
        ),
        Slide(
            key="caveat",
            title=wording.support(answer, words),
            points=(meeting.caveat(answer, study, words),),
            table=deck_tables.basis(answer, found.basis, words),
            notes=(meeting.caveat(answer, study, words),),
        ),
        Slide(
            key="ask",
            title=asking.ask(answer, study, words),
            points=(asking.why(answer, study, words), wording.decision(answer, words)),
            notes=(asking.closing(answer, study, words),),
        ),
    )


def _appendix(found: Material, words: Words) -> tuple[Slide, ...]:
    """What every export prints: plan, options, assumptions, privacy, basis."""
    answer, study, certificate = found.answer, found.study, found.certificate
    promise = decision_record.promise(answer, certificate, words)
    covers = words.say(
        "The guarantee covers the training mechanism. It does not cover leaks other than the model, "
        "nor choices made by looking at the data, such as a learning rate."
    )
    statement = None if certificate is None else deck_tables.guarantee(certificate, words)

    def page(key: str, table: Table | None, *points: str, title: str | None = None) -> Slide:
        named = title or (table.title if table else "")
        return Slide(
            key=key,
            title=words.say("Appendix: {title}", title=named),
            points=points,
            table=table,
        )

    return (
        page("plan", deck_tables.plan(answer, words)),
        page("figures", deck_tables.key_figures(answer, study, found.risk, words)),
        page("options", deck_tables.options(answer, study, words)),
        page("assumptions", deck_tables.assumptions(study.table, words)),
        page("statement", statement, promise, covers, title=words.say("Privacy statement")),
        page("attack", deck_tables.attack(found.risk, words)),
        page("basis", deck_tables.basis(answer, found.basis, words)),
    )
