// The example of integration in Verilator, driven by the C driver over its AXI4-Lite port.
// Arguments: memory image, program address, program bytes, file for the memory afterwards.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "Vtileloom_example.h"
#include "Vtileloom_example___024root.h"

static Vtileloom_example* top;
static uint64_t cycles;

static void tick() {
  top->eval();
  top->clk = 1;
  top->eval();
  top->clk = 0;
  top->eval();
  ++cycles;
}

static uint32_t read32(uintptr_t address) {
  top->s_axil_araddr = static_cast<uint32_t>(address);
  top->s_axil_arvalid = 1;
  top->s_axil_rready = 1;
  bool accepted = false;
  for (;;) {
    top->eval();
    bool ready = top->s_axil_arready, valid = top->s_axil_rvalid;
    uint32_t data = top->s_axil_rdata;
    tick();
    if (ready && !accepted) {
      accepted = true;
      top->s_axil_arvalid = 0;
    }
    if (valid) return data;
  }
}

static void write32(uintptr_t address, uint32_t value) {
  top->s_axil_awaddr = static_cast<uint32_t>(address);
  top->s_axil_wdata = value;
  top->s_axil_wstrb = 15;
  top->s_axil_awvalid = top->s_axil_wvalid = top->s_axil_bready = 1;
  for (;;) {
    top->eval();
    bool address_ready = top->s_axil_awready, data_ready = top->s_axil_wready, valid = top->s_axil_bvalid;
    tick();
    if (address_ready) top->s_axil_awvalid = 0;
    if (data_ready) top->s_axil_wvalid = 0;
    if (valid) return;
  }
}

#define TILELOOM_READ32(address) read32(address)
#define TILELOOM_WRITE32(address, value) write32(address, value)
#include "driver.h"

int main(int count, char** arguments) {
  if (count != 5) return 2;
  top = new Vtileloom_example;
  auto& memory = top->rootp->tileloom_example__DOT__ram__DOT__memory;
  std::FILE* image = std::fopen(arguments[1], "rb");
  if (!image || !std::fread(&memory[0], 1, sizeof memory, image)) return 2;
  std::fclose(image);
  top->rst = 1;
  tick();
  top->rst = 0;
  tileloom_machine machine = {0};
  if (int status = tileloom_open(&machine)) return 10 - status;
  tileloom_load(&machine, 0, sizeof memory, std::atoi(arguments[2]), std::atoi(arguments[3]));
  int status = tileloom_run(&machine, 10'000'000);
  std::printf("%d %u %d\n", status, tileloom_get(&machine, TILELOOM_CYCLES), static_cast<int>(top->__SYM__interrupt));
  std::FILE* out = std::fopen(arguments[4], "wb");
  std::fwrite(&memory[0], 1, sizeof memory, out);
  return std::fclose(out);
}
