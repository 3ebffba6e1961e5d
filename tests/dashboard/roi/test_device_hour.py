"""A machine of one's own on the ROI page: its figures move the answer, which becomes the price."""

from streamlit.testing.v1 import AppTest


def _page():
    from dashboard.answers import decision_cache
    from dashboard.roi import device_hour
    from dashboard.state import address, session

    address.follow_url()
    now = session.current()
    device_hour.draw(decision_cache.answer(now.question), now.words)


def opened(**parameters):
    page = AppTest.from_function(_page, default_timeout=180)
    page.query_params["lang"] = "en"
    for name, value in parameters.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    return page


def told(page):
    return " ".join(text.value for text in page.markdown)


def test_the_own_hour_becomes_the_price():
    page = opened()
    assert "from $3.50 to $7.00; you reckon with $4" in told(page)
    assert "An hour of your own device costs $2.96 where 70% of all hours are used" in told(page)
    page.number_input(key="roi:machine-used").set_value(0.35).run()
    assert "costs $5.64 where 35%" in told(page)
    page.button(key="roi:own-price").click().run()
    assert not page.exception
    assert "you reckon with $5.64" in told(page)


def test_it_says_how_long_the_devices_are_needed():
    page = opened()
    assert "this training takes" in told(page) and "device hours, for" in told(page)
    assert any("Decide has the table" in text.value for text in page.caption)


def test_a_machine_that_cannot_be_is_refused_in_a_sentence():
    page = opened()
    page.number_input(key="roi:machine-life").set_value(0.0).run()
    assert any("above 0, got 0" in one.value for one in (*page.error, *page.warning))
