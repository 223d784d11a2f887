"""What is wrong with a program that never ends: who waits for what."""

from collections.abc import Sequence
from dataclasses import dataclass

from tileloom.hw.spec import isa
from tileloom.hw.spec.program import JobMap
from tileloom.hw.spec.registers import Cause
from tileloom.sim.cycle.machine import Machine, instruction_words
from tileloom.sim.cycle.tile import Tile
from tileloom.sim.cycle.timeline import Process

REASONS = {
    "program": "more program words",
    "program buffer": "room in the program buffer",
    "queue": "room in the queue of {unit}",
    "idle": "the units to be idle",
    "shadow": "an instruction",
    "room": "room in a log of tile {tile}: {missing} more must become free",
    "stored": "`stored` to go up by {missing} more",
    "staging": "room in the staging ring: {missing} more beats must become free",
    "chunk": "stream A to reserve its chunk",
    "bytes": "bytes from memory or map buffer",
    "slot": "an output slot of tile {tile} to be filled",
    "neighbour": "partial sums from the tile before, on the local line",
    "neighbour free": "a free half in the tile after, on the local line",
    "window": "{missing} more activations in its window, from line A",
    "weights": "{missing} more words in its weight ring, from line W",
    "residual": "{missing} more activations in its residual buffer, from line A",
    "free slot": "a free output slot, which line O must empty",
}
CAUSES = {
    "neighbour": Cause.NEIGHBOUR,
    "neighbour free": Cause.NEIGHBOUR,
    "window": Cause.WINDOW,
    "weights": Cause.WEIGHTS,
    "residual": Cause.RESIDUAL,
    "free slot": Cause.SLOT,
}
"""What a tile's stall counters call its reason; every other is a wait for a job."""
STREAMS = {"P": "stream P", "A": "stream A", "W": "stream W", "O": "stream O"}
"""Names of units that are single letters, in words."""
UNITS = ("stream A", "the loader", "stream W", "stream O")


@dataclass(frozen=True)
class Waiting:
    """One unit that waits for ever."""

    unit: str
    reason: str
    """A key of :data:`REASONS`."""
    instruction: int
    """Number of its instruction, counted from 0; -1 if it has none."""
    tag: int
    text: str
    """The whole sentence."""


@dataclass(frozen=True)
class Standstill:
    """What a machine that stands still shows outside: no timing of the memory changes it."""

    program_counter: int
    """First word of the instruction popped last."""
    stored: int
    """Register STORED."""
    causes: tuple[Cause, ...]
    """What each tile waits for."""
    jobs: tuple[tuple[int, ...], ...]
    """Tags of the jobs that each tile has done, in order."""


class Deadlock(ValueError):
    """A program after which nothing can happen any more before END; ``waiting`` names every unit that waits."""

    def __init__(self, waiting: tuple[Waiting, ...], standstill: Standstill) -> None:
        self.waiting = waiting
        self.standstill = standstill
        super().__init__("program never ends: " + "; ".join(w.text for w in waiting))


def standstill(machine: Machine) -> Standstill:
    """What a machine shows after which nothing can happen any more."""
    return Standstill(
        program_counter=_last_popped(machine),
        stored=machine.stores.stored.total & 0xFFFF,
        causes=tuple(CAUSES.get(tile.waiting[0] if tile.waiting else "", Cause.JOB) for tile in machine.tiles),
        jobs=tuple(tuple(job.tag for job in tile.trace) for tile in machine.tiles),
    )


def waiting_units(machine: Machine, jobs: Sequence[JobMap]) -> tuple[Waiting, ...]:
    """Every unit that waits in the middle of an instruction."""
    names = {job.tag: job for job in jobs}
    found = []
    for process in machine.processes:
        if process.waiting is None or process.waiting[0] in ("shadow", "program buffer"):
            continue
        found.append(_describe(process, machine, names))
    return tuple(found)


def _last_popped(machine: Machine) -> int:
    start = end = 0
    for instruction in machine.instructions:
        if end >= machine.sequencer.popped:
            break
        start, end = end, end + instruction_words(instruction)
    return start


def _describe(process: Process, machine: Machine, names: dict[int, JobMap]) -> Waiting:
    assert process.waiting is not None
    reason, tile, missing = process.waiting
    unit = ""
    if reason == "queue":
        unit = UNITS[tile] if tile < len(UNITS) else f"tile {tile - len(UNITS)}"
    number = process.instruction
    instruction = machine.instructions[number]
    where = f"instruction {number}, {instruction.opcode.name} tag {instruction.tag}"
    if isinstance(process, Tile) and isinstance(instruction, isa.Job):
        where += f", unit {process.unit} of {instruction.outer * instruction.inner}"
    if instruction.tag in names:
        job = names[instruction.tag]
        where += f", {job.name}" + (f" at {job.source}" if job.source else "")
    wants = REASONS[reason].format(unit=unit, tile=tile, missing=missing)
    title = STREAMS.get(process.name, process.name)
    return Waiting(process.name, reason, number, instruction.tag, f"{title} ({where}) waits for {wants}")
