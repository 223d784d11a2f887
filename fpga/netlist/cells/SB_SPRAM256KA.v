// iCE40 UltraPlus: single-port memory of 16,384 words of 16 bits, an enable for every four bits. Source: Lattice
// FPGA-TN-02022 "iCE40 SPRAM Usage Guide". It cannot be preloaded; what it gives after a write is not
// specified, so here it is what nobody can have meant: the complement of what is written. Power modes are not modelled.
module SB_SPRAM256KA (
  input [13:0] ADDRESS, input [15:0] DATAIN, input [3:0] MASKWREN, input WREN, CHIPSELECT, CLOCK,
  input STANDBY, SLEEP, POWEROFF, output reg [15:0] DATAOUT
);
  reg [15:0] memory [0:16383];
  integer i;
  initial DATAOUT = 0;
  always @(posedge CLOCK)
    if (CHIPSELECT) begin
      if (WREN) begin
        for (i = 0; i < 4; i = i + 1) if (MASKWREN[i]) memory[ADDRESS][4 * i +: 4] <= DATAIN[4 * i +: 4];
        DATAOUT <= ~DATAIN;
      end
      else DATAOUT <= memory[ADDRESS];
    end
endmodule
