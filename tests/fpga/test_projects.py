"""Vendors' projects: whole parts or a refusal; Verilog that is whole; Tcl that names files that are there, in order."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.face.command import tileloom
from tileloom.fpga.projects.parts import FAMILIES, Family, find_part
from tileloom.fpga.projects.scripts import scripts
from tileloom.fpga.projects.write import write_project
from tileloom.fpga.tools import BuildError, find_tool
from tileloom.hw.spec.config import load_target
from tileloom.hw.verilator import environment

SMALL = load_target("small")
FLOWS = {
    "vivado": ("synth_design", "place_design", "route_design", "report_timing_summary", "puts"),
    "ise": ("project new", "xfile add", "Implement Design", "Generate Programming File"),
    "quartus": ("project_new", "set_global_assignment -name DEVICE", "execute_flow"),
}
"""What a run of ``build.tcl`` without sites for the pins does, in this order."""
RECORDED = """
set calls {}
foreach name {
  read_verilog read_xdc synth_design opt_design place_design route_design report_utilization report_timing_summary
  write_checkpoint write_bitstream create_project add_files set_property current_fileset puts
  project xfile process
  load_package project_new project_close set_global_assignment set_location_assignment execute_flow
} { proc $name args "lappend ::calls \\[concat $name \\$args\\]" }
"""
FINISH = "\nforeach call $calls { chan puts $call }\n"


@pytest.mark.parametrize(
    "part",
    [
        *("xc7a35tcpg236-1", "XC7A200TFBG484-2L", "xc7z010clg400-1", "xc7z045ffg900-2", "xc7k325tffg900-2"),
        *("xczu7ev-ffvc1156-2-e", "xcku5p-ffvb676-2-e", "xcau25p-ffvb676-1-i", "xcvu9p-flga2104-2l-e"),
    ],
)
def test_vivado_parts(part: str) -> None:
    """Real part numbers of each family."""
    assert find_part("vivado", part).name == part.lower()


@pytest.mark.parametrize("part", ["xc6vlx240tff1156-1", "xc6vlx240t-ff1156-1", "XC6VSX475TFF1759-2"])
def test_ise_parts(part: str) -> None:
    """Device, package and speed apart."""
    found = find_part("ise", part)
    assert f"{found.device}{found.package}{found.speed}" == part.lower().replace("t-ff", "tff")


@pytest.mark.parametrize("part", ["5CSEBA6U23I7", "5csema5f31c6", "5CEBA4F23C7", "5CGXFC5C6F27C7"])
def test_quartus_parts(part: str) -> None:
    """In capitals, as Quartus writes them."""
    assert find_part("quartus", part).name == part.upper()


@pytest.mark.parametrize(
    ("tool", "part", "text"),
    [
        ("diamond", "x", "project 'diamond' is not known; use one of vivado, ise, quartus"),
        ("vivado", "xc6vlx240tff1156-1", r"\(Virtex-6\) is not for vivado; use --project ise"),
        ("vivado", "xc7a100t", r"'xc7a100t' is not known .* such as xc7a100tcsg324-1 \(Artix-7\)"),
        ("quartus", "10m50", r"'10m50' is not known .* such as 5cseba6u23i7 \(Cyclone V\)"),
    ],
)
def test_refused_parts(tool: str, part: str, text: str) -> None:
    """With a part that would do."""
    with pytest.raises(BuildError, match=text):
        find_part(tool, part)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.title)
def test_tcl(family: Family, tmp_path: Path) -> None:
    """The scripts run in a Tcl interpreter whose vendor's commands only note that they were called."""
    part = find_part(family.tool, family.example)
    for path, text in scripts(part, SMALL).items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    (tmp_path / "rtl").mkdir()
    for name in ("tileloom_system.v", "top.v"):
        (tmp_path / "rtl" / name).touch()
    calls = _calls(tmp_path / "build.tcl")
    places = [next(i for i, call in enumerate(calls) if wanted in call) for wanted in FLOWS[family.tool]]
    assert places == sorted(places)
    assert any(part.name in call or (part.device and part.device in call) for call in calls)
    assert not any("write_bitstream" in call for call in calls), "no site is given yet"
    files = [
        word for call in calls for word in call.split() if word.startswith(str(tmp_path)) and "/build/" not in word
    ]
    assert len(files) >= 3
    assert all(Path(word).is_file() for word in files)
    periods = [text for path, text in scripts(part, SMALL).items() if "constraints" in path and "20.000" in text]
    assert len(periods) == 1, "50 MHz"
    if family.tool == "vivado":
        pins = tmp_path / "constraints/pins.xdc"
        pins.write_text(pins.read_text().replace("# set_property", "set_property").replace("?", "E3"))
        assert "write_bitstream" in _calls(tmp_path / "build.tcl")[-1]
        assert any("create_project" in call for call in _calls(tmp_path / "project.tcl"))


def _calls(script: Path) -> list[str]:
    """The vendor's commands that a script gives."""
    tclsh = shutil.which("tclsh")
    if tclsh is None:
        pytest.skip("tclsh is not installed")
    text = f"{RECORDED}\nproc exit args {{}}\nsource {{{script}}}\n{FINISH}"
    found = subprocess.run([tclsh], input=text, capture_output=True, text=True, check=True)
    assert found.stderr == ""
    return found.stdout.splitlines()


def test_refused_commands(tmp_path: Path) -> None:
    """Nothing is written."""
    common = ("build", "--output", tmp_path / "out")
    refused = tileloom(*common, "--project", "vivado", "--part", "xc9")
    assert refused.status == 1 and "TL411" in refused.stderr
    assert tileloom(*common, "--project", "vivado").status == 2
    assert tileloom(*common, "--board", "ulx3s-85f", "--part", "xc7").status == 2
    assert list(tmp_path.iterdir()) == []


def test_the_command(tmp_path: Path) -> None:
    """A project is whole: its Verilog stands for itself, so that Verilator finds every module and port."""
    out = tmp_path / "out"
    wanted = ("build", "--output", out, "--project", "ise", "--part", "xc6vlx240tff1156-1", "--target", "small")
    made = tileloom(*wanted, "--json", "-")
    assert made.status == 0, made.stderr
    assert made.document["family"] == "Virtex-6" and made.document["lut"] is None
    assert made.document["kinds"]["lut"] == "estimated"
    assert set(made.document["files"]) == {str(path.relative_to(out)) for path in out.rglob("*.*")}
    sources = [str(out / "rtl" / name) for name in ("top.v", "tileloom_system.v")]
    command = ["verilator", "--lint-only", "-Wno-fatal", "-Wno-WIDTH", "--top-module", "top", *sources]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "PINMISSING" not in done.stderr, done.stderr
    readme = (out / "README.md").read_text()
    assert "xtclsh build.tcl" in readme and "was not run" in readme
    assert re.search(r"50,000,000 Hz", readme)
    again = tileloom(*wanted)
    assert again.status == 1 and "there already and not empty" in " ".join(again.stderr.split())


@pytest.mark.full
@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.title)
def test_estimates(family: Family, tmp_path: Path) -> None:
    """Each family's synthesis counts a multiplier at least for each MAC, and memories."""
    assert find_tool("yosys")
    estimate = write_project(family.tool, family.example, SMALL, tmp_path / "p", estimate=True).estimate
    assert estimate is not None
    assert estimate.kinds["dsp"] >= SMALL.macs_per_cycle
    assert estimate.kinds["lut"] > 1000 and estimate.kinds["ff"] > 1000 and estimate.kinds["bram"] >= 1
    assert "*estimated*" in (tmp_path / "p/README.md").read_text()
