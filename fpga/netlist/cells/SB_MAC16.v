// iCE40 UltraPlus: multiplier of 16 x 16 bits, each operand signed or not, with an adder. Source: Lattice FPGA-TN-02007
// "DSP Function Usage Guide for iCE40 Devices" and "iCE Technology Library", SB_MAC16. Modelled: the product of A and
// B, with or without the operands' registers (A_REG, B_REG), one between the partial products (with both 8x8 registers
// PIPELINE_16x16_MULT_REG1) and one behind their sum (PIPELINE_16x16_MULT_REG2); the two adders as one of 32 bits, of
// the product and {C, D} (UPPERINPUT 1) or what the output register holds (0), and that register. A half of the output
// is the adder's (select 0), the register's (1) or the product's (3). Not modelled: subtraction, loading, registers of
// C and D, carries from outside, the 8x8 mode, the falling edge.
module SB_MAC16 #(
  parameter [0:0] A_SIGNED = 0, parameter [0:0] B_SIGNED = 0, parameter [0:0] A_REG = 0, parameter [0:0] B_REG = 0,
  parameter [0:0] PIPELINE_16x16_MULT_REG1 = 0, parameter [0:0] PIPELINE_16x16_MULT_REG2 = 0,
  parameter [0:0] TOPADDSUB_UPPERINPUT = 0, parameter [1:0] TOPOUTPUT_SELECT = 0, parameter [1:0] BOTOUTPUT_SELECT = 0
) (
  input CLK, CE, AHOLD, BHOLD, IRSTTOP, IRSTBOT, ORSTTOP, ORSTBOT, OHOLDTOP, OHOLDBOT, input [15:0] A, B, C, D,
  output [31:0] O
);
  reg [15:0] held_a, held_b, held_top, held_bottom;
  reg [31:0] held_upper, held_lower, held_product;
  wire [15:0] a = A_REG ? held_a : A, b = B_REG ? held_b : B;
  // The partial products with the upper and the lower byte of b.
  wire [31:0] upper = ($signed({A_SIGNED & a[15], a}) * $signed({B_SIGNED & b[15], b[15:8]})) <<< 8;
  wire [31:0] lower = $signed({A_SIGNED & a[15], a}) * $signed({1'b0, b[7:0]});
  wire [31:0] joined = PIPELINE_16x16_MULT_REG1 ? held_upper + held_lower : upper + lower;
  wire [31:0] product = PIPELINE_16x16_MULT_REG2 ? held_product : joined;
  wire [31:0] sum = product + (TOPADDSUB_UPPERINPUT ? {C, D} : {held_top, held_bottom});
  initial {held_a, held_b, held_top, held_bottom, held_upper, held_lower, held_product} = 0;
  always @(posedge CLK or posedge IRSTTOP)
    if (IRSTTOP) begin
      held_a <= 0;
      held_upper <= 0;
    end
    else if (CE) begin
      if (~AHOLD) held_a <= A;
      held_upper <= upper;
    end
  always @(posedge CLK or posedge IRSTBOT)
    if (IRSTBOT) begin
      held_b <= 0;
      held_lower <= 0;
      held_product <= 0;
    end
    else if (CE) begin
      if (~BHOLD) held_b <= B;
      held_lower <= lower;
      held_product <= joined;
    end
  always @(posedge CLK or posedge ORSTTOP)
    if (ORSTTOP) held_top <= 0;
    else if (CE & ~OHOLDTOP) held_top <= sum[31:16];
  always @(posedge CLK or posedge ORSTBOT)
    if (ORSTBOT) held_bottom <= 0;
    else if (CE & ~OHOLDBOT) held_bottom <= sum[15:0];
  assign O[31:16] = TOPOUTPUT_SELECT == 3 ? product[31:16] : TOPOUTPUT_SELECT == 1 ? held_top : sum[31:16];
  assign O[15:0] = BOTOUTPUT_SELECT == 3 ? product[15:0] : BOTOUTPUT_SELECT == 1 ? held_bottom : sum[15:0];
endmodule
