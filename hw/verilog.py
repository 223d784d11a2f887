"""A target's hardware as Verilog: the same text for the same target, whoever makes it."""

from amaranth.back import rtlil
from amaranth.hdl import Signal
from amaranth.lib import wiring

from tileloom.hw.accelerator import Accelerator
from tileloom.hw.grid import TILE_MODULE
from tileloom.hw.spec.config import Target
from tileloom.hw.tile.tile import Tile
from tileloom.hw.verilog_memory import VERILOG as MEMORY_MODULE
from tileloom.hw.verilog_memory import VerilogMemories
from tileloom.hw.verilog_text import merge_equal_modules, verilog_from_rtlil

TOP_MODULE = "tileloom"
PREFIXES = {"memory": "m_axi", "control": "s_axil"}
"""The buses have the standard's names in Verilog: ``m_axi_araddr``, ``s_axil_wdata``."""


def make_verilog(target: Target) -> str:
    """Verilog of the machine: module ``tileloom``.

    Its ports are ``clk``, ``rst``, ``m_axi_*``, ``s_axil_*``, ``interrupt`` and ``trace_*``.

    The tile is made once and instantiated; Amaranth itself would write it for every tile.
    """
    top = Accelerator(target, tiles_apart=True)
    tile = convert(Tile(target), TILE_MODULE, {})
    text = "\n".join([MEMORY_MODULE, tile, convert(top, TOP_MODULE, PREFIXES)])
    return merge_equal_modules(text, keep=frozenset({TILE_MODULE, TOP_MODULE}))


def convert(component: wiring.Component, name: str, prefixes: dict[str, str]) -> str:
    """Verilog of one component; a port is named after its path, joined by ``__``, or by ``_`` behind a bus's prefix."""
    ports: dict[str, tuple[Signal, None]] = {}
    for path, _, value in component.signature.flatten(component):
        first, *rest = map(str, path)
        joint = "_" if first in prefixes or first == "trace" else "__"
        ports[joint.join([prefixes.get(first, first), *rest])] = (value, None)
    netlist: str = rtlil.convert(component, name, VerilogMemories(), ports=ports, emit_src=False)
    return verilog_from_rtlil(netlist)


__all__ = ["PREFIXES", "TOP_MODULE", "convert", "make_verilog"]
