"""The machine of docs/architecture.md, cycle by cycle: slow, plain, and written apart from the simulator.

Every unit is a small state machine. In each cycle the effects that become visible in it are applied, then every unit
looks at what is visible and orders effects for later cycles; none acts in the same cycle, except that an offered burst
is granted in it. This is the judge where simulator and RTL differ.
"""

from collections import defaultdict
from collections.abc import Callable
from functools import partial

from tests.cycle.stepping.address_generators import Loads, ProgramFetch, WeightReads
from tests.cycle.stepping.loader import Loader
from tests.cycle.stepping.parts import DescriptorQueue, Hang, Unit
from tests.cycle.stepping.read_server import ReadServer
from tests.cycle.stepping.sequencer import Sequencer
from tests.cycle.stepping.store_engine import StoreEngine
from tests.cycle.stepping.tile_control import TileControl
from tileloom.hw.spec import timing
from tileloom.hw.spec.config import MemoryModel
from tileloom.hw.spec.program import Program
from tileloom.hw.spec.result import FrameTiming


class Stepper:
    """All units of one frame."""

    def __init__(self, program: Program, memory: MemoryModel | None = None) -> None:
        self.program = program
        self.target = program.target
        self.memory = memory or program.target.memory
        self.instructions = program.instructions
        self.effects: dict[int, list[Callable[[], object]]] = defaultdict(list)
        self.progress = 0
        self.stored = 0
        self.done = 0
        self.servers = [ReadServer(self, 0), ReadServer(self, 1)]
        self.p = ProgramFetch(self)
        self.a = Loads(self)
        self.w = WeightReads(self)
        self.loader = Loader(self)
        self.o = StoreEngine(self)
        self.tiles = [TileControl(self, n) for n in range(self.target.tiles)]
        self.sequencer = Sequencer(self)

    def later(self, t: int, effect: Callable[..., object], *values: object) -> None:
        """Let an effect become visible in cycle ``t``."""
        self.effects[t].append(partial(effect, *values))

    def paused(self, t: int) -> bool:
        return self.memory.pause_period > 0 and t % self.memory.pause_period < self.memory.pause_cycles

    def masked_numbers(self, mask: int) -> list[int]:
        return [n for n in range(self.target.tiles) if mask >> n & 1]

    def masked(self, mask: int) -> list[TileControl]:
        return [self.tiles[n] for n in self.masked_numbers(mask)]

    def units_idle(self) -> bool:
        for unit in (self.a, self.w):
            if unit.state != "IDLE" or not unit.queue.empty:
                return False
            if any(server.by_owner[unit.name] for server in self.servers):
                return False
        return self.loader.state == "IDLE" and self.loader.queue.empty and self.o.idle

    def take(self, queue: DescriptorQueue, t: int) -> None:
        """A unit takes the shadow."""
        self.progress = t

        def taken() -> None:
            queue.shadow = None
            queue.resting = False

        self.later(t + 1, taken)

    def fill(self, queue: DescriptorQueue, t: int) -> None:
        """The filler of one queue."""
        if not queue.words or queue.resting:
            return
        self.progress = t
        number, last = queue.words[0]

        def moved() -> None:
            queue.words.popleft()
            queue.moved = 0 if last else queue.moved + 1
            queue.resting = last

        def valid() -> None:
            queue.shadow = number

        self.later(t + 1, moved)
        if last:
            self.later(t + timing.QUEUE_READ, valid)

    def run(self, patience: int = 3000) -> FrameTiming:
        """Run to END; ``Hang`` after ``patience`` cycles in which nothing moves."""
        t = 0
        queues = [self.a.queue, self.loader.queue, self.w.queue, self.o.queue, *(tile.queue for tile in self.tiles)]
        units: list[Unit] = [self.sequencer, self.p, self.a, self.w, self.loader, self.o, *self.tiles, *self.servers]
        while not self.done:
            for effect in self.effects.pop(t, []):
                effect()
            if t > 0:
                for queue in queues:
                    self.fill(queue, t)
                for unit in units:
                    unit.step(t)
            if t - self.progress > patience:
                raise Hang
            t += 1
        return FrameTiming(
            cycles=self.done,
            trace=tuple(sorted(entry for tile in self.tiles for entry in tile.trace)),
            stalls=tuple(tile.stalls for tile in self.tiles),
        )
