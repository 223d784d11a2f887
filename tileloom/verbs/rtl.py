"""``rtl``: the Verilog of a machine, its register map for people and for C, a driver in C and an example of use."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from tileloom.axi_example import driver, example_verilog
from tileloom.compilation import DEFAULT_TARGET
from tileloom.document import Document, Kind
from tileloom.files import make_folder, write
from tileloom.hw.spec.config import Target, load_target
from tileloom.progress import Watch, unwatched
from tileloom.register_map import c_header, markdown
from tileloom.tables import Cell, Table, facts


@dataclass(frozen=True, kw_only=True)
class RtlDocument(Document):
    """The files written, and the identity of the Verilog: equal hashes are equal text."""

    command: ClassVar[str] = "rtl"
    table: ClassVar[Mapping[str, Kind]] = {"lines": Kind.COUNTED, "modules": Kind.COUNTED}
    target: str
    target_hash: str
    verilog_hash: str
    lines: int
    modules: int
    files: tuple[str, ...]

    def tables(self) -> list[Table]:
        """Size, identity, files."""
        rows: list[tuple[str, Cell, str]] = [
            ("lines of Verilog", self.lines, Kind.COUNTED),
            ("modules", self.modules, Kind.COUNTED),
            ("SHA-256 of the Verilog", self.verilog_hash, Kind.COUNTED),
            ("target hash", self.target_hash, Kind.COUNTED),
        ]
        return [facts(f"Verilog of {self.target}", rows, "\n".join(f"Written: {name}" for name in self.files))]


def rtl(*, target: str | Path | None = None, output: str | Path | None = None, watch: Watch = unwatched) -> RtlDocument:
    """Write ``tileloom.v``, ``registers.md``, ``registers.h``, ``driver.h``, ``example.v`` into the folder ``output``.

    With ``output`` None nothing is written.

    Raises ``TargetError``, or ``ModelError`` TL406 without Amaranth and TL408 where the folder cannot be written.
    """
    machine = load_target(target or DEFAULT_TARGET)
    from tileloom.hw.build import verilog_text

    if output is not None:
        make_folder(Path(output))
    watch(f"Verilog of {machine.name}", 0, 0)
    text = verilog_text(machine)
    files = _save(machine, text, Path(output)) if output is not None else ()
    return RtlDocument(
        target=machine.name,
        target_hash=f"{machine.hash:016x}",
        verilog_hash=hashlib.sha256(text.encode()).hexdigest(),
        lines=text.count("\n"),
        modules=sum(line.startswith("module ") for line in text.splitlines()),
        files=files,
    )


def _save(target: Target, text: str, folder: Path) -> tuple[str, ...]:
    contents = {
        "tileloom.v": text,
        "registers.md": markdown(target),
        "registers.h": c_header(target),
        "driver.h": driver(),
        "example.v": example_verilog(target),
    }
    for name, body in contents.items():
        write(folder / name, body)
    return tuple(str(folder / name) for name in contents)
