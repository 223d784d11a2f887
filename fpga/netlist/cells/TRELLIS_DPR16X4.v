// ECP5: sixteen words of four bits in tables; written at the clock, read at once. Source: Lattice FPGA-TN-02204 "ECP5
// and ECP5-5G Memory Usage Guide", distributed RAM, and Project Trellis' name for it.
module TRELLIS_DPR16X4 #(
  parameter WCKMUX = "WCK", parameter WREMUX = "WRE", parameter [63:0] INITVAL = 64'h0
) (input [3:0] DI, WAD, RAD, input WRE, WCK, output [3:0] DO);
  reg [3:0] memory [0:15];
  integer i;
  initial for (i = 0; i < 16; i = i + 1) memory[i] = INITVAL[4 * i +: 4];
  wire enable = WREMUX == "INV" ? ~WRE : WRE;
  always @(posedge WCK) if (enable) memory[WAD] <= DI;
  assign DO = memory[RAD];
endmodule
