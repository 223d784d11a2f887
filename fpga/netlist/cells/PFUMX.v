// ECP5: joins two LUT4 to a table of five inputs. Source: Lattice "FPGA Libraries Reference Guide", PFUMX.
module PFUMX (input ALUT, BLUT, C0, output Z);
  assign Z = C0 ? ALUT : BLUT;
endmodule
