"""Single-cell mutations of a netlist, switched on one at a time while it runs."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from tileloom.fpga.netlist.cell_models import model_of
from tileloom.fpga.netlist.netlist import Cell, Netlist

TABLES = {"LUT4": ("A", "B", "C", "D"), "SB_LUT4": ("I0", "I1", "I2", "I3")}
"""Tables of four inputs by kind of cell, and their inputs, lowest address bit first."""
REGISTERS = {"TRELLIS_FF": "DI", **{f"SB_DFF{kind}": "D" for kind in ("", "E", "SR", "SS", "ESR", "ESS")}}
"""Registers by kind of cell, and their data inputs."""


class MutationKind(StrEnum):
    """What is wrong with a cell."""

    TABLE = "one bit of the table inverted"
    DATA = "data inverted"
    STUCK = "input stuck"
    OUTPUT = "output inverted"


@dataclass(frozen=True)
class Mutation:
    """One cell with one fault."""

    cell: str
    kind_of_cell: str
    kind: MutationKind
    pin: str
    """The input that is stuck, the data input, or the output."""
    bit: int
    """Of the pin."""
    value: int = 0
    """What a stuck input is stuck at, or the table's address whose bit is inverted."""
    output: str = ""
    """The output whose toggling tells whether the cell is at work: a pin's name."""
    output_bit: int = 0

    def __str__(self) -> str:
        pin = f"{self.pin}[{self.bit}]" if self.bit else self.pin
        detail = {
            MutationKind.TABLE: f"table bit {self.value} inverted",
            MutationKind.DATA: f"{pin} inverted",
            MutationKind.STUCK: f"{pin} stuck at {self.value}",
            MutationKind.OUTPUT: f"{pin} inverted",
        }[self.kind]
        return f"{self.kind_of_cell}: {detail}"


def draw(netlist: Netlist, count: int, seed: int) -> tuple[Mutation, ...]:
    """``count`` mutations of different cells, the same for the same netlist and seed.

    Cells are drawn without regard to their kind, and for each, one of the mutations that its kind can have.
    """
    source = random.Random(seed)
    cells = sorted((cell for cell in netlist.cells if _outputs(cell)), key=lambda cell: cell.name)
    return tuple(_drawn(cell, source) for cell in source.sample(cells, min(count, len(cells))))


def _outputs(cell: Cell) -> list[tuple[str, int]]:
    """Outputs that lead somewhere: pin and bit."""
    names = model_of(cell).outputs
    return [(name, bit) for name in names for bit, net in enumerate(cell.pins.get(name, ())) if isinstance(net, int)]


def _inputs(cell: Cell) -> list[tuple[str, int]]:
    """Inputs but clocks, that do not have a constant already."""
    model = model_of(cell)
    names = [name for name in (*model.inputs, *model.idle) if name not in model.clocks]
    return [(name, bit) for name in names for bit, net in enumerate(cell.pins.get(name, ())) if isinstance(net, int)]


def _drawn(cell: Cell, source: random.Random) -> Mutation:
    output, output_bit = source.choice(_outputs(cell))
    kinds: Sequence[MutationKind] = [MutationKind.OUTPUT]
    if cell.kind in TABLES:
        kinds = [MutationKind.TABLE, MutationKind.STUCK]
    elif cell.kind in REGISTERS:
        kinds = [MutationKind.DATA, MutationKind.STUCK]
    kind = source.choice(kinds)
    pin, bit, value = output, output_bit, 0
    if kind is MutationKind.TABLE:
        used = [index for index, name in enumerate(TABLES[cell.kind]) if isinstance(cell.pins[name][0], int)]
        value = sum(source.randrange(2) << index for index in used)
        value |= sum(
            1 << index
            for index, name in enumerate(TABLES[cell.kind])
            if index not in used and cell.pins[name][0] == "1"
        )
    elif kind is MutationKind.DATA:
        pin, bit = REGISTERS[cell.kind], 0
    elif kind is MutationKind.STUCK:
        pin, bit = source.choice(_inputs(cell) or [(output, output_bit)])
        value = source.randrange(2)
    return Mutation(cell.name, cell.kind, kind, pin, bit, value, output, output_bit)
