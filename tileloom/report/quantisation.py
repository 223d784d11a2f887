"""Signal to noise along the network as a drawing, and the tensors where it is least as a table."""

from collections.abc import Sequence
from math import ceil, floor

from tileloom.report.quality import TensorFigures
from tileloom.report.svg import dot, drawing, number, text
from tileloom.tables import decibels, percent

WORST = 10
LEFT, WIDTH, HEIGHT = 62.0, 1000.0, 170.0
COLUMNS = (
    ("tensor", "name"),
    ("layer", "name"),
    ("line", "name"),
    ("signal to noise", "simulated"),
    ("lowest value", "counted"),
    ("highest value", "counted"),
    ("step", "counted"),
    ("zero point", "counted"),
    ("codes that occurred", "simulated"),
    ("of the range", "simulated"),
    ("clipped", "simulated"),
)
"""Headings of the table, each with the kind of its numbers."""


def worst(tensors: Sequence[TensorFigures]) -> list[TensorFigures]:
    """The tensors with the least signal to noise, the worst first; those without any noise are not among them."""
    noisy = [tensor for tensor in tensors if tensor.snr_db is not None]
    return sorted(noisy, key=lambda tensor: tensor.snr_db or 0.0)[:WORST]


def rows(tensors: Sequence[TensorFigures]) -> list[tuple[str, ...]]:
    """The table's rows."""
    return [
        (
            tensor.tensor,
            tensor.layer,
            tensor.source or "-",
            decibels(tensor.snr_db) if tensor.snr_db is not None else "-",
            f"{tensor.low:.4g}",
            f"{tensor.high:.4g}",
            f"{tensor.scale:.4g}",
            str(tensor.zero_point),
            f"{tensor.code_low} .. {tensor.code_high}",
            percent(tensor.used) or "",
            percent(tensor.clipped) or "",
        )
        for tensor in tensors
    ]


def noise(tensors: Sequence[TensorFigures]) -> str:
    """The drawing: a stem a tensor, in order of the network; empty where nothing is known."""
    known = [(place, tensor.snr_db, tensor) for place, tensor in enumerate(tensors) if tensor.snr_db is not None]
    if not known:
        return ""
    low = min(0.0, floor(min(snr for _, snr, _ in known) / 10) * 10.0)
    high = max(10.0, ceil(max(snr for _, snr, _ in known) / 10) * 10.0)
    among = {id(tensor) for tensor in worst(tensors)} if len(known) >= 2 * WORST else set()
    across = WIDTH / len(tensors)

    def height(snr: float) -> float:
        return 8 + HEIGHT * (high - snr) / (high - low)

    parts = []
    step = 10 if high - low <= 60 else 20
    for level in range(int(low), int(high) + 1, step):
        rule = number(height(level))
        parts.append(f'<line class="grid" x1="{LEFT:g}" x2="{LEFT + WIDTH:g}" y1="{rule}" y2="{rule}"/>')
        parts.append(text(LEFT - 8, height(level) + 4, f"{level} dB", "small", "end"))
    radius = min(4.5, max(2.5, across / 3))
    for place, snr, tensor in known:
        x, y = LEFT + (place + 0.5) * across, height(snr)
        title = f"{tensor.tensor} ({tensor.layer}): {snr:.1f} dB"
        css = "stem poor" if id(tensor) in among else "stem"
        foot, at = number(height(low)), number(x)
        parts.append(f'<line class="{css}" x1="{at}" x2="{at}" y1="{foot}" y2="{number(y)}"/>')
        parts.append(dot(x, y, radius, title, "dot poor" if id(tensor) in among else "dot"))
    return drawing(LEFT + WIDTH + 12, HEIGHT + 16, "Signal to noise of each tensor, in the order of the network", parts)
