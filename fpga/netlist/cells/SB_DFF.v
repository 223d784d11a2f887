// iCE40: registers that change at the rising clock edge; all are 0 after configuration. Source: Lattice "iCE Technology
// Library", SB_DFF, SB_DFFE, SB_DFFSR, SB_DFFSS, SB_DFFESR, SB_DFFESS. With an enable, the synchronous set or reset
// acts only while that is given.
module SB_DFF (input C, D, output reg Q);
  initial Q = 0;
  always @(posedge C) Q <= D;
endmodule

module SB_DFFE (input C, E, D, output reg Q);
  initial Q = 0;
  always @(posedge C) if (E) Q <= D;
endmodule

module SB_DFFSR (input C, R, D, output reg Q);
  initial Q = 0;
  always @(posedge C) Q <= D & ~R;
endmodule

module SB_DFFSS (input C, S, D, output reg Q);
  initial Q = 0;
  always @(posedge C) Q <= D | S;
endmodule

module SB_DFFESR (input C, E, R, D, output reg Q);
  initial Q = 0;
  always @(posedge C) if (E) Q <= D & ~R;
endmodule

module SB_DFFESS (input C, E, S, D, output reg Q);
  initial Q = 0;
  always @(posedge C) if (E) Q <= D | S;
endmodule
