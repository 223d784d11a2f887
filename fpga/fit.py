"""Whether a target fits a board, by arithmetic, before any tool has run."""

from dataclasses import dataclass

from tileloom.fpga.area_model import estimate, formula
from tileloom.fpga.boards import Board
from tileloom.fpga.tools import BuildError
from tileloom.hw.spec.config import Target

BRAM_BYTES = 18 * 1024 // 8
BOARD_LUT = 1_100
"""Host link and the block RAM's two doors, counted in the synthesis of the ULX3S."""
TOLERANCE = 0.25
"""The estimate of LUTs is not trusted further than this, although the model's own error is smaller: devices differ."""


COMPACT_LUT, COMPACT_LUT_MAC = 6_000, 240
COMPACT_FF, COMPACT_FF_MAC = 4_670, 192
"""Of a compact machine with its board: what 4 and 8 MACs took on a Gowin GW1NR-9C when they were packed, with carry
chains and memories of LUTs. The area model knows nothing of compact machines."""


@dataclass(frozen=True)
class Need:
    """What a target takes, at least or by estimate."""

    dsp: int
    """Multipliers, at least: one for every multiply-accumulate of a cycle."""
    bram: int
    """Block RAMs of 18 kbit, at least: the bytes of the board's memory and of the machine's buffers."""
    lut: int
    """Estimated, as for an ECP5."""
    ff: int
    """Estimated, as for an ECP5."""


def need(board: Board, target: Target) -> Need:
    """What ``target`` takes on ``board``.

    >>> from tileloom.fpga.boards import BOARDS
    >>> from tileloom.hw.spec.config import load_target
    >>> need(BOARDS[0], load_target("default")).dsp
    256
    """
    weights = target.weight_words * target.lanes * target.columns * target.element_bytes
    slots = 2 * target.slot_bytes
    if target.compact:
        lut = COMPACT_LUT + COMPACT_LUT_MAC * target.macs_per_cycle
        ff = COMPACT_FF + COMPACT_FF_MAC * target.macs_per_cycle
    else:
        lut, ff = estimated_luts(target) + BOARD_LUT, estimate(target).ff
    sums = target.accumulator_entries * target.columns * target.accumulator_bits // 8
    tile = target.window_bytes + target.residual_bytes + weights + slots + sums
    return Need(
        dsp=target.macs_per_cycle,
        bram=-(-(board.block_ram_bytes + target.map_bytes + target.tiles * tile) // BRAM_BYTES),
        lut=lut,
        ff=ff,
    )


def estimated_luts(target: Target) -> int:
    """LUTs of the accelerator of a target, by the area model of the ECP5."""
    return estimate(target).lut


def check_fit(board: Board, target: Target) -> None:
    """Refuse a target that cannot fit: :class:`BuildError` with the arithmetic of everything that is too large."""
    wanted = need(board, target)
    tolerance = 0 if target.compact else TOLERANCE
    words = f"{COMPACT_LUT:,} + {COMPACT_LUT_MAC} x MACs" if target.compact else f"{BOARD_LUT:,} + {formula()}"
    reasons = []
    if wanted.dsp > board.device_dsp:
        reasons.append(f"{wanted.dsp:,} multipliers at least of {board.device_dsp:,}")
    if wanted.bram > board.device_bram:
        reasons.append(
            f"{wanted.bram:,} block RAMs at least of {board.device_bram:,} ({board.block_ram_bytes:,} bytes are memory)"
        )
    if wanted.lut * (1 - tolerance) > board.device_lut:
        reasons.append(f"about {wanted.lut:,} LUTs (estimated: {words}) of {board.device_lut:,}")
    if wanted.ff * (1 - tolerance) > board.device_ff:
        reasons.append(f"about {wanted.ff:,} flip-flops (estimated) of {board.device_ff:,}")
    if reasons:
        raise BuildError(
            f"target {target.name} is too large for board {board.name}: it takes {', and '.join(reasons)}; take fewer "
            f"tiles, lanes or columns, or smaller buffers, such as those of preset {board.target}"
        )
