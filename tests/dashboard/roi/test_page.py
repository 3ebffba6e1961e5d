"""The ROI page on the real engine: the sentence first, figures with their origin, nothing lost."""

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.answers import decision_cache
from dashboard.answers.certificates import Certificates
from dashboard.state import arrival, assumption_table, link
from engine.accounting.certificate import Certificate
from engine.accounting.mechanism import Mechanism
from engine.errors import InputError
from engine.interval import Interval
from engine.roi.assumption_files import to_csv, to_toml
from engine.roi.defaults import DEFAULT_ASSUMPTIONS
from engine.text.i18n import Words

PAIRS = "2.0, 4.5\n2.5\t3.9\n3.0; 2.4\n3.5 1.2"


def _draw():
    from dashboard.roi import page as roi_page
    from dashboard.state import address, session

    address.follow_url()
    roi_page.render(session.current())


@pytest.fixture
def page():
    """The view alone: AppTest cannot switch to pages that are functions."""
    return AppTest.from_function(_draw, default_timeout=120)


@pytest.mark.parametrize("part", [arrival.ASSUMPTIONS, arrival.PAIRS, arrival.STAGES])
def test_a_part_that_a_button_led_to_shows_itself_once(fake, page, monkeypatch, part):
    shown: list[str] = []
    monkeypatch.setattr(arrival, "scroll_to", shown.append)
    page.session_state["_part"] = ("roi", part)
    page.run()
    assert not page.exception and shown == [part]
    page.run()
    assert shown == [part]


def test_the_answer_comes_first_and_every_figure_says_where_from(page):
    page.run()
    assert not page.exception and not page.error
    assert "it pays with" in page.title[0].value
    assert "The largest unknown:" in page.title[0].value
    assert "more than doing nothing" in page.header[0].value
    assert [metric.label for metric in page.metric] == [
        "Net present value",
        "Internal rate of return",
        "Total cost of ownership",
        "Attacker's odds",
    ]
    opened = [expander.label for expander in page.expander]
    assert any(label.startswith("Team: −¥") for label in opened)
    assert any("Of 1,000 people" in text.value for text in page.markdown)
    assert any("What a public start is worth in money is not" in m.value for m in page.markdown)


def test_in_japanese(page):
    page.query_params["lang"] = "ja"
    page.run()
    assert not page.exception
    assert "採算が取れる確率は" in page.title[0].value


def test_a_budget_that_allows_nothing_says_so_and_keeps_the_table(page):
    page.query_params["data"] = "100"
    page.query_params["epsilon"] = "0.1"
    page.run()
    assert len(page.error) == 1 and not page.title
    assert page.text_area


def test_measured_pairs_replace_the_assumption(page):
    page.run()
    assert any("is an assumption" in text.value for text in page.markdown)
    page.text_area[0].set_value(PAIRS).run()
    assert not page.error
    assert any("fitted to your measured pairs" in text.value for text in page.markdown)


@pytest.mark.parametrize("text", ["much, little", "2.0, 4.5", "2, 9\n3, 2\n4, 1"])
def test_wrong_pairs_are_refused_and_nothing_changes(page, text):
    before = page.run().title[0].value
    page.text_area[0].set_value(text).run()
    assert len(page.error) == 1 and page.error[0].value.startswith("Expected")
    assert page.title[0].value == before


def test_an_edit_changes_one_figure_and_what_is_wrong_is_refused():
    place = [row.name for row in DEFAULT_ASSUMPTIONS.rows].index("adoption")
    words = Words("en")
    changed = assumption_table.edited(DEFAULT_ASSUMPTIONS, {place: {"value": 0.9}}, words)
    assert (changed["adoption"].value, changed["adoption"].high) == (0.9, 0.9)
    assert changed["team_size"] == DEFAULT_ASSUMPTIONS["team_size"]
    for wrong in ({"value": 3.0}, {"value": -0.1}, {"value": None}, {"source": None}):
        with pytest.raises(InputError):
            assumption_table.edited(DEFAULT_ASSUMPTIONS, {place: wrong}, words)


def test_the_question_turned_round(page):
    page.run()
    page.selectbox[0].set_value("loss").run()
    page.number_input[0].set_value(3.0).run()
    assert not page.exception and not page.error
    assert any("Fewest people" in str(table.value) for table in page.table)
    page.number_input[0].set_value(-1.0).run()
    assert len(page.error) == 1 and "target loss" in page.error[0].value


def test_back_to_the_defaults(page):
    before = page.run().title[0].value
    page.text_area[0].set_value(PAIRS).run()
    assert page.title[0].value != before
    restore = next(b for b in page.button if b.label == "Back to the defaults")
    restore.click().run()
    assert page.title[0].value == before
    assert not page.text_area[0].value


