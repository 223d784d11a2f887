"""``waves``: a window of a frame on the RTL as an FST file, with a view of decoded names for GTKWave."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from tileloom.activity.build import Trace
from tileloom.activity.trace import run_traced
from tileloom.activity.waves import view
from tileloom.compilation import compiled
from tileloom.document import Document, Kind
from tileloom.engines import require_rtl
from tileloom.files import require_writable, write
from tileloom.frames import Given, arrays_of, calibration_of, frames_for
from tileloom.model_argument import Model, find
from tileloom.progress import Watch, unwatched
from tileloom.refusal import refuse
from tileloom.tables import Table, facts
from tileloom.verbs.activity import read_window

if TYPE_CHECKING:
    from tileloom.compiler.calibration_data import Calibration

LENGTH = 20_000
"""Cycles where the user names no window."""


@dataclass(frozen=True, kw_only=True)
class WavesDocument(Document):
    """The files, and which cycles they hold."""

    command: ClassVar[str] = "waves"
    table: ClassVar[Mapping[str, Kind]] = {
        "window": Kind.GIVEN,
        "frame_cycles": Kind.RTL,
        "bytes": Kind.COUNTED,
    }
    model: str
    target: str
    window: tuple[int, int]
    """Cycles from and up to (not included)."""
    frame_cycles: int
    bytes: int
    """Of the waves."""
    files: tuple[str, ...]

    def tables(self) -> list[Table]:
        """What is in the files."""
        kinds, (first, last) = self.kinds, self.window
        rows: list[tuple[str, str | int, str]] = [
            ("cycles", f"{first:,} to {min(last, self.frame_cycles):,}", kinds["window"]),
            ("cycles of the frame", self.frame_cycles, kinds["frame_cycles"]),
            ("bytes of waves", self.bytes, kinds["bytes"]),
        ]
        note = "\n".join(f"Written: {name}" for name in self.files)
        hint = f"Open with: gtkwave {Path(self.files[0]).name} {Path(self.files[-1]).name}"
        return [facts(f"{self.model} on {self.target}", rows, f"{note}\n{hint}")]


def waves(
    model: Model,
    *,
    target: str | Path | None = None,
    input: Given | None = None,
    calibration: "Given | Calibration | None" = None,
    seed: int = 0,
    window: str | None = None,
    output: str | Path = "waves.fst",
    watch: Watch = unwatched,
) -> WavesDocument:
    """Run one frame on the traced RTL and write ``output`` (.fst), a view of the same name (.gtkw) and its names.

    ``window`` is ``FIRST:LAST``, cycles from the start strobe, the last not included; None: the first 20,000. Raises
    ``ModelError``, ``ProgramError`` or ``TargetError``.
    """
    require_rtl()
    path = Path(output)
    if path.suffix != ".fst":
        raise refuse("TL409", "--output", "waves are written in the format FST", str(output), "name a file .fst")
    require_writable(path)
    chosen = read_window(window or f"0:{LENGTH}")
    argument = find(model)
    given = arrays_of(input)
    made = compiled(argument, target, calibration_of(calibration), given, seed, watch)
    data = frames_for(made.inputs, given, 1, seed, argument)
    result, _ = run_traced(made.program, data.codes, path, Trace.FST, chosen, lambda line: watch(line, 0, 0))
    frame = result.frames[0].cycles
    if chosen.first > frame:
        rule = f"the window must begin within the frame's {frame:,} cycles"
        raise refuse("TL409", "--window", rule, str(window), "take an earlier one")
    files = view(made.program.target, path)
    for place, content in files.items():
        write(place, content)
    return WavesDocument(
        model=argument.name,
        target=made.program.target.name,
        window=(chosen.first, chosen.last),
        frame_cycles=frame,
        bytes=path.stat().st_size,
        files=(str(path), *(str(place) for place in files)),
    )
