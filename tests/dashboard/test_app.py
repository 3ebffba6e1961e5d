"""The Decide page without a browser: what it says, and that bad input loses nothing."""

import pytest
import streamlit as st

from dashboard.answers import decision_cache
from dashboard.answers.certificates import Certificates
from engine.decision import fitted
from engine.errors import InputError

pytestmark = pytest.mark.usefixtures("fake")


def errors(page):
    return [element.value for element in page.error]


def slider(page, key):
    """A budget's slider, whatever its positions are called."""
    return next(one for one in page.select_slider if one.key.startswith(f"{key}:slider"))


def typed(page, key):
    return page.text_input(key=f"{key}:typed")


def test_first_visit_is_a_worked_example(app):
    page = app()
    assert not page.exception and not page.error
    assert page.title[0].value.startswith("Train: it pays with 8")
    assert page.header[0].value.startswith("Train a model of 49M parameters")
    assert any("in balance" in text.value for text in page.markdown)
    assert [metric.label for metric in page.metric] == [
        "To approve now",
        "Net present value",
        "Payback",
        "Legal risk avoided, present value",
        "Attacker's odds",
        "Usual rule needs",
        "Expected loss",
        "Cost of the training",
        "Compute helps up to",
    ]
    assert any("Certified: ε ≤ 3.997" in text.value for text in page.markdown)
    assert not any("Provisional" in caption.value for caption in page.caption)


def test_japanese_from_the_link(app):
    page = app(lang="ja")
    assert page.title[0].value.startswith("実施:採算が取れる確率は")
    assert page.header[0].value.startswith("4,900万パラメータのモデルを")
    assert not page.exception


def test_the_language_switch_keeps_the_scenario(app):
    page = app(data="3.3e6")
    page.segmented_control(key="lang:choice").set_value("ja").run()
    assert "採算が取れる確率" in page.title[0].value
    assert typed(page, "data").value == "3.3e6"
    assert slider(page, "data").value == 3_300_000
    assert page.query_params["lang"] == "ja"


def test_what_a_widget_shows_is_its_default_too(app):
    """A browser that missed the run that set it must not take the lowest value for a choice."""
    page = app(data="3.3e6", price="3.5", accelerator="A100-SXM-80GB")
    page.run()  # now nothing is set anew
    for widget in page.select_slider:
        assert not widget.proto.set_value
        shown = next(
            i for i, o in enumerate(widget.proto.options) if o == widget.format_func(widget.value)
        )
        assert list(widget.proto.default) == [shown]
    assert slider(page, "data").proto.default[0] > 0
    for field in page.text_input:
        assert field.proto.default == field.value
    for field in page.number_input:
        assert field.proto.default == field.value
    for box in page.selectbox:
        assert box.proto.default == box.index
    (language,) = page.segmented_control
    assert list(language.proto.default) == [list(language.options).index("English")]


def test_slider_moves_the_answer_the_entry_and_the_link(app):
    page = app()
    before = page.title[0].value
    slider(page, "data").set_value(100_000).run()
    assert page.title[0].value != before
    assert typed(page, "data").value == "1e5"
    assert page.query_params["data"] == "1e5"


def test_typing_moves_the_slider(app):
    page = app()
    typed(page, "data").set_value("22万人").run()
    assert slider(page, "data").value == 220_000
    assert page.query_params["data"] == "2.2e5"


def test_a_value_between_steps_survives(app):
    page = app(compute="3.3e20")
    assert slider(page, "compute").value == 3.3e20
    slider(page, "epsilon").set_value(8).run()
    assert page.query_params["compute"] == "3.3e20"
    assert page.query_params["epsilon"] == "8"


@pytest.mark.parametrize("text", ["ten", "", "-5", "1e99", "nan"])
def test_a_wrong_entry_says_one_sentence_and_keeps_the_last_good_value(app, text):
    page = app()
    before = page.title[0].value
    typed(page, "compute").set_value(text).run()
    assert len(page.error) == 1 and errors(page)[0].startswith("Expected")
    assert page.title[0].value == before
    assert page.query_params["compute"] == "3.8e20"
    slider(page, "compute").set_value(1e19).run()
    assert not page.error
    assert typed(page, "compute").value == "1e19"


def test_a_refused_entry_is_forgotten_by_a_page_that_does_not_draw_it(app, monkeypatch):
    """Present has no sidebar: Streamlit drops what stood in its fields."""
    from dashboard.shell import sidebar

    page = app()
    typed(page, "compute").set_value("ten").run()
    assert len(page.error) == 1
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(sidebar, "draw", lambda words: None)
        page.run()
    page.run()
    assert not page.exception and not page.error
    assert typed(page, "compute").value == "3.8e20"


def test_a_bad_link_says_one_sentence_each_and_uses_defaults(app):
    page = app(compute="lots", sampling="psychic", epsilon="2", unknown="x")
    assert len(page.error) == 2
    assert all("The default is used instead." in sentence for sentence in errors(page))
    assert page.query_params["compute"] == "3.8e20"
    assert page.query_params["epsilon"] == "2"
    assert not page.exception


def test_an_absurd_question_is_refused_and_the_sliders_stay(app):
    page = app(data="1000", epsilon="0.1")
    assert len(page.error) == 1 and "3,000" in errors(page)[0]
    assert not page.title
    slider(page, "data").set_value(10_000_000).run()
    assert page.title and not page.error


def test_accelerator_and_price(app):
    page = app()
    before = page.title[0].value
    page.number_input(key="price:number").set_value(20.0).run()
    assert page.title[0].value != before
    assert page.query_params["price"] == "20"
    page.selectbox(key="accelerator:choice").select_index(1).run()
    assert "price" not in page.query_params


def test_while_the_law_is_being_fitted_the_page_says_so(app, monkeypatch):
    monkeypatch.setattr(fitted, "is_ready", lambda evidence: False)
    page = app()
    assert page.title and not page.exception


def test_until_the_certificate_is_there_nothing_is_promised(app, monkeypatch):
    def never(self, request):
        return None

    st.cache_resource.clear()
    monkeypatch.setattr(decision_cache, "Certificates", Certificates)
    monkeypatch.setattr(Certificates, "known", never)
    page = app()
    said = " ".join(text.value for text in page.markdown)
    assert "Certifying that ε stays within 4" in said and "Certified" not in said
    assert any("Provisional" in caption.value for caption in page.caption)


def test_a_certificate_that_is_refused_says_why(app, monkeypatch):
    def refuse(self, request):
        raise InputError("Expected {name} of at least 1, got {value}.", name="iterations", value=0)

    st.cache_resource.clear()
    monkeypatch.setattr(decision_cache, "Certificates", Certificates)
    monkeypatch.setattr(Certificates, "known", refuse)
    page = app()
    assert len(page.error) == 2 and page.title


def test_a_page_that_cannot_be_drawn_says_why(app, monkeypatch):
    def unreadable(*_, **__):
        raise InputError("Expected to read the folder of runs {folder}.", folder="/srv/nowhere")

    monkeypatch.setattr("dashboard.decide.page.blocks.answered", unreadable)
    page = app()
    assert not page.exception
    assert any("nowhere" in text and "/srv" not in text for text in errors(page))
