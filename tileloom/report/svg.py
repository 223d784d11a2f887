"""Small pieces of SVG as text."""

from collections.abc import Iterable
from html import escape


def number(value: float) -> str:
    """A coordinate, as short as it can be.

    >>> number(12.0), number(3.14159)
    ('12', '3.14')
    """
    return f"{value:.2f}".rstrip("0").rstrip(".")


def rectangle(x: float, y: float, width: float, height: float, fill: str, title: str = "") -> str:
    """A filled rectangle; ``title`` is shown to a pointer that rests on it."""
    place = f'x="{number(x)}" y="{number(y)}" width="{number(width)}" height="{number(height)}"'
    if not title:
        return f'<rect {place} fill="{fill}"/>'
    return f'<rect {place} fill="{fill}"><title>{escape(title)}</title></rect>'


def line(points: Iterable[tuple[float, float]], css: str) -> str:
    """An open polyline of a CSS class."""
    return f'<polyline class="{css}" points="{" ".join(f"{number(x)},{number(y)}" for x, y in points)}"/>'


def text(x: float, y: float, content: str, css: str = "", anchor: str = "start") -> str:
    """A line of text whose baseline is ``y``."""
    return f'<text x="{number(x)}" y="{number(y)}" class="{css}" text-anchor="{anchor}">{escape(content)}</text>'


def drawing(width: float, height: float, label: str, parts: Iterable[str]) -> str:
    """The whole, as wide as its page but little larger than drawn; ``label`` is for those who do not see it."""
    box, most = f"0 0 {number(width)} {number(height)}", number(1.2 * width)
    start = f'<svg viewBox="{box}" style="max-width:{most}px" role="img" aria-label="{escape(label)}">'
    return f"{start}{''.join(parts)}</svg>"
