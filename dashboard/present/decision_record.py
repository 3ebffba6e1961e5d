"""The decision record (決裁書): question, options, recommendation, figures, assumptions, risks.

In the order and the tone of a Japanese business form; the same parts in English. Nothing is signed
here: names, numbers and stamps are written by hand.
"""

from collections.abc import Iterable

from dashboard.decide import wording
from dashboard.present import objections, request, tables
from dashboard.roi import wording as roi_wording
from engine.api.decisions import Answer, Code, StartFindings
from engine.api.pilots import PilotEffect
from engine.api.reports import Field, Record, Section, Table
from engine.api.scenarios import frozen_figures, is_locked
from engine.api.scenarios import wording as wording_of_scenarios
from engine.errors import InputError
from engine.text import (
    figures,
    formats,
    noise,
    pilot_effect,
    privacy,
    public_start,
    start_advice,
    verdict,
)
from engine.text.i18n import Words
from engine.text.labels import example

_AT_THE_HEAD = ("number", "company", "department", "author", "meeting")
"""Fields that the printed form begins with; what is empty is written by hand."""


def record(
    answer: Answer,
    basis: tables.Basis,
    words: Words,
    compared: Table | None = None,
    start: StartFindings | None = None,
    pilot: PilotEffect | InputError | None = None,
) -> Record:
    """The form, filled in as far as figures go. ``compared``: scenarios that are options too;
    ``start``: what is known of the ways to begin; ``pilot``: what the last one changed."""
    further = () if compared is None else (Section(heading=compared.title, table=compared),)
    sections = (
        *_decided(answer, basis.kept, words),
        Section(heading=words.say("Question"), sentences=(request.subject(answer, words),)),
        Section(heading=words.say("Options"), table=tables.options(answer, words)),
        *further,
        Section(
            heading=words.say("Recommendation"),
            sentences=(
                verdict.ask(answer, words),
                verdict.why(answer, words),
                wording.headline(answer, words),
                *filter(None, [noise.sentence(answer, words)]),
                *_pilot(pilot, words),
            ),
        ),
        Section(
            heading=words.say("Figures"),
            sentences=(roi_wording.headline_of(answer, words),),
            table=tables.key_figures(answer, words),
        ),
        *_start(start, answer.question.evidence_id, words),
        Section(
            heading=words.say("Assumptions"),
            sentences=(
                words.say("Those that most hangs on; all of them are in the annex.")
                if answer.study
                else words.say("Those that the cost rests on; all of them are in the annex."),
            ),
            table=tables.main_assumptions(answer, words),
        ),
        Section(
            heading=words.say("Risks and what is done about them"),
            table=risks(answer, words),
        ),
    )
    title, asked = words.say("Decision record"), fields(answer, basis, words)
    return Record(
        title=example(title, words) if basis.made_up else title,
        blanks=(
            *((field.name, field.text) for field in asked if field.code in _AT_THE_HEAD),
            *_state(basis.kept, words),
        ),
        dated=words.say("Date: {date}", date=tables.day(basis.day, words)),
        request=_request(answer, basis.kept, words),
        sections=sections,
        approvals=approvals(words),
        end=words.say("End of the record"),
        summary=summary(answer, words),
        fields=asked,
    )


def _pilot(found: PilotEffect | InputError | None, words: Words) -> tuple[str, ...]:
    """What Decide says of the last pilot, for the plan or against it."""
    if found is None:
        return ()
    if isinstance(found, InputError):
        return (words.say("The pilots cannot be read: whether one changed anything is unknown."),)
    return (pilot_effect.sentence(found, words), pilot_effect.transfer(found, words))


