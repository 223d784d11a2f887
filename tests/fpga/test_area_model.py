"""The fitted area model: the fit itself on made-up machines, and the model that is shipped."""

from dataclasses import replace

import pytest

from tileloom.fpga.area_model import (
    CELLS,
    LEAST_POINTS,
    SHARED,
    TILE,
    Measured,
    errors,
    estimate,
    fitted,
    formula,
    point_targets,
    shared_blocks,
    tile_blocks,
)
from tileloom.fpga.tools import BuildError
from tileloom.hw.spec.config import Target, load_target

FAMILY = "ecp5"
SHARED_LUT = {"one": 4000.0, "port byte": 100.0, "turned bank": 20.0, "tile": 50.0}
TILE_LUT = {"one": 3000.0, "MAC": 40.0, "turned bank": 25.0, "result": 300.0}


def made_up(target: Target, extra: float = 1.0) -> Measured:
    """A machine that follows a formula exactly, but for a factor."""
    shared = sum(SHARED_LUT[name] * of(target, FAMILY) for name, of in SHARED["lut"].items())
    tile = sum(TILE_LUT[name] * of(target, FAMILY) for name, of in TILE["lut"].items())
    macs = target.lanes * target.columns
    return Measured(
        target,
        {"lut": round(shared), "ff": round(shared / 2), "dsp": 0, "bram": round(shared_blocks(target, FAMILY)) + 3},
        {
            "lut": round(tile * extra),
            "ff": 2000 + 50 * macs,
            "dsp": macs + 7 * target.results_per_cycle,
            "bram": round(tile_blocks(target, FAMILY)) + 5,
        },
    )


def test_the_fit_finds_the_formula() -> None:
    """Of machines that follow it: coefficients, and no error for what was left out."""
    points = [made_up(target) for target in point_targets()]
    found = fitted(points, FAMILY)
    assert found["lut"]["shared"] == pytest.approx(SHARED_LUT, rel=0.02)
    assert found["lut"]["tile"] == pytest.approx(TILE_LUT, rel=0.02)
    assert found["dsp"]["tile"] == pytest.approx({"one": 0, "MAC": 1, "result": 7}, abs=0.01)
    assert found["bram"]["shared"] == pytest.approx({"one": 3, "block": 1}, abs=0.01)
    assert found["bram"]["tile"] == pytest.approx({"one": 5, "block": 1}, abs=0.01)
    for error in errors(points, FAMILY).values():
        assert error["largest"] < 0.01


def test_the_error_is_of_points_that_were_left_out() -> None:
    """One machine twice as large as the rest say: its own error is large, although a fit with it is nearer."""
    targets = point_targets()
    points = [made_up(target, 2.0 if index == 3 else 1.0) for index, target in enumerate(targets)]
    assert 0.3 < errors(points, FAMILY)["lut"]["largest"] < 0.6


def test_coefficients_are_not_below_zero() -> None:
    points = [made_up(target, 1 + (index % 3) / 5) for index, target in enumerate(point_targets())]
    found = fitted(points, FAMILY)
    for kind in CELLS:
        for part in found[kind].values():
            assert all(value >= 0 for value in part.values())


def test_block_rams_by_shapes() -> None:
    """Window and residual buffer, weights, sums, slots; staging and map. Short memories become tables."""
    default = load_target("default")
    assert tile_blocks(default, FAMILY) == 2 * 8 + 2 * 4 + 15 + 8 + 2 * 4
    assert shared_blocks(default, FAMILY) == 2 * 4 + 30
    assert shared_blocks(replace(default, map_bytes=0), FAMILY) == 8
    assert shared_blocks(replace(default, map_bytes=0, staging_bursts=2), FAMILY) == 0
    assert tile_blocks(replace(default, residual_bytes=0), FAMILY) == tile_blocks(default, FAMILY) - 8


def test_the_shipped_model() -> None:
    """It says what it was fitted to, grows with the machine, and knows no other family."""
    small, large = (estimate(load_target(name)) for name in ("ulx3s", "default"))
    assert small.lut < large.lut and small.ff < large.ff and small.dsp < large.dsp and small.bram < large.bram
    assert large.dsp >= 256
    assert 0 < large.lut_error < 0.3
    assert "for each tile (" in formula()
    assert 1 + max(map(len, TILE.values())) == LEAST_POINTS
    with pytest.raises(BuildError, match="the area model is fitted for ecp5"):
        estimate(load_target("small"), "xc7")
