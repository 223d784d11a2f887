"""How a machine is put on buses of one's own: a Verilog top with a memory beside it, and a driver in C."""

from pathlib import Path

from tileloom.hw.spec.config import Target
from tileloom.hw.spec.registers import REGISTERS

FOLDER = Path(__file__).with_name("integration")

TOP = """\
// Example of integration: the machine {name} with a memory on its AXI4 master port. Put your own interconnect in place
// of the memory, and join s_axil_* to your processor's AXI4-Lite port. Made by `tileloom rtl`.
//
// The master's bursts are incrementing, of whole beats of {port} bytes, never across a multiple of {burst} bytes; reads
// carry IDs 0 to 2, and the answers of one ID come in order; writes carry ID 0, and their data may come before their
// address. RREADY and BREADY are always 1: whatever is asked for has its place already.
module tileloom_example #(
  parameter MEMORY_BYTES = 131072
) (
  input  wire        clk,
  input  wire        rst,
  input  wire        s_axil_awvalid,
  output wire        s_axil_awready,
  input  wire [{top}:0]  s_axil_awaddr,
  input  wire        s_axil_wvalid,
  output wire        s_axil_wready,
  input  wire [31:0] s_axil_wdata,
  input  wire [3:0]  s_axil_wstrb,
  output wire        s_axil_bvalid,
  input  wire        s_axil_bready,
  output wire [1:0]  s_axil_bresp,
  input  wire        s_axil_arvalid,
  output wire        s_axil_arready,
  input  wire [{top}:0]  s_axil_araddr,
  output wire        s_axil_rvalid,
  input  wire        s_axil_rready,
  output wire [31:0] s_axil_rdata,
  output wire [1:0]  s_axil_rresp,
  output wire        interrupt
);
{wires}

  tileloom machine (
    .clk(clk),
    .rst(rst),
{machine},
    .s_axil_awprot(3'b000),
    .s_axil_arprot(3'b000),
{control},
    .interrupt(interrupt),
{traces}
  );

  tileloom_axi_memory #(.PORT_BYTES({port}), .SIZE_BYTES(MEMORY_BYTES)) ram (
    .clk(clk),
    .rst(rst),
{memory}
  );
endmodule
"""
CONTROL = (
    *("awvalid", "awready", "awaddr", "wvalid", "wready", "wdata", "wstrb", "bvalid", "bready", "bresp"),
    *("arvalid", "arready", "araddr", "rvalid", "rready", "rdata", "rresp"),
)
TRACES = ("start", "running", "job_start", "job_end", "cause", "tag")
UNUSED = ("awlen", "awsize", "awburst", "arsize", "arburst")
"""Wires of the master that the example's memory does not need."""


def example_verilog(target: Target) -> str:
    """Module ``tileloom_example`` for the Verilog of ``target``, and the memory beside it."""
    bits = 8 * target.port_bytes
    widths = {"arid": 2, "araddr": 32, "arlen": 8, "arsize": 3, "arburst": 2, "rid": 2, "rdata": bits, "rresp": 2}
    widths |= {"awid": 2, "awaddr": 32, "awlen": 8, "awsize": 3, "awburst": 2, "wdata": bits}
    widths |= {"wstrb": target.port_bytes, "bid": 2, "bresp": 2}
    single = ("arvalid", "arready", "rvalid", "rready", "rlast", "awvalid", "awready", "wvalid", "wready", "wlast")
    names = [*single, "bvalid", "bready", *widths]
    wires = (f"  wire {f'[{widths[name] - 1}:0] ' if name in widths else ''}axi_{name};" for name in names)
    top = TOP.format(
        name=target.name,
        port=target.port_bytes,
        top=max(register.offset for register in REGISTERS).bit_length() - 1,
        burst=target.burst_bytes,
        wires="\n".join(wires),
        machine=",\n".join(f"    .m_axi_{name}(axi_{name})" for name in names),
        control=",\n".join(f"    .s_axil_{name}(s_axil_{name})" for name in CONTROL),
        traces=",\n".join(f"    .trace_{name}()" for name in TRACES),
        memory=",\n".join(f"    .s_axi_{name}(axi_{name})" for name in names if name not in UNUSED),
    )
    return top + "\n" + (FOLDER / "axi_memory.v").read_text(encoding="utf-8")


def driver() -> str:
    """The driver in C."""
    return (FOLDER / "driver.h").read_text(encoding="utf-8")
