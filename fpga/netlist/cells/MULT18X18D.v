// ECP5: multiplier of 18 x 18 bits, each operand signed or not. Source: Lattice FPGA-TN-02205 "ECP5 and ECP5-5G sysDSP
// Usage Guide", MULT18X18D, and the "FPGA Libraries Reference Guide". Modelled: the product, with or without registers
// at the operands (and their signs), behind the multiplier and at the output, each with one of four clocks, enables and
// synchronous resets. Not modelled: the shift chains (SRIA ... SROB), the pre-adder's operand C, MULT_BYPASS.
module MULT18X18D #(
  parameter REG_INPUTA_CLK = "NONE", parameter REG_INPUTA_CE = "CE0", parameter REG_INPUTA_RST = "RST0",
  parameter REG_INPUTB_CLK = "NONE", parameter REG_INPUTB_CE = "CE0", parameter REG_INPUTB_RST = "RST0",
  parameter REG_PIPELINE_CLK = "NONE", parameter REG_PIPELINE_CE = "CE0", parameter REG_PIPELINE_RST = "RST0",
  parameter REG_OUTPUT_CLK = "NONE", parameter REG_OUTPUT_CE = "CE0", parameter REG_OUTPUT_RST = "RST0"
) (
  input A17, A16, A15, A14, A13, A12, A11, A10, A9, A8, A7, A6, A5, A4, A3, A2, A1, A0,
  input B17, B16, B15, B14, B13, B12, B11, B10, B9, B8, B7, B6, B5, B4, B3, B2, B1, B0,
  input C17, C16, C15, C14, C13, C12, C11, C10, C9, C8, C7, C6, C5, C4, C3, C2, C1, C0,
  input SIGNEDA, SIGNEDB, SOURCEA, SOURCEB, CLK3, CLK2, CLK1, CLK0, CE3, CE2, CE1, CE0, RST3, RST2, RST1, RST0,
  output P35, P34, P33, P32, P31, P30, P29, P28, P27, P26, P25, P24, P23, P22, P21, P20, P19, P18, P17, P16, P15,
    P14, P13, P12, P11, P10, P9, P8, P7, P6, P5, P4, P3, P2, P1, P0
);
  wire [17:0] a = {A17, A16, A15, A14, A13, A12, A11, A10, A9, A8, A7, A6, A5, A4, A3, A2, A1, A0};
  wire [17:0] b = {B17, B16, B15, B14, B13, B12, B11, B10, B9, B8, B7, B6, B5, B4, B3, B2, B1, B0};
  wire [3:0] clocks = {CLK3, CLK2, CLK1, CLK0}, enables = {CE3, CE2, CE1, CE0}, resets = {RST3, RST2, RST1, RST0};
  wire [18:0] first, second;  // sign-extended
  wire [35:0] product, result;

  ecp5_dsp_register #(19, REG_INPUTA_CLK, REG_INPUTA_CE, REG_INPUTA_RST)
    register_a (clocks, enables, resets, {SIGNEDA & a[17], a}, first);
  ecp5_dsp_register #(19, REG_INPUTB_CLK, REG_INPUTB_CE, REG_INPUTB_RST)
    register_b (clocks, enables, resets, {SIGNEDB & b[17], b}, second);
  ecp5_dsp_register #(36, REG_PIPELINE_CLK, REG_PIPELINE_CE, REG_PIPELINE_RST)
    pipeline (clocks, enables, resets, 36'($signed(first) * $signed(second)), product);
  ecp5_dsp_register #(36, REG_OUTPUT_CLK, REG_OUTPUT_CE, REG_OUTPUT_RST)
    register_output (clocks, enables, resets, product, result);
  assign {P35, P34, P33, P32, P31, P30, P29, P28, P27, P26, P25, P24, P23, P22, P21, P20, P19, P18, P17, P16, P15,
    P14, P13, P12, P11, P10, P9, P8, P7, P6, P5, P4, P3, P2, P1, P0} = result;
endmodule

// A register of the multiplier, or a wire where CLK is "NONE".
module ecp5_dsp_register #(
  parameter WIDTH = 18, parameter CLK = "NONE", parameter CE = "CE0", parameter RST = "RST0"
) (input [3:0] clocks, enables, resets, input [WIDTH-1:0] d, output [WIDTH-1:0] q);
  localparam CLOCK = CLK == "CLK1" ? 1 : CLK == "CLK2" ? 2 : CLK == "CLK3" ? 3 : 0;
  localparam ENABLE = CE == "CE1" ? 1 : CE == "CE2" ? 2 : CE == "CE3" ? 3 : 0;
  localparam RESET = RST == "RST1" ? 1 : RST == "RST2" ? 2 : RST == "RST3" ? 3 : 0;
  generate
    if (CLK == "NONE") assign q = d;
    else begin
      reg [WIDTH-1:0] value;
      initial value = 0;
      always @(posedge clocks[CLOCK])
        if (resets[RESET]) value <= 0;
        else if (enables[ENABLE]) value <= d;
      assign q = value;
    end
  endgenerate
endmodule
