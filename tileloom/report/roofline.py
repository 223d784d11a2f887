"""The roofline: each layer's arithmetic rate against its arithmetic per byte of memory traffic."""

from collections.abc import Sequence
from math import log10

from tileloom.hw.spec.config import Target
from tileloom.layer_figures import LayerFigures
from tileloom.report.svg import dot, drawing, line, number, text
from tileloom.tables import percent

LEFT, TOP, WIDTH, HEIGHT = 62.0, 12.0, 520.0, 300.0


def roofline(layers: Sequence[LayerFigures], target: Target) -> str:
    """The drawing, both axes logarithmic: MACs a byte to the right, MACs a cycle upwards."""
    dots = [(layer.macs / layer.dram_bytes, layer.macs / layer.cycles, layer) for layer in layers if _counts(layer)]
    peak, port = float(target.macs_per_cycle), float(target.port_bytes)
    ridge = peak / port
    low_x = min([0.5 * ridge, 0.1, *(x for x, _, _ in dots)])
    high_x = max([20 * ridge, *(x for x, _, _ in dots)]) * 1.3
    low_y = min([peak / 100, *(y for _, y, _ in dots)]) / 1.3
    high_y = peak * 1.5

    def at(x: float, y: float) -> tuple[float, float]:
        right = (log10(x) - log10(low_x)) / (log10(high_x) - log10(low_x))
        up = (log10(y) - log10(low_y)) / (log10(high_y) - log10(low_y))
        return LEFT + WIDTH * right, TOP + HEIGHT * (1 - up)

    foot = max(low_x, low_y / port)
    parts = [line([at(foot, foot * port), at(ridge, peak), at(high_x, peak)], "roof")]
    x, y = at(high_x, peak)
    parts.append(text(x, y - 6, f"{peak:g} MACs a cycle", "small", "end"))
    x, y = at(foot * 1.4, foot * 1.4 * port)
    parts.append(text(x + 10, y, f"{port:g} bytes a cycle", "small"))
    for intensity, rate, layer in dots:
        x, y = at(intensity, rate)
        title = (
            f"{layer.name} ({layer.op}): {rate:.1f} MACs a cycle, {percent(layer.utilisation)}, {intensity:.1f} a byte"
        )
        parts.append(dot(x, y, 4.5, title))
    parts += _axes(at, (low_x, high_x), (low_y, high_y))
    label = "Arithmetic rate of each layer against its arithmetic per byte, under the limits of array and memory"
    return drawing(LEFT + WIDTH + 12, TOP + HEIGHT + 44, label, parts)


def _counts(layer: LayerFigures) -> bool:
    return layer.macs > 0 and layer.dram_bytes > 0 and layer.cycles > 0


def _axes(at: object, x_range: tuple[float, float], y_range: tuple[float, float]) -> list[str]:
    assert callable(at)
    parts = []
    for power in range(-3, 7):
        value = 10.0**power
        if x_range[0] <= value <= x_range[1]:
            x, _ = at(value, y_range[0])
            parts.append(f'<line class="grid" x1="{number(x)}" x2="{number(x)}" y1="{TOP}" y2="{TOP + HEIGHT}"/>')
            parts.append(text(x, TOP + HEIGHT + 16, f"{value:g}", "small", "middle"))
        if y_range[0] <= value <= y_range[1]:
            _, y = at(x_range[0], value)
            parts.append(f'<line class="grid" x1="{LEFT}" x2="{LEFT + WIDTH}" y1="{number(y)}" y2="{number(y)}"/>')
            parts.append(text(LEFT - 6, y + 4, f"{value:g}", "small", "end"))
    parts.append(
        text(LEFT + WIDTH / 2, TOP + HEIGHT + 36, "MACs for each byte through the memory port", "small", "middle")
    )
    parts.append(text(LEFT, TOP - 2, "MACs a cycle", "small"))
    return parts
