"""Constraints and Tcl of a vendor's project, by tool; paths are relative to the project's folder."""

from tileloom.fpga.projects.parts import VendorPart
from tileloom.fpga.projects.verilog import PINS
from tileloom.hw.spec.config import Target

SOURCES = ("rtl/tileloom_system.v", "rtl/top.v")


def scripts(part: VendorPart, target: Target) -> dict[str, str]:
    """Files by path."""
    makers = {"vivado": _vivado, "ise": _ise, "quartus": _quartus}
    return makers[part.family.tool](part, target)


def _vivado(part: VendorPart, target: Target) -> dict[str, str]:
    period = 1e9 / target.clock_hz
    pins = "".join(f"# set_property -dict {{PACKAGE_PIN ? IOSTANDARD LVCMOS33}} [get_ports {pin}]\n" for pin in PINS)
    read = "\n".join(f"read_verilog [file join $here {source}]" for source in SOURCES)
    added = " ".join(f"[file join $here {source}]" for source in SOURCES)
    return {
        "constraints/clock.xdc": f"create_clock -name clk -period {period:.3f} [get_ports clk]\n"
        "set_false_path -from [get_ports {reset uart_rx}]\nset_false_path -to [get_ports {uart_tx interrupt}]\n",
        "constraints/pins.xdc": f"# The sites of your board; without them no bitstream is written.\n{pins}",
        "build.tcl": f"""\
# vivado -mode batch -source build.tcl: synthesis, placement, routing, reports; the bitstream where pins have sites.
set here [file dirname [file normalize [info script]]]
set out [file join $here build]
file mkdir $out
{read}
read_xdc [file join $here constraints/clock.xdc]
read_xdc [file join $here constraints/pins.xdc]
synth_design -top top -part {part.name}
opt_design
place_design
route_design
report_utilization -file [file join $out utilization.rpt]
report_timing_summary -file [file join $out timing.rpt]
write_checkpoint -force [file join $out top.dcp]
set file [open [file join $here constraints/pins.xdc]]
set located [regexp -line {{^\\s*set_property.*PACKAGE_PIN}} [read $file]]
close $file
if {{$located}} {{
  write_bitstream -force [file join $out top.bit]
}} else {{
  puts "constraints/pins.xdc gives no sites: no bitstream is written"
}}
""",
        "project.tcl": f"""\
# vivado -source project.tcl: the same as a project for the graphical tool.
set here [file dirname [file normalize [info script]]]
create_project tileloom [file join $here vivado] -part {part.name} -force
add_files [list {added}]
add_files -fileset constrs_1 [list [file join $here constraints/clock.xdc] [file join $here constraints/pins.xdc]]
set_property top top [current_fileset]
""",
    }


def _ise(part: VendorPart, target: Target) -> dict[str, str]:
    period = 1e9 / target.clock_hz
    pins = "".join(f'# NET "{pin}" LOC = "?" | IOSTANDARD = LVCMOS25;\n' for pin in PINS)
    added = "\n".join(f"xfile add [file join $here {path}]" for path in (*SOURCES, "constraints/top.ucf"))
    return {
        "constraints/top.ucf": 'NET "clk" TNM_NET = "clk";\n'
        f'TIMESPEC "TS_clk" = PERIOD "clk" {period:.3f} ns HIGH 50%;\n'
        f'NET "reset" TIG;\nNET "uart_rx" TIG;\n# The sites of your board:\n{pins}',
        "build.tcl": f"""\
# xtclsh build.tcl: an ISE project, built up to the bitstream.
set here [file dirname [file normalize [info script]]]
file mkdir [file join $here build]
cd [file join $here build]
project new tileloom.xise
project set family Virtex6
project set device {part.device}
project set package {part.package}
project set speed {part.speed}
{added}
project set top top
process run "Synthesize - XST"
process run "Implement Design"
process run "Generate Programming File"
project close
""",
    }


def _quartus(part: VendorPart, target: Target) -> dict[str, str]:
    period = 1e9 / target.clock_hz
    pins = "".join(f"# set_location_assignment PIN_? -to {pin}\n" for pin in PINS)
    files = "\n".join(f"set_global_assignment -name VERILOG_FILE [file join $here {source}]" for source in SOURCES)
    return {
        "constraints/clock.sdc": f"create_clock -name clk -period {period:.3f} [get_ports clk]\n"
        "set_false_path -from [get_ports {reset uart_rx}]\nset_false_path -to [get_ports {uart_tx interrupt}]\n",
        "constraints/pins.tcl": f"# The sites of your board; without them Quartus chooses some.\n{pins}",
        "build.tcl": f"""\
# quartus_sh -t build.tcl: a Quartus project, built up to the bitstream.
load_package flow
set here [file dirname [file normalize [info script]]]
file mkdir [file join $here build]
cd [file join $here build]
project_new tileloom -overwrite
set_global_assignment -name FAMILY "Cyclone V"
set_global_assignment -name DEVICE {part.name}
set_global_assignment -name TOP_LEVEL_ENTITY top
{files}
set_global_assignment -name SDC_FILE [file join $here constraints/clock.sdc]
source [file join $here constraints/pins.tcl]
execute_flow -compile
project_close
""",
    }
