"""The piecewise-linear stage and its table."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from tileloom.hw.spec.quant import INTERMEDIATE_BITS
from tileloom.hw.spec.timing import TABLE_LATENCY
from tileloom.hw.tile.delay import delayed
from tileloom.hw.tile.requantise import value_layout
from tileloom.hw.tile.round_shift import RoundShift, clamp

SEGMENT = data.StructLayout({"slope": signed(16), "offset": signed(32)})
"""One segment of the table."""


class TableWords(wiring.Signature):
    """Words of a TABLE: slope and offset of each segment in turn; ``start`` (with or before the first) begins anew."""

    def __init__(self) -> None:
        super().__init__({"valid": Out(1), "start": Out(1), "word": Out(32)})


class Nonlinearity(wiring.Component):
    """``quant.PiecewiseLinear.evaluate`` of some values a cycle, TABLE_LATENCY cycles.

    Without ``apply`` values pass as they are. The table is written while none are under way.

    Members
    -------
    table : In, see :class:`TableWords`
    enables : In(latency), bit i: values that came in cycle t stand in stage i in the present cycle t + i
    i_values : In, in cycle t
    shift : In, in cycle t + 4
    apply, low, high : In, in cycle t + 7
    o_values : Out
    """

    SHIFT, CLAMP = 4, 7

    def __init__(self, segments: int, results: int) -> None:
        if segments not in (8, 16, 32, 64, 128, 256):
            raise ValueError(f"segments must be a power of two from 8 to 256, not {segments!r}")
        self.segments = segments
        self.results = results
        super().__init__(
            {
                "table": In(TableWords()),
                "enables": In(TABLE_LATENCY),
                "i_values": In(value_layout(results)),
                "shift": In(5),
                "apply": In(1),
                "low": In(signed(16)),
                "high": In(signed(16)),
                "o_values": Out(value_layout(results)),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        # A memory for each value: one write port and one read port are what every technology has.
        memories = []
        for i in range(self.results):
            m.submodules[f"table_{i}"] = memory = Memory(shape=SEGMENT.size, depth=self.segments, init=[])
            memories.append(memory)
        self._fill(m, [memory.write_port() for memory in memories])
        for i, memory in enumerate(memories):
            self._evaluate(m, i, memory.read_port())
        return m

    def _fill(self, m: Module, ports: list) -> None:  # type: ignore[type-arg]
        number = Signal(range(2 * self.segments))  # of the next word
        present = Mux(self.table.start, 0, number)
        slope = Signal(16, reset_less=True)
        write = Signal(SEGMENT)
        m.d.comb += [write.slope.eq(slope), write.offset.eq(self.table.word)]
        m.d.sync += number.eq(present + self.table.valid)
        with m.If(self.table.valid & ~present[0]):
            m.d.sync += slope.eq(self.table.word)
        for port in ports:
            m.d.comb += [
                port.addr.eq(present[1:]),
                port.data.eq(write),
                port.en.eq(self.table.valid & present[0]),
            ]

    def _evaluate(self, m: Module, i: int, port) -> None:  # type: ignore[no-untyped-def]
        fraction_bits = INTERMEDIATE_BITS - (self.segments.bit_length() - 1)
        m.submodules[f"round_{i}"] = rounding = RoundShift(33, 5)
        # The code counted from -32768: its top bit is the sign turned over.
        code = self.i_values[i].as_unsigned() ^ (1 << (INTERMEDIATE_BITS - 1))
        m.d.comb += [port.addr.eq(code[fraction_bits:]), port.en.eq(self.enables[0])]
        read = data.View(SEGMENT, port.data)
        s1_fraction = Signal(fraction_bits, name=f"s1_fraction_{i}", reset_less=True)
        s2_fraction = Signal(fraction_bits, name=f"s2_fraction_{i}", reset_less=True)
        s2_segment = Signal(SEGMENT, name=f"s2_segment_{i}", reset_less=True)
        s3_product = Signal(signed(16 + fraction_bits + 1), name=f"s3_product_{i}", reset_less=True)
        s3_offset = Signal(signed(32), name=f"s3_offset_{i}", reset_less=True)
        s4_total = Signal(signed(33), name=f"s4_total_{i}", reset_less=True)
        with m.If(self.enables[0]):
            m.d.sync += s1_fraction.eq(code[:fraction_bits])
        with m.If(self.enables[1]):
            m.d.sync += [s2_fraction.eq(s1_fraction), s2_segment.eq(read)]
        with m.If(self.enables[2]):
            m.d.sync += [s3_product.eq(s2_segment.slope * s2_fraction), s3_offset.eq(s2_segment.offset)]
        with m.If(self.enables[3]):
            m.d.sync += s4_total.eq(s3_product + s3_offset)
        m.d.comb += [
            rounding.value.eq(s4_total),
            rounding.shift.eq(self.shift),
            rounding.enables.eq(self.enables[4:]),
        ]
        unchanged = delayed(m, self.i_values[i], self.CLAMP, f"value_{i}", reset_less=True)[-1]
        with m.If(self.enables[self.CLAMP]):
            m.d.sync += self.o_values[i].eq(Mux(self.apply, clamp(rounding.result, self.low, self.high), unchanged))
