"""The wires between a controller and an SDR SDRAM chip, and the commands on them."""

from enum import IntEnum

from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

PRECHARGE_ALL = 1 << 10
"""Address bit of PRECHARGE that means all banks."""


class Command(IntEnum):
    """The three command wires while the chip is selected: bit 0 is RAS, bit 1 CAS, bit 2 WE; 1 is asserted."""

    NOTHING = 0b000
    ACTIVATE = 0b001
    READ = 0b010
    REFRESH = 0b011
    PRECHARGE = 0b101
    WRITE = 0b110
    LOAD_MODE = 0b111


class SdramPins(wiring.Signature):
    """Seen from the controller; the clock enable and the chip select are always on.

    Members
    -------
    command : In wires' order of :class:`Command`, asserted high
    bank, address : of the command
    mask : bit 0 for the low byte: 1 keeps it from being written
    data_o, data_enable : word to the chip
    data_i : word from the chip
    """

    def __init__(self, address_bits: int) -> None:
        super().__init__(
            {
                "command": Out(3),
                "bank": Out(2),
                "address": Out(address_bits),
                "mask": Out(2, init=0b11),
                "data_o": Out(16),
                "data_enable": Out(1),
                "data_i": In(16),
            }
        )
