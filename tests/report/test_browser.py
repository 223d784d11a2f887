"""The page in a real browser: nothing asked for, nothing complained about, readable on a phone, usable by keyboard."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.report.browser import WIDTHS, browser, opened
from tileloom import api

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("browser") / "page.html"
    api.report("digits_modern", target="default", output=path, wants=("cycles<=1e6", "utilisation>=0.99"))
    return path


@pytest.fixture(scope="module")
def running() -> Iterator["Browser"]:
    with browser() as found:
        yield found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_opens_in_silence_and_fits(running: "Browser", page: Path, width: str, scheme: str) -> None:
    with opened(running, page, width, scheme) as shown:
        assert shown.console == []
        assert [url for url in shown.requests if not url.startswith("data:")] == []
        assert shown.evaluate("document.documentElement.scrollWidth") == WIDTHS[width][0], "nothing sticks out"
        assert shown.evaluate("document.querySelectorAll('svg').length") >= 10
        small = shown.evaluate(
            "[...document.querySelectorAll('p, td, th, li, .fact')]"
            ".filter(e => parseFloat(getComputedStyle(e).fontSize) < 11).length"
        )
        assert small == 0


def test_a_planted_error_is_heard(running: "Browser", page: Path, tmp_path: Path) -> None:
    spoilt = tmp_path / "spoilt.html"
    planted = '<script>console.error("planted")</script><img src="https://example.invalid/a.png">'
    spoilt.write_text(page.read_text().replace("</body>", f"{planted}</body>"))
    with opened(running, spoilt) as shown:
        assert "planted" in shown.console
        assert shown.requests == ["https://example.invalid/a.png"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_stand_out_from_their_ground(running: "Browser", page: Path, scheme: str) -> None:
    with opened(running, page, "desktop", scheme) as shown:
        contrasts = shown.evaluate(CONTRASTS)
    assert len(contrasts) > 5
    assert min(contrasts.values()) >= 4.5, contrasts


def test_table_is_sorted_by_keyboard(running: "Browser", page: Path) -> None:
    with opened(running, page) as shown:
        before = shown.evaluate(COLUMN)
        shown.page.locator("#layer-table th button", has_text="cycles").focus()
        assert shown.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none", "focus is seen"
        shown.page.keyboard.press("Enter")
        rising = shown.evaluate(COLUMN)
        assert rising == sorted(before) != before
        assert shown.evaluate("document.activeElement.parentElement.getAttribute('aria-sort')") == "ascending"
        shown.page.keyboard.press("Space")
        assert shown.evaluate(COLUMN) == sorted(before, reverse=True)
        assert shown.evaluate("document.activeElement.parentElement.getAttribute('aria-sort')") == "descending"
        shown.page.keyboard.press("Tab")
        assert shown.evaluate("document.activeElement.textContent") == "MACs", "the order of the tabulator is the eye's"


def test_every_place_is_reached_by_keyboard_and_is_seen(running: "Browser", page: Path) -> None:
    with opened(running, page) as shown:
        wanted = shown.evaluate(FOCUSABLE)
        reached = set()
        for _ in range(wanted + 5):
            shown.page.keyboard.press("Tab")
            found = shown.evaluate(FOCUSED)
            if found is not None:
                number, is_visible = found
                assert is_visible, shown.evaluate("document.activeElement.outerHTML")[:200]
                reached.add(number)
        assert len(reached) == wanted > 30


@pytest.mark.parametrize("width", WIDTHS)
def test_a_dot_tells_its_layer(running: "Browser", page: Path, width: str) -> None:
    with opened(running, page, width, touch=True) as shown:
        for section in ("roofline", "quantisation"):
            dot = shown.page.locator(f"#{section} ~ div .dot").first
            dot.focus()
            told = shown.page.locator(f"#{section} ~ div .told, #{section} ~ .told").first.text_content()
            assert told == dot.get_attribute("aria-label")


def test_links_lead_somewhere(running: "Browser", page: Path) -> None:
    with opened(running, page) as shown:
        anchors = shown.evaluate("[...document.querySelectorAll('a[href^=\"#\"]')].map(a => a.getAttribute('href'))")
        assert len(anchors) > 15
        assert all(shown.evaluate(f"document.getElementById({anchor[1:]!r}) !== null") for anchor in set(anchors))


COLUMN = "[...document.querySelectorAll('#layer-table tbody tr')].map(row => Number(row.cells[3].dataset.sort))"
FOCUSABLE = """(() => {
  const found = [...document.querySelectorAll('a[href], button, [tabindex="0"], summary')];
  found.forEach((element, number) => { element.dataset.number = number; });
  return found.length;
})()"""
FOCUSED = """(() => {
  const element = document.activeElement;
  if (element === null || element.dataset.number === undefined) return null;
  const style = getComputedStyle(element);
  const outlined = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1;
  const drawn = element.matches('.dot') && parseFloat(style.strokeWidth) >= 2;
  return [Number(element.dataset.number), outlined || drawn];
})()"""
CONTRASTS = """(() => {
  const numbers = colour => colour.match(/[\\d.]+/g).map(Number);
  const ground = element => {
    for (let e = element; e !== null; e = e.parentElement) {
      const colour = numbers(getComputedStyle(e).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const light = colour => colour.slice(0, 3).map(c => c / 255)
    .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const found = {};
  for (const element of document.querySelectorAll('h1, h2, h3, p, a, b, td, th, li, summary, code, th button')) {
    const one = light(numbers(getComputedStyle(element).color)), other = light(ground(element));
    const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    const name = element.tagName + '.' + element.className;
    found[name] = Math.min(found[name] ?? 99, contrast);
  }
  return found;
})()"""
