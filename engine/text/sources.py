"""Where the default figures come from, and what others deployed, in the page's language.

The engine's table names its sources in English; what we say about them is translated here as whole
sentences, while titles of publications stay as they are. What a person has typed stays theirs, but
for a first word that is one of ours.
"""

import re
from collections import Counter
from functools import cache

from engine.roi.assumptions import Assumption, Assumptions
from engine.roi.defaults import DEFAULT_ASSUMPTIONS, with_metric
from engine.roi.kinds import MetricKind
from engine.text import formats
from engine.text.i18n import N_, Words

_AMOUNT = re.compile(
    r"(?P<number>\d[\d.,]*(?:(?: to |–)\d[\d.,]*)?(?: million)?) (?P<code>JPY|USD)\b"
)
"""An amount as the table's file has it."""
_WHOLE = frozenset(
    (
        N_(
            "Monthly Labour Survey 2023 (MHLW): 329,859 JPY over 136.3 hours a month, about 40 JPY "
            "a minute; range: assumption"
        ),
        N_(
            "Monthly Labour Survey 2023 (MHLW): 329,859 JPY over 136.3 hours a month, about 40 JPY "
            "a minute, 0.67 a second; range: assumption"
        ),
        N_("definition: minutes saved a task without the model"),
        N_("definition: none resolved without a person today"),
        N_("definition: one device, nothing to exchange"),
        N_("definition: a gradient in 32-bit floating point"),
        N_("definition: all data at one site"),
        N_("assumption: measure what it is today"),
        N_("assumption: replace by measured pairs of loss and metric"),
        N_(
            "assumption; in scale with the 14 % more issues an hour that support agents resolved "
            "with an assistant (Brynjolfsson, Li and Raymond, NBER 31161)"
        ),
        N_("assumption; the Ito Review (METI, 2014) asks for a return on equity of 8 %"),
        N_("assumption; high: PaLM's 46.2 % (Chowdhery et al., arXiv 2204.02311)"),
        N_(
            "assumption; batched prefill reaches 76 %, decoding far less (Pope et al., arXiv "
            "2211.05102)"
        ),
        N_(
            "assumption, not confirmed: balanced accuracy of a membership attack of 82.6 %, low "
            "65.6 %, in scale with Carlini et al., arXiv 2112.03570; advantage = 2 · accuracy − 1; "
            "high: no guarantee"
        ),
        N_(
            "option, off; standard effective rate in Tokyo: 30.62 % (DLA Piper, Going Global: Tax, "
            "Japan)"
        ),
        N_("measured by us: Opacus hooks over plain AdamW, 1.31 to 1.77"),
        N_("NVIDIA ConnectX-7 user manual: NDR 400 Gb/s"),
        N_("AWS price list: about 0.09 USD out to the internet; range: assumption"),
        N_(
            "in scale with the 29.55 million JPY that leaks of personal data through websites cost "
            "on average, however few they concern (JNSA, survey of attacked organisations, October "
            "2023); high: the fine of APPI article 184 (100 million JPY); under GDPR article 83(5) "
            "it may reach 20 million EUR, or 4 % of turnover if that is more"
        ),
        N_(
            "assumption; in scale with the 1 % of its training text that a large model repeats "
            "(Carlini et al., arXiv 2202.07646)"
        ),
        N_(
            "Tokyo District Court, 2018-12-27: 3,300 JPY a person for the leak at Benesse; low: "
            "the 500 JPY that it sent to each; high: 29,768 JPY, the mean that JNSA estimates for "
            "incidents of 2018"
        ),
        N_(
            "assumption; in scale with 0.8 to 1.6 million JPY a month that IT companies in Japan "
            "ask for an engineer (Trinitas), and 144,570 USD a year that software developers earn "
            "in the US (BLS, OEWS, May 2024)"
        ),
        N_("assumption; all tokens in 8 hours of 5 days a week: 24/8 · 7/5 = 4.2"),
        N_(
            "price list of RunPod, workers that are always on: an L4 with 24 GB for 0.00013 USD a "
            "second; high: a T4 or A4000 at RunComfy"
        ),
        N_("assumption; half of the 242 TFLOP/s with sparsity of the NVIDIA L4 datasheet (bf16)"),
        N_("assumption: one more than one, so that a failure does not stop the work"),
        N_(
            "peak: NVIDIA H200 datasheet (dense bf16); price: middle of specialty clouds' "
            "on-demand range, mercatus-ai.com/blog/cloud-gpu-pricing (3.50–4.50 USD)"
        ),
        N_(
            "peak: NVIDIA H100 SXM datasheet (dense bf16); price: middle of specialty clouds' "
            "on-demand range, mercatus-ai.com/blog/cloud-gpu-pricing (2.50–3.50 USD)"
        ),
        N_(
            "peak: NVIDIA A100 datasheet (dense bf16); price: middle of specialty clouds' "
            "on-demand range, mercatus-ai.com/blog/cloud-gpu-pricing (1.10–1.50 USD)"
        ),
        N_("the scenario"),
        # what others have deployed (data/published/deployments.csv)
        N_("VaultGemma 1B, language model trained from scratch"),
        N_("Gboard next-word models, the strictest of more than 30"),
        N_("Gboard next-word models, the least strict of more than 30"),
        N_("Audience Engagements API, per month and analyst"),
        N_("Emoji suggestions"),
        N_("QuickType suggestions"),
        N_("Health type usage"),
    )
)
_MARKS = {
    "assumption": N_("assumption"),
    "definition": N_("definition"),
    "option": N_("option"),
}


