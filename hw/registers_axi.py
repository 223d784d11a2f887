"""The machine's registers behind an AXI4-Lite port (``hw/spec/registers.py``)."""

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tileloom.hw.spec import isa
from tileloom.hw.spec.config import Target
from tileloom.hw.spec.registers import OFFSET, REGISTERS, Cause

OKAY, SLAVE_ERROR = 0, 2
ADDRESS_BITS = 8
STICKY_ZEROS = {"WINDOW_BASE": 12, "PROGRAM_BYTES": 2}
"""Low bits that are always 0; PROGRAM_ADDRESS has those of a port's width."""
SETTINGS = ("WINDOW_BASE", "WINDOW_BYTES", "PROGRAM_ADDRESS", "PROGRAM_BYTES")
"""Written only while the machine is not busy; while it is, a write is without effect."""


class AxiLite(wiring.Signature):
    """AXI4-Lite with 32 bits of data, seen from the master; names as in the standard."""

    def __init__(self) -> None:
        super().__init__(
            {
                "awaddr": Out(ADDRESS_BITS),
                "awprot": Out(3),
                "awvalid": Out(1),
                "awready": In(1),
                "wdata": Out(32),
                "wstrb": Out(4),
                "wvalid": Out(1),
                "wready": In(1),
                "bresp": In(2),
                "bvalid": In(1),
                "bready": Out(1),
                "araddr": Out(ADDRESS_BITS),
                "arprot": Out(3),
                "arvalid": Out(1),
                "arready": In(1),
                "rdata": In(32),
                "rresp": In(2),
                "rvalid": In(1),
                "rready": Out(1),
            }
        )


