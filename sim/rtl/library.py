"""The built RTL library as ctypes sees it: structures and functions of ``harness.cpp``, and its manifest."""

import ctypes
import json
from dataclasses import dataclass
from pathlib import Path

from tileloom.hw.spec.config import Target, TargetError, target_from_dict
from tileloom.hw.spec.registers import Cause

MANIFEST_SUFFIX = ".json"


class RtlError(RuntimeError):
    """An RTL library that cannot be used, or a run that broke the machine's contract, in one sentence."""


class MemoryRequest(ctypes.Structure):
    """``tileloom::MemoryRequest``."""

    _fields_ = (
        ("bytes", ctypes.c_void_p),
        ("size", ctypes.c_uint64),
        ("base", ctypes.c_uint64),
        ("read_latency", ctypes.c_uint64),
        ("write_latency", ctypes.c_uint64),
        ("pause_period", ctypes.c_uint64),
        ("pause_cycles", ctypes.c_uint64),
        ("random_seed", ctypes.c_uint64),
        ("failing_read_beat", ctypes.c_uint64),
        ("failing_write", ctypes.c_uint64),
        ("silent_from", ctypes.c_uint64),
    )


class RunRequest(ctypes.Structure):
    """``tileloom::RunRequest``."""

    _fields_ = (
        ("memory", MemoryRequest),
        ("window_bytes", ctypes.c_uint64),
        ("program_address", ctypes.c_uint64),
        ("program_bytes", ctypes.c_uint64),
        ("abort_cycle", ctypes.c_uint64),
        ("reset_cycle", ctypes.c_uint64),
        ("cycle_limit", ctypes.c_uint64),
        ("wants_waits", ctypes.c_uint64),
    )


class Job(ctypes.Structure):
    """``tileloom::Job``."""

    _fields_ = (
        ("start", ctypes.c_uint64),
        ("end", ctypes.c_uint64),
        ("tile", ctypes.c_uint64),
        ("tag", ctypes.c_uint64),
    )


class WaitEntry(ctypes.Structure):
    """``tileloom::Wait``."""

    _fields_ = (
        ("tile", ctypes.c_uint64),
        ("cause", ctypes.c_uint64),
        ("start", ctypes.c_uint64),
        ("end", ctypes.c_uint64),
    )


def report_structure(tiles: int) -> type[ctypes.Structure]:
    """``tileloom::RunReport`` of a machine with so many tiles."""
    counts = ctypes.c_uint64 * len(Cause)

    class RunReport(ctypes.Structure):
        _fields_ = (
            *((name, ctypes.c_uint64) for name in ("over", "cycles", "cycles_register", "status", "program_counter")),
            *((name, ctypes.c_uint64) for name in ("stored", "read_beats", "written_beats", "jobs", "waits")),
            ("causes", counts * tiles),
            ("cause_registers", counts),
            ("last_cause", ctypes.c_uint64 * tiles),
            ("open_reads", ctypes.c_uint64),
            ("open_writes", ctypes.c_uint64),
        )

    return RunReport


@dataclass(frozen=True)
class Library:
    """A loaded library with the target it was built for."""

    path: Path
    target: Target
    verilog_hash: str
    functions: ctypes.CDLL


def load_library(path: str | Path) -> Library:
    """Load a library and the manifest beside it (the same name with ``.json``)."""
    path = Path(path)
    try:
        manifest = json.loads(path.with_suffix(MANIFEST_SUFFIX).read_text(encoding="utf-8"))
        target = target_from_dict(manifest["target"])
        verilog_hash = str(manifest["verilog_hash"])
        functions = ctypes.CDLL(str(path))
    except (OSError, ValueError, KeyError, TypeError, TargetError) as error:
        raise RtlError(f"RTL library {path} cannot be loaded: {error}; build it again with `tileloom rtl`") from None
    functions.tileloom_create.restype = ctypes.c_void_p
    functions.tileloom_destroy.argtypes = functions.tileloom_reset.argtypes = (ctypes.c_void_p,)
    functions.tileloom_run.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
    functions.tileloom_jobs.argtypes = functions.tileloom_violation.argtypes = (ctypes.c_void_p,)
    functions.tileloom_jobs.restype = ctypes.POINTER(Job)
    functions.tileloom_waits.argtypes = (ctypes.c_void_p,)
    functions.tileloom_waits.restype = ctypes.POINTER(WaitEntry)
    functions.tileloom_violation.restype = ctypes.c_char_p
    functions.tileloom_total_cycles.argtypes = (ctypes.c_void_p,)
    functions.tileloom_total_cycles.restype = ctypes.c_uint64
    return Library(path, target, verilog_hash, functions)
