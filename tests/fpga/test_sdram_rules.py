"""Every rule of the SDRAM chip is checked: command by command, and by controllers that break one of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from tests.formal.faults import planted
from tests.fpga.sdram_bench import SdramBench, random_traffic
from tests.fpga.test_sdram_memory import CHIP, ULX3S
from tileloom.fpga import sdram_controller, sdram_memory
from tileloom.fpga.sdram_bank import SdramBank
from tileloom.fpga.sdram_chip import SdramChip, cycles_of
from tileloom.fpga.sdram_controller import SdramController
from tileloom.fpga.sdram_memory import SdramMemory
from tileloom.fpga.sdram_pins import PRECHARGE_ALL, Command
from tileloom.fpga.sdram_simulation import SimulatedSdram, Wires
from tileloom.fpga.sdram_start import SdramStart, mode_word

CLOCK_HZ = 100_000_000
NOTHING = Wires()


def script(text: str) -> list[Wires]:
    """A line of commands as edges: ``A0 .3 R0``: ACTIVE of bank 0, three edges of nothing, READ of bank 0.

    A: ACTIVE, R: READ, W: WRITE with both words, w: WRITE whose second word is missing, P: PRECHARGE, X: PRECHARGE ALL,
    F: REFRESH, M<CAS latency>: LOAD MODE, T: BURST TERMINATE, a: READ with auto precharge, o: READ of an odd column,
    D: an edge with a word from the controller, H<edges>: a masked pause.
    """
    edges: list[Wires] = []
    for item in text.split():
        kind, number = item[0], int(item[1:] or 0)
        match kind:
            case ".":
                edges += [NOTHING] * number
            case "H":
                edges += [Wires(mask=3)] * number
            case "W":
                edges += [Wires(Command.WRITE, number, data_enable=1), Wires(data_enable=1)]
            case "w":
                edges += [Wires(Command.WRITE, number, data_enable=1), NOTHING]
            case "X":
                edges.append(Wires(Command.PRECHARGE, address=PRECHARGE_ALL))
            case "M":
                edges.append(Wires(Command.LOAD_MODE, address=mode_word(number)))
            case "a":
                edges.append(Wires(Command.READ, number, address=PRECHARGE_ALL))
            case "o":
                edges.append(Wires(Command.READ, number, address=1))
            case "D":
                edges.append(Wires(data_enable=1))
            case "T":
                edges.append(Wires(0b100))
            case _:
                command = {"A": Command.ACTIVATE, "R": Command.READ, "P": Command.PRECHARGE, "F": Command.REFRESH}[kind]
                edges.append(Wires(command, number))
    return edges


CHANGED: dict[str, dict[str, Any]] = {"tRC": {"row_cycle_ns": 80}, "tRAS": {"refresh_interval_ns": 1e6}}
"""Where the chip's other rules would be broken first."""
REFRESHES = "F .6 " * 8
START = f"H200 X .2 {REFRESHES} M2 .1 "


