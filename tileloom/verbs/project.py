"""``build --project``: a vendor's project, to be built with the vendor's own tool."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from tileloom.compilation import DEFAULT_TARGET
from tileloom.document import Document, Kind
from tileloom.hw.spec.config import load_target
from tileloom.progress import Watch, unwatched
from tileloom.tables import Cell, Table, facts, si

CELLS = ("lut", "ff", "dsp", "bram")


@dataclass(frozen=True, kw_only=True)
class ProjectDocument(Document):
    """A project that was written; cells are those of the accelerator after synthesis, None if not asked for."""

    command: ClassVar[str] = "build"
    table: ClassVar[Mapping[str, Kind]] = {
        **dict.fromkeys(CELLS, Kind.ESTIMATED),
        "macs_per_cycle_peak": Kind.COUNTED,
        "clock_hz": Kind.GIVEN,
    }
    project: str
    part: str
    family: str
    target: str
    macs_per_cycle_peak: int
    clock_hz: int
    lut: float | None
    ff: float | None
    dsp: float | None
    bram: float | None
    folder: str
    files: tuple[str, ...]
    run: str
    """The command that builds it, in its folder."""

    def tables(self) -> list[Table]:
        """What it is for, and the cells where they were asked for."""
        rows: list[tuple[str, Cell, str]] = [
            ("MACs per cycle", self.macs_per_cycle_peak, Kind.COUNTED),
            ("clock", si(self.clock_hz, "Hz"), Kind.GIVEN),
        ]
        names = {"lut": "LUTs", "ff": "flip-flops", "dsp": "multipliers", "bram": "block RAMs"}
        cells = {name: getattr(self, name) for name in CELLS}
        rows += [(names[name], count, Kind.ESTIMATED) for name, count in cells.items() if count is not None]
        title = f"{self.target} on {self.part} ({self.family})"
        return [facts(title, rows, f"Written: {self.folder}\nBuild it there: {self.run}")]


def project(
    tool: str,
    part: str,
    *,
    target: str | Path | None = None,
    output: str | Path | None = None,
    estimate: bool = False,
    watch: Watch = unwatched,
) -> ProjectDocument:
    """Write the project of ``tool`` (vivado, ise or quartus) for a vendor's part into the folder ``output``.

    With ``estimate`` yosys synthesises the accelerator for the part's family, which takes minutes. Raises
    ``TargetError`` or the board room's ``BuildError``.
    """
    from tileloom.fpga.projects.write import write_project

    machine = load_target(target or DEFAULT_TARGET)
    folder = Path(output) if output is not None else Path(f"{machine.name}-{part.lower()}")
    made = write_project(tool, part, machine, folder, estimate, lambda line: watch(line, 0, 0))
    kinds: Mapping[str, float | None] = dict.fromkeys(CELLS) if made.estimate is None else made.estimate.kinds
    return ProjectDocument(
        project=tool,
        part=made.part.name,
        family=made.part.family.title,
        target=made.target,
        macs_per_cycle_peak=machine.macs_per_cycle,
        clock_hz=machine.clock_hz,
        lut=kinds["lut"],
        ff=kinds["ff"],
        dsp=kinds["dsp"],
        bram=kinds["bram"],
        folder=made.folder,
        files=made.files,
        run=made.command,
    )
