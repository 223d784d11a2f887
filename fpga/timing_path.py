"""The slowest path of a placed design in words: parts of the machine instead of cells, and what helps."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

CELL = re.compile(r"(_(TRELLIS|LUT4|PFUMX|L6MUX21|CCU2C|DP16KD|PDPW16KD|MULT18X18D|SB_)|\$|\.\d+_MEM).*")
"""What synthesis and packing append to a register's name."""
SOURCE = re.compile(r"(?:hw|fpga)/[\w/]+\.py:\d+")
OTHER = "other logic"
"""Of cells without a name, and of the board's top level."""
NEAR = 0.08
"""A clock missed by no more than this share may be met by another seed."""

PARTS: tuple[tuple[str, str, str], ...] = (
    ("dma.program", "smart DMA, program fetch", ""),
    ("dma.addresses", "smart DMA, addresses of LOAD", "take a narrower port (port_bytes)"),
    ("dma.elements", "smart DMA, loader", "take fewer window_banks or a narrower port (port_bytes)"),
    ("dma.weight_stream", "smart DMA, WEIGHTS", "take fewer tiles"),
    ("dma.slot_addresses", "smart DMA, addresses of STORE", "take smaller output slots (slot_bytes)"),
    ("dma.read_path", "smart DMA, reading", "take fewer outstanding bursts (outstanding)"),
    ("dma.write_path", "smart DMA, writing", "take fewer outstanding bursts (outstanding)"),
    ("dma", "smart DMA", ""),
    ("sequencer", "sequencer", "take fewer tiles"),
    ("registers", "registers", ""),
    ("control", "run control", ""),
    ("counters", "stall counters", "take fewer tiles"),
    ("tile.control", "tile, unit control", ""),
    ("tile.nest", "tile, loop nest", ""),
    ("tile.window", "tile, window buffer", "take fewer window_banks"),
    ("tile.weight", "tile, weight ring", "take fewer weight_words, lanes or columns"),
    ("tile.residual", "tile, residual buffer", "take fewer window_banks"),
    ("tile.datapath.accumulators", "tile, accumulators", "take fewer accumulator_entries"),
    ("tile.datapath", "tile, MAC array", "take fewer lanes"),
    ("tile.back_end", "tile, back end", "take fewer results_per_cycle"),
    ("tile.slots", "tile, output slots", "take fewer results_per_cycle"),
    ("tile.receiver", "tile, local line", "leave local_lines out"),
    ("tile", "tile", ""),
    ("memory", "board's memory", "take less memory on the board, or a narrower port (port_bytes)"),
    ("pads", "pads of the board's memory", ""),
    ("link", "host link", ""),
    ("bridge", "host link", ""),
)
"""Beginnings of names below the accelerator or the board: words for the part, and what makes it faster."""


@dataclass(frozen=True)
class SlowestPath:
    """The slowest path from a register to a register."""

    nanoseconds: float
    routing_nanoseconds: float
    levels: int
    """Cells of logic on the way."""
    start: str
    end: str
    through: tuple[str, ...]
    """Parts of the machine on the way, each once."""
    sources: tuple[str, ...]
    """Lines of the hardware's sources on the way."""

    def __str__(self) -> str:
        lines = f" (lines {', '.join(self.sources[:4])})" if self.sources else ""
        return (
            f"{self.start} -> {self.end}: {self.nanoseconds:.1f} ns, of which {self.routing_nanoseconds:.1f} ns are "
            f"wires, {self.levels} cells, through {' and '.join(self.through)}{lines}"
        )


def slowest_path(report: dict[str, Any]) -> SlowestPath | None:
    """The slowest path inside one clock of nextpnr's report, of all its clocks; None where it names none."""
    steps = _slowest_steps(report)
    return _described(steps) if steps else None


def _slowest_steps(report: dict[str, Any]) -> list[dict[str, Any]]:
    inside = [path["path"] for path in report.get("critical_paths", []) if path.get("from") == path.get("to")]
    return max(inside, key=lambda steps: sum(step["delay"] for step in steps), default=[])


def _described(steps: list[dict[str, Any]]) -> SlowestPath:
    through: list[str] = []
    sources: list[str] = []
    for step in steps:
        part = part_of(step["to"]["cell"])
        if part not in (*through, OTHER):
            through.append(part)
        for source in _sources(step):
            if source not in sources:
                sources.append(source)
    return SlowestPath(
        sum(step["delay"] for step in steps),
        sum(step["delay"] for step in steps if step["type"] == "routing"),
        sum(step["type"] == "logic" for step in steps),
        f"{part_of(steps[0]['from']['cell'])}, {register_of(steps[0]['from']['cell'])}",
        f"{part_of(steps[-1]['to']['cell'])}, {register_of(steps[-1]['to']['cell'])}",
        tuple(through),
        tuple(sources),
    )


def _sources(step: dict[str, Any]) -> Iterator[str]:
    for source in step.get("sources", []):
        found = SOURCE.search(source)
        if found:
            yield found[0]


def _below(cell: str) -> str:
    """A cell's name below the accelerator, tiles without their number."""
    name = CELL.sub("", cell)
    for head in ("accelerator.", "core.", "system."):
        if head in name:
            name = name[name.index(head) + len(head) :]
            break
    return re.sub(r"^grid\.tile(_\d+)?\b", "tile", name)


def part_of(cell: str) -> str:
    """The part of the machine that a cell belongs to.

    >>> part_of("system.core.accelerator.dma.elements.walk.left_LUT4_Z_D_PFUMX_Z")
    'smart DMA, loader'
    """
    return _entry(cell)[1]


def register_of(cell: str) -> str:
    """The register that a cell is, or that its name derives from.

    >>> register_of("system.core.accelerator.grid.tile_0.datapath.array.sum_TRELLIS_FF_Q_3")
    'sum in datapath.array'
    """
    pieces = [piece for piece in _below(cell).split(".") if piece]
    name = pieces[-1] if pieces else "a wire without a name"
    where = ".".join(pieces[1:-1])
    return f"{name} in {where}" if where else name


def _entry(cell: str) -> tuple[str, str, str]:
    name = _below(cell)
    fitting = [part for part in PARTS if name == part[0] or name.startswith((f"{part[0]}.", f"{part[0]}_"))]
    return max(fitting, key=lambda part: len(part[0]), default=("", OTHER, ""))


def nearest_fix(path: SlowestPath | None, report: dict[str, Any], asked_hz: int, achieved_hz: int) -> str:
    """What to do about a clock that is not met: another seed where it is near, else a slower clock, or fewer cells."""
    megahertz = achieved_hz // 1_000_000
    fixes = [f"ask for {megahertz} MHz (clock_hz = {megahertz}_000_000 in the target)"]
    if achieved_hz * (1 + NEAR) >= asked_hz:
        fixes.insert(0, "try other seeds (--seeds 8)")
    if path is not None:
        ends = _slowest_steps(report)
        hint = _entry(ends[-1]["to"]["cell"])[2] or _entry(ends[0]["from"]["cell"])[2]
        fixes += [hint] if hint else []
    return ", or ".join(fixes)
