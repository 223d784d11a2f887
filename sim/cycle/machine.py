"""One frame on the machine: all units joined, grants taken in the order of time."""

from collections.abc import Sequence

from tileloom.hw.spec import isa
from tileloom.hw.spec.config import MemoryModel, Target
from tileloom.hw.spec.registers import Cause
from tileloom.hw.spec.result import FrameTiming, Wait
from tileloom.hw.spec.timing import MAP_READ_LATENCY
from tileloom.sim.cycle.activations import Activations
from tileloom.sim.cycle.fetch import Fetch
from tileloom.sim.cycle.loader import Loader
from tileloom.sim.cycle.logs import TileLogs
from tileloom.sim.cycle.pauses import Pauses
from tileloom.sim.cycle.sequencer import Queues, Sequencer
from tileloom.sim.cycle.servers import NEVER, Server
from tileloom.sim.cycle.store import Stores
from tileloom.sim.cycle.tile import Tile
from tileloom.sim.cycle.timeline import Process, Schedule
from tileloom.sim.cycle.weights import WeightPortions


class Machine:
    """All units of a target with a program, from the start strobe (cycle 0) on."""

    def __init__(
        self, target: Target, memory: MemoryModel, instructions: Sequence[isa.Instruction], address: int
    ) -> None:
        schedule = Schedule()
        self.schedule = schedule
        self.target = target
        self.instructions = instructions
        self.queues = queues = Queues(schedule, target)
        pauses = Pauses(memory.pause_period, memory.pause_cycles)
        self.servers = servers = [
            Server(schedule, 0, memory.read_latency, target.outstanding, pauses),
            Server(schedule, 1, MAP_READ_LATENCY, target.outstanding, Pauses()),
        ]
        self.logs = logs = [
            TileLogs(schedule, target.window_activations, target.residual_activations, target.weight_words)
            for _ in range(target.tiles)
        ]
        size_bytes = 4 * sum(instruction_words(instruction) for instruction in instructions)
        fetch = Fetch(schedule, target, servers[0], address, size_bytes)
        self.sequencer = Sequencer(schedule, target, instructions, fetch, queues)
        self.loader = Loader(schedule, target, instructions, queues.loader, logs)
        self.stores = Stores(schedule, target, memory, instructions, queues.store, logs)
        self.activations = Activations(
            schedule, target, instructions, queues.activations, servers, logs, self.loader, self.stores.stored
        )
        self.weights = WeightPortions(schedule, target, instructions, queues.weights, servers, logs)
        self.tiles = [
            Tile(
                schedule, target, instructions, queues.tiles[n], logs[n], logs[n + 1] if n + 1 < len(logs) else None, n
            )
            for n in range(target.tiles)
        ]
        self.processes: list[Process] = [
            self.sequencer,
            fetch,
            self.activations,
            self.loader,
            self.weights,
            self.stores,
            *self.tiles,
        ]

    def run(self) -> FrameTiming | None:
        """Run to END; None where nothing can happen any more before it."""
        schedule = self.schedule
        memory, near = self.servers
        while True:
            schedule.run()
            if schedule.done:
                return self._timing(schedule.done)
            at_memory, at_near = memory.next_grant(), near.next_grant()
            if at_memory <= at_near:
                if at_memory >= NEVER:
                    return None
                memory.grant(at_memory)
            else:
                near.grant(at_near)

    def _timing(self, cycles: int) -> FrameTiming:
        for tile in self.tiles:
            tile.stall(Cause.JOB, tile.idle, cycles + 1)
        return FrameTiming(
            cycles=cycles,
            trace=tuple(sorted(entry for tile in self.tiles for entry in tile.trace)),
            stalls=tuple(tile.stalls for tile in self.tiles),
            waits=tuple(Wait(tile.number, *wait) for tile in self.tiles for wait in tile.waits),
        )


def instruction_words(instruction: isa.Instruction) -> int:
    """Words of an instruction in the program."""
    if isinstance(instruction, isa.Table):
        return isa.words_of(isa.Table) + 2 * len(instruction.slopes)
    return isa.words_of(type(instruction))
