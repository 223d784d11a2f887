"""Nests and transfers: every element is copied exactly once, whatever the lists."""

import numpy as np
import pytest

from tileloom.compiler.backend.nests import Loop, Nest, nests
from tileloom.compiler.backend.transfers import image_limit, transfers
from tileloom.hw.spec.config import load_target


def pairs(found: list[Nest]) -> list[tuple[int, int]]:
    """Target and source of every element, sorted."""
    lists = [nest.addresses() for nest in found]
    return sorted((t, s) for source, target in lists for s, t in zip(source.tolist(), target.tolist(), strict=True))


@pytest.mark.parametrize("seed", range(20))
def test_nests_copy_what_the_lists_say(seed: int) -> None:
    random = np.random.default_rng(seed)
    count = int(random.integers(1, 300))
    source, target = random.integers(0, 50, count), random.permutation(count)
    if seed % 2:  # something with structure, broken here and there
        source = np.arange(count) // 3 * 16 + np.arange(count) % 3
        target = np.arange(count) * 2
        source[random.integers(0, count, 3)] += 1
    assert pairs(nests(source, target)) == sorted(zip(target.tolist(), source.tolist(), strict=True))


def test_a_map_in_blocks_takes_few_nests() -> None:
    channel, pixel = np.meshgrid(np.arange(40), np.arange(100), indexing="ij")
    blocked = (channel // 16 * 100 + pixel) * 16 + channel % 16
    found = nests(blocked.reshape(-1), np.arange(4000))
    assert [nest.elements for nest in found] == [800, 3200]
    assert found[1].loops == (Loop(100, 16, 1), Loop(16, 1, 100), Loop(2, 1600, 1600))


def test_upwards_copies_the_same() -> None:
    nest = Nest(100, 50, (Loop(5, -2, -7), Loop(3, 40, 1), Loop(2, 0, -60)))
    turned = nest.upwards()
    assert pairs([turned]) == pairs([nest])
    assert [loop.target for loop in turned.loops] == [1, 7, 60]


@pytest.mark.parametrize("name", ["default", "small", "odd"])
@pytest.mark.parametrize(
    "nest",
    [
        Nest(0, 0, (Loop(5000, 1, 1),)),
        Nest(7, 3, (Loop(3, 1, 1), Loop(1000, 16, 16))),
        Nest(900, 0, (Loop(4, 16, 1), Loop(30, -1, 4), Loop(7, 0, 200))),
        Nest(0, 0, (Loop(2, 1, 5), Loop(9, 400, 11), Loop(3, 17, 1000), Loop(5, 2, 9000))),
    ],
)
def test_units_fit_their_slots_and_make_up_the_nest(name: str, nest: Nest) -> None:
    target = load_target(name)
    limit = image_limit(target, nest.elements)
    units = list(transfers(nest, limit, target))
    assert max(unit.elements for unit in units) <= limit <= target.slot_activations
    assert sum(unit.elements for unit in units) == nest.elements
    written = [
        unit.target + run * unit.store.run_stride + place
        for unit in units
        for run in range(unit.store.runs)
        for place in range(unit.store.run_bytes)
    ]
    assert sorted(written) == sorted(nest.addresses()[1].tolist())
