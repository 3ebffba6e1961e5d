"""The tables of the Law page: forms with their hold-outs, tests of the fit, and the decision
without each run."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime

from dashboard.run_card import facts as run_facts
from engine.api.laws import (
    Candidate,
    Choice,
    Comparison,
    Diagnostics,
    Influence,
    Inspection,
    Kind,
    LawVersion,
    Method,
    Outcome,
    RunInfluence,
    Stand,
    Test,
)
from engine.api.runs import Listed
from engine.errors import InputError
from engine.text import figures, formats, labels, law_tests, run_labels, verdict
from engine.text.i18n import N_, Words

_COEFFICIENTS = {
    "floor": N_("floor"),
    "size": N_("size"),
    "steps": N_("steps"),
    "noise": N_("noise"),
    "tokens": N_("tokens"),
    "unlearnt": N_("not yet learnt"),
    "size × unlearnt": N_("size × not yet learnt"),
    "onset": N_("onset"),
    "size × onset": N_("size × onset"),
}
_OUTCOMES = {
    Outcome.FOUND: N_("found"),
    Outcome.NOT_FOUND: N_("not found"),
    Outcome.CANNOT_TELL: N_("cannot tell"),
}
_METHODS = {
    Method.APPROXIMATE: N_("approximately"),
    Method.REFITTED: N_("fitted in full"),
}
_MOST_ROWS = 3


def tests(found: Sequence[Diagnostics], words: Words) -> dict[str, list[str]]:
    """A row a form, a column a test: what it says, and its p."""
    asked = next((one.tests for one in found if one.tests), ())
    rows: dict[str, list[str]] = {
        words.say("Form"): [labels.form(one.form, words) for one in found]
    }
    for test in asked:
        head = (
            words.say("Spread along {name}", name=words.field(test.along))
            if test.kind is Kind.SPREAD
            else words.say("Wrong bend (RESET)")
        )
        rows[head] = [_outcome(one, test, words) for one in found]
    return rows


def _outcome(found: Diagnostics, like: Test, words: Words) -> str:
    same = (one for one in found.tests if (one.kind, one.along) == (like.kind, like.along))
    test = next(same, None)
    if test is None:
        return words.say("no straight line") if not found.linear else "–"
    said = words.say(_OUTCOMES[test.outcome])
    if test.p is None:
        return said
    return formats.bracketed(said, f"p {law_tests.p_value(test.p)}", words.language)


def coefficients(found: Diagnostics, words: Words) -> dict[str, list[str]]:
    """A row a coefficient: of the regression, of the fit, and its standard errors."""
    some = found.coefficients
    return {
        words.say("Coefficient"): [words.say(_COEFFICIENTS[one.name]) for one in some],
        words.say("Regression"): [f"{one.value:.3g}" for one in some],
        words.say("Fit"): [f"{one.fitted:.3g}" for one in some],
        words.say("Standard error"): [f"{one.error:.2g}" for one in some],
        words.say("Robust"): [f"{one.robust_error:.2g}" for one in some],
    }


def leverage(found: Diagnostics, inspection: Inspection, words: Words) -> dict[str, list[str]]:
    """The rows of largest Cook's distance."""
    some, rows = found.influence[:_MOST_ROWS], inspection.rows
    at = [one.row for one in some]
    return {
        words.say("Row"): [
            labels.training(
                rows.model_size[n], rows.iterations[n], rows.noise_batch_ratio[n], words
            )
            for n in at
        ],
        words.say("Cook's distance"): [formats.plain(one.cook, 2) for one in some],
        words.say("Decides itself (hat value)"): [
            formats.percent(one.hat, words.language) for one in some
        ],
        words.say("Missed by"): [
            formats.percent(float(rows.residual[n]), words.language) for n in at
        ],
    }


def influence(
    found: Influence, shown: Sequence[RunInfluence], names: Mapping[str, str], words: Words
) -> dict[str, list[str]]:
    """A row a run left out, under a first row of the decision as it stands."""
    rows = [
        (
            words.say("all runs"),
            "",
            *_stand(found.today, words),
            "",
            "",
        )
    ]
    for one in shown:
        what = labels.training(one.model_size, one.iterations, one.noise_batch_ratio, words)
        how = words.say(_METHODS[one.method])
        if one.without is None:
            why = refused(one.refusal, words)
            rows.append((run_facts.run_name(one.run_id, names), what, why, "–", "–", "–", how))
            continue
        plan, loss, said = _stand(one.without, words)
        change = f"{one.loss_change:+.2%}"
        regret = f"{max(one.regret, 0.0):.2%}"
        rows.append(
            (
                run_facts.run_name(one.run_id, names),
                what,
                plan,
                formats.bracketed(loss, change, words.language),
                f"**{said}**" if one.turns else said,
                regret,
                how,
            )
        )
    heads = (
        words.say("Without"),
        words.say("The run"),
        words.say("Recommended"),
        words.say("Loss (change)"),
        words.say("Verdict"),
        words.say("Loss given away"),
        words.say("Method"),
    )
    columns = zip(*rows, strict=True)
    return {head: list(column) for head, column in zip(heads, columns, strict=True)}


