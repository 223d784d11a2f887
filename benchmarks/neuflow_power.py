"""Power of the ancestor's size as a 45 nm chip: 400 MACs of 16 bits on the scene parser, part by part.

    python -m benchmarks.neuflow_power [--target neuflow] [--technology asic45] [--effort 0] [--gops 150] [--json]

The published figure of the neuFlow ASIC, about 150 GOP/s at 0.5 W, is a simulated power of the chip: the DRAM device is
not in it, the chip's own port to it is. So the total here is that of the chip; the device stands apart below it.
No number of the technology table is fitted to neuFlow.
"""

import argparse
import json
import sys
from dataclasses import asdict, dataclass

from tileloom.bench.goals import machine
from tileloom.bench.networks import integer_graph
from tileloom.compiler.backend.compile import compile_graph
from tileloom.compiler.graph import Conv2d
from tileloom.engines import run_cycle
from tileloom.sim.energy.charges import LINES, MEMORY, PORT
from tileloom.sim.energy.figure import NOTHING, Figure
from tileloom.sim.energy.model import CLOCK, LEAKAGE, energy
from tileloom.sim.energy.technology import load_technology
from tileloom.tables import si

PARTS = {
    "MAC": ("MAC arrays", "back ends"),
    "SRAM": ("window buffers", "weight rings", "accumulators", "output slots", "smart DMA", "map buffer"),
    "lines": (LINES,),
    "DRAM port": (PORT,),
    "control": ("control", "configuration"),
    "clock": (CLOCK,),
    "leakage": (LEAKAGE,),
}
"""Units of each part of the chip, the registers of its buffers and arithmetic included; ``control`` makes addresses."""
PUBLISHED_W = 0.5


@dataclass(frozen=True)
class ChipPower:
    """The chip at work, in watts; ``sustained_gops`` is what it does when one frame follows another."""

    target: str
    technology: str
    sustained_gops: float
    frames_per_s: float
    at_gops: float
    parts: dict[str, Figure]
    memory: Figure

    @property
    def total(self) -> Figure:
        """All parts together."""
        return sum(self.parts.values(), NOTHING)


def chip_power(
    target: str = "neuflow", technology: str = "asic45", gops: float | None = None, effort: int = 0
) -> ChipPower:
    """Power on the scene parser at ``gops`` (None: as fast as the machine is), clock and leakage all the time.

    ``ValueError`` where the machine does not sustain so much.
    """
    made, graph = machine(target), integer_graph("scene_parser")
    table = load_technology(technology)
    result = run_cycle(compile_graph(graph, made, effort=effort))
    macs = sum(graph.macs(operator) for operator in graph.operators if isinstance(operator, Conv2d))
    spent = energy(result, made, table)
    most = 2e-9 * macs / spent.seconds
    wanted = most if gops is None else gops
    if wanted > most:
        raise ValueError(f"{target} sustains {most:.1f} GOP/s on the scene parser, not {wanted:g}")
    rate = wanted / (2e-9 * macs)

    def watts(unit: str) -> Figure:
        joules = spent.units.get(unit, NOTHING)
        return joules * (1 / spent.seconds if unit in (CLOCK, LEAKAGE) else rate)

    parts = {part: sum((watts(unit) for unit in units), NOTHING) for part, units in PARTS.items()}
    left = set(spent.units) - {unit for units in PARTS.values() for unit in units} - {MEMORY}
    if left:
        raise AssertionError(f"units that stand in no part: {', '.join(sorted(left))}")
    return ChipPower(target, technology, most, rate, wanted, parts, watts(MEMORY))


def main() -> None:
    """Print the split."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", default="neuflow")
    parser.add_argument("--technology", default="asic45")
    parser.add_argument("--effort", type=int, default=0)
    parser.add_argument("--gops", type=float, default=150.0)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    try:
        power = chip_power(given.target, given.technology, given.gops, given.effort)
    except ValueError as error:
        sys.exit(f"{error}")
    if given.json:
        print(json.dumps({**asdict(power), "total": asdict(power.total), "kind": "estimated"}, indent=2))
        return
    print(
        f"scene parser 320x240, 16 bits, on {power.target} ({power.technology}): sustains {power.sustained_gops:.1f} "
        f"GOP/s; at {power.at_gops:g} GOP/s, {power.frames_per_s:.2f} frames/s (cycles simulated, watts estimated):"
    )
    for part, figure in [*power.parts.items(), ("chip", power.total), ("DRAM device, apart", power.memory)]:
        share = f"{100 * figure.value / power.total.value:5.1f} %" if part in power.parts else ""
        told = "calibrated" if figure.calibrated else "uncalibrated"
        band = f"{si(figure.low, 'W')} .. {si(figure.high, 'W')}"
        print(f"  {part:20} {si(figure.value, 'W'):>9}  {share:7} {band:24} {told}")
    print(f"published for the neuFlow ASIC, IBM 45 nm, by simulation: {PUBLISHED_W} W at 150 GOP/s")


if __name__ == "__main__":
    main()
