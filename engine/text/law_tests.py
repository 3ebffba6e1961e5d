"""The tests of a fit in words, the same on the page and the command line: what was asked, what was
found, and whether it could have been."""

from engine.law.diagnostics import COOK_LIMIT, SPREAD_FACTOR, Diagnostics, Kind, Outcome, Test
from engine.text import formats, labels
from engine.text.i18n import Words

WELL_CONDITIONED = 30.0
"""Condition number of equal columns from which on coefficients cannot be told apart (Belsley, Kuh
and Welsch, 1980)."""
_LEAST_P = 0.001


def basis(found: Diagnostics, words: Words) -> str:
    """What is tested, and on what condition."""
    name = labels.form(found.form, words)
    if not found.linear:
        return words.say(
            "The form “{form}” is no straight line in its coefficients even with fixed exponents: "
            "it has no such tests.",
            form=name,
        )
    if not found.coefficients:
        return words.say(
            "The form “{form}” cannot be tested: {rows} are too few to tell its coefficients "
            "apart.",
            form=name,
            rows=words.count("{n} row", "{n} rows", found.rows),
        )
    return words.say(
        "With its exponents fixed at their fitted values, the form “{form}” is a straight line in "
        "its coefficients. Regression on {rows} of {runs} tests that line; it says nothing of the "
        "exponents, and the law's own intervals come from resampling the runs.",
        form=name,
        rows=words.count("{n} row", "{n} rows", found.rows),
        runs=words.count("{n} run", "{n} runs", found.runs),
    )


def sentence(test: Test, found: Diagnostics, words: Words) -> str:
    """One test in a sentence."""
    if test.kind is Kind.SPREAD:
        return _spread(test, found, words)
    return _bend(test, found, words)


def _spread(test: Test, found: Diagnostics, words: Words) -> str:
    name = words.field(test.along)
    runs = words.count("{n} run", "{n} runs", found.runs)
    if test.p is None or test.power is None:
        return words.say(
            "{runs} are too few to ask whether the spread changes with {name}.",
            runs=runs,
            name=name,
        )
    values = {"name": name, "p": p_value(test.p)}
    if test.outcome is Outcome.FOUND:
        if test.rises:
            return words.say("The spread grows with {name}: p {p}.", **values)
        return words.say("The spread shrinks as {name} grows: p {p}.", **values)
    values |= {
        "factor": formats.plain(SPREAD_FACTOR),
        "power": formats.percent(test.power, words.language),
    }
    if test.outcome is Outcome.NOT_FOUND:
        return words.say(
            "No change of the spread with {name} was found (p {p}); one by a factor of "
            "{factor} from end to end would have been in {power} of cases.",
            **values,
        )
    return words.say(
        "Whether the spread changes with {name} cannot be told (p {p}): with {runs}, even a "
        "change by a factor of {factor} would be found in only {power} of cases.",
        runs=runs,
        **values,
    )


def _bend(test: Test, found: Diagnostics, words: Words) -> str:
    runs = words.count("{n} run", "{n} runs", found.runs)
    if test.p is None or test.power is None:
        return words.say("{runs} are too few to ask whether the form is bent wrongly.", runs=runs)
    p, power = p_value(test.p), formats.percent(test.power, words.language)
    if test.outcome is Outcome.FOUND:
        return words.say("The form is bent where the runs are not: p {p} (RESET).", p=p)
    if test.outcome is Outcome.NOT_FOUND:
        return words.say(
            "No wrong bend of the form was found (RESET, p {p}); one as large as the spread "
            "would have been in {power} of cases.",
            p=p,
            power=power,
        )
    return words.say(
        "Whether the form is bent wrongly cannot be told (RESET, p {p}): with {runs}, a bend as "
        "large as the spread would be found in only {power} of cases.",
        p=p,
        power=power,
        runs=runs,
    )


def leverage(found: Diagnostics, words: Words) -> str:
    """Whether one row decides the coefficients."""
    most = found.influence[0]
    values = {"cook": formats.plain(most.cook, 2), "limit": formats.plain(COOK_LIMIT)}
    if most.cook > COOK_LIMIT:
        return words.say(
            "A single row moves the coefficients by more than their own doubt: its Cook's distance "
            "is {cook} (limit {limit}).",
            **values,
        )
    return words.say(
        "No single row moves the coefficients by more than their own doubt: the largest Cook's "
        "distance is {cook} (limit {limit}).",
        **values,
    )


def condition(found: Diagnostics, words: Words) -> str:
    """Whether the coefficients can be told apart."""
    values = {
        "number": formats.plain(found.condition_number, 2),
        "limit": formats.plain(WELL_CONDITIONED),
    }
    if found.condition_number > WELL_CONDITIONED:
        return words.say(
            "The runs hardly tell the coefficients apart: the condition number is {number} (limit "
            "{limit}).",
            **values,
        )
    return words.say(
        "The runs tell the coefficients apart: the condition number is {number} (limit {limit}).",
        **values,
    )


def p_value(p: float) -> str:
    """With its sign: two digits, and no more zeros than matter."""
    return f"< {_LEAST_P:g}" if p < _LEAST_P else f"= {formats.plain(p, 2)}"
