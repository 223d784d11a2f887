"""A controller for an SDR SDRAM of 16 bits: runs of 32-bit words in, commands and words on the chip's wires out."""

from amaranth import Array, Cat, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from tileloom.fpga.sdram_bank import SdramBank, Wait
from tileloom.fpga.sdram_chip import BURST_WORDS, SdramChip, SdramCycles, cycles_of
from tileloom.fpga.sdram_pins import PRECHARGE_ALL, Command, SdramPins
from tileloom.fpga.sdram_start import SdramStart

BANKS = 4
RUN_WORDS = 1024
"""Longest run, in words of 32 bits."""


class Place(data.StructLayout):
    """Where a 32-bit word lies: successive words fill a row of one bank, then the same row of the next bank."""

    def __init__(self, chip: SdramChip) -> None:
        super().__init__({"column": chip.column_bits - 1, "bank": 2, "row": chip.row_bits})


class Run(data.StructLayout):
    """A request: ``last`` + 1 words from ``place`` on, read or written; ``tag`` comes back with the words read."""

    def __init__(self, chip: SdramChip, tag_bits: int) -> None:
        super().__init__({"place": Place(chip), "last": range(RUN_WORDS), "write": 1, "tag": tag_bits})


class RowState:
    """Whether the row of a place is open, as far as it is known in this cycle."""

    def __init__(self) -> None:
        self.known, self.is_open = Signal(), Signal()


