"""Colours that mean something are told apart by everybody, and are seen on both grounds."""

import re
from itertools import pairwise

import pytest

from tests.report.colour_vision import VISION, closest, distance, linear
from tileloom.hw.spec.registers import Cause
from tileloom.report.memory import COLOURS
from tileloom.report.page import TEMPLATES
from tileloom.report.palette import ACCENTS, CAUSE_COLOURS, GROUNDS, INKS, LAYER_COLOURS, heat, is_hot

APART = 15.0
"""Difference that is plain without looking twice; 2.3 is just noticed."""


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
    for ground in GROUNDS.values():
        for colour in (*CAUSE_COLOURS.values(), *LAYER_COLOURS, *COLOURS.values()):
            assert distance(colour, ground, vision) >= APART, (colour, ground)


@pytest.mark.parametrize("vision", VISION)
def test_more_heat_is_another_colour(vision: str) -> None:
    for scheme in GROUNDS:
        shades = [warmed(scheme, step / 10) for step in range(11)]
        assert all(distance(one, other, vision) > 4 for one, other in pairwise(shades))


def test_text_on_heat_can_be_read() -> None:
    for scheme in GROUNDS:
        for step in range(101):
            letters = GROUNDS[scheme] if is_hot(step / 100) else INKS[scheme]
            assert contrast(warmed(scheme, step / 100), letters) >= 3.0, (scheme, step)


def test_the_page_has_these_colours() -> None:
    style = (TEMPLATES / "report.html.j2").read_text(encoding="utf-8")
    for name, colours in (("ground", GROUNDS), ("ink", INKS), ("accent", ACCENTS)):
        assert re.findall(rf"--{name}: (#\w+);", style) == [colours["light"], colours["dark"]]


def warmed(scheme: str, share: float) -> str:
    """The accent on the ground, as opaque as the heat of a share says."""
    opacity = heat(share)
    pairs = zip(parts(ACCENTS[scheme]), parts(GROUNDS[scheme]), strict=True)
    return "#" + "".join(f"{round(opacity * one + (1 - opacity) * other):02x}" for one, other in pairs)


def parts(colour: str) -> list[int]:
    return [int(colour[i : i + 2], 16) for i in (1, 3, 5)]


def contrast(one: str, other: str) -> float:
    """As in the Web Content Accessibility Guidelines."""
    light = sorted(float(linear(colour) @ [0.2126, 0.7152, 0.0722]) for colour in (one, other))
    return (light[1] + 0.05) / (light[0] + 0.05)


def test_colours_that_look_alike_are_found() -> None:
    """The grey and the pink that the page once had."""
    assert closest(["#9aa0a6", "#cc79a7"], "usual")[0] > APART
    assert closest(["#9aa0a6", "#cc79a7"], "deuteranopia")[0] < 5
