"""What travels beside a step through the pipeline of a tile."""

from amaranth.hdl import unsigned
from amaranth.lib import data

from tileloom.hw.spec.config import Target
from tileloom.hw.tile.accumulators import accumulate_layout
from tileloom.hw.tile.emission import PIXEL

OPERANDS = 4
"""Cycles from the issue of a step to its window bytes and weight word."""


def step_layout(target: Target) -> data.StructLayout:
    """One cycle of a unit.

    ``constants``, ``constants_index``: a constants word is read; ``channelwise``: how the array is wired;
    ``accumulate``: for the accumulators; ``activate``: last step of a group's first pixel; ``capture``, ``pixel``: last
    step of a pixel whose results go to the back end; ``send``, ``number``: of one whose sums go to the neighbour.
    """
    return data.StructLayout(
        {
            "constants": unsigned(1),
            "constants_index": unsigned((target.constant_words - 1).bit_length()),
            "channelwise": unsigned(1),
            "accumulate": accumulate_layout(target),
            "activate": unsigned(1),
            "capture": unsigned(1),
            "pixel": PIXEL,
            "send": unsigned(1),
            "number": unsigned((target.accumulator_entries - 1).bit_length()),
        }
    )
