"""Saved scenarios in words: states, the figures of then and now, and what changed between them.

The same on pages, documents and the command line. Figures are said and rounded as
:mod:`engine.text.quantities` does.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from engine.approvals import Proposal, Standing, State
from engine.decision.verdict import Code
from engine.interval import Interval
from engine.scenarios import fields
from engine.scenarios.approval_lock import is_locked
from engine.scenarios.frozen_figures import NEVER, Figure, Frozen, is_certified
from engine.scenarios.saved import Saved
from engine.scenarios.since import Cause, Since, Step
from engine.text import figures, formats, labels, quantities, verdict
from engine.text.i18n import N_, Words

_STATES = {
    State.DRAFT: N_("Draft"),
    State.PROPOSED: N_("Proposed"),
    State.APPROVED: N_("Approved"),
    State.SUPERSEDED: N_("Superseded"),
}
_CAUSES = {
    Cause.CODE: N_("Code, or what is not kept of then"),
    Cause.ACCOUNTANT: N_("Accountant: another certificate for the same plan"),
    Cause.ASSUMPTION: N_("Assumptions"),
    Cause.EVIDENCE: N_("Law: fitted to other runs"),
    Cause.LAW: N_("Law: another version on the same runs"),
    Cause.LAW_AND_CODE: N_("Law, accountant or code: the law of then is not kept"),
    Cause.TABLE_AND_CODE: N_("Assumptions or code: the assumptions of then cannot be read"),
    Cause.ALL: N_("Several causes that cannot be told apart"),
}
_BECAUSE = {
    Cause.CODE: N_("because Kessai's code changed, or what is not kept of then"),
    Cause.ACCOUNTANT: N_("because the accountant's certificate changed"),
    Cause.EVIDENCE: N_("because the law was fitted to other runs"),
    Cause.LAW: N_("because another version of the law answers"),
    Cause.LAW_AND_CODE: N_("because law or code changed, which cannot be told apart"),
    Cause.TABLE_AND_CODE: N_("because assumptions or code changed, which cannot be told apart"),
    Cause.ALL: N_("for causes that cannot be told apart"),
}
_DASH = "—"


@dataclass(frozen=True, kw_only=True)
class Row:
    """A line of the comparison; ``then`` and ``now`` as they are shown."""

    key: str
    name: str
    then: str
    now: str

    @property
    def is_changed(self) -> bool:
        """Whether the two are told apart as they are shown."""
        return self.then != self.now


def own_words(one: Saved, words: Words) -> Words:
    """The reader's words for a scenario's figures: its metric and unit of loss, and dollars, where
    the reader sees these, at its own rate of exchange."""
    asked = fields.question(one.values)
    rate = asked.assumptions["jpy_per_usd"].value if words.jpy_per_usd else None
    return replace(quantities.words_of(asked, words.language), jpy_per_usd=rate)


def state(found: Standing, words: Words) -> str:
    """The state in a word."""
    return words.say(_STATES[found.state])


def named(name: str, found: Standing, words: Words) -> str:
    """A scenario's name with its state, in a list."""
    return f"{name} · {state(found, words)}"


def standing(found: Standing, zone: str | None, words: Words) -> str:
    """How a version stands, by whom and since when, in a sentence of Markdown."""
    return _standing(found, zone, words, formats.literally)


def plain_standing(found: Standing, words: Words) -> str:
    """The same for a terminal, on the clock of UTC."""
    return _standing(found, None, words, str).replace("**", "")


