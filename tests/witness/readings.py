"""What a surface says of the quantities of an answer, read from its text as a person would.

A reading is found by the words around it: a sentence of the catalogue with its placeholders, or the
name of a quantity with a figure behind it. So a surface that derives a figure of its own is caught
however it came by it. All texts are compared without spaces, which documents break as they like.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from engine.decision import findings
from engine.decision.answer import Answer
from engine.loss_unit import Measure
from engine.text import bounds, figures, formats, labels, quantities
from engine.text.i18n import Words
from tests.present import present


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A figure that a surface shows: which quantity it is, what is shown, what should be, and where
    in the flat text it stands."""

    key: str
    shown: str
    expected: str
    start: int
    end: int

    loose: bool = False
    """Whether other text may run into it: it begins or ends its sentence, or stands in a document
    whose columns are read line by line."""
    bare: bool = False
    """Whether it stands in a document without fields, where a page's number may run into it."""

    @property
    def agrees(self) -> bool:
        """Whether the surface says what the answer says."""
        shown = self.shown.lstrip("+−-") if self.key in _SIGNED else self.shown
        if not self.loose:
            return shown == self.expected
        # Other text may stand around it, but no digit that would make it another figure.
        begins = r"(?<![\d,.])" if self.expected[0].isdigit() and not self.bare else ""
        return re.search(f"{begins}{re.escape(self.expected)}(?!\\d|[,.]\\d)", shown) is not None


SEPARATOR = "\x1f"
"""Between two fields of a surface that has fields: cells, metrics, paragraphs."""
_SIGNED = ("training_mean", "expected_damage")
"""Costs that a waterfall and a sum show with their sign."""


def flat(text: str) -> str:
    """Without spaces, Markdown and raised digits, which a PDF sets as small ones; fields stay
    apart."""
    raised = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789−")
    return re.sub(
        r"[^\S\x1f]|[\x00\\*]|:(?:gray|green|material)\[?[/a-z_]*:?\]?", "", text
    ).translate(raised)


