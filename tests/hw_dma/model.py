"""The smart DMA cycle by cycle in plain Python, written from ``docs/architecture.md`` alone.

Every unit is a generator that is resumed once a cycle, in the order of the servers' priority; what it does in a cycle
others see in the next cycle or later, by :class:`Delayed`.
"""

from collections.abc import Iterator
from functools import partial
from itertools import product

from tests.hw_dma.model_load import ModelLoad
from tests.hw_dma.model_state import Log
from tests.hw_dma.model_store import ModelStore
from tileloom.hw.spec import isa, timing


class Model(ModelLoad, ModelStore):
    """All of it; ``run`` gives the events of each kind in order of cycles."""

    def run(self, cycles: int, program: tuple[int, int], pops: list[bool]) -> Log:
        """All cycles from the start strobe (0) on."""
        units = [self.fetch(*program), self.addresses(), self.loader(), self.weights(), self.store()]
        before: tuple[tuple[bool, ...], int] | None = None
        for self.cycle in range(cycles):
            for read in self.map_reads.pop(self.cycle, []):
                read()
            for address, value in self.map_writes.pop(self.cycle, {}).items():
                self.map[address] = value
            self.claims = [{} for _ in self.tiles]
            self.released = [False] * len(self.tiles)
            for queue in self.queues.values():
                queue.step(self.cycle)
            idle_queues = {name: queue.idle(self.cycle) for name, queue in self.queues.items()}
            stored = self.stored.at(self.cycle)
            for unit in units:
                next(unit)
            idle = self.idle(idle_queues)
            if self.words and self.words[0][0] <= self.cycle and pops[self.cycle]:
                self._pop()
            for queue in self.taken:
                queue.free()
            self.taken = []
            for tile, claims, released in zip(self.tiles, self.claims, self.released, strict=True):
                tile.step(claims, released)
            if (idle, stored) != before:
                self.event("state", self.cycle, *idle, stored)
            before = (idle, stored)
        seen = {kind: sorted(event for event in events if event[0] < cycles) for kind, events in self.log.items()}
        return {kind: events for kind, events in seen.items() if events}

    def idle(self, queues: dict[str, bool]) -> tuple[bool, ...]:
        """Idle as BARRIER sees it: A, loader, W, O."""
        t = self.cycle
        quiet = {name: not self.busy[name] and queues[name] for name in self.busy}
        reads = {client: any(count.at(t) for count in self.under_way[client]) for client in "AW"}
        writes = self.awaited.at(t) or self.map_pending.at(t)
        return (
            quiet["addresses"] and not reads["A"],
            quiet["loader"],
            quiet["weights"] and not reads["W"],
            quiet["store"] and not writes,
        )

    def fetch(self, address: int, size: int) -> Iterator[None]:
        """Program fetch: cycle 0 is the start strobe."""
        self.words_left = size // 4
        yield
        while size > 0:
            length, beats = self._cut(address, size)
            yield  # COMPUTE
            depth = timing.PROGRAM_BURSTS * self.target.burst_beats
            while True:
                arrivals = None
                if self.program_buffer.at(self.cycle) + beats <= depth:
                    arrivals = self._grant(0, "P", address, beats)
                if arrivals:
                    break
                yield
            self._deliver(0, address, arrivals, partial(self._split, arrivals))
            self.program_buffer.add(self.cycle + 1, beats)
            address, size = address + length, size - length
            yield
        while True:
            yield

    def _split(self, arrivals: list[int], number: int, beat: bytes) -> None:
        for i in range(0, len(beat), 4):
            if self.words_left == 0:
                return  # what a last beat holds behind the program
            self.words_left -= 1
            word = int.from_bytes(beat[i : i + 4], "little")
            self.words.append((arrivals[number] + timing.PROGRAM_LATENCY, word, i + 4 == len(beat)))

    def _pop(self) -> None:
        _, word, last = self.words.pop(0)
        self.event("word", self.cycle, word)
        if last:
            self.program_buffer.add(self.cycle + 1, -1)
        if self.words:
            ready, following, ends = self.words[0]
            self.words[0] = (max(ready, self.cycle + 1), following, ends)

    def weights(self) -> Iterator[None]:
        """The W address generator and its beats."""
        size = self.target.port_bytes
        while True:
            d: isa.Weights = yield from self._take("weights")
            for _ in range(d.repeats):
                address = d.address
                for _, part in product(range(d.portions), range(d.parts)):
                    mask = d.mask << (part * d.part_shift)
                    while not self._room(mask, "weights", d.words):
                        yield
                    self._claim(mask, "weights", d.words)
                    yield
                    yield from self._read_portion(d, mask, address)
                    address += d.beats * size

    def _read_portion(self, d: isa.Weights, mask: int, address: int) -> Iterator[None]:
        left = d.beats * self.target.port_bytes
        cut = mask & ((1 << self.target.tiles) - 1)
        while left:
            length, beats = self._cut(address, left)
            yield  # COMPUTE
            while True:
                arrivals = None
                if not self._other_space("W", d.space):
                    arrivals = self._grant(d.space, "W", address, beats)
                if arrivals:
                    break
                yield
            address, left = address + length, left - length
            words = 0 if left else d.words
            self._deliver(d.space, address - length, arrivals, partial(self._send_weights, arrivals, cut, words))
            yield

    def _send_weights(self, arrivals: list[int], mask: int, words: int, number: int, beat: bytes) -> None:
        """``words`` is 0 but in a portion's last burst."""
        last = words > 0 and number == len(arrivals) - 1
        line = arrivals[number] + timing.WEIGHTS_LATENCY - 2
        if mask:
            self.event("weights", line, mask, beat, last, words if last else 0)


__all__ = ["Log", "Model"]
