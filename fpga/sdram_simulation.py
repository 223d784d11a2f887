"""The simulated SDRAM chip of ``sdram_chip.h``: its rules, and a library that runs it edge by edge."""

import ctypes
import hashlib
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tileloom.fpga.sdram_chip import SdramChip
from tileloom.hw.build import cache_folder, locked
from tileloom.hw.verilator import check_tools

HEADER = Path(__file__).with_name("sdram_chip.h")
OWED_REFRESHES = 1
"""How far a controller may be behind with refreshes: the chips themselves would allow 8."""
FIELDS = 19
"""Of ``SdramRules``."""


def rules(chip: SdramChip, clock_hz: int, owed_refreshes: int = OWED_REFRESHES) -> tuple[int, ...]:
    """The fields of ``SdramRules`` in their order; times in picoseconds."""

    def picoseconds(nanoseconds: float) -> int:
        return round(nanoseconds * 1000)

    return (
        round(1e12 / clock_hz),
        chip.row_bits,
        chip.column_bits,
        picoseconds(chip.power_up_ns),
        chip.initial_refreshes,
        picoseconds(chip.precharge_ns),
        picoseconds(chip.row_to_column_ns),
        picoseconds(chip.row_open_ns),
        picoseconds(chip.row_open_longest_ns),
        picoseconds(chip.row_cycle_ns),
        picoseconds(chip.refresh_cycle_ns),
        picoseconds(chip.bank_to_bank_ns),
        picoseconds(chip.write_recovery_ns),
        chip.write_recovery_cycles,
        chip.mode_cycles,
        picoseconds(chip.refresh_interval_ns),
        picoseconds(chip.latency_2_ns),
        picoseconds(chip.latency_3_ns),
        owed_refreshes,
    )


@dataclass(frozen=True)
class Wires:
    """What a clock edge finds on the chip's wires; the fields of ``SdramWires`` in their order."""

    command: int = 0
    bank: int = 0
    address: int = 0
    mask: int = 0
    data: int = 0
    data_enable: int = 0


class SimulatedSdram:
    """One chip. A word that ``data`` gives before a ``step`` is the one on the wires at that edge."""

    def __init__(self, chip: SdramChip, clock_hz: int, owed_refreshes: int = OWED_REFRESHES) -> None:
        self._library = _load()
        values = rules(chip, clock_hz, owed_refreshes)
        self._chip = self._library.make((ctypes.c_int64 * len(values))(*values))

    def step(self, wires: Wires) -> None:
        """One rising edge of the chip's clock."""
        self._library.step(
            self._chip, wires.command, wires.bank, wires.address, wires.mask, wires.data, wires.data_enable
        )

    @property
    def data(self) -> int:
        """The word on the wires at the next edge; noise where the chip does not drive them."""
        return int(self._library.data(self._chip))

    @property
    def problem(self) -> str:
        """The first rule that was broken, in words; empty while there is none."""
        return str(self._library.problem(self._chip).decode())

    def count(self, command: int) -> int:
        """How often a command was given."""
        return int(self._library.count(self._chip, command))

    def close(self) -> None:
        """Free the chip."""
        self._library.destroy(self._chip)
        self._chip = None


GLUE = """
#include "sdram_chip.h"
extern "C" {
SdramChip* make(const int64_t* v) {
  static_assert(sizeof(SdramRules) == FIELDS * sizeof(int64_t));
  return new SdramChip(*reinterpret_cast<const SdramRules*>(v));
}
void step(SdramChip* c, unsigned command, unsigned bank, unsigned address, unsigned mask, unsigned data, unsigned on) {
  c->step({command, bank, address, mask, data, on});
}
unsigned data(SdramChip* c) { return c->data(); }
const char* problem(SdramChip* c) { return c->problem().c_str(); }
uint64_t count(SdramChip* c, unsigned command) { return c->count(command); }
void destroy(SdramChip* c) { delete c; }
}
"""


def _load() -> ctypes.CDLL:
    library = ctypes.CDLL(str(_build()))
    library.make.restype = ctypes.c_void_p
    library.step.argtypes = [ctypes.c_void_p, *[ctypes.c_uint] * 6]
    library.data.argtypes, library.data.restype = [ctypes.c_void_p], ctypes.c_uint
    library.problem.argtypes, library.problem.restype = [ctypes.c_void_p], ctypes.c_char_p
    library.count.argtypes, library.count.restype = [ctypes.c_void_p, ctypes.c_uint], ctypes.c_uint64
    library.destroy.argtypes = [ctypes.c_void_p]
    return library


def _build() -> Path:
    fields = f"-DFIELDS={FIELDS}"
    digest = hashlib.sha256("\0".join([HEADER.read_text("utf-8"), GLUE, fields]).encode()).hexdigest()[:32]
    library = cache_folder() / "blocks" / f"sdram-{digest}.so"
    with locked(library):
        if not library.exists():
            check_tools()
            with tempfile.TemporaryDirectory() as scratch:
                source, made = Path(scratch) / "glue.cpp", Path(scratch) / "chip.so"
                source.write_text(GLUE, encoding="utf-8")
                command = ["g++", "-std=c++20", "-O2", "-Wall", "-shared", "-fPIC", fields, f"-I{HEADER.parent}"]
                subprocess.run([*command, str(source), "-o", str(made)], check=True, capture_output=True)
                subprocess.run(["cp", str(made), f"{library}.part"], check=True)
                Path(f"{library}.part").replace(library)
    return library
