"""What a law rests on, how well it predicts what it did not see, and where it ends, in words."""

import math

from engine.allocation.reach import EXTRAPOLATED, NEAR
from engine.decision.fitted import FittedEvidence
from engine.law.inspection import Inspection
from engine.law.stack import StackedFit
from engine.text import formats, labels
from engine.text.i18n import Words


def headline(evidence: FittedEvidence, inspection: Inspection, words: Words) -> str:
    """Line 1: what the law rests on, how well it predicts what it did not see, where it ends."""
    space, language = evidence.space, words.language
    return words.say(
        "The law rests on {runs} of {sizes}. It misses a run that it did not see by {error} on "
        "average, and ends at {largest} parameters and {longest}.",
        runs=words.count("{n} run", "{n} runs", evidence.summary.runs),
        sizes=words.count("{n} model size", "{n} model sizes", sizes(inspection)),
        error=formats.percent(unseen(evidence), words.language),
        largest=formats.amount(space.model_size[1], language),
        longest=labels.steps(space.iterations[1], words),
    )


def sizes(inspection: Inspection) -> int:
    """How many model sizes the runs have."""
    return len(set(inspection.rows.model_size.tolist()))


def unseen(evidence: FittedEvidence) -> float:
    """Mean error of left-out configurations; the scatter where they were not counted."""
    return evidence.fit.held.get("configurations", evidence.fit.scatter)


def beyond(evidence: FittedEvidence, words: Words) -> str:
    """Line 2: how errors grow outside the evidence."""
    held, said = evidence.fit.held, []
    if (largest := held.get("largest")) is not None:
        said.append(
            words.say(
                "The largest decade of compute, left out as a whole, is missed by {error}.",
                error=formats.percent(largest, words.language),
            )
        )
    if (beside := held.get("off_ridge")) is not None:
        said.append(
            words.say(
                "Plans that are not the best of their compute, left out as a whole, are missed by "
                "{error}.",
                error=formats.percent(beside, words.language),
            )
        )
    said.append(
        words.say(
            "Every factor of {fold} away from the runs adds about {level} to what a predicted loss "
            "may miss, and {drift} to what ranges of plans allow for; beyond a factor of {near} an "
            "answer is called extrapolated, beyond {far} unknown.",
            fold=formats.plain(math.e, 2),
            level=formats.percent(evidence.fit.level_drift, words.language),
            drift=formats.percent(evidence.fit.drift, words.language),
            near=formats.plain(math.exp(NEAR), 1),
            far=formats.plain(math.exp(EXTRAPOLATED), 2),
        )
    )
    return words.joined(said)


def without_noise(evidence: FittedEvidence, words: Words) -> str | None:
    """That what noise does is another evidence's, where the runs had none."""
    if not evidence.noise_from:
        return None
    return words.say(
        "These runs were trained without noise: what noise does is taken from {source}.",
        source=labels.evidence_name(evidence.noise_from, words),
    )


def forms_beforehand(fit: StackedFit, words: Words) -> str | None:
    """That another evidence told the forms apart, where these runs cannot."""
    if (known := fit.beforehand) is None:
        return None
    return words.say(
        "All of these runs are the best of their compute: forms that agree on them may part "
        "elsewhere, and nothing here tells which holds. So {share} of the forms' weights are those "
        "found in {source}: {forms}.",
        source=labels.evidence_name(known.evidence_id, words),
        forms=labels.forms(known.weights, words),
        share=formats.percent(known.share, words.language),
    )


def forms(evidence: FittedEvidence, inspection: Inspection, words: Words) -> dict[str, list[str]]:
    """A row a form by falling weight, the least hold-out error in bold; the last, all together."""
    least = min(form.scatter for form in inspection.forms)

    def share(value: float) -> str:
        return formats.percent(value, words.language)

    rows = [
        (
            labels.form(form.name, words),
            share(form.weight),
            f"{form.parameters}",
            share(form.in_sample),
            f"**{share(form.scatter)}**" if form.scatter == least else share(form.scatter),
            share(form.drift),
        )
        for form in inspection.forms
    ]
    residual = inspection.rows.residual
    fit = evidence.fit
    together = math.sqrt(float((residual**2).mean()))
    name = words.say("All, by weight")
    rows.append((name, "100%", "", share(together), share(fit.scatter), share(fit.drift)))
    heads = (
        words.say("Form"),
        words.say("Weight"),
        words.say("Parameters"),
        words.say("Error, fitted"),
        words.say("Error, left out"),
        words.say("Added per factor of {fold} away", fold=formats.plain(math.e, 2)),
    )
    columns = zip(*rows, strict=True)
    return {head: list(column) for head, column in zip(heads, columns, strict=True)}
