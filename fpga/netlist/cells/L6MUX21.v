// ECP5: joins two tables of five or more inputs. Source: Lattice "FPGA Libraries Reference Guide", L6MUX21.
module L6MUX21 (input D0, D1, SD, output Z);
  assign Z = SD ? D1 : D0;
endmodule
