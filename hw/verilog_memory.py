"""Memories as instances of one Verilog module, instead of Amaranth's, which writes every word's initial zero apart."""

from amaranth.hdl import ClockSignal, Instance, Module
from amaranth.lib.memory import Memory

VERILOG = """\
// One write port with an enable for every GRAIN bits, one read port with a register; a word that is read while it is
// written gives its old value. Nothing depends on what it holds before it is written.
module tileloom_memory #(
  parameter WIDTH = 8, parameter GRAIN = 8, parameter DEPTH = 2, parameter ADDRESS = 1
) (
  input clk,
  input [ADDRESS-1:0] write_address,
  input [WIDTH-1:0] write_data,
  input [WIDTH/GRAIN-1:0] write_enable,
  input [ADDRESS-1:0] read_address,
  input read_enable,
  output reg [WIDTH-1:0] read_data
);
  reg [WIDTH-1:0] memory [0:DEPTH-1];
  integer i;
  always @(posedge clk)
    for (i = 0; i < WIDTH / GRAIN; i = i + 1)
      if (write_enable[i]) memory[write_address][i * GRAIN +: GRAIN] <= write_data[i * GRAIN +: GRAIN];
  always @(posedge clk) if (read_enable) read_data <= memory[read_address];
endmodule
"""


class VerilogMemories:
    """A platform that only says what a memory is: pass it to the conversion to Verilog, and add :data:`VERILOG`."""

    def get_memory(self, memory: Memory) -> Module:
        """The instance for a memory of ``amaranth.lib``; it must have one write port and one registered read port.

        One that nobody writes is a table of what it holds.
        """
        if not memory.write_ports and len(memory.read_ports) == 1:
            return _table(memory)
        if len(memory.write_ports) != 1 or len(memory.read_ports) != 1:
            raise ValueError(
                f"a memory must have one write port and one read port, "
                f"not {len(memory.write_ports)} and {len(memory.read_ports)}"
            )
        write, read = memory.write_ports[0], memory.read_ports[0]
        if read.domain != write.domain or read.transparent_for:
            raise ValueError(f"a memory's read port must be registered and not transparent, not {read!r}")
        m = Module()
        width = len(write.data)
        m.submodules.memory = Instance(
            "tileloom_memory",
            p_WIDTH=width,
            p_GRAIN=width // len(write.en),
            p_DEPTH=memory.depth,
            p_ADDRESS=max(1, len(write.addr)),
            i_clk=ClockSignal(write.domain),
            i_write_address=write.addr,
            i_write_data=write.data,
            i_write_enable=write.en,
            i_read_address=read.addr,
            i_read_enable=read.en,
            o_read_data=read.data,
        )
        return m


def _table(memory: Memory) -> Module:
    m = Module()
    read = memory.read_ports[0]
    with m.If(read.en), m.Switch(read.addr):
        for place, value in enumerate(memory.init):
            with m.Case(place):
                m.d[read.domain] += read.data.eq(value)
    return m
