"""Builds a Verilog design for cocotb once, keeps it in the user's cache, and runs a bench on it."""

import contextlib
import hashlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from unittest import mock
from xml.etree import ElementTree

import cocotb_tools.config
from cocotb_tools.runner import get_runner

from tileloom.hw.build import cache_folder, locked
from tileloom.hw.verilator import ARGUMENTS, environment, run

ROOT = Path(__file__).parents[2]
PORTS = ("clk", "rst", "interrupt", "s_axil_*", "m_axi_*", "trace_*")


def run_bench(
    verilog: str, top: str, bench: str, results: Path, variables: dict[str, str], ports: Sequence[str] = PORTS
) -> list[str]:
    """Run every cocotb test of module ``bench`` and return the names of those that passed; any failure fails.

    Parameters
    ----------
    verilog : text of the design
    results : folder for the log and the results
    variables : environment that the bench sees
    ports : names of the ports that it drives and reads, with ``*``
    """
    folder = build(verilog, top, ports)
    changed = {**environment(), **variables, "PYTHONPATH": str(ROOT), "COCOTB_LOG_LEVEL": "WARNING"}
    changed |= {"PYTHONWARNINGS": "ignore", "PYGPI_PYTHON_BIN": sys.executable}
    with mock.patch.dict(os.environ, changed):
        runner = get_runner("verilator")
        with contextlib.suppress(SystemExit):  # a failed test, which the results name
            runner.test(
                hdl_toplevel=top,
                hdl_toplevel_lang="verilog",
                test_module=bench,
                build_dir=folder,
                test_dir=results,
                results_xml=str(results / "results.xml"),
                log_file=results / "test.log",
            )
    cases = list(ElementTree.parse(results / "results.xml").iter("testcase"))
    failed = [
        case.get("name", "") for case in cases if case.find("failure") is not None or case.find("error") is not None
    ]
    log = (results / "test.log").read_text(errors="replace")
    assert cases, log[-3000:]
    assert not failed, f"{failed}\n{log[-6000:]}"
    return [case.get("name", "") for case in cases]


def build(verilog: str, top: str, ports: Sequence[str] = PORTS) -> Path:
    """The folder with the compiled simulator, named as the top module.

    cocotb's own build makes every signal of the design public, which takes ten times longer to compile and to run:
    here only the ports are.
    """
    folder = (
        cache_folder() / "cocotb" / hashlib.sha256((verilog + str(ARGUMENTS) + str(ports)).encode()).hexdigest()[:32]
    )
    with locked(folder):
        if not (folder / top).exists():
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{top}.v").write_text(verilog, encoding="utf-8")
            lines = [f'public_flat_rw -module "{top}" -var "{name}"\n' for name in ports]
            (folder / "ports.vlt").write_text("`verilator_config\n" + "".join(lines), encoding="utf-8")
            libraries = cocotb_tools.config.libs_dir
            command = ["verilator", "--cc", "--exe", "--build", "-j", "2", "--vpi", "--timing", *ARGUMENTS]
            command += ["--top-module", top, "--prefix", "Vtop", "-o", top, "--Mdir", str(folder)]
            command += ["--output-split", "12000", "-MAKEFLAGS", "OPT_FAST=-O1 OPT_SLOW=-O0 OPT_GLOBAL=-O1"]
            command += ["-LDFLAGS", f"-Wl,-rpath,{libraries} -L{libraries} -lcocotbvpi_verilator"]
            driver = cocotb_tools.config.share_dir / "lib" / "verilator" / "verilator.cpp"
            run([*command, str(driver), str(folder / "ports.vlt"), str(folder / f"{top}.v")], folder, "Verilator")
    return folder
