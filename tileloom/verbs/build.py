"""``build``: the bitstream of a board."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from tileloom.compilation import compiled
from tileloom.document import Document, Kind
from tileloom.engines import run_cycle
from tileloom.files import write
from tileloom.frames import Given, calibration_of
from tileloom.hw.spec.config import load_target
from tileloom.hw.spec.program import Program
from tileloom.model_argument import Model, ModelArgument, find
from tileloom.progress import Watch, unwatched
from tileloom.refusal import refuse
from tileloom.tables import Cell, Table, facts, si

if TYPE_CHECKING:
    from tileloom.compiler.calibration_data import Calibration
    from tileloom.fpga.boards import Board

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
        "peak_megabytes": Kind.MEASURED,
        "seeds": Kind.PLACED,
        "cycles": Kind.SIMULATED,
        "frames_per_s": Kind.PLACED,
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
    fix: str = ""
    """What to do where timing is not met."""
    seeds: Mapping[str, int] = field(default_factory=dict)
    """Clock of every seed that was tried; ``seed`` is the best."""
    peak_megabytes: int = 0
    cached: bool = False
    """Whether all of it had been built before; ``seconds`` are those of then."""
    program: str | None = None
    """The program beside the bitstream."""
    cycles: int | None = None
    """Of a frame of the program."""
    frames_per_s: float | None = None
    """Achieved clock / cycles."""
    target_file: str | None = None
    """The chosen grid as a file for ``--target``."""
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
            ("memory of the tools", si(self.peak_megabytes * 1e6, "B"), Kind.MEASURED),
        ]
        if self.cycles is not None:
            rows += [
                ("cycles of a frame", self.cycles, Kind.SIMULATED),
                ("frames per second at the achieved clock", self.frames_per_s, Kind.PLACED),
            ]
        return [facts(f"{self.target} on {self.board}", rows, "\n".join(self._notes()))]

    def _notes(self) -> Iterator[str]:
        yield f"Slowest path: {self.critical_path}."
        if len(self.seeds) > 1:
            clocks = ", ".join(f"{seed} {si(clock, 'Hz')}" for seed, clock in self.seeds.items())
            yield f"Clock by seed: {clocks}."
        if not self.timing_met:
            yield f"TIMING IS NOT MET: {self.fix}."
        written = [self.bitstream, self.program, self.target_file]
        yield f"{'Already built' if self.cached else 'Written'}: {', '.join(name for name in written if name)}"


def build(
    board: str,
    *,
    target: str | Path | None = None,
    output: str | Path | None = None,
    seed: int = 1,
    seeds: int = 1,
    fit: bool = False,
    model: Model | None = None,
    calibration: "Given | Calibration | None" = None,
    flash: bool = False,
    watch: Watch = unwatched,
) -> BuildDocument:
    """Make the bitstream of ``board`` (default: its own preset target) in the folder ``output``.

    Takes minutes, and little where the build cache has it. Of so many ``seeds`` of place and route, from ``seed`` on,
    the one with the fastest clock is kept. With ``fit`` the largest grid is looked for that meets the target's clock;
    its target file is put beside the bitstream, and so is the program of a ``model``. With ``flash`` the bitstream is
    put into the board at the end, if timing was met. Raises ``TargetError``, ``ModelError`` or the board room's
    ``BuildError``. Timing that is not met is no error, but ``timing_met`` False.
    """
    from tileloom.fpga.boards import find_board
    from tileloom.fpga.build import build_board
    from tileloom.fpga.flash import find_loader
    from tileloom.fpga.flash import flash as put_into
    from tileloom.fpga.largest import largest_grid, write_target

    known = find_board(board)
    if flash:
        find_loader()  # before minutes of work
    machine = load_target(target or known.target)
    folder = Path(output) if output is not None else Path(board)
    argument = None if model is None else find(model)
    if argument is not None and not fit:  # before minutes of work
        _program(argument, target or known.target, calibration, known, watch)
    wanted = range(seed, seed + seeds)
    if fit:
        machine = largest_grid(known, machine, folder, wanted, lambda line: watch(line, 0, 0))
    report = build_board(board, folder, machine, wanted, lambda line: watch(line, 0, 0))
    target_file = write_target(machine, folder) if fit else None
    program, cycles = None, None
    if argument is not None:
        made = _program(argument, target_file or target or known.target, calibration, known, watch)
        program = folder / f"{made.name}.tlp"
        write(program, made.to_bytes())
        cycles = run_cycle(made, watch=watch).frames[0].cycles
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
        fix=report.fix,
        seeds={str(number): clock for number, clock in report.seeds.items()},
        peak_megabytes=report.peak_megabytes,
        cached=report.cached,
        program=None if program is None else str(program),
        cycles=cycles,
        frames_per_s=None if cycles is None else report.clock_hz_achieved / cycles,
        target_file=None if target_file is None else str(target_file),
    )


def _program(
    argument: ModelArgument,
    target: str | Path,
    calibration: "Given | Calibration | None",
    board: "Board",
    watch: Watch,
) -> Program:
    """The program of a model, which must fit the board's memory."""
    made = compiled(argument, target, calibration_of(calibration), None, 0, watch).program
    if made.memory_bytes > board.memory_bytes:
        rule = f"program, weights and maps must fit the {board.memory_bytes:,} bytes of memory of board {board.name}"
        fix = "take a smaller network, or a board with more memory"
        raise refuse("TL409", argument.name, rule, f"{made.memory_bytes:,} bytes", fix)
    return made
