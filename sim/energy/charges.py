"""What every counted event costs: which unit pays, in operations, SRAM bytes or DRAM bytes."""

from collections.abc import Callable
from dataclasses import dataclass

from tileloom.hw.spec.config import Target
from tileloom.sim.energy.technology import Figure, Technology

MEMORY = "memory"
"""The unit that is not on the chip."""


@dataclass(frozen=True)
class Charge:
    """Picojoules of one event for one unit."""

    event: str
    unit: str
    cost: Callable[[Target, Technology], Figure]


def _operation(
    name: str, times: Callable[[Target], float] = lambda target: 1, wide: str = ""
) -> Callable[[Target, Technology], Figure]:
    """``wide`` names the operation of targets with 16-bit operands, where it is another."""
    return lambda target, technology: (
        technology.operation(wide if wide and target.activation_bits > 8 else name) * times(target)
    )


def _sram(
    size: Callable[[Target], int], amount: Callable[[Target], int] = lambda target: 1
) -> Callable[[Target, Technology], Figure]:
    return lambda target, technology: technology.sram_byte(max(size(target), 1)) * amount(target)


def _dram(target: Target, technology: Technology) -> Figure:
    return technology.dram_pj_per_byte


def _window(target: Target) -> int:
    return target.window_bytes


def _ring(target: Target) -> int:
    return target.weight_words * target.word_bytes


def _accumulators(target: Target) -> int:
    return target.accumulator_entries * _entry(target)


def _entry(target: Target) -> int:
    return target.columns * target.accumulator_bits // 8


def _slots(target: Target) -> int:
    return 2 * target.slot_bytes


CHARGES = (
    Charge("active_steps", "MAC arrays", _operation("multiply_8", lambda t: t.lanes * t.columns, "multiply_16")),
    Charge("active_steps", "MAC arrays", _operation("add_32", lambda t: t.lanes * t.columns, "add_48")),
    Charge("active_steps", "window buffers", _sram(_window, lambda t: t.window_banks * t.element_bytes)),
    Charge("window_bytes_written", "window buffers", _sram(_window)),
    Charge("weight_words_read", "weight rings", _sram(_ring, lambda t: t.word_bytes)),
    Charge("weight_bytes_loaded", "weight rings", _sram(_ring)),
    Charge("accumulator_reads", "accumulators", _sram(_accumulators, _entry)),
    Charge("accumulator_writes", "accumulators", _sram(_accumulators, _entry)),
    Charge("results", "back ends", _operation("multiply_32x18", wide="multiply_48x18")),
    Charge("results", "back ends", _operation("add_32", lambda t: 3, "add_48")),
    Charge("table_lookups", "back ends", _operation("multiply_18x16")),
    Charge("table_lookups", "back ends", _sram(lambda t: 6 * t.segments, lambda t: 6)),
    Charge("residual_bytes_read", "back ends", _operation("multiply_18x16", lambda t: 2 / t.element_bytes)),
    Charge("residual_bytes_read", "back ends", _sram(lambda t: t.residual_bytes)),
    Charge("residual_bytes_written", "back ends", _sram(lambda t: t.residual_bytes)),
    Charge("slot_bytes_written", "output slots", _sram(_slots)),
    Charge("slot_beats_read", "output slots", _sram(_slots, lambda t: t.port_bytes)),
    Charge("elements", "smart DMA", _sram(lambda t: t.staging_bytes, lambda t: t.window_banks * t.element_bytes)),
    Charge("memory_activation_bytes", "smart DMA", _sram(lambda t: t.staging_bytes)),
    Charge("map_bytes_read", "map buffer", _sram(lambda t: t.map_bytes)),
    Charge("map_bytes_written", "map buffer", _sram(lambda t: t.map_bytes)),
    Charge("configuration_words", "configuration", _operation("register_32", lambda t: 4)),
    *(
        Charge(event, MEMORY, _dram)
        for event in (
            "memory_program_bytes",
            "memory_activation_bytes",
            "memory_weight_bytes",
            "memory_result_bytes",
        )
    ),
)
"""A step is charged with all its lanes and columns, also where operands are zero or the mode only compares."""

EVENTS = frozenset(charge.event for charge in CHARGES)
