"""The sequencer: pops the program word by word and sends descriptors over the configuration bus."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tileloom.hw.field_guard import FieldGuard
from tileloom.hw.interfaces import ConfigurationLine
from tileloom.hw.spec import isa
from tileloom.hw.spec.config import Target
from tileloom.hw.spec.isa import Opcode
from tileloom.hw.spec.registers import Error
from tileloom.hw.spec.widths import address_bits

UNITS = 4
"""Queues that are not a tile's: LOAD address generator, loader, WEIGHTS, STORE."""
QUEUES = {Opcode.LOAD: 0b0011, Opcode.WEIGHTS: 0b0100, Opcode.STORE: 0b1000}
"""The queues that a descriptor goes to, one bit each; those of a JOB are in its mask."""


def instruction_words(target: Target) -> dict[Opcode, int]:
    """Words of every instruction that the target knows, header included."""
    words = {kind.opcode: isa.words_of(kind) for kind in isa.KINDS.values() if kind is not isa.Table}
    if target.segments:
        words[Opcode.TABLE] = isa.words_of(isa.Table) + 2 * target.segments
    return words


class Sequencer(wiring.Component):
    """Fetches nothing and computes nothing: it checks headers, routes words and waits (``docs/architecture.md``).

    A word popped in cycle ``t`` is on its configuration lines in ``t + 1``. At most one word is popped a cycle.

    Members
    -------
    running : In(1), high from cycle 1 to the cycle of ``done`` or ``error``; otherwise nothing is popped
    program_words : In(30), size of the program
    word, word_valid, pop : the next program word; it is consumed in a cycle with ``pop``
    units_idle : In(1), A, loader, W and O are idle and no write is outstanding
    tiles_idle : In(tiles)
    load, loader, weights, store, tiles : configuration lines
    done : Out(1), END is over in this cycle
    error : Out(4), the :class:`Error` of this cycle
    program_counter : Out(30), word offset of the instruction last popped
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        super().__init__(
            {
                "running": In(1),
                "program_words": In(30),
                "word": In(32),
                "word_valid": In(1),
                "pop": Out(1),
                "units_idle": In(1),
                "tiles_idle": In(target.tiles),
                "load": Out(ConfigurationLine()),
                "loader": Out(ConfigurationLine()),
                "weights": Out(ConfigurationLine()),
                "store": Out(ConfigurationLine()),
                "tiles": Out(ConfigurationLine()).array(target.tiles),
                "done": Out(1),
                "error": Out(4),
                "program_counter": Out(30),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        target = self.target
        word = self.word
        popped = Signal(address_bits(target) - 2)  # words since start
        left = Signal(8)  # words of this instruction that are not popped
        queues = Signal(UNITS + target.tiles)  # where the words of this instruction go
        header = Signal(32, reset_less=True)
        begun = Signal()
        want = Signal()  # this state pops a word when it may
        send = Signal(UNITS + target.tiles)  # queues that get a word by this pop
        send_data = Signal(32)
        send_table = Signal(UNITS + target.tiles)
        start_table = Signal(UNITS + target.tiles)
        mask_queues = Cat(Const(0, UNITS), word[: target.tiles])
        no_room = ~self._rooms(m)
        out_of_words = popped == self.program_words

        m.d.comb += [
            send_data.eq(word),
            self.pop.eq(self.running & want & self.word_valid & ~out_of_words & ~(send & no_room).any()),
        ]
        with m.If(self.running & want & out_of_words):
            m.d.comb += self.error.eq(Error.PROGRAM_END)
        line_data = Signal(32, reset_less=True)
        if target.compact:
            self._guard(m, left, line_data)
        with m.If(self.pop):
            m.d.sync += [popped.eq(popped + 1), left.eq(left - 1)]

        with m.FSM():
            with m.State("HEADER"):
                m.d.comb += want.eq(1)
                with m.Switch(word[:8]):
                    for opcode, units in QUEUES.items():
                        with m.Case(opcode):
                            m.d.comb += send.eq(units)
                with m.If(self.pop):
                    m.d.sync += [header.eq(word), left.eq(word[8:16] - 1), queues.eq(send), begun.eq(1)]
                    m.d.sync += self.program_counter.eq(popped)
                    self._next_state(m, begun)
            with m.State("BEGIN"):
                m.d.comb += want.eq(1)
                with m.If(self.pop):
                    self._check_begin(m, left)
                    with m.If(left == 1):
                        m.next = "HEADER"
            with m.State("BODY"):
                m.d.comb += [want.eq(1), send.eq(queues)]
                with m.If(self.pop & (left == 1)):
                    m.next = "HEADER"
            with m.State("JOB MASK"):
                m.d.comb += [want.eq(1), send.eq(mask_queues), send_data.eq(header)]
                with m.If(self.pop):
                    m.d.sync += queues.eq(mask_queues)
                    m.next = "BODY"
            if target.segments:
                self._table_states(m, want, left, queues, send_table, start_table)
            with m.State("BARRIER"):
                with m.If(self.units_idle & self.tiles_idle.all()):
                    m.next = "HEADER"
            with m.State("END"):
                m.d.comb += self.done.eq(self.running & self.units_idle & self.tiles_idle.all())

        self._drive_lines(m, Mux(self.pop, send, 0), send_table, start_table, send_data, line_data)
        return m

    def _guard(self, m: Module, left: Signal, line_data: Signal) -> None:
        """A field that is wider than what the machine keeps of it; words of a TABLE are not looked at."""
        m.submodules.guard = guard = FieldGuard(self.target)
        m.d.comb += [guard.word.eq(self.word), guard.pop.eq(self.pop), guard.header.eq(left == 0)]
        m.d.comb += guard.sent.eq(line_data)
        with m.If(guard.bad & self.running):
            m.d.comb += self.error.eq(Error.ILLEGAL_INSTRUCTION)

    def _rooms(self, m: Module) -> Signal:
        rooms = Signal(UNITS + self.target.tiles)
        m.d.comb += rooms.eq(Cat(line.room for line in self._lines))
        return rooms

    @property
    def _lines(self) -> list[wiring.PureInterface]:
        return [self.load, self.loader, self.weights, self.store, *self.tiles]

    def _next_state(self, m: Module, begun: Signal) -> None:
        """Where a header leads; any that this target does not know is an error."""
        states = {Opcode.BEGIN: "BEGIN", Opcode.JOB: "JOB MASK", Opcode.TABLE: "TABLE MASK"}
        states |= {Opcode.BARRIER: "BARRIER", Opcode.END: "END"}
        legal = Signal()
        for opcode, words in instruction_words(self.target).items():
            with m.If(self.word[:16] == (opcode | words << 8)):
                m.d.comb += legal.eq(begun | (opcode == Opcode.BEGIN))
                m.next = states.get(opcode, "BODY")
        with m.If(~legal):
            m.d.comb += self.error.eq(Error.ILLEGAL_INSTRUCTION)

    def _check_begin(self, m: Module, left: Signal) -> None:
        target_hash = self.target.hash
        wrong_hash = Mux(left == 2, target_hash & 0xFFFFFFFF, target_hash >> 32) != self.word
        with m.If(left == 3):
            with m.If(self.word != isa.FORMAT_VERSION):
                m.d.comb += self.error.eq(Error.WRONG_VERSION)
        with m.Elif(wrong_hash):
            m.d.comb += self.error.eq(Error.WRONG_TARGET)

    def _table_states(
        self, m: Module, want: Signal, left: Signal, queues: Signal, send_table: Signal, start_table: Signal
    ) -> None:
        tiles = queues[UNITS:]
        with m.State("TABLE MASK"):
            m.d.comb += want.eq(1)
            with m.If(self.pop):
                m.d.comb += start_table[UNITS:].eq(self.word[: self.target.tiles])
                m.d.sync += tiles.eq(self.word[: self.target.tiles])
                m.next = "TABLE WAIT"
        with m.State("TABLE WAIT"):
            with m.If((self.tiles_idle | ~tiles).all()):
                m.next = "TABLE"
        with m.State("TABLE"):
            m.d.comb += want.eq(1)
            with m.If(self.pop):
                m.d.comb += send_table.eq(queues)
                with m.If(left == 1):
                    m.next = "HEADER"

    def _drive_lines(
        self, m: Module, send: Signal, table: Signal, table_start: Signal, data: Signal, line_data: Signal
    ) -> None:
        m.d.sync += line_data.eq(data)
        for i, line in enumerate(self._lines):
            m.d.sync += line.valid.eq(send[i] | table[i])
            m.d.comb += line.data.eq(line_data)
            if i >= UNITS and self.target.segments:
                m.d.sync += [line.table.eq(table[i]), line.table_start.eq(table_start[i])]