class SdramController(wiring.Component):
    """Executes runs in their order. Rows stay open; the row of the next run is opened while one is under way.

    A run in an open row moves one 32-bit word every two cycles without a gap, also behind another one; a row to be
    changed costs ``precharge`` + ``row_to_column`` cycles and one or two more, less what was hidden. A write behind a
    read waits ``latency`` + 3 cycles. A read's first word comes ``read_cycles`` after its command was decided on. A
    refresh closes all rows; it is never late by more than the longest of a row's times, because it goes before
    everything else.

    Parameters
    ----------
    clock_hz : of domain ``sync``, which also clocks the chip
    pad_cycles : registers between this component and the chip's pins, out and in together
    tag_bits : width of a request's tag
    cycles : the chip's times; None takes those of ``chip`` at ``clock_hz``

    Members
    -------
    request : runs
    write : words of write runs with a strobe for each byte, taken when the chip takes them
    read : words of read runs, each valid for one cycle, whether it is taken or not; ``last`` ends its run
    pins : to the chip
    """

    def __init__(
        self, chip: SdramChip, clock_hz: int, pad_cycles: int, tag_bits: int, cycles: SdramCycles | None = None
    ) -> None:
        self.chip = chip
        self.cycles = cycles or cycles_of(chip, clock_hz)
        self.read_cycles = 1 + self.cycles.latency + pad_cycles + BURST_WORDS
        self.tag_bits = tag_bits
        super().__init__(
            {
                "request": In(stream.Signature(Run(chip, tag_bits))),
                "write": In(stream.Signature(data.StructLayout({"data": 32, "strobes": 4}))),
                "read": Out(
                    stream.Signature(data.StructLayout({"data": 32, "tag": tag_bits, "last": 1}), always_ready=True)
                ),
                "pins": Out(SdramPins(chip.row_bits)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        self._current = Signal(Run(self.chip, self.tag_bits))
        self._busy = Signal()  # the current run has words left
        self._command = Signal(Command)
        self._bank, self._address = Signal(2), Signal(self.chip.row_bits)
        self._accessed = Signal()  # READ or WRITE in this cycle
        self._here, self._ahead = RowState(), RowState()
        m.submodules.start = self._start = SdramStart(self.chip.row_bits, self.cycles)
        self._add_banks(m)
        self._add_runs(m)
        self._add_row_states(m)
        self._decide(m, self._add_refresh(m))
        self._add_outputs(m)
        self._add_reads(m)
        return m

    def _add_banks(self, m: Module) -> None:
        self._banks = []
        for number in range(BANKS):
            m.submodules[f"bank_{number}"] = bank = SdramBank(self.chip.row_bits, self.cycles)
            here = self._bank == number
            all_banks = self._address[PRECHARGE_ALL.bit_length() - 1]
            m.d.comb += [
                bank.activate.eq(here & (self._command == Command.ACTIVATE)),
                bank.precharge.eq((here | all_banks) & (self._command == Command.PRECHARGE)),
                bank.read.eq(here & (self._command == Command.READ)),
                bank.write.eq(here & (self._command == Command.WRITE)),
                bank.row.eq(self._address),
            ]
            self._banks.append(bank)

    def _add_runs(self, m: Module) -> None:
        """The run under way; the next one is looked at while it waits."""
        place = Value.cast(self._current.place)
        m.d.comb += self.request.ready.eq(~self._busy | (self._accessed & (self._current.last == 0)))
        with m.If(self.request.ready):
            m.d.sync += [self._busy.eq(self.request.valid), self._current.eq(self.request.payload)]
        with m.Elif(self._accessed):
            m.d.sync += [place.eq(place + 1), self._current.last.eq(self._current.last - 1)]

    def _add_row_states(self, m: Module) -> None:
        """Compare rows a cycle ahead of the decision: what a command may have changed is not known in the next one."""
        ahead = self.request.payload.place
        steady = (self._command != Command.ACTIVATE) & (self._command != Command.PRECHARGE)
        wraps = self._accessed & self._current.place.column.all()
        m.d.sync += [
            self._here.known.eq(steady & (self.request.ready | ~wraps)),
            self._here.is_open.eq(Mux(self.request.ready, self._is_open(ahead), self._is_open(self._current.place))),
            self._ahead.known.eq(steady & self.request.valid & ~self.request.ready),
            self._ahead.is_open.eq(self._is_open(ahead)),
        ]

    def _add_refresh(self, m: Module) -> Signal:
        """Counts the interval, without a rest, from the start on; returns whether a refresh is due."""
        due = Signal()
        left = Signal(range(self.cycles.refresh_interval), init=self.cycles.refresh_interval - 1)
        with m.If(self._command == Command.REFRESH):
            m.d.sync += due.eq(0)
        with m.If(self._start.done):
            m.d.sync += left.eq(Mux(left == 0, self.cycles.refresh_interval - 1, left - 1))
            with m.If(left == 0):
                m.d.sync += due.eq(1)
        return due

    def _decide(self, m: Module, refresh_due: Signal) -> None:
        """The command of this cycle, of which each condition is a register or a comparison of registers."""
        m.submodules.refreshed = refreshed = Wait(self.cycles.refresh_cycle)
        m.submodules.activated = activated = Wait(self.cycles.bank_to_bank)
        m.submodules.accessed = accessed = Wait(BURST_WORDS)
        m.submodules.has_read = has_read = Wait(self.cycles.latency + BURST_WORDS + 1)
        m.d.comb += [
            refreshed.start.eq(self._command == Command.REFRESH),
            activated.start.eq(self._command == Command.ACTIVATE),
            accessed.start.eq(self._accessed),
            has_read.start.eq(self._command == Command.READ),
            self._accessed.eq((self._command == Command.READ) | (self._command == Command.WRITE)),
            self.write.ready.eq(self._command == Command.WRITE),
        ]
        current, place = self._current, self._current.place
        ahead = self.request.payload.place
        with m.If(~self._start.done):
            m.d.comb += [self._command.eq(self._start.command), self._address.eq(self._start.address)]
        with m.Elif(refresh_due):
            with m.If(~Cat(bank.is_open for bank in self._banks).any()):
                with m.If(Cat(bank.may_activate for bank in self._banks).all()):
                    m.d.comb += self._command.eq(Command.REFRESH)
            with m.Elif(Cat(bank.may_precharge for bank in self._banks).all()):
                m.d.comb += [self._command.eq(Command.PRECHARGE), self._address.eq(PRECHARGE_ALL)]
        with m.Elif(refreshed.over & self._busy):
            data_passes = Mux(current.write, self.write.valid & has_read.over, 1)
            ready = self._here.known & self._here.is_open & self._of(place, "may_access")
            with m.If(ready & accessed.over & data_passes):
                m.d.comb += [
                    self._command.eq(Mux(current.write, Command.WRITE, Command.READ)),
                    self._bank.eq(place.bank),
                    self._address.eq(place.column << 1),
                ]
            with m.Elif(self._here.known & ~self._here.is_open):
                self._prepare(m, place, activated)
            with m.Elif(self._ahead.known & ~self._ahead.is_open & (ahead.bank != place.bank)):
                self._prepare(m, ahead, activated)

    def _of(self, place: data.View, name: str) -> Value:
        """A member of the bank of a place."""
        value: Value = Array(getattr(bank, name) for bank in self._banks)[place.bank]
        return value

    def _is_open(self, place: data.View) -> Value:
        """Whether the row of a place is open."""
        rows = Cat(bank.is_open & (bank.open_row == place.row) for bank in self._banks)
        return rows.bit_select(place.bank, 1)

    def _prepare(self, m: Module, place: data.View, activated: Wait) -> None:
        """Bring the row of a place, which is not open, nearer to it."""
        m.d.comb += self._bank.eq(place.bank)
        with m.If(self._of(place, "is_open")):
            with m.If(self._of(place, "may_precharge")):
                m.d.comb += self._command.eq(Command.PRECHARGE)
        with m.Elif(self._of(place, "may_activate") & activated.over):
            m.d.comb += [self._command.eq(Command.ACTIVATE), self._address.eq(place.row)]

    def _add_outputs(self, m: Module) -> None:
        """Registers before the pins; the second word of a write follows the first."""
        pins = self.pins
        second = Signal()
        second_data, second_mask = Signal(16), Signal(2)
        written = self._command == Command.WRITE
        m.d.sync += [
            pins.command.eq(self._command),
            pins.bank.eq(self._bank),
            pins.address.eq(self._address),
            second.eq(written),
            second_data.eq(self.write.payload.data[16:]),
            second_mask.eq(~self.write.payload.strobes[2:]),
            pins.data_enable.eq(written | second),
            pins.data_o.eq(Mux(second, second_data, self.write.payload.data[:16])),
        ]
        with m.If(~self._start.done):
            m.d.sync += pins.mask.eq(0b11)
        with m.Elif(second):
            m.d.sync += pins.mask.eq(second_mask)
        with m.Else():
            m.d.sync += pins.mask.eq(Mux(written, ~self.write.payload.strobes[:2], 0))

    def _add_reads(self, m: Module) -> None:
        """What comes back is known by its age: the words of a READ lie on the wires a fixed number of cycles later."""
        entry = data.StructLayout({"valid": 1, "last": 1, "tag": self.tag_bits})
        under_way = Signal(data.ArrayLayout(entry, self.read_cycles))
        first = Signal(16, reset_less=True)
        newest = Signal(entry)
        m.d.comb += [
            newest.valid.eq(self._command == Command.READ),
            newest.last.eq(self._current.last == 0),
            newest.tag.eq(self._current.tag),
        ]
        m.d.sync += [
            under_way.eq(Cat(newest, Value.cast(under_way))),
            first.eq(self.pins.data_i),
            self.read.payload.data.eq(Cat(first, self.pins.data_i)),
        ]
        oldest = under_way[self.read_cycles - 1]
        m.d.comb += [
            self.read.valid.eq(oldest.valid),
            self.read.payload.tag.eq(oldest.tag),
            self.read.payload.last.eq(oldest.last),
        ]
