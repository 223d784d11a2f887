"""From a netlist and its switching activity: toggles, accesses and operations by unit, and what energy they mean."""

from dataclasses import dataclass, field

from tileloom.hw.spec.config import Target
from tileloom.sim.activity.netlist import MemoryBlock, Netlist, Operator
from tileloom.sim.activity.saif import Activity
from tileloom.sim.activity.units import unit_of
from tileloom.sim.energy.charges import CHARGES, LINES, MACRO_BYTES, PORT, Part, line_bit_pj, port_bit_pj
from tileloom.sim.energy.figure import NOTHING, Figure
from tileloom.sim.energy.technology import Technology

RANDOM = 0.5
"""Share of a result's bits that change from one operation on random operands to the next."""
MULTIPLIERS = ((9, 9, "multiply_8"), (17, 17, "multiply_16"), (18, 18, "multiply_18x16"), (34, 18, "multiply_32x18"))
"""Largest operands of each, the wider one first; what fits none is the widest, ``multiply_48x18``."""
FIRST_TILE = ("grid", "tile_0", "tile")
DATA_NETS = {
    LINES: ((FIRST_TILE, "activations__data"), (FIRST_TILE, "weights__data"), (FIRST_TILE, "slot__data")),
    PORT: (((), "m_axi_rdata"), ((), "m_axi_wdata")),
}
"""Data of the global lines, where they enter the first tile (results: leave it), and of the memory port."""
ARITHMETIC_UNITS = frozenset(charge.unit for charge in CHARGES if charge.part is Part.ARITHMETIC)
"""Units whose operators are counted; in the others they are the logic behind registers, and go with their toggles."""


@dataclass
class UnitActivity:
    """What one unit did in a window, in all tiles together."""

    register_bits: int = 0
    register_toggles: int = 0
    read_bytes: float = 0.0
    written_bytes: float = 0.0
    access_energy: dict[int, float] = field(default_factory=dict)
    """Bytes read or written by the depth of the memory in words."""
    operations: dict[tuple[str, float], float] = field(default_factory=dict)
    """Operations at random operands' activity by name and share of the named width."""
    transfer_toggles: int = 0
    """Data bits that change on global lines, or at the port."""

    def toggle_rate(self, cycles: float) -> float | None:
        """Changes a register bit and cycle; None for a unit without registers."""
        return self.register_toggles / (self.register_bits * cycles) if self.register_bits else None

    def arithmetic_pj(self, table: Technology) -> Figure:
        """Energy of the operators."""
        parts = (table.operation(name) * (share * count) for (name, share), count in self.operations.items())
        return sum(parts, NOTHING)

    def accesses_pj(self, table: Technology) -> Figure:
        """Energy of the memories."""
        parts = (table.sram_byte(MACRO_BYTES * depth) * count for depth, count in self.access_energy.items())
        return sum(parts, NOTHING)

    def toggles_pj(self, table: Technology) -> Figure:
        """Energy of the registers that change, with the logic behind them."""
        return table["register.toggle_pj"] * self.register_toggles


def transfer_pj(unit: str, activity: UnitActivity, target: Target, table: Technology) -> Figure:
    """Energy of the bits that change on lines or at the port."""
    cost = {LINES: line_bit_pj, PORT: port_bit_pj}.get(unit)
    return cost(target, table) * activity.transfer_toggles if cost else NOTHING


def joules(unit: str, activity: UnitActivity, target: Target, table: Technology) -> Figure:
    """All of a unit in its window, without its clock."""
    own = activity.arithmetic_pj(table) + activity.accesses_pj(table) + activity.toggles_pj(table)
    return (own + transfer_pj(unit, activity, target, table)) * 1e-12


def measure(netlist: Netlist, activity: Activity, cycle_time: int) -> dict[str, UnitActivity]:
    """Activity by unit.

    Parameters
    ----------
    cycle_time : of a clock cycle in the activity's unit of time
    """
    found: dict[str, UnitActivity] = {}
    for path, module in netlist.walk():
        name = unit_of(path)
        unit = found.setdefault(name, UnitActivity())
        for register, bits in module.registers.items():
            unit.register_bits += bits
            unit.register_toggles += activity.toggles(path, register)
        for instance, block in module.memories.items():
            _accesses(unit, activity, (*path, instance), block, cycle_time)
        if name in ARITHMETIC_UNITS:
            for operator in module.operators:
                _operation(unit, operator, activity.toggles(path, operator.net))
    for unit_name, nets in DATA_NETS.items():
        moved = UnitActivity(transfer_toggles=sum(activity.toggles(scope, name) for scope, name in nets))
        found[unit_name] = moved
    return found


def _accesses(
    unit: UnitActivity, activity: Activity, scope: tuple[str, ...], block: MemoryBlock, cycle_time: int
) -> None:
    reads = sum(activity.high(scope, "read_enable")) / cycle_time * block.width / 8
    writes = sum(activity.high(scope, "write_enable")) / cycle_time * block.grain / 8
    unit.read_bytes += reads
    unit.written_bytes += writes
    unit.access_energy[block.depth] = unit.access_energy.get(block.depth, 0.0) + reads + writes


def _operation(unit: UnitActivity, operator: Operator, toggles: int) -> None:
    count = toggles / (RANDOM * operator.bits)
    if operator.kind == "*":
        wide, narrow = sorted(operator.operand_bits, reverse=True)
        name = next((m for w, n, m in MULTIPLIERS if wide <= w and narrow <= n), "multiply_48x18")
        key = (name, 1.0)
    else:
        key = ("add_32", operator.bits / 32)
    unit.operations[key] = unit.operations.get(key, 0.0) + count
