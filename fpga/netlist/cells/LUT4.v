// ECP5: table of four inputs. Source: Lattice "FPGA Libraries Reference Guide", LUT4 (Z is bit {D, C, B, A} of INIT).
module LUT4 #(parameter [15:0] INIT = 16'h0000) (input A, B, C, D, output Z);
  assign Z = INIT[{D, C, B, A}];
endmodule
