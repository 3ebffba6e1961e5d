"""From the run log to a fitted law, once for each state of the evidence.

A fit takes a few seconds, resamples and hold-outs included; no slider may pay for that. So the
result is kept on disk under a hash of what decides it (the evidence with its noise, the source of
the law, numpy and scipy) and read back by every process. A damaged or missing file is made again.
"""

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

import pandas as pd

import engine.law
from engine import decision_log, durable
from engine.accounting.search import noise_multiplier
from engine.allocation.reach import Coverage, coverage_of
from engine.allocation.space import Space, space_of
from engine.decision import law_store
from engine.durable import cache_folder
from engine.errors import InputError
from engine.law.capacity import Capacity
from engine.law.forms import form_of
from engine.law.observations import lies_on_ridge
from engine.law.selection.stacking import FormsBeforehand
from engine.law.stack import STACKED, Progress, StackedFit, fit_stack
from engine.law.transfer.pool import pool
from engine.law.version import fit_version
from engine.runs.catalogue import family_version, stamp
from engine.runs.evidence import Evidence, EvidenceSummary
from engine.runs.families import shapes_of
from engine.runs.importers.published import published_records
from engine.runs.imports.journal import live
from engine.runs.imports.selection import (
    Carries,
    Selection,
    plannable,
    select,
    suspicious_runs,
)
from engine.runs.log import RunLog, data_folder
from engine.untrusted.guard import attempted
from engine.untrusted.texts import json_value

PUBLISHED_BERT = "published-bert"
"""Table 2 of McKenna et al. (2025): the strategic default."""
MEASURED_GPT = "gpt-bytes-docstrings"
"""Our own campaign: small decoders on bytes of the docstrings of installed packages."""
EVIDENCE: tuple[str, ...] = (PUBLISHED_BERT, MEASURED_GPT)
"""Families that ship with Kessai; imported ones join them (:func:`choices`)."""


@dataclass(frozen=True, kw_only=True)
class FittedEvidence:
    """A law and what it rests on: all that an allocation needs to know of the evidence."""

    fit: StackedFit
    space: Space
    coverage: Coverage
    summary: EvidenceSummary
    noise_from: str = ""
    """The evidence that says what noise does, where the runs were trained without."""


def fitted_evidence(
    evidence_id: str,
    *,
    cache: Path | None = None,
    without: Sequence[str] = (),
    form: str | None = None,
) -> FittedEvidence:
    """The law fitted to the evidence called ``evidence_id``; from disk where it was fitted before,
    and the version that was made its current one, if any (:mod:`engine.decision.law_store`).

    ``without`` are runs to leave out, ``form`` is one form instead of the stack: both ask for a fit
    of the runs as they stand. Raises :class:`InputError` for an unknown id, and what a fit raises
    for unusable evidence.
    """
    if not without and form is None:
        chosen = law_store.current(evidence_id, data_folder())
        if chosen is not None:
            return of_version(chosen)
    return fit_selection(selection_of(evidence_id, without=without), cache=cache, form=form)


def fit_selection(
    selection: Selection,
    *,
    cache: Path | None = None,
    form: str | None = None,
    on_record: bool = True,
    progress: Progress | None = None,
) -> FittedEvidence:
    """The law of selected runs. Runs without noise get its effect from the published evidence
    (:mod:`engine.law.transfer.pool`); runs that all lie on a ridge of optima get from our own
    campaign which forms hold off it (:func:`forms_beforehand`). Raises :class:`InputError` where
    steps are not known.

    ``on_record``: whether a fit that is made goes into the log of decisions; one that only asks
    what a run does to the law is no refit of it. ``progress`` is told how much of a fit that is
    made is done."""
    evidence = selection.evidence
    forms = STACKED if form is None else (form_of(form).name,)
    _require_steps(selection)
    is_pooled = selection.carries is Carries.NOISELESS
    beforehand = forms_beforehand(selection, cache=cache) if form is None else None
    path = _path(evidence, cache, _deciding(selection, forms, beforehand))
    result = _read(path)
    is_new = result is None
    if result is None:
        capacity = capacity_of(evidence.family)
        if is_pooled:
            result = _pooled_fit(evidence, forms, progress)
        elif form is None:
            result = fit_stack(
                evidence.frame, capacity=capacity, progress=progress, beforehand=beforehand
            )
        else:
            result = fit_stack(evidence.frame, forms=forms, capacity=capacity, progress=progress)
        _write(path, result)
    found = _pooled(result, evidence) if is_pooled else _fitted(result, evidence, evidence.frame)
    if is_new and on_record:
        _on_record(evidence, found, path, keep=form is None and not selection.is_chosen)
    return found


