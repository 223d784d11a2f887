"""The whole tile in Verilator against its two references: data, and every visible state in every cycle."""

import random
from collections.abc import Iterator

import pytest

from tests.hw_tile.tile_bench import make_case, run_case
from tests.hw_tile.verilated import Verilated
from tileloom.hw.spec.config import Target, load_target
from tileloom.hw.tile.tile import Tile

TARGETS = ["default", "small", "odd", "mac25"]
LIMIT = 400_000


@pytest.fixture(scope="module", params=TARGETS)
def tile(request: pytest.FixtureRequest) -> Iterator[tuple[Target, Verilated]]:
    target = load_target(request.param)
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
