// ECP5: a slice's register, as the open tools name it. Source: Lattice "ECP5 and ECP5-5G Family Data Sheet"
// (FPGA-DS-02012), slice registers, and the settings of a slice in Project Trellis' documentation. LSR sets or clears
// it by REGSET, at the clock (SRMODE "LSR_OVER_CE": whatever the clock enable says). The global set/reset at power-up
// gives it the value of REGSET.
module TRELLIS_FF #(
  parameter GSR = "DISABLED", parameter CEMUX = "1", parameter CLKMUX = "CLK", parameter LSRMUX = "LSR",
  parameter REGSET = "RESET", parameter SRMODE = "LSR_OVER_CE"
) (input CLK, LSR, CE, DI, output reg Q);
  localparam SET = REGSET == "SET";
  wire enable = CEMUX == "1" ? 1'b1 : CEMUX == "INV" ? ~CE : CE;
  wire reset = LSRMUX == "INV" ? ~LSR : LSR;
  initial Q = SET;
  always @(posedge CLK)
    if (reset) Q <= SET;
    else if (enable) Q <= DI;
endmodule
