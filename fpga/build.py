"""From a target to a bitstream: yosys, nextpnr and the packer, with the figures they report."""

import importlib
import json
import os
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tileloom.fpga.boards import Board, find_board
from tileloom.fpga.fit import check_fit
from tileloom.fpga.synthesis import COLLISIONS, SYNTHESES
from tileloom.fpga.tools import BuildError, Step, StepReport, find_tool, run_step
from tileloom.hw.spec.config import Target, load_target

Progress = Callable[[str], None]


@dataclass(frozen=True)
class BuildReport:
    """A finished build. Figures are placed and routed, as nextpnr reports them."""

    board: str
    target: str
    macs_per_cycle: int
    timing_met: bool
    clock_hz: int
    """The clock that was asked for."""
    clock_hz_achieved: int
    lut: int
    ff: int
    dsp: int
    bram: int
    seed: int
    seconds: float
    peak_megabytes: int
    bitstream: str
    commands: tuple[str, ...]
    critical_path: str = ""
    used: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Every kind of cell: used, available."""

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def build_board(
    name: str,
    output: Path,
    target: Target | None = None,
    seed: int = 1,
    progress: Progress = lambda _: None,
) -> BuildReport:
    """Build the bitstream of a board into the folder ``output``; :class:`BuildError` says what went wrong.

    The folder appears whole, or not at all: an interrupted or failed build leaves its logs in ``output`` + ``.failed``.
    """
    board = find_board(name)
    target = target or load_target(board.target)
    check_fit(board, target)
    tools = {tool: find_tool(tool) for tool in ("yosys", "nextpnr-ecp5", "ecppack")}
    scratch = output.with_name(output.name + ".part")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    try:
        report = _build(board, target, scratch, output, tools, seed, progress)
    except BaseException:
        failed = output.with_name(output.name + ".failed")
        shutil.rmtree(failed, ignore_errors=True)
        scratch.rename(failed)
        raise
    shutil.rmtree(output, ignore_errors=True)
    scratch.rename(output)
    return report


def _build(
    board: Board, target: Target, folder: Path, output: Path, tools: dict[str, str], seed: int, progress: Progress
) -> BuildReport:
    start = time.monotonic()
    progress("generating RTL")
    clock_hz, options = _generate(board, target, folder)
    steps = (
        Step("synthesis", (tools["yosys"], "-q", "-l", "top.rpt", "top.ys"), folder / "synthesis.log"),
        Step(
            "place and route",
            (
                tools["nextpnr-ecp5"],
                *options,
                *("--json", "top.json", "--lpf", "top.lpf", "--textcfg", "top.config"),
                *("--report", "report.json", "--seed", str(seed), "--timing-allow-fail"),
            ),
            folder / "place_and_route.log",
        ),
        Step(
            "packing",
            (tools["ecppack"], "--input", "top.config", "--bit", "top.bit", "--svf", "top.svf"),
            folder / "packing.log",
        ),
    )
    reports: list[StepReport] = []
    for step in steps:
        progress(step.name)
        reports.append(run_step(step, folder))
        progress(f"{step.name}: {reports[-1].seconds:.0f} s, {reports[-1].peak_megabytes} MB")
    commands = tuple(" ".join([Path(step.command[0]).name, *step.command[1:]]) for step in steps)
    (folder / "commands.txt").write_text("\n".join(commands) + "\n", encoding="utf-8")
    figures = _figures(folder)
    report = BuildReport(
        board=board.name,
        target=target.name,
        macs_per_cycle=target.macs_per_cycle,
        timing_met=figures["achieved"] >= clock_hz,
        clock_hz=clock_hz,
        clock_hz_achieved=figures["achieved"],
        lut=figures["used"].get("TRELLIS_COMB", (0, 0))[0],
        ff=figures["used"].get("TRELLIS_FF", (0, 0))[0],
        dsp=figures["used"].get("MULT18X18D", (0, 0))[0],
        bram=figures["used"].get("DP16KD", (0, 0))[0],
        seed=seed,
        seconds=round(time.monotonic() - start, 1),
        peak_megabytes=max(r.peak_megabytes for r in reports),
        bitstream=str(output / "top.bit"),
        commands=commands,
        critical_path=figures["path"],
        used=figures["used"],
    )
    (folder / "build.json").write_text(json.dumps(report.to_json(), indent=1), encoding="utf-8")
    return report


def _generate(board: Board, target: Target, folder: Path) -> tuple[int, list[str]]:
    """Write the tools' input files; the achieved clock of the PLL, and nextpnr's options for the device."""
    try:
        from tileloom.fpga.board_top import BoardTop

        module, kind = board.platform.split(":")
        platform = getattr(importlib.import_module(f"amaranth_boards.{module}"), kind)()
    except ModuleNotFoundError as error:
        raise BuildError(f"package {error.name} is not installed; run: pip install 'tileloom[rtl,fpga]'") from None
    os.environ["AMARANTH_USE_YOSYS"] = "builtin"
    top = BoardTop(board, target)
    options = SYNTHESES["ecp5"].options
    plan = platform.prepare(top, "top", script_after_read=COLLISIONS, synth_opts=options)
    plan.extract(str(folder))
    script = (folder / "build_top.sh").read_text(encoding="utf-8")
    device = re.search(r"(--\d+k|--um5g?-\d+k)", script)
    package = re.search(r"--package (\S+)", script)
    speed = re.search(r"--speed (\S+)", script)
    if not (device and package and speed):
        raise BuildError(f"platform of board {board.name} gives no device options; is amaranth-boards another version?")
    return top.clock_hz, [device[1], "--package", package[1], "--speed", speed[1]]


def _figures(folder: Path) -> dict[str, Any]:
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    clocks = {name: value["achieved"] for name, value in report["fmax"].items() if "oscillator" not in name}
    if not clocks:
        raise BuildError("place and route reported no clock; see place_and_route.log")
    used = {name: (int(v["used"]), int(v["available"])) for name, v in report["utilization"].items() if v["used"]}
    return {"achieved": int(min(clocks.values()) * 1e6), "used": used, "path": _critical_path(report)}


def _critical_path(report: dict[str, Any]) -> str:
    """Start and end cell of the slowest path inside the system clock."""
    for path in report.get("critical_paths", []):
        ends = path.get("path", [])
        if path.get("from") == path.get("to") and ends:
            return f"{ends[0]['from']['cell']} -> {ends[-1]['to']['cell']}"
    return ""