class RegistersAxi(wiring.Component):
    """AXI4-Lite slave: one access at a time on each side, every output a register, byte strobes respected.

    An address without a register, and a write to one that is read only, answers SLVERR; so does a value with more bits
    than a compact machine's address space has, which is not taken. Such a machine takes whole words as settings.

    Members
    -------
    bus : In(AxiLite())
    busy, done : In(1); error : In(4); cycles, program_counter, stored : In(32); state of the run
    counts : In(32) for each cause; causes, tags : In(3), In(16) for each tile
    start, abort : Out(1), one cycle each
    window_base, window_bytes, program_address, program_bytes : Out(32)
    interrupt : Out(1)
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        super().__init__(
            {
                "bus": In(AxiLite()),
                "busy": In(1),
                "done": In(1),
                "error": In(4),
                "cycles": In(32),
                "program_counter": In(32),
                "stored": In(16),
                "counts": In(32).array(len(Cause)),
                "causes": In(3).array(target.tiles),
                "tags": In(16).array(target.tiles),
                "start": Out(1),
                "abort": Out(1),
                "window_base": Out(32),
                "window_bytes": Out(32),
                "program_address": Out(32),
                "program_bytes": Out(32),
                "interrupt": Out(1),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        enable = Signal()
        m.d.sync += self.interrupt.eq(enable & (self.done | (self.error != 0)))
        self._write_side(m, enable)
        self._read_side(m, enable)
        return m

    def _write_side(self, m: Module, enable: Signal) -> None:
        bus = self.bus
        have_address, have_data = Signal(), Signal()
        address = Signal(ADDRESS_BITS, reset_less=True)
        data, strobe = Signal(32, reset_less=True), Signal(4, reset_less=True)
        write = Signal()
        m.d.comb += [
            bus.awready.eq(~have_address),
            bus.wready.eq(~have_data),
            write.eq(have_address & have_data & ~bus.bvalid),
        ]
        m.d.sync += [self.start.eq(0), self.abort.eq(0)]
        with m.If(bus.awvalid & bus.awready):
            m.d.sync += [have_address.eq(1), address.eq(bus.awaddr)]
        with m.If(bus.wvalid & bus.wready):
            m.d.sync += [have_data.eq(1), data.eq(bus.wdata), strobe.eq(bus.wstrb)]
        with m.If(bus.bvalid & bus.bready):
            m.d.sync += bus.bvalid.eq(0)
        with m.If(write):
            m.d.sync += [have_address.eq(0), have_data.eq(0), bus.bvalid.eq(1), bus.bresp.eq(OKAY)]
            with m.Switch(address[2:]):
                with m.Case(OFFSET["CONTROL"] >> 2):
                    m.d.sync += [self.start.eq(strobe[0] & data[0]), self.abort.eq(strobe[0] & data[1])]
                with m.Case(OFFSET["INTERRUPT_ENABLE"] >> 2):
                    with m.If(strobe[0]):
                        m.d.sync += enable.eq(data[0])
                for name in SETTINGS:
                    with m.Case(OFFSET[name] >> 2):
                        self._write_setting(m, name, data, strobe)
                with m.Default():
                    m.d.sync += bus.bresp.eq(SLAVE_ERROR)

    def _write_setting(self, m: Module, name: str, data: Signal, strobe: Signal) -> None:
        zeros = STICKY_ZEROS.get(name, 0)
        if name == "PROGRAM_ADDRESS":
            zeros = self.target.port_bytes.bit_length() - 1
        register: Signal = getattr(self, name.lower())
        if self.target.compact:
            # Sizes may be that of the whole address space, one bit more; the base has what is above an address.
            bits = self.target.address_bits
            low, high = (bits, 32) if name == "WINDOW_BASE" else (zeros, bits + name.endswith("BYTES"))
            with m.If(Cat(data[:low] if name == "WINDOW_BASE" else (), data[high:]).any()):
                m.d.sync += self.bus.bresp.eq(SLAVE_ERROR)
            with m.Elif(~self.busy & strobe.all()):
                m.d.sync += register[low:high].eq(data[low:high])
            return
        for byte in range(4):
            low, high = max(8 * byte, zeros), 8 * byte + 8
            if low < high:
                with m.If(strobe[byte] & ~self.busy):
                    m.d.sync += register[low:high].eq(data[low:high])

    def _read_side(self, m: Module, enable: Signal) -> None:
        bus = self.bus
        have_address = Signal()
        address = Signal(ADDRESS_BITS, reset_less=True)
        m.d.comb += bus.arready.eq(~have_address & ~bus.rvalid)
        with m.If(bus.arvalid & bus.arready):
            m.d.sync += [have_address.eq(1), address.eq(bus.araddr)]
        with m.If(bus.rvalid & bus.rready):
            m.d.sync += bus.rvalid.eq(0)
        with m.If(have_address):
            m.d.sync += [have_address.eq(0), bus.rvalid.eq(1), bus.rresp.eq(OKAY), bus.rdata.eq(0)]
            values = self._values(enable)
            with m.Switch(address[2:]):
                for register in REGISTERS:
                    with m.Case(register.offset >> 2):
                        m.d.sync += bus.rdata.eq(values.get(register.name, Const(0)))
                with m.Default():
                    m.d.sync += bus.rresp.eq(SLAVE_ERROR)

    def _values(self, enable: Signal) -> dict[str, Value]:
        """What every register reads; one that is not here reads 0."""
        target_hash = self.target.hash
        values: dict[str, Value] = {
            "STATUS": Cat(self.busy, self.done, self.error != 0, Const(0, 5), self.error),
            "WINDOW_BASE": self.window_base,
            "WINDOW_BYTES": self.window_bytes,
            "PROGRAM_ADDRESS": self.program_address,
            "PROGRAM_BYTES": self.program_bytes,
            "CYCLES": self.cycles,
            "PROGRAM_COUNTER": self.program_counter,
            "INTERRUPT_ENABLE": enable,
            "HASH_LOW": Const(target_hash & 0xFFFFFFFF, 32),
            "HASH_HIGH": Const(target_hash >> 32, 32),
            "VERSION": Const(isa.FORMAT_VERSION, 32),
            "STORED": self.stored,
        }
        values |= {f"STALL_{cause.name}": count for cause, count in zip(Cause, self.counts, strict=True)}
        for tile, (cause, tag) in enumerate(zip(self.causes, self.tags, strict=True)):
            values[f"TILE_{tile}"] = Cat(cause, Const(0, 13), tag)
        return values


__all__ = ["ADDRESS_BITS", "OKAY", "SLAVE_ERROR", "AxiLite", "RegistersAxi"]