def newest_evidence(evidence_id: str) -> FittedEvidence:
    """The law of the runs as they now stand, whatever version is the current one."""
    return fit_selection(selection_of(evidence_id))


def of_version(version: law_store.LawVersion) -> FittedEvidence:
    """The law of a version, as a question is asked of it."""
    return FittedEvidence(
        fit=version.fit,
        space=version.space,
        coverage=version.coverage,
        summary=EvidenceSummary(
            id=version.evidence_id, runs=version.runs, hash=version.evidence_hash
        ),
        noise_from=version.noise_from,
    )


def _require_steps(selection: Selection) -> None:
    if selection.carries is Carries.TOKENS:
        raise InputError(
            "Expected the steps of the runs in {family}, got sizes, tokens and losses alone: a "
            "plan needs steps and noise. Import them with a column of the batch size, or choose "
            "another evidence.",
            family=selection.evidence.family,
        )


def forms_beforehand(selection: Selection, *, cache: Path | None = None) -> FormsBeforehand | None:
    """What our own campaign says of the forms, for runs that all lie on a ridge of optima, of
    which no hold-out can say it; None for others, which say it themselves. The campaign is fitted
    in seconds where it was not yet."""
    if not _lies_on_ridge(selection):
        return None
    campaign = selection_of(MEASURED_GPT)
    found = fit_selection(campaign, cache=cache, on_record=False)
    return FormsBeforehand(
        evidence_id=campaign.evidence.id,
        evidence_hash=campaign.evidence.sha256,
        runs=campaign.evidence.runs,
        weights=found.fit.forms,
    )


def _lies_on_ridge(selection: Selection) -> bool:
    """Whether the law comes from the runs themselves, and all of them lie on a ridge of optima."""
    return selection.carries is Carries.LAW and lies_on_ridge(selection.evidence.frame)


def _deciding(
    selection: Selection, forms: Sequence[str], beforehand: FormsBeforehand | None
) -> tuple[str, ...]:
    """What decides a fit beside the runs: the forms, and the runs of another evidence that say
    what noise does, or which forms hold off the ridge of optima."""
    if selection.carries is Carries.NOISELESS:
        return (*forms, evidence_of(PUBLISHED_BERT).sha256)
    return (*forms, beforehand.evidence_hash) if beforehand else tuple(forms)


def _pooled_fit(
    evidence: Evidence, forms: tuple[str, ...], progress: Progress | None = None
) -> StackedFit:
    """A law whose noiseless part is the family's own, and whose noise is the published runs'."""
    # All parameters count, as in the family's own runs: of these no shapes are known.
    published = fit_stack(evidence_of(PUBLISHED_BERT).frame, forms=forms, progress=progress)
    return published.mapped(lambda one: pool(one, evidence.frame))


def _pooled(result: StackedFit, evidence: Evidence) -> FittedEvidence:
    """That law, where its runs and the noise of the published ones lie."""
    source = evidence_of(PUBLISHED_BERT)
    noisy = source.frame.assign(
        sequence_length=evidence.frame["sequence_length"].iloc[0],
        vocabulary_size=evidence.frame["vocabulary_size"].iloc[0],
        model_size=evidence.frame["model_size"].iloc[0],
        iterations=evidence.frame["iterations"].iloc[0],
    )
    found = _fitted(result, evidence, pd.concat([evidence.frame, noisy], ignore_index=True))
    return replace(found, noise_from=source.id)


