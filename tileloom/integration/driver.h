/* Drives a tileloom machine through its registers: load a program's image, run frames, read what went wrong.
 *
 * Needs registers.h beside it and nothing else; C99. On a bus where plain pointers do not reach the registers, define
 * TILELOOM_READ32(address) and TILELOOM_WRITE32(address, value) before this file is included. Where the processor has a
 * data cache in front of the machine's memory, write it back before tileloom_run and invalidate it behind.
 *
 * The image and its addresses come from a tile program, in Python:
 *     program = tileloom.hw.spec.program.load_program("net.tlp")
 *     program.image().tofile("image.bin"); program.instruction_address; len(program.instruction_bytes)
 *     program.inputs[0].address, program.outputs[0].address
 */
#ifndef TILELOOM_DRIVER_H
#define TILELOOM_DRIVER_H

#include <stdint.h>

#include "registers.h"

#ifndef TILELOOM_READ32
#define TILELOOM_READ32(address) (*(volatile uint32_t *)(uintptr_t)(address))
#define TILELOOM_WRITE32(address, value) (*(volatile uint32_t *)(uintptr_t)(address) = (value))
#endif

#define TILELOOM_BUSY 1u
#define TILELOOM_DONE 2u
#define TILELOOM_FAILED 4u
#define TILELOOM_START 1u
#define TILELOOM_ABORT 2u

/* What tileloom_open and tileloom_run give beside the machine's own TILELOOM_ERROR_ codes. */
enum { TILELOOM_OK = 0, TILELOOM_OTHER_VERSION = -1, TILELOOM_OTHER_TARGET = -2, TILELOOM_TIMEOUT = -3 };

typedef struct {
  uintptr_t registers; /* where the machine's registers begin */
} tileloom_machine;

static inline uint32_t tileloom_get(const tileloom_machine *machine, uint32_t offset) {
  return TILELOOM_READ32(machine->registers + offset);
}

static inline void tileloom_set(const tileloom_machine *machine, uint32_t offset, uint32_t value) {
  TILELOOM_WRITE32(machine->registers + offset, value);
}

/* Checks that the machine is the one that registers.h was made for. */
static inline int tileloom_open(const tileloom_machine *machine) {
  uint64_t hash = tileloom_get(machine, TILELOOM_HASH_LOW);
  hash |= (uint64_t)tileloom_get(machine, TILELOOM_HASH_HIGH) << 32;
  if (tileloom_get(machine, TILELOOM_VERSION) != TILELOOM_EXPECTED_VERSION) return TILELOOM_OTHER_VERSION;
  return hash == TILELOOM_EXPECTED_HASH ? TILELOOM_OK : TILELOOM_OTHER_TARGET;
}

/* Tells the machine where its image lies: `window` is the bus address of the image's first byte, a multiple of 4096;
 * the others are the program's own figures. The machine must not be busy. */
static inline void tileloom_load(const tileloom_machine *machine, uint32_t window, uint32_t window_bytes,
                                 uint32_t program_address, uint32_t program_bytes) {
  tileloom_set(machine, TILELOOM_WINDOW_BASE, window);
  tileloom_set(machine, TILELOOM_WINDOW_BYTES, window_bytes);
  tileloom_set(machine, TILELOOM_PROGRAM_ADDRESS, program_address);
  tileloom_set(machine, TILELOOM_PROGRAM_BYTES, program_bytes);
}

/* One frame, whose input lies in the window already: TILELOOM_OK, an error code of the machine, or TILELOOM_TIMEOUT
 * after so many polls; the frame is aborted then. */
static inline int tileloom_run(const tileloom_machine *machine, uint32_t polls) {
  uint32_t status;
  tileloom_set(machine, TILELOOM_CONTROL, TILELOOM_START);
  do {
    status = tileloom_get(machine, TILELOOM_STATUS);
    if (!(status & TILELOOM_BUSY)) return status & TILELOOM_FAILED ? (int)(status >> 8 & 0xFFu) : TILELOOM_OK;
  } while (polls--);
  tileloom_set(machine, TILELOOM_CONTROL, TILELOOM_ABORT);
  return TILELOOM_TIMEOUT;
}

#endif
