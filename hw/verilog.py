"""A target's hardware as Verilog: the same text for the same target, whoever makes it."""

import os

from amaranth.back import verilog
from amaranth.hdl import Signal
from amaranth.lib import wiring

from tileloom.hw.accelerator import Accelerator
from tileloom.hw.grid import TILE_MODULE
from tileloom.hw.spec.config import Target
from tileloom.hw.tile.tile import Tile

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
    return tile + "\n" + convert(top, TOP_MODULE, PREFIXES)


def convert(component: wiring.Component, name: str, prefixes: dict[str, str]) -> str:
    """Verilog of one component; a port is named after its path, joined by ``__``, or by ``_`` behind a bus's prefix."""
    ports: dict[str, tuple[Signal, None]] = {}
    for path, _, value in component.signature.flatten(component):
        first, *rest = map(str, path)
        joint = "_" if first in prefixes or first == "trace" else "__"
        ports[joint.join([prefixes.get(first, first), *rest])] = (value, None)
    os.environ["AMARANTH_USE_YOSYS"] = "builtin"  # not some older one that the system may have
    text: str = verilog.convert(component, name, ports=ports, emit_src=False, strip_internal_attrs=True)
    return text


__all__ = ["PREFIXES", "TOP_MODULE", "convert", "make_verilog"]
