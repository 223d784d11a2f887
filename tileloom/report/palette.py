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


GROUNDS = {"light": "#ffffff", "dark": "#10161c"}
INKS = {"light": "#10202e", "dark": "#e6edf3"}
ACCENTS = {"light": "#0072b2", "dark": "#56b4e9"}
"""Of the page by colour scheme; its style sheet has them again, as a test makes sure."""
HOT = 0.7
"""Share of heat from which text is drawn in the colour of the ground."""


def heat(share: float) -> float:
    """How opaque the page's accent is for a share 0 .. 1: little is faint, much is deep; outside it the nearer end.

    >>> heat(0.0), heat(1.0), heat(7.0)
    (0.05, 1.0, 1.0)
    """
    return round(0.05 + 0.95 * min(max(share, 0.0), 1.0), 3)


def is_hot(share: float) -> bool:
    """Whether text on this heat must have the colour of the ground to be read."""
    return heat(share) >= HOT
