"""The staging ring: beats of activations in, elements at any address out."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tileloom.hw.banked_memory import BankedMemory
from tileloom.hw.dma.axi import ReadBeat
from tileloom.hw.spec.config import Target


class StagingShape:
    """Sizes of the ring and of its counters.

    Counters of beats run modulo ``2 ** beat_bits`` and positions of activations modulo ``2 ** position_bits``: four
    times the ring or more, and 1024 or more, so that differences keep their sign even where an element or the unread
    end of a run passes what has arrived.
    """

    def __init__(self, target: Target) -> None:
        self.beats = target.staging_bursts * target.burst_beats
        size = target.staging_bytes // target.element_bytes
        self.line_bits = (target.port_activations - 1).bit_length()
        self.position_bits = max((size - 1).bit_length(), 8) + 2
        self.beat_bits = self.position_bits - self.line_bits
        self.banks = max(target.window_banks, target.port_activations)
        self.rows = size // self.banks


class StagingRing(wiring.Component):
    """Takes the beats of A in order and lets ``window_banks`` activations be read from any position.

    Members
    -------
    beat : In(ReadBeat)
    visible : Out, beats that can be read, counted modulo; a beat is visible STAGING_LATENCY after its handshake
    position : In, of the first activation of a read
    bytes : Out(activation_bits * window_banks), of the position three cycles before
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self.shape = StagingShape(target)
        super().__init__(
            {
                "beat": In(ReadBeat(target)),
                "visible": Out(self.shape.beat_bits),
                "position": In(self.shape.position_bits),
                "bytes": Out(target.activation_bits * target.window_banks),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        width = self.target.activation_bits
        m.submodules.memory = memory = BankedMemory(self.shape.banks, self.shape.rows, bits=width)
        head = Signal(self.shape.beat_bits)
        m.d.comb += [
            memory.write_address.eq(head << self.shape.line_bits),
            memory.write_data.eq(self.beat.data),
            memory.write_enable.eq(Mux(self.beat.valid, (1 << self.target.port_activations) - 1, 0)),
            memory.read_address.eq(self.position),
            self.bytes.eq(memory.read_data),
        ]
        m.d.sync += [head.eq(head + self.beat.valid), self.visible.eq(head)]
        return m
