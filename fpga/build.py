"""From a target to a bitstream: yosys, nextpnr and the packer, with the figures they report.

Everything is kept in the build cache (``tileloom.hw.build``) by the hash of the hardware's sources, board, target,
script and tool versions: the synthesis once, place and route for every seed. What is there is not made again.
"""

import hashlib
import importlib
import importlib.metadata
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from tileloom.fpga.boards import BOARDS, TOO_SMALL, Board, find_board
from tileloom.fpga.families import FAMILIES, device_options, synthesis_script
from tileloom.fpga.fit import check_fit
from tileloom.fpga.multiplier_registers import absorb_file
from tileloom.fpga.synthesis import PREPARATION
from tileloom.fpga.timing_path import nearest_fix, slowest_path
from tileloom.fpga.tools import BuildError, Step, StepReport, find_tool, run_step
from tileloom.hw.build import cache_folder, locked, source_hash
from tileloom.hw.spec.config import Target, load_target

Progress = Callable[[str], None]
PLACE_OPTIONS = ("--timing-allow-fail", "--placer", "static")
"""Of place and route for an ECP5, besides device, files and seed."""
GOWIN_PLACE_OPTIONS = ("--timing-allow-fail",)
"""The same for a Gowin part."""
SOFTWARE = re.compile(r"(area|build|fit|flash|host_|largest|runtime|serial_|simulated_|timing_|tools).*\.py")
"""Files of this room that no bitstream depends on."""
COPIED = (
    "top.ys",
    "top.lpf",
    "synthesis.log",
    "report.json",
    "place_and_route.log",
    "packing.log",
    "top.bit",
    "top.svf",
    "top.cst",
    "top.fs",
)


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
    """The seed that gave the fastest clock."""
    seconds: float
    """What the steps took when they were made."""
    peak_megabytes: int
    bitstream: str
    commands: tuple[str, ...]
    critical_path: str = ""
    """The slowest path in words."""
    used: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Every kind of cell: used, available."""
    seeds: dict[int, int] = field(default_factory=dict)
    """Clock of every seed that was tried."""
    fix: str = ""
    """What to do where timing is not met."""
    cached: bool = False
    """Whether nothing had to be made."""

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def build_board(
    name: str,
    output: Path,
    target: Target | None = None,
    seeds: Sequence[int] = (1,),
    progress: Progress = lambda _: None,
) -> BuildReport:
    """Build the bitstream of a board into the folder ``output``; :class:`BuildError` says what went wrong.

    Of several ``seeds`` of place and route the one with the fastest clock is kept. The folder appears whole, or not at
    all: an interrupted or failed build leaves its logs in ``output`` + ``.failed``.
    """
    board = find_board(name)
    target = target or load_target(board.target)
    check_fit(board, target)
    if board in TOO_SMALL:
        raise BuildError(
            f"board {board.name} is too small for any target that tileloom makes today: {board.refusal}; take one of "
            f"{', '.join(known.name for known in BOARDS)}"
        )
    tools = {tool: find_tool(tool) for tool in FAMILIES[board.family].tools}
    scratch = output.with_name(output.name + ".part")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    try:
        report = _Build(board, target, tools, scratch, progress).run(seeds, output)
    except BaseException:
        failed = output.with_name(output.name + ".failed")
        shutil.rmtree(failed, ignore_errors=True)
        scratch.rename(failed)
        raise
    shutil.rmtree(output, ignore_errors=True)
    scratch.rename(output)
    return report


class _Build:
    """One build: where its parts are kept, and what was made for it.

    Parameters
    ----------
    scratch : folder in which a part is made, and that becomes the output
    """

    def __init__(self, board: Board, target: Target, tools: dict[str, str], scratch: Path, progress: Progress) -> None:
        self.board, self.target, self.tools, self.scratch, self.progress = board, target, tools, scratch, progress
        self.kept = cache_folder() / "bitstreams" / identity(board, target)
        self.family = FAMILIES[board.family]
        self.made = 0

    def run(self, seeds: Sequence[int], output: Path) -> BuildReport:
        """All parts, and the report."""
        synthesis = self._part("synthesis", self._synthesise)
        clock_hz = int(_costs(synthesis)["clock_hz"])
        clocks: dict[int, int] = {}
        for number, seed in enumerate(seeds, 1):
            folder = self._part(f"seed-{seed}", partial(self._place, synthesis, seed))
            clocks[seed] = _figures(folder)["achieved"]
            if len(seeds) > 1:
                self.progress(f"seed {number} of {len(seeds)}: {clocks[seed] / 1e6:.1f} MHz")
        best = max(clocks, key=lambda seed: clocks[seed])
        placed = self.kept / f"seed-{best}"
        packed = self._part(f"packed-{best}", partial(self._pack, placed))
        folders = (synthesis, placed, packed)
        if not self.made:
            self.progress("already built")
        for folder in folders:
            for name in COPIED:
                if (folder / name).exists():
                    shutil.copyfile(folder / name, self.scratch / name)
        return self._report(folders, clock_hz, best, clocks, output)

    def _report(
        self, folders: Sequence[Path], clock_hz: int, seed: int, clocks: dict[int, int], output: Path
    ) -> BuildReport:
        costs = [_costs(folder) for folder in folders]
        figures = _figures(folders[1])
        used, met = figures["used"], figures["achieved"] >= clock_hz
        report = BuildReport(
            board=self.board.name,
            target=self.target.name,
            macs_per_cycle=self.target.macs_per_cycle,
            timing_met=met,
            clock_hz=clock_hz,
            clock_hz_achieved=figures["achieved"],
            lut=self.family.used("lut", used),
            ff=self.family.used("ff", used),
            dsp=self.family.used("dsp", used),
            bram=self.family.used("bram", used),
            seed=seed,
            seconds=round(sum(cost["seconds"] for cost in costs), 1),
            peak_megabytes=max(int(cost["megabytes"]) for cost in costs),
            bitstream=str(output / self.family.bitstream),
            commands=tuple(cost["command"] for cost in costs),
            critical_path=str(figures["path"] or ""),
            used=used,
            seeds=clocks,
            fix="" if met else nearest_fix(figures["path"], figures["report"], clock_hz, figures["achieved"]),
            cached=not self.made,
        )
        (self.scratch / "commands.txt").write_text("\n".join(report.commands) + "\n", encoding="utf-8")
        (self.scratch / "build.json").write_text(json.dumps(report.to_json(), indent=1), encoding="utf-8")
        return report

    def _part(self, name: str, make: Callable[[Path], dict[str, Any]]) -> Path:
        """A folder of the cache; made in the scratch folder, so that a failure leaves its logs there."""
        folder = self.kept / name
        with locked(folder, self.progress):
            if not (folder / "costs.json").exists():
                begin = time.monotonic()
                costs = make(self.scratch)
                costs |= {"seconds": time.monotonic() - begin}
                (self.scratch / "costs.json").write_text(json.dumps(costs), encoding="utf-8")
                shutil.rmtree(folder, ignore_errors=True)
                shutil.copytree(self.scratch, folder)
                for path in self.scratch.iterdir():
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
                self.made += 1
        return folder

    def _synthesise(self, into: Path) -> dict[str, Any]:
        self.progress("generating RTL")
        clock_hz, options = _generate(self.board, self.target, into)
        command = (self.tools["yosys"], "-q", "-l", "top.rpt", "top.ys")
        cost = self._step("synthesis", command, into)
        if self.board.family == "ecp5":
            moved = absorb_file(into / "top.json", "top")
            self.progress(f"{moved} multipliers take the registers around them")
        return {**cost, "clock_hz": clock_hz, "options": options}

    def _place(self, synthesis: Path, seed: int, into: Path) -> dict[str, Any]:
        family = self.family
        options = _costs(synthesis)["options"]
        files = ["--json", family.netlist, "--report", "report.json", "--seed", str(seed)]
        if self.board.family == "ecp5":
            files += ["--lpf", family.constraints, "--textcfg", family.placed, *PLACE_OPTIONS]
        else:
            megahertz = f"{self.target.clock_hz / 1e6:g}"
            files += ["--vopt", f"cst={family.constraints}", "--write", family.placed, "--freq", megahertz]
            files += GOWIN_PLACE_OPTIONS
        for name in (family.netlist, family.constraints):
            shutil.copyfile(synthesis / name, into / name)
        cost = self._step("place and route", (self.tools[family.placer], *options, *files), into)
        (into / family.netlist).unlink()
        return cost

    def _pack(self, placed: Path, into: Path) -> dict[str, Any]:
        family = self.family
        shutil.copyfile(placed / family.placed, into / family.placed)
        if self.board.family == "ecp5":
            options = ["--input", family.placed, "--bit", family.bitstream, "--svf", "top.svf"]
        else:
            device = next(o for o in _costs(placed)["command"].split() if o.startswith("family="))
            options = ["-d", device.removeprefix("family="), "--sspi_as_gpio", "--mspi_as_gpio", "-o", family.bitstream]
            options.append(family.placed)
        cost = self._step("packing", (self.tools[family.packer], *options), into)
        (into / family.placed).unlink()
        return cost

    def _step(self, name: str, command: tuple[str, ...], into: Path) -> dict[str, Any]:
        self.progress(name)
        report = run_step(Step(name, command, into / f"{name.replace(' ', '_')}.log"), into, self.progress)
        self.progress(f"{name}: {report.seconds:.0f} s, {report.peak_megabytes} MB")
        return {"megabytes": report.peak_megabytes, "command": " ".join([Path(command[0]).name, *command[1:]])}


def identity(board: Board, target: Target) -> str:
    """What a bitstream depends on, but for the seed: hardware, board, target with its clock, script and tools."""
    room = Path(__file__).parent
    sources = [path.read_text(encoding="utf-8") for path in sorted(room.glob("*.py")) if not SOFTWARE.match(path.name)]
    family = FAMILIES[board.family]
    versions = [_version(package, tool) for tool, package in family.tools.items()]
    versions += [_version(package, package) for package in ("amaranth", "amaranth-boards")]
    machine = json.dumps(target.to_dict(), sort_keys=True)
    parts = (
        source_hash(target),
        repr(board),
        machine,
        PREPARATION,
        family.synthesis.options,
        *(PLACE_OPTIONS if board.family == "ecp5" else GOWIN_PLACE_OPTIONS),
        *(path.read_text(encoding="utf-8") for path in family.extras),
        *versions,
        *sources,
    )
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def _version(package: str, tool: str) -> str:
    """A package's version; of a tool that was chosen by hand, its path and date."""
    chosen = os.environ.get(tool.upper().replace("-", "_"))
    if chosen and Path(chosen).exists():
        return f"{chosen} {Path(chosen).stat().st_mtime_ns}"
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return tool


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
    family = FAMILIES[board.family]
    plan = platform.prepare(top, "top", script_after_read=PREPARATION, synth_opts=family.synthesis.options)
    plan.extract(str(folder))
    for path in family.extras:
        shutil.copyfile(path, folder / path.name)
    synthesis = folder / "top.ys"
    synthesis.write_text(synthesis_script(family, synthesis.read_text(encoding="utf-8")), encoding="utf-8")
    script = (folder / "build_top.sh").read_text(encoding="utf-8")
    return top.clock_hz, device_options(board.family, board.name, script)


def _costs(folder: Path) -> dict[str, Any]:
    costs: dict[str, Any] = json.loads((folder / "costs.json").read_text(encoding="utf-8"))
    return costs


def _figures(folder: Path) -> dict[str, Any]:
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    clocks = {name: value["achieved"] for name, value in report["fmax"].items() if "oscillator" not in name}
    if not clocks:
        raise BuildError("place and route reported no clock; see place_and_route.log")
    used = {name: (int(v["used"]), int(v["available"])) for name, v in report["utilization"].items() if v["used"]}
    achieved = int(min(clocks.values()) * 1e6)
    return {"achieved": achieved, "used": used, "path": slowest_path(report), "report": report}


__all__ = ["BuildError", "BuildReport", "StepReport", "build_board", "identity"]
