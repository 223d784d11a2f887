"""The register port keeps to AXI4-Lite under any master that does: answers wait unchanged, one for each access."""

from typing import Any

import pytest
from amaranth.hdl import Assert, Cat, Cover, Module, Signal

from tests.formal.faults import planted
from tests.formal.proof import Proof, assume, before
from tests.formal.run import Depths, check, refuted
from tests.formal.small_target import SMALL
from tileloom.fpga.word_bridge import WordBridge
from tileloom.hw.registers_axi import RegistersAxi
from tileloom.hw.run_control import RunControl
from tileloom.hw.watchdog import Watchdog

SETTINGS = ("window_base", "window_bytes", "program_address", "program_bytes")


class RegistersProof(Proof):
    """The slave."""

    def __init__(self, kind: Any = RegistersAxi) -> None:
        super().__init__(kind(SMALL))

    def properties(self, m: Module, component: Any) -> None:
        bus = component.bus
        channels = {
            "aw": (bus.awvalid, bus.awready, bus.awaddr),
            "w": (bus.wvalid, bus.wready, Cat(bus.wdata, bus.wstrb)),
            "ar": (bus.arvalid, bus.arready, bus.araddr),
            "b": (bus.bvalid, bus.bready, bus.bresp),
            "r": (bus.rvalid, bus.rready, Cat(bus.rdata, bus.rresp)),
        }
        passed = {name: Signal(4, name=f"passed_{name}") for name in channels}
        for name, (valid, ready, payload) in channels.items():
            waits = before(m, valid & ~ready, f"{name}_waits")
            kept = before(m, payload, f"{name}_payload")
            stable = ~waits | (valid & (payload == kept))
            if name in ("aw", "w", "ar"):
                assume(m, stable)
            else:
                m.d.comb += Assert(stable)
            m.d.sync += passed[name].eq(passed[name] + (valid & ready))
        m.d.comb += [
            Assert(~bus.bvalid | ((passed["aw"] != passed["b"]) & (passed["w"] != passed["b"]))),
            Assert(~bus.rvalid | (passed["ar"] != passed["r"])),
            Assert(passed["aw"] - passed["b"] <= 2),
            Assert(passed["ar"] - passed["r"] <= 1),
            Assert(~component.start | ~before(m, component.start, "start")),
            Cover((passed["b"] == 2) & (passed["r"] == 2)),
            Cover(component.start & ~component.abort),
        ]
        # Settings change only by a write while the machine is not busy.
        settings = Signal(128)
        m.d.comb += settings.eq(Cat(getattr(component, name) for name in SETTINGS))
        was_busy, kept_settings = before(m, component.busy, "busy"), before(m, settings, "settings")
        m.d.comb += Assert(~was_busy | (settings == kept_settings))
        m.d.comb += Assert((component.window_base[:12] == 0) & (component.program_bytes[:2] == 0))
        m.d.comb += Cover(settings != kept_settings)


class BridgeProof(Proof):
    """The board's master, between the host link and the registers or the memory."""

    def __init__(self, kind: Any = WordBridge) -> None:
        super().__init__(kind())

    def properties(self, m: Module, component: Any) -> None:
        bus, memory, axi = component.bus, component.memory, component.registers
        access = Cat(bus.register, bus.write, bus.address, bus.write_data)
        waits = before(m, bus.request & ~bus.done, "waits")
        assume(m, ~waits | (bus.request & (access == before(m, access, "access"))), ~memory.done | memory.request)
        reads = Signal(3)  # accepted and not answered
        address_taken, data_taken = Signal(), Signal()
        for name, valid, ready, payload in (
            ("aw", axi.awvalid, axi.awready, axi.awaddr),
            ("w", axi.wvalid, axi.wready, Cat(axi.wdata, axi.wstrb)),
            ("ar", axi.arvalid, axi.arready, axi.araddr),
        ):
            held = before(m, valid & ~ready, f"{name}_waits")
            m.d.comb += Assert(~held | (valid & (payload == before(m, payload, f"{name}_payload"))))
        answer = axi.bvalid & axi.bready
        with m.If(answer):
            m.d.sync += [address_taken.eq(0), data_taken.eq(0)]
        with m.Else():
            m.d.sync += address_taken.eq(address_taken | (axi.awvalid & axi.awready))
            m.d.sync += data_taken.eq(data_taken | (axi.wvalid & axi.wready))
        m.d.sync += reads.eq(reads + (axi.arvalid & axi.arready) - (axi.rvalid & axi.rready))
        # A slave answers what it has taken.
        assume(m, ~axi.bvalid | (address_taken & data_taken), ~axi.rvalid | (reads != 0))
        m.d.comb += [
            Assert(~(axi.awvalid & address_taken) & ~(axi.wvalid & data_taken)),
            Assert(reads <= 1),
            Assert(~axi.arvalid | (reads == 0)),
            Assert(~bus.done | bus.request),
            Assert(~memory.request | (bus.request & ~bus.register)),
            Assert(~(bus.done & bus.register) | answer | (axi.rvalid & axi.rready)),
            Assert(~(answer | (axi.rvalid & axi.rready)) | bus.done),
            Cover(bus.done & bus.register & bus.write),
            Cover(bus.done & bus.register & ~bus.write & (bus.read_data == 5)),
            Cover(bus.done & ~bus.register),
        ]


