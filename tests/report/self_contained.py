"""Whether a piece of HTML stands by itself: well-formed, no script, nothing from elsewhere."""

from html.parser import HTMLParser

ALLOWED = {"div", "p", "b", "table", "thead", "tbody", "tr", "th", "td"}


class _Walk(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.found += [f"{tag} is not closed" for tag in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open.append(tag)
        self.found += [f"element {tag}"] if tag not in ALLOWED else []
        self.found += [f"attribute {name} of {tag}" for name, _ in attrs if name != "style"]

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.found.append(f"{tag} is closed but not open")


def faults(text: str) -> list[str]:
    """What is wrong with it; elements and attributes other than those of a plain table are."""
    return _Walk(text).found
