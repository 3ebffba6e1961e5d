"""Sentences of the Law page: what the law rests on, how well it predicts, where it ends.

Pure: engine values and :class:`Words` in, text out. Errors are relative, of the loss.
"""

from collections.abc import Mapping

from dashboard.law import facts
from dashboard.run_card import facts as run_facts
from engine.api.decisions import Decision
from engine.api.laws import (
    LEAST_NARROWING,
    Carries,
    Choice,
    Comparison,
    Influence,
    Inspection,
    LawVersion,
    NextRuns,
    Remaining,
    SetAside,
)
from engine.text import bounds, formats, labels, verdict
from engine.text.i18n import Words


def today(decision: Decision, words: Words) -> str:
    """Line 3: how far today's plan lies from the runs."""
    return words.say(
        "Today's plan ({size} parameters, {steps}): {where}.",
        size=formats.amount(decision.recommendation.config.model_size, words.language),
        steps=labels.steps(decision.recommendation.config.iterations, words),
        where=bounds.where(decision.extrapolation.reach, words),
    )


def set_aside(found: SetAside, words: Words) -> str:
    """Where a damaged file of chosen laws lies, and which of its choices still stand."""
    said = words.say(
        "The file of the chosen laws was damaged: it is kept as {file}.",
        file=formats.literally(str(found.file)),
    )
    if not found.kept:
        return f"{said} " + words.say(
            "No other choice in it could be read: every other evidence follows its runs as they "
            "stand."
        )
    return f"{said} " + words.say(
        "Of the other choices in it, only those of {names} could be read, and still stand.",
        names=words.listed(map(formats.literally, found.kept)),
    )


def parity(inspection: Inspection, words: Words) -> str:
    """What the plot of measured against fitted shows."""
    residual = abs(inspection.rows.residual)
    return words.say(
        "Measured against fitted losses of {runs}: the mean deviation is {mean}, the largest "
        "{worst}. On the line the law says what was measured.",
        runs=words.count("{n} point", "{n} points", residual.size),
        mean=formats.percent(float(residual.mean()), words.language),
        worst=formats.percent(float(residual.max()), words.language),
    )


def leaving_out(done: int, of: int, words: Words) -> str:
    """How far the work is."""
    half = of // 2
    if done < half:
        return words.say(
            "Asking without each run: {done} of {of}",
            done=formats.exact(done),
            of=formats.exact(half),
        )
    return words.say(
        "Fitting anew without each run, the most influential first: {done} of {of}",
        done=formats.exact(done - half),
        of=formats.exact(half),
    )


def influence(found: Influence, names: Mapping[str, str], words: Words) -> str:
    """Whether one run decides, and which moves the decision most."""
    said = verdict.name(found.today.verdict.code, words)
    if turning := found.turning:
        first = words.say(
            "The verdict ({verdict}) hangs on single runs: without {runs} it would be another.",
            verdict=said,
            runs=words.count("{n} run", "{n} runs", len(turning)),
        )
    else:
        first = words.say("The verdict ({verdict}) hangs on no single run.", verdict=said)
    moves = [one for one in found.runs if one.without is not None]
    if not moves:
        return first
    most = max(moves, key=lambda one: abs(one.loss_change))
    return words.joined(
        [
            first,
            words.say(
                "The expected loss moves by at most {change}, without {run}.",
                change=f"{abs(most.loss_change):.2%}",
                run=run_facts.run_name(most.run_id, names),
            ),
        ]
    )


def how_left_out(found: Influence, words: Words) -> str:
    """What was done, and what the figures mean."""
    said = [
        words.say(
            "{n} of {of} left out in turn, {refitted} of them with the law fitted anew in full; "
            "the others approximately, the weights of the forms held.",
            n=formats.exact(len(found.runs)),
            of=words.count("{n} run", "{n} runs", found.of),
            refitted=formats.exact(found.refitted),
        ),
        words.say(
            "A run is all of its points, and all learning rates of one configuration. Loss given "
            "away: what the plan found without the run would lose by the law of all runs."
        ),
    ]
    if found.unfit:
        said.append(
            words.say(
                "Without {runs} nothing can be fitted: too few sizes, or no noise.",
                runs=words.count("{n} run", "{n} runs", len(found.unfit)),
            )
        )
    if found.turning:
        said.append(words.say("A verdict in bold is another than today's."))
    if found.is_refit:
        said.append(
            words.say(
                "The law in use, {version}, was kept by other code: its runs were fitted anew "
                "first, so that all of these fits are of one code.",
                version=found.law_in_use,
            )
        )
    return words.joined(said)


