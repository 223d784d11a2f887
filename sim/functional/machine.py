"""The machine: sequencer, address generators, tiles, and the run to END.

Each unit is a Python generator that works as far as its tokens allow and yields what it waits for. Units work in turns
until END; results do not depend on the order of the turns. This is ``docs/architecture.md`` without its cycles.
"""

from collections.abc import Iterator

from tileloom.hw.spec import isa, timing
from tileloom.hw.spec.config import Target
from tileloom.hw.spec.registers import Error
from tileloom.sim.functional.buffers import AddressSpace
from tileloom.sim.functional.faults import Deadlock, MachineError
from tileloom.sim.functional.load import load_engine
from tileloom.sim.functional.queue import InstructionQueue
from tileloom.sim.functional.store import store_engine
from tileloom.sim.functional.tile import Tile
from tileloom.sim.functional.weights import weights_engine


class Machine:
    """One grid with its memories, from start to done.

    Parameters
    ----------
    words : the program, as it stands in memory
    bounded : send an instruction only where the machine's descriptor queues certainly have room for it; a program that
        ends so cannot hang the machine by the depth of its queues
    fill : what every byte of logs and slots holds at the start; no program's results may depend on it
    """

    def __init__(
        self,
        target: Target,
        words: list[int],
        memory: AddressSpace,
        map_buffer: AddressSpace,
        bounded: bool = False,
        fill: int = 0,
    ) -> None:
        self.target = target
        self.words = words
        self.program_counter = 0
        self.spaces = {int(isa.Space.MEMORY): memory, int(isa.Space.MAP): map_buffer}
        self.load_queue = InstructionQueue(timing.LOAD_QUEUE_WORDS)
        self.weights_queue = InstructionQueue(timing.WEIGHTS_QUEUE_WORDS)
        self.store_queue = InstructionQueue(timing.STORE_QUEUE_WORDS)
        self.tiles = [Tile(self, number, len(memory.data), fill) for number in range(target.tiles)]
        self.stored = 0
        self.done = False
        self._bounded = bounded
        self._steps_done = 0

    def advanced(self) -> None:
        """Some unit tells that it got further."""
        self._steps_done += 1

    def tiles_of(self, mask: int) -> list[Tile]:
        """The tiles of a mask."""
        return [tile for tile in self.tiles if mask >> tile.number & 1]

    def run(self) -> None:
        """Work to END; halts with :class:`MachineError`, or raises :class:`Deadlock` when nothing can go on."""
        units = [self._sequencer(), load_engine(self), weights_engine(self), store_engine(self)]
        units += [tile.run() for tile in self.tiles]
        while not self.done:
            before = self._steps_done
            waiting = [next(unit) for unit in units]
            if self._steps_done == before:
                raise Deadlock("program waits for ever: " + "; ".join(text for text in waiting if text))

    def _sequencer(self) -> Iterator[str]:
        while not self.done:
            instruction = self._pop()
            match instruction:
                case isa.Begin():
                    self._check_begin(instruction)
                case isa.Table():
                    while busy := [t.number for t in self.tiles_of(instruction.mask) if not t.queue.is_idle]:
                        yield f"sequencer (TABLE tag {instruction.tag}) waits for the units to be idle: tiles {busy}"
                    for tile in self.tiles_of(instruction.mask):
                        tile.set_table(instruction)
                case isa.Barrier() | isa.End():
                    name = f"{instruction.opcode.name} tag {instruction.tag}"
                    while not all(queue.is_idle for queue in self._all_queues()):
                        yield f"sequencer ({name}) waits for the units to be idle"
                    self.done = isinstance(instruction, isa.End)
                case _:
                    queues = self._queues_of(instruction)
                    while self._bounded and not all(queue.fits(instruction) for queue in queues):
                        title = f"sequencer ({instruction.opcode.name} tag {instruction.tag})"
                        yield f"{title} waits for room in its descriptor queue"
                    for queue in queues:
                        queue.put(instruction)
            self.advanced()
        while True:
            yield ""

    def _pop(self) -> isa.Instruction:
        """The next instruction of the program's words."""
        ahead = self.words[self.program_counter : self.program_counter + 255]
        length = ahead[0] >> 8 & 0xFF if ahead else 1
        if length > len(ahead):
            self.program_counter = len(self.words)
            raise MachineError(Error.PROGRAM_END)
        try:
            instruction = isa.decode(ahead)
        except isa.EncodingError:
            self.program_counter += 1
            raise MachineError(Error.ILLEGAL_INSTRUCTION) from None
        is_first = self.program_counter == 0
        segments = len(instruction.slopes) if isinstance(instruction, isa.Table) else self.target.segments
        if is_first != isinstance(instruction, isa.Begin) or segments != self.target.segments:
            self.program_counter += 1
            raise MachineError(Error.ILLEGAL_INSTRUCTION)
        self.program_counter += length
        return instruction

    def _check_begin(self, begin: isa.Begin) -> None:
        if begin.version != isa.FORMAT_VERSION:
            raise MachineError(Error.WRONG_VERSION)
        if begin.target_hash != self.target.hash:
            raise MachineError(Error.WRONG_TARGET)

    def _all_queues(self) -> list[InstructionQueue]:
        return [self.load_queue, self.weights_queue, self.store_queue, *(tile.queue for tile in self.tiles)]

    def _queues_of(self, instruction: isa.Load | isa.Weights | isa.Store | isa.Job) -> list[InstructionQueue]:
        match instruction:
            case isa.Load():
                return [self.load_queue]
            case isa.Weights():
                return [self.weights_queue]
            case isa.Store():
                return [self.store_queue]
            case isa.Job():
                return [tile.queue for tile in self.tiles_of(instruction.mask)]
