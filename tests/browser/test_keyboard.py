"""Without a mouse and without eyes: every control is reached, seen to be so, and left again; names.

A group of choices is one stop, as the ARIA pattern for radio buttons asks: arrows move within it.
"""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.pages import PAGES, once, visit

NEXT = 60_000
CONTROLS = """() => [...document.querySelectorAll(
    'a[href], button, input, textarea, select, summary, [tabindex="0"]')]
  .filter(element => element.tabIndex >= 0 && !element.disabled
    && element.checkVisibility({visibilityProperty: true})
    && element.getBoundingClientRect().width > 0
    && !element.closest('[aria-hidden="true"], [inert]')
    && !(element.role === 'radio' && element.ariaChecked === 'false'))
  .map((element, place) => {
    element.dataset.place ??= String(place);
    return [element.dataset.place, element.ariaLabel || element.textContent || element.tagName];
  })"""
FOCUSED = """() => {
  const element = document.activeElement;
  if (!element || element === document.body) return null;
  const ringed = at => {
    const style = getComputedStyle(at);
    return style.boxShadow !== 'none'
      || (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0);
  };
  const primary = getComputedStyle(document.querySelector('#ruler')).color;
  let seen = element.tagName === 'CANVAS';  // A grid draws its own cursor.
  for (let at = element, up = 0; at && up < 6 && !seen; at = at.parentElement, up++)
    seen = ringed(at) || getComputedStyle(at).borderTopColor === primary;
  return {
    place: element.dataset.place ?? null,
    said: element.ariaLabel || element.textContent.slice(0, 40) || element.tagName,
    main: element.tagName === 'MAIN' || element.dataset.testid === 'stMain',
    seen,
  };
}"""
RULER = """colour => {
  const ruler = document.createElement('span');
  ruler.id = 'ruler';
  ruler.style.color = colour;
  document.body.append(ruler);
  const still = document.createElement('style');
  still.textContent = '* { transition: none !important; }';  // Borders change over a moment.
  document.head.append(still);
}"""
UNNAMED = """() => [...document.querySelectorAll(
    'button, a[href], input, textarea, [role="slider"], [role="combobox"], img')]
  .filter(element => element.checkVisibility()
    && (element.tabIndex >= 0 || element.tagName === 'IMG')
    && !(element.ariaLabel || element.getAttribute('aria-labelledby') || element.labels?.length
      || element.textContent.trim() || element.title || element.alt || element.placeholder
      || (element.tagName === 'IMG' && element.getAttribute('alt') === '')))
  .map(element => element.outerHTML.slice(0, 120))"""
CHART_NAME = """chart => (chart.closest('[role="figure"], [role="img"]')
  ?? chart.querySelector('[role="figure"], [role="img"]'))?.ariaLabel"""
PRIMARY = "#3B4CC0"


@pytest.fixture(scope="module", params=PAGES, ids=lambda name: name or "decide")
def opened(request, browser, browser_context_args, dashboard) -> Iterator[Page]:
    context = browser_context_args | {"viewport": {"width": 1440, "height": 2600}}
    yield from once(browser, context, dashboard.url, request.param)


def test_tab_reaches_every_control_shows_where_it_is_and_comes_out_again(opened):
    opened.evaluate(RULER, PRIMARY)
    wanted = dict(opened.evaluate(CONTROLS))
    assert len(wanted) > 8
    met: list[str] = []
    unseen: set[str] = set()
    for _ in range(2 * len(wanted) + 30):
        opened.keyboard.press("Tab")
        focused = opened.evaluate(FOCUSED)
        if focused is None or focused["place"] in met[:1]:
            break  # Out of the page, or round to its first control.
        met.append(focused["place"])
        if not focused["seen"] and not focused["main"]:
            unseen.add(focused["said"])
    else:
        pytest.fail(f"The focus never left the page; last at {focused['said']}")
    assert [said for place, said in wanted.items() if place not in met] == []
    assert unseen == set()


def test_everything_has_a_name_and_charts_say_what_they_show(opened):
    assert opened.evaluate(UNNAMED) == []
    for chart in opened.get_by_test_id("stPlotlyChart").all():
        name = chart.evaluate(CHART_NAME)
        assert name and len(name) > 15 and re.search(r"\d", name), name


def test_the_document_names_its_language_also_after_a_change(page, dashboard):
    visit(page, dashboard.url, "", "ja")
    expect(page.locator("html")).to_have_attribute("lang", "ja")
    page.get_by_text("English", exact=True).click()
    expect(page.locator("html")).to_have_attribute("lang", "en", timeout=NEXT)


def test_arrows_move_within_a_group_of_choices(page, dashboard):
    visit(page, dashboard.url, "explore")
    chosen = page.get_by_role("radio", name="予測損失")
    chosen.focus()
    page.keyboard.press("ArrowRight")
    other = page.get_by_role("radio", name="費用")
    expect(other).to_be_focused()
    page.keyboard.press("Space")
    expect(other).to_have_attribute("aria-checked", "true", timeout=NEXT)
