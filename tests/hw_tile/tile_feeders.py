"""What stands around a tile in its bench.

Each feeder drives some ports at the beginning of a cycle, and looks at others when the cycle has settled.
"""

import random
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

from tests.hw_tile.tile_reference import Unit
from tests.hw_tile.tile_timing import TileTiming
from tests.hw_tile.verilated import Verilated
from tileloom.hw.spec import isa
from tileloom.hw.spec.config import Target

Table = tuple[tuple[int, ...], tuple[int, ...]]


@dataclass
class Surroundings:
    """What all feeders share. ``hurry`` (up to 1) is how eager they are."""

    target: Target
    model: Verilated
    timing: TileTiming
    rng: random.Random
    hurry: float

    def lazy(self) -> bool:
        return self.rng.random() >= self.hurry


class Feeder(Protocol):
    """What the bench calls in each cycle."""

    def drive(self) -> None: ...

    def observe(self) -> None: ...


class ConfigurationFeeder:
    """Words of jobs and tables; ``word`` tells whether a descriptor word is on the line."""

    def __init__(self, at: Surroundings, jobs: list[isa.Job], tables: dict[int, Table]) -> None:
        self.at = at
        self.word = False
        self._jobs, self._tables = jobs, tables
        self._steps = self._play()

    def drive(self) -> None:
        self.word = False
        next(self._steps)

    def observe(self) -> None:
        """Nothing to do: the line needs no answer."""

    def _line(self, valid: int, data: int = 0, table: int = 0, start: int = 0) -> None:
        for port, value in (("valid", valid), ("data", data), ("table", table), ("table_start", start)):
            self.at.model.set(f"configuration__{port}", value)

    def _play(self) -> Iterator[None]:
        model, timing = self.at.model, self.at.timing
        for number, job in enumerate(self._jobs):
            if number in self._tables:
                # The words of the job before have been sent; its last one may still be on the line.
                self._line(0)
                yield
                while not (len(timing.jobs) == len(self._jobs) - number and model.get("status__idle")):
                    self._line(0)
                    yield
                yield from self._table(*self._tables[number])
            words = isa.encode(job)
            for word in [words[0], *words[2:]]:
                while self.at.lazy() or not model.get("configuration__room"):
                    self._line(0)
                    yield
                self._line(1, word)
                self.word = True
                yield
        while True:
            self._line(0)
            yield

    def _table(self, slopes: tuple[int, ...], offsets: tuple[int, ...]) -> Iterator[None]:
        before = self.at.rng.random() < 0.5
        if before:
            self._line(0, start=1)
            yield
        for i, (slope, offset) in enumerate(zip(slopes, offsets, strict=True)):
            self._line(1, slope & 0xFFFF, 1, int(not before and i == 0))
            yield
            while self.at.lazy():
                self._line(0)
                yield
            self._line(1, offset & 0xFFFFFFFF, 1)
            yield


