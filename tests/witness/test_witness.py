"""One figure, one value: every surface says the same answer, and a difference of 1 % is noticed."""

import json
import re
from pathlib import Path

import pytest

from dashboard.answers import decision_cache
from dashboard.answers.certificates import Certificates
from dashboard.present.exports import EXPORTS
from dashboard.state import link
from engine.__main__ import main
from engine.decision.answer import Answer
from engine.roi import assumption_files
from engine.scenarios import fields
from engine.text import quantities
from engine.text.i18n import Words
from tests.witness import surfaces
from tests.witness.readings import SEPARATOR, Reading, readings
from tests.witness.scenarios import CASES, Case

LEAST = 25
"""Registered quantities that the surfaces of a scenario show together, at the least."""
REQUIRED = {
    "page decide": {
        "model_size",
        "loss_and_range",
        "training_list_price",
        "probability",
        "npv",
        "npv_range",
        "payback",
        "odds_found",
        "odds_guessed",
        "cash_to_approve",
        "running_cost",
    },
    "page roi": {"npv", "probability", "total_cost", "odds_found", "training_mean"},
    "page compare": {"training_list_price", "total_cost", "npv", "probability"},
    "page present": {"data_budget", "epsilon"},
    "slide summary": {"npv", "odds_found"},
    "slide decision": {"model_size", "training_list_price"},
    "slide privacy": {"odds_found", "odds_guessed"},
    "slide figures": {"npv", "total_cost", "saturation_compute_flops"},
    "slide amounts": {"training_list_price", "training_mean", "spending"},
    "kessai.pptx": {"npv", "odds_found", "probability"},
    "kessai.pdf": {"npv", "odds_found", "probability"},
    "kessai-record.pdf": {"probability", "training_list_price"},
    "kessai.html": {"npv", "odds_found", "probability"},
    "kessai.xlsx": {"npv", "total_cost"},
    "kessai-csv.zip": {"npv", "total_cost"},
}
"""Surface → quantities that must be found there: a sentence that went is noticed too."""


_NEAR = 500
"""Characters on either side, more than the longest sentence with a figure."""
WITH_SOURCES = {"page roi", "slide assumptions", *(f"kessai{export.suffix}" for export in EXPORTS)}
"""Surfaces that quote sources, some of which are in yen."""


class Never(Certificates):
    """A desk whose certificates do not come."""

    def known(self, request):
        return None


@pytest.fixture
def texts(request, monkeypatch):
    """Scenario, answer, words, and the flat text of every surface."""
    case: Case = request.param
    decision_cache.certificates.clear()
    values, refused = link.read_all(case.query)
    assert not refused
    question = fields.question(values)
    if case.certified:
        desk, promise = decision_cache.certificates(), decision_cache.request(question)
        desk.ask(promise)
        desk.wait(120, promise)
    else:
        monkeypatch.setattr(decision_cache, "Certificates", Never)
    answer = decision_cache.answer(question)
    assert answer.provisional is not case.certified
    words = quantities.words_of(question, case.language)
    made = surfaces.deck(answer, words)
    found = {f"page {name}": surfaces.page(name, case.query) for name in surfaces.PAGES}
    found |= surfaces.slides(made)
    found |= surfaces.exports(made)
    yield case, answer, words, found
    decision_cache.certificates.clear()


every_scenario = pytest.mark.parametrize(
    "texts", CASES, indirect=True, ids=[case.name for case in CASES]
)


def disagreements(text: str, answer: Answer, words: Words) -> list[Reading]:
    return [reading for reading in readings(text, answer, words) if not reading.agrees]


@every_scenario
def test_all_surfaces_say_the_same_answer(texts, capsys, tmp_path):
    case, answer, words, found = texts
    seen: dict[str, set[str]] = {}
    for surface, text in found.items():
        read = list(readings(text, answer, words))
        wrong = [reading for reading in read if not reading.agrees]
        assert not wrong, f"{surface}: " + "; ".join(
            f"{each.key} shown as {each.shown}, not {each.expected}: …"
            f"{text[max(0, each.start - 60) : each.end + 20]}…"
            for each in wrong[:5]
        )
        seen[surface] = {reading.key for reading in read}
    for surface, keys in REQUIRED.items():
        if found[surface]:
            lacking = keys - seen[surface] - _without(answer)
            assert not lacking, f"{surface} does not show {sorted(lacking)}"
    shown = set.union(*seen.values()) & quantities.QUANTITIES.keys()
    assert len(shown) >= LEAST, sorted(shown)
    provisional = words.say("Provisional · {line}", line="").strip(" ·")
    for surface in ("page decide", "page roi", "kessai.pdf", "kessai.html"):
        assert (provisional in found[surface]) is answer.provisional or not found[surface], surface
    assert provisional in found["page compare"], "the example beside it has no certificate yet"
    for surface, text in found.items():
        if words.jpy_per_usd and surface not in WITH_SOURCES:
            assert not re.search(r"[¥￥]\d|\d[万億]?円", text), f"{surface} shows yen"
    if case.certified:
        _command_line_agrees(case, answer, capsys, tmp_path)
    if case in CASES[:2]:
        _a_move_of_one_percent_is_noticed(found, answer, words)


