"""Whether a target fits a board, by arithmetic, before any tool has run."""

from dataclasses import dataclass

from tileloom.fpga.boards import Board
from tileloom.fpga.tools import BuildError
from tileloom.hw.spec.config import Target

BRAM_BYTES = 18 * 1024 // 8
SHARED_LUT = 9_600
"""Smart DMA, sequencer, registers, host link: fitted to the builds that docs/boards.md lists."""
TILE_LUT = 4_500
MAC_LUT = 170
TOLERANCE = 0.25
"""The estimate of LUTs is not trusted further than this: it was off by at most 8 % on ECP5, by 28 % on an iCE40."""


@dataclass(frozen=True)
class Need:
    """What a target takes, at least or by estimate."""

    dsp: int
    """Multipliers, at least: one for every multiply-accumulate of a cycle."""
    bram: int
    """Block RAMs of 18 kbit, at least: the bytes of the board's memory and of the machine's buffers."""
    lut: int
    """Estimated."""


def need(board: Board, target: Target) -> Need:
    """What ``target`` takes on ``board``.

    >>> from tileloom.fpga.boards import BOARDS
    >>> from tileloom.hw.spec.config import load_target
    >>> need(BOARDS[0], load_target("default")).dsp
    256
    """
    weights = target.weight_words * target.lanes * target.columns * target.element_bytes
    slots = 2 * target.slot_bytes
    sums = target.accumulator_entries * target.columns * target.accumulator_bits // 8
    tile = target.window_bytes + target.residual_bytes + weights + slots + sums
    return Need(
        dsp=target.macs_per_cycle,
        bram=-(-(board.block_ram_bytes + target.map_bytes + target.tiles * tile) // BRAM_BYTES),
        lut=estimated_luts(target),
    )


def estimated_luts(target: Target) -> int:
    """LUTs of a target, see :data:`TOLERANCE`."""
    return SHARED_LUT + target.tiles * TILE_LUT + target.macs_per_cycle * MAC_LUT


def check_fit(board: Board, target: Target) -> None:
    """Refuse a target that cannot fit: :class:`BuildError` with the arithmetic of everything that is too large."""
    wanted = need(board, target)
    reasons = []
    if wanted.dsp > board.device_dsp:
        reasons.append(f"{wanted.dsp:,} multipliers at least of {board.device_dsp:,}")
    if wanted.bram > board.device_bram:
        reasons.append(
            f"{wanted.bram:,} block RAMs at least of {board.device_bram:,} ({board.block_ram_bytes:,} bytes are memory)"
        )
    if wanted.lut * (1 - TOLERANCE) > board.device_lut:
        reasons.append(
            f"about {wanted.lut:,} LUTs (estimated: {SHARED_LUT:,} + {target.tiles} tiles x {TILE_LUT:,} + "
            f"{target.macs_per_cycle} MACs x {MAC_LUT}) of {board.device_lut:,}"
        )
    if reasons:
        raise BuildError(
            f"target {target.name} is too large for board {board.name}: it takes {', and '.join(reasons)}; take fewer "
            f"tiles, lanes or columns, or smaller buffers, such as those of preset {board.target}"
        )
