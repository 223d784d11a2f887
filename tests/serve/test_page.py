"""The page in a real browser: drawing, dropping a picture, samples, errors, keyboard, phone, silence of the console."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import expect

from tests.report.browser import WIDTHS, Watched, browser
from tests.serve.serving import serving
from tileloom.serve.server import PageServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def server() -> Iterator[PageServer]:
    with serving("digits_modern", target="small") as found:
        yield found


@pytest.fixture(scope="module")
def running() -> Iterator["Browser"]:
    with browser() as found:
        yield found


@contextmanager
def opened(running: "Browser", server: PageServer, width: str = "desktop", scheme: str = "light") -> Iterator[Watched]:
    """The served page, ready; requests to any other place are noted and cut off."""
    across, down = WIDTHS[width]
    context = running.new_context(
        viewport={"width": across, "height": down}, color_scheme="dark" if scheme == "dark" else "light"
    )
    watched = Watched(context.new_page(), context)
    watched.page.on("pageerror", lambda error: watched.console.append(str(error)))
    watched.page.on(
        "console",
        lambda message: watched.console.append(message.text) if message.type in ("error", "warning") else None,
    )
    watched.page.on("request", lambda request: watched.requests.append(request.url))
    try:
        watched.page.goto(server.url)
        watched.page.wait_for_selector("body[data-ready=yes]")
        yield watched
        foreign = [url for url in watched.requests if not url.startswith((server.url, "data:", "blob:"))]
        assert foreign == []
    finally:
        context.close()


def answered(shown: Watched, count: int) -> str:
    """The strongest output, after so many answers."""
    expect(shown.page.locator("#scores tr")).to_have_count(10)
    expect(shown.page.locator("body:not([aria-busy])")).to_be_attached()
    assert sum("/picture" in url or "/input" in url for url in shown.requests) >= count
    return str(shown.page.text_content("#best"))


def draw(shown: Watched, lines: list[list[tuple[float, float]]]) -> None:
    """Strokes through points, as shares of the sheet."""
    box = shown.page.locator("#sheet").bounding_box()
    assert box is not None
    mouse = shown.page.mouse
    for line in lines:
        points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in line]
        mouse.move(*points[0])
        mouse.down()
        for point in points[1:]:
            mouse.move(*point, steps=4)
        mouse.up()


SEVEN = [[(0.3, 0.2), (0.7, 0.2), (0.45, 0.8)]]
ZERO = [
    [(0.5, 0.15), (0.3, 0.3), (0.27, 0.5), (0.3, 0.7), (0.5, 0.85), (0.7, 0.7), (0.73, 0.5), (0.7, 0.3), (0.5, 0.15)]
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_draw_digits(running: "Browser", server: PageServer, width: str, scheme: str) -> None:
    """A drawn 0 and a 7; latency, cycles and counters with their kinds; nothing sticks out; the console is silent."""
    with opened(running, server, width, scheme) as shown:
        draw(shown, ZERO)
        expect(shown.page.locator("#best")).to_have_text("0")
        assert answered(shown, 1) == "0"
        shown.page.click("#clear")
        draw(shown, SEVEN)
        expect(shown.page.locator("#best")).to_have_text("7")
        figures = shown.page.inner_text("#figures")
        assert "cycle simulator" in figures and "simulated" in figures and "measured" in figures
        assert "latency at 50 MHz" in figures
        assert "computing" in shown.page.inner_text("#stalls")
        assert shown.evaluate("document.documentElement.scrollWidth") == WIDTHS[width][0]
        assert shown.console == []


def test_held_out_digit_by_keyboard(running: "Browser", server: PageServer) -> None:
    """Everything is reached by Tab; the sample's own label is what the network says, nearly always."""
    right = 0
    with opened(running, server) as shown:
        for _ in range(8):
            shown.page.keyboard.press("Tab")
            if shown.evaluate("document.activeElement.id") == "sample":
                break
        assert shown.evaluate("document.activeElement.id") == "sample"
        assert shown.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
        for count in range(1, 6):
            with shown.page.expect_response("**/input"):
                shown.page.keyboard.press("Enter")
            right += answered(shown, count) == shown.evaluate("document.getElementById('sheet').dataset.label")
        assert right >= 4
        assert shown.console == []


def test_pictures(running: "Browser", server: PageServer, tmp_path: Path) -> None:
    """A photograph-like file through the file button and by dropping it; a file that is none is said to be none."""
    path = tmp_path / "one.png"
    image = Image.new("RGB", (300, 200), "white")
    ImageDraw.Draw(image).line([(150, 40), (150, 160)], fill="black", width=14)
    image.save(path)
    with opened(running, server) as shown:
        with shown.page.expect_response("**/picture"):
            shown.page.set_input_files("#file", path)
        assert answered(shown, 1) == "1"
        shown.page.click("#clear")
        with shown.page.expect_response("**/picture"):
            shown.page.evaluate(DROP, list(path.read_bytes()))
        assert answered(shown, 2) == "1"
        (tmp_path / "none.png").write_text("no picture")
        shown.page.set_input_files("#file", tmp_path / "none.png")
        expect(shown.page.locator("#error")).to_contain_text("none.png is no picture")
        assert shown.console == []


def test_a_server_that_is_gone(running: "Browser") -> None:
    """The page says so."""
    with serving("digits_modern", target="small") as server:
        with opened(running, server) as shown:
            server.shutdown()
            server.server_close()
            shown.context.set_offline(True)
            draw(shown, SEVEN)
            expect(shown.page.locator("#error")).to_contain_text("is it still running?")


DROP = """bytes => {
  const transfer = new DataTransfer();
  transfer.items.add(new File([new Uint8Array(bytes)], 'one.png', { type: 'image/png' }));
  document.getElementById('sheet').dispatchEvent(
    new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true }));
}"""
