"""Verilog of a netlist for Verilator: instances of the cell models, and, where wanted, of switchable mutations."""

from collections.abc import Iterator, Sequence

from tileloom.fpga.netlist.cell_models import CellModel, model_of, model_text
from tileloom.fpga.netlist.mutation import REGISTERS, TABLES, Mutation, MutationKind
from tileloom.fpga.netlist.netlist import Bit, Cell, Netlist, NetlistError

MOST_MUTATIONS = 64
"""As many as the two words of the probe have bits."""
SWITCH = """\
  import "DPI-C" function int tileloom_mutant();
  import "DPI-C" function void tileloom_probe(input longint unsigned outputs, input longint unsigned reached);
  reg [6:0] mutant;
  initial mutant = 0;
  always @(posedge clk) begin
    mutant <= tileloom_mutant();
    if (trace_running) tileloom_probe(outputs, reached);
  end
"""


def netlist_verilog(netlist: Netlist, mutations: Sequence[Mutation] = ()) -> str:
    """Verilog of the netlist and of the models of its cells.

    With ``mutations`` the module calls two functions in every clock cycle: ``tileloom_mutant`` gives the number of the
    mutation that is switched on, from 1, or 0; ``tileloom_probe`` gets two bits for every mutation: the output of its
    cell, and whether the mutation would change something in this cycle.

    Raises
    ------
    NetlistError : a cell or its mode is not modelled, there is more than one clock, or there are too many mutations
    """
    if len(mutations) > MOST_MUTATIONS:
        raise NetlistError(f"at most {MOST_MUTATIONS} mutations can be in one netlist, not {len(mutations)}")
    models = {cell.name: model_of(cell) for cell in netlist.cells}
    _check_clock(netlist, models)
    _check_silent(netlist, models)
    places = {mutation.cell: (number, mutation) for number, mutation in enumerate(mutations, 1)}
    lines = [f"module {netlist.name} ({', '.join(port.name for port in netlist.ports)});"]
    for port in netlist.ports:
        way = "input" if port.is_input else "output"
        lines.append(f"  {way} {f'[{len(port.bits) - 1}:0] ' if len(port.bits) > 1 else ''}{port.name};")
    lines += [f"  wire n{net};" for net in sorted(set(netlist.nets()))]
    for port in netlist.ports:
        for index, bit in enumerate(port.bits):
            name = f"{port.name}[{index}]" if len(port.bits) > 1 else port.name
            lines.append(f"  assign {f'n{bit} = {name}' if port.is_input else f'{name} = {_bit(bit)}'};")
    if mutations:
        lines += [*_probe(netlist, mutations), SWITCH]
    for index, cell in enumerate(netlist.cells):
        lines += _instance(f"c{index}", cell, models[cell.name], *places.get(cell.name, (0, None)))
    kinds = {cell.kind for cell in netlist.cells}
    return "\n".join([*lines, "endmodule", "", model_text(kinds)])


def _check_clock(netlist: Netlist, models: dict[str, CellModel]) -> None:
    clocks = {cell.pins[pin] for cell in netlist.cells for pin in models[cell.name].clocks if pin in cell.pins}
    nets = {bits for bits in clocks if isinstance(bits[0], int)}
    if len(nets) > 1:
        raise NetlistError(f"a netlist must have one clock, not {len(nets)}")


def _check_silent(netlist: Netlist, models: dict[str, CellModel]) -> None:
    """Nothing hangs on outputs that the models lack."""
    lacking = {
        bit: (cell, pin) for cell in netlist.cells for pin in models[cell.name].silent for bit in cell.pins.get(pin, ())
    }
    used = {bit for port in netlist.ports for bit in port.bits}
    for cell in netlist.cells if lacking else ():
        model = models[cell.name]
        used |= {bit for pin in (*model.inputs, *model.idle) for bit in cell.pins.get(pin, ())}
    for bit, (cell, pin) in lacking.items():
        if isinstance(bit, int) and bit in used:
            raise NetlistError(f"cell {cell.name} of kind {cell.kind} uses pin {pin}, which is not modelled")


def _bit(bit: Bit) -> str:
    return f"n{bit}" if isinstance(bit, int) else f"1'b{1 if bit == '1' else 0}"


def _joined(bits: Sequence[str]) -> str:
    return bits[0] if len(bits) == 1 else "{" + ", ".join(reversed(bits)) + "}"


