"""A vendor's project: a folder with Verilog, constraints, Tcl and a readme, which needs nothing else."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tileloom.fpga.area import Area, synthesise
from tileloom.fpga.projects.parts import VendorPart, find_part
from tileloom.fpga.projects.scripts import scripts
from tileloom.fpga.tools import BuildError
from tileloom.hw.spec.config import Target

COMMANDS = {
    "vivado": "vivado -mode batch -source build.tcl",
    "ise": "xtclsh build.tcl",
    "quartus": "quartus_sh -t build.tcl",
}
README = """\
# {target} on {part} ({family})

Made by tileloom for {tool}; the vendor's tool was not run. In this folder:

    {command}

`rtl/tileloom_system.v` holds the accelerator with {memory} KB of block RAM and a serial link to the host, `rtl/top.v`
its pins:

| pin | what it is |
|---|---|
| `clk` | clock of {clock:,} Hz, which is constrained; with another one the bits on the serial line change |
| `reset` | asserted high; tie it low where there is none |
| `uart_rx`, `uart_tx` | serial line, {bits:,} bits a second |
| `interrupt` | high while done or error, when enabled |

Enter the sites of your board in `{pins}`. The host's end of the serial line is `tileloom.fpga.runtime`; the protocol
stands in `fpga/protocol.py`. To put the accelerator on a bus of your own instead, take the files of `tileloom rtl`.
{estimate}"""
ESTIMATE = """
Cells of the accelerator after synthesis by yosys (*estimated*, not placed, without link and memory):

| LUT | FF | carry | multipliers | block RAMs |
|---|---|---|---|---|
| {lut:,.0f} | {ff:,.0f} | {carry:,.0f} | {dsp:,.0f} | {bram:,.1f} |
"""


@dataclass(frozen=True)
class Project:
    """A project that was written."""

    part: VendorPart
    target: str
    folder: str
    files: tuple[str, ...]
    command: str
    estimate: Area | None
    """Cells of the accelerator alone, synthesised."""


def write_project(
    tool: str,
    part: str,
    target: Target,
    folder: Path,
    estimate: bool = False,
    progress: Callable[[str], None] = lambda _: None,
) -> Project:
    """Write the project; the folder appears whole or not at all, and must not be there yet unless it is empty.

    Raises :class:`BuildError`.
    """
    known = find_part(tool, part)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BuildError(f"folder {folder} is there already and not empty; name another one with --output")
    try:
        from tileloom.fpga.projects.verilog import BITS_PER_SECOND, MEMORY_BYTES, system_verilog, top_verilog
    except ModuleNotFoundError as error:
        raise BuildError(f"package {error.name} is not installed; run: pip install 'tileloom[rtl]'") from None
    area = None
    if estimate:
        progress(f"synthesis for {known.family.title}")
        area = synthesise(target, known.family.synthesis)
    progress("generating RTL")
    files = {
        "rtl/tileloom_system.v": system_verilog(target),
        "rtl/top.v": top_verilog(target),
        **scripts(known, target),
    }
    files["README.md"] = README.format(
        target=target.name,
        part=known.name,
        family=known.family.title,
        tool=tool,
        command=COMMANDS[tool],
        memory=MEMORY_BYTES // 1024,
        clock=target.clock_hz,
        bits=BITS_PER_SECOND,
        pins=next(path for path in files if path.startswith("constraints/") and path.count("clock") == 0),
        estimate="" if area is None else ESTIMATE.format(**area.kinds),
    )
    if area is not None:
        files["estimate.json"] = json.dumps(vars(area), indent=1) + "\n"
    scratch = folder.with_name(folder.name + ".part")
    shutil.rmtree(scratch, ignore_errors=True)
    for path, text in files.items():
        (scratch / path).parent.mkdir(parents=True, exist_ok=True)
        (scratch / path).write_text(text, encoding="utf-8")
    if folder.exists():
        folder.rmdir()
    scratch.rename(folder)
    return Project(known, target.name, str(folder), tuple(sorted(files)), COMMANDS[tool], area)