class RunProof(Proof):
    """A run: reset, strobe, running, halt until all bursts are over; then a new one can begin."""

    def __init__(self, kind: Any = RunControl) -> None:
        super().__init__(kind())

    def properties(self, m: Module, component: Any) -> None:
        names = ("soft_reset", "strobe", "running")
        states = {name: getattr(component, name) for name in names}
        was = {name: before(m, state, f"{name}") for name, state in states.items()}
        ends = component.running & (
            component.finished
            | (component.sequencer_error != 0)
            | (component.memory_error != 0)
            | component.watchdog_expired
            | component.abort
        )
        accepted = before(m, component.start & ~component.busy, "accepted")
        ended = before(m, ends, "ends")
        drained = before(m, component.drained & component.halt & component.busy & ~component.soft_reset, "drained")
        cycles = before(m, component.cycles, "cycles")
        m.d.comb += [
            Assert(component.soft_reset == accepted),
            Assert(component.strobe == was["soft_reset"]),
            Assert(component.running == (was["strobe"] | (was["running"] & ~ended))),
            Assert(sum(states.values()) <= 1),
            Assert(~component.running | (component.busy & ~component.halt)),
            Assert(~ended | (component.halt & component.busy & (component.done ^ (component.error != 0)))),
            Assert(~was["strobe"] | (component.cycles == 1)),
            Assert(~(was["running"] & component.running) | (component.cycles == (cycles + 1)[:32])),
            Assert(~before(m, component.busy, "busy") | component.busy | drained),
            Cover(ended & component.done),
            Cover(ended & (component.error == 5)),
            Cover(accepted & (component.cycles == 2)),
        ]


class WatchdogProof(Proof):
    """Against a count of the cycles without progress."""

    CYCLES = 4

    def __init__(self, kind: Any = Watchdog) -> None:
        super().__init__(kind(self.CYCLES))

    def properties(self, m: Module, component: Any) -> None:
        still = Signal(3)  # running cycles without progress before this one, since the last report
        stands = component.running & ~component.progress
        with m.If(stands & ~component.expired):
            m.d.sync += still.eq(still + 1)
        with m.Else():
            m.d.sync += still.eq(0)
        m.d.comb += Assert(component.expired == (stands & (still == self.CYCLES - 1)))
        m.d.comb += Cover(component.expired)


PROOFS = [
    (RegistersProof, Depths(9, covers=12)),
    (BridgeProof, Depths(12)),
    (RunProof, Depths(14)),
    (WatchdogProof, Depths(14)),
]


@pytest.mark.parametrize(("proof", "depths"), PROOFS)
def test_control(proof: Any, depths: Depths) -> None:
    check(proof(), depths)


@pytest.mark.parametrize(
    ("proof", "component", "right", "wrong"),
    [
        (
            RegistersProof,
            RegistersAxi,
            "write.eq(have_address & have_data & ~bus.bvalid)",
            "write.eq(have_address & have_data)",
        ),
        (RegistersProof, RegistersAxi, "strobe[byte] & ~self.busy", "strobe[byte]"),
        (BridgeProof, WordBridge, "with m.If(axi.wready):", "with m.If(axi.awready):"),
        (RunProof, RunControl, "with m.If(self.drained):", "with m.If(1):"),
        (WatchdogProof, Watchdog, "self.progress | ~self.running | (left == 0)", "self.progress | (left == 0)"),
    ],
)
def test_faults_are_found(proof: Any, component: type, right: str, wrong: str) -> None:
    assert "Assert failed" in refuted(proof(planted(component, right, wrong)), Depths(12))
