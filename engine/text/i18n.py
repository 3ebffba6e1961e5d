"""Two languages from gettext catalogues: English message ids, Japanese and English ``.po`` files.

Catalogues are compiled in memory when first used, so none is out of date. ``say`` and ``count``
are what is extracted, and ``N_`` marks and ``InputError`` templates (the engine's refusals);
``python -m engine.text.catalogues`` brings the files up to date with the code.

>>> Words("en").count("{n} step", "{n} steps", 1)
'1 step'
"""

import gettext
import io
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from engine.errors import InputError
from engine.loss_unit import BERT_WORD_PIECES, LossUnit, Measure
from engine.roi.kinds import MetricKind
from engine.text import formats

_NAMED = 1e12
"""Below, a number has a name that everybody knows; FLOPs above have powers."""
LOCALE = Path(__file__).parent / "locale"
LANGUAGES = {"ja": "日本語", "en": "English"}


def N_(message: str) -> str:  # noqa: N802 - gettext's name for "extract, translate later"
    """Mark a message for extraction without translating it yet."""
    return message


FIELDS: Mapping[str, str] = {
    "compute_flops": N_("compute"),
    "data_budget": N_("the number of people"),
    "epsilon": N_("ε"),
    "delta": N_("δ"),
    "batch_size": N_("the batch size"),
    "model_size": N_("the model size"),
    "iterations": N_("the number of iterations"),
    "tokens": N_("the number of tokens"),
    "sequence_length": N_("the sequence length"),
    "noise_multiplier": N_("the noise multiplier"),
    "noise_batch_ratio": N_("the noise-batch ratio"),
    "correlated_noise": N_("what banded noise was measured on"),
    "price_per_hour_usd": N_("the price per hour"),
    "utilisation": N_("the utilisation"),
    "dp_overhead": N_("the DP overhead"),
    "jpy_per_usd": N_("the exchange rate"),
    "sampling": N_("the sampling"),
    "evidence": N_("the evidence"),
    "accelerator": N_("the accelerator"),
    "lang": N_("the language"),
    "with": N_("the scenarios to compare with"),
    "people": N_("people"),
    "person": N_("person"),
    "tasks_per_year": N_("tasks a year"),
    "adoption": N_("share of tasks done with the model"),
    "launch_months": N_("months until launch"),
    "ramp_months": N_("months from launch to full use"),
    "value_per_unit": N_("value of one saved minute"),
    "metric_today": N_("minutes saved a task without the model"),
    "metric_ceiling": N_("minutes saved a task by a perfect model"),
    "metric_half_loss": N_("loss at which half of that is saved"),
    "metric_width": N_("width of the step from loss to minutes"),
    "horizon_years": N_("years looked ahead"),
    "discount_rate": N_("discount rate"),
    "tax_rate": N_("tax rate"),
    "price_per_device_hour": N_("price of a device-hour"),
    "peak_flops": N_("peak of the device"),
    "search_multiplier": N_("compute of all runs over that of the final one"),
    "devices": N_("devices that train together"),
    "bytes_per_parameter": N_("bytes sent for a parameter"),
    "bytes_per_second": N_("bandwidth between devices"),
    "federated_links": N_("sites that train together"),
    "price_per_gigabyte": N_("price of a gigabyte sent"),
    "tokens_per_day": N_("tokens served a day"),
    "peak_to_average": N_("tokens in the busiest hours over the mean"),
    "serving_utilisation": N_("utilisation while serving"),
    "serving_devices": N_("serving devices that are always on"),
    "serving_peak_flops": N_("peak of a serving device"),
    "serving_price_per_hour": N_("price of a serving device's hour"),
    "pilot_cost": N_("cost of pilots"),
    "data_preparation_per_person": N_("data preparation for a person"),
    "team_size": N_("team until launch"),
    "team_months": N_("months of work until launch"),
    "cost_per_person_month": N_("cost of a person-month"),
    "operation_team_size": N_("team that operates it"),
    "incident_probability": N_("chance of a leak a year without privacy"),
    "incident_cost": N_("cost of a leak, however few it concerns"),
    "people_exposed": N_("share of the people whom a leak concerns"),
    "damages_per_person": N_("damages for a person whom a leak concerns"),
    "advantage_without_dp": N_("attacker's advantage without privacy"),
    "predicted_loss": N_("predicted loss"),
    "law_transfer": N_("loss on your own text, where the law is of another"),
    "curve_form": N_("form of the assumed step from loss to value"),
    "metric_curve": N_("measured step from loss to minutes"),
    "metric": N_("minutes saved a task"),
    "metric_kind": N_("the metric"),
    "currency": N_("the currency"),
    "figures": N_("the assumptions of the return"),
    "pairs": N_("the measured pairs"),
    "plane": N_("the axes of the map"),
    "shown": N_("what the map shows"),
    "slide": N_("the slide"),
    "tour": N_("the step of the tour"),
    "attack_advantage": N_("attacker's advantage under this plan"),
    "nats-per-token": N_("nats per token"),
    "bits-per-token": N_("bits per token"),
    "nats-per-byte": N_("nats per byte"),
    "bits-per-byte": N_("bits per byte"),
    "perplexity": N_("perplexity"),
}
"""Words that reach a sentence as the value of a placeholder: field names and units."""