def test_a_loaded_table_moves_the_answer_and_the_sidebar(page):
    table = DEFAULT_ASSUMPTIONS.edited(
        {"tasks_per_year": {"value": 100.0}, "jpy_per_usd": {"value": 165.0}}
    )
    page.run()
    page.file_uploader[0].set_value(("mine.toml", to_toml(table).encode(), "text/plain")).run()
    assert "doing nothing is worth" in page.header[0].value
    assert page.session_state["_values"]["rate"] == 165.0
    page.file_uploader[0].set_value(("mine.csv", b"nonsense", "text/csv")).run()
    assert len(page.error) == 1
    assert "doing nothing is worth" in page.header[0].value


def test_pairs_above_a_lowered_ceiling_refuse_the_ceiling(page):
    page.run()
    page.text_area[0].set_value(PAIRS).run()
    low = DEFAULT_ASSUMPTIONS.edited({"metric_ceiling": {"value": 3.0}})
    page.file_uploader[0].set_value(("mine.toml", to_toml(low).encode(), "text/plain")).run()
    assert len(page.error) == 1 and "between 0 and 3" in page.error[0].value


def _choose(page, label, value):
    return next(b for b in page.button_group if b.label == label).set_value(value)


@pytest.mark.parametrize(
    ("kind", "named", "wrong"),
    [
        ("tickets-resolved", "share of tickets resolved", "2, 300\n3, 200\n4, 100"),
        ("error-rate", "error rate", "2, 3.0\n3, 3.1\n4, 3.2"),
        ("response-time", "response time", "2, 0\n3, 5\n4, 6"),
    ],
)
def test_another_metric_names_its_figures_and_refuses_what_it_cannot_be(page, kind, named, wrong):
    page.query_params["metric"] = kind
    page.run()
    assert not page.exception and not page.error
    assert any(named in text.value and "is an assumption" in text.value for text in page.markdown)
    before = page.title[0].value
    page.text_area[0].set_value(wrong).run()
    assert len(page.error) == 1 and page.error[0].value.startswith("Expected")
    assert page.title[0].value == before


def test_own_figures_and_pairs_are_part_of_the_link(page, monkeypatch):
    before = page.run().title[0].value
    table = DEFAULT_ASSUMPTIONS.edited(
        {"adoption": {"value": 0.84, "source": "our own count; 3~4"}}
    )
    page.file_uploader[0].set_value(("mine.toml", to_toml(table).encode(), "text/plain")).run()
    page.text_area[0].set_value(PAIRS).run()
    changed = page.title[0].value
    assert changed != before and not page.error
    held = page.session_state["_values"]
    query = link.write_all(held)
    assert query.keys() == {"compute", "data", "epsilon", "figures", "pairs"}
    assert "0.84" in query["figures"] and query["pairs"] == "2,4.5;2.5,3.9;3,2.4;3.5,1.2"

    other = AppTest.from_function(_draw, default_timeout=120)
    for key, value in query.items():
        other.query_params[key] = value
    other.run()
    assert other.title[0].value == changed and not other.error
    assert (other.text_area[0].value or "").splitlines()[0] == "2, 4.5"


def test_figures_of_a_link_that_do_not_go_together_are_left_out(page):
    page.query_params["figures"] = "horizon_years=5~5~5~fixed;launch_months=60~50~70~pert"
    page.run()
    assert not page.exception and page.session_state["_values"]["figures"] is None
    assert "figures" in page.session_state["_refused_link"]


def test_metrics_keep_their_own_pairs(page):
    before = page.run().title[0].value
    page.text_area[0].set_value(PAIRS).run()
    measured = page.title[0].value
    _choose(page, "Measured by", "error-rate").run()
    assert not page.exception and not page.error
    assert page.session_state["_values"]["metric"] == "error-rate"
    assert not page.text_area[0].value
    _choose(page, "Measured by", "minutes-saved").run()
    assert page.title[0].value == measured != before


def test_money_in_dollars(page):
    page.run()
    _choose(page, "Currency", "USD").run()
    assert not page.exception and not page.error
    npv = page.metric[0]
    assert "$" in npv.value and "\u00a5" not in npv.value
    assert "$" in page.header[0].value and "\u00a5" not in page.header[0].value


def _origins(page):
    return [text for table in page.table for text in table.value.to_numpy().ravel()]


MORE = "More learning for the same ε?"


def _below(page, heading):
    """The first text under a heading."""
    shown = ("markdown", "caption", "subheader")
    texts = [element for element in page.main if element.type in shown]
    place = next(n for n, one in enumerate(texts) if one.value == heading)
    return texts[place + 1].value


@pytest.fixture
def certified():
    return Certificate(
        mechanism=Mechanism.poisson(sampling_probability=1.0, noise_multiplier=50.0, iterations=1),
        epsilon=3.99,
        delta=1e-8,
        accountant="a stand-in",
        privacy_unit="person",
    )


