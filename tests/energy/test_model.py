"""The energy model: by hand on single events, on a whole program, at a frame rate."""

from dataclasses import replace

import pytest

from tests.programs.random_program import random_program
from tileloom.hw.spec.config import load_target, presets
from tileloom.hw.spec.result import Result
from tileloom.sim.cycle.simulate import simulate
from tileloom.sim.energy.charges import CHARGES, DRIVERS, EVENTS, Part, driven, memory_bits, tile_pitch_mm
from tileloom.sim.energy.factors import UNCOUNTED, Factors, UnitFactors
from tileloom.sim.energy.figure import NOTHING, Figure
from tileloom.sim.energy.model import EnergyReport, energy, energy_of_events, leakage_watts
from tileloom.sim.energy.registers import register_bits
from tileloom.sim.energy.technology import TechnologyError, load_technology, technologies
from tileloom.verbs.targets import on_chip_bytes

DEFAULT = load_target("default")
NO_EVENTS = dict.fromkeys(EVENTS, 0)


def spent(events: dict[str, int], cycles: int = 0, factors: Factors = UNCOUNTED) -> EnergyReport:
    return energy_of_events(NO_EVENTS | events, cycles, DEFAULT, factors=factors)


def test_one_step_of_the_mac_array_by_hand() -> None:
    """64 multiplications and additions."""
    report = spent({"active_steps": 1})
    assert report.units["MAC arrays"].value == pytest.approx(64 * 0.3e-12)
    assert report.joules.value == pytest.approx(64 * 0.3e-12)


def test_a_cycle_of_the_buffers_by_hand() -> None:
    """Two memories of 1,024 words of 16 bytes in each of 4 tiles, 10 pJ for 8 bytes, read whether needed or not."""
    assert spent({}, 1).units["window buffers"].value == pytest.approx(4 * 2 * 16 * 1.25e-12)
    assert spent({}, 1).units["weight rings"].value == pytest.approx(4 * 64 * 1.25e-12 / 2**0.5)
    assert spent({"window_bytes_written": 1}).units["window buffers"].value == pytest.approx(1.25e-12)


def test_factors_by_hand() -> None:
    """Half of the product bits change, memories read a quarter, and three register bits change with each product."""
    factors = Factors(
        {"MAC arrays": UnitFactors(0.5, toggles=3.0, besides=7.0), "window buffers": UnitFactors(accesses=0.25)},
        0.8,
        1.5,
        "here",
    )
    report = spent({"active_steps": 1, "window_bytes_written": 1}, factors=factors)
    assert report.units["MAC arrays"].value == pytest.approx(64 * (0.15e-12 + 3 * 0.01e-12))
    assert report.units["MAC arrays"].high == pytest.approx(1.5 * 64 * (0.5 * 0.7e-12 + 3 * 0.025e-12))
    assert report.units["window buffers"].value == pytest.approx(0.25 * 1.25e-12)
    assert spent({}, 10, factors).units["MAC arrays"].value == pytest.approx(10 * 4 * 7 * 0.01e-12)


def test_memory_and_its_port_by_hand() -> None:
    """8 bytes of DRAM take 1.95 nJ in all, of which 0.557 on the chip."""
    report = spent({"memory_weight_bytes": 8})
    assert report.joules.value == pytest.approx(1.95e-9)
    assert report.units["memory"].value == pytest.approx(1.393e-9)
    assert report.chip_joules.value == report.units["DRAM port"].value == pytest.approx(0.557e-9)


def test_a_byte_on_the_weight_line_by_hand() -> None:
    """Half of 8 bits change on a wire of four tile pitches."""
    pitch = tile_pitch_mm(DEFAULT, load_technology("asic45"))
    bits = memory_bits(DEFAULT) - 8 * (DEFAULT.map_bytes + DEFAULT.staging_bytes)
    area = 4 * 64 * 64 + 12 * register_bits(DEFAULT).value / 4 + 0.7 * bits / 4
    assert pitch == pytest.approx(area**0.5 / 1000)
    assert spent({"weight_line_bytes": 1}).units["lines"].value == pytest.approx(4 * 0.1e-12 * 4 * pitch)


def test_local_lines_are_shorter_than_global_ones() -> None:
    entry = spent({"entries_sent": 1}).units["lines"].value
    assert entry == pytest.approx(32 * spent({"weight_line_bytes": 1}).units["lines"].value / 4)


