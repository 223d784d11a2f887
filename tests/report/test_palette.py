"""Colours that mean something are told apart by everybody, and are seen on both grounds."""

import pytest

from tests.report.colour_vision import VISION, closest, distance
from tileloom.hw.spec.registers import Cause
from tileloom.report.memory import COLOURS
from tileloom.report.palette import CAUSE_COLOURS, LAYER_COLOURS, heat

APART = 15.0
"""Difference that is plain without looking twice; 2.3 is just noticed."""
GROUNDS = ("#ffffff", "#10161c")


@pytest.mark.parametrize("vision", VISION)
def test_causes_are_told_apart(vision: str) -> None:
    assert set(CAUSE_COLOURS) == set(Cause)
    apart, pair = closest(list(CAUSE_COLOURS.values()), vision)
    assert apart >= APART, pair


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("colours", [LAYER_COLOURS, tuple(COLOURS.values())])
def test_other_colours_are_told_apart(vision: str, colours: tuple[str, ...]) -> None:
    apart, pair = closest(list(colours), vision)
    assert apart >= APART, pair


@pytest.mark.parametrize("vision", VISION)
def test_colours_are_seen_on_their_ground(vision: str) -> None:
    for ground in GROUNDS:
        for colour in (*CAUSE_COLOURS.values(), *LAYER_COLOURS, *COLOURS.values()):
            assert distance(colour, ground, vision) >= APART, (colour, ground)


@pytest.mark.parametrize("vision", VISION)
def test_more_heat_is_another_colour(vision: str) -> None:
    assert all(distance(heat(step / 10), heat((step + 1) / 10), vision) > 4 for step in range(10))


def test_colours_that_look_alike_are_found() -> None:
    """The grey and the pink that the page once had."""
    assert closest(["#9aa0a6", "#cc79a7"], "usual")[0] > APART
    assert closest(["#9aa0a6", "#cc79a7"], "deuteranopia")[0] < 5
