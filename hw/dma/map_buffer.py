"""The map buffer: on-chip feature maps, read in bursts like the memory and written by beats."""

from amaranth.hdl import Module, Signal, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from tileloom.hw.dma.axi import ReadBeat
from tileloom.hw.dma.short_queue import ShortQueue
from tileloom.hw.spec.config import Target


class MapBuffer(wiring.Component):
    """``map_bytes`` in beats of ``port_bytes``, with one read and one write port.

    A request taken in cycle ``r`` gives its first beat in the later of ``r`` + MAP_READ_LATENCY and the cycle after the
    previous burst's last, then one a cycle; ``beat`` stands one cycle after its beat. A beat that is written in ``w``
    can be read in the memory from ``w`` + 1 on.

    Members
    -------
    request, client, address, length : In, a burst; at most ``outstanding`` have beats to come
    beat : Out(ReadBeat)
    write_strobe, write_address, write_data : In, bytes to write; the address counts beats
    """

    def __init__(self, target: Target) -> None:
        if not target.map_bytes:
            raise ValueError("map_bytes must not be 0 where there is a map buffer")
        self.target = target
        self.depth = target.map_bytes // target.port_bytes
        super().__init__(
            {
                "request": In(1),
                "client": In(2),
                "address": In(32),
                "length": In(8),
                "beat": Out(ReadBeat(target)),
                "write_strobe": In(target.port_bytes),
                "write_address": In(range(self.depth)),
                "write_data": In(8 * target.port_bytes),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        beat_bits = (self.target.port_bytes - 1).bit_length()
        bits = 8 * self.target.port_bytes
        m.submodules.memory = memory = Memory(shape=unsigned(bits), depth=self.depth, init=[])
        write, read = memory.write_port(granularity=8), memory.read_port()
        request = data.StructLayout({"client": 2, "address": range(self.depth), "left": 8})
        m.submodules.requests = requests = ShortQueue(request, self.target.outstanding)
        running = Signal()
        active = Signal(request, reset_less=True)
        start = Signal()
        m.d.comb += [
            write.en.eq(self.write_strobe),
            write.addr.eq(self.write_address),
            write.data.eq(self.write_data),
            requests.push.eq(self.request),
            requests.i.client.eq(self.client),
            requests.i.address.eq(self.address[beat_bits:]),
            requests.i.left.eq(self.length),
            start.eq(requests.valid & (~running | (active.left == 0))),
            requests.pop.eq(start),
            read.addr.eq(active.address),
        ]
        with m.If(start):
            m.d.sync += [running.eq(1), active.eq(requests.o)]
        with m.Elif(active.left == 0):
            m.d.sync += running.eq(0)
        with m.Else():
            m.d.sync += [active.address.eq(active.address + 1), active.left.eq(active.left - 1)]

        # The memory's output is the beat; the register behind it goes out.
        s1_valid, s1_client, s1_last = Signal(), Signal(2, reset_less=True), Signal(reset_less=True)
        m.d.sync += [
            s1_valid.eq(running),
            s1_client.eq(active.client),
            s1_last.eq(active.left == 0),
            self.beat.valid.eq(s1_valid),
            self.beat.client.eq(s1_client),
            self.beat.last.eq(s1_last),
            self.beat.data.eq(read.data),
        ]
        return m
