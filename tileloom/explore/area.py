"""What a target takes of a chip: multipliers and memory counted, registers and look-up tables estimated or counted."""

from collections.abc import Iterable
from dataclasses import replace

from tileloom.explore.point import Point
from tileloom.hw.spec.config import Target, target_from_dict
from tileloom.progress import Watch, unwatched


def counted_register_bits(target: Target) -> int:
    """Flip-flops in the Verilog of a target, to the bit: it is made for that, which takes seconds."""
    from tileloom.hw.build import verilog_text
    from tileloom.sim.activity.netlist import read_netlist

    return read_netlist(verilog_text(target)).register_bits()


def with_counted_registers(points: Iterable[Point], watch: Watch = unwatched) -> list[Point]:
    """The points with ``register_bits_counted``."""
    found = list(points)
    counts: dict[str, int] = {}
    for number, point in enumerate(found):
        watch("register bits", number, len(found))
        if point.target_hash not in counts:
            counts[point.target_hash] = counted_register_bits(target_from_dict(dict(point.target)))
    return [replace(point, register_bits_counted=counts[point.target_hash]) for point in found]


def area_errors(point: Point) -> str:
    """How far the estimates may be off, as their own fits tell."""
    from tileloom.fpga.area_model import estimate
    from tileloom.sim.energy.registers import register_bits

    target = target_from_dict(dict(point.target))
    bits, luts = register_bits(target), estimate(target).lut_error
    return (
        f"Estimated: register bits, off by at most {bits.high / bits.value - 1:.1%}, and LUTs of an ECP5, {luts:.1%}."
    )
