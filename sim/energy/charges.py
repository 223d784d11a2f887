"""What every counted event costs: which unit pays, in operations, memory bytes, line bytes or DRAM bytes."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from tileloom.hw.spec.config import Target
from tileloom.sim.energy.figure import Figure
from tileloom.sim.energy.registers import register_bits
from tileloom.sim.energy.technology import Technology

MEMORY = "memory"
"""The unit that is not on the chip: the DRAM device, or what a small board has in its place."""
LINES, PORT = "lines", "DRAM port"
BITS_THAT_CHANGE = 0.5
"""Of the data bits of a line that carries another word: those of random data."""

Cost = Callable[[Target, Technology], Figure]
Amount = Callable[[Target], float]


class Part(StrEnum):
    """What a charge is for; the RTL's activity calibrates the first two."""

    ARITHMETIC = "arithmetic"
    ACCESSES = "accesses"
    TRANSFER = "transfer"


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


def _sram(event: str, unit: str, size: Amount, amount: Amount = _one) -> Charge:
    def cost(target: Target, technology: Technology) -> Figure:
        return technology.sram_byte(max(size(target), 1.0)) * amount(target)

    return Charge(event, unit, Part.ACCESSES, cost)


def _line(event: str, bytes_of: Amount, tiles: Amount) -> Charge:
    """Bytes on a line that passes so many tiles; every bit drives the whole line."""

    def cost(target: Target, technology: Technology) -> Figure:
        per_millimetre = technology["line.pj_per_bit_mm"] * (8 * BITS_THAT_CHANGE * bytes_of(target))
        return per_millimetre * (tile_pitch_mm(target, technology) * tiles(target))

    return Charge(event, LINES, Part.TRANSFER, cost)


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
    buffers = _window(target) + _ring(target) + _accumulators(target) + _slots(target) + target.residual_bytes
    return 8 * int(buffers)


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


def _window(target: Target) -> float:
    return target.window_bytes


def _residual(target: Target) -> float:
    return target.residual_bytes


def _ring(target: Target) -> float:
    return target.weight_words * target.word_bytes


def _entry(target: Target) -> float:
    return target.columns * target.accumulator_bits // 8


def _accumulators(target: Target) -> float:
    return target.accumulator_entries * _entry(target)


def _slots(target: Target) -> float:
    return 2 * target.slot_bytes


def _port(target: Target) -> float:
    return target.port_bytes


def _staging(target: Target) -> float:
    return target.staging_bytes


def _map(target: Target) -> float:
    return target.map_bytes


MEMORY_EVENTS = ("memory_program_bytes", "memory_activation_bytes", "memory_weight_bytes", "memory_result_bytes")
CHARGES = (
    _operation("active_steps", "MAC arrays", "multiply_8", _positions, "multiply_16"),
    _operation("active_steps", "MAC arrays", "add_32", _positions, "add_48"),
    _sram("active_steps", "window buffers", _window, _element),
    _sram("window_bytes_written", "window buffers", _window),
    _sram("weight_words_read", "weight rings", _ring, _word),
    _sram("weight_bytes_loaded", "weight rings", _ring),
    _sram("accumulator_reads", "accumulators", _accumulators, _entry),
    _sram("accumulator_writes", "accumulators", _accumulators, _entry),
    _operation("results", "back ends", "multiply_32x18", wide="multiply_48x18"),
    _operation("results", "back ends", "add_32", lambda t: 3, "add_48"),
    _operation("table_lookups", "back ends", "multiply_18x16"),
    _sram("table_lookups", "back ends", lambda t: 6 * t.segments, lambda t: 6),
    _operation("residual_bytes_read", "back ends", "multiply_18x16", lambda t: 2 / t.element_bytes),
    _sram("residual_bytes_read", "back ends", _residual),
    _sram("residual_bytes_written", "back ends", _residual),
    _sram("slot_bytes_written", "output slots", _slots),
    _sram("slot_beats_read", "output slots", _slots, _port),
    _sram("elements", "smart DMA", _staging, _element),
    _sram("memory_activation_bytes", "smart DMA", _staging),
    _sram("map_bytes_read", "map buffer", _map),
    _sram("map_bytes_written", "map buffer", _map),
    _sram("configuration_words", "configuration", lambda t: 256, lambda t: 8),
    _line("elements", _element, _tiles),
    _line("weight_line_bytes", _one, _tiles),
    _line("slot_beats_read", _port, _tiles),
    _line("entries_sent", _entry, _one),
    *(Charge(e, PORT, Part.TRANSFER, lambda _, x: x["dram_port.pj_per_64_bits"] * (1 / 8)) for e in MEMORY_EVENTS),
    *(Charge(e, MEMORY, Part.TRANSFER, lambda _, x: x["dram.pj_per_64_bits"] * (1 / 8)) for e in MEMORY_EVENTS),
)
"""A step is charged with all its lanes and columns, also where operands are zero or the mode only compares.

Global lines pass every tile; local lines go to the next one. A word of configuration is written into a queue and read.
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

EVENTS = frozenset(charge.event for charge in CHARGES) | frozenset(driver.event for driver in DRIVERS)


def driven(unit: str, events: Mapping[str, int], target: Target) -> float:
    """How much drives the registers of a unit."""
    return sum(events[d.event] * d.amount(target) for d in DRIVERS if d.unit == unit)
