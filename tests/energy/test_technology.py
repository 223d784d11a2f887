"""Tables of energies: every number with its source, sizes of memories, files of one's own, refusals."""

from pathlib import Path

import pytest

from tests.face.command import tileloom
from tileloom.document import without_kind
from tileloom.hw.spec.config import load_target
from tileloom.sim.energy.charges import EVENTS
from tileloom.sim.energy.model import energy_of_events
from tileloom.sim.energy.technology import NUMBERS, TABLES, TechnologyError, load_technology, technologies
from tileloom.verbs.technologies import technologies as verb

ASIC = (TABLES / "asic45.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", technologies())
def test_every_number_has_a_source_and_a_range(name: str) -> None:
    table = load_technology(name)
    assert set(table.numbers) == {*NUMBERS, "sram"}
    for number in table.numbers.values():
        assert len(number.source) > 15, number.name
        assert number.figure.calibrated or "our" in number.source or "as " in number.source or not number.figure.high, (
            f"{name}: {number.name} is uncalibrated but does not say what of it is ours"
        )
    assert 0 < len(table.uncalibrated) < len(table.numbers)
    assert (table["board.static_w"].high > 0) == (table.device == "FPGA")


def test_five_technologies() -> None:
    assert technologies() == ["artix7", "asic45", "ecp5", "ice40", "virtex6"]


@pytest.mark.parametrize(("size", "pj"), [(8192, 1.25), (32768, 2.5), (1 << 20, 12.5), (2048, 0.625), (16384, 1.768)])
def test_memories_of_any_size(size: int, pj: float) -> None:
    """The table's own points, and the square root between and below the first two."""
    assert load_technology("asic45").sram_byte(size).value == pytest.approx(pj, rel=1e-3)


@pytest.mark.parametrize("name", technologies())
def test_larger_memories_cost_more(name: str) -> None:
    table = load_technology(name)
    costs = [table.sram_byte(1 << bits).value for bits in range(4, 26)]
    assert costs == sorted(costs)


def test_registers_as_they_were_measured() -> None:
    """Clock and change of a register bit together are what the measurement of the device gave, in pJ a cycle."""
    for name, measured in (("ecp5", (0.230, 0.251)), ("artix7", (0.672, 0.672))):
        table = load_technology(name)
        both = table["register.clock_pj"].value + table["register.toggle_pj"].value
        assert measured[0] * 0.98 <= both <= measured[1] * 1.02


def test_a_table_of_the_users_own(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(ASIC.replace("value = 1393.0", "value = 1000.0"), encoding="utf-8")
    events = dict.fromkeys(EVENTS, 0) | {"memory_weight_bytes": 8}
    report = energy_of_events(events, 0, load_target("default"), load_technology(own))
    assert report.technology.name == "own"
    assert report.units["memory"].value == pytest.approx(1e-9)


@pytest.mark.parametrize(
    ("words", "old", "new"),
    [
        ("must lie within low", "value = 0.2", "value = 9.0"),
        ("must lie within low", "high = 0.55", "high = inf"),
        ("must have 'sram'", "[sram]", "[other]"),
        ("must have 'line.pj_per_bit_mm'", "[line.pj_per_bit_mm]", "[line.other]"),
        ("is not valid TOML", "[sram]", "[sram"),
        ("at least two sizes", "bytes = [8192, 32768, 1048576]", "bytes = [8192]"),
        ("sizes of sram must rise", "bytes = [8192, 32768, 1048576]", "bytes = [8192, 8192, 1048576]"),
        ("device must be ASIC or FPGA", 'device = "ASIC"', 'device = "GPU"'),
        ("must be true or false", "uncalibrated = false\n", "uncalibrated = 0\n"),
    ],
)
def test_bad_tables_are_refused(tmp_path: Path, words: str, old: str, new: str) -> None:
    path = tmp_path / "bad.toml"
    assert old in ASIC
    path.write_text(ASIC.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(TechnologyError, match=words):
        load_technology(path)


def test_unknown_names_are_refused_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(
        TechnologyError, match=r"one of artix7, asic45, ecp5, ice40, virtex6 or a .toml file, not 'asic4'"
    ):
        load_technology("asic4")
    with pytest.raises(TechnologyError, match="cannot be read"):
        load_technology(tmp_path / "none.toml")
    outcome = tileloom("simulate", "lenet5", "--technology", "asic4")
    assert outcome.status == 1
    assert "TL416 asic4: a technology must be one of" in outcome.stderr
    assert outcome.stderr.rstrip().endswith("; the nearest is asic45.")


def test_they_are_listed_and_shown() -> None:
    listed = verb()
    assert [row.name for row in listed.technologies] == technologies()
    assert not listed.numbers
    shown = verb("ecp5")
    assert {row.name for row in shown.numbers} == {*NUMBERS, "sram"}
    for document in (listed, shown):
        assert without_kind(document.to_json()) == []


def test_simulate_tells_technology_board_and_rate() -> None:
    from tileloom.verbs.simulate import simulate

    found = simulate("lenet5", target="small", technology="ecp5", frames_per_second=100.0).energy
    assert found is not None and found.at_rate is not None
    assert found.technology == "ecp5"
    assert sum(unit.joules for unit in found.units) == pytest.approx(found.joules)
    assert sum(unit.share for unit in found.units) == pytest.approx(1.0)
    assert found.joules - found.chip_joules == pytest.approx(next(u.joules for u in found.units if u.unit == "memory"))
    assert found.board_static.watts == 0.6
    assert found.at_rate.low < found.at_rate.watts < found.at_rate.high


def test_a_rate_that_the_machine_does_not_reach_is_refused() -> None:
    outcome = tileloom("simulate", "lenet5", "--target", "small", "--frames-per-second", "1e6")
    assert outcome.status == 1
    assert "TL409 --frames-per-second: the frame rate must be above 0 and at most the" in outcome.stderr
