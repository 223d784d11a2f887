"""Walks everything that a page shows and says which numbers have no kind."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

from tileloom.document import Kind
from tileloom.report.page import NAME

KINDS = frozenset({*(str(kind) for kind in Kind), NAME})
SPOKEN = ("title", "aria-label", "alt", "placeholder")
"""Attributes whose text a reader may meet."""
WHOLE = ("html", "head", "body", "main", "header", "section", "nav", "script", "style")
"""Elements so large that a kind around them would say nothing."""
VOID = ("meta", "link", "br", "input", "hr", "img")
SILENT = ("script", "style")


@dataclass
class _Element:
    tag: str
    kind: str | None


@dataclass
class _Table:
    columns: list[str | None] = field(default_factory=list)
    cell: int = 0


class KindsWalk(HTMLParser):
    """The faults of a page: texts with a digit outside any kind, unknown kinds, and kinds around too much.

    A cell's kind is its own, else that of its row, else that of its column's heading, else that around the table.
    """

    def __init__(self, page: str) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.numbers = 0
        """Texts with a digit."""
        self._open: list[_Element] = []
        self._tables: list[_Table] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        own = given.get("data-kind")
        if own is not None and own not in KINDS:
            self.faults.append(f"unknown kind {own!r} at {tag}")
        if own is not None and tag in WHOLE:
            self.faults.append(f"kind {own!r} around a whole {tag}")
        around = self._open[-1].kind if self._open else None
        kind = own or around
        if tag == "table":
            self._tables.append(_Table())
        elif tag == "tr" and self._tables:
            self._tables[-1].cell = 0
        elif tag in ("th", "td") and self._tables:
            table = self._tables[-1]
            if tag == "th" and given.get("scope") == "col":
                table.columns.append(own)
            elif own is None and table.cell < len(table.columns):
                kind = table.columns[table.cell] or around
            table.cell += 1
        for name in SPOKEN:
            self._judge(given.get(name) or "", kind, f"{name} of {tag}")
        if tag not in VOID:
            self._open.append(_Element(tag, kind))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag == "table":
            self._tables.pop()
        self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1].tag not in SILENT:
            self._judge(data, self._open[-1].kind, self._open[-1].tag)

    def _judge(self, text: str, kind: str | None, where: str) -> None:
        if re.search(r"\d", text):
            self.numbers += 1
            if kind is None:
                self.faults.append(f"{where}: {text.strip()!r} has no kind")
