/* The driver as a library, for tests: its accesses go to functions that the test gives. */
#include <stdint.h>

static uint32_t (*read32)(uintptr_t);
static void (*write32)(uintptr_t, uint32_t);
#define TILELOOM_READ32(address) read32(address)
#define TILELOOM_WRITE32(address, value) write32(address, value)
#include "driver.h"

static tileloom_machine machine;

int open_machine(uintptr_t registers, uint32_t (*reader)(uintptr_t), void (*writer)(uintptr_t, uint32_t)) {
  read32 = reader;
  write32 = writer;
  machine.registers = registers;
  return tileloom_open(&machine);
}
void load(uint32_t window, uint32_t window_bytes, uint32_t address, uint32_t bytes) {
  tileloom_load(&machine, window, window_bytes, address, bytes);
}
int run(uint32_t polls) { return tileloom_run(&machine, polls); }