@pytest.mark.parametrize(
    ("rule", "good", "bad"),
    [
        ("power-up", "H199 X", "H198 X"),
        ("mask", "H200 X", "H150 .1"),
        ("start", START + "A0", f"H200 X .2 {'F .6 ' * 7} M2 .1 A0"),
        ("start", START + "A0", f"H200 X .2 {REFRESHES} A0"),
        ("start", START + "A0", f"H200 {REFRESHES} M2 .1 A0"),
        ("mode", START + "A0", f"H200 X .2 {REFRESHES} M1 .1 A0"),
        ("tMRD", START + "A0", f"H200 X .2 {REFRESHES} M2 A0"),
        ("tRCD", START + "A0 .2 R0", START + "A0 .1 R0"),
        ("tRAS", START + "A0 .4 P0", START + "A0 .3 P0"),
        ("tRC", START + "A0 .4 P0 .2 A0", START + "A0 .4 P0 .1 A0"),
        ("tRP", START + "A0 .6 P0 .1 A0", START + "A0 .6 P0 A0"),
        ("tRP", START + "A0 .6 P0 .1 F", START + "A0 .6 P0 F"),
        ("tRRD", START + "A0 .1 A1", START + "A0 A1"),
        ("tRFC", START + "F .6 A0", START + "F .5 A0"),
        ("tRFC", START + "F .6 F", START + "F .5 F"),
        ("tWR", START + "A0 .4 W0 .1 P0", START + "A0 .4 W0 P0"),
        ("bank", START + "A0 .6 P0 .1 A0", START + "A0 .9 A0"),
        ("bank", START + "A0 .2 R0", START + "A0 .2 R1"),
        ("bank", START + "A0 .2 W0", START + "A0 .9 P0 .4 W0"),
        ("bank", START + "A0 .5 X .2 F", START + "A0 .9 F"),
        ("bank", START + "A0 .5 X .2 M2", START + "A0 .9 M2"),
        ("burst", START + "A0 .2 R0 .1 R0", START + "A0 .2 R0 R0"),
        ("burst", START + "A0 .6 R0 .1 P0", START + "A0 .6 R0 P0"),
        ("burst", START + "A0 .2 R0", START + "A0 .2 o0"),
        ("data", START + "A0 .2 W0", START + "A0 .2 w0"),
        ("turnaround", START + "A0 .2 R0 .4 W0", START + "A0 .2 R0 .3 W0"),
        ("turnaround", START + "A0 .2 R0 .4 D", START + "A0 .2 R0 .1 D"),
        ("command", START + "A0 .2 R0", START + "A0 .2 a0"),
        ("command", START, START + "T"),
        ("tREFI", START + ".780 F .780 F .780 F", START + ".1600"),
        ("tRAS", START + "A1 .9990 P1", START + "A1 .10000 P1"),
    ],
)
def test_rule(rule: str, good: str, bad: str) -> None:
    """A sequence that keeps all rules, and one that breaks one."""
    for text, expected in ((good, ""), (bad, rule)):
        chip = SimulatedSdram(replace(CHIP, **CHANGED.get(rule, {})), CLOCK_HZ)
        for wires in script(text):
            chip.step(wires)
        assert chip.problem.split(":")[0] == expected, chip.problem
        chip.close()


def test_what_is_written_is_read() -> None:
    """Words with masks; noise where nobody drives."""
    chip = SimulatedSdram(CHIP, CLOCK_HZ)
    for wires in script(START + "A2 .2"):
        chip.step(wires)
    chip.step(Wires(Command.WRITE, 2, 6, mask=0b10, data=0xABCD, data_enable=1))
    chip.step(Wires(mask=0b01, data=0x1234, data_enable=1))
    found = []
    chip.step(Wires(Command.READ, 2, 6))
    for _ in range(4):
        found.append(chip.data)
        chip.step(NOTHING)
    assert found[1:3] == [0x00CD, 0x1200]
    assert len({found[0], found[3], 0x00CD, 0x1200}) == 4
    assert chip.problem == ""
    chip.close()


@contextmanager
def with_fault(component: type, right: str, wrong: str) -> Iterator[None]:
    """The controller with one line of a component changed."""
    broken = planted(component, right, wrong)
    module = sdram_memory if component is SdramController else sdram_controller
    kept = getattr(module, component.__name__)
    setattr(module, component.__name__, broken)
    try:
        yield
    finally:
        setattr(module, component.__name__, kept)


SLOW = replace(CHIP, bank_to_bank_ns=45, row_open_ns=80, row_cycle_ns=90, mode_cycles=8, refresh_interval_ns=2000)
"""Some times so long that no other one implies them."""