def source(text: str, words: Words) -> str:
    """A default source in the page's language, amounts as everywhere on a page; of another, its
    first word where that is ours.

    >>> source("AWS price list: about 0.09 USD out to the internet; range: assumption", Words("en"))
    'AWS price list: about $0.09 out to the internet; range: assumption'
    """
    if text in _WHOLE:
        said = words.say(text)
        return said if words.language == "ja" else _AMOUNT.sub(_with_sign, said)
    for mark, shown in _MARKS.items():
        if text.startswith(mark):
            return words.say(shown) + text.removeprefix(mark)
    return text


def _with_sign(amount: re.Match[str]) -> str:
    return {"JPY": "¥", "USD": "$"}[amount["code"]] + amount["number"]


def behind_money(table: Assumptions, words: Words) -> str:
    """How many of the figures that money rests on have a source, and how many are assumed."""
    kinds = Counter("" if _is_own(row) else _mark(row.source) for row in table.rows)
    return words.say(
        "Money and legal risk rest on {all} figures: {sourced} published, measured or your own, "
        "{assumed} assumed, {defined} by definition or switched off. ROI lists each with its "
        "source and range.",
        all=formats.exact(len(table.rows)),
        sourced=formats.exact(kinds[""]),
        assumed=formats.exact(kinds["assumption"]),
        defined=formats.exact(kinds["definition"] + kinds["option"]),
    )


def _mark(text: str) -> str:
    """Which of our first words a source begins with; "" for one that names where it is from."""
    return next((mark for mark in _MARKS if text.startswith(mark)), "")


def _is_own(row: Assumption) -> bool:
    """Whether somebody changed the figure and left the default's source beside it."""
    defaults = [default for default in _defaults()[row.name] if default.source == row.source]
    figures = {(default.value, default.low, default.high) for default in defaults}
    return bool(figures) and (row.value, row.low, row.high) not in figures


@cache
def _defaults() -> dict[str, tuple[Assumption, ...]]:
    """Each figure as Kessai comes with it, for every metric."""
    tables = [with_metric(DEFAULT_ASSUMPTIONS, kind) for kind in MetricKind]
    return {
        row.name: tuple(table[row.name] for table in tables) for row in DEFAULT_ASSUMPTIONS.rows
    }
