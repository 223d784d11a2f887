"""What surrounds the smart DMA in its benches: tiles that give room and fill slots at random, and the paused memory."""

import random
from dataclasses import dataclass, field

from tileloom.hw.spec import timing
from tileloom.hw.spec.config import MemoryModel, Target


def paused(memory: MemoryModel, cycle: int) -> bool:
    """Whether the memory pauses in a cycle."""
    return memory.pause_period > 0 and cycle % memory.pause_period < memory.pause_cycles


@dataclass
class SomeTile:
    """A tile that frees what was reserved and fills slots at random; ``step`` at the end of every cycle."""

    target: Target
    seed: int
    reserved: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("window", "residual", "weights"), 0))
    slots_filled: int = 0
    slots_released: int = 0

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self.sizes = {
            "window": self.target.window_bytes,
            "residual": self.target.residual_bytes,
            "weights": self.target.weight_words,
        }

    def room(self, log: str, amount: int) -> bool:
        """Whether so much can be reserved in this cycle."""
        return self.reserved[log] + amount <= self.sizes[log]

    @property
    def full(self) -> bool:
        """Whether the oldest slot is full in this cycle."""
        return self.slots_filled > self.slots_released

    def slot_byte(self, address: int) -> int:
        """A byte of the oldest slot."""
        return (self.slots_released * 59 + address * 7 + (address >> 8) * 13 + self.seed * 31 + 1) & 0xFF

    def step(self, claims: dict[str, int], release: bool) -> None:
        """What was claimed and released in this cycle, and what happens by chance, is visible in the next."""
        for log, size in self.sizes.items():
            freed = min(self.rng.choice((0, 0, size // 16, size // 8)), self.reserved[log])
            self.reserved[log] += claims.get(log, 0) - freed
        fills = self.rng.random() < 0.08 and self.slots_filled - self.slots_released < timing.SLOTS
        self.slots_filled += fills
        self.slots_released += release


def some_tiles(target: Target, seed: int) -> list[SomeTile]:
    """The tiles of a target."""
    return [SomeTile(target, 100 * seed + number) for number in range(target.tiles)]
