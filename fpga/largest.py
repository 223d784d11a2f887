"""The largest grid that a board can carry at its target's clock: estimated first, then built, by bisection."""

import math
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

from tileloom.fpga.boards import Board
from tileloom.fpga.build import build_board
from tileloom.fpga.fit import TOLERANCE, check_fit, need
from tileloom.fpga.tools import BuildError
from tileloom.hw.spec.config import Target, TargetError

SIDES = (4, 6, 8, 12, 16)
"""Lanes and columns that are tried."""
MOST_TILES = 4
STEP = 1.15
"""A candidate has at least so many times the MACs of the one before."""
Attempt = Callable[[Target], bool]


def candidates(board: Board, base: Target) -> list[Target]:
    """Grids that are not out of the question for a board, smallest first; all but the grid is that of ``base``.

    Of grids with equally many MACs the one with the fewest tables by estimate. ``base`` itself is one of them.
    """
    found = [base]
    for tiles, lanes, columns in product(range(1, MOST_TILES + 1), SIDES, SIDES):
        try:
            target = grid(base, tiles, lanes, columns)
            check_fit(board, target)
        except (TargetError, BuildError):
            continue
        if need(board, target).lut <= board.device_lut * (1 + TOLERANCE):
            found.append(target)
    found.sort(key=lambda target: (target.macs_per_cycle, need(board, target).lut))
    chosen: list[Target] = []
    for target in found:
        if not chosen or target.macs_per_cycle >= STEP * chosen[-1].macs_per_cycle:
            chosen.append(target)
    return chosen


def grid(base: Target, tiles: int, lanes: int, columns: int) -> Target:
    """``base`` with another grid, and as many banks in the window buffer as that takes."""
    banks = max(base.window_banks, 1 << math.ceil(math.log2(max(lanes, columns))))
    return replace(
        base,
        name=f"{base.name}-{tiles}x{lanes}x{columns}",
        tiles_x=tiles,
        tiles_y=1,
        lanes=lanes,
        columns=columns,
        window_banks=banks,
    )


def largest(targets: Sequence[Target], attempt: Attempt, progress: Callable[[str], None] = lambda _: None) -> Target:
    """The largest of ``targets`` (smallest first) that ``attempt`` succeeds with.

    It supposes that what is larger than one that fails, fails too. Raises :class:`BuildError` where none succeeds.

    >>> from tileloom.hw.spec.config import load_target
    >>> row = [grid(load_target("ulx3s"), 1, lanes, 4) for lanes in (4, 8, 12, 16)]
    >>> largest(row, lambda target: target.lanes <= 12).name
    'ulx3s-1x12x4'
    """
    good, bad = -1, len(targets)
    while bad - good > 1:
        middle = (good + bad) // 2
        target = targets[middle]
        progress(f"grid {target.tiles} x {target.lanes} x {target.columns}, one of {bad - good - 1} left")
        if attempt(target):
            good = middle
        else:
            bad = middle
    if good < 0:
        raise BuildError(f"no grid meets the clock of {targets[0].clock_hz / 1e6:g} MHz; ask for less in the target")
    return targets[good]


def toml(target: Target) -> str:
    """The target as a file for ``--target``."""
    lines = []
    for name, value in target.to_dict().items():
        if name not in ("name", "memory"):
            lines.append(f"{name} = {str(value).lower() if isinstance(value, bool) else value}")
    memory = [f"{name} = {value}" for name, value in target.to_dict()["memory"].items()]
    return "\n".join([*lines, "", "[memory]", *memory, ""])


def write_target(target: Target, folder: Path) -> Path:
    """The target's file in a folder, named after it."""
    path = folder / f"{target.name}.toml"
    path.write_text(toml(target), encoding="utf-8")
    return path


def largest_grid(
    board: Board,
    base: Target,
    output: Path,
    seeds: Sequence[int] = (1,),
    progress: Callable[[str], None] = lambda _: None,
) -> Target:
    """The largest of :func:`candidates` whose build meets its clock; each takes minutes, and the cache keeps them.

    A build that fails in place and route counts as one that does not fit; whatever else fails ends the search.
    """

    def attempt(target: Target) -> bool:
        scratch = output.with_name(f"{output.name}.{target.name}")
        try:
            return build_board(board.name, scratch, target, seeds, progress).timing_met
        except BuildError as error:
            if not str(error).startswith("place and route failed"):
                raise
            progress(f"grid {target.name} does not fit: {error}")
            return False
        finally:
            for left in (scratch, scratch.with_name(scratch.name + ".failed")):
                shutil.rmtree(left, ignore_errors=True)

    return largest(candidates(board, base), attempt, progress)
