"""What the units of the model share: numbers seen later, descriptor queues, servers, tiles and counters."""

from collections.abc import Callable, Generator
from functools import partial
from typing import Any

from tests.hw_dma.surroundings import paused, some_tiles
from tileloom.hw.spec import isa, timing
from tileloom.hw.spec.config import Target

Log = dict[str, list[tuple[Any, ...]]]


class Delayed:
    """A number that is changed now and seen later."""

    def __init__(self) -> None:
        self.changes: list[tuple[int, int]] = []
        self.value = 0

    def add(self, cycle: int, amount: int) -> None:
        """Change it by ``amount``, visibly from ``cycle`` on."""
        self.changes.append((cycle, amount))

    def at(self, cycle: int) -> int:
        """Its value in a cycle; cycles never go back."""
        self.value += sum(amount for c, amount in self.changes if c <= cycle)
        self.changes = [change for change in self.changes if change[0] > cycle]
        return self.value


class Queue:
    """A descriptor queue: words in by the bus, whole instructions out."""

    def __init__(self, sends: list[tuple[int, int]]) -> None:
        self.words = [(cycle + timing.QUEUE_WRITE - 1, word) for cycle, word in sends]
        self.shadow: list[int] = []
        self.full_from = self.valid_from = 1 << 60

    def step(self, cycle: int) -> None:
        """The filler's cycle."""
        if self.full_from > cycle and self.words and self.words[0][0] <= cycle:
            self.shadow.append(self.words.pop(0)[1])
            if len(self.shadow) == self.shadow[0] >> 8 & 0xFF:
                self.full_from, self.valid_from = cycle + 1, cycle + timing.QUEUE_READ

    def take(self) -> Any:
        """The instruction, whose place is free in the next cycle."""
        instruction = isa.decode(self.shadow)
        self.shadow = []
        return instruction

    def free(self) -> None:
        """At the end of the cycle of ``take``."""
        self.full_from = self.valid_from = 1 << 60

    def idle(self, cycle: int) -> bool:
        """No word visible, on its way to the shadow or in it."""
        return not self.shadow and not (self.words and self.words[0][0] <= cycle)


class Server:
    """Grants of one memory."""

    def __init__(self, target: Target, map_: bool) -> None:
        self.target = target
        self.map = map_
        self.empty_from = 0
        self.under_way = Delayed()
        self.free_from = 0  # first cycle after the last beat so far

    def grant(self, cycle: int, beats: int) -> tuple[int, list[int]] | None:
        """Cycle of the request's handshake and cycles of the beats, if the burst is granted in this cycle."""
        if cycle < self.empty_from or self.under_way.at(cycle) >= self.target.outstanding:
            return None
        request = self.unpaused(cycle + timing.GRANT_TO_REQUEST)
        self.empty_from = request + 1
        latency = timing.MAP_READ_LATENCY if self.map else self.target.memory.read_latency
        arrivals = []
        at = max(request + latency, self.free_from)
        for _ in range(beats):
            at = self.unpaused(at)
            arrivals.append(at)
            at += 1
        self.free_from = at
        self.under_way.add(cycle + 1, 1)
        self.under_way.add(arrivals[-1] + timing.READ_RETIRE, -1)
        return request, arrivals

    def unpaused(self, cycle: int) -> int:
        """The first cycle from this on in which the memory does not pause."""
        while not self.map and paused(self.target.memory, cycle):
            cycle += 1
        return cycle


class ModelState:
    """All that the units of the model know and do in common; ``log`` has the events of each kind."""

    def __init__(self, target: Target, memory: bytes, sends: dict[str, list[tuple[int, int]]], seed: int) -> None:
        self.target = target
        self.memory = bytearray(memory)
        self.map = bytearray(target.map_bytes)
        self.tiles = some_tiles(target, seed)
        self.queues = {name: Queue(list(words)) for name, words in sends.items()}
        self.servers = [Server(target, False), Server(target, True)]
        self.log: Log = {}
        self.cycle = 0
        self.busy = dict.fromkeys(("addresses", "loader", "weights", "store"), False)
        self.taken: list[Queue] = []
        self.claims: list[dict[str, int]] = []
        self.released: list[bool] = []
        self.under_way = {client: [Delayed(), Delayed()] for client in "AW"}
        # A and the loader
        self.reserved = Delayed()
        self.staged = 0
        self.freed = Delayed()
        self.staging: list[tuple[int, bytes]] = []
        self.freed_beats = 0
        self.run_address = self.run_start = self.run_place = self.run_beat = 0
        # O
        self.stored = Delayed()
        self.awaited = Delayed()
        self.map_pending = Delayed()
        self.aw_empty_from = 0
        self.write_free_from = 0
        self.response_free_from = 0
        self.unwritten = Delayed()
        self.map_writes: dict[int, dict[int, int]] = {}
        self.map_reads: dict[int, list[Callable[[], None]]] = {}
        # P
        self.program_buffer = Delayed()
        self.words: list[tuple[int, int, bool]] = []
        self.words_left = 0

    def event(self, kind: str, cycle: int, *details: Any) -> None:
        """Note an event."""
        self.log.setdefault(kind, []).append((cycle, *details))

    def _take(self, name: str) -> Generator[None, None, Any]:
        """IDLE until the shadow is valid; the value is the instruction."""
        self.busy[name] = False
        queue = self.queues[name]
        while queue.valid_from > self.cycle:
            yield
        instruction = queue.take()
        self.taken.append(queue)
        # The shadow and the idle of this very cycle are those before the taking.
        yield
        self.busy[name] = True
        return instruction

    def _deliver(self, space: int, address: int, arrivals: list[int], sink: Callable[[int, bytes], None]) -> None:
        """Give every beat (its number, its bytes) to ``sink``: the map buffer is read a cycle before its beat."""
        size = self.target.port_bytes
        first = address // size * size

        def read(number: int) -> None:
            store = self.map if space else self.memory
            sink(number, bytes(store[first + number * size : first + (number + 1) * size]))

        for number, at in enumerate(arrivals):
            if space:
                self.map_reads.setdefault(at - 1, []).append(partial(read, number))
            else:
                read(number)

    def _cut(self, address: int, left: int) -> tuple[int, int]:
        """Bytes and beats of the burst from an address with so many bytes left."""
        size = min(left, self.target.burst_bytes - address % self.target.burst_bytes)
        return size, -(-(address % self.target.port_bytes + size) // self.target.port_bytes)

    def _grant(self, space: int, client: str, address: int, beats: int) -> list[int] | None:
        granted = self.servers[space].grant(self.cycle, beats)
        if granted is None:
            return None
        request, arrivals = granted
        if space == 0:
            aligned = address // self.target.port_bytes * self.target.port_bytes
            self.event("request", request, "PAW".index(client), aligned, beats)
        if client in self.under_way:
            self.under_way[client][space].add(self.cycle + 1, 1)
            self.under_way[client][space].add(arrivals[-1] + timing.READ_RETIRE, -1)
        return arrivals

    def _other_space(self, client: str, space: int) -> int:
        return self.under_way[client][1 - space].at(self.cycle)

    def _room(self, mask: int, log: str, amount: int) -> bool:
        return all(tile.room(log, amount) for n, tile in enumerate(self.tiles) if mask >> n & 1)

    def _claim(self, mask: int, log: str, amount: int) -> None:
        cut = mask & ((1 << self.target.tiles) - 1)
        if cut:
            self.event(f"claim {log}", self.cycle, cut, amount)
        for n, claims in enumerate(self.claims):
            if mask >> n & 1:
                claims[log] = amount