def _fitted(result: StackedFit, evidence: Evidence, where: pd.DataFrame) -> FittedEvidence:
    return FittedEvidence(
        fit=result,
        space=space_of(where),
        coverage=coverage_of(where),
        summary=EvidenceSummary(id=evidence.id, runs=evidence.runs, hash=evidence.sha256),
    )


def capacity_of(family: str) -> Capacity | None:
    """What of a model's size counts as capacity in a family; None: all of it."""
    shapes = shapes_of(family)
    if not shapes:
        return None
    return Capacity(
        total=tuple(shape.total for shape in shapes), other=tuple(shape.other for shape in shapes)
    )


def is_ready(evidence_id: str, *, cache: Path | None = None) -> bool:
    """Whether :func:`fitted_evidence` will answer without fitting. Raises as that does."""
    if law_store.current(evidence_id, data_folder()) is not None:
        return True
    return is_newest_ready(evidence_id, cache=cache)


def is_newest_ready(evidence_id: str, *, cache: Path | None = None) -> bool:
    """Whether the law of the runs as they stand is fitted already. Raises as
    :func:`newest_evidence`."""
    selection = selection_of(evidence_id)
    _require_steps(selection)
    return is_kept(selection, cache=cache)


def is_kept(selection: Selection, *, cache: Path | None = None) -> bool:
    """Whether :func:`fit_selection` will read its fit from disk."""
    beforehand = None
    if _lies_on_ridge(selection):
        if not is_kept(selection_of(MEASURED_GPT), cache=cache):
            return False
        beforehand = forms_beforehand(selection, cache=cache)
    path = _path(selection.evidence, cache, _deciding(selection, STACKED, beforehand))
    return _read(path) is not None


def choices() -> tuple[str, ...]:
    """Families that may be chosen as evidence of a plan, as the run log now stands: those that ship
    with Kessai, then the imported ones with enough runs.

    A folder of runs that cannot be read adds none: whoever asks for a law is told of it.
    """
    try:
        return (*EVIDENCE, *_imported(stamp(run_log())))
    except InputError:
        return EVIDENCE


def require_choice(evidence_id: str) -> None:
    """Raise :class:`InputError` where a family is none of :func:`choices`, with the reason: it is
    unknown or deleted, or has too few runs, sizes, noises, or no steps."""
    if evidence_id not in choices():
        _require_steps(selection_of(evidence_id))


def state_of(evidence_id: str) -> str:
    """Changes with the runs of an imported family, and with the version that is made the current
    one, so that what rests on them is found anew. For what ships with Kessai it changes when
    somebody asks for a refit, in any process: pilots move that law when they are asked to. A choice
    that cannot be read is "unreadable"."""
    try:
        chosen = law_store.current_name(evidence_id, data_folder())
    except InputError:
        return "unreadable"
    if chosen is not None:
        return chosen
    if evidence_id in EVIDENCE:
        return law_store.asked_refit(data_folder())
    return runs_version(evidence_id)


def runs_version(evidence_id: str) -> str:
    """Changes with the runs of a family, their flags and their unit."""
    return _runs_version(stamp(run_log()), evidence_id)


@lru_cache(maxsize=4)
def _imported(_stamp: str) -> tuple[str, ...]:
    return tuple(name for name in plannable(run_log()) if name not in EVIDENCE)


@lru_cache(maxsize=32)
def _runs_version(_stamp: str, evidence_id: str) -> str:
    return family_version(run_log(), evidence_id)


@lru_cache(maxsize=1)
def run_log() -> RunLog:
    """This installation's run log, with the published records, opened once a process."""
    return RunLog.open(published=published_records())


