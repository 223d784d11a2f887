"""What is wrong with a program that never ends: who waits for what."""

from collections.abc import Sequence
from dataclasses import dataclass

from tileloom.hw.spec import isa
from tileloom.hw.spec.program import JobMap
from tileloom.sim.cycle.machine import Machine
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
    "chunk": "the LOAD address generator to reserve its chunk",
    "bytes": "bytes from memory or map buffer",
    "slot": "an output slot of tile {tile} to be filled",
    "neighbour": "partial sums from the tile before",
    "neighbour free": "a free half in the tile after",
    "window": "{missing} more bytes in its window",
    "weights": "{missing} more words in its weight ring",
    "residual": "{missing} more bytes in its residual buffer",
    "free slot": "a free output slot",
}
UNITS = ("the LOAD address generator", "the loader", "WEIGHTS", "STORE")


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


class Deadlock(ValueError):
    """A program after which nothing can happen any more before END; ``waiting`` names every unit that waits."""

    def __init__(self, waiting: tuple[Waiting, ...]) -> None:
        self.waiting = waiting
        super().__init__("program never ends: " + "; ".join(w.text for w in waiting))


def waiting_units(machine: Machine, jobs: Sequence[JobMap]) -> tuple[Waiting, ...]:
    """Every unit that waits in the middle of an instruction."""
    names = {job.tag: job for job in jobs}
    found = []
    for process in machine.processes:
        if process.waiting is None or process.waiting[0] in ("shadow", "program buffer"):
            continue
        found.append(_describe(process, machine, names))
    return tuple(found)


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
    return Waiting(process.name, reason, number, instruction.tag, f"{process.name} ({where}) waits for {wants}")
