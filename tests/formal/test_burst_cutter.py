"""Bursts begin where the run is, end at its end or at the next multiple of burst_bytes, and never leave the window."""

from typing import Any

import pytest
from amaranth.hdl import Assert, Cover, Module, Mux, Signal

from tests.formal.faults import planted
from tests.formal.proof import Proof, assume, before, constant
from tests.formal.run import Depths, check, refuted
from tests.formal.small_target import SMALL
from tileloom.hw.dma.burst_cutter import BurstCutter
from tileloom.hw.spec.config import Target, load_target
from tileloom.hw.spec.isa import Space

DEPTHS = Depths(3)  # nothing lasts longer than the cycle after `compute`


class CutterProof(Proof):
    """Exact bounds in 34 bits for any run, of any window and space."""

    def __init__(self, target: Target, left_bits: int, kind: Any = BurstCutter) -> None:
        self.target = target
        self.left_bits = left_bits
        super().__init__(kind(target, left_bits))

    def properties(self, m: Module, component: Any) -> None:
        port, burst = self.target.port_bytes, self.target.burst_bytes
        address, left, space = constant(m, 32, "address"), constant(m, self.left_bits, "left"), constant(m, 1, "space")
        base, size = constant(m, 32, "base"), constant(m, 32, "size")
        assume(m, left != 0, base[:12] == 0)
        m.d.comb += [
            component.address.eq(address),
            component.left.eq(left),
            component.space.eq(space),
            component.window_base.eq(base),
            component.window_bytes.eq(size),
        ]
        computed = before(m, component.compute, "compute")
        multiple, run_end, burst_end = (Signal(34, name=name) for name in ("multiple", "run_end", "burst_end"))
        first_beat, after_beats, limit = (Signal(34, name=name) for name in ("first_beat", "after_beats", "limit"))
        m.d.comb += [
            multiple.eq(((address // burst) + 1) * burst),
            run_end.eq(address + left),
            burst_end.eq(Mux(run_end < multiple, run_end, multiple)),
            first_beat.eq(address // port * port),
            after_beats.eq((burst_end + port - 1) // port * port),
            limit.eq(Mux(space == Space.MAP, self.target.map_bytes, size)),
        ]
        bus_start, bus_beats = Signal(32), Signal(34)
        m.d.comb += bus_start.eq(Mux(space == Space.MAP, 0, base) + first_beat)
        m.d.comb += bus_beats.eq(component.length + 1)
        with m.If(computed):
            m.d.comb += [
                Assert(component.bus_address == bus_start),
                Assert(bus_beats * port == after_beats - first_beat),
                Assert(component.bus_address % burst + bus_beats * port <= burst),
                Assert(component.ends_run == (burst_end == run_end)),
                Assert(component.last_byte == (burst_end - 1) % port),
                Assert(component.outside == (after_beats > limit)),
                Assert(component.next_address == burst_end[:32]),
                Cover(component.ends_run & (bus_beats == 1) & (address % port != 0)),
                Cover(~component.ends_run & (component.length == burst // port - 1) & ~component.outside),
                Cover(component.outside & (component.last_byte == 0)),
            ]
            with m.If(~component.ends_run):
                m.d.comb += Assert(component.next_left == run_end - burst_end)


@pytest.mark.parametrize("left_bits", [20, 24, 32])
@pytest.mark.parametrize("target", [SMALL, load_target("odd"), load_target("default")], ids=lambda target: target.name)
def test_bursts(target: Target, left_bits: int) -> None:
    check(CutterProof(target, left_bits), DEPTHS)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("- 1)) >= limit[:burst_bits])", "- 1)) > limit[:burst_bits])"),
        ("self.left[: burst_bits + 1] - 1)", "self.left[: burst_bits + 1])"),
        ("(end[:burst_bits] | (self.target.port_bytes - 1))", "end[:burst_bits]"),
        ("length.eq(last[beat_bits:] - low[beat_bits:])", "length.eq((last - low)[beat_bits:])"),
    ],
)
def test_faults_are_found(right: str, wrong: str) -> None:
    assert "Assert failed" in refuted(CutterProof(SMALL, 20, planted(BurstCutter, right, wrong)), DEPTHS)
