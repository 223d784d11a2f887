// iCE40 UltraPlus: multiplier of 16 x 16 bits, each operand signed or not. Source: Lattice FPGA-TN-02007 "DSP Function
// Usage Guide for iCE40 Devices" and "iCE Technology Library", SB_MAC16. Modelled: the product of A and B at O (output
// select 3), with or without the operands' registers (A_REG, B_REG), the one between the partial products
// (PIPELINE_16x16_MULT_REG1 with both 8x8 registers) and the one behind their sum (PIPELINE_16x16_MULT_REG2). Not
// modelled: adders, accumulators, the 8x8 mode, the falling edge.
module SB_MAC16 #(
  parameter [0:0] A_SIGNED = 0, parameter [0:0] B_SIGNED = 0, parameter [0:0] A_REG = 0, parameter [0:0] B_REG = 0,
  parameter [0:0] PIPELINE_16x16_MULT_REG1 = 0, parameter [0:0] PIPELINE_16x16_MULT_REG2 = 0
) (
  input CLK, CE, AHOLD, BHOLD, IRSTTOP, IRSTBOT, input [15:0] A, B, output [31:0] O
);
  reg [15:0] held_a, held_b;
  reg [31:0] held_product, held_sum;
  wire [15:0] a = A_REG ? held_a : A, b = B_REG ? held_b : B;
  wire [31:0] product = $signed({A_SIGNED & a[15], a}) * $signed({B_SIGNED & b[15], b});
  wire [31:0] sum = PIPELINE_16x16_MULT_REG1 ? held_product : product;
  initial begin
    held_a = 0;
    held_b = 0;
    held_product = 0;
    held_sum = 0;
  end
  always @(posedge CLK or posedge IRSTTOP)
    if (IRSTTOP) held_a <= 0;
    else if (CE & ~AHOLD) held_a <= A;
  always @(posedge CLK or posedge IRSTBOT)
    if (IRSTBOT) begin
      held_b <= 0;
      held_product <= 0;
      held_sum <= 0;
    end
    else if (CE) begin
      if (~BHOLD) held_b <= B;
      held_product <= product;
      held_sum <= sum;
    end
  assign O = PIPELINE_16x16_MULT_REG2 ? held_sum : sum;
endmodule
