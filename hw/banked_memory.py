"""Memory of bytes, or of wider elements, of which many are written and read a cycle at any address."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.memory import Memory, ReadPort, WritePort
from amaranth.lib.wiring import In, Out


def rotate_left(m: Module, value: Value, amount: Value, name: str, bits: int = 8, levels: range | None = None) -> Value:
    """The elements of ``value`` (a power of two of them) rotated so that element ``i`` becomes ``i + amount``.

    With ``levels``, by those bits of ``amount`` alone.
    """
    for level in levels if levels is not None else range((len(value) // bits).bit_length() - 1):
        # A signal for each level: an expression that is used twice would be written twice.
        turned = Signal(len(value), name=f"{name}_{level}")
        m.d.comb += turned.eq(Mux(amount[level], value.rotate_left(bits << level), value))
        value = turned
    return value


def first_elements(count: Value, banks: int) -> Value:
    """The ``write_enable`` of the first ``count`` elements."""
    return Cat(count > i for i in range(banks))


class BankedMemory(wiring.Component):
    """A ring of ``banks * rows`` elements: any of ``banks`` successive ones are written, ``banks`` read every cycle.

    A write presented in cycle w is seen by reads presented from w + 2 on. A read presented in cycle r stands in
    ``read_data`` in cycle r + 3 with ``output_register`` (memory, register, rotator), else in r + 2 (memory, register
    in the middle of the rotator), and every cycle may present one of each. What is written and read in cycles closer
    than that is undefined.

    Two memories hold the even and the odd rows, so that any ``banks`` successive elements lie in one row of each.

    Parameters
    ----------
    banks : elements of a row, a power of two from 2
    rows : even; addresses wrap behind the last row
    output_register : whether the memories' outputs have a register of their own (block RAMs want it at high clocks)
    bits : of an element

    Members
    -------
    write_address : In, of element 0
    write_data : In(bits * banks), element 0 lowest
    write_enable : In(banks), which elements are written
    read_address : In, of element 0
    read_data : Out(bits * banks), element i is the memory's ``read_address + i``
    """

    def __init__(self, banks: int, rows: int, output_register: bool = True, bits: int = 8) -> None:
        if banks < 2 or banks & (banks - 1):
            raise ValueError(f"banks must be a power of two from 2, not {banks!r}")
        if rows < 2 or rows % 2:
            raise ValueError(f"rows must be even, not {rows!r}")
        self.banks = banks
        self.rows = rows
        self.output_register = output_register
        self.bits = bits
        address = range(banks * rows)
        super().__init__(
            {
                "write_address": In(address),
                "write_data": In(bits * banks),
                "write_enable": In(banks),
                "read_address": In(address),
                "read_data": Out(bits * banks),
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
            m.submodules[name] = memory = Memory(shape=self.bits * self.banks, depth=self.rows // 2, init=[])
            writes.append(memory.write_port(granularity=self.bits))
            reads.append(memory.read_port())
        self._write(m, writes)
        self._read(m, reads)
        return m

    def _rows(self, address: Value) -> tuple[Value, Value, Value, Value]:
        """Low bits of an address, whether its row is odd, and the rows of the even and the odd memory."""
        low_bits = self.banks.bit_length() - 1
        low, odd, pair = address[:low_bits], address[low_bits], address[low_bits + 1 :]
        following = Mux(pair == self.rows // 2 - 1, 0, pair + 1)
        return low, odd, Mux(odd, following, pair), pair

    def _write(self, m: Module, ports: list[WritePort]) -> None:
        low, odd, even_row, odd_row = self._rows(self.write_address)
        data = Signal(self.bits * self.banks, reset_less=True)
        rows = [Signal.like(port.addr, reset_less=True) for port in ports]
        enables = [Signal(self.banks, name=f"enable_{name}") for name in ("even", "odd")]
        # Elements from the address's own row up to its end, then the rest in the following row.
        placed = Signal(2 * self.banks)
        m.d.comb += placed.eq(self.write_enable << low)
        here, there = placed[: self.banks], placed[self.banks :]
        with m.If(self.write_enable.any()):
            m.d.sync += [
                data.eq(rotate_left(m, self.write_data, low, "write", self.bits)),
                rows[0].eq(even_row),
                rows[1].eq(odd_row),
            ]
        m.d.sync += [enables[0].eq(Mux(odd, there, here)), enables[1].eq(Mux(odd, here, there))]
        for port, row, enable in zip(ports, rows, enables, strict=True):
            m.d.comb += [port.addr.eq(row), port.data.eq(data), port.en.eq(enable)]

    def _read(self, m: Module, ports: list[ReadPort]) -> None:
        low, odd, even_row, odd_row = self._rows(self.read_address)
        m.d.comb += [ports[0].addr.eq(even_row), ports[1].addr.eq(odd_row)]
        # Element b comes from the odd memory if its row is odd: the own row for those from `low` on, else the next.
        s1_low = Signal.like(low, reset_less=True)
        s1_from_odd = Signal(self.banks, reset_less=True)
        below = Const((1 << self.banks) - 1, self.banks) << low
        m.d.sync += [s1_low.eq(low), s1_from_odd.eq(Mux(odd, below, ~below))]
        bits = self.bits
        chosen = Signal(bits * self.banks)
        m.d.comb += [
            chosen.word_select(b, bits).eq(
                Mux(s1_from_odd[b], ports[1].data.word_select(b, bits), ports[0].data.word_select(b, bits))
            )
            for b in range(self.banks)
        ]
        back = Signal.like(s1_low)
        if self.output_register:
            s2_chosen = Signal(bits * self.banks, reset_less=True)
            s2_low = Signal.like(low, reset_less=True)
            m.d.sync += [s2_chosen.eq(chosen), s2_low.eq(s1_low)]
            m.d.comb += back.eq(-s2_low)
            m.d.sync += self.read_data.eq(rotate_left(m, s2_chosen, back, "read", bits))
            return
        middle = len(back) // 2
        s2_turned = Signal(bits * self.banks, reset_less=True)
        s2_back = Signal(middle, reset_less=True)
        m.d.comb += back.eq(-s1_low)
        m.d.sync += s2_back.eq(back[:middle])
        m.d.sync += s2_turned.eq(rotate_left(m, chosen, back, "read", bits, range(middle, len(back))))
        m.d.comb += self.read_data.eq(rotate_left(m, s2_turned, s2_back, "read", bits, range(middle)))
