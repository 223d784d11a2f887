"""A component compiled by Verilator, its ports as attributes of a Python object."""

import ctypes
import hashlib
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from amaranth.hdl import Value
from amaranth.lib import wiring

from tileloom.hw.build import cache_folder, locked
from tileloom.hw.verilator import COMPILER_FLAGS, FAST_ARGUMENTS, check_tools, compile_model, link_library
from tileloom.hw.verilog import convert
from tileloom.hw.verilog_memory import VERILOG as MEMORY_MODULE

TOP = "block"


class Verilated:
    """Runs a component cycle by cycle.

    ``set`` and ``get`` take the port's path, joined by ``__``. After ``set``, ``settle`` brings combinational outputs
    up to date; ``tick`` ends the cycle. A cycle begins settled.
    """

    def __init__(self, component: wiring.Component) -> None:
        widths = {
            "__".join(map(str, path)): len(Value.cast(value))
            for path, _, value in component.signature.flatten(component)
        }
        library = ctypes.CDLL(str(_library(component, widths)))
        library.make.restype = ctypes.c_void_p
        for name in ("settle", "tick", "destroy"):
            getattr(library, name).argtypes = [ctypes.c_void_p]
        self._library = library
        self._model = library.make()
        self._ports: dict[str, Any] = {}
        for name, width in {**widths, "rst": 1}.items():
            address = getattr(library, f"port_{name}")
            address.restype, address.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
            size = next((s for s in (8, 16, 32, 64) if width <= s), 32 * -(-width // 32)) // 8
            self._ports[name] = (ctypes.c_uint8 * size).from_address(address(self._model))
        self.reset()

    def reset(self) -> None:
        """One cycle of reset; memories and data registers keep what they hold."""
        self.set("rst", 1)
        self.tick()
        self.set("rst", 0)
        self.settle()

    def set(self, port: str, value: int) -> None:
        """Give an input its value."""
        memory = self._ports[port]
        memory[:] = list(value.to_bytes(len(memory), "little"))

    def get(self, port: str) -> int:
        """Unsigned value of a port."""
        return int.from_bytes(bytes(self._ports[port]), "little")

    def settle(self) -> None:
        """Evaluate what depends on inputs of this cycle."""
        self._library.settle(self._model)

    def tick(self) -> None:
        """End the cycle."""
        self._library.tick(self._model)

    def close(self) -> None:
        """Free the model; ports are dead from then on."""
        self._library.destroy(self._model)
        self._ports.clear()


def _library(component: wiring.Component, widths: dict[str, int]) -> Path:
    text = MEMORY_MODULE + "\n" + convert(component, TOP, {})
    glue = _glue(list(widths))
    digest = hashlib.sha256("\0".join([text, glue, *FAST_ARGUMENTS, *COMPILER_FLAGS]).encode()).hexdigest()[:32]
    library = cache_folder() / "blocks" / f"{digest}.so"
    with locked(library):
        if not library.exists():
            check_tools()
            with tempfile.TemporaryDirectory() as scratch:
                folder = Path(scratch)
                (folder / f"{TOP}.v").write_text(text, encoding="utf-8")
                (folder / "glue.cpp").write_text(glue, encoding="utf-8")
                compile_model(folder / f"{TOP}.v", TOP, folder / "model", jobs=1, split=12_000)
                link_library(folder / "glue.cpp", folder, folder / "model", TOP, {}, folder / "block.so")
                subprocess.run(["cp", str(folder / "block.so"), f"{library}.part"], check=True)
                Path(f"{library}.part").replace(library)
    return library


def _glue(ports: list[str]) -> str:
    """C functions for ctypes."""
    lines = [f'#include "V{TOP}.h"', 'extern "C" {', f"using Model = V{TOP};", "Model* make() {"]
    lines += ["  auto* m = new Model; m->clk = 0; m->eval(); return m; }"]
    lines += ["void settle(Model* m) { m->eval(); }"]
    lines += ["void tick(Model* m) { m->eval(); m->clk = 1; m->eval(); m->clk = 0; m->eval(); }"]
    lines += ["void destroy(Model* m) { m->final(); delete m; }"]
    lines += [f"void* port_{p}(Model* m) {{ return &m->{_member(p)}; }}" for p in [*ports, "rst"]]
    return "\n".join([*lines, "}", ""])


def _member(port: str) -> str:
    """Verilator writes two underscores in a name as ``___05F``, and renames what some C++ compiler reserves."""
    return f"__SYM__{port}" if port == "interrupt" else port.replace("__", "___05F")
