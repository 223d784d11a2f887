"""Small pieces of SVG as text."""

from collections.abc import Iterable
from html import escape


def number(value: float) -> str:
    """A coordinate, as short as it can be.

    >>> number(12.0), number(3.14159), number(0.001)
    ('12', '3.14', '0')
    """
    return f"{value:.2f}".rstrip("0").rstrip(".")


def rectangle(x: float, y: float, width: float, height: float, fill: str, title: str = "", css: str = "") -> str:
    """A filled rectangle; ``title`` is shown to a pointer that rests on it."""
    place = f'x="{number(x)}" y="{number(y)}" width="{number(width)}" height="{number(height)}"'
    named = f' class="{css}"' if css else ""
    if not title:
        return f'<rect {place}{named} fill="{fill}"/>'
    return f'<rect {place}{named} fill="{fill}"><title>{escape(title)}</title></rect>'


def warm(x: float, y: float, width: float, height: float, opacity: float, title: str) -> str:
    """A cell of a heat map, in the page's accent."""
    place = f'x="{number(x)}" y="{number(y)}" width="{number(width)}" height="{number(height)}"'
    return f'<rect {place} class="cell" fill-opacity="{opacity:g}"><title>{escape(title)}</title></rect>'


def line(points: Iterable[tuple[float, float]], css: str, style: str = "") -> str:
    """An open polyline of a CSS class."""
    own = f' style="{style}"' if style else ""
    return f'<polyline class="{css}"{own} points="{" ".join(f"{number(x)},{number(y)}" for x, y in points)}"/>'


def text(x: float, y: float, content: str, css: str = "", anchor: str = "start") -> str:
    """A line of text whose baseline is ``y``."""
    return f'<text x="{number(x)}" y="{number(y)}" class="{css}" text-anchor="{anchor}">{escape(content)}</text>'


def dot(x: float, y: float, radius: float, title: str, css: str = "dot") -> str:
    """A dot that a pointer or the keyboard can rest on, to be told its ``title``."""
    words = escape(title)
    place = f'cx="{number(x)}" cy="{number(y)}" r="{number(radius)}"'
    return f'<circle class="{css}" {place} tabindex="0" role="img" aria-label="{words}"><title>{words}</title></circle>'


def drawing(width: float, height: float, label: str, parts: Iterable[str]) -> str:
    """The whole, as wide as its page but little larger than drawn; ``label`` is for those who do not see it."""
    box, most = f"0 0 {number(width)} {number(height)}", number(1.2 * width)
    start = f'<svg viewBox="{box}" style="max-width:{most}px" role="img" aria-label="{escape(label)}">'
    return f"{start}{''.join(parts)}</svg>"


def cycle_axis(cycles: int, scale: float, left: float, y: float) -> list[str]:
    """Ticks and numbers of an axis from 0 to ``cycles`` that begins at ``left``; the numbers' baseline is ``y``."""
    step = 10 ** (len(str(cycles)) - 1)
    step = step // 4 if cycles // step < 3 and step >= 4 else step
    parts = []
    for cycle in range(0, cycles + 1, step):
        x = number(left + cycle * scale)
        parts.append(f'<line class="axis" x1="{x}" x2="{x}" y1="{number(y - 14)}" y2="{number(y - 10)}"/>')
        parts.append(text(left + cycle * scale, y, f"{cycle:,}", "small", "middle"))
    return parts
