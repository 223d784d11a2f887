"""``python -m tileloom.fpga.area``: synthesise targets and print their cells (synthesised, not placed)."""

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tileloom.fpga.synthesis import PREPARATION
from tileloom.fpga.tools import BuildError, Step, find_tool, run_step
from tileloom.hw.spec.config import PRESETS, Target, TargetError, load_target

FAMILIES = {
    "ice40": "synth_ice40 -dsp -abc9 -device u -top tileloom",
    "ecp5": "synth_ecp5 -abc9 -top tileloom",
    "xc6v": "synth_xilinx -flatten -family xc6v -top tileloom",
    "xc7": "synth_xilinx -flatten -family xc7 -top tileloom",
    "xcup": "synth_xilinx -flatten -family xcup -top tileloom",
    "cyclonev": "synth_intel_alm -family cyclonev -top tileloom",
}
"""Yosys scripts by device family."""

KINDS: Mapping[str, Mapping[str, float]] = {
    "lut": {
        "SB_LUT4": 1,
        "LUT": 1,
        "SRL16E": 1,
        "RAM32M": 4,
        "RAM64M": 4,
        "TRELLIS_DPR16X4": 4,
        "MISTRAL_ALUT": 1,
        "MISTRAL_NOT": 1,
    },
    "ff": {"SB_DFF": 1, "TRELLIS_FF": 1, "FDRE": 1, "FDSE": 1, "FDCE": 1, "FDPE": 1, "MISTRAL_FF": 1},
    "carry": {"SB_CARRY": 1, "CCU2C": 1, "CARRY4": 1, "CARRY8": 1},
    "dsp": {"SB_MAC16": 1, "MULT18X18D": 1, "DSP48E1": 1, "DSP48E2": 1, "MISTRAL_MUL": 1},
    "bram": {"SB_RAM40_4K": 1, "DP16KD": 1, "PDPW16KD": 1, "RAMB36E": 1, "RAMB18E": 0.5, "MISTRAL_M10K": 1},
}
"""What a cell counts, by the start of its name: memories made of LUTs as those, half a block RAM as a half."""


PAIRS = ("small:ice40", "default:ecp5", "mac128:ecp5", "neuflow:xc6v")
"""What is synthesised where nothing is named."""


@dataclass(frozen=True)
class Part:
    """What a device holds, of the kinds of :data:`KINDS`, from its data sheet."""

    name: str
    holds: Mapping[str, int]


PARTS = {
    "ice40": Part("iCE40UP5K", {"lut": 5280, "ff": 5280, "dsp": 8, "bram": 30}),
    "ecp5": Part("LFE5U-85F", {"lut": 83_640, "ff": 83_640, "dsp": 156, "bram": 208}),
    "xc6v": Part("XC6VLX240T", {"lut": 150_720, "ff": 301_440, "dsp": 768, "bram": 416}),
    "xcup": Part("XCZU7EV", {"lut": 230_400, "ff": 460_800, "dsp": 1728, "bram": 312}),
    "cyclonev": Part("5CSEBA6", {"lut": 83_820, "ff": 167_640, "dsp": 224, "bram": 557}),
    "xc7": Part("XC7A200T", {"lut": 134_600, "ff": 269_200, "dsp": 740, "bram": 365}),
}
"""The device that figures of a family are compared with."""


@dataclass(frozen=True)
class Area:
    """Cells of a synthesised target, by kind and by name."""

    target: str
    family: str
    macs_per_cycle: int
    kinds: dict[str, float]
    cells: dict[str, int]
    seconds: float
    peak_megabytes: int

    @property
    def too_large(self) -> list[str]:
        """What the family's part in :data:`PARTS` has too little of."""
        return [kind for kind, count in PARTS[self.family].holds.items() if self.kinds[kind] > count]


def _target(name: str) -> Target:
    """A preset, a target of the benchmarks, or a TOML file."""
    path = PRESETS / "bench" / f"{name}.toml"
    return load_target(path if path.exists() else name)


def synthesise(target: Target, family: str) -> Area:
    """Cells of the accelerator of ``target`` (no board around it) after synthesis for ``family``.

    The tile is synthesised once and counted as often as it stands in the grid; nothing is optimised across its ports.
    """
    if family not in FAMILIES:
        raise BuildError(f"family must be one of {', '.join(FAMILIES)}, not {family!r}")
    try:
        from tileloom.hw.grid import TILE_MODULE
        from tileloom.hw.verilog import make_verilog
    except ModuleNotFoundError as error:
        raise BuildError(f"package {error.name} is not installed; run: pip install 'tileloom[rtl]'") from None
    yosys = find_tool("yosys")
    with tempfile.TemporaryDirectory(prefix="tileloom-area-") as scratch:
        folder = Path(scratch)
        (folder / "top.v").write_text(make_verilog(target), encoding="utf-8")
        script = (
            "read_verilog top.v\nhierarchy -top tileloom\nproc\n"
            f"{PREPARATION}\n"
            f"setattr -mod -set keep_hierarchy 1 {TILE_MODULE}\n"
            f"{FAMILIES[family]}\nflatten\ntee -o stat.json stat -json\n"
        )
        (folder / "top.ys").write_text(script, encoding="utf-8")
        report = run_step(Step("synthesis", (yosys, "-q", "top.ys"), folder / "synthesis.log"), folder)
        design = json.loads((folder / "stat.json").read_text(encoding="utf-8"))["design"]
    cells = {name.lstrip("$\\"): int(count) for name, count in design["num_cells_by_type"].items()}
    kinds = {kind: sum(n * _counts(cell, of) for cell, n in cells.items()) for kind, of in KINDS.items()}
    return Area(target.name, family, target.macs_per_cycle, kinds, cells, report.seconds, report.peak_megabytes)


def _counts(cell: str, of: Mapping[str, float]) -> float:
    return next((count for start, count in of.items() if cell.startswith(start)), 0)


def main() -> int:
    """Print a table; ``TARGET:FAMILY`` arguments choose what is synthesised."""
    parser = argparse.ArgumentParser(description="Synthesise targets and print their cells.")
    parser.add_argument("pairs", nargs="*", default=PAIRS, metavar="TARGET:FAMILY")
    parser.add_argument("--json", metavar="PATH", help="also write the figures as JSON")
    arguments = parser.parse_args()
    areas = []
    print(f"{'target':12} {'family':7} {'MACs':>5} " + " ".join(f"{kind:>9}" for kind in KINDS) + "  seconds    MB")
    for pair in arguments.pairs:
        name, _, family = pair.partition(":")
        try:
            area = synthesise(_target(name), family)
        except (BuildError, TargetError) as error:
            print(error, file=sys.stderr)
            return 1
        areas.append(area)
        counts = " ".join(f"{area.kinds[kind]:9,.0f}" for kind in KINDS)
        print(
            f"{area.target:12} {family:7} {area.macs_per_cycle:5} {counts} {area.seconds:8.0f} {area.peak_megabytes:5}"
        )
        part = PARTS[family]
        shares = " ".join(
            f"{area.kinds[kind] / part.holds[kind]:9.0%}" if kind in part.holds else " " * 9 for kind in KINDS
        )
        verdict = f"too large: {', '.join(area.too_large)}" if area.too_large else "fits"
        print(f"  of {part.name:22} {shares}  {verdict}", flush=True)
    if arguments.json:
        Path(arguments.json).write_text(json.dumps([vars(area) for area in areas], indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