def _standing(
    found: Standing, zone: str | None, words: Words, foreign: Callable[[str], str]
) -> str:
    if found.was_changed:
        return words.say(
            "**Its file was changed by other means** after it was approved: what stands here was "
            "never approved."
        )
    decision, proposal = found.decision, found.proposal
    if found.state is State.SUPERSEDED and decision is not None:
        return words.say(
            "**Superseded** by “{name}”; it was approved by {who}, {when}.",
            name=foreign(found.superseded_by),
            **_by(decision, zone, words, foreign),
        )
    if found.state is State.APPROVED and decision is not None:
        return words.say(
            "**Approved** as it stands, by {who}, {when}; it is locked, and a change makes a new "
            "version.",
            **_by(decision, zone, words, foreign),
        )
    if found.state is State.PROPOSED and proposal is not None:
        return words.say(
            "**Proposed** as it stands, by {who}, {when}; a decision is due.",
            **_by(proposal, zone, words, foreign),
        )
    if decision is not None:
        return words.say(
            "**Declined** as it stands, by {who}, {when}.", **_by(decision, zone, words, foreign)
        )
    return words.say("**Draft**: nobody has proposed this version.")


def decider(one: Proposal, words: Words, foreign: Callable[[str], str] = formats.literally) -> str:
    """Who it was; a name that nobody vouches for says so. ``foreign`` writes somebody's name: as
    Markdown, or with ``str`` as plain text."""
    if one.is_signed_in:
        return foreign(one.who)
    if not one.who:
        return words.say("someone without login")
    return words.say("{who} (name as given, without login)", who=foreign(one.who))


def moment(at: str, zone: str | None) -> str:
    """A moment on the reader's clock; what is none stays as a file says it."""
    try:
        return labels.moment(datetime.fromisoformat(at), zone)
    except (ValueError, OverflowError):
        return formats.literally(at)


def _by(
    one: Proposal, zone: str | None, words: Words, foreign: Callable[[str], str]
) -> dict[str, str]:
    return {"who": decider(one, words, foreign), "when": moment(one.at, zone)}


def on_record(
    one: Saved, found: Standing, now: Mapping[str, Figure], zone: str | None, words: Words
) -> list[str]:
    """For a document: that it is proposed or approved, by whom, when and which version, and where
    today's figures are others, those that were decided on; nothing for a draft."""
    decision, proposal = found.decision, found.proposal
    version = one.version[:12]
    if is_locked(found.state) and decision is not None:
        said = [
            words.say(
                "Approved by {who}, {when}, as version {version} of “{name}”.",
                version=version,
                name=one.name,
                **_by(decision, zone, words, str),
            )
        ]
        if found.state is State.SUPERSEDED:
            said.append(words.say("It is superseded by “{name}” since.", name=found.superseded_by))
    elif found.state is State.PROPOSED and proposal is not None:
        said = [
            words.say(
                "Proposed by {who}, {when}, as version {version} of “{name}”; not decided yet.",
                version=version,
                name=one.name,
                **_by(proposal, zone, words, str),
            )
        ]
    else:
        return []
    return [*said, *_other_figures(one, now, words)]


def _other_figures(one: Saved, now: Mapping[str, Figure], words: Words) -> list[str]:
    then = one.frozen
    if then is None or not then.is_whole:
        return [words.say("The figures of then are not kept; those here are of today.")]
    before, today, names = _texts(then.figures, words), _texts(now, words), _names(words)
    keys = ("verdict", "asked_for", "cash_to_approve", "npv", "probability")
    changed = [key for key in keys if before[key] != today.get(key)]
    if not changed:
        return []
    listed = words.listed(
        words.say("{name} {value}", name=names[key], value=before[key]) for key in changed
    )
    return [
        words.say(
            "The figures here are those of today. Before the board stood: {listed}.", listed=listed
        )
    ]


def missing(names: Sequence[str], words: Words) -> str:
    """That files of approved scenarios are gone."""
    return words.say(
        "Approved, and the file is gone by other means: {names}. Bring it back from a backup.",
        names=words.listed(names),
    )


def origin(then: Frozen, found: Standing | None, zone: str | None, words: Words) -> str:
    """Since when figures are frozen, and how far they can be trusted."""
    said = words.say("Then: {when}, as it was frozen in the file.", when=moment(then.at, zone))
    claimed = (
        words.say("The file came from elsewhere: these figures are what it claims.")
        if found is not None and found.is_claimed
        else None
    )
    estimated = (
        None
        if is_certified(then)
        else words.say("They rest on estimated noise: no certificate was there.")
    )
    return words.joined([said, claimed, estimated])