def since(found: Comparison, zone: str | None, words: Words) -> str:
    """What changed since a version: runs, loss, verdict."""
    said = [
        words.say(
            "Since {moment}: {added} added, {removed} removed.",
            moment=facts.moment(found.before, zone),
            added=words.count("{n} run", "{n} runs", len(found.added)),
            removed=words.count("{n} run", "{n} runs", len(found.removed)),
        )
    ]
    if found.before.version == found.after.version:
        return words.joined([*said, words.say("The law is the same.")])
    if found.same_runs:
        said.append(words.say("The runs are the same: the code makes the difference."))
    if found.loss_change is not None:
        said.append(
            words.say(
                "The loss expected of today's plan moves by {change}.",
                change=f"{found.loss_change:+.2%}",
            )
        )
    first, second = found.stands
    if not found.turns:
        said.append(words.say("The verdict stays."))
    elif first is None or second is None:
        said.append(words.say("Only one of the two laws has an answer to today's question."))
    else:
        said.append(
            words.say(
                "The verdict is another: {before} before, {after} after.",
                before=verdict.name(first.verdict.code, words),
                after=verdict.name(second.verdict.code, words),
            )
        )
    return words.joined(said)


def held(version: LawVersion, zone: str | None, words: Words) -> str:
    """That pages rest on a version that somebody chose."""
    said = words.say(
        "All pages rest on version {version} of {moment} with {runs}, which was made the current "
        "one.",
        version=f"`{version.version}`",
        moment=facts.moment(version, zone),
        runs=words.count("{n} run", "{n} runs", version.runs),
    )
    return words.joined([said, chosen_of(version, words)])


def chosen_of(version: LawVersion, words: Words) -> str | None:
    """What a person chose of the runs of a version; None where nobody did."""
    if not version.choice:
        return None
    return words.say(
        "Its runs were chosen: {out} left out by hand, {taken} taken in though suspicious.",
        out=words.count("{n} run", "{n} runs", len(version.choice.without)),
        taken=words.count("{n} run", "{n} runs", len(version.choice.also)),
    )


def made_of_chosen(version: LawVersion, words: Words) -> str:
    """That the law of chosen runs is there, and what can be done with it."""
    return words.say(
        "The law of {runs} is kept as version {version}. Below, see what it changes, and make it "
        "the current one if pages shall rest on it.",
        runs=words.count("{n} run", "{n} runs", version.runs),
        version=f"`{version.version}`",
    )


def remaining(found: Remaining, choice: Choice, words: Words) -> str:
    """What a choice leaves, and whether it is enough for a law."""
    said = words.say(
        "{runs} with {points} are in: {sizes} and {noises}.",
        runs=words.count("{n} run", "{n} runs", found.runs),
        points=words.count("{n} point", "{n} points", found.points),
        sizes=words.count("{n} model size", "{n} model sizes", found.sizes),
        noises=words.count("{n} noise-batch ratio", "{n} noise-batch ratios", found.noises),
    )
    if found.refusal is not None:
        return words.joined([said, words.say("That is too little for a law.")])
    if not choice:
        return words.joined([said, words.say("These are the runs as they stand.")])
    enough = {
        Carries.LAW: words.say("Enough for a law of their own."),
        Carries.NOISELESS: words.say(
            "Enough for a law without noise; what noise does is taken from the published runs."
        ),
        Carries.TOKENS: words.say("No steps are known: a plan cannot rest on them."),
        None: "",
    }
    return words.joined([said, enough[found.carries]])


def held_version(found: Comparison, zone: str | None, words: Words) -> str:
    """As :func:`held`, and whether the runs as they stand would decide otherwise."""
    said = words.joined(
        [
            held(found.before, zone, words),
            words.say("As the runs stand there are {now}.", now=formats.exact(found.after.runs)),
        ]
    )
    turned = words.say("With these, the verdict would be another.") if found.turns else None
    return words.joined([said, turned])


def next_run(found: NextRuns, words: Words) -> str:
    """The most telling run per yen; or that none tells enough to be worth naming."""
    language = words.language
    one = found.first
    values = {
        "size": formats.amount(one.model_size, language),
        "steps": labels.steps(one.iterations, words),
        "price": facts.price(one, words),
        "share": formats.percent(one.narrowing, language),
    }
    if found.candidates:
        return words.say(
            "Most per yen: train {size} parameters for {steps}, for {price} of computing. It is "
            "expected to narrow the range of today's loss by {share}.",
            **values,
        )
    return words.say(
        "No single run narrows the range of today's loss by {least} or more. The most telling of "
        "{tried}, {size} parameters for {steps}, would by {share}, for {price} of computing.",
        least=formats.percent(LEAST_NARROWING, language),
        tried=formats.exact(found.tried),
        **values,
    )


def how_foreseen(found: NextRuns, words: Words) -> str:
    """What the range is made of, and how the figures were found."""
    return words.say(
        "Today's loss is known within {deviation} (standard deviation). {scatter} of that is how "
        "far single runs scatter, which no run takes away. Foreseen from the law without a fit; at "
        "an equal noise-batch ratio σ/B a small batch stands for a large one, as the law assumes. "
        "The price is that of computing alone.",
        deviation=formats.percent(found.deviation, words.language),
        scatter=formats.percent(found.scatter, words.language),
    )
