"""The SDRAM controller keeps every rule of the chip, whatever is asked of it and whenever.

Its times are cut to a few cycles, so that all of them matter within the proof; the component is otherwise the board's.
"""

from dataclasses import replace
from typing import Any

import pytest
from amaranth.hdl import Assert, Cover, Module, Mux, Signal, Value

from tests.formal.faults import planted
from tests.formal.proof import Proof, assume, before, constant
from tests.formal.run import Depths, check, refuted
from tileloom.fpga.sdram_chip import ULX3S_CHIP, SdramCycles
from tileloom.fpga.sdram_controller import SdramController
from tileloom.fpga.sdram_pins import PRECHARGE_ALL, Command

CYCLES = SdramCycles(
    power_up=1,
    initial_refreshes=1,
    precharge=2,
    row_to_column=2,
    row_open=4,
    row_cycle=7,
    refresh_cycle=3,
    bank_to_bank=3,
    write_to_precharge=3,
    mode=2,
    refresh_interval=10,
    latency=2,
)
CHIP = replace(ULX3S_CHIP, name="formal", row_bits=11, column_bits=2)
"""As small as an address with the bit of PRECHARGE ALL can be."""
DEPTHS = Depths(26, seconds=1200)
AGES = 5
"""Bits of the counts of cycles since a command; they stop at their end."""


class ControllerProof(Proof):
    """One bank, any, is watched on the wires; the times of all banks together, too."""

    def __init__(self, kind: Any = SdramController) -> None:
        super().__init__(kind(CHIP, 100_000_000, 0, 1, CYCLES))

    def properties(self, m: Module, component: Any) -> None:
        self._keep_streams(m, component)
        pins = component.pins
        bank = constant(m, 2, "bank")
        given = {command: Signal(name=f"gives_{command.name}") for command in Command}
        m.d.comb += [signal.eq(pins.command == command) for command, signal in given.items()]
        here = pins.bank == bank
        precharged = given[Command.PRECHARGE] & (here | ((pins.address & PRECHARGE_ALL) != 0))
        activated, accessed = given[Command.ACTIVATE] & here, Signal()
        m.d.comb += accessed.eq(given[Command.READ] | given[Command.WRITE])
        is_open = Signal()
        with m.If(activated):
            m.d.sync += is_open.eq(1)
        with m.Elif(precharged):
            m.d.sync += is_open.eq(0)
        since = {
            name: self._age(m, event, name)
            for name, event in {
                "active": activated,
                "precharge": precharged,
                "read_here": given[Command.READ] & here,
                "written_here": given[Command.WRITE] & here,
                "any_active": given[Command.ACTIVATE],
                "any_access": accessed,
                "any_read": given[Command.READ],
                "refresh": given[Command.REFRESH],
                "mode": given[Command.LOAD_MODE],
            }.items()
        }
        c = CYCLES
        quiet = (since["refresh"] >= c.refresh_cycle) & (since["mode"] >= c.mode)
        with m.If(pins.command != Command.NOTHING):
            m.d.comb += Assert(quiet)
        with m.If(activated):
            m.d.comb += [
                Assert(~is_open),
                Assert(since["precharge"] >= c.precharge),
                Assert(since["active"] >= c.row_cycle),
                Assert(since["any_active"] >= c.bank_to_bank),
            ]
        with m.If(accessed):
            m.d.comb += Assert(since["any_access"] >= 2)
            with m.If(here):
                m.d.comb += [Assert(is_open), Assert(since["active"] >= c.row_to_column)]
        with m.If(precharged & is_open):
            m.d.comb += [
                Assert(since["active"] >= c.row_open),
                Assert(since["read_here"] >= 2),
                Assert(since["written_here"] >= c.write_to_precharge),
            ]
        with m.If(given[Command.REFRESH] | given[Command.LOAD_MODE]):
            m.d.comb += [Assert(~is_open), Assert(since["precharge"] >= c.precharge)]
        written = before(m, given[Command.WRITE], "written")
        m.d.comb += Assert(pins.data_enable == (given[Command.WRITE] | written))
        with m.If(pins.data_enable):
            m.d.comb += Assert((since["any_read"] < c.latency) | (since["any_read"] > c.latency + 2))
        m.d.comb += [
            Cover(given[Command.WRITE] & (since["any_read"] == c.latency + 3)),
            Cover(activated & (since["precharge"] == c.precharge) & ~since["active"].all()),
            Cover(given[Command.REFRESH] & ~since["any_access"].all()),
        ]

    def _keep_streams(self, m: Module, component: Any) -> None:
        """What is offered stays until it is taken."""
        for name, port in (("request", component.request), ("write", component.write)):
            waits = before(m, port.valid & ~port.ready, f"{name}_waits")
            kept = before(m, Value.cast(port.payload), f"{name}_kept")
            assume(m, ~waits | (port.valid & (Value.cast(port.payload) == kept)))

    def _age(self, m: Module, event: Value, name: str) -> Signal:
        """Cycles since the event: 1 in the next cycle."""
        age = Signal(AGES, name=f"since_{name}", init=-1)
        m.d.sync += age.eq(Mux(event, 1, Mux(age.all(), age, age + 1)))
        return age


@pytest.mark.full
def test_every_rule() -> None:
    check(ControllerProof(), DEPTHS)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("activated = Wait(self.cycles.bank_to_bank)", "activated = Wait(1)"),
        ("latency + BURST_WORDS + 1)", "latency + BURST_WORDS)"),
        ('self._of(place, "may_activate") & activated.over', "activated.over"),
        ("m.submodules.accessed = accessed = Wait(BURST_WORDS)", "m.submodules.accessed = accessed = Wait(1)"),
    ],
)
@pytest.mark.full
def test_faults_are_found(right: str, wrong: str) -> None:
    assert "Assert failed" in refuted(ControllerProof(planted(SdramController, right, wrong)), DEPTHS)