METRIC_FIELDS: Mapping[MetricKind, Mapping[str, str]] = {
    MetricKind.TICKETS_RESOLVED: {
        "metric": N_("share of tickets resolved without a person"),
        "value_per_unit": N_("value of a ticket resolved without a person"),
        "metric_today": N_("share of tickets resolved without the model"),
        "metric_ceiling": N_("share of tickets a perfect model resolves"),
        "metric_half_loss": N_("loss at which half of that is resolved"),
        "metric_width": N_("width of the step from loss to tickets"),
        "metric_curve": N_("measured step from loss to tickets"),
    },
    MetricKind.ERROR_RATE: {
        "metric": N_("error rate"),
        "value_per_unit": N_("cost of one error"),
        "metric_today": N_("error rate without the model"),
        "metric_ceiling": N_("error rate of a perfect model"),
        "metric_half_loss": N_("loss halfway from nothing but errors to that"),
        "metric_width": N_("width of the step from loss to errors"),
        "metric_curve": N_("measured step from loss to errors"),
    },
    MetricKind.RESPONSE_TIME: {
        "metric": N_("response time"),
        "value_per_unit": N_("value of one second of response time"),
        "metric_today": N_("response time without the model"),
        "metric_ceiling": N_("response time of a perfect model"),
        "metric_half_loss": N_("loss at which the time is twice that"),
        "metric_width": N_("width of the step from loss to response time"),
        "metric_curve": N_("measured step from loss to response time"),
    },
}
"""Field names that differ with the user's metric."""


@lru_cache(maxsize=len(LANGUAGES))
def _catalogue(language: str) -> gettext.NullTranslations:
    path = LOCALE / language / "LC_MESSAGES" / "kessai.po"
    with path.open("rb") as source:
        messages = read_po(source, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, messages)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def from_browser(locale: str | None) -> str:
    """The page's language for a browser's locale; English unless it asks for Japanese.

    >>> from_browser("ja-JP"), from_browser("de-DE"), from_browser(None)
    ('ja', 'en', 'en')
    """
    return "ja" if (locale or "").lower().startswith("ja") else "en"


def currency_from_browser(locale: str | None) -> str:
    """The currency to begin in: dollars where the browser's locale is neither Japanese nor of
    Japan.

    >>> [currency_from_browser(at) for at in ("ja", "en-JP", "en-US", "de-DE", None)]
    ['JPY', 'JPY', 'USD', 'USD', 'JPY']
    """
    spoken, _, region = (locale or "ja").lower().replace("_", "-").partition("-")
    return "JPY" if spoken == "ja" or "jp" in region.split("-") else "USD"


@dataclass(frozen=True)
class Words:
    """The catalogue of one language; every sentence of the dashboard passes through one.

    ``metric``: what the return is measured by, which names some fields; ``jpy_per_usd``: show money
    in US dollars at this rate, None in yen; ``loss_unit``: of the losses that are predicted;
    ``curve_unit``: of the figures that lead from a loss to the metric.
    """

    language: str
    metric: MetricKind = MetricKind.MINUTES_SAVED
    jpy_per_usd: float | None = None
    loss_unit: LossUnit = BERT_WORD_PIECES
    curve_unit: Measure = Measure.NATS_PER_TOKEN

    def say(self, message: str, /, **values: object) -> str:
        """Translate ``message`` and fill its braces."""
        return _catalogue(self.language).gettext(message).format(**values)

    def joined(self, sentences: Iterable[str | None]) -> str:
        """Sentences in a row, as the language sets them; those that are not there are left out."""
        return ("" if self.language == "ja" else " ").join(filter(None, sentences))

    def listed(self, items: Iterable[str]) -> str:
        """Names in a row, with the language's comma between them."""
        return ("、" if self.language == "ja" else ", ").join(items)

    def field(self, name: str) -> str:
        """The name of a field as it stands in a sentence."""
        return self.say(METRIC_FIELDS.get(self.metric, {}).get(name) or FIELDS[name])

    def count(self, one: str, many: str, n: float, text: str | None = None) -> str:
        """The right plural for ``n``; ``{n}`` becomes ``text`` (or the number in words)."""
        template = _catalogue(self.language).ngettext(one, many, 1 if n == 1 else 2)
        return template.format(n=formats.amount(n, self.language) if text is None else text)

    def refusal(self, error: InputError) -> str:
        """The engine's sentence in the page's language, its field names and numbers too, as
        Markdown: what came from outside stands in it as it is, whatever a link or a file says,
        and files of this machine by their names alone."""
        return self._refusal(error, lambda value: formats.literally(formats.without_folders(value)))

    def plain_refusal(self, error: InputError) -> str:
        """The same sentence for a terminal, without the escapes of Markdown."""
        return self._refusal(error, str)

    def _refusal(self, error: InputError, foreign: Callable[[str], str]) -> str:
        template = _catalogue(self.language).gettext(error.template)
        values = {key: self._value(value, foreign) for key, value in error.values.items()}
        return template.format(**values)

    def _value(self, value: object, foreign: Callable[[str], str]) -> object:
        if isinstance(value, InputError):
            return self._refusal(value, foreign)
        if isinstance(value, float):
            value = f"{value:g}"
        if not isinstance(value, str):
            return value
        if re.fullmatch(r"\d+(\.\d+)?e[+-]\d+", value):
            named = 1 <= float(value) < _NAMED
            return (
                formats.amount(float(value), self.language)
                if named
                else formats.scientific(float(value))
            )
        if re.fullmatch(r"\d{4,}", value):
            return formats.exact(int(value))
        word = value.strip()
        if word not in FIELDS:
            return foreign(value)
        gap = " " if value.startswith(" ") and self.language == "en" else ""
        return gap + self.field(word)
