"""Build: target -> Verilog -> simulation library with its manifest, kept in a cache that processes share.

The cache is the folder in TILELOOM_CACHE, or else ``tileloom`` in the user's cache folder. Verilog is found there by
the hash of the hardware's sources and of the target, a library by the hash of its Verilog, driver and compiler flags,
so a changed comment costs one conversion and no compilation.
"""

import fcntl
import hashlib
import importlib.metadata
import json
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tileloom.hw.spec.config import Target
from tileloom.hw.verilator import (
    ARGUMENTS,
    COMPILER_FLAGS,
    FAST_ARGUMENTS,
    BuildError,
    check_tools,
    compile_model,
    link_library,
)

TOP = "tileloom"
DRIVER = Path(__file__).parents[1] / "sim" / "rtl"
"""The C++ driver that is compiled with the model: ``harness.cpp`` and its headers."""
OUTPUT_SPLIT = 12_000
APART = "tileloom_tile"
"""The module that stands in the machine once for every tile."""
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Build:
    """A simulation library that is ready to be loaded."""

    library: Path
    """Shared library; its manifest has the same name with ``.json``."""
    verilog: Path
    verilog_hash: str
    seconds: float
    """Time that this call took; little when everything was in the cache."""


def cache_folder() -> Path:
    """Where builds are kept."""
    chosen = os.environ.get("TILELOOM_CACHE")
    if chosen:
        return Path(chosen)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "tileloom"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tileloom"


def verilog_text(target: Target, cache: Path | None = None, progress: Progress | None = None) -> str:
    """Verilog of the machine, from the cache where the hardware's sources have not changed."""
    path = (cache or cache_folder()) / "verilog" / f"{source_hash(target)}.v"
    with locked(path, progress):
        if not path.exists():
            from tileloom.hw.verilog import make_verilog  # late: it loads all of Amaranth

            _say(progress, f"making the Verilog of target {target.name}")
            _write(path, make_verilog(target))
    return path.read_text(encoding="utf-8")


def build(target: Target, *, cache: Path | None = None, progress: Progress | None = None, jobs: int = 2) -> Build:
    """The simulation library of a target, built if the cache has none.

    Parameters
    ----------
    progress : gets a line before each step that takes time
    jobs : C++ compilers at a time

    Raises
    ------
    BuildError : a tool is missing or failed
    """
    begin = time.perf_counter()
    cache = cache or cache_folder()
    text = verilog_text(target, cache, progress)
    verilog_hash = hashlib.sha256(text.encode()).hexdigest()
    folder = cache / "rtl" / _digest(verilog_hash, target.hash, _driver_bytes(), *_tools())
    library = folder / f"{TOP}.so"
    with locked(folder, progress):
        if not library.exists():
            _make_library(target, text, verilog_hash, folder, progress, jobs)
    return Build(library, folder / f"{TOP}.v", verilog_hash, time.perf_counter() - begin)


def _make_library(
    target: Target, text: str, verilog_hash: str, folder: Path, progress: Progress | None, jobs: int
) -> None:
    check_tools()
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Everything is made in a scratch folder that takes its final name at the end: no build is ever half there.
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="making-") as scratch_name:
        scratch = Path(scratch_name)
        ready, model = scratch / "ready", scratch / "model"
        ready.mkdir()
        verilog, library = ready / f"{TOP}.v", ready / f"{TOP}.so"
        verilog.write_text(text, encoding="utf-8")
        _say(progress, f"compiling {text.count(chr(10)):,} lines of Verilog of target {target.name}")
        compile_model(verilog, TOP, model, jobs=jobs, split=OUTPUT_SPLIT, apart=APART)
        _say(progress, f"linking the simulation library of target {target.name}")
        macros = {"TILES": target.tiles, "PORT_BYTES": target.port_bytes, "BURST_BYTES": target.burst_bytes}
        link_library(DRIVER / "harness.cpp", DRIVER, model, TOP, macros, library)
        manifest = {
            "schema": "tileloom-rtl-library",
            "version": 1,
            "target": target.to_dict(),
            "target_hash": f"{target.hash:#018x}",
            "verilog_hash": verilog_hash,
            "flags": [*FAST_ARGUMENTS, *COMPILER_FLAGS],
        }
        library.with_suffix(".json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        ready.rename(folder)


def source_hash(target: Target) -> str:
    """Identity of what the Verilog is made from: the hardware's sources, Amaranth, and the target's hardware."""
    room = Path(__file__).parent
    sources = [path for path in sorted(room.rglob("*.py")) if path.name not in ("build.py", "verilator.py")]
    parts = [f"{path.relative_to(room)}\n".encode() + path.read_bytes() for path in sources]
    return _digest(importlib.metadata.version("amaranth"), target.hash, *parts)


def _driver_bytes() -> bytes:
    return b"".join(path.read_bytes() for path in sorted(DRIVER.glob("*.cpp")) + sorted(DRIVER.glob("*.h")))


def _tools() -> tuple[str, ...]:
    """What the library depends on beside its sources; ``-march=native`` makes that the processor, too."""
    flags = ""
    processor = Path("/proc/cpuinfo")
    if processor.exists():
        lines = processor.read_text(encoding="utf-8", errors="replace").splitlines()
        flags = next((line for line in lines if line.startswith(("flags", "Features"))), "")
    verilator = importlib.metadata.version("verilator")
    return (
        verilator,
        platform.machine(),
        flags,
        APART,
        str(OUTPUT_SPLIT),
        *ARGUMENTS,
        *FAST_ARGUMENTS,
        *COMPILER_FLAGS,
    )


def _digest(*parts: object) -> str:
    total = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else str(part).encode()
        total.update(len(data).to_bytes(8, "little") + data)
    return total.hexdigest()[:32]


def _say(progress: Progress | None, line: str) -> None:
    if progress is not None:
        progress(line)


def _write(path: Path, text: str) -> None:
    scratch = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        scratch.write_text(text, encoding="utf-8")
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)


@contextmanager
def locked(path: Path, progress: Progress | None = None) -> Iterator[None]:
    """Only one process at a time makes ``path``; the others wait and then find it.

    What is there already needs no lock, so that a cache may be read-only once it is full.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = path.with_name(f"{path.name}.lock").open("w")
    except OSError as error:
        if path.exists():
            yield
            return
        raise BuildError(
            f"cache folder {path.parent} cannot be written ({error.strerror}); set TILELOOM_CACHE to one that can"
        ) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say(progress, "waiting for another process that makes the same")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


__all__ = ["Build", "BuildError", "build", "cache_folder", "locked", "source_hash", "verilog_text"]
