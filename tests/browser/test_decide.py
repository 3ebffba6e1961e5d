"""Decide in a browser: keyboard, typing, language, links, silence towards the network."""

import re
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import Page, expect

from engine.text.i18n import Words
from tests.browser.pages import settle

pytestmark = pytest.mark.browser

FIRST = 120_000
"""Milliseconds for a first answer: on a fresh machine the law is fitted then."""
NEXT = 60_000


@pytest.fixture
def requests(page: Page) -> list[str]:
    """Every address that the page asks for."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    return asked


@pytest.fixture
def decide(page: Page, dashboard, console_errors, requests):
    """Open the page with a query; afterwards nothing may have gone wrong or left the machine."""

    def opened(query: str = "") -> Page:
        page.goto(f"{dashboard.url}/{query}")
        expect(sentence(page)).to_contain_text(re.compile(r"\d"), timeout=FIRST)
        expect(page.locator("[data-testid=stPlotlyChart] .main-svg").first).to_be_visible(
            timeout=NEXT
        )
        return page

    yield opened
    assert console_errors.messages == []
    outside = [url for url in requests if not url.startswith((dashboard.url, "data:", "blob:"))]
    assert outside == []


def sentence(page: Page):
    """The verdict."""
    return page.locator("h1")


def plan(page: Page):
    """What is trained."""
    return page.locator("h2").first


def slider(page: Page, label: str):
    return page.get_by_role("slider", name=label)


def query(page: Page) -> dict[str, str]:
    return {key: values[0] for key, values in parse_qs(urlparse(page.url).query).items()}


def test_a_slider_moved_by_keyboard_changes_the_answer(decide):
    page = decide()
    before = sentence(page).inner_text()
    assert "採算が取れる確率" in before
    handle = slider(page, "データ量(人数)")
    handle.focus()
    for _ in range(5):
        handle.press("ArrowLeft")
    expect(sentence(page)).not_to_have_text(before, timeout=NEXT)
    expect(page.get_by_role("textbox", name="データ量(人数)を入力")).to_have_value(
        "3e6", timeout=NEXT
    )
    page.wait_for_url(re.compile("data=3e6"), timeout=NEXT)


def test_a_typed_value_changes_the_answer_and_a_wrong_one_loses_nothing(decide):
    page = decide()
    before = sentence(page).inner_text()
    entry = page.get_by_role("textbox", name="データ量(人数)を入力")
    entry.fill("22万人")
    entry.press("Enter")
    expect(sentence(page)).not_to_have_text(before, timeout=NEXT)
    expect(entry).to_have_value("2.2e5", timeout=NEXT)
    settle(page)  # The promise is certified: figures no longer move.
    after = sentence(page).inner_text()
    entry.fill("たくさん")
    entry.press("Enter")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("「たくさん」", timeout=NEXT)
    expect(sentence(page)).to_have_text(after)
    page.wait_for_url(re.compile("data=2.2e5"), timeout=NEXT)


def test_the_language_switch_keeps_the_scenario(decide):
    page = decide("?compute=1e19&data=3.3e6&epsilon=2")
    page.get_by_text("English", exact=True).click()
    expect(plan(page)).to_contain_text(" parameters, ", timeout=NEXT)
    expect(page.get_by_role("textbox", name="Data (people): type a value")).to_have_value("3.3e6")
    settle(page)  # A click that meets a page being drawn is lost.
    page.get_by_text("日本語", exact=True).click()
    expect(plan(page)).to_contain_text("パラメータのモデルを", timeout=NEXT)
    page.wait_for_url(re.compile("lang=ja"), timeout=NEXT)
    assert query(page) == {"compute": "1e19", "data": "3.3e6", "epsilon": "2", "lang": "ja"}


def test_the_first_page_opens_by_its_name_too(page, dashboard):
    page.goto(f"{dashboard.url}/decide?epsilon=2&lang=en")
    expect(plan(page)).to_contain_text(" parameters, ", timeout=FIRST)
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert urlparse(page.url).path == "/" and query(page)["epsilon"] == "2"


def test_reloading_the_link_keeps_the_scenario(decide):
    page = decide("?compute=3.3e20&data=12345678&epsilon=0.7&lang=en")
    before = sentence(page).inner_text()
    handle = slider(page, "Privacy ε")
    handle.focus()
    handle.press("ArrowRight")
    expect(sentence(page)).not_to_have_text(before, timeout=NEXT)
    page.wait_for_url(re.compile("epsilon=0.8"), timeout=NEXT)
    settle(page)  # The promise is certified: figures no longer move.
    moved = sentence(page).inner_text()
    page.reload()
    expect(sentence(page)).to_have_text(moved, timeout=FIRST)
    assert query(page)["compute"] == "3.3e20" and query(page)["data"] == "12345678"


def test_the_certificate_arrives_by_itself(decide):
    page = decide("?lang=en")
    expect(page.get_by_text("Certified: ε ≤").first).to_be_visible(timeout=FIRST)
    expect(page.get_by_text("Noise multiplier σ", exact=True)).to_be_visible()


def test_every_chart_has_words_for_those_who_do_not_see_it(decide):
    page = decide("?lang=en")
    expect(page.get_by_role("figure", name=re.compile("^Loss against compute"))).to_be_visible()
    expect(page.get_by_role("figure", name=re.compile("^Fall in loss"))).to_be_visible()


def test_a_phone_shows_the_sentence_and_the_figures(page, decide):
    page.set_viewport_size({"width": 390, "height": 1500})
    decide("?lang=en")
    expect(page.get_by_text("To approve now", exact=True).first).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize(("language", "said"), [("en", "a public start was worth"), ("ja", "人数")])
def test_few_people_are_shown_a_public_start(decide, language, said):
    page = decide(f"?data=5000&epsilon=4&lang={language}")
    settle(page)
    expect(page.get_by_text("lightbulb").locator("xpath=..")).to_contain_text(said)
    ways = page.locator("[data-testid=stTable]").filter(has_text="LoRA").first
    expect(ways.locator("tbody tr")).to_have_count(3)
    page.get_by_text(Words(language).say("What others reported"), exact=True).click()
    expect(page.get_by_text("GPT-2, LoRA r=4, Reddit")).to_be_attached()