def nothing_frozen(found: Standing | None, words: Words) -> str:
    """Where a file holds no figures."""
    if found is not None and is_locked(found.state):
        return words.say(
            "No frozen figures: it was approved before they were kept. A new version freezes them."
        )
    return words.say(
        "No frozen figures: it was saved before they were kept, or without an answer. Save or "
        "propose it again, and they are."
    )


def rows(found: Since, words: Words) -> list[Row]:
    """Every figure then and now, then what they rest on."""
    then, now = _texts(found.then.figures, words), _texts(found.now, words)
    shown = [
        Row(key=key, name=name, then=then[key], now=now.get(key, _DASH))
        for key, name in _names(words).items()
    ]
    grounds = (
        ("law", words.say("Version of the law"), found.then.law, found.law),
        (
            "evidence_hash",
            quantities.label("evidence_hash", words),
            found.then.evidence_hash[:12],
            found.evidence_hash[:12],
        ),
        ("code", words.say("Version of the code"), found.then.code, found.code),
    )
    return shown + [Row(key=k, name=n, then=t, now=w) for k, n, t, w in grounds]


def frozen_rows(then: Frozen, words: Words) -> list[tuple[str, str]]:
    """Name and text of every frozen figure."""
    texts = _texts(then.figures, words)
    return [(name, texts[key]) for key, name in _names(words).items()]


def steps(found: Since, words: Words) -> list[tuple[str, str]]:
    """From the net present value of then to that of now: each cause with what it moved."""
    start, end = found.then.figures["npv"], found.now.get("npv")
    if found.steps is None or not isinstance(start, float) or not isinstance(end, float):
        return []
    return [
        (words.say("Net present value then"), figures.money(start, words)),
        *((cause(step, words), signed(step.amount, words)) for step in found.steps),
        (words.say("Net present value now"), figures.money(end, words)),
    ]


def order(words: Words) -> str:
    """How to read the steps."""
    return words.say(
        "Each cause is changed after those before it, so that the steps add up: first today's code "
        "on the law, assumptions and certificate of then, then today's accountant, then each "
        "assumption, the law last."
    )


def cause(step: Step, words: Words) -> str:
    """A cause, with the assumptions that it is about."""
    said = words.say(_CAUSES[step.cause])
    if not step.assumptions:
        return said
    names = words.listed(assumption(name, words) for name in step.assumptions)
    return words.say("{cause}: {names}", cause=said, names=names)


def signed(amount: float, words: Words) -> str:
    """A change of money with its sign."""
    return f"{'+' if amount > 0 else ''}{figures.money(amount, words)}"


def assumption(key: str, words: Words) -> str:
    """The name of a field, or of a figure of the return, inside a sentence."""
    if key == "accelerator":
        return words.say("the accelerator and its price")
    if key in fields.FIELDS:
        return words.field(fields.FIELDS[key].name)
    return figures.inline(key, words)


def headline(found: Since, words: Words) -> str:
    """What became of it, in a sentence."""
    if found.refused is not None:
        return words.say(
            "It has no answer any more: {reason}", reason=words.plain_refusal(found.refused)
        )
    if not found.is_changed:
        return words.say("Nothing has changed since then beyond rounding.")
    return words.say(
        "Then it was “{then}”, worth {npv_then}; now it is “{now}”, worth {npv_now}, {because}.",
        because=because(found, words),
        **_both(found, words),
    )


def told(found: Since, standing_: Standing, zone: str | None, words: Words) -> str:
    """What an approved decision has become, for who looks at another page."""
    decision = standing_.decision
    when = "" if decision is None else moment(decision.at, zone)[:10]
    if found.refused is not None:
        return words.say(
            "The approved decision of {day} has no answer any more: {reason}",
            day=when,
            reason=words.plain_refusal(found.refused),
        )
    return words.say(
        "The approved decision of {day} was “{then}”, worth {npv_then}; today it is “{now}”, worth "
        "{npv_now}, {because}.",
        day=when,
        because=because(found, words),
        **_both(found, words),
    )


