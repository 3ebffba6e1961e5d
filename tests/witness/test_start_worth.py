"""The worth of a public start is one figure on the page, in the deck and on the command line."""

import json
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.present import deck as decks
from dashboard.state import link
from dashboard.state.scenario import Scenario
from dashboard.tour import steps
from dashboard.ui.colours import LIGHT
from engine.__main__ import main
from engine.decision.answer import answer
from engine.decision.fitted import fitted_evidence
from engine.decision.start_worth import start_findings, start_worth
from engine.roi.assumption_files import to_toml
from engine.roi.defaults import DEFAULT_ASSUMPTIONS
from engine.scenarios import fields, figures
from engine.text import public_start, quantities, start_advice
from engine.text.figures import chance, money
from engine.text.i18n import LANGUAGES, Words
from tests.decision.test_start_worth import by_the_byte
from tests.witness import surfaces


def _draw():
    from dashboard.roi import public_start
    from dashboard.state import address, session

    address.follow_url()
    now = session.current()
    public_start.draw(now.question, now.words)


def test_page_deck_record_tour_and_command_line_agree(tmp_path, capsys):
    table = by_the_byte(5_000, 4.0).assumptions
    query = {
        "compute": "1e20", "data": "5000", "epsilon": "4", "lang": "en",
        "figures": figures.written(table, DEFAULT_ASSUMPTIONS) or "",
    }  # fmt: skip
    values, refused = link.read_all(query)
    asked = fields.question(values)
    assert not refused and asked.assumptions == table
    found, words = start_worth(asked), quantities.words_of(asked, "en")
    assert found is not None
    sentence = public_start.in_money(found, words)
    shown = [
        money(found.start.npv.value, words),
        money(found.nothing.npv.value, words),
        chance(found.start.probability, words),
    ]
    assert all(figure in sentence for figure in shown)

    page = AppTest.from_function(_draw, default_timeout=120)
    for key, value in query.items():
        page.query_params[key] = value
    page.run()
    assert not page.exception and sentence in page.markdown[0].value
    assert all(figure in page.table[0].value.to_csv() for figure in shown)

    here = answer(asked, fitted_evidence(asked.evidence_id))
    known = start_findings(asked)
    assert known.worth == found and known.refusal is None
    material = decks.Material(answer=here, basis=surfaces.BASIS, start=known)
    made = decks.deck(material, words, LIGHT)
    (slide,) = [slide for slide in made.slides if slide.key == "start"]
    assert slide.title == sentence
    assert slide.table is not None
    cells = [str(cell) for row in slide.table.rows for cell in row]
    assert all(any(figure in cell for cell in cells) for figure in shown)
    recorded = " ".join(s for section in made.form.sections for s in section.sentences)
    assert sentence in recorded and public_start.not_covered(words) in recorded
    without = surfaces.deck(here, words)
    assert "start" not in [slide.key for slide in without.slides]

    now = Scenario(question=asked, language="en")
    said = steps.answers(steps.STEPS[2], steps.Answers(now=now, answer=here, start=known), words)
    assert sentence in said

    file = tmp_path / "table.toml"
    file.write_text(to_toml(table))
    options = ["recommend", "--compute", "1e20", "--data", "5000", "--epsilon", "4"]
    assert main([*options, "--assumptions", str(file), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)["public_start"]
    assert document["better"] and document["sentence"] == sentence
    assert document["from_start"]["npv"]["value"] == found.start.npv.value
    assert document["from_nothing"]["probability"] == found.nothing.probability
    assert document["difference"]["low"] == found.difference.low
    assert document["reach"] == str(found.reach)


@pytest.mark.parametrize("language", sorted(LANGUAGES))
@pytest.mark.parametrize(
    ("people", "epsilon", "recommended"),
    [
        ("2e4", "1", "a public model, all of it trained,"),
        ("1e7", "4", "from nothing"),
        ("2e5", "4", None),
    ],
)
def test_without_a_worth_in_money_deck_record_and_tour_say_which_start_and_why(
    people, epsilon, recommended, language
):
    asked = fields.question(link.read_all({"data": people, "epsilon": epsilon})[0])
    known, words = start_findings(asked), quantities.words_of(asked, language)
    compared = known.comparison
    assert compared is not None and known.worth is None
    said = start_advice.of_start(known, words)
    if recommended is None:
        assert not compared.start_pays and not compared.nothing_pays
        assert "none is recommended" in start_advice.of_start(known, Words("en"))[0]
    else:
        assert recommended in start_advice.of_start(known, Words("en"))[0]
    if compared.start_pays:
        assert known.refusal is not None and compared.people.factor is not None
        assert words.refusal(known.refusal) in said
        assert public_start.times(compared.people.factor, compared.people, words) in said[0]
    here = answer(asked, fitted_evidence(asked.evidence_id))
    made = decks.deck(decks.Material(answer=here, basis=surfaces.BASIS, start=known), words, LIGHT)
    (slide,) = [slide for slide in made.slides if slide.key == "start"]
    assert [slide.title, *slide.points] == said and slide.table is not None
    losses = [public_start.loss_of(plan, words) for plan in compared.ways]
    assert [row[-1] for row in slide.table.rows] == losses
    (section,) = [
        section for section in made.form.sections if section.heading == words.say("Way to begin")
    ]
    assert list(section.sentences[: len(said)]) == said
    now = Scenario(question=asked, language=language)
    told = steps.answers(steps.STEPS[2], steps.Answers(now=now, answer=here, start=known), words)
    assert words.joined(start_advice.which_and_why(known, words)) in told


def test_a_comparison_that_cannot_be_made_is_called_unknown_with_its_reason():
    asked = fields.question(link.read_all({"data": "2e4", "sampling": "banded"})[0])
    known, words = start_findings(asked), quantities.words_of(asked, "en")
    assert known.comparison is None and known.refusal is not None
    here = answer(asked, fitted_evidence(asked.evidence_id))
    made = decks.deck(decks.Material(answer=here, basis=surfaces.BASIS, start=known), words, LIGHT)
    assert "start" not in [slide.key for slide in made.slides]
    (caveat,) = [slide for slide in made.slides if slide.key == "caveat"]
    unknown = words.say("Whether to begin from a public model is unknown.")
    assert f"{unknown} {words.refusal(known.refusal)}" in caveat.points
    assert unknown in " ".join(s for section in made.form.sections for s in section.sentences)


def test_the_tables_of_the_ways_to_begin_say_the_same_and_no_training_is_free():
    """One whose price rounds to nothing costs less than what is shown, wherever it stands."""
    asked = by_the_byte(5_000, 4.0)
    accelerator = replace(asked.prices.accelerator, price_per_hour_usd=1e-9)
    cheap = asked.at_prices(replace(asked.prices, accelerator=accelerator))
    found, words = start_worth(cheap), quantities.words_of(cheap, "en")
    assert found is not None
    whole = public_start.ways(found.comparison, cheap, words)
    short = public_start.ways_in_short(found.comparison, cheap, words)
    assert {head: whole[head] for head in short} == short and len(short) == 3
    money_too, best = public_start.money_table(found, words), found.comparison.best
    rows = [0, found.comparison.ways.index(best)]
    for head in set(money_too) & set(whole):
        assert money_too[head] == [whole[head][row] for row in rows]
    assert whole["Cost of the training"][rows[1]].startswith("under ¥")
    assert f"costs {whole['Cost of the training'][rows[1]]}" in public_start.price(found, words)
