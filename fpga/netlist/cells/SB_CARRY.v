// iCE40: the carry beside a table. Source: Lattice "iCE Technology Library", SB_CARRY.
module SB_CARRY (input I0, I1, CI, output CO);
  assign CO = I0 & I1 | CI & (I0 | I1);
endmodule
