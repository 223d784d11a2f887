"""The emission hands on every sum of a captured pixel once, in order of columns, in exactly the emission cycles."""

from typing import Any

import pytest
from amaranth.hdl import Assert, Cover, Module, Signal, Value

from tests.formal.faults import planted
from tests.formal.proof import Proof, assume, before
from tests.formal.run import Depths, check, refuted
from tests.formal.small_target import SMALL
from tileloom.hw.spec.config import Target, load_target
from tileloom.hw.spec.timing import emission_cycles
from tileloom.hw.tile.emission import Emission

DEPTHS = Depths(8)


class EmissionProof(Proof):
    """Captures come as close to each other as they may, or not."""

    def __init__(self, target: Target, kind: Any = Emission) -> None:
        self.target = target
        super().__init__(kind(target))

    def properties(self, m: Module, component: Any) -> None:
        cycles, beat = emission_cycles(self.target), component.beat
        since = Signal(range(cycles + 1))  # cycles since the capture, 0 for none under way
        sums = Signal.like(Value.cast(component.sums), name="captured_sums")
        pixel = Signal.like(Value.cast(component.pixel), name="captured_pixel")
        with m.If(component.capture):
            m.d.sync += [since.eq(1), sums.eq(component.sums), pixel.eq(component.pixel)]
        with m.Elif((since == cycles) | (since == 0)):
            m.d.sync += since.eq(0)
        with m.Else():
            m.d.sync += since.eq(since + 1)
        assume(m, ~component.capture | (since == 0) | (since == cycles))
        emitted = Value.cast(component.beat_sums)
        m.d.comb += [
            Assert(beat.valid == (since != 0)),
            Assert(beat.first == (since == 1)),
            Assert(beat.last == (since == cycles)),
            Assert(~beat.valid | (Value.cast(beat.pixel) == pixel)),
            Cover(beat.last & component.capture & (sums != 0)),
        ]
        for number in range(cycles):
            expected = sums[number * len(emitted) : (number + 1) * len(emitted)]
            with m.If(since == number + 1):
                m.d.comb += Assert(emitted[: len(expected)] == expected)
        m.d.comb += Cover(before(m, beat.last, "last") & beat.first)


@pytest.mark.parametrize("target", [SMALL, load_target("odd"), load_target("small")], ids=lambda target: target.name)
def test_every_sum_once(target: Target) -> None:
    check(EmissionProof(target), DEPTHS)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("with m.Elif(under_way.any()):", "with m.Elif(under_way[1:].any()):"),
        ("self.beat.last.eq(under_way[-1])", "self.beat.last.eq(under_way[0])"),
    ],
)
def test_faults_are_found(right: str, wrong: str) -> None:
    assert "Assert failed" in refuted(EmissionProof(SMALL, planted(Emission, right, wrong)), DEPTHS)
