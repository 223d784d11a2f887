// ECP5: block RAM of 18 kbit with two ports, 1 to 18 bits wide, or with a write port A or a read port B of 36 bits.
// Source: Lattice FPGA-TN-02204 "ECP5 and ECP5-5G Memory Usage Guide", true and pseudo dual-port RAM. A word's place is
// given by the upper address bits; ADx0 and ADx1 (36 bits: ADA0 to ADA3) enable its bytes of nine bits in a write; a
// port of 36 bits has its lower half at pins A, its upper half at pins B, and a port B of 18 bits beside a port A of 36
// stays at pins B. WRITEMODE says what a port gives after its own write: what it gave before (NORMAL), what is written
// (WRITETHROUGH), or what stood there (READBEFOREWRITE). RST clears the output and leaves a write of this cycle undone.
// A bit that one port reads while the other writes it is undefined: here it is the complement of the old one, so that a
// machine that relies on it fails. Not modelled: initial values, decoding of the chip selects, asynchronous resets, two
// clocks.
module DP16KD #(
  parameter DATA_WIDTH_A = 18, parameter DATA_WIDTH_B = 18,
  parameter REGMODE_A = "NOREG", parameter REGMODE_B = "NOREG",
  parameter WRITEMODE_A = "NORMAL", parameter WRITEMODE_B = "NORMAL"
) (
  input DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9, DIA8, DIA7, DIA6, DIA5, DIA4, DIA3, DIA2, DIA1,
    DIA0,
  input ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3, ADA2, ADA1, ADA0,
  input CEA, OCEA, CLKA, WEA, RSTA, CSA2, CSA1, CSA0,
  output DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9, DOA8, DOA7, DOA6, DOA5, DOA4, DOA3, DOA2,
    DOA1, DOA0,
  input DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9, DIB8, DIB7, DIB6, DIB5, DIB4, DIB3, DIB2, DIB1,
    DIB0,
  input ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3, ADB2, ADB1, ADB0,
  input CEB, OCEB, CLKB, WEB, RSTB, CSB2, CSB1, CSB0,
  output DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9, DOB8, DOB7, DOB6, DOB5, DOB4, DOB3, DOB2,
    DOB1, DOB0
);
  reg [35:0] memory [0:511];
  integer i;
  initial for (i = 0; i < 512; i = i + 1) memory[i] = 0;
  wire [13:0] address_a = {ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3, ADA2, ADA1, ADA0};
  wire [13:0] address_b = {ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3, ADB2, ADB1, ADB0};
  wire [35:0] data_a = {DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9, DIB8, DIB7, DIB6, DIB5, DIB4,
    DIB3, DIB2, DIB1, DIB0, DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9, DIA8, DIA7, DIA6, DIA5,
    DIA4, DIA3, DIA2, DIA1, DIA0};
  wire [35:0] data_b = {18'h0, DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9, DIB8, DIB7, DIB6, DIB5,
    DIB4, DIB3, DIB2, DIB1, DIB0};
  wire [35:0] mask_a, mask_b, bits_a, bits_b, out_a, out_b;
  wire rows_equal = address_a[13:5] == address_b[13:5];
  wire [35:0] row_a = memory[address_a[13:5]], row_b = memory[address_b[13:5]];

  ecp5_ram_write #(DATA_WIDTH_A) write_a (address_a, CEA & WEA & ~RSTA, data_a, mask_a, bits_a);
  ecp5_ram_write #(DATA_WIDTH_B) write_b (address_b, CEB & WEB & ~RSTB, data_b, mask_b, bits_b);
  always @(posedge CLKA) begin
    if (mask_a != 0) memory[address_a[13:5]] <= row_a & ~mask_a | bits_a & mask_a;
    if (mask_b != 0)
      memory[address_b[13:5]] <= row_b & ~mask_b & ~(rows_equal ? mask_a : 36'h0)
        | bits_b & mask_b | (rows_equal ? bits_a & mask_a & ~mask_b : 36'h0);
  end
  ecp5_ram_read #(DATA_WIDTH_A, REGMODE_A, WRITEMODE_A) read_a
    (CLKA, CEA, OCEA, WEA, RSTA, address_a, row_a ^ (rows_equal ? mask_b : 36'h0), mask_a, bits_a, out_a);
  ecp5_ram_read #(DATA_WIDTH_B, REGMODE_B, WRITEMODE_B) read_b
    (CLKB, CEB, OCEB, WEB, RSTB, address_b, row_b ^ (rows_equal ? mask_a : 36'h0), mask_b, bits_b, out_b);
  wire [17:0] lower = DATA_WIDTH_B == 36 ? out_b[17:0] : out_a[17:0];
  wire [17:0] upper = DATA_WIDTH_B == 36 ? out_b[35:18] : out_b[17:0];
  assign {DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9, DOA8, DOA7, DOA6, DOA5, DOA4, DOA3, DOA2,
    DOA1, DOA0} = lower;
  assign {DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9, DOB8, DOB7, DOB6, DOB5, DOB4, DOB3, DOB2,
    DOB1, DOB0} = upper;
endmodule

// Which bits of the row of 36 a port's write changes, and to what.
module ecp5_ram_write #(parameter WIDTH = 18) (
  input [13:0] address, input enable, input [35:0] data, output [35:0] mask, bits
);
  // Lowest bit of the port's word in its row: halves of 18, bytes of 9, in them groups of 4, 2 and 1.
  wire [5:0] place = (WIDTH < 36 ? 18 * address[4] : 0) + (WIDTH < 18 ? 9 * address[3] : 0)
    + (WIDTH < 9 ? 4 * address[2] : 0) + (WIDTH < 4 ? 2 * address[1] : 0) + (WIDTH < 2 ? address[0] : 0);
  wire [35:0] bytes = WIDTH == 36 ? {{9{address[3]}}, {9{address[2]}}, {9{address[1]}}, {9{address[0]}}}
    : WIDTH == 18 ? {18'h0, {9{address[1]}}, {9{address[0]}}} : (36'h1 << WIDTH) - 36'h1;
  assign mask = enable ? bytes << place : 36'h0;
  assign bits = data << place;
endmodule

// A port's output: of the row, which `row` gives with undefined bits already spoilt, the word of this port.
module ecp5_ram_read #(parameter WIDTH = 18, parameter REGMODE = "NOREG", parameter WRITEMODE = "NORMAL") (
  input clock, enable, output_enable, write, reset, input [13:0] address, input [35:0] row, mask, bits,
  output [35:0] data
);
  wire [5:0] place = (WIDTH < 36 ? 18 * address[4] : 0) + (WIDTH < 18 ? 9 * address[3] : 0)
    + (WIDTH < 9 ? 4 * address[2] : 0) + (WIDTH < 4 ? 2 * address[1] : 0) + (WIDTH < 2 ? address[0] : 0);
  wire [35:0] shown = write & WRITEMODE == "WRITETHROUGH" ? row & ~mask | bits & mask : row;
  wire [35:0] word = (shown >> place) & (WIDTH == 36 ? {36{1'b1}} : (36'h1 << WIDTH) - 36'h1);
  reg [35:0] latch, register;
  initial begin
    latch = 0;
    register = 0;
  end
  always @(posedge clock) begin
    if (reset) latch <= 0;
    else if (enable & ~(write & WRITEMODE == "NORMAL")) latch <= word;
    if (reset) register <= 0;
    else if (output_enable) register <= latch;
  end
  assign data = REGMODE == "OUTREG" ? register : latch;
endmodule
