"""``python -m tileloom.fpga.board_table``: builds the boards and prints what they came to; ``make boards`` calls it."""

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path

from tileloom.fpga.boards import BOARDS, TOO_SMALL, find_board
from tileloom.fpga.build import BuildReport, build_board
from tileloom.fpga.fit import check_fit
from tileloom.fpga.tools import BuildError
from tileloom.hw.spec.config import load_target

HEAD = (
    "| board | preset | MACs | clock asked for, achieved | GOP/s | LUT | FF | multipliers | block RAMs | build |\n"
    "|---|---|---|---|---|---|---|---|---|---|"
)
OPERATIONS = 2
"""Of a multiply-accumulate, as everybody counts them."""


@dataclass(frozen=True)
class Refused:
    """A board without a build."""

    board: str
    reason: str


def build_all(names: list[str], folder: Path, seeds: range) -> list[BuildReport | Refused]:
    """Bitstreams of the boards, each in a folder of its own; what cannot be built is told with its reason."""
    rows: list[BuildReport | Refused] = []
    for name in names:
        board = find_board(name)
        try:
            check_fit(board, load_target(board.target))
            print(f"{name}:", file=sys.stderr)
            report = build_board(name, folder / name, seeds=seeds, progress=lambda t: print(f"  {t}", file=sys.stderr))
            rows.append(report)
        except BuildError as error:
            rows.append(Refused(name, str(error)))
    return rows


def line(row: BuildReport | Refused) -> str:
    """A row of the table, in Markdown."""
    if isinstance(row, Refused):
        return f"| `{row.board}` | refused: {row.reason} |"
    used = {kind: f"{count:,} of {of:,}" for kind, (count, of) in row.used.items()}
    cells = (
        f"`{row.board}`",
        f"`{row.target}`",
        str(row.macs_per_cycle),
        f"{row.clock_hz / 1e6:.0f} MHz, {row.clock_hz_achieved / 1e6:.1f} MHz{'' if row.timing_met else ' (not met)'}",
        f"{OPERATIONS * row.macs_per_cycle * min(row.clock_hz, row.clock_hz_achieved) / 1e9:.2f}",
        used.get("TRELLIS_COMB", f"{row.lut:,}"),
        f"{row.ff:,}",
        used.get("MULT18X18D", str(row.dsp)),
        used.get("DP16KD", str(row.bram)),
        f"{row.seconds:.0f} s, {row.peak_megabytes} MB, seed {row.seed}",
    )
    return f"| {' | '.join(cells)} |"


def main() -> int:
    """Build what is named, or all; exit status 1 where a clock is not met."""
    parser = argparse.ArgumentParser(description="Build the boards' bitstreams and print their figures.")
    parser.add_argument("boards", nargs="*", default=[board.name for board in (*BOARDS, *TOO_SMALL)], metavar="BOARD")
    parser.add_argument("--output", type=Path, default=Path("build/boards"), metavar="DIR")
    parser.add_argument(
        "--seeds", type=int, default=1, metavar="N", help="runs of place and route; the fastest is kept"
    )
    parser.add_argument("--json", metavar="PATH", type=Path, help="also write the reports as JSON")
    options = parser.parse_args()
    try:
        rows = build_all(options.boards, options.output, range(1, options.seeds + 1))
    except BuildError as error:
        print(error, file=sys.stderr)
        return 1
    print(HEAD)
    for row in rows:
        print(line(row))
    if options.json:
        options.json.write_text(json.dumps([vars(row) for row in rows], indent=1), encoding="utf-8")
    return int(any(isinstance(row, BuildReport) and not row.timing_met for row in rows))


if __name__ == "__main__":
    sys.exit(main())
