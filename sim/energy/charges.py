"""What every counted event costs: which unit pays, in operations, memory bytes, line bytes or DRAM bytes."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from tileloom.hw.spec.config import Target
from tileloom.hw.spec.timing import JOB_QUEUE_WORDS, PROGRAM_BURSTS
from tileloom.sim.energy.figure import Figure
from tileloom.sim.energy.registers import register_bits
from tileloom.sim.energy.technology import Technology

MEMORY = "memory"
"""The unit that is not on the chip: the DRAM device, or what a small board has in its place."""
LINES, PORT = "lines", "DRAM port"
CYCLES = "cycles"
"""The event of every clock cycle, counted with the others."""
BITS_THAT_CHANGE = 0.5
"""Of the data bits of a line that carries another word: those of random data."""

MACRO_BYTES = 8
"""Memories are taken to be made of macros of 64 bits side by side: as wide as the accesses that tables tell of."""

Cost = Callable[[Target, Technology], Figure]
Amount = Callable[[Target], float]


class Part(StrEnum):
    """What a charge is for; the RTL's activity tells how much of each there is."""

    ARITHMETIC = "arithmetic"
    ACCESSES = "accesses"
    WEIGHTS = "weights"
    """Weights on a line or at the port."""
    TRANSFER = "transfer"
    """Everything else that moves there."""


@dataclass(frozen=True)
class Charge:
    """Picojoules of one event for one unit."""

    event: str
    unit: str
    part: Part
    cost: Cost


@dataclass(frozen=True)
class Driver:
    """What makes a unit's registers change: so many times ``amount`` of the target with every event."""

    event: str
    unit: str
    amount: Amount


def _one(_: Target) -> float:
    return 1.0


def _operation(event: str, unit: str, name: str, times: Amount = _one, wide: str = "") -> Charge:
    """``wide`` names the operation of targets with 16-bit operands, where it is another."""

    def cost(target: Target, technology: Technology) -> Figure:
        return technology.operation(wide if wide and target.activation_bits > 8 else name) * times(target)

    return Charge(event, unit, Part.ARITHMETIC, cost)


def _sram(event: str, unit: str, depth: Amount, amount: Amount = _one) -> Charge:
    """``amount`` bytes of a memory of ``depth`` words: the deeper it is, the more a byte takes."""

    def cost(target: Target, technology: Technology) -> Figure:
        return technology.sram_byte(MACRO_BYTES * max(depth(target), 1.0)) * amount(target)

    return Charge(event, unit, Part.ACCESSES, cost)


def _line(event: str, bytes_of: Amount, tiles: Amount) -> Charge:
    """Bytes on a line that passes so many tiles; every bit drives the whole line."""

    def cost(target: Target, technology: Technology) -> Figure:
        per_millimetre = technology["line.pj_per_bit_mm"] * (8 * BITS_THAT_CHANGE * bytes_of(target))
        return per_millimetre * (tile_pitch_mm(target, technology) * tiles(target))

    return Charge(event, LINES, Part.WEIGHTS if event == "weight_line_bytes" else Part.TRANSFER, cost)


def _moved(event: str, unit: str, number: str) -> Charge:
    """Bytes at the memory port, by a number of the table for 64 bits."""
    part = Part.WEIGHTS if event == "memory_weight_bytes" else Part.TRANSFER
    return Charge(event, unit, part, lambda _, technology: technology[number] * (1 / 8))


def line_bit_pj(target: Target, technology: Technology) -> Figure:
    """A bit that changes on a global line."""
    return technology["line.pj_per_bit_mm"] * (tile_pitch_mm(target, technology) * target.tiles)


def port_bit_pj(_: Target, technology: Technology) -> Figure:
    """A data bit that changes at the DRAM port."""
    return technology["dram_port.pj_per_64_bits"] * (1 / (64 * BITS_THAT_CHANGE))


def tile_pitch_mm(target: Target, technology: Technology) -> float:
    """Side of a square that holds one tile: its multipliers, registers and memories.

    The registers are those of the whole machine, shared out to its tiles.
    """
    multipliers = target.lanes * target.columns * target.activation_bits * target.weight_bits
    area = technology["area.multiplier_um2_per_bit2"].value * multipliers
    area += technology["area.register_um2_per_bit"].value * register_bits(target).value / target.tiles
    area += technology["area.memory_um2_per_bit"].value * tile_memory_bits(target)
    return math.sqrt(area) / 1000


def tile_memory_bits(target: Target) -> int:
    """Bits of a tile's buffers."""
    ring, sums = target.weight_words * target.word_bytes, target.accumulator_entries * int(_entry(target))
    return 8 * (target.window_bytes + ring + sums + 2 * target.slot_bytes + target.residual_bytes)


def memory_bits(target: Target) -> int:
    """Bits of all buffers: of the tiles, the map buffer and the staging ring."""
    return target.tiles * tile_memory_bits(target) + 8 * (target.map_bytes + target.staging_bytes)


def _tiles(target: Target) -> float:
    return target.tiles


def _positions(target: Target) -> float:
    return target.lanes * target.columns


def _element(target: Target) -> float:
    return target.window_banks * target.element_bytes


def _word(target: Target) -> float:
    return target.word_bytes


def _entry(target: Target) -> float:
    return target.columns * target.accumulator_bits // 8


def _port(target: Target) -> float:
    return target.port_bytes


def _window(target: Target) -> float:
    """Words of one of the two memories that hold the even and the odd rows of banks; of the others alike."""
    return target.window_bytes / _element(target) / 2


def _residual(target: Target) -> float:
    return target.residual_bytes / _element(target) / 2


