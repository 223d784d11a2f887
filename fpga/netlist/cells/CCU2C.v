// ECP5: two tables with a carry chain. Source: Lattice "FPGA Libraries Reference Guide", CCU2C, and the slice in ripple
// mode in "ECP5 and ECP5-5G Family Data Sheet" (FPGA-DS-02012). In each half the table of four inputs is the carry's
// propagate, its lowest four entries, addressed by A and B alone, are the generate. INJECT1 = "YES" cuts the carry off
// from both.
module CCU2C #(
  parameter [15:0] INIT0 = 16'h0000, parameter [15:0] INIT1 = 16'h0000,
  parameter INJECT1_0 = "YES", parameter INJECT1_1 = "YES"
) (input CIN, A0, B0, C0, D0, A1, B1, C1, D1, output S0, S1, COUT);
  localparam CHAIN0 = INJECT1_0 != "YES", CHAIN1 = INJECT1_1 != "YES";
  wire propagate0 = INIT0[{D0, C0, B0, A0}];
  wire propagate1 = INIT1[{D1, C1, B1, A1}];
  wire carry = propagate0 ? CIN : CHAIN0 & INIT0[{2'b00, B0, A0}];
  assign S0 = propagate0 ^ (CHAIN0 & CIN);
  assign S1 = propagate1 ^ (CHAIN1 & carry);
  assign COUT = propagate1 ? carry : CHAIN1 & INIT1[{2'b00, B1, A1}];
endmodule
