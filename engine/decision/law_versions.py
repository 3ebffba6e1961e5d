"""What changed from one version of a law to another: runs, weights, errors, and today's answer.

A version answers with the law that it holds, by the code that runs now; so a difference is that of
the laws, and not of what has been built since. Answers are those with estimated noise
(:mod:`engine.decision.answer`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine import decision_log
from engine.access.check import require
from engine.access.rights import LOCAL, Person, Right
from engine.accounting.search import noise_multiplier
from engine.decision import law_store
from engine.decision.answer import answer
from engine.decision.fitted import fit_selection, of_version, run_log, selection_of
from engine.decision.influence import Stand
from engine.decision.law_store import LawVersion, SetAside, keep, read, version_of, versions
from engine.decision.question import Question
from engine.errors import InputError
from engine.law.stack import Progress
from engine.runs.imports import journal, selection
from engine.runs.imports.selection import ALL, Choice


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A law before and after."""

    before: LawVersion
    after: LawVersion
    added: tuple[str, ...]
    """Runs of the later law only, by id."""
    removed: tuple[str, ...]
    weights: Mapping[str, tuple[float, float]]
    """Form -> its weight before and after; 0 where it had none."""
    stands: tuple[Stand | None, Stand | None]
    """Today's question under both; None where it has no answer."""
    refusals: tuple[InputError | None, InputError | None]

    @property
    def turns(self) -> bool:
        """Whether the verdict is another."""
        first, second = self.stands
        if first is None or second is None:
            return first is not second
        return first.verdict.code is not second.verdict.code

    @property
    def loss_change(self) -> float | None:
        """Expected loss after over before, less 1; None where one of them has no answer."""
        first, second = self.stands
        if first is None or second is None:
            return None
        return second.plan.cross_entropy.value / first.plan.cross_entropy.value - 1.0

    @property
    def same_runs(self) -> bool:
        """Whether nothing went in or out; what differs then is the code's doing."""
        return not self.added and not self.removed


def now(
    evidence_id: str,
    *,
    note: str = "",
    choice: Choice = ALL,
    progress: Progress | None = None,
) -> LawVersion:
    """The law of an evidence as its runs now stand, or of those that a person chose of them. Raises
    :class:`InputError` as :func:`engine.decision.fitted.fit_selection` does."""
    chosen = selection_of(evidence_id, without=choice.without, also=choice.also)
    fitted = fit_selection(chosen, progress=progress)
    return version_of(
        chosen.evidence,
        fitted.fit,
        fitted.space,
        fitted.coverage,
        noise_from=fitted.noise_from,
        note=note,
        choice=choice,
    )


def keep_now(
    evidence_id: str, *, note: str = "", choice: Choice = ALL, by: Person = LOCAL
) -> LawVersion:
    """Keep it; see :func:`engine.decision.law_store.keep`. Raises :class:`InputError` also where
    ``by`` may not."""
    may_keep(evidence_id, by=by)
    return keep_found(now(evidence_id, note=note, choice=choice), by=by)


def may_keep(evidence_id: str, *, by: Person = LOCAL) -> None:
    """Raise :class:`InputError` where ``by`` may keep no version."""
    require(by, Right.REFIT, "law-keep", {"evidence": evidence_id}, folder=run_log().folder)


def keep_found(found: LawVersion, *, by: Person = LOCAL) -> LawVersion:
    """Keep a law that is there already, on record. Raises as :func:`keep_now`."""
    may_keep(found.evidence_id, by=by)
    what: dict[str, object] = {"evidence": found.evidence_id, "version": found.version}
    if found.choice:
        what |= {"without": len(found.choice.without), "with": len(found.choice.also)}
    folder = run_log().folder
    with decision_log.recorded("law-keep", what, folder=folder, by=by, versions=found.hashes):
        return keep(found, folder)


def choice_of(evidence_id: str, *, without: Sequence[str], also: Sequence[str]) -> Choice:
    """The choice that names of runs mean. Raises :class:`InputError` for a run that is not
    there."""
    return selection.chosen(run_log(), evidence_id, without=without, also=also)


def remaining(evidence_id: str, choice: Choice) -> selection.Remaining:
    """What a choice leaves of an evidence, and whether that is enough."""
    return selection.remaining(run_log(), evidence_id, choice, noise_multiplier)


def suspicious(evidence_id: str) -> dict[str, str]:
    """Run id -> the flags for which it is left out by itself."""
    return selection.suspicious_runs(journal.live(run_log()), evidence_id)


def kept(evidence_id: str | None = None) -> tuple[LawVersion, ...]:
    """The versions of this installation, oldest first."""
    return versions(run_log().folder, evidence_id)


def stamp() -> str:
    """Changes whenever a version is kept or made the current one."""
    return law_store.stamp(run_log().folder)


def named(name: str) -> LawVersion:
    """A version by its name. Raises :class:`InputError`."""
    return read(name, run_log().folder)


def current(evidence_id: str) -> LawVersion | None:
    """The version that pages and commands rest on; None: the law of the runs as they stand."""
    return law_store.current(evidence_id, run_log().folder)


def use(evidence_id: str, version: LawVersion | None, *, by: Person = LOCAL) -> SetAside | None:
    """Make a version the current one of its evidence; None: follow the runs as they stand.

    Returns what became of a damaged file of choices
    (:func:`engine.decision.law_store.set_current`). Raises :class:`InputError` for a version of
    another evidence, and where ``by`` may not.
    """
    require(by, Right.REFIT, "law-current", {"evidence": evidence_id}, folder=run_log().folder)
    if version is not None and version.evidence_id != evidence_id:
        raise InputError(
            "Expected a law of {expected}, got one of {value}.",
            expected=evidence_id,
            value=version.evidence_id,
        )
    return law_store.set_current(evidence_id, version, run_log().folder, by=by)


def ask_refit(*, by: Person = LOCAL) -> None:
    """Have every process of this installation take up the runs that came since. Raises
    :class:`InputError` where ``by`` may not, and as
    :func:`engine.decision.law_store.ask_refit`."""
    folder = run_log().folder
    require(by, Right.REFIT, "refit-ask", folder=folder)
    law_store.ask_refit(folder, by=by)


def compare(before: LawVersion, after: LawVersion, question: Question) -> Comparison:
    """What changed, also for the answer to ``question``, whose evidence both must be of.

    Raises :class:`InputError` for versions of two evidences: their losses do not compare.
    """
    if {before.evidence_id, after.evidence_id} != {question.evidence_id}:
        raise InputError(
            "Expected two laws of {expected}, got {before} and {after}: losses of different "
            "evidence do not compare.",
            expected=question.evidence_id,
            before=before.evidence_id,
            after=after.evidence_id,
        )
    old, new = set(before.run_ids), set(after.run_ids)
    (first, no_first), (second, no_second) = (_asked(question, one) for one in (before, after))
    forms = dict.fromkeys([*after.fit.forms, *before.fit.forms])
    return Comparison(
        before=before,
        after=after,
        added=tuple(sorted(new - old)),
        removed=tuple(sorted(old - new)),
        weights={
            form: (before.fit.forms.get(form, 0.0), after.fit.forms.get(form, 0.0))
            for form in forms
        },
        stands=(first, second),
        refusals=(no_first, no_second),
    )


def _asked(question: Question, version: LawVersion) -> tuple[Stand | None, InputError | None]:
    try:
        found = answer(question, of_version(version))
    except InputError as error:
        return None, error
    return Stand(plan=found.decision.recommendation, verdict=found.verdict), None
