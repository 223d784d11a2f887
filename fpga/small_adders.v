// Short sums, and those with a constant, as logic: a carry chain costs two places more than its bits, and a comparison
// with a constant needs none.
(* techmap_celltype = "$alu" *)
module small_adders (A, B, CI, BI, X, Y, CO);
  parameter A_SIGNED = 0, B_SIGNED = 0, A_WIDTH = 1, B_WIDTH = 1, Y_WIDTH = 1;
  parameter _TECHMAP_CONSTMSK_A_ = 0;
  parameter _TECHMAP_CONSTMSK_B_ = 0;
  localparam ALL_A = (1 << A_WIDTH) - 1, ALL_B = (1 << B_WIDTH) - 1;
  localparam CONSTANT = (_TECHMAP_CONSTMSK_A_ == {A_WIDTH{1'b1}}) || (_TECHMAP_CONSTMSK_B_ == {B_WIDTH{1'b1}});
  input [A_WIDTH-1:0] A;
  input [B_WIDTH-1:0] B;
  input CI, BI;
  output [Y_WIDTH-1:0] X, Y, CO;
  wire _TECHMAP_FAIL_ = Y_WIDTH > (CONSTANT ? 12 : 3);
  wire [Y_WIDTH-1:0] a, b_plain;
  generate
    if (A_WIDTH == 0) assign a = 0;
    else \$pos #(.A_SIGNED(A_SIGNED), .A_WIDTH(A_WIDTH), .Y_WIDTH(Y_WIDTH)) wide_a (.A(A), .Y(a));
    if (B_WIDTH == 0) assign b_plain = 0;
    else \$pos #(.A_SIGNED(B_SIGNED), .A_WIDTH(B_WIDTH), .Y_WIDTH(Y_WIDTH)) wide_b (.A(B), .Y(b_plain));
  endgenerate
  wire [Y_WIDTH-1:0] b = b_plain ^ {Y_WIDTH{BI}};
  wire [Y_WIDTH:0] carry;
  assign carry[0] = CI;
  genvar i;
  generate
    for (i = 0; i < Y_WIDTH; i = i + 1) begin : bits
      assign carry[i+1] = (a[i] & b[i]) | (carry[i] & (a[i] ^ b[i]));
    end
  endgenerate
  assign X = a ^ b;
  assign Y = a ^ b ^ carry[Y_WIDTH-1:0];
  assign CO = carry[Y_WIDTH:1];
endmodule