def evidence_of(evidence_id: str) -> Evidence:
    """The runs of one family as a fit takes them. Raises :class:`InputError` for an unknown id."""
    return selection_of(evidence_id).evidence


def selection_of(
    evidence_id: str, *, without: Sequence[str] = (), also: Sequence[str] = ()
) -> Selection:
    """Those runs, less some, with what they carry (:func:`engine.runs.imports.selection.select`).
    Raises :class:`InputError` for an unknown id or run, and for too few runs."""
    return select(run_log(), evidence_id, noise_multiplier, without=without, also=also)


def standing_selection(evidence_id: str, *, whole: bool = False) -> Selection:
    """The runs of the law in use: those that went into the current version and are still there,
    else the runs as they stand. Raises as :func:`selection_of`.

    ``whole``: where runs of the version were deleted since, raise :class:`InputError`, for what is
    asked of law and runs together needs all of them."""
    chosen = law_store.current(evidence_id, data_folder())
    if chosen is None:
        return selection_of(evidence_id)
    log, own = run_log(), set(chosen.run_ids)
    gone = own - log.run_ids()
    if whole and gone:
        raise InputError(
            "Expected all runs of the law {version}, which is the current one, got {count} of them "
            "deleted: bring them back on the page Runs, or make another version the current one.",
            version=chosen.version,
            count=len(gone),
        )
    suspicious = suspicious_runs(live(log), evidence_id)
    since = {str(row["run_id"]) for row in log.outlines() if row["family"] == evidence_id} - own
    return selection_of(
        evidence_id,
        without=sorted(since.difference(suspicious)),
        also=sorted(own.intersection(suspicious) - gone),
    )


def _path(evidence: Evidence, cache: Path | None, forms: Sequence[str] = STACKED) -> Path | None:
    """Named by everything that decides a fit: what it is given, and the code that makes it. None
    where there is no folder to keep it in: then every process fits anew, as it does on a full
    disk."""
    with suppress(InputError):
        cache = cache or cache_folder()
    if cache is None:
        return None
    digest = hashlib.sha256(_code_hash())
    digest.update(" ".join(forms).encode())
    digest.update(repr(capacity_of(evidence.family)).encode())
    digest.update(evidence.frame.to_csv(float_format="%.17g").encode())
    return cache / f"{evidence.id}-{digest.hexdigest()[:16]}.json"


@lru_cache(maxsize=1)
def _code_hash() -> bytes:
    digest = hashlib.sha256()
    for source in sorted(Path(engine.law.__file__).parent.rglob("*.py")):
        digest.update(source.read_bytes())
    for package in ("numpy", "scipy"):
        digest.update(version(package).encode())
    return digest.digest()


def _read(path: Path | None) -> StackedFit | None:
    if path is None:
        return None
    # Missing, torn or foreign: fitting again costs seconds and is always right.
    return attempted(lambda: StackedFit.from_dict(json_value(path.read_text(encoding="utf-8"))))


def _on_record(evidence: Evidence, found: FittedEvidence, path: Path | None, *, keep: bool) -> None:
    """A refit in the log of decisions, and, of all runs and forms, among the versions beside it;
    where neither can be written the law is the same."""
    versions = {"evidence": evidence.sha256, "law": fit_version(found.fit)}
    what = {"evidence": evidence.id, "runs": evidence.runs}
    with suppress(InputError):
        decision_log.append("refit", what, folder=data_folder(), versions=versions)
    if keep:
        made = law_store.version_of(
            evidence, found.fit, found.space, found.coverage, noise_from=found.noise_from
        )
        with suppress(InputError):
            law_store.keep(made, data_folder())


def _write(path: Path | None, result: StackedFit) -> None:
    """Whole, so that no reader ever sees half a fit; a full or read-only disk is no failure."""
    if path is None:
        return
    content = json.dumps(result.to_dict()).encode()
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        durable.write(path, content, sync=False, mode=0o600)
