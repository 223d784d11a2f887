"""The report's panel of power: units with their ranges, technology, rate, and the board apart."""

from dataclasses import replace

import pytest

from tileloom.energy_figures import EnergyFigures
from tileloom.report.power import power, sums
from tileloom.verbs.simulate import simulate


@pytest.fixture(scope="module")
def figures() -> EnergyFigures:
    """Of a small network on an FPGA."""
    found = simulate("digits_modern", target="small", technology="ecp5", frames_per_second=100.0).energy
    assert found is not None
    return found


def test_every_unit_has_a_bar_with_its_range(figures: EnergyFigures) -> None:
    drawn = power(figures)
    assert drawn.startswith("<svg ")
    for unit in figures.units:
        assert f">{unit.unit}<" in drawn
    assert drawn.count("<rect") == drawn.count("<polyline") == len(figures.units)
    assert "MAC arrays: " in drawn and "uncalibrated" in drawn


def test_what_stands_below(figures: EnergyFigures) -> None:
    words = "\n".join(sums(figures))
    assert "Technology ecp5: Lattice ECP5" in words
    assert "At 100 frames a second: " in words
    assert "Board, static, apart from all this: 600 mW (300 mW to 1.50 W), uncalibrated" in words


def test_a_chip_has_no_board_and_no_rate_unless_asked(figures: EnergyFigures) -> None:
    board = replace(figures.board_static, watts=0.0, low=0.0, high=0.0)
    words = "\n".join(sums(replace(figures, board_static=board, at_rate=None)))
    assert "Board" not in words and "frames a second" not in words


def test_a_run_without_energy_has_no_panel() -> None:
    assert power(None) == ""
