"""A headless Chromium with the network off, which writes down whatever a page complains about."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WIDTHS = {"desktop": (1280, 900), "phone": (390, 844)}


def chromium() -> str:
    """The browser's path; where there is none, the test is skipped."""
    for name in PROGRAMS:
        path = shutil.which(name)
        if path is not None:
            return path
    pytest.skip("no Chromium is installed here")


@contextmanager
def browser() -> Iterator["Browser"]:
    """A browser that lives as long as the block."""
    path = chromium()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as player:
        # Continuous integration runs as root in a container, where Chromium has no sandbox of its own.
        found = player.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield found
        finally:
            found.close()


@dataclass
class Watched:
    """An open page, and what was heard from it."""

    page: "Page"
    context: "BrowserContext"
    console: list[str] = field(default_factory=list)
    """Errors and warnings of the console, and exceptions that nobody caught."""
    requests: list[str] = field(default_factory=list)
    """Addresses that the page asked for, itself not among them."""

    def evaluate(self, script: str) -> Any:
        """Value of an expression in the page."""
        return self.page.evaluate(script)


@contextmanager
def opened(
    running: "Browser", path: Path, width: str = "desktop", scheme: str = "light", touch: bool = False
) -> Iterator[Watched]:
    """A page of a file at a named width, the network off, in light or dark."""
    across, down = WIDTHS[width]
    context = running.new_context(
        viewport={"width": across, "height": down},
        color_scheme="dark" if scheme == "dark" else "light",
        offline=True,
        has_touch=touch,
    )
    watched = Watched(context.new_page(), context)
    watched.page.on("console", lambda message: _heard(watched, message.type, message.text))
    watched.page.on("pageerror", lambda error: watched.console.append(str(error)))
    watched.page.on("request", lambda request: watched.requests.append(request.url))
    try:
        watched.page.goto(path.as_uri())
        watched.requests.remove(path.as_uri())
        yield watched
    finally:
        context.close()


def _heard(watched: Watched, kind: str, text: str) -> None:
    if kind in ("error", "warning"):
        watched.console.append(text)
