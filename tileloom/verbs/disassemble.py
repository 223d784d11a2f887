"""``disassemble``: a program's instructions as text, each with the layer it belongs to."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from tileloom.compilation import compiled
from tileloom.document import Document, Kind
from tileloom.hw.spec import isa
from tileloom.model_argument import find
from tileloom.progress import Watch, unwatched
from tileloom.tables import Table


@dataclass(frozen=True)
class InstructionRow:
    """One instruction; ``word`` is its offset in words, which a halted machine reports as program counter."""

    word: int
    text: str
    layer: str


@dataclass(frozen=True, kw_only=True)
class DisassembleDocument(Document):
    """All instructions in order."""

    command: ClassVar[str] = "disassemble"
    table: ClassVar[Mapping[str, Kind]] = {"instructions": Kind.COUNTED}
    model: str
    target: str
    instructions: tuple[InstructionRow, ...]

    def tables(self) -> list[Table]:
        """One row an instruction."""
        rows = tuple((f"{row.word:6}", row.text, row.layer) for row in self.instructions)
        return [Table(f"{self.model} for {self.target}", ("word", "instruction", "layer"), rows)]


def disassemble(
    model: str | Path, *, target: str | Path | None = None, watch: Watch = unwatched
) -> DisassembleDocument:
    """The instructions of a program file, or of a network compiled for ``target``."""
    argument = find(model)
    program = compiled(argument, target, watch=watch).program
    layers = {job.tag: job.name for job in program.jobs}
    rows, word = [], 0
    for instruction in program.instructions:
        rows.append(InstructionRow(word, isa.disassemble(instruction), layers.get(instruction.tag, "")))
        word += len(isa.encode(instruction))
    return DisassembleDocument(model=argument.name, target=program.target.name, instructions=tuple(rows))