def _start(found: StartFindings | None, evidence_id: str, words: Words) -> tuple[Section, ...]:
    """Which way to begin is recommended, in money where that is known, with what is not covered."""
    if found is None:
        return ()
    said = start_advice.of_start(found, words)
    if found.worth is None:
        limits = (
            ()
            if found.comparison is None
            else (public_start.limits(found.comparison, evidence_id, words),)
        )
        return (Section(heading=words.say("Way to begin"), sentences=(*said, *limits)),)
    return (
        Section(
            heading=words.say("Begun from a public model"),
            sentences=(
                *said,
                public_start.price(found.worth, words),
                public_start.money_limits(found.worth, words),
                public_start.not_covered(words),
            ),
            table=tables.start(found.worth, words),
        ),
    )


def _state(kept: tables.Kept | None, words: Words) -> tuple[tuple[str, str], ...]:
    """The saved scenario that this is, with its state."""
    if kept is None:
        return ()
    return (
        (
            words.say("Scenario"),
            wording_of_scenarios.named(kept.scenario.name, kept.standing, words),
        ),
    )


def _request(answer: Answer, kept: tables.Kept | None, words: Words) -> str:
    """What the record begins with: nothing is asked for again that was approved."""
    if kept is not None and is_locked(kept.standing.state):
        return words.say("The following was approved, as section 1 says.")
    return request.request(answer, words)


def _decided(answer: Answer, kept: tables.Kept | None, words: Words) -> tuple[Section, ...]:
    """What is on record: that it is proposed or approved, by whom, when, which version, and whether
    the figures of this record are still those that were decided on."""
    if kept is None:
        return ()
    sentences = wording_of_scenarios.on_record(
        kept.scenario, kept.standing, frozen_figures.figures_of(answer), kept.zone, words
    )
    if not sentences:
        return ()
    return (Section(heading=words.say("Decision on record"), sentences=tuple(sentences)),)


def fields(answer: Answer, basis: tables.Basis, words: Words) -> tuple[Field, ...]:
    """What a workflow asks for; what no figure says stays empty for a person."""
    study = answer.study
    amount = answer.asked_for
    when = ""
    if study is not None and answer.verdict.code is not Code.WAIT:
        first = study.staged.gates[0].month if answer.verdict.code is Code.PILOT else None
        last = study.table["launch_months"].value if first is None else first
        when = words.say("{time} from the approval", time=figures.months(last, words))
    cover = basis.cover
    annexes = (
        words.say("Slides (PDF, A4)"),
        words.say("All tables (Excel)"),
        words.say("Decision record (PDF, A4)"),
    )

    def field(code: str, name: str, text: str = "") -> Field:
        return Field(code=code, name=name, text=text)

    return (
        field("number", words.say("Number")),
        field("subject", words.say("Subject"), request.subject(answer, words)),
        field("company", words.say("Company"), cover.company),
        field("department", words.say("Department"), cover.department),
        field("author", words.say("Author"), cover.presenter),
        field("meeting", words.say("Meeting"), cover.meeting),
        field("date", words.say("Date"), basis.day.isoformat()),
        field("period", words.say("When it is done"), when),
        field("account", words.say("Budget account")),
        Field(
            code="amount",
            name=words.say("Amount"),
            text="" if amount is None else figures.money(amount, words),
            value=None if amount is None else round(amount),
            unit="" if amount is None else "JPY",
        ),
        field("decision", words.say("What is asked for"), verdict.ask(answer, words)),
        field(
            "reason",
            words.say("Reason"),
            words.joined([verdict.why(answer, words), verdict.turning(answer, words)]),
        ),
        *_fields_of_state(basis.kept, words),
        field("agreement", words.say("To be agreed with")),
        field("annexes", words.say("Annexes"), words.listed(annexes)),
        field("link", words.say("Link to this scenario"), basis.address),
        field("basis", words.say("What the figures rest on"), tables.footer(answer, basis, words)),
    )


