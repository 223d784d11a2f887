"""The sequencer: pops the program word by word, fills the units' queues, and waits where the program says so."""

from collections.abc import Generator, Sequence

from tileloom.hw.spec import isa
from tileloom.hw.spec.config import Target
from tileloom.hw.spec.timing import JOB_QUEUE_WORDS, LOAD_QUEUE_WORDS, STORE_QUEUE_WORDS, WEIGHTS_QUEUE_WORDS
from tileloom.sim.cycle.fetch import Fetch
from tileloom.sim.cycle.masks import tiles_of
from tileloom.sim.cycle.queues import Queue
from tileloom.sim.cycle.timeline import Process, Schedule, Steps


class Queues:
    """The descriptor queues of all units."""

    def __init__(self, schedule: Schedule, target: Target) -> None:
        self.activations = Queue(schedule, LOAD_QUEUE_WORDS, compact=target.compact)
        self.loader = Queue(schedule, LOAD_QUEUE_WORDS, compact=target.compact)
        self.weights = Queue(schedule, WEIGHTS_QUEUE_WORDS, compact=target.compact)
        self.store = Queue(schedule, STORE_QUEUE_WORDS, compact=target.compact)
        self.tiles = [Queue(schedule, JOB_QUEUE_WORDS, compact=target.compact) for _ in range(target.tiles)]

    @property
    def all(self) -> list[Queue]:
        """Every queue; the tiles' last."""
        return [self.activations, self.loader, self.weights, self.store, *self.tiles]


class Sequencer(Process):
    """Pops at most one word a cycle; ``popped`` counts them."""

    def __init__(
        self,
        schedule: Schedule,
        target: Target,
        instructions: Sequence[isa.Instruction],
        fetch: Fetch,
        queues: Queues,
    ) -> None:
        self.popped = 0
        self._tiles = target.tiles
        self._words_per_beat = target.port_bytes // 4
        self._instructions = instructions
        self._fetch = fetch
        self._queues = queues
        self._cycle = 0
        super().__init__(schedule, "sequencer")

    def run(self) -> Steps:
        """One instruction after the other."""
        queues = self._queues
        for number, instruction in enumerate(self._instructions):
            self.instruction = number
            match instruction:
                case isa.Begin():
                    yield from self._pop(isa.words_of(isa.Begin), [])
                case isa.Load():
                    yield from self._send(number, isa.words_of(isa.Load), [queues.activations, queues.loader])
                case isa.Weights():
                    yield from self._send(number, isa.words_of(isa.Weights), [queues.weights])
                case isa.Store():
                    yield from self._send(number, isa.words_of(isa.Store), [queues.store])
                case isa.Job():
                    yield from self._pop(1, [])
                    tiles = [queues.tiles[tile] for tile in tiles_of(instruction.mask, self._tiles)]
                    yield from self._send(number, isa.words_of(isa.Job) - 1, tiles)
                case isa.Table():
                    yield from self._pop(isa.words_of(isa.Table), [])
                    yield from self._idle([queues.tiles[tile] for tile in tiles_of(instruction.mask, self._tiles)])
                    yield from self._pop(2 * len(instruction.slopes), [])
                case isa.Barrier():
                    yield from self._pop(1, [])
                    yield from self._idle(queues.all)
                case isa.End():
                    yield from self._pop(1, [])
                    yield from self._idle(queues.all)
                    self.schedule.done = self._cycle
        self.instruction = -1

    def _send(self, number: int, words: int, queues: list[Queue]) -> Steps:
        pops = yield from self._pop(words, queues)
        for queue in queues:
            queue.send(number, pops)

    def _idle(self, queues: list[Queue]) -> Steps:
        """From the cycle after the last pop wait until the units are idle."""
        cycle = self._cycle + 1
        for queue in queues:
            cycle = max(cycle, (yield from self.wait(queue.finished, len(queue.numbers), "idle")))
        self._cycle = cycle

    def _pop(self, words: int, queues: list[Queue]) -> Generator[None, None, list[int]]:
        """Pop words, sending each to the queues; return the cycles."""
        ready, per_beat = self._fetch.ready_beats, self._words_per_beat
        # Only words from this one on can find a queue full, see _room.
        first_check = min((queue.depth - 1 - queue.sent for queue in queues), default=words)
        cycle = self._cycle
        pops: list[int] = []
        for i in range(words):
            beat, place = divmod(self.popped, per_beat)
            while beat >= len(ready):
                self.waiting = ("program", -1, 0)
                self._fetch.reader = self
                yield
            cycle = max(cycle + 1, ready[beat])
            if i == 0 and all(_clear(queue, words, cycle) for queue in queues):
                first_check = words
            if i >= first_check:
                cycle = yield from self._room(cycle, i, pops, queues)
            pops.append(cycle)
            self.popped += 1
            if place == per_beat - 1:
                self._fetch.freed.advance(1, cycle + 1)
        self._cycle = cycle
        self.waiting = None
        return pops

    def _room(self, cycle: int, place: int, pops: list[int], queues: list[Queue]) -> Generator[None, None, int]:
        """First cycle from ``cycle`` on in which every queue shows room for word ``place`` of a descriptor.

        Word ``m`` of a queue finds ``m`` words sent, all visible except one popped in the cycle before; of these the
        filler must have moved all but depth - 2.
        """
        while True:
            earliest = cycle
            for queue in queues:
                last = pops[-1] if pops else queue.last_sent
                moved = queue.sent + place - queue.depth + (cycle != last + 1)
                while moved >= len(queue.pops):
                    self.waiting = ("queue", self._queues.all.index(queue), 0)
                    queue.waiter = self
                    yield
                if moved >= 0:
                    earliest = max(earliest, queue.pops[moved] + 1)
            if earliest == cycle:
                return cycle
            cycle = earliest


def _clear(queue: Queue, words: int, cycle: int) -> bool:
    """The queue has room for so many words whatever its filler does from ``cycle`` on."""
    moved = queue.sent + words - queue.depth
    return moved < 0 or (moved < len(queue.pops) and queue.pops[moved] < cycle)
