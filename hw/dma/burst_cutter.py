"""The next burst of a run: where it ends, how many beats it has, and whether it stays in the window."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tileloom.hw.spec.config import Target
from tileloom.hw.spec.isa import Space
from tileloom.hw.spec.widths import address_bits


class BurstCutter(wiring.Component):
    """Cuts a run of bytes at the multiples of ``burst_bytes``.

    ``compute`` looks at ``address`` and ``left``, which stay until the burst is used; from the next cycle the outputs
    describe the burst from there to the end of the run or to the next multiple.

    Parameters
    ----------
    target
    left_bits : width of ``left``

    Members
    -------
    window_base, window_bytes : In(32), the address window; its base is a multiple of 4096
    address : In, offset of the run's next byte in the window or in the map buffer; in the bits of
        :func:`~tileloom.hw.spec.widths.address_bits`
    space : In(1), as :class:`Space`
    left : In(left_bits), bytes left of the run, at least 1
    compute : In(1)
    bus_address : Out(32), of the first beat: absolute in memory, from 0 in the map buffer; on a compact machine without
        the bits of the window's base
    length : Out(8), beats less one
    last_byte : Out, place of the last byte in its beat
    ends_run : Out(1)
    outside : Out(1), a byte of the burst's beats lies outside the window or the map buffer
    next_address, next_left : Out, of the rest of the run (the address also where nothing is left)
    """

    def __init__(self, target: Target, left_bits: int) -> None:
        self.target = target
        self.left_bits = left_bits
        self.bits = bits = address_bits(target)
        super().__init__(
            {
                "window_base": In(32),
                "window_bytes": In(32),
                "address": In(bits),
                "space": In(1),
                "left": In(left_bits),
                "compute": In(1),
                "bus_address": Out(32),
                "length": Out(8),
                "last_byte": Out(range(target.port_bytes)),
                "ends_run": Out(1),
                "outside": Out(1),
                "next_address": Out(bits),
                "next_left": Out(left_bits),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        beat_bits = (self.target.port_bytes - 1).bit_length()
        burst_bits = (self.target.burst_bytes - 1).bit_length()
        low, block = self.address[:burst_bits], self.address[burst_bits:]
        in_map = self.space == Space.MAP
        limit, base = Signal(32), Signal(self.bits - 12)
        m.d.comb += limit.eq(Mux(in_map, self.target.map_bytes, self.window_bytes))
        m.d.comb += base.eq(Mux(in_map, 0, self.window_base[12:]))

        # Last byte of the run, from the multiple before, where little is left; of a long rest it does not matter.
        end = Signal(burst_bits + 2)
        ends_run, beyond = Signal(), Signal()
        last = Signal(burst_bits)  # last byte of the burst, likewise
        m.d.comb += end.eq(low + self.left[: burst_bits + 1] - 1)
        m.d.comb += ends_run.eq(~self.left[burst_bits + 1 :].any() & ~end[burst_bits:].any())
        m.d.comb += last.eq(Mux(ends_run, end[:burst_bits], self.target.burst_bytes - 1))
        # A burst that does not end the run reaches the end of its block, which is no less than any limit's place in it.
        m.d.comb += beyond.eq(~ends_run | ((end[:burst_bits] | (self.target.port_bytes - 1)) >= limit[:burst_bits]))

        held_last = Signal(burst_bits, reset_less=True)
        length_bits = (self.target.burst_beats - 1).bit_length() if self.target.compact else 8
        bus_address, length = Signal(self.bits, reset_less=True), Signal(length_bits, reset_less=True)
        place = Cat(Const(0, beat_bits), self.address[beat_bits:12], self.address[12:] + base)
        if self.target.compact:  # its base has none of these bits, and ``address`` stays
            m.d.comb += bus_address.eq(Cat(Const(0, beat_bits), self.address[beat_bits:]))
        with m.If(self.compute):
            m.d.sync += [
                *([] if self.target.compact else [bus_address.eq(place)]),
                length.eq(last[beat_bits:] - low[beat_bits:]),
                held_last.eq(last),
                self.ends_run.eq(ends_run),
                self.outside.eq((block > limit[burst_bits:]) | (block == limit[burst_bits:]) & beyond),
            ]
        m.d.comb += [
            self.bus_address.eq(bus_address),
            self.length.eq(length),
            self.last_byte.eq(held_last[:beat_bits]),
            self.next_address.eq(Cat(held_last, block) + 1),
            self.next_left.eq(self.left - (self.target.burst_bytes - low)),
        ]
        return m