def _instance(name: str, cell: Cell, model: CellModel, number: int, mutation: Mutation | None) -> Iterator[str]:
    settings = [f".{key}({_number(cell.settings[key])})" for key in model.settings if key in cell.settings]
    pins = []
    for pin in (*model.inputs, *model.idle, *model.outputs):
        if pin in model.outputs and pin not in cell.pins:
            continue
        default = tuple(model.idle.get(pin, "0"))[::-1]
        wires = [_bit(bit) for bit in cell.pins.get(pin, default)]
        if mutation is not None and pin == mutation.pin and mutation.kind is not MutationKind.TABLE:
            wires[mutation.bit] = _mutated(wires[mutation.bit], number, mutation, pin in model.outputs)
        elif mutation is not None and pin == mutation.output and mutation.kind is MutationKind.TABLE:
            wires[mutation.output_bit] = f"m{number}"
        elif pin in model.outputs:
            wires = [wire if wire.startswith("n") else f"open_{name}_{pin}_{bit}" for bit, wire in enumerate(wires)]
            yield from (f"  wire {wire};" for wire in wires if wire.startswith("open"))
        pins.append(f".{pin}({_joined(wires)})")
    if mutation is not None:
        yield from _wires(cell, number, mutation, mutation.pin in model.outputs)
    given = f"#({', '.join(settings)}) " if settings else ""
    yield f"  {cell.kind} {given}{name} ({', '.join(pins)});"


def _number(value: str) -> str:
    return value if value.startswith('"') else f"{len(value)}'b{value.replace('x', '0')}"


def _mutated(wire: str, number: int, mutation: Mutation, is_output: bool) -> str:
    """What stands at the mutated pin of the instance."""
    if is_output:
        return f"m{number}"
    if mutation.kind is MutationKind.STUCK:
        return f"mutant == {number} ? 1'b{mutation.value} : {wire}"
    return f"{wire} ^ (mutant == {number})"


def _wires(cell: Cell, number: int, mutation: Mutation, is_output: bool) -> Iterator[str]:
    """The net behind a mutated output."""
    net = _bit(cell.pins[mutation.output][mutation.output_bit])
    if mutation.kind is MutationKind.TABLE:
        yield f"  wire m{number};"
        yield f"  assign {net} = m{number} ^ (mutant == {number} & {_addressed(cell, mutation)});"
    elif is_output:
        yield f"  wire m{number};"
        wrong = f"1'b{mutation.value}" if mutation.kind is MutationKind.STUCK else f"~m{number}"
        yield f"  assign {net} = mutant == {number} ? {wrong} : m{number};"


def _addressed(cell: Cell, mutation: Mutation) -> str:
    """Whether the table's inverted bit is the one that is read."""
    address = _joined([_bit(cell.pins[pin][0]) for pin in TABLES[cell.kind]])
    return f"({address} == 4'd{mutation.value})"


def _acts(cell: Cell, mutation: Mutation) -> str:
    """Whether the mutation would change the cell's output, or what a register takes, in this cycle."""
    if mutation.kind is MutationKind.TABLE:
        return _addressed(cell, mutation)
    if mutation.kind is not MutationKind.STUCK:
        return "1'b1"
    changed = f"{_bit(cell.pins[mutation.pin][mutation.bit])} != 1'b{mutation.value}"
    if cell.kind in TABLES:
        table = _number(cell.settings["INIT" if "INIT" in cell.settings else "LUT_INIT"])
        pins = TABLES[cell.kind]
        address = _joined([_bit(cell.pins[pin][0]) for pin in pins])
        other = f"({address} ^ 4'd{1 << pins.index(mutation.pin)})"
        return f"({changed}) & (({table} >> {address} ^ {table} >> {other}) & 16'd1) != 16'd0"
    if mutation.pin == REGISTERS.get(cell.kind):
        always = cell.settings.get("CEMUX") == '"1"'
        enable = next((cell.pins[pin][0] for pin in ("CE", "E") if pin in cell.pins and not always), "1")
        return f"({changed}) & {_bit(enable)}"
    return changed


def _probe(netlist: Netlist, mutations: Sequence[Mutation]) -> Iterator[str]:
    cells = {cell.name: cell for cell in netlist.cells}
    outputs, reached = [], []
    for mutation in mutations:
        cell = cells[mutation.cell]
        outputs.append(_bit(cell.pins[mutation.output][mutation.output_bit]))
        reached.append(_acts(cell, mutation))
    width = MOST_MUTATIONS
    yield f"  wire [{width - 1}:0] outputs = {{{', '.join(reversed(outputs))}}};"
    yield f"  wire [{width - 1}:0] reached = {{{', '.join(reversed(reached))}}};"