def test_memories_counted_here_and_by_the_targets() -> None:
    assert memory_bits(DEFAULT) == 8 * on_chip_bytes(DEFAULT)


def test_clock_and_leakage_go_with_time() -> None:
    report = spent({}, 200_000_000)
    assert report.seconds == 1.0
    bits = register_bits(DEFAULT).value
    assert report.units["clock"].value == pytest.approx(bits * 0.006e-12 * 200e6)
    leakage = bits * 60e-9 + 256 * 64 * 23e-9 + memory_bits(DEFAULT) * 2e-9
    assert report.units["leakage"].value == pytest.approx(leakage)
    assert report.watts.value == pytest.approx(sum(figure.value for figure in report.units.values()))


def test_power_at_a_frame_rate() -> None:
    """At the machine's own rate it is the frame's mean; at a rate of nearly 0 what clock and leakage take."""
    report = spent({"active_steps": 10_000, "memory_weight_bytes": 4000}, 50_000)
    assert report.watts_at(1 / report.seconds).value == pytest.approx(report.watts.value)
    steady = (report.units["clock"].value + report.units["leakage"].value) / report.seconds
    assert report.watts_at(1e-9).value == pytest.approx(steady)


def test_the_board_is_in_no_sum() -> None:
    events = NO_EVENTS | {"active_steps": 5}
    report = energy_of_events(events, 1000, DEFAULT, "virtex6")
    assert report.board_watts.value == 4.0
    assert report.joules.value == pytest.approx(sum(figure.value for figure in report.units.values()))
    assert report.units["leakage"].value == pytest.approx(report.seconds * 2.0)
    assert not leakage_watts(DEFAULT, load_technology("virtex6")).calibrated


@pytest.mark.parametrize(
    ("name", "technology"), [*((name, "asic45") for name in presets()), *(("odd", name) for name in technologies())]
)
def test_a_whole_program(name: str, technology: str) -> None:
    target = load_target(name)
    result = simulate(random_program(1, target, 4))
    report = energy(result, target, technology)
    assert set(result.events) >= EVENTS
    assert 0 < report.joules.low < report.joules.value < report.joules.high
    assert report.joules.value == pytest.approx(sum(figure.value for figure in report.units.values()))
    assert report.watts.value == pytest.approx(report.joules.value * target.clock_hz / result.frames[0].cycles)
    assert all(figure.value >= 0 for figure in report.units.values())
    assert "range -" in report.basis and "window buffers" in report.basis


@pytest.mark.parametrize("event", sorted(EVENTS))
def test_every_event_costs_its_units(event: str) -> None:
    factors = Factors({driver.unit: UnitFactors(toggles=1.0) for driver in DRIVERS}, 1, 1, "here")
    report = spent({event: 1000}, factors=factors)
    units = {charge.unit for charge in CHARGES if charge.event == event}
    units |= {driver.unit for driver in DRIVERS if driver.event == event}
    assert {unit for unit, joules in report.units.items() if joules.value > 0} == units


def test_arithmetic_and_accesses_have_drivers() -> None:
    """What the RTL's activity calibrates is driven by something, so that its registers can be told, too."""
    calibrated = {charge.unit for charge in CHARGES if charge.part in (Part.ARITHMETIC, Part.ACCESSES)}
    assert calibrated <= {driver.unit for driver in DRIVERS}
    assert driven("MAC arrays", NO_EVENTS | {"active_steps": 2}, DEFAULT) == 128


def test_figures_know_whether_they_are_calibrated() -> None:
    published, mine = Figure(1.0, 0.5, 2.0), Figure(1.0, 0.0, 3.0, calibrated=False)
    assert published + published == Figure(2.0, 1.0, 4.0)
    assert not (published + mine).calibrated
    assert not published.times(mine).calibrated
    assert (published + mine * 0).calibrated
    assert (NOTHING + published).calibrated


def test_results_without_counts_are_refused() -> None:
    with pytest.raises(TechnologyError, match="needs the cycles of a frame, which engine 'functional' does not give"):
        energy(Result(engine="functional"), DEFAULT)
    result = simulate(random_program(1, DEFAULT, 1))
    with pytest.raises(TechnologyError, match=r"needs counts of accumulator_writes, active_steps"):
        energy(replace(result, events={}), DEFAULT)
