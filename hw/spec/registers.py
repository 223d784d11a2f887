"""The AXI4-Lite registers and the error codes: offsets in bytes, 32 bits each."""

from dataclasses import dataclass
from enum import IntEnum


class Error(IntEnum):
    """Why the machine halted; :data:`ERROR_TEXTS` says it in words."""

    NONE = 0
    ILLEGAL_INSTRUCTION = 1
    WRONG_VERSION = 2
    WRONG_TARGET = 3
    READ_ERROR = 4
    WRITE_ERROR = 5
    OUTSIDE_WINDOW = 6
    WATCHDOG = 7
    ABORTED = 8
    PROGRAM_END = 9


ERROR_TEXTS = {
    Error.NONE: "no error",
    Error.ILLEGAL_INSTRUCTION: "an instruction that the machine does not know, or its target leaves out",
    Error.WRONG_VERSION: "the program's format version is not VERSION",
    Error.WRONG_TARGET: "the program's target hash is not HASH_HIGH, HASH_LOW",
    Error.READ_ERROR: "the memory answered a read with an error",
    Error.WRITE_ERROR: "the memory answered a write with an error",
    Error.OUTSIDE_WINDOW: "a burst would leave the address window or the map buffer",
    Error.WATCHDOG: "nothing moved for too long",
    Error.ABORTED: "bit 1 of CONTROL was written",
    Error.PROGRAM_END: "the program ran out of words before END",
}


class Cause(IntEnum):
    """What a tile spends a cycle on: running, or waiting for; :data:`CAUSE_TEXTS` says it in words."""

    RUN = 0
    JOB = 1
    START = 2
    NEIGHBOUR = 3
    WINDOW = 4
    WEIGHTS = 5
    RESIDUAL = 6
    SLOT = 7


CAUSE_TEXTS = {
    Cause.RUN: "computing",
    Cause.JOB: "no job: its configuration is not there yet, or the tile has nothing to do",
    Cause.START: "starting a unit of work, one cycle each",
    Cause.NEIGHBOUR: "a neighbour's partial sums, or room for them",
    Cause.WINDOW: "activations that are not in the window buffer yet",
    Cause.WEIGHTS: "weights that are not in the weight buffer yet",
    Cause.RESIDUAL: "the second operand of an addition",
    Cause.SLOT: "a free output slot: results are not stored fast enough",
}


@dataclass(frozen=True)
class Register:
    """One register."""

    name: str
    offset: int
    writable: bool
    text: str


REGISTERS = (
    Register("CONTROL", 0x00, True, "bit 0: start (ignored while busy); bit 1: abort; reads 0"),
    Register(
        "STATUS",
        0x04,
        False,
        "bit 0: busy; bit 1: done; bit 2: error; bits 15..8: error code",
    ),
    Register("WINDOW_BASE", 0x08, True, "first byte of the address window, a multiple of 4096"),
    Register("WINDOW_BYTES", 0x0C, True, "size of the address window"),
    Register(
        "PROGRAM_ADDRESS",
        0x10,
        True,
        "offset of the program in the window, a multiple of the port's bytes",
    ),
    Register("PROGRAM_BYTES", 0x14, True, "size of the program, a multiple of 4"),
    Register("CYCLES", 0x18, False, "cycles from start to done, running while busy"),
    Register("PROGRAM_COUNTER", 0x1C, False, "word offset of the instruction that the sequencer popped last"),
    Register("INTERRUPT_ENABLE", 0x20, True, "bit 0: interrupt while done or error"),
    Register("HASH_LOW", 0x24, False, "target hash, bits 31..0"),
    Register("HASH_HIGH", 0x28, False, "target hash, bits 63..32"),
    Register("VERSION", 0x2C, False, "instruction format version"),
    Register("STORED", 0x30, False, "slots stored since start"),
    *(
        Register(f"STALL_{cause.name}", 0x40 + 4 * cause, False, f"cycles of all tiles together: {CAUSE_TEXTS[cause]}")
        for cause in Cause
    ),
    *(
        Register(f"TILE_{tile}", 0x80 + 4 * tile, False, "bits 2..0: cause; bits 31..16: tag of the current job")
        for tile in range(32)
    ),
)
OFFSET = {register.name: register.offset for register in REGISTERS}