def _slots(target: Target) -> float:
    """Each of two slots begins at a power of two."""
    return 1 << math.ceil(math.log2(target.slot_bytes / target.port_bytes))


def _staging(target: Target) -> float:
    return target.staging_bytes / _element(target) / 2


def _map(target: Target) -> float:
    return target.map_bytes / target.port_bytes


def _ring(target: Target) -> float:
    return target.weight_words


def _accumulators(target: Target) -> float:
    return target.accumulator_entries


def _table(target: Target) -> float:
    return target.segments


def _queue(_: Target) -> float:
    return JOB_QUEUE_WORDS


def _program(target: Target) -> float:
    return PROGRAM_BURSTS * target.burst_beats


MEMORY_EVENTS = ("memory_program_bytes", "memory_activation_bytes", "memory_weight_bytes", "memory_result_bytes")
CHARGES = (
    _operation("active_steps", "MAC arrays", "multiply_8", _positions, "multiply_16"),
    _operation("active_steps", "MAC arrays", "add_32", _positions, "add_48"),
    _sram(CYCLES, "window buffers", _window, lambda t: 2 * t.tiles * _element(t)),
    _sram("window_bytes_written", "window buffers", _window),
    _sram(CYCLES, "weight rings", _ring, lambda t: t.tiles * _word(t)),
    _sram("weight_bytes_loaded", "weight rings", _ring),
    _sram("results", "accumulators", _accumulators, lambda t: t.accumulator_bits / 8),
    _sram("accumulator_writes", "accumulators", _accumulators, _entry),
    _sram("accumulator_writes", "accumulators", _accumulators, _entry),
    _operation("results", "back ends", "multiply_32x18", wide="multiply_48x18"),
    _operation("results", "back ends", "add_32", lambda t: 3, "add_48"),
    _operation("table_lookups", "back ends", "multiply_18x16"),
    _sram("results", "back ends", _table, lambda t: 6 if t.segments else 0),
    _operation("residual_bytes_read", "back ends", "multiply_18x16", lambda t: 2 / t.element_bytes),
    _sram(CYCLES, "back ends", _residual, lambda t: 2 * t.tiles * _element(t) if t.residual_bytes else 0),
    _sram("residual_bytes_written", "back ends", _residual),
    _sram("slot_bytes_written", "output slots", _slots),
    _sram(CYCLES, "output slots", _slots, lambda t: 2 * t.tiles * t.port_bytes),
    _sram(CYCLES, "smart DMA", _staging, lambda t: 2 * _element(t)),
    _sram("memory_activation_bytes", "smart DMA", _staging),
    _sram(CYCLES, "map buffer", _map, lambda t: t.port_bytes if t.map_bytes else 0),
    _sram("map_bytes_written", "map buffer", _map),
    _sram("configuration_words", "configuration", _queue, lambda t: 8),
    _sram("memory_program_bytes", "configuration", _program),
    _sram(CYCLES, "configuration", _program, _port),
    _line("elements", _element, _tiles),
    _line("weight_line_bytes", _one, _tiles),
    _line("slot_beats_read", _port, _tiles),
    _line("entries_sent", _entry, _one),
    *(_moved(event, PORT, "dram_port.pj_per_64_bits") for event in MEMORY_EVENTS),
    *(_moved(event, MEMORY, "dram.pj_per_64_bits") for event in MEMORY_EVENTS),
)
"""A step is charged with all its lanes and columns, also where operands are zero or the mode only compares.

Global lines pass every tile; local lines go to the next one. A word of configuration is written into a queue and read.
The accumulator memory is read for every pixel, whether its sum began there or not: with results, or with a write.
What costs in every cycle are the memories whose read port has no enable: windows, residuals, output slots and staging
ring (of which the even and the odd row are read together), weight rings, map buffer and the program's buffer.
"""

DRIVERS = (
    Driver("active_steps", "MAC arrays", _positions),
    Driver("active_steps", "window buffers", _element),
    Driver("window_bytes_written", "window buffers", _one),
    Driver("weight_words_read", "weight rings", _word),
    Driver("weight_bytes_loaded", "weight rings", _one),
    Driver("active_steps", "accumulators", _entry),
    Driver("results", "back ends", _one),
    Driver("slot_bytes_written", "output slots", _one),
    Driver("slot_beats_read", "output slots", _port),
    Driver("elements", "smart DMA", _element),
    *(Driver(event, "smart DMA", _one) for event in MEMORY_EVENTS),
    Driver("map_bytes_read", "map buffer", _one),
    Driver("map_bytes_written", "map buffer", _one),
    Driver("configuration_words", "configuration", _one),
    *(Driver(event, "control", _one) for event in ("active_steps", "constant_words", "idle_cycles")),
)
"""A unit's drivers in one measure: multiplications, bytes, results, words or cycles of a tile."""

TILE_UNITS = ("MAC arrays", "window buffers", "weight rings", "accumulators", "back ends", "output slots", "control")
"""Units that stand in every tile."""
EVENTS = frozenset(c.event for c in CHARGES if c.event != CYCLES) | frozenset(d.event for d in DRIVERS)
"""What a result must have counted."""


def driven(unit: str, events: Mapping[str, int], target: Target) -> float:
    """How much drives the registers of a unit."""
    return sum(events[d.event] * d.amount(target) for d in DRIVERS if d.unit == unit)


def besides(unit: str, events: Mapping[str, int], target: Target) -> float:
    """What else drives the registers of a unit: cycles of all its instances; of the loops of control, pixels."""
    if unit == "control":
        return events["results"] / target.columns + events["accumulator_writes"]
    return events[CYCLES] * (target.tiles if unit in TILE_UNITS else 1)
