"""An SDR SDRAM chip: its geometry and its times, and how many clock cycles these are."""

import math
from dataclasses import dataclass

BURST_WORDS = 2
"""Burst length that the chip is set to: one column command moves two words of 16 bits."""
WORD_BYTES = 2
PAD_CYCLES = 2
"""Between controller and chip on a board: one register in the pads on the way out, one on the way in."""


@dataclass(frozen=True)
class SdramChip:
    """A chip with words of 16 bits in four banks; times in nanoseconds, as in its data sheet."""

    name: str
    row_bits: int
    column_bits: int
    power_up_ns: float
    """From stable clock to the first command."""
    initial_refreshes: int
    precharge_ns: float
    """tRP: PRECHARGE to ACTIVE or REFRESH."""
    row_to_column_ns: float
    """tRCD: ACTIVE to READ or WRITE."""
    row_open_ns: float
    """tRAS: ACTIVE to PRECHARGE, at least."""
    row_open_longest_ns: float
    """tRAS: ACTIVE to PRECHARGE, at most."""
    row_cycle_ns: float
    """tRC: ACTIVE to ACTIVE of one bank."""
    refresh_cycle_ns: float
    """tRFC: REFRESH to any other command."""
    bank_to_bank_ns: float
    """tRRD: ACTIVE to ACTIVE of another bank."""
    write_recovery_ns: float
    """tWR: last word written to PRECHARGE, and at least :attr:`write_recovery_cycles`."""
    write_recovery_cycles: int
    mode_cycles: int
    """tMRD: LOAD MODE to any other command."""
    refresh_interval_ns: float
    """tREFI: mean distance of REFRESH commands."""
    latency_2_ns: float
    """Shortest clock period with a CAS latency of 2."""
    latency_3_ns: float
    """Shortest clock period with a CAS latency of 3."""

    @property
    def size_bytes(self) -> int:
        """Bytes in all four banks."""
        return WORD_BYTES << (2 + self.row_bits + self.column_bits)


ULX3S_CHIP = SdramChip(
    name="16Mx16",
    row_bits=13,
    column_bits=9,
    power_up_ns=200_000,
    initial_refreshes=8,
    precharge_ns=20,
    row_to_column_ns=21,
    row_open_ns=44,
    row_open_longest_ns=100_000,
    row_cycle_ns=66,
    refresh_cycle_ns=70,
    bank_to_bank_ns=15,
    write_recovery_ns=20,
    write_recovery_cycles=2,
    mode_cycles=2,
    refresh_interval_ns=64e6 / 8192,
    latency_2_ns=10,
    latency_3_ns=7,
)
"""The slowest value of each kind among the chips that ULX3S boards carry or may: IS42S16160, AS4C16M16SA, MT48LC16M16A2
of grades -6 to -75 (their data sheets, and the figures that LiteDRAM gives for them)."""


@dataclass(frozen=True)
class SdramCycles:
    """A chip's times in whole cycles of a clock. ``x`` cycles: a command in cycle t, the other one from t + x on."""

    power_up: int
    initial_refreshes: int
    precharge: int
    row_to_column: int
    row_open: int
    row_cycle: int
    refresh_cycle: int
    bank_to_bank: int
    write_to_precharge: int
    """From the WRITE command, whose second word follows it by one cycle."""
    mode: int
    refresh_interval: int
    """Rounded down."""
    latency: int
    """CAS latency: a READ in cycle t has its first word on the wires at the end of cycle t + latency."""


def cycles_of(chip: SdramChip, clock_hz: int) -> SdramCycles:
    """The cycles at a clock; a clock that the chip does not reach is a ValueError.

    >>> cycles_of(ULX3S_CHIP, 100_000_000).row_to_column
    3
    >>> cycles_of(ULX3S_CHIP, 50_000_000).refresh_interval
    390
    """
    period = 1e9 / clock_hz
    if period < chip.latency_3_ns:
        raise ValueError(f"clock_hz must be at most {1e9 / chip.latency_3_ns:.0f} for {chip.name}, not {clock_hz!r}")

    def least(nanoseconds: float) -> int:
        return max(1, math.ceil(round(nanoseconds / period, 6)))

    return SdramCycles(
        power_up=least(chip.power_up_ns),
        initial_refreshes=chip.initial_refreshes,
        precharge=least(chip.precharge_ns),
        row_to_column=least(chip.row_to_column_ns),
        row_open=least(chip.row_open_ns),
        row_cycle=least(chip.row_cycle_ns),
        refresh_cycle=least(chip.refresh_cycle_ns),
        bank_to_bank=least(chip.bank_to_bank_ns),
        write_to_precharge=BURST_WORDS - 1 + max(chip.write_recovery_cycles, least(chip.write_recovery_ns)),
        mode=chip.mode_cycles,
        refresh_interval=int(chip.refresh_interval_ns / period),
        latency=2 if period >= chip.latency_2_ns else 3,
    )
