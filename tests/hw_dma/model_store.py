"""The model's O engine."""

from collections.abc import Iterator
from itertools import product

from tests.hw_dma.model_state import ModelState
from tileloom.hw.spec import isa, timing


class ModelStore(ModelState):
    """STORE: slots in order, runs cut into bursts, beats with their strobes."""

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