def traffic(chip: SdramChip = CHIP, clock_hz: int = CLOCK_HZ, **changed: Any) -> None:
    """Random traffic of a memory whose idea of the chip's times is too small by ``changed`` cycles."""
    right = cycles_of(chip, clock_hz)
    cycles = replace(right, **{name: getattr(right, name) + value for name, value in changed.items()})
    bench = SdramBench(SdramMemory(ULX3S, chip, clock_hz, 2, cycles), chip, clock_hz, 2)
    bench.run(*random_traffic(bench, 1, 40, 0.1, span=1 << 14))


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"power_up": -5}, "power-up"),
        ({"initial_refreshes": -1}, "start"),
        ({"precharge": -1}, "tRP"),
        ({"row_to_column": -1}, "tRCD"),
        ({"row_open": -1}, "tRAS"),
        ({"refresh_cycle": -1}, "tRFC"),
        ({"bank_to_bank": -1}, "tRRD"),
        ({"write_to_precharge": -1}, "tWR"),
        ({"mode": -4}, "tMRD"),
        ({"refresh_interval": 100}, "tREFI"),
    ],
)
def test_a_time_too_short_is_noticed(changed: dict[str, int], rule: str) -> None:
    """A controller with one time wrong by little."""
    with pytest.raises(AssertionError, match=rf"^{rule}:"):
        traffic(SLOW, **changed)


def test_the_right_times_are_enough() -> None:
    """The same traffic, with nothing wrong."""
    traffic()
    traffic(SLOW)


def test_a_wrong_latency_is_noticed() -> None:
    """A latency too short for the clock is refused by the chip; words taken too soon or too late are wrong."""
    with pytest.raises(AssertionError, match=r"^mode: the clock is too fast"):
        traffic(clock_hz=133_000_000, latency=-1)
    for pads in (1, 3):
        bench = SdramBench(SdramMemory(ULX3S, CHIP, CLOCK_HZ, 2), CHIP, CLOCK_HZ, pads)
        with pytest.raises(AssertionError, match=r"^(read|host) at"):
            bench.run(*random_traffic(bench, 1, 20, 0.1))


FAULTS = (
    (SdramController, "self.write.valid & has_read.over", "self.write.valid", "turnaround|read at"),
    (SdramController, "latency + BURST_WORDS + 1)", "latency + BURST_WORDS)", "turnaround"),
    (SdramController, "accessed = Wait(BURST_WORDS)", "accessed = Wait(1)", "burst"),
    (SdramController, "bank.is_open & (bank.open_row == place.row)", "bank.is_open", "(read|host) at"),
    (SdramController, "pins.data_enable.eq(written | second)", "pins.data_enable.eq(written)", "data"),
    (SdramController, "pins.mask.eq(second_mask)", "pins.mask.eq(0)", "(read|host) at"),
    (
        SdramController,
        "with m.If(~self._start.done):\n            m.d.sync += pins.mask.eq(0b11)",
        "with m.If(0):\n            pass",
        "mask",
    ),
    (SdramController, "self._address.eq(PRECHARGE_ALL)]", "self._address.eq(0)]", "tREFI"),
    (SdramController, "self._address.eq(place.column << 1)", "self._address.eq(place.column << 1 | 1)", "burst"),
    (SdramController, "all_banks = self._address", "all_banks = ~self._address", "bank|the memory hangs"),
    (SdramBank, "has_read = Wait(BURST_WORDS)", "has_read = Wait(1)", "burst"),
    (SdramBank, "row_open.over & has_read.over", "has_read.over", "tRAS"),
    (SdramBank, "self.may_access.eq(activated.over)", "self.may_access.eq(1)", "tRCD"),
    (SdramStart, "self.address.eq(PRECHARGE_ALL)", "self.address.eq(0)", "start"),
    (SdramStart, "mode_word(cycles.latency)", "mode_word(cycles.latency) | 2", "mode"),
)


@pytest.mark.parametrize(("component", "right", "wrong", "rule"), FAULTS, ids=[fault[2][:40] for fault in FAULTS])
def test_a_planted_fault_is_noticed(component: type, right: str, wrong: str, rule: str) -> None:
    """A controller with one line changed."""
    with with_fault(component, right, wrong), pytest.raises(AssertionError, match=rf"^({rule})"):
        traffic(SLOW)
