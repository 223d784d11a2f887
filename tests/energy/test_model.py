"""The energy model: by hand on single events, on a whole program, and its table."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.programs.random_program import random_program
from tileloom.hw.spec.config import load_target, presets
from tileloom.hw.spec.result import Result
from tileloom.sim.cycle.simulate import simulate
from tileloom.sim.energy.charges import CHARGES, EVENTS
from tileloom.sim.energy.model import energy, energy_of_events
from tileloom.sim.energy.technology import TABLES, TechnologyError, load_technology, technologies

DEFAULT = load_target("default")
NO_EVENTS = dict.fromkeys(EVENTS, 0)


def test_one_step_of_the_mac_array_by_hand() -> None:
    """64 multiplications and additions; 16 bytes of a 32 KB window at 20 pJ for 8 bytes; 30 % overhead."""
    report = energy_of_events(NO_EVENTS | {"active_steps": 1}, 0, DEFAULT)
    assert report.units["MAC arrays"].value == pytest.approx(64 * 0.3e-12)
    assert report.units["window buffers"].value == pytest.approx(16 * 2.5e-12)
    assert report.joules.value == pytest.approx(1.3 * (64 * 0.3e-12 + 40e-12))


def test_memory_by_hand() -> None:
    """8 bytes of DRAM take 1.95 nJ, between 1.3 and 2.6, without overhead of the chip."""
    report = energy_of_events(NO_EVENTS | {"memory_weight_bytes": 8}, 0, DEFAULT)
    joules = report.units["memory"]
    assert (joules.low, joules.value, joules.high) == pytest.approx((1.3e-9, 1.95e-9, 2.6e-9))
    assert report.chip_joules.value == 0


def test_leakage_and_power_go_with_time() -> None:
    report = energy_of_events(NO_EVENTS, 200_000_000, DEFAULT)
    assert report.seconds == 1.0
    assert report.watts.value == pytest.approx(256 * 20e-6)


@pytest.mark.parametrize(("size", "pj"), [(8192, 1.25), (32768, 2.5), (1 << 20, 12.5), (2048, 0.625), (16384, 1.768)])
def test_memories_of_any_size(size: int, pj: float) -> None:
    """The table's own points, and the square root between and below the first two."""
    assert load_technology("asic45").sram_byte(size).value == pytest.approx(pj, rel=1e-3)


def test_larger_memories_cost_more() -> None:
    table = load_technology("asic45")
    costs = [table.sram_byte(1 << bits).value for bits in range(4, 26)]
    assert costs == sorted(costs)


@pytest.mark.parametrize("name", presets())
def test_a_whole_program(name: str) -> None:
    target = load_target(name)
    result = simulate(random_program(1, target, 4))
    report = energy(result, target)
    assert set(result.events) >= EVENTS
    assert 0 < report.joules.low < report.joules.value < report.joules.high
    assert report.joules.value == pytest.approx(sum(figure.value for figure in report.units.values()))
    assert report.watts.value == pytest.approx(report.joules.value * target.clock_hz / result.frames[0].cycles)
    assert all(figure.value >= 0 for figure in report.units.values())
    assert "range -" in report.basis and "overhead" in report.basis


@pytest.mark.parametrize("event", sorted(EVENTS))
def test_every_event_costs(event: str) -> None:
    report = energy_of_events(NO_EVENTS | {event: 1000}, 0, DEFAULT)
    assert report.joules.value > 0
    units = {charge.unit for charge in CHARGES if charge.event == event}
    assert {unit for unit, joules in report.units.items() if joules.value > 0} - {"clock and control"} == units


def test_every_number_has_a_source() -> None:
    for name in technologies():
        table = load_technology(name)
        assert table.sources and all(len(source.source) > 20 for source in table.sources)
        assert {"sram", "dram", "overhead", "leakage", *table.operations_pj} == {s.name for s in table.sources}


def test_a_table_of_the_users_own(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text((TABLES / "asic45.toml").read_text().replace("pj_per_64_bits = 1950.0", "pj_per_64_bits = 1500.0"))
    report = energy_of_events(NO_EVENTS | {"memory_weight_bytes": 8}, 0, DEFAULT, load_technology(own))
    assert report.technology == "own"
    assert report.joules.value == pytest.approx(1.5e-9)


def test_bad_tables_and_results_are_refused(tmp_path: Path) -> None:
    text = (TABLES / "asic45.toml").read_text()
    bad = {
        "must lie within low": text.replace("value = 0.2", "value = 9.0"),
        "must have 'sram'": text.replace("[sram]", "[other]"),
        "is not valid TOML": text + "]",
        "at least two sizes": text.replace("bytes = [8192, 32768, 1048576]", "bytes = [8192]"),
    }
    for words, changed in bad.items():
        path = tmp_path / "bad.toml"
        path.write_text(changed)
        with pytest.raises(TechnologyError, match=words):
            load_technology(path)
    with pytest.raises(TechnologyError, match="technology 'asic7' is not known; use one of asic45"):
        load_technology("asic7")
    with pytest.raises(TechnologyError, match="cannot be read"):
        load_technology(tmp_path / "none.toml")
    with pytest.raises(TechnologyError, match="needs the cycles of a frame, which engine 'functional' does not give"):
        energy(Result(engine="functional"), DEFAULT)
    result = simulate(random_program(1, DEFAULT, 1))
    with pytest.raises(TechnologyError, match=r"needs counts of accumulator_reads, .*active_steps"):
        energy(replace(result, events={}), DEFAULT)
