"""The stepper's sequencer."""

from collections import deque
from typing import TYPE_CHECKING

from tests.cycle.stepping.parts import DescriptorQueue
from tileloom.hw.spec import isa, timing

if TYPE_CHECKING:
    from tests.cycle.stepping.stepper import Stepper


class Sequencer:
    """Pops the program."""

    def __init__(self, machine: "Stepper") -> None:
        self.machine = machine
        self.words: deque[tuple[int, int]] = deque()  # instruction, place of the word in it
        for number, instruction in enumerate(machine.instructions):
            self.words.extend((number, place) for place in range(len(isa.encode(instruction))))
        self.popped = 0
        self.state = "POP"
        self.queues: list[DescriptorQueue] = []

    def set_state(self, state: str) -> None:
        self.state = state

    def step(self, t: int) -> None:
        m = self.machine
        if self.state != "POP":
            units = [m.tiles[n] for n in m.masked_numbers(self.mask)] if self.state == "TABLE" else None
            quiet = all(tile.idle(t) for tile in (units if units is not None else m.tiles))
            if units is None:
                quiet = quiet and m.units_idle()
            if quiet:
                if self.state == "END":
                    m.done = t
                m.later(t + 1, lambda: self.set_state("POP"))
            return
        per_beat = m.target.port_bytes // 4
        if not self.words or self.popped // per_beat >= m.p.ready_beats:
            return
        number, place = self.words[0]
        instruction = m.instructions[number]
        count = len(isa.encode(instruction))
        sends = 1
        match instruction:
            case isa.Load():
                queues = [m.a.queue, m.loader.queue]
            case isa.Weights():
                queues = [m.w.queue]
            case isa.Store():
                queues = [m.o.queue]
            case isa.Job() if place > 0:
                queues = [tile.queue for tile in m.masked(instruction.mask)]
            case _:
                queues = []
        if any(len(queue.words) > queue.depth - 2 for queue in queues):
            return
        m.progress = t
        for queue in queues:
            word = (number, place == count - 1)
            m.later(t + timing.QUEUE_WRITE, queue.words.append, word)
        self.words.popleft()
        self.popped += sends
        if self.popped % per_beat == 0:
            m.later(t + 1, m.p.free)
        if isinstance(instruction, isa.Table) and place == 1:
            self.mask = instruction.mask
            m.later(t + 1, lambda: self.set_state("TABLE"))
        elif isinstance(instruction, isa.Barrier):
            m.later(t + 1, lambda: self.set_state("BARRIER"))
        elif isinstance(instruction, isa.End):
            m.later(t + 1, lambda: self.set_state("END"))

    mask = 0
