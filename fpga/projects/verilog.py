"""The Verilog of a vendor's project: the system of a board with block RAM, and its pins."""

from tileloom.fpga.board_memory import BoardMemory
from tileloom.fpga.board_system import BoardSystem
from tileloom.hw.spec.config import Target
from tileloom.hw.verilog import convert
from tileloom.hw.verilog_memory import VERILOG

MEMORY_BYTES = 128 * 1024
BITS_PER_SECOND = 1_000_000
SYSTEM = "tileloom_system"
PINS = ("clk", "reset", "uart_rx", "uart_tx", "interrupt")

TOP = """\
// The pins of the project. clk runs at {clock_hz:,} Hz; reset is asserted high and may come at any time.
module top (
  input  wire clk,
  input  wire reset,
  input  wire uart_rx,
  output wire uart_tx,
  output wire interrupt
);
  reg [1:0] released = 2'b00;
  always @(posedge clk or posedge reset)
    if (reset) released <= 2'b00;
    else released <= {{released[0], 1'b1}};

  {system} system (
    .clk(clk),
    .rst(~released[1]),
    .rx(uart_rx),
    .tx(uart_tx),
    .interrupt(interrupt)
  );
endmodule
"""


def system_verilog(target: Target) -> str:
    """The accelerator of ``target`` with host link, UART and memory: module ``tileloom_system``."""
    divisor = round(target.clock_hz / BITS_PER_SECOND)
    system = BoardSystem(target, BoardMemory(target, MEMORY_BYTES), divisor)
    return VERILOG + "\n" + convert(system, SYSTEM, {})


def top_verilog(target: Target) -> str:
    """Module ``top``: pins and reset."""
    return TOP.format(clock_hz=target.clock_hz, system=SYSTEM)