_SENTENCES: tuple[tuple[str, Mapping[str, str]], ...] = (
    (
        "Train a model of {model} parameters, {steps} on batches of {people}. "
        "Expect a loss of {loss} for {money}.",
        {"model": "model_size", "steps": "steps", "people": "batch_people",
         "loss": "loss_and_range", "money": "training_list_price"},
    ),
    (
        "The best plan within these budgets: a model of {model} parameters, {steps} on "
        "batches of {people}. It would reach a loss of {loss} for {money}.",
        {"model": "model_size", "steps": "steps", "people": "batch_people",
         "loss": "loss_and_range", "money": "training_list_price"},
    ),
    (
        "Pays back in {payback}; it pays with {chance} probability.",
        {"payback": "payback", "chance": "probability"},
    ),
    (
        "It does not pay back within {years} years in most cases; "
        "it pays with {chance} probability.",
        {"chance": "probability"},
    ),
    (
        "Over {years} years it is worth {npv} more than doing nothing.",
        {"npv": "npv_and_range"},
    ),
    (
        "It pays with {chance} probability; with {level} probability it is worth {inside}.",
        {"chance": "probability", "inside": "npv_range"},
    ),
    (
        "{verdict}: {why} It pays with {chance} probability.",
        {"chance": "probability"},
    ),
    (
        "We ask you to approve the training: {money} for the final run, {total} in all over "
        "{years} years.",
        {"money": "training_list_price", "total": "spending"},
    ),
    (
        "We ask you to approve a pilot of {price} now, and to decide on the training when "
        "its result is there.",
        {"price": "pilot_price"},
    ),
    (
        "We do not ask for approval: on these figures doing nothing is worth {npv} more.",
        {"npv": "npv_lost"},
    ),
    (
        "Over {years} years doing nothing is worth {npv} more.",
        {"npv": "npv_lost_and_range"},
    ),
    (
        "Of {people} people, the best attacker guesses a secret right for {found} instead of "
        "{guessed}.",
        {"found": "odds_found", "guessed": "odds_guessed"},
    ),
    (
        "{verdict}: it pays with {chance} probability and is worth {npv} more than doing nothing.",
        {"chance": "probability", "npv": "npv"},
    ),
    (
        "{verdict}, for {price}: the training would pay with {chance} probability.",
        {"price": "pilot_price", "chance": "probability"},
    ),
    (
        "{verdict}: it would pay with {chance} probability, and doing nothing is worth {npv} more.",
        {"chance": "probability", "npv": "npv_lost"},
    ),
    ("{inside} · pays with {chance}", {"inside": "npv_range", "chance": "probability"}),
    (
        "training and launch would take {cash}, running it {running} over {years} years",
        {"cash": "cash_to_approve", "running": "running_cost"},
    ),
    (
        "Approve {money} until launch, of which {training} for the training itself; running it "
        "takes {running} over {years} years.",
        {"money": "cash_to_approve", "training": "training_list_price", "running": "running_cost"},
    ),
    ("{found} in 1,000", {"found": "odds_found"}),
    ("instead of {guessed} without the model", {"guessed": "odds_guessed"}),
    (
        "Shall we train a language model on the data of {people}, with its privacy loss bounded by "
        "ε = {epsilon}?",
        {"people": "data_budget", "epsilon": "epsilon"},
    ),
    (
        "Training a language model on the data of {people}, with its privacy loss bounded by "
        "ε = {epsilon}",
        {"people": "data_budget", "epsilon": "epsilon"},
    ),
    (
        "Certified: ε ≤ {epsilon} (δ = {delta}) for each {unit}, "
        "with noise multiplier σ = {noise}.",
        {"epsilon": "epsilon_certified", "delta": "delta", "noise": "noise_multiplier"},
    ),
    (
        "Noise in every training step holds the privacy loss to ε ≤ {epsilon} (δ = {delta}), "
        "certified.",
        {"epsilon": "epsilon_certified", "delta": "delta"},
    ),
    (
        "The loss is a forecast: with {level} probability such a run ends between {low} and "
        "{high}.",
        {"low": "loss_low", "high": "loss_high"},
    ),
    (
        "Of {value} of value, {npv} is left when everything has been paid.",
        {"value": "value", "npv": "npv"},
    ),
    ("The costs exceed a value of {value} by {npv}.", {"value": "value", "npv": "npv_lost"}),
    ("Twice the compute would lower the loss by {gain} only.", {"gain": "doubling_compute"}),
    ("{price} for the pilot", {"price": "pilot_price"}),
    (
        "{inside} {loss_unit} · perplexity {perplexity}",
        {"inside": "cross_entropy_range", "perplexity": "perplexity"},
    ),
    (
        "{inside} {loss_unit} · {bits} bits per byte",
        {"inside": "cross_entropy_range", "bits": "bits_per_byte"},
    ),
    (
        "Over {years} years {spending} would be spent; what it is worth is not known.",
        {"spending": "spending"},
    ),
    (
        "In short: one training for {cost}, and a model that is as unsure of the next byte as "
        "between {perplexity} equally likely ones.",
        {"cost": "training_list_price", "perplexity": "perplexity"},
    ),
    (
        "In short: one training for {cost}, and a model that is as unsure of the next token as "
        "between {perplexity} equally likely ones.",
        {"cost": "training_list_price", "perplexity": "perplexity"},
    ),
    (
        "With ε = {epsilon}, one of {model} parameters for about {money}; its expected loss is "
        "{loss}, "
        "a perplexity of {perplexity}.",
        {"epsilon": "epsilon", "model": "model_size", "money": "training_list_price",
         "loss": "cross_entropy", "perplexity": "perplexity"},
    ),
)  # fmt: skip
"""A message of the catalogue, and the quantity of each placeholder that is one."""

_LABELS = (
    "cross_entropy", "training_list_price", "training_mean", "npv",
    "probability", "payback", "total_cost", "spending", "expected_damage",
    "cash_to_approve", "running_cost",
    "saturation_compute_flops", "epsilon_certified", "noise_multiplier", "delta", "rule_factor",
    "noise_batch_ratio", "sequence_length", "doubling_compute", "doubling_data",
    "doubling_epsilon", "device_hours", "odds_found", "odds_guessed", "pilot_price",
    "evidence_runs", "evidence_hash", "compute_flops", "epsilon", "npv_range",
    "total_cost_range", "cross_entropy_range",
)  # fmt: skip
"""Quantities that stand behind their name in a table."""
_VALUE = re.compile(
    r"(?:根拠となる実測の範囲では)?(?:under|over|atleast|atmost|少なくとも|多くても|[≥≤])?[+−-]?[¥$]?(?:[0-9a-f]{12}|\d[\d,]*(?:\.\d+)?(?:×10−?\d+)?)(?:[万億兆MBT%×倍]|円|ドル|か月|ヶ月|回)*"
)


def expected(key: str, answer: Answer, words: Words) -> str:
    """What should be shown for a quantity, or for a form of one."""
    best = answer.decision.recommendation
    match key:
        case "steps":
            return labels.steps(best.config.iterations, words)
        case "batch_people":
            return labels.people(best.config.batch_size, words)
        case "loss_low":
            return formats.loss(best.cross_entropy.low)
        case "loss_high":
            return formats.loss(best.cross_entropy.high)
        case "loss_and_range":
            return _bracketed("cross_entropy", "cross_entropy_range", answer, words)
        case "npv_and_range":
            return _bracketed("npv", "npv_range", answer, words)
        case "bits_per_byte":
            return formats.loss(best.cross_entropy.value / math.log(2))
        case "npv_lost":
            return figures.money(-present(answer.study).appraisal.npv.value, words)
        case "npv_lost_and_range":
            worth = present(answer.study).appraisal
            lost = figures.money(-worth.npv.value, words)
            inside = figures.money_range(-worth.npv.high, -worth.npv.low, words)
            return formats.bracketed(lost, inside, words.language)
    return quantities.text(key, answer, words)


