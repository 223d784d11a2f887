"""The whole tile in Verilator against its two references: data, and every visible state in every cycle."""

import random
from collections.abc import Iterator

import pytest

from tests.hw_tile.tile_bench import make_case, run_case
from tests.hw_tile.verilated import Verilated
from tileloom.hw.spec.config import load_target
from tileloom.hw.tile.tile import Tile

TARGETS = ["default", "small", "odd", "mac25"]
LIMIT = 400_000


@pytest.fixture(scope="module", params=TARGETS)
def target_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def model(target_name: str) -> Iterator[Verilated]:
    model = Verilated(Tile(load_target(target_name)))
    yield model
    model.close()


@pytest.mark.parametrize(("hurry", "chunks"), [(1.0, True), (1.0, False), (0.5, True), (0.5, False)])
def test_random_jobs(target_name: str, model: Verilated, hurry: float, chunks: bool) -> None:
    target = load_target(target_name)
    rng = random.Random(f"{target_name} {hurry} {chunks}")
    case = make_case(target, rng, 40, chunks=chunks)
    assert run_case(target, model, case, rng, hurry, LIMIT) > 500