def versions(
    found: Sequence[LawVersion], current: str | None, zone: str | None, words: Words
) -> dict[str, list[str]]:
    """A row a version, newest first; the one that pages rest on in bold."""
    rows: dict[str, list[str]] = {}
    for one in reversed(found):
        name = f"`{one.version}`"
        row = {
            words.say("Version"): f"**{name}**" if one.version == current else name,
            words.say("Kept"): moment(one, zone),
            words.say("Number of runs"): formats.exact(one.runs),
            words.say("Chosen"): _chosen(one, words),
            words.say("Forms"): labels.forms(one.fit.forms, words),
            words.say("Error, left out"): formats.percent(
                one.fit.held.get("configurations", one.fit.scatter), words.language
            ),
            words.say("Code"): f"`{one.code}`",
            words.say("Note"): formats.literally(one.note) or "–",
        }
        for head, cell in row.items():
            rows.setdefault(head, []).append(cell)
    return rows


def chosen_runs(
    runs: Sequence[Listed], choice: Choice, suspicious: Mapping[str, str], words: Words
) -> dict[str, list[object]]:
    """A row a run of the evidence, with whether it goes into the law."""

    def place(one: Listed) -> str:
        if one.run_id in choice.without:
            return words.say("out, by hand")
        if one.run_id not in suspicious:
            return words.say("in")
        taken = one.run_id in choice.also
        return words.say("in, by hand") if taken else words.say("out, suspicious")

    return {
        words.say("In the law"): [place(one) for one in runs],
        words.say("Run"): [one.name for one in runs],
        words.say("Source"): [", ".join(reversed(one.sources)) for one in runs],
        words.say("Parameters"): [one.settings.get("model_size") for one in runs],
        words.say("Iterations"): [one.settings.get("iterations") for one in runs],
        words.say("Noise multiplier σ"): [one.noise_multiplier for one in runs],
        words.say("ε"): [one.settings.get("epsilon") for one in runs],
        words.say("Loss (nats)"): [one.settings.get("cross_entropy") for one in runs],
        words.say("Status"): [run_labels.status_of(one, words) for one in runs],
        words.say("Flags"): [run_labels.flags_of(one, words) for one in runs],
        words.say("Tags"): [", ".join(one.tags) for one in runs],
    }


def moment(one: LawVersion, zone: str | None) -> str:
    """When a version was kept, in the reader's time."""
    return labels.moment(datetime.fromisoformat(one.kept_at), zone)


def changes(found: Comparison, words: Words) -> dict[str, list[str]]:
    """What changed, a row a figure: before and after."""
    before, after = found.before, found.after

    def share(value: float) -> str:
        return formats.percent(value, words.language)

    rows = [
        (words.say("Number of runs"), formats.exact(before.runs), formats.exact(after.runs)),
        (words.say("Chosen"), _chosen(before, words), _chosen(after, words)),
        *(
            (
                words.say("Weight: {form}", form=labels.form(form, words)),
                share(first) if first else "–",
                share(second) if second else "–",
            )
            for form, (first, second) in found.weights.items()
        ),
        (
            words.say("Scatter of runs left out"),
            share(before.fit.scatter),
            share(after.fit.scatter),
        ),
        (
            words.say("Added per factor of {fold} away", fold=formats.plain(math.e, 2)),
            share(before.fit.drift),
            share(after.fit.drift),
        ),
        (
            words.say("The same for the range of the loss"),
            share(before.fit.level_drift),
            share(after.fit.level_drift),
        ),
    ]
    heads = (words.say("Today's plan"), words.say("Its loss"), words.say("Verdict"))
    sides = [
        _stand(stand, words) if stand is not None else (refused(refusal, words), "–", "–")
        for stand, refusal in zip(found.stands, found.refusals, strict=True)
    ]
    rows += list(zip(heads, *sides, strict=True))
    columns = zip(*rows, strict=True)
    names = (words.say("Figure"), words.say("Before"), words.say("After"))
    return {name: list(column) for name, column in zip(names, columns, strict=True)}


def _chosen(one: LawVersion, words: Words) -> str:
    """What of its runs a person left out or took in."""
    said = []
    if one.choice.without:
        said.append(words.say("{n} out", n=formats.exact(len(one.choice.without))))
    if one.choice.also:
        said.append(words.say("{n} in", n=formats.exact(len(one.choice.also))))
    return ", ".join(said) or words.say("all")


def candidates(found: Sequence[Candidate], words: Words) -> dict[str, list[str]]:
    """A row a run that could be made."""
    return {
        words.say("Train"): [
            labels.training(one.model_size, one.iterations, one.noise_batch_ratio, words)
            for one in found
        ],
        words.say("Batch"): [formats.exact(one.batch_size) for one in found],
        words.say("Price of computing"): [price(one, words) for one in found],
        words.say("Narrows the range by"): [
            formats.percent(one.narrowing, words.language) for one in found
        ],
    }


def price(one: Candidate, words: Words) -> str:
    """Of a candidate."""
    return figures.price(one.cost.jpy, words)


def refused(error: InputError | None, words: Words) -> str:
    """Why a law has no answer."""
    return "–" if error is None else words.refusal(error)


def _stand(stand: Stand, words: Words) -> tuple[str, str, str]:
    config = stand.plan.config
    plan = words.say(
        "{size} parameters, {steps}, batch {batch}",
        size=formats.amount(config.model_size, words.language),
        steps=labels.steps(config.iterations, words),
        batch=formats.amount(config.batch_size, words.language),
    )
    loss = formats.loss(stand.plan.cross_entropy.value)
    return plan, loss, verdict.name(stand.verdict.code, words)
