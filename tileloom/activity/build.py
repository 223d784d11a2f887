"""Building the traced simulation library of a target: the model of the RTL engine with its nets kept and watched."""

import hashlib
import importlib.metadata
import json
import shutil
import tempfile
from enum import Enum
from pathlib import Path

from tileloom.hw.build import APART, DRIVER, OUTPUT_SPLIT, TOP, Progress, cache_folder, locked, verilog_text
from tileloom.hw.spec.config import Target
from tileloom.hw.verilator import ARGUMENTS, FAST_ARGUMENTS, check_tools, link_library, run

HARNESS = Path(__file__).parents[1] / "sim" / "activity" / "traced.cpp"
PLAIN = HARNESS.parent / "plain"
"""Headers in the place of LZ4's and zlib's, which the FST writer includes."""
FLAGS = ("-O1", "-fPIC", "-DVL_TIME_CONTEXT")
"""Compiling takes longer than a frame runs."""


class Trace(Enum):
    """What a traced library writes: Verilator's option, header and class."""

    SAIF = ("--trace-saif", "verilated_saif_c.h", "VerilatedSaifC")
    FST = ("--trace-fst", "verilated_fst_c.h", "VerilatedFstC")


def build_traced(target: Target, trace: Trace, progress: Progress | None = None, jobs: int = 2) -> Path:
    """The library, built if the cache has none; its manifest has the same name with ``.json``.

    Raises
    ------
    BuildError : a tool is missing or failed
    """
    cache = cache_folder()
    text = verilog_text(target, cache, progress)
    option, header, kind = trace.value
    parts = (text, target.hash, option, importlib.metadata.version("verilator"), *FLAGS, *_driver())
    folder = cache / "traced" / hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:32]
    library = folder / f"{TOP}.so"
    with locked(folder, progress):
        if not library.exists():
            check_tools()
            _make(target, text, folder, (option, header, kind), progress, jobs)
    return library


def verilog_of(library: Path) -> str:
    """The Verilog that a library was made from."""
    return library.with_suffix(".v").read_text(encoding="utf-8")


def _driver() -> list[str]:
    return [
        path.read_text(encoding="utf-8")
        for path in (HARNESS, *sorted(PLAIN.glob("*.h")), *sorted(DRIVER.glob("*.cpp")), *sorted(DRIVER.glob("*.h")))
    ]


def _make(
    target: Target, text: str, folder: Path, trace: tuple[str, str, str], progress: Progress | None, jobs: int
) -> None:
    option, header, kind = trace
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="making-") as scratch_name:
        scratch = Path(scratch_name)
        ready, model = scratch / "ready", scratch / "model"
        ready.mkdir()
        verilog = ready / f"{TOP}.v"
        verilog.write_text(text, encoding="utf-8")
        control = verilog.with_suffix(".vlt")
        control.write_text(f'`verilator_config\nno_inline -module "{APART}"\n', encoding="utf-8")
        if progress is not None:
            progress(f"compiling the traced model of target {target.name}: minutes, once")
        command = ["verilator", *FAST_ARGUMENTS, *ARGUMENTS, option, "--trace-underscore", "--build", "-j", str(jobs)]
        command += ["--top-module", TOP, "--prefix", f"V{TOP}", "--Mdir", str(model)]
        command += ["--output-split", str(OUTPUT_SPLIT), "-CFLAGS", " ".join((*FLAGS, f"-I{PLAIN}"))]
        command += ["-MAKEFLAGS", "OPT_FAST=-O1 OPT_SLOW=-O0 OPT_GLOBAL=-O1", str(control), str(verilog)]
        run(command, scratch, "Verilator")
        clock_ps = max(1, round(1e12 / target.clock_hz))
        macros = {"TILES": target.tiles, "PORT_BYTES": target.port_bytes, "BURST_BYTES": target.burst_bytes}
        source = scratch / "driver.cpp"
        named = f'#define TRACE_HEADER "{header}"\n#define TRACE_CLASS {kind}\n#define CLOCK_PS {clock_ps}\n'
        source.write_text(f'{named}#include "{HARNESS.name}"\n', encoding="utf-8")
        shutil.copy(HARNESS, scratch / HARNESS.name)
        link_library(source, DRIVER, model, TOP, macros, ready / f"{TOP}.so")
        manifest = {"target": target.to_dict(), "verilog_hash": hashlib.sha256(text.encode()).hexdigest()}
        (ready / f"{TOP}.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        ready.rename(folder)
