"""Joins the host link's word bus to the board's memory and to the accelerator's registers."""

from amaranth import Module, Mux
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tileloom.fpga.link import WordBus
from tileloom.hw.registers_axi import AxiLite


class WordBridge(wiring.Component):
    """Accesses with ``register`` become AXI4-Lite transactions, the others pass to the memory.

    A register access whose answer is an error reads as 0; the link does not report it.

    Members
    -------
    bus : from the host link
    memory : to the memory
    registers : AXI4-Lite master
    """

    bus: In(WordBus())
    memory: Out(WordBus())
    registers: Out(AxiLite())

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bus, memory, axi = self.bus, self.memory, self.registers
        m.d.comb += [
            memory.request.eq(bus.request & ~bus.register),
            memory.write.eq(bus.write),
            memory.address.eq(bus.address),
            memory.write_data.eq(bus.write_data),
            axi.awaddr.eq(bus.address),
            axi.araddr.eq(bus.address),
            axi.wdata.eq(bus.write_data),
            axi.wstrb.eq(0xF),
            bus.read_data.eq(memory.read_data),
        ]
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += bus.done.eq(memory.done)
                with m.If(bus.request & bus.register):
                    with m.If(bus.write):
                        m.d.sync += [axi.awvalid.eq(1), axi.wvalid.eq(1)]
                        m.next = "WRITE"
                    with m.Else():
                        m.d.sync += axi.arvalid.eq(1)
                        m.next = "READ"
            with m.State("WRITE"):
                with m.If(axi.awready):
                    m.d.sync += axi.awvalid.eq(0)
                with m.If(axi.wready):
                    m.d.sync += axi.wvalid.eq(0)
                m.d.comb += axi.bready.eq(1)
                with m.If(axi.bvalid):
                    m.d.comb += bus.done.eq(1)
                    m.next = "IDLE"
            with m.State("READ"):
                with m.If(axi.arready):
                    m.d.sync += axi.arvalid.eq(0)
                m.d.comb += [axi.rready.eq(1), bus.read_data.eq(Mux(axi.rresp == 0, axi.rdata, 0))]
                with m.If(axi.rvalid):
                    m.d.comb += bus.done.eq(1)
                    m.next = "IDLE"
        return m
