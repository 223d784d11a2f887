"""The whole tile in Verilator against its two references: data, and every visible state in every cycle."""

import random
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.hw_tile.tile_bench import make_case, run_case
from tests.hw_tile.verilated import Verilated
from tileloom.hw.spec.config import Target, load_target
from tileloom.hw.tile.tile import Tile

BARE = Target(
    name="bare",
    tiles_x=1,
    tiles_y=1,
    lanes=1,
    columns=4,
    port_bytes=4,
    window_banks=4,
    window_bytes=1024,
    weight_words=301,
    accumulator_entries=8,
    slot_bytes=256,
    residual_bytes=0,
    results_per_cycle=1,
    map_bytes=0,
    segments=0,
    pool=False,
    channelwise=False,
    local_lines=False,
)
"""One lane, and every unit left out that can be."""
SLOW = replace(
    BARE,
    name="slow",
    lanes=3,
    columns=7,
    window_banks=8,
    weight_words=437,
    accumulator_entries=94,
    residual_bytes=512,
    segments=8,
    pool=True,
    channelwise=True,
    local_lines=True,
)
"""Seven cycles to hand out the results of a pixel; nothing a power of two."""
TARGETS = [*(load_target(name) for name in ("default", "small", "odd", "mac25")), BARE, SLOW]
LIMIT = 400_000


@pytest.fixture(scope="module", params=TARGETS, ids=lambda target: target.name)
def tile(request: pytest.FixtureRequest) -> Iterator[tuple[Target, Verilated]]:
    target: Target = request.param
    model = Verilated(Tile(target))
    yield target, model
    model.close()


@pytest.mark.parametrize(("hurry", "chunks"), [(1.0, True), (1.0, False), (0.5, True), (0.5, False)])
def test_random_jobs(tile: tuple[Target, Verilated], hurry: float, chunks: bool) -> None:
    target, model = tile
    seed = f"{target.name} {hurry} {chunks}"
    rng = random.Random(seed)
    compared = 0
    for _ in range(4):
        case = make_case(target, rng, 40, chunks=chunks)
        model.reset()
        compared += run_case(target, model, case, rng, hurry, LIMIT)
    assert compared > 500, seed