def because(found: Since, words: Words) -> str:
    """The cause that moved most, at the end of a sentence."""
    main = found.main
    if main is None:
        return words.say(_BECAUSE[Cause.ALL])
    if main.cause is Cause.ASSUMPTION:
        names = words.listed(assumption(name, words) for name in main.assumptions)
        return words.say("because of a change of {names}", names=names)
    return words.say(_BECAUSE[main.cause])


def _both(found: Since, words: Words) -> dict[str, str]:
    then, now = found.then.figures, found.now
    return {
        "then": verdict.name(Code(str(then["verdict"])), words),
        "now": verdict.name(Code(str(now["verdict"])), words),
        "npv_then": _money(then["npv"], words),
        "npv_now": _money(now["npv"], words),
    }


def _names(words: Words) -> dict[str, str]:
    own = {"reason": words.say("Reason"), "asked_for": words.say("To approve now")}
    keys = (
        "verdict", "reason", "asked_for", "cash_to_approve", "npv", "probability", "payback",
        "training_list_price", "total_cost", "odds_found", "model_size", "batch_size",
        "iterations", "cross_entropy", "epsilon_certified", "delta", "noise_multiplier",
    )  # fmt: skip
    return {key: own.get(key) or quantities.label(key, words) for key in keys}


def _texts(found: Mapping[str, Figure], words: Words) -> dict[str, str]:
    """Every figure as it is shown; nothing where there is no answer."""
    if not found:
        return {}
    language = words.language

    def number(key: str) -> float | None:
        value = found[key]
        if value == NEVER:
            return float("inf")
        return None if value is None or isinstance(value, str) else float(value)

    def interval(key: str) -> Interval | None:
        ends = [number(key), number(f"{key}_low"), number(f"{key}_high")]
        value, low, high = ends
        if value is None or low is None or high is None:
            return None
        return Interval(value=value, low=low, high=high, level=float(found["level"] or 0))

    def shown(key: str, digits: int = 3, *, up: bool = False) -> str:
        value = number(key)
        if value is None:
            return _DASH
        return formats.plain(formats.rounded(value, digits, up=up), digits)

    npv, loss, payback = interval("npv"), interval("cross_entropy"), interval("payback")
    chance, size, batch = number("probability"), number("model_size"), number("batch_size")
    steps_, delta = number("iterations"), number("delta")
    return {
        "verdict": verdict.name(Code(str(found["verdict"])), words),
        "reason": verdict.reason(str(found["reason"]), words),
        "asked_for": _money(found["asked_for"], words),
        "cash_to_approve": _money(found["cash_to_approve"], words),
        "npv": _DASH
        if npv is None
        else formats.bracketed(
            figures.money(npv.value, words), figures.money_range(npv.low, npv.high, words), language
        ),
        "probability": _DASH if chance is None else figures.chance(chance, words),
        "payback": _DASH if payback is None else figures.payback_time(payback, words),
        "training_list_price": _money(found["training_list_price"], words),
        "total_cost": _money(found["total_cost"], words),
        "odds_found": shown("odds_found"),
        "model_size": _DASH if size is None else formats.amount(size, language),
        "batch_size": _DASH if batch is None else formats.amount(batch, language),
        "iterations": _DASH if steps_ is None else formats.count(steps_, language),
        "cross_entropy": _DASH
        if loss is None
        else formats.bracketed(
            formats.loss(loss.value), quantities.loss_range(loss, words), language
        ),
        "epsilon_certified": shown("epsilon_certified", 4, up=True),
        "delta": _DASH if delta is None else formats.scientific(delta),
        "noise_multiplier": shown("noise_multiplier", 4, up=True),
    }


def _money(amount: Figure, words: Words) -> str:
    if amount is None or isinstance(amount, str):
        return _DASH
    return figures.money(amount, words)
