"""Register bits of a machine, estimated from its target: what the clock drives in every cycle.

The exact number is in the Verilog (:func:`tileloom.sim.activity.netlist.register_bits`), which takes seconds to make;
``register_bits.toml`` holds a sum of terms fitted to it on the presets (``python -m benchmarks.register_bits``).
"""

import tomllib
from functools import cache
from pathlib import Path

from tileloom.hw.spec.config import Target
from tileloom.sim.energy.figure import Figure

TABLE = Path(__file__).parent / "register_bits.toml"


def features(target: Target) -> dict[str, float]:
    """The sizes that the terms multiply; ``tile_`` ones are summed over the tiles."""
    bits, tiles = target.activation_bits, target.tiles
    products = target.lanes * target.columns * bits
    return {
        "machine": 1.0,
        "port_bits": 8.0 * target.port_bytes,
        "element_bits": float(target.window_banks * bits),
        "tile": float(tiles),
        "tile_products": float(tiles * products),
        "tile_sums": float(tiles * target.columns * target.accumulator_bits),
        "tile_element_bits": float(tiles * target.window_banks * bits),
        "tile_port_bits": 8.0 * tiles * target.port_bytes,
        "tile_result_bits": float(tiles * target.results_per_cycle * target.accumulator_bits),
    }


@cache
def _terms() -> tuple[dict[str, float], float]:
    data = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return {str(name): float(value) for name, value in data["terms"].items()}, float(data["error"])


def register_bits(target: Target) -> Figure:
    """Flip-flops of the machine; the range is the largest error on the presets that the terms were fitted to."""
    terms, error = _terms()
    bits = sum(terms[name] * size for name, size in features(target).items())
    return Figure(bits, bits * (1 - error), bits * (1 + error), calibrated=False)
