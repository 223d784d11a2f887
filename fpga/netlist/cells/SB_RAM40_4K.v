// iCE40: block RAM of 4 kbit with a write and a read port, each 16, 8, 4 or 2 bits wide (mode 0 to 3). Source: Lattice
// FPGA-TN-02002 "Memory Usage Guide for iCE40 Devices" and "iCE Technology Library", SB_RAM40_4K. A narrow port finds
// its word by the upper address bits: bit k of every group of 2, 4 or 8 bits; it uses pins 0, 2, ... (8 bits), 1, 5, 9,
// 13 (4 bits) or 3, 11 (2 bits). MASK closes bits of a 16-bit write port. A bit that is read while it is written is not
// to be relied upon, so here it is the complement of the old one. Not modelled: two clocks.
module SB_RAM40_4K #(
  parameter READ_MODE = 0, parameter WRITE_MODE = 0,
  parameter [255:0] INIT_0 = 0, parameter [255:0] INIT_1 = 0, parameter [255:0] INIT_2 = 0,
  parameter [255:0] INIT_3 = 0, parameter [255:0] INIT_4 = 0, parameter [255:0] INIT_5 = 0,
  parameter [255:0] INIT_6 = 0, parameter [255:0] INIT_7 = 0, parameter [255:0] INIT_8 = 0,
  parameter [255:0] INIT_9 = 0, parameter [255:0] INIT_A = 0, parameter [255:0] INIT_B = 0,
  parameter [255:0] INIT_C = 0, parameter [255:0] INIT_D = 0, parameter [255:0] INIT_E = 0,
  parameter [255:0] INIT_F = 0
) (
  input RCLK, RCLKE, RE, input [10:0] RADDR, output reg [15:0] RDATA,
  input WCLK, WCLKE, WE, input [10:0] WADDR, input [15:0] MASK, WDATA
);
  localparam [4095:0] INIT = {INIT_F, INIT_E, INIT_D, INIT_C, INIT_B, INIT_A, INIT_9, INIT_8,
                              INIT_7, INIT_6, INIT_5, INIT_4, INIT_3, INIT_2, INIT_1, INIT_0};
  // Bits of memory behind one pin of a port, and the lowest pin that is used.
  localparam WRITE_GROUP = 1 << WRITE_MODE, WRITE_PIN = WRITE_GROUP > 1 ? WRITE_GROUP / 2 - 1 : 0;
  localparam READ_GROUP = 1 << READ_MODE, READ_PIN = READ_GROUP > 1 ? READ_GROUP / 2 - 1 : 0;
  reg [15:0] memory [0:255];
  reg [15:0] write_data, written, read_bits, read_data;
  wire write = WCLKE & WE;
  integer i, w, r;
  initial begin
    for (i = 0; i < 256; i = i + 1) memory[i] = INIT[16 * i +: 16];
    RDATA = 0;
  end
  always @*
    for (w = 0; w < 16; w = w + 1) begin
      write_data[w] = WDATA[w / WRITE_GROUP * WRITE_GROUP + WRITE_PIN];
      written[w] = write & (WRITE_MODE == 0 ? ~MASK[w] : w % WRITE_GROUP == WADDR[10:8] % WRITE_GROUP);
    end
  always @* begin
    read_bits = memory[RADDR[7:0]] ^ (RADDR[7:0] == WADDR[7:0] ? written : 16'h0000);
    read_data = 0;
    for (r = 0; r < 16; r = r + READ_GROUP) read_data[r + READ_PIN] = read_bits[r + RADDR[10:8] % READ_GROUP];
  end
  always @(posedge WCLK)
    if (write) memory[WADDR[7:0]] <= memory[WADDR[7:0]] & ~written | write_data & written;
  always @(posedge RCLK) if (RCLKE & RE) RDATA <= read_data;
endmodule
