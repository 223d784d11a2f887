// An AXI4 slave over block RAM, for trials and as an example: incrementing bursts of whole beats, one read and one write
// burst at a time. The first beat of a read follows its address by two cycles, then there is one beat a cycle. Accesses
// that leave the memory answer SLVERR. WREADY waits for an address.
module tileloom_axi_memory #(
  parameter PORT_BYTES = 4,
  parameter SIZE_BYTES = 131072
) (
  input  wire                      clk,
  input  wire                      rst,
  input  wire                      s_axi_arvalid,
  output wire                      s_axi_arready,
  input  wire [1:0]                s_axi_arid,
  input  wire [31:0]               s_axi_araddr,
  input  wire [7:0]                s_axi_arlen,
  output reg                       s_axi_rvalid,
  input  wire                      s_axi_rready,
  output reg  [1:0]                s_axi_rid,
  output reg  [8*PORT_BYTES-1:0]   s_axi_rdata,
  output reg  [1:0]                s_axi_rresp,
  output reg                       s_axi_rlast,
  input  wire                      s_axi_awvalid,
  output wire                      s_axi_awready,
  input  wire [1:0]                s_axi_awid,
  input  wire [31:0]               s_axi_awaddr,
  input  wire                      s_axi_wvalid,
  output wire                      s_axi_wready,
  input  wire [8*PORT_BYTES-1:0]   s_axi_wdata,
  input  wire [PORT_BYTES-1:0]     s_axi_wstrb,
  input  wire                      s_axi_wlast,
  output reg                       s_axi_bvalid,
  input  wire                      s_axi_bready,
  output reg  [1:0]                s_axi_bid,
  output reg  [1:0]                s_axi_bresp
);
  localparam SHIFT = $clog2(PORT_BYTES);
  localparam ROWS = SIZE_BYTES / PORT_BYTES;
  localparam [1:0] OKAY = 2'b00, SLVERR = 2'b10;

  reg [8*PORT_BYTES-1:0] memory [0:ROWS-1] /* verilator public_flat_rw */;

  // Reads: `left` beats of the burst are not asked for yet.
  reg [8:0] left;
  reg [31:0] read_row;
  wire advance = !s_axi_rvalid || s_axi_rready;
  assign s_axi_arready = left == 0 && advance;
  always @(posedge clk) begin
    if (s_axi_rready) s_axi_rvalid <= 1'b0;
    if (s_axi_arvalid && s_axi_arready) begin
      left <= {1'b0, s_axi_arlen} + 9'd1;
      read_row <= s_axi_araddr >> SHIFT;
      s_axi_rid <= s_axi_arid;
    end
    if (left != 0 && advance) begin
      s_axi_rvalid <= 1'b1;
      s_axi_rlast <= left == 1;
      s_axi_rresp <= read_row < ROWS ? OKAY : SLVERR;
      s_axi_rdata <= memory[read_row[$clog2(ROWS)-1:0]];
      read_row <= read_row + 1;
      left <= left - 9'd1;
    end
    if (rst) begin
      s_axi_rvalid <= 1'b0;
      left <= 9'd0;
    end
  end

  // Writes.
  reg writing;
  reg [31:0] write_row;
  integer i;
  assign s_axi_awready = !writing && !s_axi_bvalid;
  assign s_axi_wready = writing;
  always @(posedge clk) begin
    if (s_axi_bready) s_axi_bvalid <= 1'b0;
    if (s_axi_awvalid && s_axi_awready) begin
      writing <= 1'b1;
      write_row <= s_axi_awaddr >> SHIFT;
      s_axi_bid <= s_axi_awid;
      s_axi_bresp <= OKAY;
    end
    if (writing && s_axi_wvalid) begin
      if (write_row < ROWS) begin
        for (i = 0; i < PORT_BYTES; i = i + 1)
          if (s_axi_wstrb[i]) memory[write_row[$clog2(ROWS)-1:0]][8*i +: 8] <= s_axi_wdata[8*i +: 8];
      end else s_axi_bresp <= SLVERR;
      write_row <= write_row + 1;
      if (s_axi_wlast) begin
        writing <= 1'b0;
        s_axi_bvalid <= 1'b1;
      end
    end
    if (rst) begin
      writing <= 1'b0;
      s_axi_bvalid <= 1'b0;
    end
  end
endmodule
