"""How throughput grows with the grid: ``python -m benchmarks.scaling`` prints each network from 1 to 16 tiles, and 20.

A tile has 8 lanes x 8 columns; the port grows with the tiles from 4 to 64 bytes. Cycles are those of the cycle
simulator (equal to the RTL's). *Of linear* is the speed-up over one tile, divided by the number of tiles.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from tileloom.bench.goals import machine
from tileloom.bench.measure import share
from tileloom.bench.networks import integer_graph
from tileloom.compiler.backend.compile import compile_graph
from tileloom.hw.spec.config import Target
from tileloom.models.benchmark_networks import SIXTEEN_BITS
from tileloom.sim.cycle.simulate import simulate

GRIDS = ((1, 1, 4), (2, 1, 8), (2, 2, 16), (4, 2, 32), (4, 4, 64), (5, 4, 64))
"""Tiles side by side, rows of tiles, bytes of the port."""
NETWORKS = ("scene_parser", "resnet50")


@dataclass(frozen=True)
class Point:
    """A network on a grid."""

    network: str
    tiles: int
    port_bytes: int
    macs_per_cycle: int
    cycles: int
    value: float
    of_linear: float
    lost: dict[str, float]


WIDE = {"activation_bits": 16, "weight_bits": 16, "accumulator_bits": 48, "results_per_cycle": 2}


def grid(columns: int, rows: int, port_bytes: int, *, wide: bool) -> Target:
    """The target of the benchmarks of one tile, with more of them and a wider port; ``wide``: of 16 bits.

    Buffers hold as many activations either way.
    """
    one = machine("mac64")
    fields = {**asdict(one), "memory": one.memory, "tiles_x": columns, "tiles_y": rows, "port_bytes": port_bytes}
    if wide:
        sizes = ("window_bytes", "slot_bytes", "residual_bytes", "map_bytes")
        fields |= {**WIDE, **{size: 2 * fields[size] for size in sizes}}
    return Target(**{**fields, "name": f"tiles{columns * rows}"})


def points(network: str) -> Iterator[Point]:
    """The network on every grid."""
    graph, first = integer_graph(network), 0
    for columns, rows, port_bytes in GRIDS:
        target = grid(columns, rows, port_bytes, wide=network in SIXTEEN_BITS)
        program = compile_graph(graph, target)
        frame = simulate(program).frames[0]
        first = first or frame.cycles
        found = share(program, graph, frame, frame)
        tiles = target.tiles
        of_linear = first / frame.cycles / tiles
        yield Point(network, tiles, port_bytes, target.macs_per_cycle, frame.cycles, found.value, of_linear, found.lost)


def main() -> None:
    """Print the table; ``--json`` prints one document instead."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("networks", nargs="*", default=NETWORKS, metavar="NETWORK")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = []
    for network in options.networks:
        for point in points(network):
            found.append(point)
            if not options.json:
                causes = ", ".join(f"{cause} {part:.3f}" for cause, part in list(point.lost.items())[:3])
                print(
                    f"{network:14} {point.tiles:3} tiles {point.port_bytes:3} bytes/cycle {point.cycles:12,} cycles "
                    f"{point.value:.3f} busy, {point.of_linear:.3f} of linear; lost: {causes}",
                    flush=True,
                )
    if options.json:
        print(json.dumps({"rows": [asdict(point) for point in found]}, indent=1))


if __name__ == "__main__":
    main()
