"""Colours of causes and figures, told apart by people who do not see all colours, on light and on dark ground."""

from tileloom.hw.spec.registers import Cause

CAUSE_COLOURS = {
    Cause.RUN: "#0072b2",
    Cause.JOB: "#ccd3d9",
    Cause.START: "#5f6368",
    Cause.NEIGHBOUR: "#cc79a7",
    Cause.WINDOW: "#e69f00",
    Cause.WEIGHTS: "#d55e00",
    Cause.RESIDUAL: "#f0e442",
    Cause.SLOT: "#009e73",
}
"""Okabe and Ito's palette (Color Universal Design, 2008), with two greys."""

LAYER_COLOURS = ("#7a6fb0", "#c9c3e6")
"""Of neighbouring layers in turn: no cause has them."""

SERIES = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#9aa0a6")
"""Parts of a whole, in this order."""


def heat(share: float) -> str:
    """A blue for a share 0 .. 1: pale is little, deep is much; outside it the nearer end.

    >>> heat(0.0), heat(1.0)
    ('#f2f6fb', '#08306b')
    """
    share = min(max(share, 0.0), 1.0)
    low, high = (0xF2, 0xF6, 0xFB), (0x08, 0x30, 0x6B)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(low, high, strict=True))


def ink(share: float) -> str:
    """The text colour that can be read on :func:`heat` of the same share."""
    return "#ffffff" if share > 0.5 else "#10202e"