def _short(key: str, answer: Answer, words: Words) -> str | None:
    """A bound where the words that qualify it stand in the field after it."""
    match key:
        case "saturation_compute_flops":
            return bounds.short_saturation(answer.decision.saturation)
        case "rule_factor":
            rule = findings.stronger_rule(answer.decision)
            return bounds.short_factor(rule, words) or words.say("unknown")
        case "payback" if answer.study is not None:
            return figures.months(answer.study.appraisal.payback_months.value, words)
    return None


def _bracketed(value: str, inside: str, answer: Answer, words: Words) -> str:
    shown = quantities.text(value, answer, words), quantities.text(inside, answer, words)
    return formats.bracketed(*shown, words.language)


_FIELDS = (
    "{found} in 1,000",
    "instead of {guessed} without the model",
    "{price} for the pilot",
    "{inside} {loss_unit} · perplexity {perplexity}",
    "{inside} {loss_unit} · {bits} bits per byte",
)
"""Messages that fill a field of their own."""
_LONGEST = {"why": 200}
"""Placeholders that take a sentence; all others take a figure."""


@lru_cache(maxsize=512)
def _pattern(message: str, language: str, fields: bool) -> re.Pattern[str]:
    """The translated message over flat text with or without fields, each placeholder a group."""
    names = re.findall(r"{(\w+)}", message)
    said = flat(Words(language).say(message, **{name: f"\x01{name}\x02" for name in names}))
    parts = re.split(r"\x01(\w+)\x02", said)
    last = len(parts) - 2
    pieces = []
    for place, part in enumerate(parts):
        if place % 2 == 0:
            # The full stop of a sentence is no decimal point; without fields a numbered heading may
            # follow it.
            stop = r"\.(?!\d)" if fields else r"\.(?!\d(?!\.\D))"
            pieces.append(re.escape(part).replace(r"\.", stop))
        elif part == "loss_unit":
            units = (flat(Words(language).field(measure)) for measure in Measure)
            pieces.append(f"(?:{'|'.join(map(re.escape, units))})")
        else:
            lazy = "" if place == last and not parts[-1] else "?"
            figure = r"(?=[\d¥$−])" if message in _FIELDS else ""
            pieces.append(f"{figure}(?P<{part}>[^{SEPARATOR}]{{1,{_LONGEST.get(part, 60)}}}{lazy})")
    whole = "".join(pieces)
    if message in _FIELDS:
        whole = f"(?<={SEPARATOR}){whole}(?={SEPARATOR})"
    return re.compile(whole)


def readings(text: str, answer: Answer, words: Words) -> Iterator[Reading]:
    """Every figure in a surface's flat text that the words around it name."""
    fields = SEPARATOR in text
    for message, keys in _SENTENCES:
        pattern = _pattern(message, words.language, fields)
        for found in pattern.finditer(text):
            for name, key in keys.items():
                should = flat(expected(key, answer, words))
                # In a document a sentence may run into the number of the next heading.
                whole = not fields and text.startswith(should, found.start(name))
                yield Reading(
                    key=key,
                    shown=should if whole else found[name],
                    expected=should,
                    start=found.start(name),
                    end=found.end(name),
                    bare=not fields,
                    loose=not fields
                    or found.start(name) == found.start()
                    or found.end(name) == found.end(),
                )
    if fields:
        yield from _named(text, answer, words)


def _is_money(shown: str) -> bool:
    return any(mark in shown for mark in ("円", "ドル", "¥", "$"))


def _named(text: str, answer: Answer, words: Words) -> Iterator[Reading]:
    """Figures, or words in place of one, that stand in the field behind their name."""
    said = {flat(words.say(message)) for message in ("never", "none", "None", "unknown")} | {"—"}
    for key in _LABELS:
        name, whole = flat(quantities.label(key, words)), flat(expected(key, answer, words))
        short = flat(_short(key, answer, words) or whole)
        for found in re.finditer(
            f"(?<={SEPARATOR}){re.escape(name)}(?:{SEPARATOR}|[:：])(?P<shown>[^{SEPARATOR}]+)",
            text,
        ):
            if _VALUE.match(found["shown"]) is None and found["shown"] not in (*said, whole):
                continue  # A heading and its neighbour.
            if _is_money(found["shown"]) and not _is_money(whole):
                continue  # What the return moves by with this figure, among the largest unknowns.
            should = whole if whole in found["shown"] else short
            yield Reading(
                key=key,
                shown=found["shown"],
                expected=should,
                start=found.start("shown"),
                end=found.end("shown"),
                loose=True,
            )
