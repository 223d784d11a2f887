"""``python -m tileloom.fpga.area``: synthesise targets and print their cells (synthesised, not placed)."""

import argparse
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tileloom.fpga.tools import BuildError, Step, find_tool, run_step
from tileloom.hw.spec.config import Target, TargetError, load_target

FAMILIES = {
    "ice40": "synth_ice40 -dsp -abc9 -device u -top tileloom",
    "ecp5": "synth_ecp5 -abc9 -top tileloom",
    "xc6v": "synth_xilinx -flatten -family xc6v -top tileloom",
    "xc7": "synth_xilinx -flatten -family xc7 -top tileloom",
}
"""Yosys scripts by device family."""

KINDS = {
    "lut": ("SB_LUT4", "LUT4", "LUT1", "LUT2", "LUT3", "LUT5", "LUT6", "INV"),
    "ff": ("SB_DFF", "TRELLIS_FF", "FDRE", "FDSE", "FDCE", "FDPE"),
    "carry": ("SB_CARRY", "CCU2C", "CARRY4"),
    "dsp": ("SB_MAC16", "MULT18X18D", "DSP48E1", "DSP48E2"),
    "bram": ("SB_RAM40_4K", "DP16KD", "PDPW16KD", "RAMB36E1", "RAMB18E1", "SB_SPRAM256KA"),
    "lutram": ("TRELLIS_DPR16X4", "RAM32M", "RAM64M", "RAM32X1D", "RAM64X1D"),
}


@dataclass(frozen=True)
class Area:
    """Cells of a synthesised target, by kind and by name."""

    target: str
    family: str
    macs_per_cycle: int
    kinds: dict[str, int]
    cells: dict[str, int]
    seconds: float
    peak_megabytes: int


def synthesise(target: Target, family: str) -> Area:
    """Cells of the accelerator of ``target`` (no board around it) after synthesis for ``family``."""
    if family not in FAMILIES:
        raise BuildError(f"family must be one of {', '.join(FAMILIES)}, not {family!r}")
    try:
        from tileloom.hw.verilog import make_verilog
    except ModuleNotFoundError as error:
        raise BuildError(f"package {error.name} is not installed; run: pip install 'tileloom[rtl]'") from None
    yosys = find_tool("yosys")
    with tempfile.TemporaryDirectory(prefix="tileloom-area-") as scratch:
        folder = Path(scratch)
        (folder / "top.v").write_text(make_verilog(target), encoding="utf-8")
        script = (
            "read_verilog top.v\nhierarchy -top tileloom\nproc\n"
            "setparam -set COLLISION_X_MASK 1'1 t:$memrd_v2\n"
            f"{FAMILIES[family]}\nflatten\ntee -o stat.json stat -json\n"
        )
        (folder / "top.ys").write_text(script, encoding="utf-8")
        report = run_step(Step("synthesis", (yosys, "-q", "top.ys"), folder / "synthesis.log"), folder)
        design = json.loads((folder / "stat.json").read_text(encoding="utf-8"))["design"]
    cells = {name.lstrip("$\\"): int(count) for name, count in design["num_cells_by_type"].items()}
    kinds = {kind: sum(n for cell, n in cells.items() if cell.startswith(names)) for kind, names in KINDS.items()}
    return Area(target.name, family, target.macs_per_cycle, kinds, cells, report.seconds, report.peak_megabytes)


def main() -> int:
    """Print a table; ``TARGET:FAMILY`` arguments choose what is synthesised."""
    parser = argparse.ArgumentParser(description="Synthesise targets and print their cells.")
    parser.add_argument("pairs", nargs="*", default=["small:ice40", "default:ecp5"], metavar="TARGET:FAMILY")
    parser.add_argument("--json", metavar="PATH", help="also write the figures as JSON")
    arguments = parser.parse_args()
    areas = []
    print(f"{'target':12} {'family':7} {'MACs':>5} " + " ".join(f"{kind:>7}" for kind in KINDS) + "  seconds    MB")
    for pair in arguments.pairs:
        name, _, family = pair.partition(":")
        try:
            area = synthesise(load_target(name), family)
        except (BuildError, TargetError) as error:
            print(error, file=sys.stderr)
            return 1
        areas.append(area)
        counts = " ".join(f"{area.kinds[kind]:7}" for kind in KINDS)
        print(f"{name:12} {family:7} {area.macs_per_cycle:5} {counts} {area.seconds:8.0f} {area.peak_megabytes:5}")
    if arguments.json:
        Path(arguments.json).write_text(json.dumps([vars(area) for area in areas], indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
