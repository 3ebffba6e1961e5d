"""Text as the browser draws it is readable: WCAG 2.2 AA on every page, in both themes.

Measured is the computed colour against what lies behind, both with their opacity. Left out, as in
success criterion 1.4.3, are controls that are switched off, and what no one sees. Grids of figures
are pixels on a canvas; their colours are the theme's, which
tests/dashboard/ui/test_contrast.py checks.
"""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.pages import PAGES, reload_in, settle, visit

MEASURE = """() => {
  const pen = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true});
  const known = new Map();
  const rgba = css => {
    if (!known.has(css)) {
      pen.clearRect(0, 0, 1, 1);
      pen.fillStyle = css;
      pen.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data;
      known.set(css, [r, g, b, a / 255]);
    }
    return known.get(css);
  };
  const over = (top, below) => {
    const a = top[3] + below[3] * (1 - top[3]);
    if (!a) return [0, 0, 0, 0];
    const mix = n => (top[n] * top[3] + below[n] * below[3] * (1 - top[3])) / a;
    return [mix(0), mix(1), mix(2), a];
  };
  const light = c => {
    const [r, g, b] = c.slice(0, 3).map(v => v / 255)
      .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => {
    const [high, low] = [light(a), light(b)].sort((x, y) => y - x);
    return (high + 0.05) / (low + 0.05);
  };
  const behind = (element, x, y) => {
    let found = [0, 0, 0, 0];
    for (let at = element; at && found[3] < 0.999; at = at.parentElement) {
      const box = at.getBoundingClientRect(), style = getComputedStyle(at);
      const around = box.left <= x && x <= box.right && box.top <= y && y <= box.bottom;
      // A slider's figure hangs out of its handle; what is scrolled out of a page still lies on it.
      if (around || style.overflow !== 'visible')
        found = over(found, rgba(style.backgroundColor));
    }
    return over(found, [255, 255, 255, 1]);
  };
  const seen = element => {
    const box = element.getBoundingClientRect();
    return box.width > 1 && box.height > 1
      && element.checkVisibility({opacityProperty: true, visibilityProperty: true});
  };
  const off = element => element.closest(
    ':disabled, [aria-disabled="true"], [data-disabled], label:has(input:disabled)');
  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; node = walker.nextNode();) {
    const element = node.parentElement;
    const said = node.textContent.trim();
    if (!said || element.closest('style, script, noscript') || !seen(element) || off(element))
      continue;
    const style = getComputedStyle(element);
    const drawn = element instanceof SVGElement;
    let share = 1;
    for (let at = element; at; at = at.parentElement) share *= +getComputedStyle(at).opacity;
    const ink = [...rgba(drawn ? style.fill : style.color)];
    ink[3] *= share * (drawn ? +style.fillOpacity : 1);
    const range = document.createRange();
    range.selectNodeContents(node);
    const box = range.getBoundingClientRect();
    const middle = [box.left + box.width / 2, box.top + box.height / 2];
    let paper = behind(drawn ? element.closest('svg').parentElement : element, ...middle);
    const veil = element.closest('.annotation-text-g')?.querySelector('rect.bg');
    if (veil) {
      const fill = [...rgba(getComputedStyle(veil).fill)];
      fill[3] *= +getComputedStyle(veil).fillOpacity;
      paper = over(fill, paper);
    }
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && +style.fontWeight >= 700);
    const icon = /Material Symbols/.test(style.fontFamily);
    texts.push({
      said: said.slice(0, 60),
      where: element.closest('[data-testid]')?.dataset.testid ?? element.tagName,
      ratio: contrast(over(ink, paper), paper),
      least: large || icon ? 3 : 4.5,
    });
  }
  return texts;
}"""
LEAST_TEXTS, NEXT = 20, 60_000
"""Pieces of text that the emptiest page has, and milliseconds to wait for an answer."""


def assert_readable(page: Page, least: int) -> None:
    texts = page.evaluate(MEASURE)
    assert len(texts) >= least, "else nothing was measured"
    pale = {
        f"{text['ratio']:.2f} < {text['least']}: “{text['said']}” in {text['where']}"
        for text in texts
        if text["ratio"] < text["least"] - 0.005
    }
    assert not pale, "\n".join(sorted(pale))


@pytest.mark.parametrize("name", PAGES, ids=lambda name: name or "decide")
def test_every_text_stands_out_from_what_is_behind_it(page: Page, dashboard, name):
    visit(page, dashboard.url, name)
    assert_readable(page, LEAST_TEXTS)
    reload_in(page, "dark")
    assert_readable(page, LEAST_TEXTS)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_refusals_and_what_is_folded_away_too(page: Page, dashboard, theme):
    page.emulate_media(color_scheme=theme)
    visit(page, dashboard.url, "")
    for folded in page.locator("summary").filter(visible=True).all():
        folded.click()
    entry = page.get_by_role("textbox", name="データ量(人数)を入力")
    entry.fill("たくさん")
    entry.press("Enter")
    expect(page.get_by_role("alert").first).to_contain_text("「たくさん」", timeout=NEXT)
    page.get_by_role("button", name="リンクをコピー").click()
    expect(page.get_by_test_id("stCode")).to_be_visible()
    assert_readable(page, 4 * LEAST_TEXTS)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_notes_and_exports_of_the_meeting_too(page: Page, dashboard, theme):
    page.emulate_media(color_scheme=theme)
    visit(page, dashboard.url, "present")
    page.get_by_text("発表者ノート", exact=True).click()
    expect(page.get_by_test_id("stAlert").first).to_be_visible(timeout=NEXT)
    settle(page)  # a run that ends closes what was opened meanwhile
    page.get_by_role("button", name="書き出し").click()
    expect(page.get_by_role("button", name="スライド(PowerPoint)")).to_be_visible(timeout=NEXT)
    assert_readable(page, LEAST_TEXTS)