def test_the_odds_follow_the_certificate_once_it_is_known(page, monkeypatch, certified):
    monkeypatch.setattr(Certificates, "known", lambda self, request: None)
    assert any("not certified" in str(text) for text in _origins(page.run()))
    assert "Follows when the promise is certified." in _below(page, MORE)
    assert any("Provisional" in caption.value for caption in page.caption)
    before = page.metric[3].value
    monkeypatch.setattr(Certificates, "known", lambda self, request: certified)
    page.run()
    assert not page.exception
    origins = _origins(page)
    assert any("its certified noise" in str(text) for text in origins)
    assert not any("not certified" in str(text) for text in origins)
    assert not any("Provisional" in caption.value for caption in page.caption)
    assert page.metric[3].value != before


def test_what_correlated_noise_adds_stands_in_a_line(page, monkeypatch, certified):
    monkeypatch.setattr(Certificates, "known", lambda self, request: certified)
    worth = Interval(value=3e6, low=2e6, high=4e6, level=0.9)
    monkeypatch.setattr(decision_cache, "worth_of_correlation", lambda answer, found: worth)
    said = _below(page.run(), MORE)
    assert not page.exception
    assert "Noise correlated over steps" in said and "¥2M–¥4M" in said

    def refuse(question):
        raise InputError("No such plan.")

    monkeypatch.setattr(decision_cache, "more_learning", refuse)
    assert _below(page.run(), MORE) == "No such plan."


def test_no_certificate_is_no_error(page, monkeypatch):
    def refuse(self, request):
        raise InputError("No.")

    monkeypatch.setattr(Certificates, "known", refuse)
    page.run()
    assert not page.exception and not page.error
    assert any("not certified" in str(text) for text in _origins(page))
    assert not any("Provisional" in caption.value for caption in page.caption), "it is final"


def test_a_table_that_no_link_can_hold_is_refused_and_nothing_is_lost(page):
    before = page.run().title[0].value
    long = DEFAULT_ASSUMPTIONS.edited(
        {row.name: {"source": "社" * 700} for row in DEFAULT_ASSUMPTIONS.rows}
    )
    page.file_uploader[0].set_value(("mine.toml", to_toml(long).encode(), "text/plain")).run()
    assert not page.exception and len(page.error) == 1
    assert "at most 20000 characters" in page.error[0].value
    assert page.run().title[0].value == before and not page.exception


def test_a_raised_ceiling_takes_the_pairs_that_were_refused_below_it(page):
    page.run()
    page.text_area[0].set_value("2.0, 9\n2.5, 8\n3.0, 6\n3.5, 3").run()
    assert len(page.error) == 1 and page.session_state["_values"]["pairs"] is None
    high = DEFAULT_ASSUMPTIONS.edited({"metric_ceiling": {"value": 10.0, "high": 12.0}})
    page.file_uploader[0].set_value(("mine.toml", to_toml(high).encode(), "text/plain")).run()
    assert not page.error and not page.exception
    assert page.session_state["_values"]["pairs"] == "2,9;2.5,8;3,6;3.5,3"


def test_figures_that_came_as_a_whole_leave_none_of_before_behind(page):
    """Opened, a scenario of another metric must not find this one's pairs when it comes back."""
    page.run()
    page.text_area[0].set_value(PAIRS).run()
    _choose(page, "Measured by", "error-rate").run()
    page.query_params["epsilon"] = "2"  # Somebody's link, in the running session.
    page.query_params["metric"] = "error-rate"
    page.run()
    assert page.session_state["_values"]["epsilon"] == 2
    _choose(page, "Measured by", "minutes-saved").run()
    assert not page.text_area[0].value and page.session_state["_values"]["pairs"] is None


def test_what_a_link_says_is_not_drawn_as_markdown(page):
    page.query_params["figures"] = "![x](https://nowhere.example/a.png)"
    page.run()
    (error,) = page.session_state["_refused_link"].values()
    assert r"!\[x\]" in Words("en").refusal(error)


def test_how_a_file_was_read_is_shown_and_can_be_corrected(page):
    text = to_csv(DEFAULT_ASSUMPTIONS).replace("500000.0,250000.0", '"600,000",250000.0')
    page.run()
    page.file_uploader[0].set_value(("mine.csv", text.encode("utf-16"), "text/csv")).run()
    assert not page.error and not page.exception
    assert "tasks_per_year=600000" in page.session_state["_values"]["figures"]
    told = " ".join(caption.value for caption in page.caption)
    assert "Read as UTF-16, commas between the cells" in told
    assert "Decimal point: “600,000”" not in told
    decimal = next(box for box in page.selectbox if box.label == "Decimal mark of the file")
    decimal.set_value("comma").run()
    assert len(page.error) == 1 and "in line 2, got 250000.0" in page.error[0].value
    assert "tasks_per_year=600000" in page.session_state["_values"]["figures"]
    decimal.set_value(None).run()
    encoding = next(box for box in page.selectbox if box.label == "Encoding of the file")
    encoding.set_value("cp932").run()
    assert len(page.error) == 1 and not page.exception


def test_how_many_people_earn_most(page):
    page.run()
    (toggle,) = [each for each in page.toggle if each.label == "How many people earn most?"]
    toggle.set_value(True).run()
    assert not page.exception and not page.error
    assert any("over all cases, legal risk included" in each.value for each in page.markdown)