def _fields_of_state(kept: tables.Kept | None, words: Words) -> tuple[Field, ...]:
    """How the saved scenario stands; nothing where it was not saved as it stands."""
    if kept is None:
        return ()
    one, decision = kept.scenario, kept.standing.decision
    by = "" if decision is None else wording_of_scenarios.decider(decision, words, str)
    at = "" if decision is None else wording_of_scenarios.moment(decision.at, kept.zone)
    return (
        Field(code="scenario", name=words.say("Scenario"), text=one.name),
        Field(
            code="state",
            name=words.say("State"),
            text=wording_of_scenarios.state(kept.standing, words),
        ),
        Field(code="version", name=words.say("Version"), text=one.version[:12]),
        Field(code="decided_by", name=words.say("Decided by"), text=by),
        Field(code="decided_at", name=words.say("Decided at"), text=at),
    )


def _listed(pairs: Iterable[tuple[str | float, str | float]], words: Words) -> str:
    """Names and values in a line."""
    colon, comma = ("：", "、") if words.language == "ja" else (": ", "; ")
    return comma.join(f"{name}{colon}{value}" for name, value in pairs)


def approvals(words: Words) -> tuple[str, ...]:
    """Who puts a stamp, in order."""
    return (words.say("Drafted"), words.say("Checked"), words.say("Agreed"), words.say("Decided"))


def risks(answer: Answer, words: Words) -> Table:
    """What may go wrong, how much of it, and the answer."""
    decision = answer.decision
    rows = (
        _loss_of_money(answer, words),
        (
            words.say("The forecast is wrong"),
            words.joined([objections.forecast(decision, words), wording.support(decision, words)]),
            words.say("A pilot tests the forecast before the money is spent."),
        ),
        (
            words.say("Someone's data is recognised"),
            roi_wording.odds(answer.risk, words),
            promise(answer, words),
        ),
    )
    heads = (words.say("Risk"), words.say("How large"), words.say("What is done"))
    return Table(title=words.say("Risks and what is done about them"), heads=heads, rows=rows)


def _loss_of_money(answer: Answer, words: Words) -> tuple[str, str, str]:
    if answer.study is None:
        return (
            words.say("Its value is not known"),
            verdict.why(answer, words),
            words.say("Nothing is spent before it is known."),
        )
    found = answer.study.appraisal
    return (
        words.say("It does not pay"),
        words.say(
            "{chance} probability; 1 case in 20 ends below {low}.",
            chance=figures.chance(1 - found.probability, words),
            low=figures.money(found.npv.low, words),
        ),
        words.say("Measure the largest unknown first; stop at a gate."),
    )


def promise(answer: Answer, words: Words) -> str:
    """The certified guarantee, or that there is none yet."""
    certificate = answer.certificate
    if certificate is None:
        return words.say("The privacy loss is not certified yet.")
    held = words.say(
        "Noise in every training step holds the privacy loss to ε ≤ {epsilon} (δ = {delta}), "
        "certified.",
        epsilon=privacy.promised_epsilon(certificate),
        delta=formats.scientific(certificate.delta),
    )
    budget = answer.question.budget
    less = privacy.why_stricter(budget.epsilon, certificate, words)
    caution = privacy.published_whole(budget.data_budget, certificate.delta, words)
    return words.joined([held, less, caution])


def summary(answer: Answer, words: Words) -> Table:
    """The record in a few lines, for a slide."""
    risk, shown = answer.risk, tables.options(answer, words)
    place = 2 if answer.study else 1  # the net present value, else the loss
    listed = _listed(((row[0], row[place]) for row in shown.rows), words)
    options = words.say("{name}: {listed}.", name=shown.heads[place], listed=listed)
    main = tables.main_assumptions(answer, words).rows[:3]
    rows = [
        (words.say("Question"), request.subject(answer, words)),
        (words.say("Options"), options),
        (
            words.say("Recommendation"),
            words.joined([verdict.ask(answer, words), verdict.why(answer, words)]),
        ),
        (words.say("Figures"), roi_wording.headline_of(answer, words)),
        (words.say("Assumptions"), _listed(((row[0], row[1]) for row in main), words)),
        (
            words.say("Risks"),
            words.joined(
                [objections.forecast(answer.decision, words), roi_wording.odds(risk, words)]
            ),
        ),
    ]
    return tables.named(words.say("Decision record"), rows, words)
