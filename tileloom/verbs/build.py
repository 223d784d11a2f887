"""``build``: the bitstream of a board."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from tileloom.document import Document, Kind
from tileloom.hw.spec.config import load_target
from tileloom.progress import Watch, unwatched
from tileloom.tables import Cell, Table, facts, si

PLACED = ("clock_hz_achieved", "lut", "ff", "dsp", "bram")


@dataclass(frozen=True, kw_only=True)
class BuildDocument(Document):
    """Figures of a placed and routed machine; ``clock_hz`` was asked for, ``clock_hz_achieved`` is possible."""

    command: ClassVar[str] = "build"
    table: ClassVar[Mapping[str, Kind]] = {
        **dict.fromkeys(PLACED, Kind.PLACED),
        "macs_per_cycle_peak": Kind.COUNTED,
        "clock_hz": Kind.GIVEN,
        "seed": Kind.GIVEN,
        "seconds": Kind.MEASURED,
    }
    board: str
    target: str
    macs_per_cycle_peak: int
    timing_met: bool
    clock_hz: int
    clock_hz_achieved: int
    lut: int
    ff: int
    dsp: int
    bram: int
    seed: int
    seconds: float
    bitstream: str
    critical_path: str
    flashed: bool = False
    """Whether the bitstream was put into a board."""

    def tables(self) -> list[Table]:
        """Every figure."""
        rows: list[tuple[str, Cell, str]] = [
            ("timing met", self.timing_met, Kind.PLACED),
            ("clock asked for", si(self.clock_hz, "Hz"), Kind.GIVEN),
            ("clock achieved", si(self.clock_hz_achieved, "Hz"), Kind.PLACED),
            ("LUTs", self.lut, Kind.PLACED),
            ("flip-flops", self.ff, Kind.PLACED),
            ("multipliers", self.dsp, Kind.PLACED),
            ("block RAMs", self.bram, Kind.PLACED),
            ("seed", self.seed, Kind.GIVEN),
            ("seconds", self.seconds, Kind.MEASURED),
        ]
        return [facts(f"{self.target} on {self.board}", rows, f"Written: {self.bitstream}")]


def build(
    board: str,
    *,
    target: str | Path | None = None,
    output: str | Path | None = None,
    seed: int = 1,
    flash: bool = False,
    watch: Watch = unwatched,
) -> BuildDocument:
    """Make the bitstream of ``board`` (default: its own preset target) in the folder ``output``.

    Takes minutes. With ``flash`` it is put into the board at the end, if timing was met. Raises ``TargetError`` or the
    board room's ``BuildError``. Timing that is not met is no error, but ``timing_met`` False.
    """
    from tileloom.fpga.boards import find_board
    from tileloom.fpga.build import build_board
    from tileloom.fpga.flash import find_loader
    from tileloom.fpga.flash import flash as put_into

    known = find_board(board)
    if flash:
        find_loader()  # before minutes of work
    machine = None if target is None else load_target(target)
    folder = Path(output) if output is not None else Path(board)
    report = build_board(board, folder, machine, seed, lambda line: watch(line, 0, 0))
    if flash and report.timing_met:
        watch(f"putting {report.bitstream} into the board", 0, 0)
        put_into(known, Path(report.bitstream))
    return BuildDocument(
        flashed=flash and report.timing_met,
        board=report.board,
        target=report.target,
        macs_per_cycle_peak=report.macs_per_cycle,
        timing_met=report.timing_met,
        clock_hz=report.clock_hz,
        clock_hz_achieved=report.clock_hz_achieved,
        lut=report.lut,
        ff=report.ff,
        dsp=report.dsp,
        bram=report.bram,
        seed=report.seed,
        seconds=report.seconds,
        bitstream=report.bitstream,
        critical_path=report.critical_path,
    )
