"""Byte memory that is written and read many bytes a cycle at any byte address."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.memory import Memory, ReadPort, WritePort
from amaranth.lib.wiring import In, Out


def rotate_left_bytes(m: Module, value: Value, amount: Value, name: str) -> Value:
    """The bytes of ``value`` (a power of two of them) rotated so that byte ``i`` becomes byte ``i + amount``."""
    for level in range((len(value) // 8).bit_length() - 1):
        # A signal for each level: an expression that is used twice would be written twice.
        turned = Signal(len(value), name=f"{name}_{level}")
        m.d.comb += turned.eq(Mux(amount[level], value.rotate_left(8 << level), value))
        value = turned
    return value


def first_bytes(count: Value, banks: int) -> Value:
    """The ``write_enable`` of the first ``count`` bytes."""
    return Cat(count > i for i in range(banks))


class BankedMemory(wiring.Component):
    """A ring of ``banks * rows`` bytes: any of ``banks`` successive bytes are written, and ``banks`` read, every cycle.

    A write presented in cycle w is seen by reads presented from w + 2 on. A read presented in cycle r stands in
    ``read_data`` in cycle r + 3 with ``output_register`` (memory, register, rotator), else in r + 2, and every
    cycle may present one of each. Bytes that are written and read in cycles closer than that are undefined.

    Two memories hold the even and the odd rows, so that any ``banks`` successive bytes lie in one row of each.

    Parameters
    ----------
    banks : bytes of a row, a power of two from 2
    rows : even; addresses wrap behind the last row
    output_register : whether the memories' outputs have a register of their own (block RAMs want it at high clocks)

    Members
    -------
    write_address : In, byte address of byte 0
    write_data : In(8 * banks), byte 0 lowest
    write_enable : In(banks), which bytes are written
    read_address : In, byte address of byte 0
    read_data : Out(8 * banks), byte i is the memory's byte ``read_address + i``
    """

    def __init__(self, banks: int, rows: int, output_register: bool = True) -> None:
        if banks < 2 or banks & (banks - 1):
            raise ValueError(f"banks must be a power of two from 2, not {banks!r}")
        if rows < 2 or rows % 2:
            raise ValueError(f"rows must be even, not {rows!r}")
        self.banks = banks
        self.rows = rows
        self.output_register = output_register
        address = range(banks * rows)
        super().__init__(
            {
                "write_address": In(address),
                "write_data": In(8 * banks),
                "write_enable": In(banks),
                "read_address": In(address),
                "read_data": Out(8 * banks),
            }
        )

    @property
    def latency(self) -> int:
        """Cycles from a presented read to its data."""
        return 3 if self.output_register else 2

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        writes: list[WritePort] = []
        reads: list[ReadPort] = []
        for name in ("even", "odd"):
            m.submodules[name] = memory = Memory(shape=8 * self.banks, depth=self.rows // 2, init=[])
            writes.append(memory.write_port(granularity=8))
            reads.append(memory.read_port())
        self._write(m, writes)
        self._read(m, reads)
        return m

    def _rows(self, address: Value) -> tuple[Value, Value, Value, Value]:
        """Low bits of a byte address, whether its row is odd, and the rows of the even and the odd memory."""
        low_bits = self.banks.bit_length() - 1
        low, odd, pair = address[:low_bits], address[low_bits], address[low_bits + 1 :]
        following = Mux(pair == self.rows // 2 - 1, 0, pair + 1)
        return low, odd, Mux(odd, following, pair), pair

    def _write(self, m: Module, ports: list[WritePort]) -> None:
        low, odd, even_row, odd_row = self._rows(self.write_address)
        data = Signal(8 * self.banks, reset_less=True)
        rows = [Signal.like(port.addr, reset_less=True) for port in ports]
        enables = [Signal(self.banks, name=f"enable_{name}") for name in ("even", "odd")]
        # Bytes from the address's own row up to its end, then the rest in the following row.
        placed = Signal(2 * self.banks)
        m.d.comb += placed.eq(self.write_enable << low)
        here, there = placed[: self.banks], placed[self.banks :]
        with m.If(self.write_enable.any()):
            m.d.sync += [
                data.eq(rotate_left_bytes(m, self.write_data, low, "write")),
                rows[0].eq(even_row),
                rows[1].eq(odd_row),
            ]
        m.d.sync += [enables[0].eq(Mux(odd, there, here)), enables[1].eq(Mux(odd, here, there))]
        for port, row, enable in zip(ports, rows, enables, strict=True):
            m.d.comb += [port.addr.eq(row), port.data.eq(data), port.en.eq(enable)]

    def _read(self, m: Module, ports: list[ReadPort]) -> None:
        low, odd, even_row, odd_row = self._rows(self.read_address)
        m.d.comb += [ports[0].addr.eq(even_row), ports[1].addr.eq(odd_row)]
        # Byte b comes from the odd memory if its row is odd: the own row for bytes from `low` on, else the next.
        s1_low = Signal.like(low, reset_less=True)
        s1_from_odd = Signal(self.banks, reset_less=True)
        below = Const((1 << self.banks) - 1, self.banks) << low
        m.d.sync += [s1_low.eq(low), s1_from_odd.eq(Mux(odd, below, ~below))]
        chosen = Signal(8 * self.banks)
        m.d.comb += [
            chosen.word_select(b, 8).eq(
                Mux(s1_from_odd[b], ports[1].data.word_select(b, 8), ports[0].data.word_select(b, 8))
            )
            for b in range(self.banks)
        ]
        if self.output_register:
            s2_chosen = Signal(8 * self.banks, reset_less=True)
            s2_low = Signal.like(low, reset_less=True)
            m.d.sync += [s2_chosen.eq(chosen), s2_low.eq(s1_low)]
            chosen, s1_low = s2_chosen, s2_low
        back = Signal.like(s1_low)
        m.d.comb += back.eq(-s1_low)
        m.d.sync += self.read_data.eq(rotate_left_bytes(m, chosen, back, "read"))
