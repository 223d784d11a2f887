"""The page of an exploration in a real browser: silent with every pair of axes, on a desk and on a phone."""

from pathlib import Path

import pytest

from tests.report.browser import WIDTHS, browser, opened
from tileloom import api

PLACED = """[...document.querySelectorAll('#plot circle')].every(
  circle => ['cx', 'cy'].every(name => Number.isFinite(Number(circle.getAttribute(name)))))"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("explored")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TILELOOM_CACHE", str(folder / "cache"))
        api.explore("lenet5", budget=5, processes=1, output=folder)
    return folder / "points.html"


@pytest.mark.full
@pytest.mark.parametrize("width", WIDTHS)
def test_every_axis_is_drawn_in_silence(page: Path, width: str) -> None:
    with browser() as running, opened(running, page, width) as shown:
        assert shown.requests == []
        assert shown.evaluate("document.documentElement.scrollWidth") == WIDTHS[width][0]
        names = shown.evaluate("[...document.querySelectorAll('#x option')].map(option => option.textContent)")
        assert len(names) > 4
        for axis in ("x", "y"):
            for name in names:
                shown.page.select_option(f"#{axis}", name)
                assert shown.evaluate(PLACED), (axis, name)
        assert shown.console == []
        shown.page.select_option("#x", "multipliers")
        shown.page.select_option("#y", "frames_per_s")
        shown.page.locator("#plot circle.front").first.focus()
        assert "frames_per_s" in shown.page.locator("#told").inner_text()
