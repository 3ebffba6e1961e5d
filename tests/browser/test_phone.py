"""Every page on a phone, 390 × 844: sentence, sliders and figures, and nothing to push sideways."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.pages import FIRST, PAGES, once, settle, visit

ANDROID = (
    "Mozilla/5.0 (Linux; Android 15; K) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Mobile Safari/537.36"
)
WIDTH = 390
NEXT = 60_000
WITH_SIDEBAR = PAGES[:-1]
BUDGETS = "予算を変える:計算量・人数・ε"
SMALLEST = 9.0
"""Pixels of type on charts; raised digits are smaller than the rest."""

OVERFLOWING = """() => {
  const wide = [...document.querySelectorAll('[data-testid="stMain"] *')].filter(element => {
    const box = element.getBoundingClientRect();
    if (box.width < 2 || box.height < 2 || box.right <= innerWidth + 1) return false;
    for (let at = element.parentElement; at; at = at.parentElement) {
      if (at.dataset.testid === 'stMain') break;
      if (getComputedStyle(at).overflowX !== 'visible') return false;  // It scrolls in itself.
    }
    return true;
  });
  return wide.map(element => element.dataset.testid ?? element.tagName);
}"""
CUT = """() => [...document.querySelectorAll('.js-plotly-plot')].flatMap(chart => {
  const frame = chart.getBoundingClientRect();
  return [...chart.querySelectorAll('text')].filter(text => {
    const box = text.getBoundingClientRect();
    return box.width && (box.left < frame.left - 2 || box.right > frame.right + 2);
  }).map(text => text.textContent);
})"""
OVERPRINTED = """() => [...document.querySelectorAll('.js-plotly-plot')].flatMap(chart => {
  const marks = [...chart.querySelectorAll('.annotation')].map(mark => {
    const words = mark.querySelector('text')?.textContent ?? '';
    const drawn = words
      ? mark.querySelector('.annotation-text-g') : mark.querySelector('.annotation-arrow-g');
    return {words, box: drawn?.getBoundingClientRect()};
  }).filter(mark => mark.box?.width);
  const meet = (a, b) => a.left < b.right - 1 && b.left < a.right - 1
    && a.top < b.bottom - 1 && b.top < a.bottom - 1;
  return marks.flatMap((one, place) => marks.slice(place + 1)
    .filter(other => (one.words || other.words) && meet(one.box, other.box))
    .map(other => [one.words, other.words || 'an arrow']));
})"""
"""Words on a drawn chart that lie over other words, or over an arrow."""
UNREADABLE = """() => [...document.querySelectorAll('.js-plotly-plot')].flatMap(chart => {
  const frame = chart.getBoundingClientRect();
  const lines = [...chart.querySelectorAll('text')].flatMap(text => {
    const parts = [...text.querySelectorAll('tspan.line')];
    return (parts.length ? parts : [text]).map(part => (
      {text, said: part.textContent, box: part.getBoundingClientRect()}));
  }).filter(line => line.said.trim() && line.box.width);
  const cut = lines.filter(({box}) => box.left < frame.left - 1 || box.right > frame.right + 1
    || box.top < frame.top - 1 || box.bottom > frame.bottom + 1).map(line => line.said);
  const over = lines.flatMap((one, place) => lines.slice(place + 1).filter(other =>
    one.text !== other.text
    && Math.min(one.box.right, other.box.right) - Math.max(one.box.left, other.box.left) > 1.5
    && Math.min(one.box.bottom, other.box.bottom) - Math.max(one.box.top, other.box.top) > 3
  ).map(other => [one.said, other.said]));
  return [...cut, ...over];
})"""
"""Lines of words that a drawn chart cuts, or that lie over those of other words."""
CHOICES_OUTSIDE = """() => [...document.querySelectorAll(
  '[data-testid="stMain"] [data-testid="stButtonGroup"] button'
)].filter(choice => {
  const box = choice.getBoundingClientRect(), row = choice.parentElement.getBoundingClientRect();
  return box.right > Math.min(row.right, innerWidth) + 1 || box.left < Math.max(row.left, 0) - 1;
}).map(choice => choice.innerText)"""
NARROW = """() => [...document.querySelectorAll('[data-testid="stTable"] td')]
  .filter(cell => cell.innerText.length > 3 && cell.getBoundingClientRect().width < 60)
  .map(cell => cell.innerText)"""
SIZES = """() => [...document.querySelectorAll('.js-plotly-plot text')]
  .filter(text => text.textContent.trim())
  .map(text => parseFloat(getComputedStyle(text).fontSize))"""


@pytest.fixture(scope="module")
def browser_context_args(browser_context_args) -> dict[str, object]:
    return browser_context_args | {
        "viewport": {"width": WIDTH, "height": 844},
        "user_agent": ANDROID,
        "is_mobile": True,
        "has_touch": True,
    }


@pytest.fixture(scope="module", params=PAGES, ids=lambda name: name or "decide")
def opened(request, browser, browser_context_args, dashboard) -> Iterator[Page]:
    yield from once(browser, browser_context_args, dashboard.url, request.param)


def test_no_page_is_pushed_sideways(opened):
    assert opened.evaluate("document.documentElement.scrollWidth") == WIDTH
    main = opened.get_by_test_id("stMain")
    assert main.evaluate("element => element.scrollWidth") == WIDTH
    assert opened.evaluate(OVERFLOWING) == []


def test_the_sentence_comes_first(opened):
    sentence = opened.locator("h1").first
    expect(sentence).to_be_in_viewport(ratio=0.9)
    assert re.search("です|ます|でしょうか", sentence.inner_text())


def test_charts_are_whole_and_legible(opened):
    assert opened.evaluate(CUT) == []
    assert opened.evaluate(OVERPRINTED) == []
    sizes = opened.evaluate(SIZES)
    assert not sizes or min(sizes) >= SMALLEST


def test_every_choice_is_in_sight(opened):
    """A row of choices breaks into lines: none waits beyond an edge for somebody to swipe."""
    assert opened.evaluate(CHOICES_OUTSIDE) == []


def test_no_cell_is_so_narrow_that_it_reads_downwards(opened):
    assert opened.evaluate(NARROW) == []


@pytest.mark.parametrize("opened", WITH_SIDEBAR, indirect=True, ids=lambda name: name or "decide")
def test_the_three_sliders_are_at_hand(opened):
    opened.get_by_text(BUDGETS).tap()
    sliders = opened.get_by_test_id("stMain").get_by_test_id("stSlider")
    for label in ("計算費(学習1回)", "データ量(人数)", "プライバシー ε"):
        expect(sliders.filter(has_text=label)).to_be_in_viewport(timeout=NEXT)


def test_a_slider_changes_the_sentence_that_stays_in_sight(page, dashboard):
    visit(page, dashboard.url, "")
    before = page.locator("h1").inner_text()
    page.get_by_text(BUDGETS).tap()
    handle = page.get_by_test_id("stMain").get_by_role("slider", name="データ量(人数)")
    handle.focus()
    for _ in range(5):
        handle.press("ArrowLeft")
    expect(page.locator("h1")).not_to_have_text(before, timeout=NEXT)
    handle.locator("xpath=ancestor::*[@data-testid='stExpander']").evaluate(
        "element => element.scrollIntoView({block: 'start'})"
    )
    expect(page.locator("h1")).to_be_in_viewport()
    expect(page.get_by_test_id("stSlider").get_by_text("300万", exact=True)).to_have_count(2)


@pytest.mark.parametrize(
    ("name", "label"), [("", "予測損失"), ("roi", "正味現在価値")], ids=["decide", "roi"]
)
def test_figures_take_the_whole_width(page, dashboard, name, label):
    visit(page, dashboard.url, name)
    figure = page.get_by_test_id("stMetric").filter(has_text=label).first
    expect(figure).to_be_visible()
    value = figure.get_by_test_id("stMetricValue")
    assert value.evaluate("element => element.scrollWidth <= element.clientWidth + 1")


def test_on_a_desktop_the_sliders_are_in_the_sidebar_alone(browser, dashboard):
    page = browser.new_page(viewport={"width": 1440, "height": 900}, locale="ja-JP")
    visit(page, dashboard.url, "")
    expect(page.get_by_text(BUDGETS)).to_be_hidden()
    expect(page.get_by_role("slider")).to_have_count(3)
    page.close()


@pytest.mark.parametrize("language", ["ja", "en"])
def test_no_label_of_the_return_is_cut_or_overprinted(page: Page, dashboard, language):
    currency = {"ja": "JPY", "en": "USD"}[language]
    page.goto(f"{dashboard.url}/roi?compute=1e20&data=3e6&currency={currency}&lang={language}")
    page.locator("h1").first.wait_for(timeout=FIRST)
    settle(page)
    for width in (WIDTH, 360):
        page.set_viewport_size({"width": width, "height": 844})
        page.wait_for_timeout(700)
        assert page.evaluate(UNREADABLE) == [], width
