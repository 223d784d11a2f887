"""One point of an exploration: a target, and what the network comes to on it."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tileloom.compiler.problems import ModelError
from tileloom.hw.spec.config import Target
from tileloom.verbs.targets import on_chip_bytes

VARIABLE = ("tiles_x", "tiles_y", "lanes", "columns", "port_bytes", "weight_words", "window_bytes", "map_bytes")
"""Fields of a target that a table of points shows."""


@dataclass(frozen=True)
class Point:
    """Figures of one frame; where the network does not fit, ``refused`` says why and the others are None.

    ``multipliers`` counts those of the MAC arrays alone, ``memory_bits`` all data memories. ``register_bits`` and
    ``luts`` are estimates; ``register_bits_counted`` is the former in the target's Verilog, where it was asked for.
    ``accuracy`` and ``snr_db`` are those of the network at its bit widths (None: the target's); they are no part of a
    stored line.
    """

    target_hash: str
    target: dict[str, Any]
    refused: str = ""
    cycles: int | None = None
    latency_s: float | None = None
    frames_per_s: float | None = None
    utilisation: float | None = None
    energy_j: float | None = None
    power_w: float | None = None
    multipliers: int | None = None
    memory_bits: int | None = None
    register_bits: int | None = None
    luts: int | None = None
    program_hash: str = ""
    weight_bits: int | None = None
    activation_bits: int | None = None
    accuracy: float | None = None
    snr_db: float | None = None
    register_bits_counted: int | None = None

    def to_line(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self), sort_keys=True) + "\n"


def from_line(line: str) -> Point:
    """The point of a line that :meth:`Point.to_line` wrote; ``ValueError`` for another."""
    try:
        return Point(**json.loads(line))
    except TypeError:
        raise ValueError("the line is no point") from None


def evaluate(graph: Any, target: Target, macs: int, technology: Any) -> Point:
    """Compile an integer graph for a target and simulate a frame cycle by cycle; ``technology`` gives the energy."""
    from tileloom.compiler.backend.compile import compile_and_time
    from tileloom.fpga.fit import estimated_luts
    from tileloom.sim.energy.model import energy
    from tileloom.sim.energy.registers import register_bits

    found: dict[str, Any] = {"target_hash": f"{target.hash:016x}", "target": target.to_dict()}
    try:
        program, result = compile_and_time(graph, target)
    except ModelError as error:
        return Point(**found, refused=str(error.problems[0]))
    cycles = result.frames[0].cycles
    seconds = cycles / target.clock_hz
    spent = energy(result, target, technology)
    return Point(
        **found,
        cycles=cycles,
        latency_s=seconds,
        frames_per_s=1 / seconds,
        utilisation=macs / (cycles * target.macs_per_cycle),
        energy_j=spent.joules.value,
        power_w=spent.watts.value,
        multipliers=target.macs_per_cycle,
        memory_bits=8 * on_chip_bytes(target),
        register_bits=round(register_bits(target).value),
        luts=estimated_luts(target),
        program_hash=hash_of(program.to_bytes()),
    )


def hash_of(data: bytes) -> str:
    """Identity of a program's file as :func:`evaluate` compiled it."""
    import hashlib

    return hashlib.sha256(data).hexdigest()[:32]


DIRECTIONS: Mapping[str, int] = {
    "frames_per_s": 1,
    "utilisation": 1,
    "accuracy": 1,
    "snr_db": 1,
    "latency_s": -1,
    "cycles": -1,
    "energy_j": -1,
    "power_w": -1,
    "multipliers": -1,
    "memory_bits": -1,
    "register_bits": -1,
    "luts": -1,
}
"""Figures that points are compared by: more (1) or less (-1) is better."""


def known_figures(points: list[Point]) -> list[str]:
    """The names of :data:`DIRECTIONS` that every point has which was not refused."""
    made = [point for point in points if not point.refused]
    return [name for name in DIRECTIONS if all(getattr(point, name) is not None for point in made)]


def front(points: list[Point], objectives: tuple[str, ...]) -> list[Point]:
    """The points that no other one beats in one objective without losing in another; in the order of the first.

    Of points that are equal in all objectives the first stays. Every point must have the objectives' figures.
    """
    made = [point for point in points if not point.refused]
    keys = [tuple(DIRECTIONS[name] * float(getattr(point, name)) for name in objectives) for point in made]
    order = sorted(range(len(made)), key=lambda i: keys[i], reverse=True)
    kept: list[int] = []
    for i in order:
        if not any(all(a >= b for a, b in zip(keys[j], keys[i], strict=True)) for j in kept):
            kept.append(i)
    return [made[i] for i in kept]
