"""The smart DMA cycle by cycle in plain Python, written from ``docs/architecture.md`` alone.

Every unit is a generator that is resumed once a cycle, in the order of the servers' priority; what it does in a cycle
others see in the next cycle or later, by :class:`Delayed`.
"""

from collections.abc import Callable, Generator, Iterator
from functools import partial
from itertools import product
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


class Model:
    """All of it; ``run`` fills ``log`` with the events of each kind in order of cycles."""

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

    # ---- P
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

    # ---- A
    def addresses(self) -> Iterator[None]:
        """The A address generator."""
        while True:
            d: isa.Load = yield from self._take("addresses")
            log = "residual" if d.destination else "window"
            for band, part in product(range(d.bands), range(d.parts)):
                mask = d.mask << (part * d.part_shift)
                after = d.after + band * d.after_step
                while (d.wait and (self.stored.at(self.cycle) - after) % 65536 >= 32768) or not self._room(
                    mask, log, d.advance
                ):
                    yield
                self._claim(mask, log, d.advance)
                self.reserved.add(self.cycle + 1, 1)
                yield
                for block, run in product(range(d.blocks), range(d.rows // d.rows_per_run)):
                    address = (
                        d.address
                        + band * d.band_stride
                        + part * d.part_stride
                        + block * d.block_stride
                        + run * d.run_stride
                    )
                    yield from self._read_run(d, address)

    def _read_run(self, d: isa.Load, address: int) -> Iterator[None]:
        left = d.run_bytes
        depth = self.target.staging_bursts * self.target.burst_beats
        while left:
            length, beats = self._cut(address, left)
            yield  # COMPUTE
            while True:
                room = self.staged - self.freed.at(self.cycle) + beats <= depth
                arrivals = None
                if room and not self._other_space("A", d.space):
                    arrivals = self._grant(d.space, "A", address, beats)
                if arrivals:
                    break
                yield
            self.staged += beats
            first = len(self.staging)
            self.staging += [(at + timing.STAGING_LATENCY, b"") for at in arrivals]
            self._deliver(d.space, address, arrivals, partial(self._stage, first))
            address, left = address + length, left - length
            yield

    def _stage(self, first: int, number: int, beat: bytes) -> None:
        visible, _ = self.staging[first + number]
        self.staging[first + number] = (visible, beat)

    # ---- the loader
    def loader(self) -> Iterator[None]:
        """The loader: every element of every row in order."""
        while True:
            d: isa.Load = yield from self._take("loader")
            for band, part, block in product(range(d.bands), range(d.parts), range(d.blocks)):
                address = d.address + band * d.band_stride + part * d.part_stride + block * d.block_stride
                rows = d.rows_before + d.rows + d.rows_after
                for row in range(rows):
                    number = row - d.rows_before
                    is_data = 0 <= number < d.rows
                    if is_data and number % d.rows_per_run == 0:
                        run_address = address + number // d.rows_per_run * d.run_stride
                        run_start = run_address % self.target.port_bytes
                        self.run_address, self.run_start, self.run_place = run_address, run_start, run_start
                        self.run_beat = self.freed_beats
                    ends_chunk = block == d.blocks - 1 and row == rows - 1
                    yield from self._load_row(d, part, block, row, is_data, ends_chunk)

    def _load_row(
        self, d: isa.Load, part: int, block: int, row: int, is_data: bool, ends_chunk: bool
    ) -> Iterator[None]:
        offset = block * d.block_window + row * d.row_window
        elements = [("pad", d.pad_write, 0, d.pad_pitch)] * d.pad_left
        elements += [("data", d.write, d.take, d.pitch)] * (d.elements - 1)
        last_pitch = d.last_write if d.pitch == d.write else d.pitch
        elements += [("data", d.last_write, d.last_take, last_pitch)]
        elements += [("pad", d.pad_write, 0, d.pad_pitch)] * d.pad_right
        ends_run = is_data and (row - d.rows_before) % d.rows_per_run == d.rows_per_run - 1
        for number, (kind, write, take, pitch) in enumerate(elements):
            reads = kind == "data" and is_data
            while self.reserved.at(self.cycle) <= 0 or (reads and not self._present(write)):
                yield
            value = bytes([d.pad_value & 0xFF]) * write
            if reads:
                value = self._consume(d, write, take, ends_run and number == d.pad_left + d.elements - 1)
            last = ends_chunk and number == len(elements) - 1
            if last:
                self.reserved.add(self.cycle + 1, -1)
            mask = (d.mask << (part * d.part_shift)) & ((1 << self.target.tiles) - 1)
            if mask:
                line = self.cycle + timing.LOAD_LATENCY - 2
                self.event(
                    "element", line, mask, d.destination, offset % (1 << 24), value, last, d.advance if last else 0
                )
            offset += pitch
            yield

    def _present(self, write: int) -> bool:
        """Whether the last byte that the element writes is visible."""
        beat = self.run_beat + (self.run_place + write - 1) // self.target.port_bytes
        return beat < len(self.staging) and self.staging[beat][0] <= self.cycle

    def _consume(self, d: isa.Load, write: int, take: int, ends_run: bool) -> bytes:
        """The element's bytes; what it frees in the staging ring is free in the next cycle."""
        size, burst = self.target.port_bytes, self.target.burst_bytes
        first = self.run_beat + self.run_place // size
        data = b"".join(beat for _, beat in self.staging[first : first + 66])
        value = data[self.run_place % size : self.run_place % size + write]
        after = self.run_address + take
        freed_before = self.freed_beats
        if ends_run:
            self.freed_beats = self.run_beat + -(-(self.run_start + d.run_bytes) // size)
        elif after // burst > self.run_address // burst:
            self.freed_beats = self.run_beat + (self.run_place + take - after % burst) // size
        self.run_address, self.run_place = after, self.run_place + take
        self.freed.add(self.cycle + 1, self.freed_beats - freed_before)
        return value

    # ---- W
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

    # ---- O
    def store(self) -> Iterator[None]:
        """The O engine."""
        while True:
            d: isa.Store = yield from self._take("store")
            for o, i, part, subpart in product(range(d.outer), range(d.inner), range(d.parts), range(d.subparts)):
                number = d.tile + part * d.part_tiles + subpart * d.subpart_tiles
                address = d.address + o * d.outer_stride + i * d.inner_stride
                address += part * d.part_stride + subpart * d.subpart_stride
                while not self.tiles[number].full:
                    yield
                if not d.runs:
                    self._release(number)
                    yield
                    continue
                yield
                for r in range(d.runs):
                    yield from self._store_run(d, number, r, address + r * d.run_stride)

    def _release(self, tile: int) -> None:
        self.released[tile] = True
        self.event("release", self.cycle, tile)

    def _store_run(self, d: isa.Store, number: int, run: int, address: int) -> Iterator[None]:
        left, place = d.run_bytes, run * d.run_slot
        while left:
            length, beats = self._cut(address, left)
            yield  # COMPUTE
            while not self._may_write(d.space):
                yield
            handshake = None
            if d.space == 0:
                handshake = self.servers[0].unpaused(self.cycle + 1)
                self.event(
                    "write request", handshake, address // self.target.port_bytes * self.target.port_bytes, beats
                )
                self.aw_empty_from = handshake + 1
                self.awaited.add(self.cycle + 1, 1)
            yield
            ends_slot = length == left and run == d.runs - 1
            yield from self._store_burst(d, number, address, place, length, beats, ends_slot)
            address, left, place = address + length, left - length, place + length

    def _may_write(self, space: int) -> bool:
        awaited = self.awaited.at(self.cycle)
        if space:
            return awaited == 0
        return self.cycle >= self.aw_empty_from and awaited < self.target.outstanding

    def _store_burst(
        self, d: isa.Store, number: int, address: int, place: int, length: int, beats: int, ends_slot: bool
    ) -> Iterator[None]:
        size = self.target.port_bytes
        aligned = address // size * size
        for beat in range(beats):
            while d.space == 0 and self.unwritten.at(self.cycle) >= timing.WRITE_FIFO:
                yield
            inside = range(max(address, aligned + beat * size), min(address + length, aligned + (beat + 1) * size))
            data = {at: self.tiles[number].slot_byte(place + at - address) for at in inside}
            last = beat == beats - 1
            if d.space:
                for at, value in data.items():
                    self.map_writes.setdefault(self.cycle + timing.WRITE_LATENCY, {})[at] = value
                if last and ends_slot:
                    self.stored.add(self.cycle + timing.MAP_STORE_LATENCY, 1)
                    self.map_pending.add(self.cycle + 1, 1)
                    self.map_pending.add(self.cycle + timing.MAP_STORE_LATENCY, -1)
            else:
                self._write_beat(data, last, ends_slot)
            if last and ends_slot:
                self._release(number)
            yield

    def _write_beat(self, data: dict[int, int], last: bool, ends_slot: bool) -> None:
        at = self.servers[0].unpaused(max(self.cycle + timing.WRITE_LATENCY, self.write_free_from))
        self.write_free_from = at + 1
        self.unwritten.add(self.cycle + 1, 1)
        self.unwritten.add(at + 1, -1)
        strobe = sum(1 << address % self.target.port_bytes for address in data)
        self.event("write", at, strobe, tuple(data.values()), last)
        if last:
            response = self.servers[0].unpaused(max(at + self.target.memory.write_latency, self.response_free_from))
            self.response_free_from = response + 1
            self.awaited.add(response + timing.WRITE_RETIRE, -1)
            if ends_slot:
                self.stored.add(response + timing.WRITE_RETIRE, 1)