def _without(answer: Answer) -> set[str]:
    """What this answer does not have, or says otherwise."""
    if answer.study is None:
        return {"npv", "npv_range", "probability", "payback"}
    worth = answer.study.appraisal
    lost = {"npv"} if worth.npv.value < 0 else set()
    return lost | ({"payback"} if worth.never_pays_back > 0.5 else set())


def _command_line_agrees(case: Case, answer: Answer, capsys, folder: Path) -> None:
    """``recommend --json`` holds the very numbers that the surfaces round."""
    query = {"compute": "3.8e20", "data": "1e7", "epsilon": "4", **case.query}
    options = [
        item
        for key, name in (
            ("compute", "--compute"), ("data", "--data"), ("epsilon", "--epsilon"),
            ("evidence", "--evidence"), ("sampling", "--sampling"), ("metric", "--metric"),
            ("currency", "--currency"), ("lang", "--language"),
        )
        if key in query
        for item in (name, query[key])
    ]  # fmt: skip
    if "figures" in case.query:
        table = folder / "assumptions.toml"
        table.write_text(assumption_files.to_toml(answer.question.assumptions))
        options += ["--assumptions", str(table)]
    assert main(["recommend", *options, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    rate = answer.question.jpy_per_usd or 1.0
    money = {
        "total_cost": said["return"]["total_cost"]["value"],
        "legal_avoided": said["return"]["legal_avoided"]["value"],
        **said["return"]["reconciliation"],
    }
    if answer.study is None:
        assert said["return"]["npv"] is None and said["return"]["reason"]
    else:
        money |= {
            "npv": said["return"]["npv"]["value"],
            "value": said["return"]["value"],
            "pilot_price": said["return"]["pilot"]["price"],
        }
    plain = {
        "model_size": said["config"]["model_size"],
        "batch_size": said["config"]["batch_size"],
        "iterations": said["config"]["iterations"],
        "sequence_length": said["config"]["sequence_length"],
        "noise_multiplier": said["config"]["noise_multiplier"],
        "noise_batch_ratio": said["config"]["noise_batch_ratio"],
        "cross_entropy": said["cross_entropy"]["value"],
        "loss_unit": said["cross_entropy"]["unit"],
        "epsilon_certified": said["epsilon_certified"],
        "delta": said["delta"],
        "device_hours": said["cost"]["device_hours"],
        "saturation_compute_flops": said["saturation_compute_flops"],
        "probability": said["return"]["probability"],
        "odds_found": said["attack"]["found_in_1000"],
        "odds_guessed": said["attack"]["guessed_in_1000"],
        "advantage": said["attack"]["advantage"],
        "binds": said["binds"],
        "verdict": said["verdict"]["code"],
        "support": said["reach"]["word"],
        "evidence_runs": said["evidence"]["runs"],
        "evidence_hash": said["evidence"]["hash"],
    }
    for key, shown in plain.items():
        _same(key, shown, quantities.value(key, answer))
    for key, shown in money.items():
        _same(key, shown * rate, quantities.value(key, answer))
    for key in ("compute", "data", "epsilon"):
        _same(key, max(0.0, said["doubling"][key]["value"]), answer.binding.gains[key])


def _same(key: str, shown: object, value: object) -> None:
    if isinstance(value, str) or value is None:
        assert shown == value, key
    else:
        assert shown == pytest.approx(value, rel=1e-9), key


def _a_move_of_one_percent_is_noticed(found: dict[str, str], answer: Answer, words: Words) -> None:
    """On any one surface, whichever figure it is."""
    tried = set()
    for surface, text in found.items():
        for reading in list(readings(text, answer, words)):
            place = text.index(reading.expected, reading.start)
            number = re.search(r"\d[\d,]*(?:\.\d+)?", reading.expected)
            if number is None or reading.key == "evidence_hash" or (surface, reading.key) in tried:
                continue
            start = place + number.start()
            moved = _moved(number[0])
            around = _around(text, start, answer, words)
            start -= around.start
            spoilt = text[around][:start] + moved + text[around][start + len(number[0]) :]
            assert disagreements(spoilt, answer, words), (surface, reading.key, number[0], moved)
            tried.add((surface, reading.key))
    assert len(tried) > 100 and len({key for _, key in tried}) >= LEAST


def _around(text: str, place: int, answer: Answer, words: Words) -> slice:
    """The part of a surface to read again: what is near, if it reads well by itself."""
    near = slice(max(0, place - _NEAR), place + _NEAR)
    whole = (SEPARATOR in text) is not (SEPARATOR in text[near])
    return slice(0, len(text)) if whole or disagreements(text[near], answer, words) else near


def _moved(number: str) -> str:
    """The number 1 % higher at the digits that it shows, and at the least by its last digit."""
    digits = len(number.partition(".")[2])
    value = float(number.replace(",", ""))
    higher = round(value * 1.01, digits)
    if higher == value:
        higher = value + 10**-digits
    return f"{higher:,.{digits}f}" if "," in number else f"{higher:.{digits}f}"
