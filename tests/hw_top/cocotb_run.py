"""Builds a Verilog design for cocotb once, keeps it in the user's cache, and runs a bench on it."""

import hashlib
import os
import sys
from pathlib import Path
from unittest import mock
from xml.etree import ElementTree

from cocotb_tools.runner import get_runner

from tileloom.hw.build import cache_folder, locked
from tileloom.hw.verilator import ARGUMENTS, environment

ROOT = Path(__file__).parents[2]


def run_bench(verilog: str, top: str, bench: str, results: Path, variables: dict[str, str]) -> list[str]:
    """Run every cocotb test of module ``bench`` and return the names of those that passed; any failure fails.

    Parameters
    ----------
    verilog : text of the design
    results : folder for the log and the results
    variables : environment that the bench sees
    """
    key = hashlib.sha256((verilog + str(ARGUMENTS)).encode()).hexdigest()[:32]
    folder = cache_folder() / "cocotb" / key
    changed = {**environment(), **variables, "PYTHONPATH": str(ROOT), "COCOTB_LOG_LEVEL": "WARNING"}
    changed |= {"PYTHONWARNINGS": "ignore", "PYGPI_PYTHON_BIN": sys.executable}
    with mock.patch.dict(os.environ, changed):
        runner = get_runner("verilator")
        with locked(folder):
            folder.mkdir(parents=True, exist_ok=True)
            source = folder / f"{top}.v"
            if not source.exists():
                source.write_text(verilog, encoding="utf-8")
            runner.build(
                sources=[source],
                hdl_toplevel=top,
                build_dir=folder,
                build_args=[*ARGUMENTS, "-CFLAGS", "-O1", "-j", "2"],
                log_file=results / "build.log",
                always=False,
            )
        report = runner.test(
            hdl_toplevel=top,
            test_module=bench,
            build_dir=folder,
            test_dir=results,
            results_xml=str(results / "results.xml"),
            log_file=results / "test.log",
        )
    cases = list(ElementTree.parse(report).iter("testcase"))
    failed = [
        case.get("name", "") for case in cases if case.find("failure") is not None or case.find("error") is not None
    ]
    log = (results / "test.log").read_text(errors="replace")
    assert cases, log[-3000:]
    assert not failed, f"{failed}\n{log[-6000:]}"
    return [case.get("name", "") for case in cases]
