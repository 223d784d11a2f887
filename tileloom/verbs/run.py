"""``run``: a program on a board, or on the simulated board, over its serial line."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from tileloom.compilation import Compiled, compiled
from tileloom.document import Document, Kind
from tileloom.engines import checked, require_rtl
from tileloom.files import require_writable, write_arrays
from tileloom.fpga.boards import find_board
from tileloom.fpga.flash import flash as put_into
from tileloom.fpga.runtime import SIMULATED, open_board
from tileloom.fpga.tools import BuildError
from tileloom.frames import Given, arrays_of, frames_for
from tileloom.hw.spec.registers import CAUSE_TEXTS, Cause
from tileloom.model_argument import Model, find
from tileloom.progress import Watch, unwatched
from tileloom.tables import Cell, Table, facts, si
from tileloom.verbs.simulate import reals_of

STALLED = ("cycles", "cycles_longest", "latency_s", "stall_cycles")


@dataclass(frozen=True, kw_only=True)
class RunDocument(Document):
    """Frames that a board has run; ``cycles`` and ``stall_cycles`` are the first one's, as its machine counted them."""

    command: ClassVar[str] = "run"
    table: ClassVar[Mapping[str, Kind]] = {
        "frames": Kind.GIVEN,
        "clock_hz": Kind.GIVEN,
        **dict.fromkeys((*STALLED, "line_requests", "line_repeats"), Kind.MEASURED),
    }
    model: str
    target: str
    board: str
    port: str
    frames: int
    cycles: int
    cycles_longest: int
    clock_hz: int
    latency_s: float
    stall_cycles: dict[str, int]
    line_requests: int
    line_repeats: int
    """Requests that were sent again: bytes were lost or damaged on the line."""
    output: str | None = None

    def tables(self) -> list[Table]:
        """The frame's figures, then what the machine waited for."""
        kinds = self.kinds
        rows: list[tuple[str, Cell, str]] = [
            ("frames", self.frames, kinds["frames"]),
            ("cycles of the first frame", self.cycles, kinds["cycles"]),
            ("cycles of the longest", self.cycles_longest, kinds["cycles_longest"]),
            (f"latency at {si(self.clock_hz, 'Hz')}", si(self.latency_s, "s"), kinds["latency_s"]),
            ("requests on the line", self.line_requests, kinds["line_requests"]),
            ("requests repeated", self.line_repeats, kinds["line_repeats"]),
        ]
        waits = tuple((CAUSE_TEXTS[Cause[name.upper()]], cycles) for name, cycles in self.stall_cycles.items())
        note = f"Written to {self.output}." if self.output else ""
        return [
            facts(f"{self.model} on {self.board} at {self.port}", rows, note),
            Table("cycles of all tiles, first frame", ("spent on", "cycles"), waits, ""),
        ]


def run(
    model: Model,
    *,
    board: str,
    port: str,
    input: Given | None = None,
    frames: int | None = None,
    seed: int = 0,
    calibration: Given | None = None,
    output: str | Path | None = None,
    flash: str | Path | None = None,
    watch: Watch = unwatched,
) -> RunDocument:
    """Load a program (or compile a network for the board's own target) and run frames on a board.

    ``port`` is a serial port, or ``sim`` for a simulated board. With ``output`` the results are written there as an
    ``.npz`` of real values by output name; with ``flash`` that bitstream is put into the board first. Raises
    ``ModelError``, ``ProgramError``, or the board room's ``BoardError`` and ``BuildError``.
    """
    known = find_board(board)
    argument = find(model)
    if output is not None:
        require_writable(Path(output))
    given = arrays_of(input)
    target = None if argument.is_program else known.target
    made: Compiled = compiled(argument, target, arrays_of(calibration), given, seed, watch)
    data = frames_for(made.inputs, given, frames, seed, argument)
    if port == SIMULATED:
        require_rtl()
    watch(f"connecting to {port}", 0, 0)
    if flash is not None:
        if port == SIMULATED:
            raise BuildError("a simulated board takes no bitstream; leave --flash out with --port sim")
        watch(f"putting {flash} into the board", 0, 0)
        put_into(known, Path(flash))
    with open_board(board, port, made.program.target, progress=lambda line: watch(line, 0, 0)) as runtime:
        watch("loading the program", 0, 0)
        runtime.load(made.program)
        watch(f"running {data.count} frames", 0, 0)
        result = checked(runtime.run(data.codes), made.program)
        counts = runtime.counts
    if output is not None:
        write_arrays(Path(output), reals_of(made, result))
    cycles = [frame.cycles for frame in result.frames]
    return RunDocument(
        changed_kinds=dict.fromkeys(STALLED, Kind.RTL) if port == SIMULATED else {},
        model=argument.name,
        target=made.program.target.name,
        board=board,
        port=port,
        frames=len(cycles),
        cycles=cycles[0],
        cycles_longest=max(cycles),
        clock_hz=made.program.target.clock_hz,
        latency_s=cycles[0] / made.program.target.clock_hz,
        stall_cycles={cause.name.lower(): count for cause, count in result.frames[0].stalls[0].items()},
        line_requests=counts.requests,
        line_repeats=counts.repeats,
        output=None if output is None else str(output),
    )