class ActivationFeeder:
    """Reservations and elements of window and residual log."""

    COUNTERS = ("window", "residual")

    def __init__(self, at: Surroundings, window: list[int], residual: list[int]) -> None:
        self.at = at
        self._data = (window, residual)
        self._sizes = (at.target.window_bytes, at.target.residual_bytes)
        self._reserved = [0, 0]
        self._want: tuple[int, int] | None = None
        self._chunks: deque[tuple[int, int, int]] = deque()  # destination, first byte, bytes
        self._pieces: list[tuple[int, int]] = []  # of the oldest chunk

    def drive(self) -> None:
        self._element()
        at, model = self.at, self.at.model
        if self._want is None and len(self._chunks) < 3 and not at.lazy():
            missing = [d for d in (0, 1) if self._reserved[d] < len(self._data[d])]
            if missing:
                destination = at.rng.choice(missing)
                left = len(self._data[destination]) - self._reserved[destination]
                most = at.rng.choice([self._sizes[destination] // 8, 3 * at.target.window_banks])
                self._want = destination, min(left, at.rng.randint(1, most))
        destination, amount = self._want or (at.rng.randrange(2), at.rng.getrandbits(24))
        model.set("reserve_activations__destination", destination)
        model.set("reserve_activations__amount", amount)
        model.set("reserve_activations__claim", 0)

    def _element(self) -> None:
        at, model, rng = self.at, self.at.model, self.at.rng
        banks = at.target.window_banks
        count, data, last, valid = rng.randint(0, banks), rng.getrandbits(8 * banks), rng.randrange(2), 0
        if self._chunks and not at.lazy():
            destination, first, amount = self._chunks[0]
            if not self._pieces:
                cuts = [0]
                while cuts[-1] < amount:
                    cuts.append(min(amount, cuts[-1] + rng.choice([banks, rng.randint(1, banks)])))
                self._pieces = list(pairwise(cuts))
                rng.shuffle(self._pieces)
            begin, end = self._pieces.pop()
            count, valid, last = end - begin, 1, int(not self._pieces)
            piece = bytes(self._data[destination][first + begin : first + end])
            data = int.from_bytes(piece, "little") | (data >> (8 * count) << (8 * count))
            model.set("activations__destination", destination)
            model.set("activations__offset", begin)
            model.set("activations__advance", amount if last else rng.getrandbits(24))
            if last:
                self._chunks.popleft()
                at.timing.later(f"{self.COUNTERS[destination]}_available", amount, at.timing.cycle + 2)
        for port, value in (("mask", valid), ("enable", (1 << count) - 1), ("data", data), ("last", last)):
            model.set(f"activations__{port}", value)

    def observe(self) -> None:
        if self._want is None:
            return
        destination, amount = self._want
        name = f"{self.COUNTERS[destination]}_free"
        fits = amount <= self.at.timing.values[name]
        assert self.at.model.get("reserve_activations__room") == fits, f"cycle {self.at.timing.cycle}: room of {name}"
        if fits:
            self.at.model.set("reserve_activations__claim", 1)
            self.at.timing.later(name, -amount, self.at.timing.cycle + 1)
            self._chunks.append((destination, self._reserved[destination], amount))
            self._reserved[destination] += amount
            self._want = None
        elif self.at.rng.random() < 0.1:
            self._want = None  # the other log may be the one that the tile waits for


class WordFeeder:
    """Reservations and beats of weights."""

    def __init__(self, at: Surroundings, words: list[bytes]) -> None:
        self.at = at
        self._words = words
        self._reserved = 0
        self._want = 0
        self._beats: deque[tuple[bytes, int]] = deque()  # data, words behind the last beat of a portion

    def drive(self) -> None:
        at, model, rng = self.at, self.at.model, self.at.rng
        port = at.target.port_bytes
        valid, last, words, data = 0, rng.randrange(2), rng.getrandbits(16), rng.randbytes(port)
        if self._beats and not at.lazy():
            data, portion = self._beats.popleft()
            valid, last = 1, int(portion > 0)
            words = portion or words
            if last:
                at.timing.later("words_available", portion, at.timing.cycle + 2)
        model.set("weights__mask", valid)
        model.set("weights__data", int.from_bytes(data, "little"))
        model.set("weights__last", last)
        model.set("weights__words", words)
        left = len(self._words) - self._reserved
        if not self._want and left and len(self._beats) < 30 and not at.lazy():
            self._want = min(left, rng.randint(1, rng.choice([3, at.target.weight_words // 8])))
        model.set("reserve_weights__amount", self._want or rng.getrandbits(24))
        model.set("reserve_weights__claim", 0)

    def observe(self) -> None:
        if not self._want:
            return
        timing, port = self.at.timing, self.at.target.port_bytes
        fits = self._want <= timing.values["words_free"]
        assert self.at.model.get("reserve_weights__room") == fits, f"cycle {timing.cycle}: room for words"
        if fits:
            self.at.model.set("reserve_weights__claim", 1)
            timing.later("words_free", -self._want, timing.cycle + 1)
            portion = b"".join(self._words[self._reserved : self._reserved + self._want])
            portion += self.at.rng.randbytes(-len(portion) % port)
            beats = [portion[i : i + port] for i in range(0, len(portion), port)]
            self._beats.extend((beat, 0) for beat in beats[:-1])
            self._beats.append((beats[-1], self._want))
            self._reserved += self._want
            self._want = 0


class SlotReader:
    """Reads full slots, compares them with the units' results, and frees them."""

    def __init__(self, at: Surroundings, units: list[Unit]) -> None:
        self.at = at
        self.units = deque(units)
        self.compared = 0
        self._addresses: list[int] | None = None
        self._reading: deque[tuple[int, int, dict[int, int], str]] = deque()  # cycle, address, slot, name

    def drive(self) -> None:
        at, model, timing = self.at, self.at.model, self.at.timing
        model.set("slot__release", 0)
        model.set("slot__address", at.rng.randrange(at.target.slot_bytes))
        if self._addresses is None:
            if not timing.values["slots_full"] or at.lazy():
                return
            slot = self.units[0].slot
            self._addresses = sorted(
                {a - at.rng.choice([0, at.rng.randrange(at.target.port_bytes)]) for a in slot}, reverse=True
            )
        elif at.lazy():
            return
        unit = self.units[0]
        if self._addresses:
            address = self._addresses.pop()
            model.set("slot__address", address & 0x1FFFF)
            self._reading.append((timing.cycle + 2, address, unit.slot, f"job {unit.job.tag}"))
        if not self._addresses:
            model.set("slot__release", 1)
            timing.later("slots_full", -1, timing.cycle + 1)
            timing.later("slots_free", 1, timing.cycle + 1)
            self.units.popleft()
            self._addresses = None

    def observe(self) -> None:
        timing = self.at.timing
        if self._reading and self._reading[0][0] == timing.cycle:
            _, address, slot, name = self._reading.popleft()
            data = self.at.model.get("slot__data")
            for i in range(self.at.target.port_bytes):
                if address + i in slot:
                    got, expected = data >> (8 * i) & 0xFF, slot[address + i]
                    assert got == expected, f"cycle {timing.cycle}, {name}: byte {address + i} is {got}, not {expected}"
                    self.compared += 1

    @property
    def finished(self) -> bool:
        return not self.units and not self._reading


class PartialSender:
    """The tile before: halves of sums for the units that take them."""

    def __init__(self, at: Surroundings, halves: list[list[list[int]]]) -> None:
        self.at = at
        self._steps = self._play(halves)
        self._ports = {"valid": 0, "entry": 0, "sums": 0, "claim": 0, "done": 0}
        self._done_at = -1

    def drive(self) -> None:
        self._ports |= {"valid": 0, "claim": 0, "done": int(self.at.timing.cycle == self._done_at)}
        next(self._steps)
        for port, value in self._ports.items():
            self.at.model.set(f"partial_in__{port}", value)

    def observe(self) -> None:
        """Nothing to do: room is looked at when the next half is claimed."""

    def _play(self, halves: list[list[list[int]]]) -> Iterator[None]:
        at, timing = self.at, self.at.timing
        for half in halves:
            while timing.values["halves_free"] == 0 or at.lazy():
                yield
            self._ports["claim"] = 1
            timing.later("halves_free", -1, timing.cycle + 1)
            yield
            # As from a tile, the first sums come in the cycle of the last half's done at the earliest.
            while timing.cycle < self._done_at:
                yield
            entries = list(enumerate(half))
            at.rng.shuffle(entries)
            for entry, sums in entries:
                while at.lazy():
                    yield
                packed = sum((value & 0xFFFFFFFF) << (32 * c) for c, value in enumerate(sums))
                self._ports |= {"valid": 1, "entry": entry, "sums": packed}
                yield
            self._done_at = timing.cycle + 2
            timing.later("halves_full", 1, self._done_at + 1)
        while True:
            yield


class PartialTaker:
    """The next tile: takes sums, and frees its halves some time later."""

    def __init__(self, at: Surroundings, units: list[Unit]) -> None:
        self.at = at
        self.units = deque(units)
        self._free = 2
        self._free_at: list[int] = []
        self._entries: dict[int, list[int]] = {}

    @property
    def room(self) -> bool:
        return self._free > 0

    def drive(self) -> None:
        now = self.at.timing.cycle
        self._free += sum(cycle == now for cycle in self._free_at)
        self.at.model.set("partial_out__room", int(self.room))

    def observe(self) -> None:
        model, timing, target = self.at.model, self.at.timing, self.at.target
        self._free -= model.get("partial_out__claim")
        if model.get("partial_out__done"):
            expected = {i: [v & 0xFFFFFFFF for v in sums] for i, sums in enumerate(self.units.popleft().sent)}
            got = {entry: self._entries.pop(entry) for entry in expected if entry in self._entries}
            assert got == expected, f"cycle {timing.cycle}: sums sent"
            self._free_at.append(timing.cycle + self.at.rng.randint(1, 60))
        # The next unit's first sums may come in the very cycle of done.
        if model.get("partial_out__valid"):
            sums = model.get("partial_out__sums")
            words = [sums >> (32 * c) & 0xFFFFFFFF for c in range(target.columns)]
            assert model.get("partial_out__entry") not in self._entries, "an entry came twice"
            self._entries[model.get("partial_out__entry")] = words
